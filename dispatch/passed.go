package dispatch

import (
	"context"
	"errors"
	"slices"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// errMoved says that a ticket was merged, or parted again, while it was looked at.
var errMoved = errors.New("the ticket was merged or parted meanwhile")

// learn runs one unit of work that writes down a fact: amend, and where the
// ticket was merged, what the fact means for its requesters goes on to the ticket
// into which it was merged, in the same commit. decide gets the ticket, and the
// one that is at work instead of it: itself, when it was not merged. Is the
// record away, the fact alone is kept.
func (d *Dispatcher) learn(ctx context.Context, id string, decide func(c, works Case) (Change, error)) error {
	for try := 0; ; try++ {
		ids, err := d.mergedOn(ctx, id)
		if err == nil {
			err = d.learnOn(ctx, ids, decide)
		}
		if errors.Is(err, ErrAway) {
			return d.amend(ctx, id, func(c Case) (Change, error) { return decide(c, c) })
		}
		if !errors.Is(err, errMoved) || try == maxConflicts {
			return err
		}
	}
}

// mergedOn is a ticket and those into which it was merged, one after the other.
func (d *Dispatcher) mergedOn(ctx context.Context, id string) (ids []string, err error) {
	for next := id; next != "" && !slices.Contains(ids, next); {
		c, err := d.load(ctx, next)
		if err != nil {
			return nil, err
		}
		ids, next = append(ids, next), c.Ticket.MergedInto
	}
	return ids, nil
}

func (d *Dispatcher) learnOn(ctx context.Context, ids []string, decide func(c, works Case) (Change, error)) error {
	if len(ids) == 1 {
		return d.amend(ctx, ids[0], func(c Case) (Change, error) {
			if c.Ticket.MergedInto != "" {
				return Change{}, errMoved
			}
			return decide(c, c)
		})
	}
	return d.amendAll(ctx, ids, func(cases []Case) (Change, error) {
		for i, c := range cases[:len(cases)-1] {
			if c.Ticket.MergedInto != cases[i+1].Ticket.ID {
				return Change{}, errMoved
			}
		}
		change, err := decide(cases[0], cases[len(cases)-1])
		if err != nil || change.empty() {
			return change, err
		}
		return d.passOn(ctx, change, cases)
	})
}

// passOn adds to a change of the first of tickets, each merged into the next,
// what the others learn by it.
func (d *Dispatcher) passOn(ctx context.Context, change Change, cases []Case) (Change, error) {
	for i, to := range cases[1:] {
		log, err := d.wholeLog(ctx, refOf(cases[i].Ticket))
		if err != nil {
			return change, err
		}
		dossier, err := ticket.Compile(log)
		if err != nil {
			return change, err
		}
		target, err := d.wholeLog(ctx, refOf(to.Ticket))
		if err != nil {
			return change, err
		}
		learnt := slices.DeleteFunc(slices.Clone(change.Events), func(e ticket.Event) bool { return e.Ticket != cases[i].Ticket.ID })
		var other Change
		for _, e := range dossier.Passed(learnt, target, d.now()) {
			e.Ticket = to.Ticket.ID
			if other, err = to.take(other, e); err != nil {
				return change, err
			}
		}
		change = change.with(other)
	}
	return change, nil
}
