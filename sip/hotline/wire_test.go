package hotline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestCallIsServed plays the happy path over the wire: ring, key 1, talk, hang up.
func TestCallIsServed(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Answer{Ring: 50 * time.Millisecond, Talk: phone.Talk{
		Tone: 700, Keys: []phone.Key{{Digits: "1", After: 300 * time.Millisecond}}, For: 3 * time.Second,
	}})
	caller := r.dial(phone.Options{Talk: phone.Talk{Tone: 440}})
	r.wait(caller, phone.Rang)
	r.wait(caller, phone.Answered)
	ivan := r.incoming(r.eng["ivan"], 1)
	r.wait(ivan, phone.Answered)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := caller.WaitHeard(ctx, 700, 200*time.Millisecond); err != nil {
		t.Error("the caller does not hear the engineer:", err)
	}
	if err := ivan.WaitHeard(ctx, 440, 200*time.Millisecond); err != nil {
		t.Error("the engineer does not hear the caller:", err)
	}
	r.wait(caller, phone.Ended)
	o := r.outcomes(1)[0]
	if o.Result != dispatch.CallServed || o.Ref.Number != "VH-26-000001" || o.Detail.AcceptedBy != "ivan" || o.Detail.Talk < time.Second {
		t.Errorf("outcome %+v", o)
	}
	if got := r.tried(); !slices.Equal(got, []string{"ivan accepted"}) {
		t.Errorf("attempts %q", got)
	}
	if len(r.desk.accepted) != 1 || r.desk.accepted[0].T0.IsZero() || !r.desk.accepted[0].At.After(r.desk.accepted[0].T0) {
		t.Errorf("accepted %+v", r.desk.accepted)
	}
	if got := r.desk.accepted[0].Recording; got == "" || got != o.Detail.Recording.Path {
		t.Errorf("accepted with recording %q, ended with %q", got, o.Detail.Recording.Path)
	}
	if got := r.desk.accepted[0].Legs; len(got) != 2 || got[0].Name != callerLeg || got[1].Person != "ivan" || got[1].AnsweredAt.IsZero() {
		t.Errorf("accepted with legs %+v", got)
	}
	info, err := os.Stat(o.Detail.Recording.Path)
	if err != nil || info.Size() < 16000 {
		t.Errorf("recording %+v: %v", o.Detail.Recording, err)
	}
	if ok, _ := filepath.Match("*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/VH-26-000001-*.wav", "x"+lastParts(o.Detail.Recording.Path, 4)); !ok {
		t.Errorf("recording path %s", o.Detail.Recording.Path)
	}
	r.free("ivan")
}

func lastParts(path string, n int) string {
	out := ""
	for range n {
		out = "/" + filepath.Base(path) + out
		path = filepath.Dir(path)
	}
	return out
}

// TestNextEngineer: whatever the first phone does, the second one serves the call.
func TestNextEngineer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first phone.Answer
		want  string
	}{
		"busy":        {phone.Refusing(486), "busy"},
		"declined":    {phone.Refusing(603), "declined"},
		"unavailable": {phone.Refusing(480), "unreachable"},
		"overloaded":  {phone.Refusing(503), "unreachable"},
		"silent":      {phone.Off(), "silent"},
		"no answer":   {phone.Ringing(), "no_answer"},
		"presses 2":   {phone.Accepting(0, "2", 100*time.Millisecond), "declined"},
		"mailbox":     {phone.Answering(0, phone.Talk{}), "no_key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan", "petr"}, plan: func(_ *rig, p *dispatch.Plan) {
				p.Rungs[0].RingTime = 3 * time.Second
				p.Line.Language = "en"
			}, cfg: func(c *Config) { c.KeyPause, c.LastPause = 10*time.Millisecond, 10*time.Millisecond }})
			r.answers("ivan", c.first)
			r.answers("petr", phone.Answer{Ring: 20 * time.Millisecond, Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 2 * time.Second}})
			caller := r.dial(phone.Options{})
			r.wait(caller, phone.Ended)
			o := r.outcomes(1)
			if len(o) != 1 || o[0].Result != dispatch.CallServed || o[0].Detail.AcceptedBy != "petr" {
				t.Errorf("outcomes %+v", o)
			}
			if got := r.tried(); !slices.Equal(got, []string{"ivan " + c.want, "petr accepted"}) {
				t.Errorf("attempts %q", got)
			}
			r.free("ivan", "petr")
		})
	}
}

