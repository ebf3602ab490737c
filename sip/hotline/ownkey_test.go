package hotline

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestPageWithdrawnByItsOwnKey: the acknowledgement ends all pages of the ticket, the one it came by included, and that
// may be heard before the acknowledgement is known to be on record. It is his own all the same.
func TestPageWithdrawnByItsOwnKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Accepting(0, "1", 100*time.Millisecond))
	ctx, withdraw := context.WithCancelCause(t.Context())
	posted := make(chan struct{})
	r.desk.acking = func() {
		withdraw(errors.New("no longer needed"))
		<-posted
	}
	go func() { // the withdrawal has been through the call's loop when this comes after it
		<-ctx.Done()
		for range 100 {
			for _, c := range r.engine.Calls() {
				done := make(chan struct{})
				if c.Post(func() { close(done) }) {
					<-done
				}
			}
		}
		close(posted)
	}()
	var tried []dispatch.Attempt
	n := r.notice("ivan")
	n.Report = func(a dispatch.Attempt) { tried = append(tried, a) }
	if result, err := r.hotline.Notify(ctx, n); err != nil || result != dispatch.ResultAcknowledged {
		t.Errorf("the page ended with %s, %v", result, err)
	}
	if len(tried) != 1 || tried[0].Outcome != dispatch.AttemptAcknowledged {
		t.Errorf("attempts %+v", tried)
	}
	if len(r.desk.acked) != 1 {
		t.Errorf("acknowledged %q", r.desk.acked)
	}
}
