package dispatch

import "context"

// Assign gives a ticket to a person, who is paged about it: he was not asked.
func (d *Dispatcher) Assign(ctx context.Context, ref Ref, by Author, to, reason string) error {
	return nil
}

// HandOver gives a ticket to a person who has agreed, with what he must know.
func (d *Dispatcher) HandOver(ctx context.Context, ref Ref, by Author, to, note string) error {
	return nil
}
