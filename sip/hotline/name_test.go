package hotline

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                               "",
		" Anna  Petrova\t":               "Anna Petrova",
		"ООО «Ромашка»":                  "ООО «Ромашка»",
		"a\r\nVia: x\x00\x1b[31mb":       "a Via: x [31mb",
		"a\u0085\u009bb":                 "a b",
		"gpj.\u202etxt\u2066x\u2069":     "gpj.txtx",
		"\ufeffa\u200bb":                 "ab",
		"a\xff\xfeb":                     "ab",
		strings.Repeat("я", 200):         strings.Repeat("я", 80),
		strings.Repeat("a", 79) + " bcd": strings.Repeat("a", 79),
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzCallerID(f *testing.F) {
	f.Add("+79161112233", "ООО «Ромашка»", "VH-26-000001")
	f.Add("a\"\\<>;\r\n", "x\x00\"\u202e", "VH-26-000002")
	f.Add(strings.Repeat("9", 500), strings.Repeat("\\", 500), "")
	f.Fuzz(func(t *testing.T, number, client, ticket string) {
		if len(ticket) > 20 || strings.ContainsFunc(ticket, func(r rune) bool { return r < '0' || r > 'Z' }) {
			return // ours
		}
		id := callerID(number, Ticket{Number: ticket, Org: client})
		if utf8.RuneCountInString(id.Display) > maxName || strings.ContainsFunc(id.Display, unicode.IsControl) {
			t.Errorf("display %q", id.Display)
		}
		if back, err := wire.ParseNameAddr(id.String()); err == nil && back.Display != id.Display {
			t.Errorf("display %q is read as %q", id.Display, back.Display)
		}
	})
}

// ticketTime is more than the commit of a ticket takes.
const ticketTime = 300 * time.Millisecond

// TestStrangersName: whatever name a caller sends, his engineers are rung, the
// ticket has a clean name, and softphones show what Vahta knows.
func TestStrangersName(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan", "petr"}})
	r.answers("ivan", phone.Answer{Status: 486, Ring: ticketTime})
	r.answers("petr", phone.Accepting(0, "1", 0))
	evil := `"` + strings.Repeat("x", 400) + "\u202e\u0085\t\\\"  \\\\y" + `" <sip:` + clientNumber + `@127.0.0.1>`
	caller := r.dial(phone.Options{From: evil, Talk: phone.Talk{For: ticketTime}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %s, tried %q", o.Result, r.tried())
	}
	if name := r.desk.signals[0].CallerName; name != strings.Repeat("x", 80) {
		t.Errorf("the ticket has the name %q", name)
	}
	if got := r.incoming(r.eng["ivan"], 1).Request().From(); strings.Contains(got.Display, "xx") || got.URI.User != clientNumber {
		t.Errorf("the first softphone shows %q %q", got.Display, got.URI.User)
	}
	if got := r.incoming(r.eng["petr"], 1).Request().From().Display; got != clientNumber+" VH-26-000001" {
		t.Errorf("the second softphone shows %q", got)
	}
}
