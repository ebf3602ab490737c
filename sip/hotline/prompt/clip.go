package prompt

import (
	"fmt"
	"strconv"
	"time"
)

// Clip is one indivisible sound: its name and what is said in it.
type Clip struct {
	ID   string
	Text string
}

// Clips returns every clip that a complete voice of the language has, in a
// fixed order: sentences, numbers, units of time, letters.
func Clips(l Language) []Clip {
	var all []Clip
	for _, e := range table() {
		parts := split(e.text(l))
		if hasName(parts) {
			continue
		}
		n, at := fixed(parts), 0
		for _, p := range parts {
			if said := trim(p.text); !p.value && said != "" {
				at++
				all = append(all, Clip{fixedID(e.key, at, n), said})
			}
		}
	}
	all = append(all, numberWords(l)...)
	for _, u := range units() {
		for f := FormOne; f <= FormMany; f++ {
			c := unitClip(l, u, f)
			all = append(all, c)
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		all = append(all, letterClip(l, c))
	}
	return all
}

func hasName(parts []part) bool {
	for _, p := range parts {
		if p.value && p.text == "name" {
			return true
		}
	}
	return false
}

// fixedID is the clip of the at-th of n spoken pieces of a sentence.
func fixedID(k Key, at, n int) string {
	if n == 1 {
		return string(k)
	}
	return string(k) + "." + strconv.Itoa(at)
}

func numberWords(l Language) []Clip {
	var all []Clip
	for n := range 21 {
		all = append(all, numberClip(l, n, Masculine))
	}
	for n := 30; n < 100; n += 10 {
		all = append(all, numberClip(l, n, Masculine))
	}
	for n := 100; n <= 900; n += 100 {
		all = append(all, numberClip(l, n, Masculine))
	}
	if l == Russian {
		all = append(all, numberClip(l, 1, Feminine), numberClip(l, 2, Feminine))
	}
	return all
}

// numberClip is the clip of one value of numberParts: "n.1f" is «одна».
func numberClip(l Language, n int, g Gender) Clip {
	id := "n." + strconv.Itoa(n)
	if l == Russian && g == Feminine && (n == 1 || n == 2) {
		id += "f"
	}
	return Clip{id, word(l, n, g)}
}

func numberClips(l Language, n int, g Gender) []Clip {
	var row []Clip
	for _, p := range numberParts(n) {
		row = append(row, numberClip(l, p, g))
	}
	return row
}

func unitClip(l Language, u unit, f Form) Clip {
	return Clip{"w." + u.name + "." + f.String(), u.word(l, f)}
}

func countedClips(l Language, c Counted) []Clip {
	row := numberClips(l, c.N, c.unit.gender)
	return append(row, unitClip(l, c.unit, Plural(l, c.N)))
}

func letterClip(l Language, c byte) Clip {
	return Clip{"l." + string(c), letter(l, c)}
}

// spell returns letters and digits one by one; other characters are silent.
func spell(l Language, s string) []Clip {
	row := make([]Clip, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			row = append(row, numberClip(l, int(c-'0'), Masculine))
		case c >= 'A' && c <= 'Z':
			row = append(row, letterClip(l, c))
		}
	}
	return row
}

// clockClips are a time of day, given since midnight: hours, and minutes unless
// the hour is full.
func clockClips(l Language, d time.Duration) []Clip {
	h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
	row := countedClips(l, Counted{h, hour()})
	if m > 0 {
		row = append(row, countedClips(l, Counted{m, minute()})...)
	}
	return row
}

// clockText is a time of day as it is written.
func clockText(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}
