package hotline

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// settled stops the rig in order: records and releases beside the calls are done then.
func (r *rig) settled() {
	r.stopEngine()
	r.stopHotline()
}

// quick is a phone that accepts at once.
func quick() phone.Answer { return phone.Accepting(0, "1", 50*time.Millisecond) }

// TestArbiterAgrees: asked before the INVITE and before the bridge, told of the end.
func TestArbiterAgrees(t *testing.T) {
	t.Parallel()
	c := newCourt()
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c})
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: time.Second}})
	r.wait(caller, phone.Ended)
	o := r.outcomes(1)[0]
	if o.Result != dispatch.CallServed || len(o.Detail.Degraded) != 0 {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
	r.settled()
	if c.count("assign") != 1 || c.count("confirm") != 1 || c.count("unassign") != 1 {
		t.Errorf("asked %v", c.asked)
	}
	c.idle(t)
	r.free("ivan")
}

// TestAssignedElsewhereIsBusy: who talks on another node is not rung, whatever the rotation says; the next one is.
func TestAssignedElsewhereIsBusy(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.give("ivan", 5)
	r := newRig(t, setup{people: []string{"ivan", "petr"}, arbiter: c})
	r.answers("ivan", quick())
	r.answers("petr", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 500 * time.Millisecond}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Detail.AcceptedBy != "petr" {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
	if n := len(r.eng["ivan"].Sessions()); n != 0 {
		t.Errorf("somebody who talks was rung %d times", n)
	}
	r.settled()
	r.free("ivan", "petr")
}

// TestAllAssignedWait: when all talk on other nodes the caller queues, and is served once one is free.
func TestAllAssignedWait(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.give("ivan", 0)
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c, cfg: func(c *Config) { c.RetryBusy = 50 * time.Millisecond }})
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
	r.wait(caller, phone.Rang)
	c.wait(t, "assign", 3)
	if n := len(r.eng["ivan"].Sessions()); n != 0 {
		t.Errorf("rung %d times", n)
	}
	c.mu.Lock()
	delete(c.open, "ivan")
	c.mu.Unlock()
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
}

// TestStaleClaimIsRaisedOnce: claims that were rewound get a higher token, and the call goes on.
func TestStaleClaimIsRaisedOnce(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.top["ivan"] = 1000
	var turns *raising
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c, rotation: func(m *rotation.Memory) rotation.Rotation {
		turns = &raising{Rotation: m}
		return turns
	}})
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 500 * time.Millisecond}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
	r.settled()
	if turns.raised != 1 || c.top["ivan"] <= 1<<rotation.EpochShift {
		t.Errorf("raised %d times, token %d", turns.raised, c.top["ivan"])
	}
	c.idle(t)
	r.free("ivan")
}

// TestStaleClaimIsNotRung: a token that stays stale rings nobody; the next one is rung.
func TestStaleClaimIsNotRung(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.top["ivan"] = 1 << 60
	r := newRig(t, setup{people: []string{"ivan", "petr"}, arbiter: c})
	r.answers("ivan", quick())
	r.answers("petr", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Detail.AcceptedBy != "petr" || len(r.eng["ivan"].Sessions()) != 0 {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
	r.settled()
	r.free("ivan", "petr")
}

// TestStaleTokenNeverBridges: while the whisper plays another node gets the engineer. His key joins nobody here.
func TestStaleTokenNeverBridges(t *testing.T) {
	t.Parallel()
	for name, trusted := range map[string]bool{"key": false, "trusted phone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCourt()
			c.fail = func(verb string) error {
				if verb == "confirm" {
					c.give("ivan", 1<<50)
				}
				return nil
			}
			r := newRig(t, setup{people: []string{"ivan"}, arbiter: c, plan: func(_ *rig, p *dispatch.Plan) {
				p.Rungs[0].Duties[0].Person.Devices[0].Trusted = trusted
			}})
			r.answers("ivan", phone.Accepting(20*time.Millisecond, "1", 50*time.Millisecond))
			caller := r.dial(phone.Options{CancelAfter: 4 * time.Second})
			ivan := r.incoming(r.eng["ivan"], 1)
			r.wait(ivan, phone.Answered)
			r.wait(ivan, phone.Ended)
			r.wait(caller, phone.Ended)
			o := r.outcomes(1)[0]
			if o.Result == dispatch.CallServed || o.Detail.AcceptedBy != "" || len(r.desk.accepted) != 0 || o.Detail.Talk != 0 {
				t.Errorf("a stale token has joined two people: %+v", o)
			}
			if got := r.tried(); len(got) == 0 || got[0] != "ivan cancelled" {
				t.Errorf("attempts %q", got)
			}
		})
	}
}

