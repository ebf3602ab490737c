package b2bua

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// poisonedNumber is the caller whose INVITE breaks whatever asks for it.
const poisonedNumber = "+79990000666"

// A hundred INVITEs that break a step of the way from the edge to the script cost a hundred calls: each hears 500, a
// conversation beside them goes on, and afterwards nothing is held: calls, channels, dialogs, ports, goroutines.
func TestPoisonedInputsCostTheirCallsOnly(t *testing.T) {
	t.Parallel()
	const calls = 100
	var where atomic.Value
	where.Store("")
	poison := func(step string, in trunk.Inbound) {
		if where.Load() == step && in.Caller == poisonedNumber {
			panic("poisoned at " + step)
		}
	}
	var caller trunk.Inbound // of the INVITE in Pressure, which is not told of it
	caller.Caller = poisonedNumber
	armed := atomic.Bool{}
	reg := prometheus.NewRegistry()
	r := newRig(t, rigOptions{
		trunks: func(c *trunk.Config) { c.Phones = append(c.Phones, "127.0.0.1") },
		media:  func(c *media.PoolConfig) { c.Registerer = reg },
		engine: func(c *Config) { c.MaxCalls = 10 }, // a call that is counted and never given back is soon noticed
		reg:    reg,
		serves: func(in trunk.Inbound) bool { poison("serves", in); return true },
		deps: func(d *Deps) {
			d.Known = func(in trunk.Inbound) bool { poison("known", in); return true }
			d.Pressure = func() Pressure {
				if armed.Load() {
					poison("pressure", caller)
					if where.Load() == "known" {
						return Pressure{Share: 0.9, Why: "memory"} // so that it is asked
					}
				}
				return Pressure{}
			}
		},
		begin: func(r *rig, c *Call) {
			poison("script", c.Info().Inbound)
			c.A().Ring()
			if where.Load() == "task" && c.Info().Inbound.Caller == poisonedNumber {
				c.Post(func() { poison("task", c.Info().Inbound) })
			}
			if where.Load() == "dialling" && c.Info().Inbound.Caller == poisonedNumber {
				c.Post(func() {
					c.Dial(r.to("carol", r.phone(r.carol)))
					panic("poisoned after dialling")
				})
			}
		},
	})
	live, _, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(400)
	poisoned := siptest.NewUA(t, siptest.UAConfig{User: poisonedNumber, Peer: r.at})
	once := func() {
		t.Helper()
		armed.Store(true)
		call := poisoned.NewCall("sip:84957770000@" + r.at.String())
		call.Invite(siptest.NewRTP(t).SDP())
		got := poisoned.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
		call.Learn(got).Ack(got)
		armed.Store(false)
		if got.Status != 500 {
			t.Fatalf("poison at %s is answered %d, want 500", where.Load(), got.Status)
		}
	}
	settled := func() {
		t.Helper()
		until(t, func() bool { return r.engine.Active() == 1 && streams(t, reg) == 2 })
	}
	for _, step := range []string{"serves", "known", "pressure", "script", "task"} {
		where.Store(step)
		for range calls {
			once()
			settled() // the next one meets an engine that has given everything back
		}
		heardNow(t, bobRTP)
	}
	until(t, func() bool { return counted(t, reg, "vahta_sip_dialogs", "") == 2 }) // those of the conversation
	where.Store("dialling")
	for range 5 {
		ended := make(chan struct{})
		go func() { // carol's phone rings until she is spared
			defer close(ended)
			invite := r.carol.ExpectRequest("INVITE")
			r.carol.Answer(invite, 180, "Ringing", siptest.Reply{})
			r.carol.Answer(r.carol.ExpectRequest("CANCEL"), 200, "OK", siptest.Reply{})
			r.carol.Answer(invite, 487, "Request Terminated", siptest.Reply{})
		}()
		once()
		<-ended
		settled()
	}
	heardNow(t, bobRTP)
	r.in(live, func() { live.End(CauseNormal) })
	r.caller.Answer(r.caller.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	r.bob.Answer(r.bob.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	r.gone()
	until(t, func() bool { return streams(t, reg) == 0 })
}

// heardNow waits for sound that came after now.
func heardNow(t *testing.T, r *siptest.RTP) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	now := time.Now()
	if _, err := r.Wait(ctx, func(p siptest.Packet) bool { return p.At.After(now) }); err != nil {
		t.Fatal("the conversation is silent")
	}
}
