package prompt

import (
	"strconv"
	"strings"
	"time"
)

// Sentence is one thing to say: a key and the values in it.
type Sentence struct {
	Key    Key
	Ticket string        // {ticket}, {serial}
	Name   string        // {name}
	Number string        // {digits}: only its last four are spoken
	N      int           // {n}
	Wait   time.Duration // {wait}, {minutes}; {clock}: since midnight
}

// Say returns a sentence without values.
func Say(k Key) Sentence { return Sentence{Key: k} }

// lastDigits is how many digits of a caller's number an engineer hears: enough
// to know a regular client, short enough for the whisper.
const lastDigits = 4

// Text returns the sentence as it is written in chat and mail.
func (s Sentence) Text(l Language) string {
	e, ok := lookup(s.Key)
	if !ok {
		return string(s.Key)
	}
	return s.fill(l, e.text(l), false)
}

// Spoken returns the sentence with its numbers in words, as it is handed to a
// text-to-speech command.
func (s Sentence) Spoken(l Language) string {
	e, ok := lookup(s.Key)
	if !ok {
		return ""
	}
	return s.fill(l, e.text(l), true)
}

func (s Sentence) fill(l Language, text string, spoken bool) string {
	var b strings.Builder
	for _, part := range split(text) {
		if !part.value {
			b.WriteString(part.text)
			continue
		}
		b.WriteString(s.value(l, part.text, spoken))
	}
	return b.String()
}

func (s Sentence) value(l Language, name string, spoken bool) string {
	if spoken && name != "name" {
		words := make([]string, 0, 8)
		for _, c := range s.clips(l, name) {
			words = append(words, c.Text)
		}
		return strings.Join(words, " ")
	}
	switch name {
	case "ticket", "serial":
		return s.Ticket
	case "name":
		return s.Name
	case "digits":
		return tail(s.Number)
	case "n":
		return strconv.Itoa(s.N)
	case "minutes":
		return RoundMinutes(s.Wait).Text(l)
	case "wait":
		return Round(s.Wait).Text(l)
	case "clock":
		return clockText(s.Wait)
	}
	return ""
}

// row returns the clips of the sentence, in order; ok is false when a value
// that it needs is missing or cannot be put together from clips.
func (s Sentence) row(l Language, e entry) (row []Clip, ok bool) {
	parts := split(e.text(l))
	n := fixed(parts)
	at := 0
	for _, p := range parts {
		if !p.value {
			if said := trim(p.text); said != "" {
				at++
				row = append(row, Clip{ID: fixedID(s.Key, at, n), Text: said})
			}
			continue
		}
		clips := s.clips(l, p.text)
		if len(clips) == 0 {
			return nil, false
		}
		row = append(row, clips...)
	}
	return row, true
}

// clips returns the clips of one value.
func (s Sentence) clips(l Language, name string) []Clip {
	switch name {
	case "ticket":
		return spell(l, s.Ticket)
	case "serial":
		return spell(l, serial(s.Ticket))
	case "digits":
		return spell(l, tail(s.Number))
	case "n":
		return numberClips(l, s.N, Masculine)
	case "minutes":
		return countedClips(l, RoundMinutes(s.Wait))
	case "wait":
		return countedClips(l, Round(s.Wait))
	case "clock":
		return clockClips(l, s.Wait)
	}
	return nil
}

// serial is the running number of a ticket number without its zeros in front:
// "4217" of "VH-26-004217".
func serial(ticket string) string {
	_, last, ok := cutLast(ticket, "-")
	if !ok {
		last = ticket
	}
	if short := strings.TrimLeft(last, "0"); short != "" {
		return short
	}
	return last
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// tail is the last digits of a number.
func tail(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return digits[max(0, len(digits)-lastDigits):]
}

// part is a piece of a sentence: fixed text, or the name of a value.
type part struct {
	text  string
	value bool
}

// split cuts a text of the table at its values.
func split(text string) []part {
	var parts []part
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		parts = append(parts, part{text: name, value: true})
		text = after
	}
	return parts
}

// fixed counts the pieces of text that are spoken.
func fixed(parts []part) int {
	n := 0
	for _, p := range parts {
		if !p.value && trim(p.text) != "" {
			n++
		}
	}
	return n
}

// trim takes off what is written but not spoken at the edge of a value.
func trim(s string) string { return strings.Trim(s, " .:,") }

// lookup finds a row of the table.
func lookup(k Key) (entry, bool) {
	for _, e := range table() {
		if e.key == k {
			return e, true
		}
	}
	return entry{}, false
}
