package triage

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Phrase is how clients tell of something: words in their order, with at most two others between each. A word that ends in * is
// the beginning of one; alternatives are separated by |. Case, ё and е, and the Latin letter in "1C" make no difference.
type Phrase string

// between is how many other words may stand between two of a phrase.
const between = 2

// Suggestion is a topic that a text may be about.
type Suggestion struct {
	Topic Topic  `json:"topic"`
	Why   string `json:"why"` // the words of the text that say so, folded
	Score int    `json:"score"`
}

// Suggest returns the topics that a text may be about, the likeliest first; none when it tells nothing. A longer phrase says more
// than a shorter one, several more than one, and a topic's weight puts danger first.
func (c *Catalogue) Suggest(text string) []Suggestion {
	said := words(text)
	var found []Suggestion
	for i, t := range c.Topics {
		s := Suggestion{Topic: t}
		best, hits := 0, 0
		for _, p := range c.patterns[i] {
			why := p.in(said)
			if why != "" {
				hits++
			}
			if why != "" && len(p) > best {
				best, s.Why = len(p), why
			}
		}
		if best > 0 {
			s.Score = 10*best + hits + t.Weight
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) })
	return found
}

// pattern is a phrase taken apart: its words, each with its alternatives.
type pattern [][]string

// pattern takes the phrase apart.
func (p Phrase) pattern() pattern {
	fields := strings.Fields(fold(string(p)))
	list := make(pattern, len(fields))
	for i, f := range fields {
		list[i] = strings.Split(f, "|")
	}
	return list
}

// in looks for the pattern among the words of a text, and returns those that matched; empty = none.
func (p pattern) in(said []string) string {
	for from := range said {
		if at, ok := p.match(said[from:]); ok {
			return strings.Join(said[from:from+at], " ")
		}
	}
	return ""
}

// match reports whether the words begin with the pattern, and where its last word ends.
func (p pattern) match(said []string) (end int, ok bool) {
	at := 0
	for i, alternatives := range p {
		reach := between
		if i == 0 {
			reach = 0
		}
		hit := -1
		for skip := 0; skip <= reach && at+skip < len(said); skip++ {
			if anyOf(alternatives, said[at+skip]) {
				hit = at + skip
				break
			}
		}
		if hit < 0 {
			return 0, false
		}
		at = hit + 1
	}
	return at, true
}

func anyOf(alternatives []string, word string) bool {
	return slices.ContainsFunc(alternatives, func(a string) bool {
		if stem, ok := strings.CutSuffix(a, "*"); ok {
			return strings.HasPrefix(word, stem)
		}
		return word == a
	})
}

// words splits a text into words, folded.
func words(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// fold makes letters alike that people do not tell apart when they type.
func fold(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "ё", "е")
	return strings.ReplaceAll(s, "1c", "1с") // Latin to Cyrillic
}
