package hotline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// dying is a rotation that answers its first operations and no other; from then on it lets everybody wait until the budget
// is over.
type dying struct {
	rotation.Rotation
	left *atomic.Int32
}

func (d dying) gone(ctx context.Context) bool {
	if d.left.Add(-1) >= 0 {
		return false
	}
	<-ctx.Done()
	return true
}

func (d dying) Instant() bool { return false }

func (d dying) Claim(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool, error) {
	if d.gone(ctx) {
		return rotation.Claim{}, false, ctx.Err()
	}
	return d.Rotation.Claim(ctx, req)
}

func (d dying) Accept(ctx context.Context, c rotation.Claim) (bool, error) {
	if d.gone(ctx) {
		return false, ctx.Err()
	}
	return d.Rotation.Accept(ctx, c)
}

func (d dying) Valid(ctx context.Context, c rotation.Claim) bool {
	return !d.gone(ctx) && d.Rotation.Valid(ctx, c)
}

func (d dying) Claimed(ctx context.Context, person string) (bool, error) {
	if d.gone(ctx) {
		return false, ctx.Err()
	}
	return d.Rotation.Claimed(ctx, person)
}

func (d dying) Renew(ctx context.Context, c rotation.Claim) error {
	if d.gone(ctx) {
		return ctx.Err()
	}
	return d.Rotation.Renew(ctx, c)
}

func (d dying) Release(ctx context.Context, c rotation.Claim) error {
	if d.gone(ctx) {
		return errors.New("away")
	}
	return d.Rotation.Release(ctx, c)
}

// TestInvariant23AbsentAtAnyStep: the store of claims dies at any step of a call. The first engineer declines, the second
// accepts all the same, and the call ends served, once.
func TestInvariant23AbsentAtAnyStep(t *testing.T) {
	t.Parallel()
	for steps := range 7 {
		t.Run(fmt.Sprint("after ", steps), func(t *testing.T) {
			t.Parallel()
			left := &atomic.Int32{}
			left.Store(int32(steps))
			r := newRig(t, setup{
				people:   []string{"ivan", "petr"},
				rotation: func(m *rotation.Memory) rotation.Rotation { return dying{m, left} },
				cfg:      func(c *Config) { c.ClaimBudget = 50 * time.Millisecond },
			})
			r.answers("ivan", phone.Answer{Status: 603})
			r.answers("petr", quick())
			caller := r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
			r.wait(caller, phone.Rang)
			r.wait(caller, phone.Ended)
			list := r.outcomes(1)
			if o := list[0]; o.Result != dispatch.CallServed || o.Detail.AcceptedBy != "petr" {
				t.Errorf("outcome %s of %q, degraded %q", o.Result, o.Detail.AcceptedBy, o.Detail.Degraded)
			}
		})
	}
}
