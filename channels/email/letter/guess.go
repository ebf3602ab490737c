package letter

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// Kinds of bytes as a charset reads them; below kinds are letters, the index
// into bigrams with the case bit.
const (
	kindUpper = 0x40 // case bit of a letter
	kindLatin = 0x80 + iota
	kindOther // a digit, a blank, ASCII signs
	kindOpen  // signs that stand before a word: quotes, №
	kindSign  // signs of typography that stand behind a word or alone
	kindAlien // letters of other Cyrillic alphabets
	kindOdd   // boxes, controls, what no mail has
)

// cyrillic is a charset that competes for bytes without a trusty label.
type cyrillic struct {
	name  string
	kinds [256]byte
}

// cyrillics lists the charsets in the order of how likely they are when bytes
// cannot tell them apart.
func cyrillics() []cyrillic {
	var out []cyrillic
	for _, c := range []struct {
		name string
		m    *charmap.Charmap
	}{
		{"windows-1251", charmap.Windows1251},
		{"koi8-r", charmap.KOI8U}, // the letters of both
		{"ibm866", charmap.CodePage866},
		{"iso-8859-5", charmap.ISO8859_5},
		{"x-mac-cyrillic", charmap.MacintoshCyrillic},
	} {
		t := cyrillic{name: c.name}
		for i := range 256 {
			t.kinds[i] = kindOf(c.m.DecodeByte(byte(i)))
		}
		out = append(out, t)
	}
	return out
}

func kindOf(r rune) byte {
	lower := unicode.ToLower(r)
	switch lower {
	case 'ё', 'є':
		lower = 'е'
	case 'і':
		lower = 'и'
	case 'ї':
		lower = 'й'
	case 'ґ':
		lower = 'г'
	}
	switch i := strings.IndexRune(letters, lower); {
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		return kindLatin
	case r < 0x80 && r >= ' ' || r == '\n' || r == '\r' || r == '\t':
		return kindOther
	case i >= 0 && lower != r:
		return byte(i/2+1) | kindUpper
	case i >= 0:
		return byte(i/2 + 1)
	case strings.ContainsRune("«„“№§\u00a0", r):
		return kindOpen
	case strings.ContainsRune("»”‘’—–•…©®°±€·™", r):
		return kindSign
	case unicode.Is(unicode.Cyrillic, r):
		return kindAlien
	}
	return kindOdd
}

// verdict is how well bytes read in a charset.
type verdict struct {
	sum, letters int
	high         int // bytes that are no ASCII
}

// mean is the score per byte that is no ASCII, in tenths.
func (v verdict) mean() int {
	if v.high == 0 {
		return 0
	}
	return 10 * v.sum / v.high
}

// judge scores a text: letters that follow each other as in Russian gain, as
// 0 to 9 less 4; capitals inside words, Latin letters beside Cyrillic ones and
// odd signs lose.
func (c *cyrillic) judge(b []byte) verdict {
	var v verdict
	prev := byte(kindOther)
	length := 0 // of the word so far
	for _, by := range b {
		k := c.kinds[by]
		if by >= 0x80 {
			v.high++
		}
		switch {
		case k < 0x80:
			v.letters++
			length++
			v.sum += c.follow(prev, k)
		case prev < 0x80 && k == kindLatin:
			v.sum -= 6
		case prev < 0x80:
			v.sum += gain(prev&^kindUpper, 0) / 2
			if length == 1 && !strings.Contains(" 1 3 9 11 15 18 20 32 ", " "+itoa(int(prev&^kindUpper))+" ") {
				v.sum -= 5 // а, в, и, к, о, с, у, я are words, others are signs read wrong
			}
		}
		if k >= 0x80 {
			length = 0
		}
		switch k {
		case kindOpen:
			v.sum -= 2 // capitals of one charset are quotes of another, and more frequent
		case kindSign:
			if prev == kindOther {
				v.sum += 3 // a dash between words
			}
		case kindAlien:
			v.sum -= 8
		case kindOdd:
			v.sum -= 8
		}
		prev = k
	}
	return v
}

