package text

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAlphabets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    string
		want Coding
		wire string
	}{
		{"hello@", GSM, "hello\x00"},
		{"[10€]", GSM, "\x1b\x3c10\x1b\x65\x1b\x3e"},
		{"Δ_Ωà", GSM, "\x10\x11\x15\x7f"},
		{"Пожар", UCS2, "\x04\x1f\x04\x3e\x04\x36\x04\x30\x04\x40"},
		{"`", UCS2, "\x00`"},
		{"🔥", UCS2, "\xd8\x3d\xdd\x25"},
	} {
		if got := Choose(tt.s); got != tt.want {
			t.Errorf("Choose(%q) = %v", tt.s, got)
		}
		if got := Encode(tt.s, tt.want); string(got) != tt.wire {
			t.Errorf("Encode(%q) = % x", tt.s, got)
		}
		if got := Decode([]byte(tt.wire), tt.want); got != tt.s {
			t.Errorf("Decode(% x) = %q", tt.wire, got)
		}
	}
}

// All 128 codes and the extension, against the characters that TS 23.038 names
// in words; the row of a code that is wrong says itself.
func TestGSMTable(t *testing.T) {
	t.Parallel()
	if n := utf8.RuneCountInString(gsmTable); n != 128 {
		t.Fatalf("%d characters", n)
	}
	table := gsmRunes()
	for code, want := range map[byte]rune{
		0x00: '@', 0x02: '$', 0x09: 'Ç', 0x0A: '\n', 0x0D: '\r', 0x10: 'Δ', 0x12: 'Φ', 0x1A: 'Ξ', 0x1C: 'Æ', 0x1F: 'É', 0x20: ' ', 0x24: '¤',
		0x27: '\'', 0x30: '0', 0x3F: '?', 0x40: '¡', 0x41: 'A', 0x5A: 'Z', 0x5B: 'Ä', 0x5E: 'Ü', 0x5F: '§', 0x60: '¿', 0x61: 'a', 0x7A: 'z', 0x7B: 'ä', 0x7F: 'à',
	} {
		if table[code] != want {
			t.Errorf("code %#02x is %q, want %q", code, table[code], want)
		}
	}
	for code := range byte(128) {
		if code == escape {
			continue
		}
		if got, ok := appendGSM(nil, table[code]); !ok || len(got) != 1 || got[0] != code {
			t.Errorf("%q is written % x, want %#02x", table[code], got, code)
		}
		if x := extension(code); x != 0 && extensionCode(x) != code {
			t.Errorf("extension %q is written %#02x, want %#02x", x, extensionCode(x), code)
		}
	}
}

func TestDecodeOdd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   string
		c    Coding
		want string
	}{
		{"an escape at the end", "a\x1b", GSM, "a "},
		{"an unknown extension shows the main character", "\x1ba", GSM, "a"},
		{"two escapes", "\x1b\x1bz", GSM, " z"},
		{"Latin-1 by the name of the default", "\xe9t\xe9", GSM, "été"},
		{"half a unit", "\x04\x1f\x04", UCS2, "П\uFFFD"},
		{"half a pair", "\xd8\x3d\x00a", UCS2, "\uFFFDa"},
		{"with a mark of order", "\xfe\xff\x04\x1f", UCS2, "П"},
		{"the other order", "\xff\xfe\x1f\x04", UCS2, "П"},
		{"NULs", "\x00\x00\x00a", UCS2, "a"},
		{"ISO 8859-5", "\xbf\xde\xd6\xd0\xe0 \xa1\xf1\xf0", Cyrillic, "Пожар Ёё№"},
		{"octets that are UTF-8", "Пожар", Binary, "Пожар"},
		{"octets that are none", "\xff\x41", Binary, "ÿA"},
	} {
		if got := Decode([]byte(tt.in), tt.c); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := string(Encode("Жa", Latin1)); got != "?a" {
		t.Errorf("what is not in the alphabet: %q", got)
	}
}

