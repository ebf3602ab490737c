package b2bua

import (
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

func TestDigitsPassAndAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	hears(t, bobRTP, 440)
	callerRTP.Key('5', siptest.KeyPress{})
	r.expect("caller digit 5")
	keys(t, bobRTP, "5")
	caller.Request("INFO", "application/dtmf-relay", "Signal=7\r\nDuration=100\r\n")
	r.caller.ExpectStatus(200, "INFO")
	r.expect("caller digit 7")
	keys(t, bobRTP, "57")
	r.once("caller digit 5")
	r.once("caller digit 7")
	r.in(c, func() { c.End(CauseNormal) })
}

// A phone that tells one press by INFO and by RTP presses one key at the far end, whichever came first.
func TestDigitToldTwiceIsPressedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	hears(t, bobRTP, 440)
	caller.Request("INFO", "application/dtmf-relay", "Signal=7\r\nDuration=100\r\n")
	r.caller.ExpectStatus(200, "INFO")
	keys(t, bobRTP, "7")
	so := len(bobRTP.PCM())
	if _, err := bobRTP.Wait(t.Context(), func(siptest.Packet) bool { return len(bobRTP.PCM()) > so+800 }); err != nil {
		t.Fatal(err) // the key is let go and the sound goes on
	}
	callerRTP.Key('7', siptest.KeyPress{})
	callerRTP.Key('8', siptest.KeyPress{})
	caller.Request("INFO", "application/dtmf-relay", "Signal=8\r\nDuration=100\r\n")
	r.caller.ExpectStatus(200, "INFO")
	callerRTP.Key('9', siptest.KeyPress{})
	r.expect("caller digit 9")
	keys(t, bobRTP, "789")
	r.in(c, func() { c.End(CauseNormal) })
}

// keys waits until an end has received these keys and no more.
func keys(t *testing.T, end *siptest.RTP, want string) {
	t.Helper()
	if _, err := end.Wait(t.Context(), func(siptest.Packet) bool { return len(end.Keys(101)) >= len(want) }); err != nil {
		t.Fatal(err)
	}
	if got := end.Keys(101); got != want {
		t.Errorf("keys received: %q, want %q", got, want)
	}
}
