package hotline

import (
	"errors"
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
