package report

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Rules say what must not be in a report, whoever wrote it. Patterns of secrets
// hold always; the rest is known of the client and of the others.
type Rules struct {
	// Remote are identifiers of remote access: AnyDesk numbers, hosts, account names, references to secrets.
	Remote []string
	// Others are the names of other clients.
	Others []string
}

// shortest is the length from which a known word is hidden wherever it stands:
// shorter ones are parts of other words.
const shortest = 4

// secrets are patterns whose last group is hidden. They hold for what engineers
// paste: passwords, keys, tokens, addresses with passwords in them.
var secrets = sync.OnceValue(func() []*regexp.Regexp { //nolint:gochecknoglobals // compiled once, never changed
	const word = `(?:парол[а-яё]*|пасс?ворд|password|passwd|passphrase|pwd|pass|secret|секрет|token|токен|api[_-]?key|ключ доступа|пин-?код|pin)`
	var list []*regexp.Regexp
	for _, p := range []string{
		`(?s)()(-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))`,
		`(?i)((?:^|[^\p{L}])` + word + `["']?\s*(?:[:=]|—|–|->)\s*)("[^"]*"|'[^']*'|«[^»]*»|[^\s,;]+)`,
		`(?i)((?:^|[^\p{L}])` + word + `\s+)([^\s,;]*\d[^\s,;]*)`,
		`(?i)([a-z][a-z0-9+.-]*://[^\s:/@]+:)([^\s@/]+)@`,
		`(?i)(bearer\s+)([a-z0-9._~+/=-]{12,})`,
		`()(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+)`,
		`()(AKIA[0-9A-Z]{16})`,
		`(?i)((?:anydesk|rustdesk|teamviewer|ассистент)[^\d\n]{0,12})(\d[\d ]{6,12}\d)`,
		`(?i)(vault:)(\S+)`,
	} {
		list = append(list, regexp.MustCompile(p))
	}
	return list
})

// Hide blackens a text for a client who reads the language, and counts the places.
func (r Rules) Hide(text, language string) (string, int) {
	return r.brush(newSpeech(Model{Language: language}).say("redacted")).hide(text)
}

// brush is a set of rules made ready.
type brush struct {
	black string         // what stands instead
	words *regexp.Regexp // known words, wherever they stand as words; nil = none
}

func (r Rules) brush(black string) brush {
	var words []string
	for _, w := range slices.Concat(r.Remote, r.Others) {
		if w = strings.TrimSpace(w); len([]rune(w)) >= shortest {
			words = append(words, regexp.QuoteMeta(w))
		}
	}
	b := brush{black: black}
	if len(words) > 0 {
		slices.SortFunc(words, func(a, c string) int { return cmp.Or(cmp.Compare(len(c), len(a)), strings.Compare(a, c)) }) // the longest first
		b.words = regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])(?:` + strings.Join(words, "|") + `)($|[^\p{L}\p{N}])`)
	}
	return b
}

// hide blackens a text and counts the places.
func (b brush) hide(text string) (string, int) {
	count := 0
	for _, p := range secrets() {
		text = p.ReplaceAllStringFunc(text, func(found string) string {
			at := p.FindStringSubmatchIndex(found)
			if secret := found[at[4]:at[5]]; secret == b.black || strings.HasPrefix(b.black, secret) {
				return found
			}
			count++
			return found[:at[4]] + b.black + found[at[5]:]
		})
	}
	for b.words != nil && b.words.MatchString(text) { // neighbours share the character between them
		text = b.words.ReplaceAllStringFunc(text, func(found string) string {
			at := b.words.FindStringSubmatchIndex(found)
			count++
			return found[:at[3]] + b.black + found[at[4]:]
		})
	}
	return text, count
}

// apply blackens everything that a model says but who writes it and to whom.
func (r Rules) apply(m Model) Model {
	provider, client, contract, number := m.Provider, m.Head.Client, m.Head.Contract, m.Head.Number
	m.Redacted = 0
	r.brush(newSpeech(m).say("redacted")).walk(reflect.ValueOf(&m).Elem(), &m.Redacted)
	m.Provider, m.Head.Client, m.Head.Contract, m.Head.Number = provider, client, contract, number
	return m
}

// names are fields that hold no words of people: keys, hashes, zones.
func names(field string) bool {
	return slices.Contains([]string{"Language", "Zone", "LogHead", "Hash", "Verdict", "FirstVerdict", "LastVerdict", "State", "Way", "Channel", "Task", "Ticket"}, field)
}

// walk blackens every text of a value. Slices are copied: they may be shared with the dossier.
func (b brush) walk(v reflect.Value, count *int) {
	switch v.Kind() { //nolint:exhaustive // models hold nothing else that has texts in it
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() {
			return // a name of ours, such as a category
		}
		text, n := b.hide(v.String())
		*count += n
		v.SetString(text)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !names(f.Name) {
				b.walk(v.Field(i), count)
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		v.Set(own)
		for i := range v.Len() {
			b.walk(v.Index(i), count)
		}
	}
}
