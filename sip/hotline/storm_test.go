package hotline

import (
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestDeadPhones: fifty callers at once while no engineer's phone works. The
// phones are tried as often as their back-off lets them and no more; every
// caller gets a ticket, the closing words and an alarm.
func TestDeadPhones(t *testing.T) {
	t.Parallel()
	const callers, rest = 50, time.Second
	r := newRig(t, setup{people: []string{"ivan", "petr"}, plan: func(_ *rig, p *dispatch.Plan) { p.Rounds = 3 }, cfg: func(c *Config) {
		c.PersonBackoff, c.MinRound, c.RetryBusy = rest, 200*time.Millisecond, rest
	}})
	r.answers("ivan", phone.Refusing(486))
	r.answers("petr", phone.Refusing(480))
	began := time.Now()
	calls := make([]*phone.Session, callers)
	for i := range calls {
		calls[i] = r.dial(phone.Options{})
	}
	for _, c := range calls {
		r.wait(c, phone.Answered)
		r.wait(c, phone.Heard)
		r.wait(c, phone.Ended)
	}
	for _, o := range r.outcomes(callers) {
		if o.Result != dispatch.CallExhausted || o.Ref.Number == "" {
			t.Errorf("outcome %s of ticket %q", o.Result, o.Ref.Number)
		}
	}
	tries, took := len(r.tried()), time.Since(began)
	if most := len(r.eng) * (int(took/rest) + 1); tries > most || tries < 2 {
		t.Errorf("%d attempts in %s, want at most %d", tries, took, most)
	}
	t.Logf("%d attempts in %s", tries, took)
	r.free("ivan", "petr")
}

// TestPhoneComesAlive: a dead phone that works again serves those who wait, the
// first one first.
func TestPhoneComesAlive(t *testing.T) {
	t.Parallel()
	const callers, rest = 6, 500 * time.Millisecond
	r := newRig(t, setup{people: []string{"ivan"}, plan: func(_ *rig, p *dispatch.Plan) { p.Exhausted = dispatch.ExhaustedHold }, cfg: func(c *Config) {
		c.PersonBackoff, c.MinRound, c.RetryBusy = rest, 100*time.Millisecond, rest
	}})
	r.answers("ivan", phone.Refusing(486))
	calls := make([]*phone.Session, callers)
	for i := range calls {
		calls[i] = r.dial(phone.Options{})
		r.wait(calls[i], phone.Rang)
	}
	r.tries(4)
	alive := time.Now()
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 300 * time.Millisecond}})
	r.wait(calls[0], phone.Answered)
	if took := time.Since(alive); took > 5*rest {
		t.Errorf("the first caller was served after %s", took)
	}
	for _, c := range calls {
		r.wait(c, phone.Ended)
	}
	served := r.outcomes(callers)
	if !slices.IsSortedFunc(served, func(a, b dispatch.Outcome) int { return a.Detail.Legs[0].StartedAt.Compare(b.Detail.Legs[0].StartedAt) }) {
		t.Error("a later caller was served before an earlier one")
	}
	for _, o := range served {
		if o.Result != dispatch.CallServed {
			t.Errorf("outcome %s", o.Result)
		}
	}
	r.free("ivan")
}

// tries waits until n attempts are on record.
func (r *rig) tries(n int) {
	r.Helper()
	for deadline := time.After(patience); ; {
		r.desk.mu.Lock()
		got, changed := len(r.desk.attempts), r.desk.changed
		r.desk.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			r.Fatalf("%d of %d attempts after %s", got, n, patience)
		}
	}
}
