package hotline

import (
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// rests are the people whom no call of this node rings for a while, because
// their phones have just failed or they have refused. Without them every
// waiting call would try a dead phone as fast as it answers.
type rests struct {
	now     func() time.Time
	backoff time.Duration

	mu    sync.Mutex
	until map[string]time.Time // guarded by mu, by person
}

func newRests(backoff time.Duration, now func() time.Time) *rests {
	return &rests{now: now, backoff: backoff, until: map[string]time.Time{}}
}

// tried takes how an attempt went.
func (r *rests) tried(person string, o dispatch.AttemptOutcome) {
	rest := restAfter(o, r.backoff)
	r.mu.Lock()
	defer r.mu.Unlock()
	if rest > 0 {
		r.until[person] = r.now().Add(rest)
	} else if o == dispatch.AttemptAccepted || o == dispatch.AttemptAcknowledged {
		delete(r.until, person)
	}
}

// refusalRest is how many times longer somebody is left in peace who has refused.
const refusalRest = 2

// restAfter is how long somebody is not rung after an attempt that went so. Who
// rang without an answer has used time enough.
func restAfter(o dispatch.AttemptOutcome, backoff time.Duration) time.Duration {
	switch o {
	case dispatch.AttemptBusy, dispatch.AttemptUnreachable, dispatch.AttemptFailed, dispatch.AttemptSilent:
		return backoff
	case dispatch.AttemptDeclined:
		return refusalRest * backoff
	case dispatch.AttemptAccepted, dispatch.AttemptAcknowledged, dispatch.AttemptEscalated, dispatch.AttemptNoKey,
		dispatch.AttemptNoAnswer, dispatch.AttemptCancelled:
	}
	return 0
}

// left is how long a person rests yet; 0 = he may be rung.
func (r *rests) left(person string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[person]
	if !ok {
		return 0
	}
	rest := until.Sub(r.now())
	if rest <= 0 {
		delete(r.until, person)
		return 0
	}
	return rest
}

// awake returns those who may be rung, and when the first of the others may be.
func (r *rests) awake(people []string) (awake []string, rest time.Duration) {
	for _, p := range people {
		left := r.left(p)
		if left == 0 {
			awake = append(awake, p)
		}
		rest = sooner(rest, left)
	}
	return awake, rest
}

// rungs takes the shared people who rest out of a plan's rungs; all others
// have to be claimed, and rest there.
func (r *rests) rungs(rungs []dispatch.Rung) (awake []dispatch.Rung, rest time.Duration) {
	if r.none() {
		return rungs, 0
	}
	awake = make([]dispatch.Rung, len(rungs))
	for i, rung := range rungs {
		duties := make([]dispatch.Candidate, 0, len(rung.Duties))
		for _, c := range rung.Duties {
			var left time.Duration
			if c.Person.Shared {
				left = r.left(c.Person.ID)
			}
			if left == 0 {
				duties = append(duties, c)
			}
			rest = sooner(rest, left)
		}
		rung.Duties = duties
		awake[i] = rung
	}
	return awake, rest
}

func (r *rests) none() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.until) == 0
}

// sooner returns the shorter of two times, of which 0 means none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