// TestTrustedSoftphone accepts by answering, and shows the caller's number.
func TestTrustedSoftphone(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}, plan: func(_ *rig, p *dispatch.Plan) {
		p.Rungs[0].Duties[0].Person.Devices[0].Trusted = true
	}})
	r.answers("ivan", phone.Answer{Ring: 20 * time.Millisecond, Talk: phone.Talk{For: time.Second}})
	caller := r.dial(phone.Options{})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %+v", o)
	}
	from := r.incoming(r.eng["ivan"], 1).Request().From()
	if from.URI.User != clientNumber {
		t.Errorf("the softphone shows %q", from.URI.User)
	}
}

// TestRaceR28 goes on without a ticket when the store is slow, and writes it
// down as soon as the store answers.
func TestRaceR28(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}, desk: func(d *desk) { d.hold = make(chan struct{}) }})
	r.answers("ivan", phone.Accepting(0, "1", 50*time.Millisecond))
	caller := r.dial(phone.Options{Talk: phone.Talk{For: time.Second}})
	r.wait(caller, phone.Ended)
	close(r.desk.hold)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Ref.Number != "VH-26-000001" {
		t.Errorf("outcome %+v", o)
	}
	if len(r.desk.accepted) != 1 {
		t.Errorf("accepted %+v", r.desk.accepted)
	}
}

// TestStoreRefusesAtFirst: the ticket is opened by a later try.
func TestStoreRefusesAtFirst(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	r := newRig(t, setup{people: []string{"ivan"}, desk: func(d *desk) {
		d.deny = func() error {
			if tries.Add(1) < 3 {
				return errors.New("disk full")
			}
			return nil
		}
	}})
	r.answers("ivan", phone.Accepting(0, "1", 50*time.Millisecond))
	caller := r.dial(phone.Options{Talk: phone.Talk{For: time.Second}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Ref.Zero() {
		t.Errorf("outcome %+v", o)
	}
}

// TestCallerLeaves: the engineer who is being asked hears so, presses 1, and the client is called back.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: 440})))
	r.answers("ivan", phone.Answer{Talk: phone.Talk{
		Tone: 700, Keys: []phone.Key{{Digits: "1", After: 3 * time.Second}}, For: 6 * time.Second,
	}})
	caller := r.dial(phone.Options{CancelAfter: 800 * time.Millisecond})
	r.wait(caller, phone.Ended)
	back := r.incoming(r.client, 1)
	r.wait(back, phone.Answered)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := back.WaitHeard(ctx, 700, 200*time.Millisecond); err != nil {
		t.Error("the client does not hear the engineer:", err)
	}
	o := r.outcomes(1)[0]
	if o.Result != dispatch.CallServed || o.Detail.AcceptedBy != "ivan" {
		t.Errorf("outcome %+v", o)
	}
	if !slices.Equal(r.desk.acked, []string{"ivan accept_key"}) {
		t.Errorf("acknowledged %q", r.desk.acked)
	}
	r.free("ivan")
}

// TestAbandoned: the caller leaves while the phone rings. One outcome, nothing rings on.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Ringing())
	caller := r.dial(phone.Options{CancelAfter: 300 * time.Millisecond})
	r.wait(caller, phone.Ended)
	r.wait(r.incoming(r.eng["ivan"], 1), phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallAbandoned {
		t.Errorf("outcome %+v", o)
	}
	if got := r.tried(); !slices.Equal(got, []string{"ivan cancelled"}) {
		t.Errorf("attempts %q", got)
	}
	r.free("ivan")
}

// TestExhausted: nobody accepts; the caller is answered and told so.
func TestExhausted(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Refusing(486))
	caller := r.dial(phone.Options{})
	r.wait(caller, phone.Answered)
	r.wait(caller, phone.Heard)
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallExhausted {
		t.Errorf("outcome %+v", o)
	}
}

// TestParallelRace (R6): two phones answer and press 1 in the same moment.
func TestParallelRace(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan", "petr"}, plan: func(_ *rig, p *dispatch.Plan) { p.Rungs[0].Parallel = true }})
	for _, name := range []string{"ivan", "petr"} {
		r.answers(name, phone.Accepting(20*time.Millisecond, "1", 100*time.Millisecond))
	}
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 3 * time.Second}})
	r.wait(caller, phone.Ended)
	r.wait(r.incoming(r.eng["ivan"], 1), phone.Ended)
	r.wait(r.incoming(r.eng["petr"], 1), phone.Ended)
	if o := r.outcomes(1); len(o) != 1 || o[0].Result != dispatch.CallServed {
		t.Errorf("outcomes %+v", o)
	}
	got := r.tried()
	slices.Sort(got)
	if len(got) != 2 || len(r.desk.accepted) != 1 {
		t.Errorf("attempts %q, accepted %+v", got, r.desk.accepted)
	}
	r.free("ivan", "petr")
}

