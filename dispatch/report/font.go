package report

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

//go:embed third_party/pt-sans/PTSans-Regular.ttf
var regularTTF []byte

//go:embed third_party/pt-sans/PTSans-Bold.ttf
var boldTTF []byte

//go:embed third_party/pt-sans/PTSans-Italic.ttf
var italicTTF []byte

// coverage are the characters of a font, as ranges in order.
type coverage []span

type span struct{ first, last rune }

// has reports whether the font can show a character.
func (c coverage) has(r rune) bool {
	i, found := slices.BinarySearchFunc(c, r, func(s span, r rune) int {
		switch {
		case s.last < r:
			return -1
		case s.first > r:
			return 1
		}
		return 0
	})
	return found && i < len(c)
}

var errFont = errors.New("not a TrueType font with a Unicode table of format 4")

// covers reads which characters a TrueType font has: its cmap table, format 4
// (OpenType, "cmap: Character To Glyph Index Mapping Table").
func covers(ttf []byte) (c coverage, err error) {
	defer func() {
		if recover() != nil { // an index beyond the end: the file is cut
			c, err = nil, fmt.Errorf("read font: %w: it ends too early", errFont)
		}
	}()
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(ttf[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(ttf[at:])) }
	cmap := 0
	for i := range u16(4) {
		if entry := 12 + 16*i; string(ttf[entry:entry+4]) == "cmap" {
			cmap = u32(entry + 8)
		}
	}
	if cmap == 0 {
		return nil, fmt.Errorf("read font: %w", errFont)
	}
	for i := range u16(cmap + 2) {
		record := cmap + 4 + 8*i
		table := cmap + u32(record+4)
		if u16(record) != 3 || u16(record+2) != 1 || u16(table) != 4 {
			continue
		}
		segments := u16(table+6) / 2
		for n := range segments {
			last, first := rune(u16(table+14+2*n)), rune(u16(table+16+2*segments+2*n))
			if first != 0xFFFF {
				c = append(c, span{first, last})
			}
		}
		return c, nil
	}
	return nil, fmt.Errorf("read font: %w", errFont)
}

// likeness are characters that people write and fonts lack, with what stands
// for them.
var likeness = strings.NewReplacer( //nolint:gochecknoglobals // a table, never changed
	"→", "–>", "←", "<–", "↔", "<–>", "⇒", "=>", "✓", "+", "✔", "+", "✅", "+", "✗", "–", "✘", "–", "❌", "–", "‑", "-",
	"\u2009", nbsp, "\u202f", nbsp, "\u2003", " ", "\u2002", " ", "\ufe0f", "", "\u200d", "", "\u200b", "", "\u2060", "", "\ufeff", "", "\u00ad", "",
)

// fit returns the text with only such characters as the font has: others are
// replaced by what is like them, or by a question mark in brackets.
func (c coverage) fit(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !c.has(r) }) {
		return text
	}
	var b strings.Builder
	for _, r := range likeness.Replace(text) {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case c.has(r):
			b.WriteRune(r)
		case r < ' ':
		default:
			b.WriteString("[?]")
		}
	}
	return b.String()
}
