package dispatch

import (
	"context"
	"fmt"
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
		d.storms.learn(c.Ticket, d.wall())
		delete(gone, c.Ticket.ID)
	}
	for id := range gone {
		d.board.remove(id)
	}
	return b, nil
}
