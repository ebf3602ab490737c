package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// amendTwo runs one unit of work on two tickets: both change, or none. The
// record must be there: two tickets can not be joined while it is away.
func (d *Dispatcher) amendTwo(ctx context.Context, one, two string, decide func(one, two Case) (Change, error)) error {
	if one == two {
		return errors.New("both are the same ticket")
	}
	return d.amendAll(ctx, []string{one, two}, func(c []Case) (Change, error) { return decide(c[0], c[1]) })
}

// amendAll is amendTwo for any number of tickets.
func (d *Dispatcher) amendAll(ctx context.Context, ids []string, decide func([]Case) (Change, error)) error {
	for _, id := range slices.Sorted(slices.Values(ids)) { // in one order everywhere, so that no two wait for each other
		leave, err := d.gates.enter(ctx, id)
		if err != nil {
			return err
		}
		defer leave()
	}
	for try := 0; ; try++ {
		cases := make([]Case, len(ids))
		for i, id := range ids {
			c, err := d.reload(ctx, id)
			if err != nil {
				return err
			}
			cases[i] = c
		}
		change, err := decide(cases)
		if err != nil || change.empty() {
			return err
		}
		err = d.commit(ctx, change)
		if errors.Is(err, ErrRepeated) {
			err = nil
		}
		if !errors.Is(err, ErrConflict) || try == maxConflicts {
			return err
		}
		d.metrics.conflict()
	}
}

// with returns a change that does what another one does, too: of another ticket.
func (c Change) with(o Change) Change {
	if o.Ticket != nil {
		c.Also = append(c.Also, Row{*o.Ticket, o.Was})
	}
	c.Also = append(c.Also, o.Also...)
	c.Events = append(c.Events, o.Events...)
	c.Notices = append(c.Notices, o.Notices...)
	c.Timers, c.Drop = append(c.Timers, o.Timers...), append(c.Drop, o.Drop...)
	c.Superseded = append(c.Superseded, o.Superseded...)
	return c
}

// takeAll takes several events, one after the other.
func (c Case) takeAll(change Change, events ...ticket.Event) (_ Change, err error) {
	for _, e := range events {
		if change, err = c.take(change, e); err != nil {
			return change, err
		}
	}
	return change, nil
}

// twice reports whether an act with the author's key is in a log. It fails with a
// *SeenError when somebody else has acted since the author looked.
func (d *Dispatcher) twice(ctx context.Context, ref Ref, by Author) (bool, error) {
	if by.Key == "" && by.Seen <= 0 {
		return false, nil
	}
	log, err := d.Events(ctx, ref)
	if err != nil {
		return false, fmt.Errorf("read log of ticket %s: %w", ref.Number, err)
	}
	if len(sameAct(log, by.Key)) > 0 {
		return true, nil
	}
	return false, unseen(ref.Number, log, by)
}

// signed gives an author's act its time and, when it has none, a key of its own,
// so that its parts on several tickets are known as one act.
func (d *Dispatcher) signed(by Author) Author {
	if by.At.IsZero() {
		by.At = d.now()
	}
	by.At = by.At.UTC()
	if by.Key == "" {
		by.Key = newID()
	}
	return by
}

func (by Author) event(id string, nth int, body ticket.Body) ticket.Event {
	return ticket.Event{Ticket: id, At: by.At, By: by.Person, Channel: string(by.Channel), Key: actKey(by.Key, nth), Body: body}
}