func TestCodingOf(t *testing.T) {
	t.Parallel()
	for dc, want := range map[uint8]Coding{
		0: Latin1, 1: ASCII, 2: Binary, 3: Latin1, 4: Binary, 6: Cyrillic, 8: UCS2, 0x10: Latin1, 0x18: UCS2, 0x14: Binary, 0xF0: GSM, 0xF1: GSM, 0xF5: Binary, 0xE0: UCS2, 0xC8: Latin1, 0x0D: Latin1,
	} {
		if got := CodingOf(dc, Latin1); got != want {
			t.Errorf("data_coding %#02x is %v, want %v", dc, got, want)
		}
	}
	for _, c := range []Coding{GSM, Latin1, UCS2, ASCII, Cyrillic, Binary} {
		if got := CodingOf(c.DataCoding(), GSM); got != c {
			t.Errorf("%v is written as %#02x, which is %v", c, c.DataCoding(), got)
		}
	}
}

func TestSplitSizes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		s     string
		c     Coding
		w     Way
		sizes []int // octets of each part, header included
	}{
		{"160 septets", strings.Repeat("a", 160), GSM, Header8, []int{160}},
		{"161 septets", strings.Repeat("a", 161), GSM, Header8, []int{6 + 153, 6 + 8}},
		{"161, wide", strings.Repeat("a", 161), GSM, Header16, []int{7 + 152, 7 + 9}},
		{"161, by parameters", strings.Repeat("a", 161), GSM, SAR, []int{153, 8}},
		{"an escape at the seam stays whole", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 20), GSM, Header8, []int{6 + 152, 6 + 22}},
		{"70 units", strings.Repeat("Ж", 70), UCS2, Header8, []int{140}},
		{"71 units", strings.Repeat("Ж", 71), UCS2, Header8, []int{6 + 134, 6 + 8}},
		{"71, wide", strings.Repeat("Ж", 71), UCS2, Header16, []int{7 + 132, 7 + 10}},
		{"a pair at the seam stays whole", strings.Repeat("Ж", 66) + "🔥" + strings.Repeat("Ж", 20), UCS2, Header8, []int{6 + 132, 6 + 44}},
		{"Latin-1", strings.Repeat("a", 141), Latin1, Header8, []int{6 + 134, 6 + 7}},
		{"a payload", strings.Repeat("Ж", 200), UCS2, Payload, []int{400}},
		{"nothing", "", GSM, Header8, []int{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parts, err := Split(tt.s, tt.c, tt.w, 0x1234, 0)
			if err != nil || len(parts) != len(tt.sizes) {
				t.Fatalf("%d parts, %v", len(parts), err)
			}
			for i, p := range parts {
				if len(p.Data) != tt.sizes[i] {
					t.Errorf("part %d has %d octets, want %d", i+1, len(p.Data), tt.sizes[i])
				}
			}
		})
	}
	if _, err := Split(strings.Repeat("Ж", 671), UCS2, Header8, 1, 10); err == nil || !strings.Contains(err.Error(), "11 parts, at most 10") {
		t.Errorf("a text above the limit: %v", err)
	}
	if _, err := Split(strings.Repeat("Ж", 671), UCS2, Payload, 1, 10); err == nil {
		t.Error("a payload above the limit")
	}
}

func TestCutHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     Concat
		rest     string
	}{
		{"8 bits", "\x05\x00\x03\x07\x02\x01abc", Concat{7, false, 2, 1}, "abc"},
		{"16 bits", "\x06\x08\x04\x01\x07\x02\x02abc", Concat{0x107, true, 2, 2}, "abc"},
		{"among others", "\x0b\x24\x01\x01\x00\x03\x07\x02\x01\x05\x01\x00x", Concat{7, false, 2, 1}, "x"},
		{"part 0", "\x05\x00\x03\x07\x02\x00abc", Concat{}, "abc"},
		{"part 3 of 2", "\x05\x00\x03\x07\x02\x03abc", Concat{}, "abc"},
		{"an element that is cut", "\x05\x00\x09\x07\x02\x01abc", Concat{}, "abc"},
		{"a header longer than all", "\x50abc", Concat{}, "\x50abc"},
		{"nothing", "", Concat{}, ""},
	} {
		if k, rest := CutHeader([]byte(tt.in)); k != tt.want || string(rest) != tt.rest {
			t.Errorf("%s: %+v %q", tt.name, k, rest)
		}
	}
}

