package chart

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shorten gives each person a surname and initials that nobody else of the chart has.
func shorten(people []Person) {
	surnames := map[string]int{}
	for i := range people {
		surnames[surname(people[i].Name)]++
	}
	taken := map[string]bool{}
	for i := range people {
		p := &people[i]
		p.Short = surname(p.Name)
		if surnames[p.Short] > 1 {
			p.Short = p.Name
			if given := givenName(p.Name); given != "" {
				p.Short = surname(p.Name) + " " + firstLetter(given) + "."
			}
		}
		p.Short, p.Initials = unique(p.Short, taken), unique(initials(p.Name), taken)
	}
}

// unique appends a number to what is taken.
func unique(s string, taken map[string]bool) string {
	name := s
	for n := 2; taken[name]; n++ {
		name = s + strconv.Itoa(n)
	}
	taken[name] = true
	return name
}

// patronymic reports whether a name is written surname first, as in "Смирнова Анна Петровна".
func patronymic(words []string) bool {
	if len(words) != 3 {
		return false
	}
	last := strings.ToLower(words[2])
	for _, end := range []string{"вич", "вна", "чна", "ьич", "кызы", "оглы"} {
		if strings.HasSuffix(last, end) {
			return true
		}
	}
	return false
}

// surname returns the word of a name that people are called by in a list.
func surname(name string) string {
	words := strings.Fields(name)
	switch {
	case len(words) == 0:
		return name
	case patronymic(words):
		return words[0]
	}
	return words[len(words)-1]
}

// givenName returns the first name, empty when the name is one word.
func givenName(name string) string {
	words := strings.Fields(name)
	switch {
	case len(words) < 2:
		return ""
	case patronymic(words):
		return words[1]
	}
	return words[0]
}

func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	if given := givenName(name); given != "" {
		return firstLetter(given) + firstLetter(surname(name))
	}
	first, size := utf8.DecodeRuneInString(words[0])
	out := string(unicode.ToUpper(first))
	if second, n := utf8.DecodeRuneInString(words[0][size:]); n > 0 {
		out += string(second)
	}
	return out
}

func firstLetter(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r))
}

// narrow, wide: shares of the font size, measured on DejaVu Sans, the widest of the fonts that a page may be shown in.
const (
	narrowRune = 0.40
	plainRune  = 0.66
	wideRune   = 0.92
	widestRune = 1.12
)

// runeWidth returns how wide a letter is at most, in shares of the font size.
func runeWidth(r rune) float64 {
	switch {
	case strings.ContainsRune("iljftI.,:;'|!()[] -–·’\"", r):
		return narrowRune
	case strings.ContainsRune("mwMWШЩшщЖжЮюФЫыМДQO@%—→…", r):
		return wideRune
	case r >= 0x2000:
		return widestRune
	case unicode.IsUpper(r):
		return wideRune - 0.12
	}
	return plainRune
}

// textWidth returns how wide a text is at most.
func textWidth(s string, size float64) float64 {
	var w float64
	for _, r := range s {
		w += runeWidth(r)
	}
	return w * size
}

// fit returns the first of the texts that is not wider than width; failing all, what fits of the last but one with an ellipsis,
// or nothing.
func fit(width, size float64, texts ...string) string {
	for _, s := range texts {
		if s != "" && textWidth(s, size) <= width {
			return s
		}
	}
	return ""
}

// cutTo returns what fits of a text, with an ellipsis where it is cut.
func cutTo(width, size float64, s string) string {
	if textWidth(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := string(runes[:n]) + "…"; textWidth(short, size) <= width {
			return short
		}
	}
	return ""
}
