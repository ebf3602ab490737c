package dispatch

import (
	"regexp"
	"slices"
	"testing"
)

// Both languages have the same texts with the same blanks.
func TestTextsMatch(t *testing.T) {
	t.Parallel()
	blanks := func(s string) []string {
		list := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(s, -1)
		slices.Sort(list)
		return list
	}
	ru, en := textsRU(), textsEN()
	for key, text := range ru {
		other, ok := en[key]
		if !ok {
			t.Errorf("%s has no English text", key)
		}
		if !slices.Equal(blanks(text), blanks(other)) {
			t.Errorf("%s: %q and %q have different blanks", key, text, other)
		}
	}
	for key := range en {
		if _, ok := ru[key]; !ok {
			t.Errorf("%s has no Russian text", key)
		}
	}
}
