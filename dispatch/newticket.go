package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// NewTicket is a ticket that a person opens by hand, or a calendar.
type NewTicket struct {
	Class    ticket.Class
	Priority ticket.Priority // 0 = Critical for an incident, else Normal
	Category ticket.Category
	Org      string         // the client; empty = found by From
	From     ticket.Contact // who has asked; may be empty
	Line     string         // whose people serve it; empty = the first line
	Text     string
	Language string
	Assignee string // who has it from the start; empty = nobody
}

// Open makes a ticket by hand. It is a signal like any other: its raw form is
// what was asked for, its key that of the author's act. An incident that is
// Critical pages until somebody has it.
func (d *Dispatcher) Open(ctx context.Context, by Author, n NewTicket) (Ref, error) {
	by = d.signed(by)
	if strings.TrimSpace(n.Text) == "" {
		return Ref{}, errors.New("open a ticket: say what it is about")
	}
	channel := by.Channel
	if channel == "" || channel == ChannelCall {
		channel = ChannelCLI
	}
	raw, err := json.Marshal(n)
	if err != nil {
		return Ref{}, fmt.Errorf("open a ticket: %w", err)
	}
	sig := Signal{Channel: channel, Key: "desk:" + by.Key, At: by.At, Raw: raw}
	ref, err := d.openFrom(ctx, sig, by, n)
	if err != nil {
		return Ref{}, fmt.Errorf("open a ticket: %w", err)
	}
	return ref, nil
}

// openFrom opens the ticket of a signal, once.
func (d *Dispatcher) openFrom(ctx context.Context, sig Signal, by Author, n NewTicket) (Ref, error) {
	if _, taken, err := d.store.Signal(ctx, sig.ID()); err == nil && taken.Ticket != "" {
		return Ref{taken.Ticket, taken.Number}, nil
	}
	if n.Assignee != "" {
		if err := d.dir.Load().known(n.Assignee); err != nil {
			return Ref{}, err
		}
	}
	for try := 0; ; try++ {
		number, err := d.numbers.take(ctx, sig.At)
		if err != nil {
			return Ref{}, err
		}
		change, err := d.decideOpen(sig, by, n, number)
		if err != nil {
			return Ref{}, err
		}
		err = d.commit(ctx, change)
		if repeat, ok := errors.AsType[*RepeatedError](err); ok {
			return Ref{repeat.Taken.Ticket, repeat.Taken.Number}, nil
		}
		if errors.Is(err, ErrConflict) && try < maxConflicts {
			d.metrics.conflict()
			continue // the number is another ticket's
		}
		if err != nil {
			return Ref{}, err
		}
		return refOf(*change.Ticket), nil
	}
}

// decideOpen is the change that opens a ticket by hand. It belongs to nobody's
// party: the client's own calls have tickets of their own until somebody merges them.
func (d *Dispatcher) decideOpen(sig Signal, by Author, n NewTicket, number ticket.Number) (Change, error) {
	s := d.dir.Load()
	from := n.From
	if from.Client.Level == client.Unknown {
		from.Client = s.Book.MatchAddress(from.Channel, from.Address)
	}
	if org, ok := s.Book.Resolve(n.Org); ok && (from.Client.Level != client.Known || from.Client.Org != org.ID) {
		from.Client = client.Match{
			Level: client.Known, Org: org.ID, OrgName: org.Name, Spoken: org.Spoken, Language: org.Language, FirstContact: org.Contract.FirstContact,
		}
	} else if n.Org != "" && !ok {
		return Change{}, fmt.Errorf("no client %q; see vahta client list", n.Org)
	}
	line, _ := s.Line(n.Line)
	if line.ID == "" && len(s.lines) > 0 {
		line = s.lines[0]
	}
	policy := d.rules(s.Book, from.Client.Org)
	o := ticket.Opened{
		ID: newID(), Number: number, Class: n.Class, Priority: n.Priority, Category: n.Category, Line: line.ID, Language: line.Language,
		Client: from.Client, From: from, Signal: string(sig.Channel) + "/" + sig.Key, Text: n.Text, Policy: &policy, Limit: d.cfg.FirstContact,
	}
	if from.Client.FirstContact > 0 {
		o.Limit = from.Client.FirstContact
	}
	for _, l := range []string{from.Client.Language, n.Language} {
		if l != "" {
			o.Language = l
		}
	}
	if o.Priority == 0 {
		o.Priority = ticket.Normal
		if o.Class == ticket.Incident {
			o.Priority = ticket.Critical
		}
	}
	var c Case
	change, err := c.take(Change{Signal: &sig}, ticket.Event{Ticket: o.ID, At: sig.At, By: by.Person, Channel: string(by.Channel), Body: o})
	if err != nil {
		return change, err
	}
	if n.Assignee != "" {
		change, err = c.take(change, ticket.Event{Ticket: o.ID, At: sig.At, By: n.Assignee, Channel: string(by.Channel), Body: ticket.Acknowledged{How: howOpened}})
		if err != nil {
			return change, err
		}
	}
	change.Was = 0
	change.Taken = Taken{Ticket: o.ID, Number: number.String()}
	if change.Ticket.NeedsPage() {
		state, err := watchFrom(s.Policy)
		if err != nil {
			return change, err
		}
		change.Timers = append(change.Timers, Timer{Ticket: o.ID, Kind: TimerPage, DueAt: sig.At, Gen: 1, State: state})
	}
	return change, nil
}

// howOpened is how somebody has taken a ticket that was opened for him.
const howOpened = "opened"
