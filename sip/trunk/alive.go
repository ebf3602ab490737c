package trunk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

const (
	// missesToLost is how many OPTIONS in a row, each sent twice within its second, a target may leave unanswered while
	// calls ring through it: the next target's turn comes before four seconds are over.
	missesToLost = 2
	// vigilEvery is how often a target is asked at most, however many calls ring through it: proxies ban who asks often.
	vigilEvery = time.Second
	// vigilForgets is after how long without a question earlier misses no longer count.
	vigilForgets = 5 * time.Second
)

// errLost says that a target has died while a call rang through it.
var errLost = errors.New("the operator's server no longer answers")

// vigil watches one target while calls ring through it. Over UDP nothing else tells that a proxy has died: a call would
// ring into the void until its time is over.
type vigil struct {
	t    *Trunks
	one  *Trunk
	flow wire.Flow

	mu       sync.Mutex
	asking   chan struct{} // guarded by mu: closed when the question under way is over; nil = none is
	asked    time.Time     // guarded by mu: when the last question went out
	answered bool          // guarded by mu: it has answered once; one that never does proves nothing by silence
	misses   int           // guarded by mu: in a row
	verdict  error         // guarded by mu: of the last question
}

// alive returns the question whether the target is there, nil where it must not be asked.
func (t *Trunks) alive(one *Trunk, flow wire.Flow) func(context.Context) error {
	if one.op.NoOptions || t.deps.Sender == nil {
		return nil
	}
	return func(ctx context.Context) error { return one.vigil(t, flow).ask(ctx) }
}

// vigil returns the one watch over a target that all calls share.
func (t *Trunk) vigil(trunks *Trunks, flow wire.Flow) *vigil {
	t.targets.mu.Lock()
	defer t.targets.mu.Unlock()
	key := targetKey(flow)
	v := t.targets.vigils[key]
	if v == nil {
		if t.targets.vigils == nil || len(t.targets.vigils) >= maxTargets { // addresses that DNS has long forgotten
			t.targets.vigils = make(map[string]*vigil)
		}
		v = &vigil{t: trunks, one: t, flow: flow, answered: t.State() == StateUp}
		t.targets.vigils[key] = v
	}
	return v
}

// ask returns what the last question brought, asks anew if it is time, or waits for the answer that somebody else waits for.
func (v *vigil) ask(ctx context.Context) error {
	v.mu.Lock()
	now := v.t.deps.Now()
	if asking := v.asking; asking != nil {
		v.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
			return nil
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.verdict
	}
	if now.Sub(v.asked) < vigilEvery {
		defer v.mu.Unlock()
		return v.verdict
	}
	if now.Sub(v.asked) > vigilForgets {
		v.misses = 0
	}
	asking := make(chan struct{})
	v.asked, v.asking = now, asking
	v.mu.Unlock()
	err := v.options(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asking = nil
	close(asking)
	v.verdict = v.judge(err)
	return v.verdict
}

// options sends one OPTIONS and waits for whatever answer until ctx ends. A transport that breaks is an answer, too.
func (v *vigil) options(ctx context.Context) error {
	req, err := v.t.options(&v.one.op, v.flow.Transport)
	if err != nil {
		return nil //nolint:nilerr // a fault of ours says nothing of the target
	}
	done := make(chan error, 1)
	tx, err := v.t.deps.Sender.Send(req, v.flow, func(ev wire.ClientEvent) {
		select {
		case done <- ev.Err:
		default:
		}
	})
	if err != nil {
		return err
	}
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
		if tx != nil {
			tx.Terminate()
		}
		return ctx.Err()
	}
}

// judge counts one answer, or why there was none; mu is held.
func (v *vigil) judge(err error) error {
	switch {
	case err == nil:
		v.answered, v.misses = true, 0
		return nil
	case errors.Is(err, context.Canceled): // nobody wants to know any more
		return nil
	case errors.Is(err, wire.ErrUnreachable), errors.Is(err, wire.ErrTransport):
		v.misses = missesToLost
	default:
		v.misses++
	}
	if v.misses < missesToLost || !v.answered {
		return nil
	}
	v.one.targets.lay(v.flow, v.t.deps.Now(), restAfterFailure, true)
	return fmt.Errorf("%w: %s by %s: %w", errLost, v.flow.Remote, v.flow.Transport, err)
}
