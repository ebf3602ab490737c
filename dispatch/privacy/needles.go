package privacy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/butlerspb/vahta/dispatch/client"
)

// needle is one thing that stands for a person in a text.
type needle struct {
	spelled *regexp.Regexp
	number  bool   // only digits beside it make it a part of something else
	joins   string // what makes it, with a letter behind, a part of a longer word or address
}

// needles are all of them, the longest first.
type needles []needle

// needles are what stands for the person in a text: the names of cards, numbers in any spelling, addresses.
func (s *subject) needles() needles {
	const shortest = 4 // of an address; a shorter one may be any word
	var list needles
	add := func(spelled string, number bool, joins string) {
		list = append(list, needle{regexp.MustCompile(`(?i)` + spelled), number, joins})
	}
	for name := range s.names {
		if joins := "-"; strings.ContainsFunc(name, unicode.IsSpace) {
			add(spelling(name), false, joins)
		} else { // a single word is a part of many addresses
			add(spelling(name), false, joins+inAddress)
		}
	}
	ways := map[string]bool{}
	for key := range s.known {
		ways[key] = true
	}
	if s.card != nil {
		for _, raw := range s.card.Numbers {
			if n, err := s.book.Numbering().Parse(raw); err == nil {
				ways[client.ChannelCall+":"+string(n)] = true
			}
		}
		for _, a := range s.card.Addresses {
			ways[a.String()] = true
		}
	}
	for key := range ways {
		channel, address, _ := strings.Cut(key, ":")
		switch {
		case channel == client.ChannelCall && len(address) > longestExtension:
			add(numberSpelling(address, s.book.Numbering().AreaCode), true, "")
		case channel != client.ChannelCall && len(address) >= shortest:
			add(regexp.QuoteMeta(address), false, "-"+inAddress)
		}
	}
	slices.SortFunc(list, func(a, b needle) int {
		return cmp.Or(len(b.spelled.String())-len(a.spelled.String()), strings.Compare(a.spelled.String(), b.spelled.String()))
	})
	return list
}

// inAddress are the signs that stand between the words of an address.
const inAddress = ".+@"

// longestExtension is the length of what may be a count or a year as well as an inner number of a telephone exchange.
const longestExtension = 5

// replace puts Gone where the person is named.
func (list needles) replace(text string) string {
	for _, n := range list {
		text = n.replace(text)
	}
	return text
}

// in reports whether a text names the person.
func (list needles) in(text string) bool { return list.replace(text) != text }

func (n needle) replace(text string) string {
	var b strings.Builder
	done := 0
	for from := 0; from < len(text); {
		at := n.spelled.FindStringIndex(text[from:])
		if at == nil {
			break
		}
		begin, end := from+at[0], from+at[1]
		if !n.whole(text, begin, end) { // a later start may be whole
			_, size := utf8.DecodeRuneInString(text[begin:])
			from = begin + size
			continue
		}
		b.WriteString(text[done:begin])
		b.WriteString(Gone)
		from, done = end, end
	}
	return b.String() + text[done:]
}

// whole reports whether what was found is no part of a longer word, number or address.
func (n needle) whole(text string, begin, end int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:begin])
	beyond, _ := utf8.DecodeLastRuneInString(text[:begin-size])
	after, size := utf8.DecodeRuneInString(text[end:])
	further, _ := utf8.DecodeRuneInString(text[end+size:])
	if n.number {
		return !unicode.IsDigit(before) && !unicode.IsDigit(after)
	}
	joined := func(r, next rune) bool { return inWord(r) || strings.ContainsRune(n.joins, r) && inWord(next) }
	return !joined(before, beyond) && !joined(after, further)
}

func inWord(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// spelling finds a name with any space between its words, and ё as е.
func spelling(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		words[i] = strings.NewReplacer("ё", "[её]", "Ё", "[её]", "е", "[её]", "Е", "[её]").Replace(regexp.QuoteMeta(w))
	}
	return strings.Join(words, `[\s\p{Z}]+`)
}

// numberSpelling finds a number with or without what people put between its digits, with any prefix of a country, and without: a
// Russian one with 8 or from the area code on, and one of our own area by its last digits.
func numberSpelling(number, area string) string {
	const between = `[\s\p{Z}().\-/\x{2010}-\x{2015}\x{2212}]{0,3}`
	spaced := func(digits string) string { return strings.Join(strings.Split(digits, ""), between) }
	digits := strings.TrimPrefix(number, "+")
	head := `(?:(?:\+|00)` + between + `)?`
	rest, russian := strings.CutPrefix(digits, "7")
	if !russian || !strings.HasPrefix(number, "+") || len(digits) != 11 { //nolint:mnd // 7 and ten digits
		return head + spaced(digits)
	}
	head = `(?:(?:(?:(?:\+|00|8[\s\-]?10)` + between + `)?7|8)` + between + `)?\(?`
	if local, ours := strings.CutPrefix(rest, area); ours && area != "" {
		return `(?:` + head + spaced(area) + between + `)?` + spaced(local)
	}
	return head + spaced(rest)
}
