package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Candidate is a text that has terms of a question.
type Candidate struct {
	Title []string // terms of its title
	Has   []string // those of the question that it has
	At    time.Time
}

// Weights gives each term of a question its weight: the fewer texts have it, the
// heavier. count is how many texts have the term, none when it is not known.
func Weights(count map[string]int) map[string]float64 {
	const many = 200 // texts; a term that so many have says little
	w := make(map[string]float64, len(count))
	for term, n := range count {
		w[term] = math.Log1p(many / float64(max(1, n)))
	}
	return w
}

// Score says how well a text answers: the weight of what it has, twice where its
// title has it.
func (c Candidate) Score(weights map[string]float64) float64 {
	sum := 0.0
	for _, term := range c.Has {
		w := weights[term]
		if slices.Contains(c.Title, term) {
			w *= 2
		}
		sum += w
	}
	return sum
}

// Rank orders candidates, best first, the newer first of those that are equal.
func Rank[T any](list []T, of func(T) Candidate, weights map[string]float64) []T {
	type scored struct {
		item  T
		score float64
		at    time.Time
	}
	all := make([]scored, len(list))
	for i, item := range list {
		c := of(item)
		all[i] = scored{item, c.Score(weights), c.At}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), b.at.Compare(a.at)) })
	out := make([]T, len(all))
	for i, s := range all {
		out[i] = s.item
	}
	return out
}

// pleasantries are terms of what people say whatever has happened.
func pleasantries() []string {
	return Question(`здравствуйте добрый день утро вечер пожалуйста спасибо заранее срочно помогите прошу просьба уважением уважаемые коллеги
		hello dear please thank thanks regards urgent help asap team colleagues`)
}

// Similar chooses the terms of a text that are worth looking for in others: the
// long ones and the exact ones, n at most, in their order. Greetings are none.
func Similar(text string, n int) []string {
	terms := slices.DeleteFunc(Question(text), func(t string) bool { return slices.Contains(pleasantries(), t) })
	byWorth := slices.Clone(terms)
	slices.SortStableFunc(byWorth, func(a, b string) int { return worth(b) - worth(a) })
	keep := byWorth[:min(n, len(byWorth))]
	return slices.DeleteFunc(terms, func(t string) bool { return !slices.Contains(keep, t) })
}

// worth guesses how much a term tells: names with digits and joints a lot, short
// words little.
func worth(term string) int {
	const name = 8
	letters := utf8.RuneCountInString(term)
	switch digits := strings.ContainsFunc(term, unicode.IsDigit); {
	case digits && strings.ContainsFunc(term, unicode.IsLetter), strings.ContainsFunc(term, joins):
		return name + letters
	case digits:
		return letters / 2
	}
	return letters
}

// Snippet returns the part of a text around the words that a question looks for,
// width runes at most, in one line. on and off are put around the words.
func Snippet(text string, terms []string, width int, on, off string) string {
	words := spans(text)
	hit := max(slices.IndexFunc(words, func(w span) bool { return w.has(text, terms) }), 0)
	from := 0
	for i := hit; i > 0 && len(words) > 0; i-- {
		if utf8.RuneCountInString(text[words[i].from:words[hit].from]) > width/3 { //nolint:mnd // a third before the word, the rest after
			break
		}
		from = words[i-1].from
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	at := from
	for _, w := range words {
		if w.from < from {
			continue
		}
		if utf8.RuneCountInString(text[from:w.to]) > width {
			break
		}
		b.WriteString(text[at:w.from])
		if w.has(text, terms) {
			b.WriteString(on + text[w.from:w.to] + off)
		} else {
			b.WriteString(text[w.from:w.to])
		}
		at = w.to
	}
	if rest := strings.TrimSpace(text[at:]); rest != "" {
		b.WriteString("…")
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// span is a word's place in a text.
type span struct{ from, to int }

func (s span) has(text string, terms []string) bool {
	for _, t := range Terms(text[s.from:s.to]) {
		if slices.Contains(terms, t) {
			return true
		}
	}
	return false
}

// spans finds the words of a text.
func spans(text string) (list []span) {
	from := -1
	for i, r := range text {
		in := inName(r) || unicode.Is(unicode.Mn, r) || r == '+'
		switch {
		case in && from < 0:
			from = i
		case !in && from >= 0:
			list, from = append(list, span{from, i}), -1
		}
	}
	if from >= 0 {
		list = append(list, span{from, len(text)})
	}
	return list
}
