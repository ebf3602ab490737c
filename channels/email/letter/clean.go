package letter

import (
	"strings"
	"unicode/utf8"
)

// hidden says whether a rune must not stand in what people read: control
// characters, and marks that turn the direction of writing around, by which
// "fdp.exe" is made to look like "exe.pdf".
func hidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
		return true
	case r == 0xfeff, r == 0x00ad, r == 0x200b:
		return true
	}
	return false
}

// line makes one line of text of at most so many runes.
func line(s string, most int) string {
	var b strings.Builder
	n, blank := 0, true
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == ' ' || r == 0xa0 || r == 0x2028 || r == 0x2029:
			if blank {
				continue
			}
			blank, r = true, ' '
		case hidden(r):
			continue
		default:
			blank = false
		}
		if n++; n > most {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

// lines makes text of a body: line ends are \n, nothing is hidden in it, no
// more than two blank lines follow each other, no blanks end a line.
func lines(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == 0x0b || r == 0x0c || r == 0x2028 || r == 0x2029:
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r == 0xa0:
			return ' '
		case hidden(r):
			return -1
		}
		return r
	}, s)
	var b strings.Builder
	b.Grow(len(s))
	blanks := 0
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimRight(l, " \t"); l == "" {
			blanks++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n\n"[:min(blanks, 2)+1])
		}
		b.WriteString(l)
		blanks = 0
	}
	return b.String()
}

// visible takes hidden runes out of HTML and leaves its lines alone.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// clip shortens a text to so many bytes at a rune.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
