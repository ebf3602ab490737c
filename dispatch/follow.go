package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// remoteEvent marks a ticket stale that another node has changed.
func (d *Dispatcher) remoteEvent(e FeedEvent) {
	if e.Ref.ID == "" || lengthens(ticket.Kind(e.Kind)) {
		return
	}
	d.board.markStale(e.Ref.ID)
	d.wakeFollow()
}

// lengthens reports whether events of a kind only lengthen a log: they move
// neither the ticket's state nor a timer.
func lengthens(k ticket.Kind) bool {
	return slices.Contains([]ticket.Kind{
		ticket.KindAttempted, ticket.KindJoined, ticket.KindNoted, ticket.KindCallEnded, ticket.KindRecallTried, ticket.KindRecallEnded,
		ticket.KindNobodyReached, ticket.KindAnswered, ticket.KindStepped, ticket.KindRevealed, ticket.KindTimed, ticket.KindTimeSettled,
		ticket.KindExplained, ticket.KindCurated, ticket.KindReportRead, ticket.KindRated, ticket.KindMessaged, ticket.KindContactTry,
	}, k)
}

// missedEvents has all tickets read anew.
func (d *Dispatcher) missedEvents() {
	d.lost.Store(true)
	d.wakeFollow()
}

func (d *Dispatcher) wakeFollow() {
	select {
	case d.renew <- struct{}{}:
	default:
	}
}

// followAgain is how long after a failure all tickets are asked for anew.
const followAgain = 2 * time.Second

// follow reads what other nodes have changed, until ctx ends. When events were
// missed it tries until it has read all tickets; a single ticket that can not be
// read stays stale and is read when it is needed.
func (d *Dispatcher) follow(ctx context.Context) {
	var again <-chan time.Time // nil = nothing has failed
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.renew:
		case <-again:
		}
		var err error
		d.survive(func() { err = d.followOnce(ctx) })
		if err != nil && again == nil && ctx.Err() == nil {
			d.log.Warn("tickets that other nodes changed could not be read; it is tried again", "err", err)
		}
		again = nil
		if err != nil {
			again = time.After(followAgain)
		}
	}
}

// followOnce reads what is stale now.
func (d *Dispatcher) followOnce(ctx context.Context) error {
	var err error
	if d.lost.Swap(false) {
		if _, err = d.readBoard(ctx); err != nil {
			d.lost.Store(true)
		}
	}
	for _, id := range d.board.staleIDs() {
		d.renewCase(ctx, id)
	}
	return err
}

// renewCase reads one ticket after the work on it that is under way.
func (d *Dispatcher) renewCase(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	leave, err := d.gates.enter(ctx, id)
	if err != nil {
		return
	}
	defer leave()
	if d.board.isStale(id) {
		_, _ = d.reload(ctx, id) // it stays stale, and is read when it is needed
	}
}
