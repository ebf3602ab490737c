package hotline

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// A hundred calls whose ticket breaks whoever opens it: the process lives, a client beside them is served, and what
// cannot be recorded is given up instead of being tried for ever.
func TestPoisonedTicketsCostTheirRecordsOnly(t *testing.T) {
	t.Parallel()
	const calls = 100
	var poison atomic.Bool
	var tries atomic.Int64
	r := newRig(t, setup{
		people: []string{"ivan"},
		desk: func(d *desk) {
			d.deny = func() error {
				if poison.Load() {
					tries.Add(1)
					panic("poisoned ticket")
				}
				return nil
			}
		},
	})
	r.answers("ivan", phone.Ringing())
	poison.Store(true)
	for range calls {
		r.hangUp(phone.Options{})
	}
	counts(t, &tries, calls*maxTries)
	poison.Store(false)
	r.served("ivan")
	if n := tries.Load(); n != calls*maxTries {
		t.Errorf("%d tries of %d records that break", n, calls)
	}
	r.free("ivan")
}

// counts waits until a counter has come to n.
func counts(t *testing.T, c *atomic.Int64, n int64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); c.Load() < n; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("came to %d of %d", c.Load(), n)
		}
	}
}

// hangUp calls, hears it ring and hangs up.
func (r *rig) hangUp(o phone.Options) {
	r.Helper()
	s := r.dial(o)
	r.wait(s, phone.Rang)
	s.Hangup()
	r.wait(s, phone.Ended)
}

// served calls and expects to talk to somebody: the hotline works. It is the last call of a rig.
func (r *rig) served(name string) {
	r.Helper()
	a := phone.Accepting(0, "1", 50*time.Millisecond)
	a.Talk.For = time.Second // a busy machine may need so long to hear the key
	r.answers(name, a)
	r.wait(r.dial(phone.Options{}), phone.Ended)
	r.settled() // its records are written, its claim is back
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	if n := len(r.desk.accepted); n != 1 || r.desk.accepted[0].Person != name {
		r.Errorf("accepted: %+v", r.desk.accepted)
	}
}

// A rotation that breaks whoever claims, twenty times: the callers hear it ring all the time, and the next one is served.
func TestPoisonedClaimsCostTheirCallsOnly(t *testing.T) {
	t.Parallel()
	broken := &brokenRotation{}
	r := newRig(t, setup{
		people:   []string{"ivan"},
		rotation: func(m *rotation.Memory) rotation.Rotation { broken.Rotation = m; return broken },
	})
	broken.poison.Store(true)
	for n := range int64(20) {
		s := r.dial(phone.Options{})
		r.wait(s, phone.Rang)
		counts(t, &broken.claims, n+1)
		s.Hangup()
		r.wait(s, phone.Ended)
	}
	broken.poison.Store(false)
	r.served("ivan")
	r.free("ivan")
}

// Work beside a call that breaks tells whoever waits for its answer, and Run still waits for what is under way.
func TestBesideOr(t *testing.T) {
	t.Parallel()
	h := &Hotline{log: slog.New(slog.DiscardHandler)}
	told := make(chan struct{})
	h.besideOr(func() { panic("poisoned") }, func() { close(told); panic("again") })
	<-told
	h.beside(func() { panic("poisoned") })
	h.work.Wait()
	if err := h.safely(func() { panic("poisoned") }); !errors.Is(err, errBroke) {
		t.Errorf("got %v", err)
	}
	if err := h.safely(func() {}); err != nil {
		t.Errorf("got %v", err)
	}
}

// brokenRotation breaks at each claim while it is poisoned; it answers beside the call, as Redis does.
type brokenRotation struct {
	rotation.Rotation
	poison atomic.Bool
	claims atomic.Int64
}

func (*brokenRotation) Instant() bool { return false }

func (b *brokenRotation) Claim(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool, error) {
	if b.poison.Load() {
		b.claims.Add(1)
		panic("poisoned claim")
	}
	return b.Rotation.Claim(ctx, req)
}
