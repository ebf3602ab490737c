package kb

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/russian"
)

// Bounds.
const (
	maxTerm  = 64      // runes; what is longer is no word that anybody looks for
	maxTerms = 10_000  // of one text; the first ones count
	maxText  = 1 << 20 // bytes of a text that are read
)

// Lengths of telephone numbers in digits.
const (
	nationalDigits = 10
	fullDigits     = 11
	localDigits    = 7
	maxDigits      = 15 // ITU-T E.164 §6.2.1
)

// Terms returns what a text can be found by, in the order in which it is there
// first.
func Terms(text string) []string {
	s := &set{seen: map[string]bool{}}
	runes := read(text)
	for _, p := range phones(runes) {
		s.phone(p.digits)
	}
	for word := range names(runes) {
		s.name(word)
		for part := range strings.FieldsFuncSeq(word, joins) {
			s.word(part)
		}
	}
	return s.list
}

// Question returns the terms that a text must have to be an answer. It is empty
// when the question has nothing that texts differ in.
func Question(text string) []string {
	s := &set{seen: map[string]bool{}}
	runes := read(text)
	for _, p := range phones(runes) {
		s.add(fullNumber(p.digits))
		for i := p.from; i < p.to; i++ {
			runes[i] = ' '
		}
	}
	for word := range names(runes) {
		if isName(word) {
			s.add(word)
			continue
		}
		for part := range strings.FieldsFuncSeq(word, joins) {
			s.word(part)
		}
	}
	return s.list
}

// set collects terms.
type set struct {
	seen map[string]bool
	list []string
}

func (s *set) add(term string) {
	if term == "" || s.seen[term] || len(s.list) >= maxTerms || utf8.RuneCountInString(term) > maxTerm {
		return
	}
	s.seen[term] = true
	s.list = append(s.list, term)
}

func (s *set) word(word string) { s.add(stem(word)) }

// phone adds a number by its whole, and by what people leave out of it.
func (s *set) phone(digits string) {
	full := fullNumber(digits)
	s.add(full)
	for _, n := range []int{nationalDigits, localDigits} {
		if len(full) > n {
			s.add(full[len(full)-n:])
		}
	}
}

// fullNumber is a telephone number in its digits with the country code; what
// does not look like a Russian one is left as it is.
func fullNumber(digits string) string {
	switch {
	case len(digits) == fullDigits && digits[0] == '8':
		return "7" + digits[1:]
	case len(digits) == nationalDigits && strings.ContainsRune("34589", rune(digits[0])):
		return "7" + digits
	}
	return digits
}

// stem is the term of a word; empty when every text has the word.
func stem(word string) string {
	letters, digits, cyrillic := false, false, false
	for _, r := range word {
		letters = letters || unicode.IsLetter(r)
		digits = digits || unicode.IsDigit(r)
		cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
	}
	switch {
	case !letters:
		return word
	case digits:
		return alike(word)
	case utf8.RuneCountInString(word) < 2 || russian.IsStopWord(word) || english.IsStopWord(word):
		return ""
	case cyrillic:
		return strings.ReplaceAll(russian.Stem(word, true), "ё", "е")
	}
	return english.Stem(word, true)
}

// alike writes a name that has digits in Latin letters if all of its letters
// look like Latin ones: 1С, С3, В2.
func alike(word string) string {
	const cyrillic, latin = "авекмнорстух", "abekmhopctyx"
	var b strings.Builder
	for _, r := range word {
		i := strings.IndexRune(cyrillic, r)
		if unicode.Is(unicode.Cyrillic, r) && i < 0 {
			return word
		}
		if i >= 0 {
			r = rune(latin[i/len("а")])
		}
		b.WriteRune(r)
	}
	return b.String()
}

// joins reports whether a rune holds the parts of a name together.
func joins(r rune) bool { return strings.ContainsRune(".-_@:/", r) }

