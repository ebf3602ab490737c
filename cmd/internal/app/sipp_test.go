package app_test

import (
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/siptest"
)

// turns lets a few sipps run at a time: on a machine that is slower than T1 sipp takes our retransmissions for errors.
var turns = make(chan struct{}, 4)

// turn waits for one of the turns; the function gives it back.
func turn() (done func()) {
	turns <- struct{}{}
	return sync.OnceFunc(func() { <-turns })
}

// transports over which the whole line must work.
func transports() []string { return []string{"udp", "tcp"} }

// sippCaller lets sipp call the line.
func (l *line) sippCaller(transport, scenario string, set map[string]string) *siptest.SIPPRun {
	l.Helper()
	if set == nil {
		set = map[string]string{}
	}
	set["caller"] = l.caller
	return siptest.StartSIPP(l.TB, siptest.SIPP{Scenario: scenario, Transport: transport, Peer: l.addr(transport), Service: l.id, Set: set})
}

func sippEngineer(tb testing.TB, transport, scenario string, set map[string]string) *siptest.SIPPRun {
	tb.Helper()
	return siptest.StartSIPP(tb, siptest.SIPP{
		Scenario: scenario, Transport: transport, Set: set, Args: []string{"-rtcheck", "loose"}, // a repeated INVITE is no error
	})
}

// silent is for engines whose far ends send no sound: sipp's scenarios know no re-INVITE that asks where it is.
func silent(c *config.Config) { c.Calls.OneWay = 0 }

// TestSippEngineers: whatever the first engineer's phone does, the second one serves the call.
func TestSippEngineers(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t, silent)
	t.Run("first", func(t *testing.T) {
		for name, c := range map[string]struct {
			scenario string
			set      map[string]string
			want     string // outcome of the first one's attempt; empty = he serves the call
			ring     time.Duration
		}{
			"presses 1":        {scenario: "press"},
			"INFO":             {scenario: "press_info"},
			"rings only":       {scenario: "ring", want: "no_answer", ring: time.Second},
			"silent":           {scenario: "silent", want: "silent"},
			"486":              {scenario: "refuse", want: "busy"},
			"603":              {scenario: "refuse", set: map[string]string{"status": "603", "reason": "Decline"}, want: "declined"},
			"480":              {scenario: "refuse", set: map[string]string{"status": "480", "reason": "Temporarily Unavailable"}, want: "unreachable"},
			"503":              {scenario: "refuse", set: map[string]string{"status": "503", "reason": "Service Unavailable"}, want: "unreachable"},
			"unreachable":      {want: "unreachable"},
			"presses nothing":  {scenario: "answer", want: "no_key"},
			"presses 2":        {scenario: "press", set: map[string]string{"digit": "2"}, want: "declined"},
			"hangs up on talk": {scenario: "press_bye"},
		} {
			for _, transport := range transports() {
				t.Run(name+"/"+transport, func(t *testing.T) {
					t.Parallel()
					done := turn()
					defer done()
					first := "sip:engineer@" + siptest.ClosedPort(t).String()
					if transport == "tcp" {
						first += ";transport=tcp"
					}
					var engineers []*siptest.SIPPRun
					if c.scenario != "" {
						e := sippEngineer(t, transport, c.scenario, c.set)
						first = e.URI("engineer", transport)
						if c.scenario != "silent" {
							engineers = append(engineers, e)
						}
					}
					want := []string{"1 accepted"}
					ladder := []string{first}
					if c.want != "" {
						e := sippEngineer(t, transport, "press", nil)
						engineers = append(engineers, e)
						ladder = append(ladder, e.URI("engineer", transport))
						want = []string{"1 " + c.want, "2 accepted"}
					}
					l := r.line(t, func(d *dispatch.Line) {
						if c.ring != 0 {
							d.RingTime = c.ring
						}
					}, ladder...)
					scenario := "caller"
					if c.scenario == "press_bye" {
						scenario = "caller_patient"
					}
					caller := l.sippCaller(transport, scenario, nil)
					if c.want == "no_key" { // hears the whisper twice, which takes half a minute
						l.event(ticket.KindOpened, 1)
						done()
					}
					caller.WaitAllGood()
					l.settled(dispatch.CallServed, want...)
					for _, e := range engineers {
						e.WaitAllGood()
					}
				})
			}
		}
	})
	r.empty()
}

// TestSippCancel: the caller cancels before anybody has accepted. The engineer's phone stops, the ticket says abandoned.
func TestSippCancel(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t, silent)
	t.Run("at", func(t *testing.T) {
		for name, c := range map[string]struct {
			caller, after, engineer string
			want                    string
		}{
			"trying":  {"caller_cancel_trying", "0", "ring", "1 cancelled"},
			"ringing": {"caller_cancel_ringing", "300", "ring", "1 cancelled"},
			"whisper": {"caller_cancel_ringing", "1500", "answer", "1 no_key"},
		} {
			for _, transport := range transports() {
				t.Run(name+"/"+transport, func(t *testing.T) {
					t.Parallel()
					e := sippEngineer(t, transport, c.engineer, nil)
					l := r.line(t, nil, e.URI("engineer", transport))
					l.sippCaller(transport, c.caller, map[string]string{"after": c.after}).WaitAllGood()
					rec := l.settled(dispatch.CallAbandoned, c.want)
					e.WaitAllGood()
					if rec.ticket.PageReason != "abandoned" {
						t.Errorf("page reason %q, want abandoned: the alarm died with the call", rec.ticket.PageReason)
					}
				})
			}
		}
	})
	r.empty()
}
