package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// act is one act at the desk while it is decided: what its author does, on
// which ticket, and the change that it becomes.
type act struct {
	d      *Dispatcher
	ctx    context.Context //nolint:containedctx // an act lives as long as the verb that decides it
	by     Author
	at     time.Time // Author.At, or now
	c      Case
	change Change
	lines  []ticket.Event // the log as it was read; nil = not yet
}

// SeenError says that somebody has acted on a ticket since the author looked at
// it.
type SeenError struct {
	Number string
	Seq    int // of the line that he has not seen
	By     string
	Kind   ticket.Kind
	At     time.Time
}

// Error implements error.
func (e *SeenError) Error() string {
	return fmt.Sprintf("ticket %s: %s has changed it meanwhile (line %d, %s); look at it again", e.Number, e.By, e.Seq, e.Kind)
}

// perform decides and commits one act of a person on one ticket, anew when the
// ticket was changed meanwhile. It returns the events that were recorded on that
// ticket in its name; of a repeat those of the first time.
func (d *Dispatcher) perform(ctx context.Context, ref Ref, by Author, decide func(*act) error) (done []ticket.Event, err error) {
	at := by.At
	if at.IsZero() {
		at = d.now()
	}
	err = d.learn(ctx, ref.ID, func(c, _ Case) (Change, error) {
		a := &act{d: d, ctx: ctx, by: by, at: at.UTC(), c: c}
		done = nil
		if by.Key != "" || by.Seen > 0 {
			log, err := d.Events(ctx, ref) // what can be read of it: an act must be possible while the record is away
			if err != nil && !errors.Is(err, ErrAway) {
				return Change{}, fmt.Errorf("read log: %w", err)
			}
			if done = sameAct(log, by.Key); len(done) > 0 {
				return Change{}, nil
			}
			if err := unseen(c.Ticket.Number.String(), log, by); err != nil {
				return Change{}, err
			}
		}
		if err := decide(a); err != nil {
			return Change{}, err
		}
		for _, e := range a.change.Events {
			if e.Ticket == ref.ID {
				done = append(done, e)
			}
		}
		return a.change, nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// actKey is the key of an act's nth event, from 0. The author's key comes last,
// whole: whatever is in it, no two acts share a key.
func actKey(key string, nth int) string {
	if nth == 0 {
		return "act:" + key
	}
	return fmt.Sprintf("act+%d:%s", nth, key)
}

// ofAct reports whether an event has the key of an act.
func ofAct(e ticket.Event, key string) bool {
	head, whose, found := strings.Cut(e.Key, ":")
	return found && whose == key && (head == "act" || strings.HasPrefix(head, "act+"))
}

// sameAct returns the events that an act with the same key has recorded.
func sameAct(log []ticket.Event, key string) (list []ticket.Event) {
	if key == "" {
		return nil
	}
	for _, e := range log {
		if ofAct(e, key) {
			list = append(list, e)
		}
	}
	return list
}

// unseen reports what somebody else has done since the author looked.
func unseen(number string, log []ticket.Event, by Author) error {
	if by.Seen <= 0 {
		return nil
	}
	for _, e := range log {
		if e.Seq > by.Seen && e.By != by.Person && acts(e) {
			return &SeenError{Number: number, Seq: e.Seq, By: e.By, Kind: e.Body.Kind(), At: e.At}
		}
	}
	return nil
}

// ticket returns the ticket as the act so far leaves it.
func (a *act) ticket() ticket.Ticket {
	if a.change.Ticket != nil {
		return *a.change.Ticket
	}
	return a.c.Ticket
}

// do adds what the author does.
func (a *act) do(body ticket.Body) error {
	return a.add(ticket.Event{At: a.at, By: a.by.Person, Channel: string(a.by.Channel), Body: body})
}

// follows adds what Vahta itself does in consequence.
func (a *act) follows(body ticket.Body) error {
	return a.add(ticket.Event{At: a.at, By: byVahta, Body: body})
}

func (a *act) add(e ticket.Event) error {
	e.Ticket = a.c.Ticket.ID
	if a.by.Key != "" && e.Key == "" {
		e.Key = actKey(a.by.Key, len(a.change.Events))
	}
	change, err := a.c.take(a.change, e)
	if err != nil {
		return err
	}
	a.change = change
	return nil
}

// log returns the whole log of the act's ticket. It fails with ErrAway when the
// beginning can not be read.
func (a *act) log() ([]ticket.Event, error) {
	if a.lines != nil {
		return a.lines, nil
	}
	log, err := a.d.wholeLog(a.ctx, refOf(a.c.Ticket))
	a.lines = log
	return log, err
}

// wholeLog reads a ticket's log from its beginning.
func (d *Dispatcher) wholeLog(ctx context.Context, ref Ref) ([]ticket.Event, error) {
	log, err := d.Events(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("read log of ticket %s: %w", ref.Number, err)
	}
	if len(log) == 0 {
		return nil, fmt.Errorf("read log of ticket %s: %w", ref.Number, errors.Join(ErrAway, ErrNotFound))
	}
	if _, begins := log[0].Body.(ticket.Opened); !begins {
		return nil, fmt.Errorf("read log of ticket %s: its beginning can not be read now: %w", ref.Number, ErrAway)
	}
	return log, nil
}