// TestQueue: more callers than engineers. Nobody is rung for two calls at once, all are served.
func TestQueue(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*rotation.Memory) rotation.Rotation{
		"memory": nil,
		"remote": func(m *rotation.Memory) rotation.Rotation { return remote{m} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan", "petr"}, rotation: wrap})
			for _, name := range []string{"ivan", "petr"} {
				r.answers(name, phone.Answer{Ring: 10 * time.Millisecond, Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 700 * time.Millisecond}})
			}
			const callers = 12
			var calls []*phone.Session
			for range callers {
				calls = append(calls, r.dial(phone.Options{}))
			}
			for _, c := range calls {
				r.wait(c, phone.Ended)
			}
			for _, o := range r.outcomes(callers) {
				if o.Result != dispatch.CallServed {
					t.Errorf("outcome %s of %s", o.Result, o.Ref.Number)
				}
			}
			for name, p := range r.eng {
				sessions := p.Sessions()
				for i := 1; i < len(sessions); i++ {
					r.wait(sessions[i-1], phone.Ended)
				}
				t.Logf("%s served %d", name, len(sessions))
			}
			r.free("ivan", "petr")
		})
	}
}

// remote hides that the rotation is in memory: it is asked beside the call.
type remote struct{ rotation.Rotation }

// TestRotationAway: the store of claims does not answer; the call goes on with this node's own claims.
func TestRotationAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{
		people:   []string{"ivan"},
		rotation: func(m *rotation.Memory) rotation.Rotation { return away{m} },
		cfg:      func(c *Config) { c.ClaimBudget = 50 * time.Millisecond },
	})
	r.answers("ivan", phone.Accepting(0, "1", 50*time.Millisecond))
	caller := r.dial(phone.Options{Talk: phone.Talk{For: time.Second}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %+v", o)
	}
}

// away is a rotation that lets everybody wait for nothing.
type away struct{ rotation.Rotation }

func (away) Claim(ctx context.Context, _ rotation.ClaimRequest) (rotation.Claim, bool, error) {
	<-ctx.Done()
	return rotation.Claim{}, false, ctx.Err()
}

func (away) Accept(ctx context.Context, _ rotation.Claim) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

// TestCancelAtEveryPoint (R1, R3, R4): the caller cancels at any moment. One
// ticket and one outcome a call, and nobody stays claimed.
func TestCancelAtEveryPoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Answer{Ring: 5 * time.Millisecond, Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 300 * time.Millisecond}})
	const calls = 40
	for i := range calls {
		o := phone.Options{CancelAfter: time.Duration(i) * time.Millisecond, Talk: phone.Talk{For: 20 * time.Millisecond}}
		if i == 0 {
			o.CancelAfter = time.Microsecond
		}
		r.wait(r.dial(o), phone.Ended)
	}
	r.desk.mu.Lock()
	tickets := len(r.desk.opened) // a CANCEL that overtakes its INVITE ends it before it is a call
	r.desk.mu.Unlock()
	got := map[string]int{}
	for _, o := range r.outcomes(tickets) {
		got[o.Call]++
	}
	for call, n := range got {
		if n != 1 {
			t.Errorf("%d outcomes of %s", n, call)
		}
	}
	if len(got) != tickets || tickets < calls-2 {
		t.Errorf("%d tickets, %d calls have an outcome", tickets, len(got))
	}
	r.free("ivan")
}

// TestNoWayToTheDevice: a number without a trunk and a host without an address cost no time.
func TestNoWayToTheDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}, plan: func(r *rig, p *dispatch.Plan) {
		p.Rungs[0].Duties[0].Devices = []oncall.Device{
			{Kind: oncall.Softphone, URI: "sip:ivan@nowhere.invalid"}, {Kind: oncall.Softphone, URI: r.eng["ivan"].URI()},
		}
	}})
	r.answers("ivan", phone.Accepting(0, "1", 0))
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 500 * time.Millisecond}})
	if e := r.wait(caller, phone.Answered); e.At > 3*time.Second {
		t.Errorf("answered after %s", e.At)
	}
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %+v", o)
	}
}
