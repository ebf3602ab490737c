package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// arbiter is the record's part of the protocol: one open assignment per person, tokens that grow.
type arbiter struct {
	record
	mu   sync.Mutex
	open map[string]rotation.Claim // guarded by mu
	last map[string]uint64         // guarded by mu
}

var errAssigned, errStale = errors.New("assigned"), errors.New("stale")

func (a *arbiter) assign(c rotation.Claim) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if open, taken := a.open[c.Person]; taken && open.Call != c.Call {
		return errAssigned
	}
	if c.Token <= a.last[c.Person] {
		return errStale
	}
	a.open[c.Person], a.last[c.Person] = c, c.Token
	return nil
}

func (a *arbiter) unassign(c rotation.Claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[c.Person].Token == c.Token {
		delete(a.open, c.Person)
	}
}

// figures are what came out of ring.
type figures struct {
	mu                                     sync.Mutex
	served, local, refused, stale, doubles int // guarded by mu
	ringing                                map[string]string
	slowest                                time.Duration
}

// ring serves one call as the hotline does: claim, ask the arbiter, ring, release.
func (f *figures) ring(ctx context.Context, s *rotation.Switch, a *arbiter, call string, people []string) error {
	for attempt := range 50 {
		req := rotation.ClaimRequest{Call: call, Attempt: fmt.Sprint(attempt), Track: "primary", Candidates: s.Order(ctx, "primary", people)}
		began := time.Now()
		c, ok, err := s.Claim(ctx, req)
		took := time.Since(began)
		f.mu.Lock()
		f.slowest = max(f.slowest, took)
		f.mu.Unlock()
		if err != nil {
			return err
		}
		if !ok {
			<-time.After(5 * time.Millisecond)
			continue
		}
		if err := a.assign(c); err != nil {
			_ = s.Release(ctx, c)
			f.mu.Lock()
			f.refused++
			f.mu.Unlock()
			if errors.Is(err, errStale) {
				f.mu.Lock()
				f.stale++
				f.mu.Unlock()
				_ = s.Raise(ctx)
			}
			continue
		}
		f.mu.Lock()
		if f.ringing[c.Person] != "" {
			f.doubles++
		}
		f.ringing[c.Person] = call
		f.served++
		if c.Local {
			f.local++
		}
		f.mu.Unlock()
		<-time.After(20 * time.Millisecond)
		f.mu.Lock()
		f.ringing[c.Person] = ""
		f.mu.Unlock()
		a.unassign(c)
		return s.Release(ctx, c)
	}
	return fmt.Errorf("call %s: nobody was free", call)
}

// TestFailover kills the master among 200 claims of two nodes.
func TestFailover(t *testing.T) {
	t.Parallel()
	sentinels := redistest.StartSentinels(t)
	a := &arbiter{open: map[string]rotation.Claim{}, last: map[string]uint64{}}
	n1, _ := newSwitch(t, quick(sentinels.URL()), rotation.Deps{Epoch: a.raise}, rotation.ModeRedis)
	n2, _ := newSwitch(t, quick(sentinels.URL()), rotation.Deps{Epoch: a.raise}, rotation.ModeRedis)
	f := &figures{ringing: map[string]string{}}
	var people []string
	for i := range 16 {
		people = append(people, fmt.Sprint("engineer", i))
	}
	talks1, talks2 := claim(t, n1, "talks1", "anna"), claim(t, n2, "talks2", "boris")
	accept(t, n1, talks1)
	accept(t, n2, talks2)

	calls := make(chan int)
	var wg sync.WaitGroup
	for w := range 8 {
		node := []*rotation.Switch{n1, n2}[w%2]
		wg.Go(func() {
			for i := range calls {
				if err := f.ring(t.Context(), node, a, fmt.Sprint("call", i), append(people, "anna", "boris")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var killed time.Time
	for i := range 200 {
		if i == 60 {
			sentinels.Master.Kill()
			killed = time.Now()
		}
		calls <- i
		if i >= 60 {
			<-time.After(10 * time.Millisecond)
		}
	}
	close(calls)
	wg.Wait()
	waitMode(t, n1, rotation.ModeMemory)
	waitMode(t, n2, rotation.ModeMemory)
	eventually(t, "the sentinels promote the replica", func() bool {
		addr, err := sentinels.MasterAddr(t.Context())
		return err == nil && addr == sentinels.Replica.Addr()
	})
	promoted := time.Now()
	waitMode(t, n1, rotation.ModeRedis)
	waitMode(t, n2, rotation.ModeRedis)
	back := time.Since(promoted)
	if back > 5*time.Second {
		t.Errorf("back %s after the new master was there", back)
	}
	t.Logf("%d calls rang somebody, %d of them by one node alone, %d refused by the arbiter (%d stale), slowest claim %s, new master after %s, back %s later",
		f.served, f.local, f.refused, f.stale, f.slowest, promoted.Sub(killed), back)
	if f.served != 200 || f.doubles != 0 {
		t.Errorf("%d calls of 200 rang somebody, %d doubles", f.served, f.doubles)
	}
	if f.slowest > rotation.DefaultBudget+200*time.Millisecond {
		t.Errorf("a claim took %s", f.slowest)
	}
	kept(t, n1, talks1)
	kept(t, n2, talks2)
	busy(t, n1, "x", "anna", "boris")
	busy(t, n2, "y", "anna", "boris")
	top := uint64(0)
	for _, token := range a.last {
		top = max(top, token)
	}
	if c := claim(t, n1, "after", people...); c.Token <= top || c.Local {
		t.Errorf("claim %+v after token %d", c, top)
	}
}
