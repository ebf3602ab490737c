package dispatch

import (
	"context"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Stabilise says that the main function works again, and tells the client.
func (d *Dispatcher) Stabilise(ctx context.Context, ref Ref, by Author, r ticket.Restored) ([]Told, error) {
	return nil, nil
}

// Pause lets the clocks that may pause stand still, and returns the pause's name.
// It ends by itself when its time is over, and by any word of the client.
func (d *Dispatcher) Pause(ctx context.Context, ref Ref, by Author, p ticket.Paused) (string, error) {
	return "", nil
}

// Resume ends a pause; an empty name ends all.
func (d *Dispatcher) Resume(ctx context.Context, ref Ref, by Author, pause string) error {
	return nil
}

// Reopen begins a new cycle of a ticket whose trouble is back, and pages when it
// is Critical.
func (d *Dispatcher) Reopen(ctx context.Context, ref Ref, by Author, r ticket.Reopened) error {
	return nil
}
