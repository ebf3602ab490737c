package trunk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/butlerspb/vahta/sip/wire"
)

// missesToLost is how many OPTIONS in a row, each sent twice within its second, a target may leave unanswered while a call
// rings through it: with half a second between them the next target's turn comes after three.
const missesToLost = 2

// errLost says that a target has died while a call rang through it.
var errLost = errors.New("the operator's server no longer answers")

// vigil watches one target while a call rings through it. Over UDP nothing else tells that a proxy has died: the call
// would ring into the void until its time is over.
type vigil struct {
	t    *Trunks
	one  *Trunk
	flow wire.Flow

	mu       sync.Mutex
	answered bool // it has answered OPTIONS once; one that never does proves nothing by silence
	misses   int
}

// alive returns the question whether the target is there, nil where it must not be asked.
func (t *Trunks) alive(one *Trunk, flow wire.Flow) func(context.Context) error {
	if one.op.NoOptions || t.deps.Sender == nil {
		return nil
	}
	v := &vigil{t: t, one: one, flow: flow, answered: one.State() == StateUp}
	return v.ask
}

// ask sends one OPTIONS and waits for whatever answer until ctx ends. A transport that breaks is an answer, too.
func (v *vigil) ask(ctx context.Context) error {
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
	if err == nil {
		select {
		case err = <-done:
		case <-ctx.Done():
			err = ctx.Err()
			if tx != nil {
				tx.Terminate()
			}
		}
	}
	return v.judge(err)
}

// judge counts one answer, or why there was none.
func (v *vigil) judge(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
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
