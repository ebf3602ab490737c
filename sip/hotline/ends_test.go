package hotline

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestEndToldLater: the arbiter was away when a call ended. As soon as it answers its person is rung again, and not only
// when the assignment has run out.
func TestEndToldLater(t *testing.T) {
	t.Parallel()
	c := newCourt()
	var away atomic.Bool
	c.fail = func(string) error {
		if away.Load() {
			return errors.New("the record is away")
		}
		return nil
	}
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c})
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: time.Second}})
	r.wait(r.incoming(r.eng["ivan"], 1), phone.Answered)
	r.wait(caller, phone.Answered)
	away.Store(true)
	r.wait(caller, phone.Ended)
	c.wait(t, "unassign", 1)
	r.outcomes(1)
	away.Store(false)
	again := r.dial(phone.Options{CancelAfter: 3 * time.Second, Talk: phone.Talk{For: 300 * time.Millisecond}})
	r.wait(again, phone.Ended)
	if o := r.outcomes(2)[1]; o.Result != dispatch.CallServed {
		t.Errorf("the next call was %s", o.Result)
	}
	r.settled()
	c.idle(t)
}

// TestPoisonedEndFreesThePerson: an arbiter that breaks whoever tells it of an end does not keep the claim.
func TestPoisonedEndFreesThePerson(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.fail = func(verb string) error {
		if verb == "unassign" {
			panic("poisoned")
		}
		return nil
	}
	r := newRig(t, setup{people: []string{"ivan"}, arbiter: c})
	r.answers("ivan", quick())
	r.wait(r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}}), phone.Ended)
	r.settled()
	r.free("ivan")
}

// TestPoisonedEndIsNotTheLast: whoever tells the ends later breaks at one; the next end has somebody tell them again.
func TestPoisonedEndIsNotTheLast(t *testing.T) {
	t.Parallel()
	c := newCourt()
	var tries atomic.Int64
	c.fail = func(string) error {
		switch tries.Add(1) {
		case 1, 3:
			return errors.New("the record is away")
		case 2:
			panic("poisoned")
		}
		return nil
	}
	h := &Hotline{cfg: Default(), arbiter: c, now: time.Now, log: slog.New(slog.DiscardHandler), stopping: make(chan struct{}), queues: newQueues(time.Now, nil)}
	end := func(person string) {
		h.unassign(t.Context(), dispatch.Assignment{Person: person, Call: "x", Attempt: person, Token: 1, Until: time.Now().Add(time.Hour)})
		h.work.Wait()
	}
	end("ivan")
	end("petr")
	h.ends.mu.Lock()
	defer h.ends.mu.Unlock()
	if len(h.ends.list) > 0 || h.ends.telling {
		t.Errorf("not told: %+v", h.ends.list)
	}
}