func anyText(c Coding) *rapid.Generator[string] {
	gen := rapid.SampledFrom([]rune("aЖ🔥é\n€[]"))
	switch c {
	case GSM:
		gen = rapid.SampledFrom([]rune("abcXYZ 019@£éà€[]{}~^|\\\nΩ"))
	case Latin1:
		gen = rapid.RuneFrom([]rune("abc é÷ÿ"))
	case UCS2:
		gen = rapid.OneOf(gen, rapid.Rune().Filter(func(r rune) bool { return r != 0 && r != 0xFEFF && utf8.ValidRune(r) }))
	case ASCII, Cyrillic, Binary:
	}
	return rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(gen, 0, 700).Draw(t, "runes")) })
}

// What is cut into parts is put together again, in any order, with repeats, and
// each part is text by itself.
func TestSplitJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Coding{GSM, Latin1, UCS2}).Draw(t, "coding")
		w := rapid.SampledFrom([]Way{Header8, Header16, SAR, Payload}).Draw(t, "way")
		s := anyText(c).Draw(t, "text")
		parts, err := Split(s, c, w, rapid.Uint16().Draw(t, "ref"), 0)
		if err != nil {
			t.Fatal(err)
		}
		var pieces []Piece
		var alone strings.Builder
		single, _ := c.room(w)
		for _, p := range parts {
			if !p.Long && len(p.Data) > single {
				t.Fatalf("a part of %d octets", len(p.Data))
			}
			k, data := p.Concat, p.Data
			if p.Header {
				k, data = CutHeader(p.Data)
				if k != p.Concat {
					t.Fatalf("the header says %+v, want %+v", k, p.Concat)
				}
			}
			alone.WriteString(Decode(data, c))
			pieces = append(pieces, Piece{ID: string(rune('A' + int(k.Seq))), From: "79001234567", Concat: k, Coding: c, Data: data})
		}
		if alone.String() != s {
			t.Fatalf("a character was torn: %q, want %q", alone.String(), s)
		}
		order := rapid.Permutation(append(pieces, rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 3).Draw(t, "repeats")...)).Draw(t, "order")
		if len(pieces) == 1 {
			order = pieces
		}
		j := NewJoiner(DefaultBounds())
		var got []Whole
		for _, p := range order {
			whole, _ := j.Add(epoch, p)
			got = append(got, whole...)
		}
		if len(got) != 1 || got[0].Text != s || got[0].Missing != nil || len(got[0].IDs) != len(parts) {
			t.Fatalf("joined %+v, want %q", got, s)
		}
	})
}

// FuzzDecode: no octets make a decoder fall over, and what comes out can be kept.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x05\x00\x03\x07\x02\x01\x04\x1f"), uint8(8))
	f.Add([]byte("\x1b\x65\x1b"), uint8(0))
	f.Add([]byte("\xd8\x3d"), uint8(0x18))
	f.Fuzz(func(t *testing.T, in []byte, dataCoding uint8) {
		_, rest := CutHeader(in)
		if !bytes.HasSuffix(in, rest) {
			t.Fatal("the text is not the end of the message")
		}
		s := Decode(rest, CodingOf(dataCoding, GSM))
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			t.Fatalf("%q can not be kept", s)
		}
		if c := Choose(s); Decode(Encode(s, c), c) != strings.TrimPrefix(s, "\uFEFF") && !strings.HasPrefix(s, "\uFEFF") && !strings.HasPrefix(s, "\uFFFE") {
			t.Fatalf("%q does not come back", s)
		}
	})
}
