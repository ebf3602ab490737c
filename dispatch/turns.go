package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// turns remembers when each person was last paged, about whatever ticket, so
// that a step with turns pages first who was paged least recently. It is memory
// only: what a start can not read costs one unfair turn.
type turns struct {
	mu    sync.Mutex
	paged map[string]time.Time // guarded by mu; by person
}

func newTurns() *turns { return &turns{paged: map[string]time.Time{}} }

// last returns when a person was last paged; zero = not as far as is known.
func (t *turns) last(person string) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paged[person]
}

func (t *turns) note(person string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.After(t.paged[person]) {
		t.paged[person] = at
	}
}

// commit notes the pages of a change that is on record.
func (t *turns) commit(c Change, now time.Time) {
	for _, n := range c.Notices {
		if n.Kind == NoticePage {
			t.note(n.To, now)
		}
	}
	t.log(c.Events)
}

// log notes the pages that a ticket's log tells of.
func (t *turns) log(events []ticket.Event) {
	for _, e := range events {
		if a, ok := e.Body.(ticket.Attempted); ok && a.Page {
			t.note(a.Person, e.At)
		}
	}
}

// How much of the record a start reads for the turns, and how long it may take.
const (
	turnTickets = 30
	turnBudget  = 500 * time.Millisecond
)

// read learns from the logs of the newest tickets.
func (t *turns) read(ctx context.Context, a Archive) {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, turnBudget)
	defer cancel()
	tickets, err := a.Tickets(ctx, TicketFilter{Limit: turnTickets})
	if err != nil {
		return
	}
	for i := range tickets {
		if tickets[i].PageReason == "" {
			continue
		}
		events, err := a.Events(ctx, tickets[i].ID)
		if err != nil && !errors.Is(err, ErrAway) { // its end may tell enough
			return
		}
		t.log(events)
	}
}
