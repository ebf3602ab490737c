package siptest_test

import (
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

func TestBaresipCallsAndIsCalled(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			callee := siptest.StartBaresip(t, siptest.Baresip{User: "b", Transport: transport, Tone: 660, AutoAnswer: true})
			caller := siptest.StartBaresip(t, siptest.Baresip{User: "a", Transport: transport, Tone: 440})
			caller.Command("dial " + callee.URI())
			caller.Expect("CALL_ESTABLISHED")
			callee.Expect("CALL_ESTABLISHED")
			caller.Expect("CALL_RTPESTAB")
			caller.Command("sndcode 1")
			callee.Expect("CALL_DTMF_START")
			if got := callee.Digits(); got != "1" {
				t.Errorf("callee heard %q, want 1", got)
			}
			caller.Command("hangup")
			callee.Expect("CALL_CLOSED")
			caller.Expect("CALL_CLOSED")
			if n := len(callee.Heard()); n == 0 {
				t.Error("callee recorded nothing")
			}
		})
	}
}
