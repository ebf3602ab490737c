package phrase

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/butlerspb/vahta/dispatch"
)

// phrase is one entry of the book. $1, $2 … in ru are what stood in place of the verbs of en; $1.stage is that word in Russian.
type phrase struct{ en, ru string }

// compiled is a phrase that texts are matched with.
type compiled struct {
	pattern *regexp.Regexp
	ru      string
	weight  int // letters of the format that are no verb: the more, the surer
}

// verb matches a verb of a format.
var verb = regexp.MustCompile(`%(?:\[\d+\])?[+#]?[.\d]*[a-zA-Z%]`)

// slot matches the place of a verb in a Russian text.
var slot = regexp.MustCompile(`\$(\d)(?:\.([a-z]+)\b)?`)

// place matches the name of a field in front of a refusal: clients[bad].numbers[0], line 3.
var place = regexp.MustCompile(`^((?:[a-z_0-9]+(?:\[[^\]]*\])?\.)*[a-z_0-9]+(?:\[[^\]]*\])?|--[a-z-]+|[^\s:]+\.(?:csv|json|yaml|txt|ics)): (.*)$`)

// ready makes the book once.
var ready = sync.OnceValue(func() []compiled { //nolint:gochecknoglobals // made once, then only read
	list := make([]compiled, 0, len(book()))
	for _, p := range book() {
		list = append(list, compile(p))
	}
	slices.SortStableFunc(list, func(a, b compiled) int { return cmp.Compare(b.weight, a.weight) })
	return list
})

func compile(p phrase) compiled {
	var pattern strings.Builder
	pattern.WriteString("^")
	at, weight := 0, 0
	for _, m := range verb.FindAllStringIndex(p.en, -1) {
		literal := p.en[at:m[0]]
		pattern.WriteString(regexp.QuoteMeta(literal))
		weight += len(literal)
		switch p.en[m[1]-1] {
		case '%':
			pattern.WriteString("%")
		case 'd':
			pattern.WriteString(`(-?\d+)`)
		case 'q':
			pattern.WriteString(`("(?:[^"\\]|\\.)*"|'[^']*')`)
		default:
			pattern.WriteString("(.*?)")
		}
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(p.en[at:]) + "$")
	return compiled{regexp.MustCompile(pattern.String()), p.ru, weight + len(p.en[at:])}
}

// sure is how many letters of a text a phrase must have to count before the name of a field in front is looked for.
const sure = 12

// Russian says a text in Russian, as far as the book has it.
func Russian(text string) string {
	if first, rest, ok := strings.Cut(text, "\n"); ok {
		return Russian(first) + "\n" + Russian(rest)
	}
	if said, ok := match(text, func(c compiled) bool { return c.weight >= sure }); ok {
		return said
	}
	if m := place.FindStringSubmatch(text); m != nil {
		return m[1] + ": " + Russian(m[2])
	}
	if said, ok := match(text, func(c compiled) bool { return c.weight < sure }); ok {
		return said
	}
	if list := strings.Split(text, "; "); len(list) > 1 {
		for i := range list {
			list[i] = Russian(list[i])
		}
		return strings.Join(list, "; ")
	}
	return text
}

// match says a text by the first phrase that fits.
func match(text string, counts func(compiled) bool) (said string, ok bool) {
	for _, c := range ready() {
		if !counts(c) {
			continue
		}
		if m := c.pattern.FindStringSubmatch(text); m != nil {
			return c.fill(m), true
		}
	}
	return "", false
}

// fill puts what stood in place of the verbs into the Russian text.
func (c compiled) fill(found []string) string {
	return slot.ReplaceAllStringFunc(c.ru, func(s string) string {
		m := slot.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[1]) // one digit
		if n >= len(found) {
			return s
		}
		if m[2] != "" {
			return dispatch.InWords(m[2], found[n], "ru")
		}
		return Russian(found[n])
	})
}
