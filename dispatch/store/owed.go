package store

import (
	"maps"
	"slices"
	"sync"
)

// owed is what was found for a node that did not wait for the answer: it gets
// it with its next question, so that "once" is not "perhaps never".
type owed struct {
	mu    sync.Mutex
	told  map[string]bool            // guarded by mu; nodes that have to hear ErrTakenOver
	calls map[string]map[string]bool // guarded by mu; heir → ids of calls handed to it
}

func (o *owed) tell(node string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told == nil {
		o.told = map[string]bool{}
	}
	o.told[node] = true
}

func (o *owed) tellNow(node string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.told[node]
	delete(o.told, node)
	return was
}

func (o *owed) hand(heir, call string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls == nil {
		o.calls = map[string]map[string]bool{}
	}
	if o.calls[heir] == nil {
		o.calls[heir] = map[string]bool{}
	}
	o.calls[heir][call] = true
}

// handed returns the calls that heir has to hear of; done forgets them.
func (o *owed) handed(heir string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.calls[heir]))
}

func (o *owed) done(heir string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.calls, heir)
}