// isName reports whether a token with joints is the name of one thing, such as a
// host, an address or a number of a ticket, rather than some words.
func isName(token string) bool {
	return strings.ContainsAny(token, ".@_") || strings.ContainsFunc(token, joins) && strings.ContainsFunc(token, unicode.IsDigit) && !strings.ContainsAny(token, ":/")
}

// name adds a name by its whole, by the names it is made of, and by its ends: the
// domain of a host or of an address.
func (s *set) name(token string) {
	const ends = 8
	for range ends {
		i := strings.IndexAny(token, ".@:/")
		if isName(token) {
			s.add(token)
		}
		if i < 0 {
			return
		}
		if isName(token[:i]) {
			s.add(token[:i])
		}
		token = strings.TrimLeftFunc(token[i:], joins)
		if !strings.ContainsFunc(token, unicode.IsLetter) {
			return // the end of an address of four numbers tells nothing
		}
	}
}

// read folds a text.
func read(text string) []rune {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return []rune(fold(strings.ToValidUTF8(text, " ")))
}

// names yields the words of a text; those that are held together by joints are
// one.
func names(runes []rune) iter.Seq[string] {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(string(runes), func(r rune) bool { return !inName(r) }) {
			word = strings.TrimFunc(word, joins)
			if word != "" && !yield(word) {
				return
			}
		}
	}
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || joins(r) }

// fold brings a text to the form that is compared: small letters, ё as е, without
// accents and marks of direction.
func fold(text string) string {
	text = strings.ReplaceAll(text, "и\u0306", "й")
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch r = unicode.ToLower(r); {
		case r == 'ё':
			r = 'е'
		case r == '\u00ad' || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r): // soft hyphens, stress, marks
			continue
		case r == '\u2010' || r == '\u2011': // hyphens
			r = '-'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// phone is a telephone number in a text.
type phone struct {
	digits   string
	from, to int
}

// phones finds what is written like a telephone number: eleven digits from 7 or 8,
// ten with an area in brackets or from 9, seven as 456-78-90, or a plus sign and
// seven to fifteen; with blanks, hyphens, dots and brackets between them.
func phones(runes []rune) (list []phone) {
	for i := 0; i < len(runes); i++ {
		if !starts(runes, i) {
			continue
		}
		digits, end := digitsFrom(runes, i)
		if isPhone(runes[i], digits, runes[i:end]) {
			list = append(list, phone{digits, i, end})
			i = end - 1
			continue
		}
		for i+1 < len(runes) && unicode.IsDigit(runes[i+1]) {
			i++ // the rest of a number that is none of a telephone
		}
	}
	return list
}

// starts reports whether a telephone number may begin at a rune.
func starts(runes []rune, i int) bool {
	r := runes[i]
	if r != '+' && r != '(' && (r < '0' || r > '9') {
		return false
	}
	return i == 0 || !unicode.IsLetter(runes[i-1]) && !unicode.IsDigit(runes[i-1]) && !joins(runes[i-1])
}

// digitsFrom collects digits as far as they may belong to one number.
func digitsFrom(runes []rune, i int) (digits string, end int) {
	var b strings.Builder
	gap := 0
	for end = i; i < len(runes) && b.Len() <= maxDigits; i++ {
		switch r := runes[i]; {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
			gap, end = 0, i+1
		case r == '+' && b.Len() == 0:
		case strings.ContainsRune(" \u00a0()-.", r) && gap < 3: //nolint:mnd // ") -" at most
			gap++
		case unicode.IsLetter(r) && gap == 0:
			return "", end // part of a name
		default:
			return b.String(), end
		}
	}
	return b.String(), end
}

func isPhone(first rune, digits string, written []rune) bool {
	n := len(digits)
	switch {
	case first == '+':
		return n >= localDigits && n <= maxDigits
	case n == fullDigits:
		return digits[0] == '7' || digits[0] == '8'
	case n == nationalDigits:
		return slices.Contains(written, '(') || digits[0] == '9' && !slices.Contains(written, '.')
	case n == localDigits:
		return strings.Count(string(written), "-") == 2 //nolint:mnd // 456-78-90
	}
	return false
}
