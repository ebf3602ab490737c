package app_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// lost is one message that does not arrive.
type lost struct {
	method string
	status int
	nth    []int // its transmissions that are lost
}

func (l lost) String() string {
	what := l.method
	if l.status != 0 {
		what = fmt.Sprintf("%d of %s", l.status, l.method)
	}
	return fmt.Sprintf("%s %v", what, l.nth)
}

func (l lost) rule() siptest.Rule { return siptest.DropNth(l.method, l.status, l.nth...) }

// losses are the messages, each lost once and lost twice.
func losses(which ...lost) []lost {
	var out []lost
	for _, l := range which {
		for _, nth := range [][]int{{1}, {1, 2}} {
			l.nth = nth
			out = append(out, l)
		}
	}
	return out
}

// relayTo puts a relay before an address.
func relayTo(tb testing.TB, to netip.AddrPort, rules ...siptest.Rule) *siptest.Relay {
	tb.Helper()
	return siptest.StartRelay(tb, siptest.RelayConfig{B: to, Rules: rules})
}

// TestSippCallSurvivesLoss: whatever message of a call is lost on the caller's or on the engineer's side, once or twice,
// the two talk, and there is one ticket, one outcome and no leg left after 64*T1.
func TestSippCallSurvivesLoss(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t, silent)
	t.Run("lost", func(t *testing.T) {
		messages := losses(
			lost{method: "INVITE"}, lost{method: "INVITE", status: 100}, lost{method: "INVITE", status: 180},
			lost{method: "INVITE", status: 200}, lost{method: "ACK"}, lost{method: "BYE"}, lost{method: "BYE", status: 200},
		)
		for _, m := range messages {
			t.Run("caller/"+m.String(), func(t *testing.T) {
				t.Parallel()
				done := turn()
				defer done()
				e := sippEngineer(t, "udp", "press", nil)
				l := r.line(t, nil, e.URI("engineer", "udp"))
				relay := relayTo(t, l.addr("udp"), m.rule())
				caller := siptest.StartSIPP(t, siptest.SIPP{
					Scenario: "caller", Peer: relay.SideA(), Service: l.id, Set: map[string]string{"caller": l.caller, "talk": "1500"},
				})
				caller.WaitAllGood()
				e.WaitAllGood()
				done()
				l.settled(dispatch.CallServed, "1 accepted")
			})
			if m.status == 100 {
				continue // sipp sends none
			}
			t.Run("engineer/"+m.String(), func(t *testing.T) {
				t.Parallel()
				done := turn()
				defer done()
				e := sippEngineer(t, "udp", "press", map[string]string{"after": "300"})
				relay := relayTo(t, e.Addr(), m.rule())
				l := r.line(t, nil, "sip:engineer@"+relay.SideA().String())
				l.sippCaller("udp", "caller", map[string]string{"talk": "1500"}).WaitAllGood()
				e.WaitAllGood()
				done()
				l.settled(dispatch.CallServed, "1 accepted")
			})
		}
	})
	r.empty()
}

// TestCancelSurvivesLoss: the same for a caller who gives up while the engineer's phone rings.
func TestCancelSurvivesLoss(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t, silent)
	t.Run("lost", func(t *testing.T) {
		for _, m := range losses(
			lost{method: "CANCEL"}, lost{method: "CANCEL", status: 200}, lost{method: "INVITE", status: 487}, lost{method: "ACK"},
		) {
			for _, side := range []string{"caller", "engineer"} {
				t.Run(side+"/"+m.String(), func(t *testing.T) {
					t.Parallel()
					e := startPhone(t, "engineer", "udp", phone.Ringing())
					uri := e.URI()
					if side == "engineer" {
						uri = "sip:engineer@" + relayTo(t, e.Addr("udp"), m.rule()).SideA().String()
					}
					l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, URI: uri})
					to := l.uri("udp")
					if side == "caller" {
						to = "sip:" + l.id + "@" + relayTo(t, l.addr("udp"), m.rule()).SideA().String()
					}
					caller := startPhone(t, "caller", "udp", phone.Answer{})
					s := l.dialFrom(caller, to, phone.Options{})
					in := incoming(t, e, 1)
					wait(t, in, phone.Rang)
					wait(t, s, phone.Rang)
					s.Hangup()
					wait(t, in, phone.Cancelled)
					wait(t, in, phone.Ended)
					wait(t, s, phone.Ended)
					l.settled(dispatch.CallAbandoned, "1 cancelled")
					if n := len(caller.Sessions()); n != 1 {
						t.Errorf("the caller's phone saw %d calls", n)
					}
				})
			}
		}
	})
	r.empty()
}