func (c *cyrillic) follow(prev, k byte) int {
	score := 0
	switch {
	case prev == kindLatin:
		score -= 6
	case prev == kindAlien:
	case prev == kindSign: // "—ервер", "м€гкий"
		score -= 8
	case prev >= 0x80:
		score += gain(0, k&^kindUpper)
		if k&kindUpper != 0 {
			score--
		}
	default:
		score += gain(prev&^kindUpper, k&^kindUpper)
		switch {
		case prev&kindUpper == 0 && k&kindUpper != 0:
			score -= 12
		case k&kindUpper != 0:
			score -= 2 // words of capitals are rarer than those of small letters
		}
	}
	return score
}

func gain(prev, k byte) int {
	return int(bigrams[int(prev)*(len(letters)/2+1)+int(k)]-'0') - 4
}

// Thresholds of guess, in tenths of a score per byte. Russian mails have 25
// to 40 in their own charset and less than 5 in any other.
const (
	plausible = 8  // no label at all: better than nothing known
	certain   = 15 // against a label of another script
	margin    = 8  // against a label of another Cyrillic charset
)

// guess returns the Cyrillic charset that bytes are in, or "" when they look
// like none and the label may be right.
func (r *Reader) guess(b []byte, label, hint string) string {
	b = sample(b)
	var best, own verdict
	name := ""
	labelled := false
	for i := range r.cyrillics {
		c := &r.cyrillics[i]
		v := c.judge(b)
		if c.name == family(hint) {
			v.sum += 2
		}
		if c.name == family(label) {
			own, labelled = v, true
		}
		if name == "" || v.sum > best.sum {
			best, name = v, c.name
		}
	}
	switch {
	case labelled && (name == family(label) || best.letters < 4 || best.mean() < plausible || !better(b, best, own, name, label)):
		return r.koi(b, label, label)
	case labelled:
		return r.koi(b, name, label)
	case !empty(label) && (best.mean() < certain || best.letters < 4):
		return ""
	case best.mean() < plausible:
		return ""
	}
	return r.koi(b, name, label)
}

// empty says that a label tells nothing: programs write it by default. Letters
// of Western Europe stand among ASCII ones, where no Cyrillic text has them.
func empty(label string) bool {
	switch label {
	case "", "x-unknown", "us-ascii", "utf-8", "windows-1252", "iso-8859-15":
		return true
	}
	return false
}

// better says whether one reading is so much better than that of the label
// that the label must be wrong. Windows and Macintosh share most small letters,
// so that few bytes decide between them.
func better(b []byte, best, own verdict, name, label string) bool {
	switch {
	case name == "windows-1251" && label == "x-mac-cyrillic": // nearly nobody writes it, some programs name it
		return best.sum >= own.sum+6
	case name == "x-mac-cyrillic" && label == "windows-1251":
		return best.sum >= own.sum+24 || best.sum >= own.sum+6 && capitalsOfMac(b)
	}
	return best.letters >= 10 && best.mean() >= own.mean()+margin && best.sum >= own.sum+16
}

// capitalsOfMac says whether words begin with what are signs in Windows and
// capitals in Macintosh.
func capitalsOfMac(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] >= 0x80 && b[i] < 0xa0 && b[i+1] >= 0xe0 {
			return true
		}
	}
	return false
}

// koi tells KOI8-U from KOI8-R: where they differ, one has Ukrainian letters
// and the other one lines of boxes.
func (r *Reader) koi(b []byte, name, label string) string {
	if family(name) != "koi8-r" || label == "koi8-u" {
		return name
	}
	prev, beside := byte(' '), 0
	for _, c := range b {
		ours := strings.IndexByte("\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd", c) >= 0
		was := strings.IndexByte("\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd", prev) >= 0
		if ours && prev >= 0xc0 || was && c >= 0xc0 {
			beside++
		}
		prev = c
	}
	if beside > 0 {
		return "koi8-u"
	}
	return "koi8-r"
}
