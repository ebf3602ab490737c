package hotline

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
)

// court is an arbiter in memory that can be made to fail.
type court struct {
	fail func(verb string) error // set before use; nil = never

	mu    sync.Mutex
	open  map[string]dispatch.Assignment
	top   map[string]uint64
	epoch uint64
	ended map[claimKey]int // how often each was ended
	begun map[claimKey]int
	asked map[string]int // by verb
	heard chan struct{}  // closed and replaced by every question
}

func newCourt() *court {
	return &court{
		open: map[string]dispatch.Assignment{}, top: map[string]uint64{}, asked: map[string]int{},
		ended: map[claimKey]int{}, begun: map[claimKey]int{}, heard: make(chan struct{}),
	}
}

func (c *court) ask(verb string) error {
	c.mu.Lock()
	c.asked[verb]++
	close(c.heard)
	c.heard = make(chan struct{})
	c.mu.Unlock()
	if c.fail != nil {
		return c.fail(verb)
	}
	return nil
}

func same(a, b dispatch.Assignment) bool {
	return a.Person == b.Person && a.Call == b.Call && a.Attempt == b.Attempt && a.Token == b.Token
}

func (c *court) Assign(_ context.Context, a dispatch.Assignment, now time.Time) error {
	if err := c.ask("assign"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if open, ok := c.open[a.Person]; ok && now.Before(open.Until) {
		if same(open, a) {
			return nil
		}
		return dispatch.ErrAssigned
	}
	if a.Token <= c.top[a.Person] {
		return dispatch.ErrStale
	}
	c.open[a.Person], c.top[a.Person] = a, a.Token
	c.begun[claimKey{a.Call, a.Attempt}]++
	return nil
}

func (c *court) Confirm(_ context.Context, a dispatch.Assignment, now time.Time) error {
	if err := c.ask("confirm"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.open[a.Person]
	if !same(open, a) {
		return dispatch.ErrStale
	}
	if !now.Before(open.Until) { // run out, and nobody else's
		c.open[a.Person] = a
	}
	return nil
}

func (c *court) Extend(_ context.Context, list []dispatch.Assignment) error {
	if err := c.ask("extend"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range list {
		if open, ok := c.open[a.Person]; ok && same(open, a) {
			c.open[a.Person] = a
		}
	}
	return nil
}

func (c *court) Unassign(_ context.Context, a dispatch.Assignment) error {
	if err := c.ask("unassign"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[claimKey{a.Call, a.Attempt}]++
	if open, ok := c.open[a.Person]; ok && same(open, a) {
		delete(c.open, a.Person)
	}
	return nil
}

func (c *court) RaiseEpoch(context.Context) (uint64, error) {
	if err := c.ask("raise"); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	return c.epoch, nil
}

// give makes a person another node's.
func (c *court) give(person string, token uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[person] = dispatch.Assignment{
		Person: person, Call: "elsewhere", Attempt: "1", Node: "b", Token: token, Until: time.Now().Add(time.Hour),
	}
	c.top[person] = max(c.top[person], token)
}

func (c *court) count(verb string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[verb]
}

// wait returns when a verb was asked n times.
func (c *court) wait(t *testing.T, verb string, n int) {
	t.Helper()
	for deadline := time.After(patience); ; {
		c.mu.Lock()
		asked, heard := c.asked[verb], c.heard
		c.mu.Unlock()
		if asked >= n {
			return
		}
		select {
		case <-heard:
		case <-deadline:
			t.Fatalf("%s was asked %d times of %d", verb, asked, n)
		}
	}
}

func (c *court) holds(person string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.open[person]
	return ok
}

// idle expects that all assignments are ended, each once.
func (c *court) idle(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for person, a := range c.open {
		t.Errorf("%s is still assigned to %s", person, a.Call)
	}
	for key := range c.begun {
		if n := c.ended[key]; n != 1 {
			t.Errorf("the assignment of %v was ended %d times", key, n)
		}
	}
}

// hung is an arbiter that does not answer.
type hung struct {
	*court

	until chan struct{}
}

func (h *hung) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.until:
		return errors.New("gone")
	}
}

func (h *hung) Assign(ctx context.Context, _ dispatch.Assignment, _ time.Time) error {
	return h.wait(ctx)
}

func (h *hung) Confirm(ctx context.Context, _ dispatch.Assignment, _ time.Time) error {
	return h.wait(ctx)
}

func (h *hung) Unassign(ctx context.Context, _ dispatch.Assignment) error { return h.wait(ctx) }

// raising is a rotation whose tokens were rewound and can be raised.
type raising struct {
	rotation.Rotation

	mu     sync.Mutex
	raised int
	lift   uint64
}

func (r *raising) Claim(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool, error) {
	c, ok, err := r.Rotation.Claim(ctx, req)
	return r.lifted(c, 1), ok, err
}

func (r *raising) lifted(c rotation.Claim, sign int) rotation.Claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sign > 0 {
		c.Token += r.lift
	} else if c.Token > r.lift {
		c.Token -= r.lift
	}
	return c
}

func (r *raising) Release(ctx context.Context, c rotation.Claim) error {
	return r.Rotation.Release(ctx, r.lifted(c, -1))
}

func (r *raising) Renew(ctx context.Context, c rotation.Claim) error {
	return r.Rotation.Renew(ctx, r.lifted(c, -1))
}

func (r *raising) Accept(ctx context.Context, c rotation.Claim) (bool, error) {
	return r.Rotation.Accept(ctx, r.lifted(c, -1))
}

func (r *raising) Raise(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raised++
	r.lift = 1 << rotation.EpochShift
	return nil
}
