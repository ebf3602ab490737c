package phone_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// through is a relay from callers to the phone; callers dial the URI.
func through(t *testing.T, callee *phone.Phone, cfg siptest.RelayConfig) (uri string, relay *siptest.Relay) {
	t.Helper()
	cfg.B = callee.Addr("udp")
	relay = siptest.StartRelay(t, cfg)
	return "sip:callee@" + relay.SideA().String(), relay
}

// lost is a message that is lost the first time, or the first two times.
type lost struct {
	method string
	status int
	nth    []int
}

func losses(messages ...lost) (out []lost) {
	for _, m := range messages {
		for _, nth := range [][]int{{1}, {2}, {1, 2}} {
			out = append(out, lost{m.method, m.status, nth})
		}
	}
	return out
}

func (l lost) String() string {
	if l.status != 0 {
		return fmt.Sprintf("%d of %s, transmissions %v", l.status, l.method, l.nth)
	}
	return fmt.Sprintf("%s, transmissions %v", l.method, l.nth)
}

// Whatever message of an answered call is lost, there is one call, both talk,
// and both ends know when it is over.
func TestAnsweredCallSurvivesLoss(t *testing.T) {
	t.Parallel()
	for _, l := range losses(
		lost{method: "INVITE"}, lost{method: "INVITE", status: 100}, lost{method: "INVITE", status: 180},
		lost{method: "INVITE", status: 200}, lost{method: "ACK"}, lost{method: "BYE"}, lost{method: "BYE", status: 200},
	) {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			callee := start(t, "callee", "udp", phone.Answering(20*time.Millisecond, phone.Talk{}))
			uri, relay := through(t, callee, siptest.RelayConfig{Rules: []siptest.Rule{siptest.DropNth(l.method, l.status, l.nth...)}})
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), uri, phone.Options{})
			in := incoming(t, callee)
			wait(t, out, phone.Answered)
			if l.method != "BYE" {
				wait(t, in, phone.Confirmed)
			}
			out.Hangup()
			wait(t, in, phone.Ended)
			wait(t, out, phone.Ended)
			if n := len(callee.Sessions()); n != 1 {
				t.Errorf("callee saw %d calls, want 1", n)
			}
			if _, err := relay.Wait(within(t), siptest.Arrived(siptest.Response(200, "BYE"))); err != nil {
				t.Errorf("BYE was never answered: %v", err)
			}
		})
	}
}

// Whatever message of a cancelled call is lost, the callee stops ringing and no
// call is up at either end.
func TestCancelledCallSurvivesLoss(t *testing.T) {
	t.Parallel()
	for _, l := range losses(
		lost{method: "INVITE"}, lost{method: "INVITE", status: 100}, lost{method: "INVITE", status: 180}, lost{method: "CANCEL"},
		lost{method: "CANCEL", status: 200}, lost{method: "INVITE", status: 487}, lost{method: "ACK"},
	) {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			callee := start(t, "callee", "udp", phone.Ringing())
			uri, relay := through(t, callee, siptest.RelayConfig{Rules: []siptest.Rule{siptest.DropNth(l.method, l.status, l.nth...)}})
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), uri, phone.Options{CancelAfter: 50 * time.Millisecond})
			in := incoming(t, callee)
			wait(t, in, phone.Cancelled)
			wait(t, in, phone.Ended)
			wait(t, out, phone.Ended)
			if n := len(callee.Sessions()); n != 1 {
				t.Errorf("callee saw %d calls, want 1", n)
			}
			if _, err := relay.Wait(within(t), siptest.Arrived(siptest.Request("ACK"))); err != nil {
				t.Errorf("487 was never acknowledged: %v", err)
			}
		})
	}
}

// A 200 that crosses our CANCEL is acknowledged, then hung up, in this order,
// also when the line swaps or delays messages.
func TestAnswerCrossesCancelOnTheWire(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string][]siptest.Rule{
		"CANCEL late":      {{Method: "CANCEL", Do: siptest.Delay, Delay: 150 * time.Millisecond}},
		"200 late":         {{Status: 200, CSeq: "INVITE", Do: siptest.Delay, Delay: 150 * time.Millisecond}},
		"200 lost once":    {siptest.DropNth("INVITE", 200, 1)},
		"CANCEL lost":      {siptest.DropNth("CANCEL", 0, 1)},
		"ACK lost once":    {siptest.DropNth("ACK", 0, 1)},
		"everything twice": {{Do: siptest.Dup}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callee := start(t, "callee", "udp", phone.Answering(100*time.Millisecond, phone.Talk{}))
			uri, relay := through(t, callee, siptest.RelayConfig{Rules: rules})
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), uri, phone.Options{CancelAfter: 90 * time.Millisecond})
			in := incoming(t, callee)
			wait(t, in, phone.Ended)
			wait(t, out, phone.Ended)
			answered := relay.Count(siptest.Response(200, "INVITE")) > 0
			if !answered {
				return // the CANCEL was first: 487 and no call
			}
			ack, err := relay.Wait(within(t), siptest.Request("ACK"))
			if err != nil {
				t.Fatal(err)
			}
			bye, err := relay.Wait(within(t), siptest.Arrived(siptest.Request("BYE")))
			if err != nil {
				t.Fatal(err)
			}
			if bye.At.Before(ack.At) {
				t.Error("BYE came before ACK")
			}
		})
	}
}

// On a bad line calls are set up, keys arrive once and the tone is heard: 5 %
// loss, 30 ms jitter, 2 % swapped, 1 % doubled, on SIP and RTP.
func TestBadLine(t *testing.T) {
	t.Parallel()
	noise := siptest.Impairment{Loss: 0.05, Dup: 0.01, Reorder: 0.02, Jitter: 30 * time.Millisecond}
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			talk := phone.Talk{Tone: 660, Keys: []phone.Key{{Digits: "1234567890*#", After: 300 * time.Millisecond}}}
			callee := start(t, "callee", "udp", phone.Answering(20*time.Millisecond, talk))
			uri, _ := through(t, callee, siptest.RelayConfig{Seed: seed, Noise: noise, Media: &noise})
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), uri, phone.Options{Talk: phone.Talk{Tone: 440}})
			last := func(e phone.Event) bool { return e.Kind == phone.Digit && e.Digit == '#' }
			if _, err := out.WaitFor(within(t), 0, last); err != nil {
				t.Fatal(err)
			}
			if got := out.Digits(); got != "1234567890*#" {
				t.Errorf("heard %q, want 1234567890*#", got)
			}
			if err := out.WaitHeard(within(t), 660, time.Second); err != nil {
				t.Error(err)
			}
			out.Hangup()
			wait(t, out, phone.Ended)
			wait(t, incoming(t, callee), phone.Ended)
		})
	}
}
