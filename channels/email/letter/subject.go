package letter

import (
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// prefixes of subjects that programs add; true marks those of a forward.
func prefixes() map[string]bool {
	return map[string]bool{
		"re": false, "aw": false, "sv": false, "vs": false, "ответ": false, "отв": false, "ha": false, "на": false, "antw": false, "odp": false, "rif": false,
		"fwd": true, "fw": true, "wg": true, "tr": true, "rv": true, "пересл": true, "пер": true, "переслано": true, "перенаправлено": true, "переадресовано": true, "i": true, "vb": true,
	}
}

// topic takes the prefixes off a subject and says whether the outermost ones
// tell of a forward.
func (r *Reader) topic(s string) (topic string, forwarded bool) {
	first := true
	for range 50 {
		s = strings.TrimLeft(s, " ")
		i := strings.IndexAny(s, ":.")
		if i <= 0 || i > 40 {
			break
		}
		word := strings.ToLower(s[:i])
		if j := strings.IndexAny(word, "[(^"); j > 0 && strings.HasSuffix(word, "]") || j > 0 && strings.HasSuffix(word, ")") {
			word = word[:j] // Re[2]: as The Bat writes it
		}
		forward, known := r.prefixes[strings.TrimSpace(word)]
		if !known || s[i] == '.' && word != "пер" && word != "пересл" {
			break
		}
		if first {
			forwarded, first = forward, false
		}
		s = strings.TrimPrefix(s[i+1:], ":")
	}
	return strings.TrimSpace(s), forwarded
}

// numbers finds ticket numbers in a text: VH-26-004213, also with the hyphens
// that editors make of them. The check digit keeps order numbers out.
func numbers(s string, each func(ticket.Number)) {
	for range 10 * maxMarkers {
		i := indexVH(s)
		if i < 0 {
			return
		}
		end := i + 2
		for end < len(s) && end < i+32 {
			if c := s[end]; c >= '0' && c <= '9' || c == '-' || c == ' ' {
				end++
			} else if strings.HasPrefix(s[end:], "\u2011") || strings.HasPrefix(s[end:], "\u2013") {
				end += 3
			} else {
				break
			}
		}
		if n, ok := longestNumber(s[i:end]); ok {
			each(n)
		}
		s = s[i+2:]
	}
}

// longestNumber reads the number that a run of digits begins with: more
// digits may follow it, as in "VH-26-004213 12:30".
func longestNumber(s string) (ticket.Number, bool) {
	for s = strings.TrimRight(s, "- "); len(s) > 8; {
		if n, err := ticket.ParseNumber(s); err == nil {
			return n, true
		}
		i := strings.LastIndexAny(s, "- ")
		if i < 0 {
			break
		}
		s = strings.TrimRight(s[:i], "- ")
	}
	return ticket.Number{}, false
}

// indexVH finds VH at the start of a word, before a digit or a hyphen.
func indexVH(s string) int {
	for i := 0; i+3 < len(s); i++ {
		if s[i]|0x20 != 'v' || s[i+1]|0x20 != 'h' {
			continue
		}
		if i > 0 && (s[i-1]|0x20 >= 'a' && s[i-1]|0x20 <= 'z' || s[i-1] >= '0' && s[i-1] <= '9') {
			continue
		}
		if c := s[i+2]; c >= '0' && c <= '9' || c == '-' || c == ' ' || c == 0xe2 {
			return i
		}
	}
	return -1
}

// marks collects the ticket numbers of all places.
func (d *desk) marks() {
	add := func(place Place, s string) {
		numbers(s, func(n ticket.Number) {
			m := Marker{Number: n, Place: place}
			if len(d.out.Markers) < maxMarkers && !slices.Contains(d.out.Markers, m) {
				d.out.Markers = append(d.out.Markers, m)
			}
		})
	}
	for _, id := range append(append([]string(nil), d.out.InReplyTo...), d.out.References...) {
		add(PlaceReference, id)
	}
	for _, box := range d.recipients() {
		local, _, _ := strings.Cut(box, "@")
		if _, tag, ok := strings.Cut(local, "+"); ok && tag != "" {
			add(PlaceAddress, tag)
			if tag = line(tag, 200); len(d.out.Tags) < maxMarkers && !slices.Contains(d.out.Tags, tag) {
				d.out.Tags = append(d.out.Tags, tag)
			}
		}
	}
	add(PlaceSubject, d.out.Subject)
	add(PlaceBody, d.out.Text)
}

// recipients are the addresses that the mail came to, by envelope and header.
func (d *desk) recipients() []string {
	out := append([]string(nil), d.envel.To...)
	for _, name := range []string{"delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to"} {
		for _, a := range d.addresses(d.head.get(name)) {
			out = append(out, a.Mail)
		}
	}
	for _, a := range append(append([]Address(nil), d.out.To...), d.out.Cc...) {
		out = append(out, a.Mail)
	}
	return out
}
