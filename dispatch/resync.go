package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// BoardNow returns the open tickets with their timers and the calls that this
// process serves, all of one moment. It never waits for the store.
func (d *Dispatcher) BoardNow() Board { return d.board.now() }

// Resync reads all open tickets anew: the store has been away, or was changed
// by others unseen. It ends calls that an earlier process left open, and gives
// tickets that need a page their timers; where the store refuses, Run tries
// again. Calls in progress are not touched. It may run beside any verb.
func (d *Dispatcher) Resync(ctx context.Context) error {
	b, err := d.readBoard(ctx)
	if err != nil {
		return err
	}
	if d.life.nodes == nil {
		d.owe(b.Calls, true)
	}
	d.endOrphans(ctx)
	d.setPageTimers(ctx)
	d.waker.TimersDue()
	d.waker.NoticesDue()
	return nil
}

// readBoard replaces the board's tickets by the store's. What was on the board
// before and is open no more leaves it; what this process opened meanwhile stays.
func (d *Dispatcher) readBoard(ctx context.Context) (Board, error) {
	gone := map[string]bool{}
	for _, c := range d.board.open() {
		gone[c.Ticket.ID] = true
	}
	marked := d.board.staleIDs()
	for _, id := range marked {
		gone[id] = true
		d.board.markFresh(id)
	}
	b, err := d.store.Board(ctx)
	if err != nil {
		for _, id := range marked {
			d.board.markStale(id)
		}
		return b, fmt.Errorf("load open tickets: %w", err)
	}
	for _, c := range b.Cases {
		d.board.replace(c)
		delete(gone, c.Ticket.ID)
	}
	for id := range gone {
		d.board.remove(id)
	}
	return b, nil
}

// KnownCaller reports whether a client's card lists the number or an open
// ticket belongs to it. It reads memory only. number is in any written form.
func (d *Dispatcher) KnownCaller(number string) bool {
	who := identify(d.dir.Load().Book, CallSignal{Caller: number})
	if who.number == "" {
		return false
	}
	if who.match.Level != client.Unknown {
		return true
	}
	_, open := d.board.find(who.parties()...)
	return open
}

// remoteEvent marks a ticket stale that another node has changed.
func (d *Dispatcher) remoteEvent(e FeedEvent) {
	switch ticket.Kind(e.Kind) {
	case ticket.KindAttempted, ticket.KindJoined, ticket.KindNoted, ticket.KindCallEnded, ticket.KindRecallTried, ticket.KindRecallEnded:
		return // they only lengthen the log
	case ticket.KindOpened, ticket.KindAccepted, ticket.KindPageRaised, ticket.KindAcknowledged, ticket.KindMoved,
		ticket.KindCategorised, ticket.KindPrioritised, ticket.KindMerged, ticket.KindRecallAsked:
	}
	if e.Ref.ID == "" {
		return
	}
	d.board.markStale(e.Ref.ID)
	d.wakeFollow()
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