// TestArbiterAway: the call goes on with the claim alone, soon, and says so once.
func TestArbiterAway(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	c := &hung{court: newCourt(), until: hang}
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c, cfg: func(c *Config) { c.ArbiterBudget = 700 * time.Millisecond }})
	t.Cleanup(func() { close(hang) })
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 500 * time.Millisecond}})
	if e := r.wait(caller, phone.Rang); e.At > 600*time.Millisecond {
		t.Errorf("ringing after %s: it waited for the arbiter", e.At)
	}
	r.wait(caller, phone.Ended)
	o := r.outcomes(1)[0]
	if o.Result != dispatch.CallServed || !slices.Equal(o.Detail.Degraded, []string{"arbiter"}) {
		t.Errorf("outcome %s, degraded %q", o.Result, o.Detail.Degraded)
	}
	r.settled()
	r.free("ivan")
}

// TestArbiterComesBack: what it could not be asked before the INVITE it is asked before the bridge.
func TestArbiterComesBack(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{"free": false, "taken meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCourt()
			first := true
			c.fail = func(verb string) error {
				if verb == "assign" && first {
					first = false
					return errors.New("locked")
				}
				return nil
			}
			r := newRig(t, setup{people: []string{"ivan"}, arbiter: c})
			r.answers("ivan", phone.Accepting(20*time.Millisecond, "1", 100*time.Millisecond))
			caller := r.dial(phone.Options{CancelAfter: 4 * time.Second, Talk: phone.Talk{For: 500 * time.Millisecond}})
			ivan := r.incoming(r.eng["ivan"], 1)
			if taken {
				c.give("ivan", 1<<50)
			}
			r.wait(ivan, phone.Ended)
			r.wait(caller, phone.Ended)
			o := r.outcomes(1)[0]
			if served := o.Result == dispatch.CallServed; served == taken || !slices.Equal(o.Detail.Degraded, []string{"arbiter"}) {
				t.Errorf("outcome %s, degraded %q", o.Result, o.Detail.Degraded)
			}
		})
	}
}

// TestLostRenewStopsDialling: the claim is somebody else's when the first device has rung in vain; the second stays silent.
func TestLostRenewStopsDialling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ known, remote bool }{
		"known by the renewal": {known: true}, "asked before the INVITE": {}, "asked beside the call": {remote: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup{people: []string{"ivan", "second", "petr"}, plan: func(r *rig, p *dispatch.Plan) {
				d := p.Rungs[0].Duties
				d[0].Devices = []oncall.Device{d[0].Person.Devices[0], d[1].Person.Devices[0]}
				p.Rungs[0].Duties, p.Rungs[0].RingTime = []dispatch.Candidate{d[0], d[2]}, time.Second
			}}
			if c.remote {
				s.rotation = func(m *rotation.Memory) rotation.Rotation { return remote{m} }
			}
			r := newRig(t, s)
			r.answers("ivan", phone.Ringing())
			r.answers("second", quick())
			r.answers("petr", quick())
			caller := r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
			r.wait(r.incoming(r.eng["ivan"], 1), phone.Rang)
			r.steal("ivan")
			if c.known {
				r.hotline.renew(t.Context())
			}
			r.wait(caller, phone.Ended)
			if o := r.outcomes(1)[0]; o.Detail.AcceptedBy != "petr" || len(r.eng["second"].Sessions()) != 0 {
				t.Errorf("accepted by %q, the second device was rung %d times", o.Detail.AcceptedBy, len(r.eng["second"].Sessions()))
			}
		})
	}
}

// steal gives the claim on somebody to another call, behind the hotline's back.
func (r *rig) steal(person string) {
	r.Helper()
	for _, one := range r.hotline.held.list() {
		if one.claim.Person == person {
			r.must(r.rotation.Release(r.Context(), one.claim))
		}
	}
	if _, ok, err := r.rotation.Claim(r.Context(), rotation.ClaimRequest{Call: "thief", Attempt: "1", Candidates: []string{person}}); !ok || err != nil {
		r.Fatal("not stolen", err)
	}
}

// TestLostRenewCutsNoConversation: two who talk go on talking when their claim is lost, in the rotation and with the arbiter.
func TestLostRenewCutsNoConversation(t *testing.T) {
	t.Parallel()
	c := newCourt()
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c})
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Tone: 700, Keys: []phone.Key{{Digits: "1"}}}})
	caller := r.dial(phone.Options{Talk: phone.Talk{Tone: 440}})
	r.wait(caller, phone.Answered)
	r.steal("ivan")
	c.give("ivan", 1<<50)
	r.hotline.renew(t.Context())
	ivan := r.incoming(r.eng["ivan"], 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ivan.WaitHeard(ctx, 440, time.Second); err != nil {
		t.Error("the conversation was cut:", err)
	}
	caller.Hangup()
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
	}
	r.settled()
	if !c.holds("ivan") {
		t.Error("the other node's assignment was ended")
	}
}

// TestLostKeyIsRefused: the claim was lost while the engineer listened.
func TestLostKeyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1", After: 500 * time.Millisecond}}}})
	caller := r.dial(phone.Options{CancelAfter: 3 * time.Second})
	ivan := r.incoming(r.eng["ivan"], 1)
	r.wait(ivan, phone.Answered)
	r.steal("ivan")
	r.wait(ivan, phone.Ended)
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result == dispatch.CallServed || len(r.desk.accepted) != 0 {
		t.Errorf("a lost claim has joined two people: %+v", o)
	}
}
