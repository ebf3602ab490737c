package b2bua

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/siptest"
)

// A far end that stops refreshing its session is gone: its partner is hung up, and the detail says why.
func TestRFC4028ExpiredSessionEndsTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, _, _, _, _ := r.talk()
	r.in(c, func() {
		bob := c.legs[1]
		bob.dialledEvent(bob.dialog, dialog.Event{Kind: dialog.Ended, Err: dialog.ErrSessionExpired})
	})
	r.expect("bob ended session_expired")
	r.expect("caller ended session_expired")
	bye := r.caller.ExpectRequest("BYE")
	if !strings.Contains(bye.Get("Reason"), "cause=102") {
		t.Errorf("Reason = %q", bye.Get("Reason"))
	}
	r.caller.Answer(bye, 200, "OK", siptest.Reply{})
	r.in(c, func() {
		if note := c.Detail().Note; !strings.Contains(note, "session with bob was not refreshed") {
			t.Errorf("note = %q", note)
		}
		c.End(CauseNormal)
	})
}

func TestEndCauses(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		nil: CauseNormal, dialog.ErrNoAck: CauseNoAck, dialog.ErrSessionExpired: CauseExpired, dialog.ErrDialogLost: CauseDialogFailed,
		dialog.ErrNoPrack: CauseDialogFailed,
	} {
		if got := endCause(dialog.Event{Kind: dialog.Ended, Err: err}); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
