package hotline

import (
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/sip/wire"
)

// maxName is the longest name that is kept, in runes: more than any telephone shows.
const maxName = 80

// cleanName makes a name that a stranger has sent fit for tickets, terminals
// and headers: no control characters (C0, C1) and none that reorder or hide
// text (Unicode bidirectional and other formats), single blanks, at most
// maxName runes.
func cleanName(s string) string {
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s {
		if r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			continue
		}
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			blank = n > 0
			continue
		}
		if blank {
			if n+1 >= maxName {
				break
			}
			b.WriteByte(' ')
			n, blank = n+1, false
		}
		if n == maxName {
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// callerID is what softphones show: who calls and about which ticket, as far as
// Vahta knows it, else the number alone. The name that came with the call is a
// stranger's and is not shown. Operators' legs show our own number.
func callerID(number string, t Ticket) wire.NameAddr {
	id := wire.NameAddr{URI: wire.URI{Scheme: "sip", User: userPart(number)}}
	if t.Number != "" {
		id.Display = cleanName(strings.NewReplacer(`"`, "", `\`, "").Replace(orText(t.Org, number)))
		room := maxName - len(t.Number) - 1
		if r := []rune(id.Display); len(r) > room {
			id.Display = strings.TrimSpace(string(r[:room]))
		}
		id.Display = strings.TrimSpace(id.Display + " " + t.Number)
	}
	if _, err := wire.ParseNameAddr(id.String()); err != nil {
		return wire.NameAddr{} // rung without decoration, but rung
	}
	return id
}

// userPart returns a number that may stand in a URI as it is, "" for any other text.
func userPart(number string) string {
	for _, r := range number {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("+*._-", r) {
			return ""
		}
	}
	if len(number) > maxName {
		return ""
	}
	return number
}
