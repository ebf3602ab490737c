package dispatch

import (
	"context"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Merge makes one ticket a pointer to another: its reports go on there with
// their own T0. It is taken back by Unmerge.
func (d *Dispatcher) Merge(ctx context.Context, source, target Ref, by Author, reason string) error {
	return nil
}

// Unmerge makes a merged ticket one of its own again, where it stood.
func (d *Dispatcher) Unmerge(ctx context.Context, source Ref, by Author, reason string) error {
	return nil
}

// Split makes a ticket of its own of one signal (channel/key) of a ticket, with
// that signal's stamp as T0.
func (d *Dispatcher) Split(ctx context.Context, ref Ref, by Author, signal string) (Ref, error) {
	return Ref{}, nil
}

// Link relates a ticket to another, in both logs.
func (d *Dispatcher) Link(ctx context.Context, ref Ref, by Author, as ticket.Relation, other Ref) error {
	return nil
}

// Unlink ends a relation, in both logs.
func (d *Dispatcher) Unlink(ctx context.Context, ref Ref, by Author, as ticket.Relation, other Ref) error {
	return nil
}
