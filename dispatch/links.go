package dispatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// inverse is how the other ticket is related in return.
func inverse(r ticket.Relation) ticket.Relation {
	switch r {
	case ticket.ChildOf:
		return ticket.ParentOf
	case ticket.ParentOf:
		return ticket.ChildOf
	case ticket.FollowUpOf, ticket.RepeatOf, ticket.SplitFrom, ticket.SeeAlso:
	}
	return ticket.SeeAlso
}

// Link relates a ticket to another, in both logs. The children of a parent are
// told what it is told (Update).
func (d *Dispatcher) Link(ctx context.Context, ref Ref, by Author, as ticket.Relation, other Ref) error {
	by = d.signed(by)
	err := d.amendTwo(ctx, ref.ID, other.ID, func(one, two Case) (Change, error) {
		if done, err := d.twice(ctx, ref, by); done || err != nil {
			return Change{}, err
		}
		return both(one, two,
			by.event(one.Ticket.ID, 0, ticket.Linked{Relation: as, Ticket: two.Ticket.ID, Number: two.Ticket.Number}),
			by.event(two.Ticket.ID, 0, ticket.Linked{Relation: inverse(as), Ticket: one.Ticket.ID, Number: one.Ticket.Number}))
	})
	if err != nil {
		return fmt.Errorf("link ticket %s to %s: %w", ref.Number, other.Number, err)
	}
	return nil
}

// Unlink ends a relation, in both logs.
func (d *Dispatcher) Unlink(ctx context.Context, ref Ref, by Author, as ticket.Relation, other Ref) error {
	by = d.signed(by)
	err := d.amendTwo(ctx, ref.ID, other.ID, func(one, two Case) (Change, error) {
		if done, err := d.twice(ctx, ref, by); done || err != nil {
			return Change{}, err
		}
		return both(one, two,
			by.event(one.Ticket.ID, 0, ticket.Unlinked{Relation: as, Ticket: two.Ticket.ID}),
			by.event(two.Ticket.ID, 0, ticket.Unlinked{Relation: inverse(as), Ticket: one.Ticket.ID}))
	})
	if err != nil {
		return fmt.Errorf("part ticket %s from %s: %w", ref.Number, other.Number, err)
	}
	return nil
}

// both takes one event on each of two tickets.
func both(one, two Case, first, second ticket.Event) (Change, error) {
	change, err := one.take(Change{}, first)
	if err != nil {
		return change, err
	}
	other, err := two.take(Change{}, second)
	return change.with(other), err
}

// announce tells a parent's word to the clients of its children.
func (d *Dispatcher) announce(ctx context.Context, ref Ref, by Author, u UpdateWord, done []ticket.Event) (told []Ref, err error) {
	dossier, err := d.Dossier(ctx, ref)
	if err != nil {
		return nil, err
	}
	if by.Key == "" && len(done) > 0 {
		by.Key = fmt.Sprintf("%s:%d", ref.ID, done[0].At.UnixMicro())
	}
	by.Seen = 0 // of the parent
	var faults []error
	for _, l := range dossier.Links {
		if l.Body.Relation != ticket.ParentOf {
			continue
		}
		child := Ref{ID: l.Body.Ticket, Number: l.Body.Number.String()}
		_, err := d.perform(ctx, child, by, func(a *act) error {
			if !a.ticket().Open() {
				return nil
			}
			return a.update(u)
		})
		if err != nil {
			faults = append(faults, fmt.Errorf("tell the client of ticket %s: %w", child.Number, err))
			continue
		}
		told = append(told, child)
	}
	return told, errors.Join(faults...)
}
