package siptest_test

import (
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

// sipp against sipp shows that the scenarios fit together; what they do to a
// phone or a hotline is shown where those live.
func TestSippScenariosFitTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caller, engineer string
		set              map[string]string
	}{
		{"caller", "answer", nil},
		{"caller", "press", nil},
		{"caller_keys", "answer", nil},
		{"caller_patient", "answer_bye", nil},
		{"caller_patient", "press_bye", nil},
		{"caller_cancel_ringing", "ring", nil},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(c.caller+"/"+c.engineer+"/"+transport, func(t *testing.T) {
				t.Parallel()
				engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: c.engineer, Transport: transport, Set: c.set})
				caller := siptest.StartSIPP(t, siptest.SIPP{Scenario: c.caller, Transport: transport, Peer: engineer.Addr()})
				caller.WaitAllGood()
				engineer.WaitAllGood()
				if got := len(caller.Messages()); got == 0 {
					t.Error("no message found in sipp's trace")
				}
			})
		}
	}
}
