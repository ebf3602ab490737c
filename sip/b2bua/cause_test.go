package b2bua

import (
	"errors"
	"fmt"
	"testing"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		status, q850 int
		err          error
		want         Outcome
	}{
		{"answered", 200, 0, nil, OutcomeAnswered},
		{"busy", 486, 0, nil, OutcomeBusy},
		{"busy everywhere", 600, 0, nil, OutcomeBusy},
		{"declined", 603, 0, nil, OutcomeDeclined},
		{"forbidden", 403, 0, nil, OutcomeDeclined},
		{"redirected: not followed", 302, 0, nil, OutcomeDeclined},
		{"rejected as unwanted", 607, 0, nil, OutcomeDeclined},
		{"phone off", 480, 0, nil, OutcomeUnreachable},
		{"unknown number", 404, 0, nil, OutcomeUnreachable},
		{"no circuit", 503, 34, nil, OutcomeFailed},
		{"service unavailable", 503, 0, nil, OutcomeUnreachable},
		{"timeout of a gateway", 408, 0, nil, OutcomeNoAnswer},
		{"cancelled", 487, 0, nil, OutcomeCancelled},
		{"no common media", 488, 0, nil, OutcomeFailed},
		{"server error", 500, 0, nil, OutcomeFailed},

		{"480 that means busy", 480, 17, nil, OutcomeBusy},
		{"480 that means no answer", 480, 19, nil, OutcomeNoAnswer},
		{"480 that means no user responding", 480, 18, nil, OutcomeNoAnswer},
		{"480 that means rejected", 480, 21, nil, OutcomeDeclined},
		{"480 that means absent", 480, 20, nil, OutcomeUnreachable},
		{"404 unallocated", 404, 1, nil, OutcomeUnreachable},
		{"502 out of order", 502, 27, nil, OutcomeUnreachable},
		{"500 network out of order", 500, 38, nil, OutcomeFailed},
		{"503 temporary failure", 503, 41, nil, OutcomeFailed},
		{"504 timer expiry", 504, 102, nil, OutcomeFailed},
		{"normal clearing says nothing", 486, 16, nil, OutcomeBusy},
		{"unspecified says nothing", 603, 31, nil, OutcomeDeclined},
		{"a cause in a 200 says nothing", 200, 17, nil, OutcomeAnswered},

		{"silent", 0, 0, dialog.ErrSilent, OutcomeSilent},
		{"timer B", 0, 0, wire.ErrTimeout, OutcomeSilent},
		{"ICMP", 0, 0, fmt.Errorf("send: %w", wire.ErrUnreachable), OutcomeUnreachable},
		{"transport", 0, 0, wire.ErrTransport, OutcomeFailed},
		{"something", 0, 0, errors.New("something"), OutcomeFailed},
		{"nothing", 0, 0, nil, OutcomeFailed},
	} {
		if got := outcomeOf(tt.status, tt.q850, tt.err); got != tt.want {
			t.Errorf("%s: outcomeOf(%d, %d, %v) = %s, want %s", tt.name, tt.status, tt.q850, tt.err, got, tt.want)
		}
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for cause, want := range map[string]string{
		CauseElsewhere:   `SIP ;cause=200 ;text="Call completed elsewhere"`,
		CauseNormal:      `Q.850 ;cause=16 ;text="Normal call clearing"`,
		CauseCallerGone:  `Q.850 ;cause=16 ;text="Normal call clearing"`,
		"a script's own": `Q.850 ;cause=16 ;text="Normal call clearing"`,
		CauseNoAck:       `Q.850 ;cause=102 ;text="Recovery on timer expiry"`,
		CauseMediaLost:   `Q.850 ;cause=102 ;text="Recovery on timer expiry"`,
		CauseNoAnswer:    `Q.850 ;cause=19 ;text="No answer from user"`,
		CauseShutdown:    `Q.850 ;cause=41 ;text="Temporary failure"`,
		CauseNoMedia:     `SIP ;cause=488 ;text="Not Acceptable Here"`,
	} {
		if got := reasonOf(cause); got.Name != "Reason" || got.Value != want {
			t.Errorf("reasonOf(%s) = %v", cause, got)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	t.Parallel()
	for cause, want := range map[string]int{
		CauseBusy: 486, CauseDeclined: 603, CauseInternal: 500, CauseShutdown: 503, CausePorts: 503, CauseNoMedia: 488,
		CauseNoAnswer: 480, CauseNormal: 480, "a script's own": 480,
	} {
		if got := refusalOf(cause); got != want {
			t.Errorf("refusalOf(%s) = %d, want %d", cause, got, want)
		}
	}
}

func TestNamesAreComplete(t *testing.T) {
	t.Parallel()
	for k := LegTrying; k <= CallEnded; k++ {
		if k.String() == "invalid" {
			t.Errorf("event kind %d has no name", k)
		}
	}
	for o := OutcomeNone; o <= OutcomeCancelled; o++ {
		if o.String() == "invalid" {
			t.Errorf("outcome %d has no name", o)
		}
	}
	for s := StateSetup; s <= StateEnded; s++ {
		if s.String() == "invalid" {
			t.Errorf("state %d has no name", s)
		}
	}
}

func TestInfoDigit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		contentType, body string
		want              byte
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Duration= 160\nSignal= #", '#'},
		{"Application/DTMF-Relay; charset=utf-8", "signal = *\r\n", '*'},
		{"application/dtmf-relay", "Signal=10\r\n", '*'},
		{"application/dtmf-relay", "Signal=11\r\n", '#'},
		{"application/dtmf", "1", '1'},
		{"application/dtmf", " d\r\n", 'D'},
		{"application/dtmf", "", 0},
		{"application/dtmf", "12", 0},
		{"application/dtmf", "x", 0},
		{"application/dtmf-relay", "Signal=\r\n", 0},
		{"application/dtmf-relay", "Duration=100\r\n", 0},
		{"text/plain", "1", 0},
		{"", "1", 0},
	} {
		got, ok := infoDigit(tt.contentType, []byte(tt.body))
		if got != tt.want || ok != (tt.want != 0) {
			t.Errorf("infoDigit(%q, %q) = %q, %v", tt.contentType, tt.body, got, ok)
		}
	}
}

func FuzzInfoDigit(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160"))
	f.Add("application/dtmf", []byte("*"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		if got, ok := infoDigit(contentType, body); ok != (got != 0) {
			t.Fatalf("infoDigit(%q, %q) = %q, %v", contentType, body, got, ok)
		}
	})
}
