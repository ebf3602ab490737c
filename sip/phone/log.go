package phone

import (
	"context"
	"fmt"
	"sync"
)

// eventLog is an append-only list of events on which many may wait.
type eventLog struct {
	mu     sync.Mutex
	events []Event       // guarded by mu
	grown  chan struct{} // guarded by mu; closed and replaced at each append
}

func newEventLog() *eventLog { return &eventLog{grown: make(chan struct{})} }

// add numbers the event and wakes the waiting.
func (l *eventLog) add(e Event) Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Seq = len(l.events)
	l.events = append(l.events, e)
	close(l.grown)
	l.grown = make(chan struct{})
	return e
}

// all is a copy of the list.
func (l *eventLog) all() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Event(nil), l.events...)
}

// wait returns the first event from position on that match accepts, be it
// there already or yet to come.
func (l *eventLog) wait(ctx context.Context, from int, match func(Event) bool) (Event, error) {
	for {
		l.mu.Lock()
		events, grown := l.events, l.grown
		l.mu.Unlock()
		for ; from < len(events); from++ {
			if match(events[from]) {
				return events[from], nil
			}
			if events[from].Kind == Ended {
				return Event{}, fmt.Errorf("wait for an event: the call ended before it: %w", ErrEnded)
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("wait for an event: %w", context.Cause(ctx))
		}
	}
}
