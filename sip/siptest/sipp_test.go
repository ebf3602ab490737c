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

// Foreign agents do not notice the relay, and their retransmissions make good
// what it loses.
func TestSippThroughRelay(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string][]siptest.Rule{
		"clean":      nil,
		"200 lost":   {siptest.DropNth("INVITE", 200, 1)},
		"BYE lost":   {siptest.DropNth("BYE", 0, 1)},
		"all double": {{Do: siptest.Dup}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: "press"})
			relay := siptest.StartRelay(t, siptest.RelayConfig{B: engineer.Addr(), Rules: rules, Media: &siptest.Impairment{}})
			caller := siptest.StartSIPP(t, siptest.SIPP{Scenario: "caller", Peer: relay.SideA()})
			caller.WaitAllGood()
			engineer.WaitAllGood()
			for _, method := range []string{"INVITE", "ACK", "BYE"} {
				if relay.Count(siptest.Arrived(siptest.Request(method))) == 0 {
					t.Errorf("%s went past the relay:\n%s", method, relay.Ladder())
				}
			}
		})
	}
}
