package hotline

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// ends are assignments that are over and that the arbiter could not be told of.
// Until it knows, it holds their people for taken; so it is told again as soon
// as it answers, and before anybody asks for one of them.
type ends struct {
	mu      sync.Mutex
	list    []dispatch.Assignment // guarded by mu
	telling bool                  // guarded by mu; a goroutine works through list
}

// retellEvery is how often an arbiter that is away is looked for.
const retellEvery = 250 * time.Millisecond

// unassign ends what the arbiter has of the claim.
func (h *Hotline) unassign(ctx context.Context, a dispatch.Assignment) {
	if h.arbiter == nil || h.tellEnd(ctx, a) {
		return
	}
	h.ends.mu.Lock()
	defer h.ends.mu.Unlock()
	h.ends.list = append(h.ends.list, a)
	if !h.ends.telling && !h.stopped() {
		h.ends.telling = true
		h.besideOr(h.retell, func() {
			h.ends.mu.Lock()
			defer h.ends.mu.Unlock()
			h.ends.telling = false // the next end has somebody tell all of them
		})
	}
}

// tellEnd tells the arbiter once and reports whether it knows now.
func (h *Hotline) tellEnd(ctx context.Context, a dispatch.Assignment) bool {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ArbiterBudget)
	defer cancel()
	err := h.arbiter.Unassign(ctx, a)
	if err == nil || errors.Is(err, dispatch.ErrStale) {
		return true
	}
	h.log.Debug("assignment could not be ended yet", "call_id", a.Call, "person", a.Person, "err", err)
	return false
}

// retell tells the arbiter until it knows all, or they have run out by themselves.
func (h *Hotline) retell() {
	tick := time.NewTicker(retellEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-h.stopping:
			h.endsOf(context.Background(), "") // one last try
			return
		}
		if h.endsOf(context.Background(), "") == 0 {
			return
		}
	}
}

// endsOf tells the arbiter of the ends of one person, or of all with "", and
// returns how many it does not know of yet. The others are not waited for once
// it has not answered.
func (h *Hotline) endsOf(ctx context.Context, person string) (left int) {
	h.ends.mu.Lock()
	var due []dispatch.Assignment
	for _, a := range h.ends.list {
		if person == "" || a.Person == person {
			due = append(due, a)
		}
	}
	h.ends.mu.Unlock()
	known := map[dispatch.Assignment]bool{}
	for _, a := range due {
		if !h.now().Before(a.Until) {
			known[a] = true // it has run out by itself
			continue
		}
		if !h.tellEnd(ctx, a) {
			break
		}
		known[a] = true
	}
	h.ends.mu.Lock()
	defer h.ends.mu.Unlock()
	kept := h.ends.list[:0]
	for _, a := range h.ends.list {
		if !known[a] {
			kept = append(kept, a)
		}
	}
	h.ends.list = kept
	if person == "" && len(kept) == 0 {
		h.ends.telling = false
	}
	if len(known) > 0 {
		h.queues.somebodyFree()
	}
	return len(kept)
}
