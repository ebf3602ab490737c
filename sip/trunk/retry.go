package trunk

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

// Result is what came of an INVITE over one way.
type Result struct {
	Status     int           // of the response, 0 when there was none
	Q850       int           // cause of its Reason header, 0 when there was none
	Rang       bool          // 180 or 183 came before: the call had reached the other side
	RetryAfter time.Duration // what a 503 asked for, 0 when it did not
	Err        error         // why there was no response
}

// ErrStuck says that a way answered 100 and then nothing more.
var ErrStuck = errors.New("the operator has answered 100 and nothing more")

// Causes of Q.850 that say that the network failed, whatever SIP status carries them.
const (
	causeNoCircuit  = 34
	causeOutOfOrder = 38
	causeTemporary  = 41
	causeCongestion = 42
	causeNoResource = 47
)

// WayFailed reports whether the operator or the way to it failed, so that the next way may try the same person: silence,
// an unreachable or broken transport, 5xx, 408, a challenge that our password did not satisfy, a protocol that we do not
// share. Every other answer (480, 486, 603, 404 …) is the person's or his operator's word and is not asked for twice:
// ringing somebody again who pressed "decline" is worse than not ringing. A redirection is never followed and counts as
// such a word. 403 is both: an operator that does not let us call, or a person who declines; what has rung or carries a
// cause is the person's.
func (r Result) WayFailed() bool {
	switch {
	case r.Status == 0:
		return errors.Is(r.Err, wire.ErrTimeout) || errors.Is(r.Err, wire.ErrUnreachable) ||
			errors.Is(r.Err, wire.ErrTransport) || errors.Is(r.Err, dialog.ErrSilent) || errors.Is(r.Err, ErrStuck)
	case r.Status == 486 || r.Status >= 600 || r.Status < 300:
		return false
	}
	switch r.Q850 {
	case causeNoCircuit, causeOutOfOrder, causeTemporary, causeCongestion, causeNoResource:
		return true
	}
	switch r.Status {
	case 408, 401, 407:
		return true
	case 403, 420, 488:
		return !r.Rang && r.Q850 == 0
	}
	return r.Status >= 500
}

// Report takes what became of an INVITE to a destination: also each 1xx, which proves that the way works. It weighs like
// one probe for the operator's health; a target that failed is tried last for a while, as long as its 503 asks for.
func (t *Trunks) Report(d *Destination, r Result) {
	one := t.byName[d.Trunk]
	if one == nil {
		return
	}
	failed := r.WayFailed()
	switch {
	case failed:
		one.targets.lay(d.Flow, t.deps.Now(), max(restAfterFailure, r.RetryAfter), true)
	case r.Status > 0:
		one.targets.wake(d.Flow, true)
	}
	if r.Status == 0 && !failed {
		return // cancelled, or a fault of our own: nothing is known of the operator
	}
	problem := ""
	switch {
	case r.Status == 0:
		problem = r.Err.Error()
	case failed:
		problem = fmt.Sprintf("a call was answered %d", r.Status)
	}
	t.beat(one, r.Status > 0, 0, problem)
	t.metrics.attempt(one.op.Name, failed)
	if failed {
		t.deps.Log.Warn("call moves on from a target", "trunk", one.op.Name, "remote", d.Flow.Remote.String(),
			"transport", string(d.Flow.Transport), "status", r.Status, "err", problem)
	}
}
