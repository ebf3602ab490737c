package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Merge makes one ticket a pointer to another: its reports go on there with
// their own T0 and their own first contact, and its requesters' further signals
// join there. Nothing of it is paged or warned of any more: the other one becomes
// as urgent as it was, and who is needed for it is paged there. It is taken back by
// Unmerge. The tickets of two clients are never merged: link them to a parent; and
// no emergency into a ticket that is no incident: merge that one into it.
func (d *Dispatcher) Merge(ctx context.Context, source, target Ref, by Author, reason string) error {
	by = d.signed(by)
	err := d.amendTwo(ctx, source.ID, target.ID, func(from, to Case) (Change, error) {
		if done, err := d.twice(ctx, source, by); done || err != nil {
			return Change{}, err
		}
		if a, b := from.Ticket.Client.Org, to.Ticket.Client.Org; a != "" && b != "" && a != b {
			return Change{}, fmt.Errorf("they are of two clients, %s and %s, who must not see each other's words; link both to a parent instead", a, b)
		}
		dossier, err := d.Dossier(ctx, source)
		if err != nil {
			return Change{}, err
		}
		paging, err := watchFrom(d.dir.Load().Policy)
		if err != nil {
			return Change{}, err
		}
		return merged(from, to, dossier, by, reason, paging)
	})
	if err != nil {
		return fmt.Errorf("merge ticket %s into %s: %w", source.Number, target.Number, err)
	}
	return nil
}

// merged is the change that makes one ticket a part of another. paging is the
// first state of a page timer.
func merged(from, to Case, dossier ticket.Dossier, by Author, reason string, paging []byte) (Change, error) {
	was, err := outweighed(from.Ticket, to.Ticket)
	if err != nil {
		return Change{}, err
	}
	change, err := from.take(Change{}, by.event(from.Ticket.ID, 0, ticket.MergedInto{Target: to.Ticket.ID}))
	if err != nil {
		return change, err
	}
	events := []ticket.Event{by.event(to.Ticket.ID, 0, ticket.Absorbed{
		Source: from.Ticket.ID, Number: from.Ticket.Number, T0: dossier.T0, Parties: redirected(from.Ticket),
		Priority: from.Ticket.Priority, Was: was,
	})}
	next := max(1, to.Ticket.Reports)
	for _, r := range leaving(dossier, by.At) {
		next++
		r.Report = next
		events = append(events, by.event(to.Ticket.ID, len(events), r))
	}
	if strings.TrimSpace(reason) != "" {
		events = append(events, by.event(to.Ticket.ID, len(events), ticket.Noted{Text: reason}))
	}
	for _, t := range from.Timers {
		if !t.Kind.tasks() {
			change = change.without(TimerKey{t.Ticket, t.Kind})
		}
	}
	if was != 0 {
		events = append(events, by.event(to.Ticket.ID, len(events), ticket.Prioritised{
			Priority: from.Ticket.Priority, Source: from.Ticket.ID, Since: dossier.T0,
			Reason: strings.ReplaceAll(clientTexts(to.Ticket.Language)["merge.raised"], "{number}", from.Ticket.Number.String()),
		}))
	}
	other, err := to.takeAll(Change{}, events...)
	if err == nil && was != 0 {
		other, err = pagedOn(from.Ticket, to, other, by, len(events), paging)
	}
	return other.with(change), err
}

// outweighed is the priority of a ticket that another one raises by being merged
// into it; 0 = it is as urgent, or more. Only an incident is raised: what people
// ask for when they can wait is no place for an emergency.
func outweighed(from, to ticket.Ticket) (ticket.Priority, error) {
	incident := to.Class == ticket.Incident
	switch {
	case from.Priority >= to.Priority || from.Priority != ticket.Critical && (from.Class != ticket.Incident || !incident):
		return 0, nil
	case !incident:
		return 0, fmt.Errorf("%s is an emergency and %s is none (%s): merge %s into %s instead", from.Number, to.Number, to.Class, to.Number, from.Number)
	}
	return to.Priority, nil
}

// reasonMerged is why people are paged for a ticket that has become an emergency
// by a merge.
const reasonMerged = "merged"

// pagedOn goes on with the paging for an emergency on the ticket that it was merged
// into. Whoever had the emergency has that ticket, unless somebody has it; and who
// has it without knowing of the emergency is asked anew.
func pagedOn(from ticket.Ticket, to Case, change Change, by Author, nth int, paging []byte) (_ Change, err error) {
	t, _ := change.row(to.Ticket.ID)
	switch {
	case t.Priority != ticket.Critical:
		return change, nil
	case t.Acknowledged.IsZero() && !from.Acknowledged.IsZero():
		e := by.event(t.ID, nth, ticket.Acknowledged{How: reasonMerged})
		e.By = from.Acknowledged.By
		return to.take(change, e)
	case t.Acknowledged.IsZero(), from.NeedsPage() && !t.TakenBy(by.Person):
		e := by.event(t.ID, nth, ticket.PageRaised{Reason: reasonMerged, Again: !t.Acknowledged.IsZero()})
		e.By = byVahta
		if change, err = to.take(change, e); err != nil {
			return change, err
		}
		timer := to.pageTimer().moved(by.At)
		if len(timer.State) == 0 {
			timer.State = paging
		}
		return change.set(timer), nil
	}
	return change, nil
}

// eased takes back the priority that a merged ticket has brought, when it goes
// again: unless somebody has judged it anew since, or another one keeps it up.
func eased(target Case, log []ticket.Event, source string, by Author) (ticket.Event, bool) {
	t := target.Ticket
	i := slices.IndexFunc(t.Absorbed, func(a ticket.Absorbed) bool { return a.Source == source })
	if i < 0 || t.Absorbed[i].Was == 0 || !t.Open() {
		return ticket.Event{}, false
	}
	ours := false
	for _, e := range log {
		if b, ok := e.Body.(ticket.Prioritised); ok {
			ours = b.Source == source
		}
	}
	to := t.Absorbed[i].Was
	for _, other := range t.Absorbed[i+1:] {
		if other.Priority != 0 {
			to = min(to, other.Priority)
		}
	}
	if !ours || to <= t.Priority {
		return ticket.Event{}, false
	}
	return by.event(t.ID, 1, ticket.Prioritised{
		Priority: to, Reason: strings.ReplaceAll(clientTexts(t.Language)["merge.eased"], "{number}", t.Absorbed[i].Number.String()),
	}), true
}

// leaving are the reports of a ticket as they go on in another one: with their
// own T0 and their own first contact.
func leaving(dossier ticket.Dossier, at time.Time) (list []ticket.Reported) {
	contacts := map[int]sla.Clock{}
	for _, c := range dossier.Clocks(at) {
		if c.Name == sla.FirstContactClock {
			contacts[c.Report] = c // of the last cycle
		}
	}
	for _, s := range dossier.Stories {
		if s.Gone {
			continue
		}
		k1 := contacts[s.Report]
		r := ticket.Reported{
			From: s.From, Text: s.Text, Source: dossier.Ticket.ID, Origin: s.Report, T0: s.T0, Due: k1.Due,
			Contact: k1.Stop, ContactRef: k1.StopRef, Machine: s.Machine, Skewed: s.Skewed,
		}
		if len(s.Signals) > 0 {
			r.Signal = s.Signals[0].Signal
		}
		if r.From.Channel == "" { // opened at the desk, of nobody's own accord
			r.From.Channel = string(ChannelCLI)
		}
		list = append(list, r)
	}
	return list
}

// redirected are the parties whose further signals follow a ticket that was
// merged.
func redirected(t ticket.Ticket) (list []string) {
	for _, p := range parties(t) {
		if p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// Unmerge makes a merged ticket one of its own again, where it stood: its
// reports leave the other one with it.
func (d *Dispatcher) Unmerge(ctx context.Context, source Ref, by Author, reason string) error {
	by = d.signed(by)
	c, err := d.load(ctx, source.ID)
	if err == nil && c.Ticket.MergedInto == "" {
		if done, err := d.twice(ctx, source, by); done || err != nil {
			return err
		}
		err = &ticket.IllegalError{Number: c.Ticket.Number, Stage: c.Ticket.Stage, Event: ticket.KindUnmerged, Why: "it is not merged"}
	}
	if err != nil {
		return fmt.Errorf("unmerge ticket %s: %w", source.Number, err)
	}
	err = d.amendTwo(ctx, source.ID, c.Ticket.MergedInto, func(one, target Case) (Change, error) {
		if done, err := d.twice(ctx, source, by); done || err != nil {
			return Change{}, err
		}
		return d.parted(ctx, one, target, by, reason)
	})
	if errors.Is(err, ErrConflict) {
		err = fmt.Errorf("its requester has another open ticket by now; merge that one instead: %w", err)
	}
	if err != nil {
		return fmt.Errorf("unmerge ticket %s: %w", source.Number, err)
	}
	return nil
}

// parted is the change that takes a merge back.
func (d *Dispatcher) parted(ctx context.Context, one, target Case, by Author, reason string) (Change, error) {
	log, err := d.wholeLog(ctx, refOf(one.Ticket))
	if err != nil {
		return Change{}, err
	}
	back, err := one.take(Change{}, by.event(one.Ticket.ID, 0, ticket.Unmerged{
		Target: target.Ticket.ID, Stage: stageBefore(log), Reason: reason,
	}))
	if err != nil {
		return back, err
	}
	there, err := d.Dossier(ctx, refOf(target.Ticket))
	if err != nil {
		return back, err
	}
	for i, e := range there.Returning(one.Ticket.ID, by.At) {
		e.Ticket, e.Key = one.Ticket.ID, actKey(by.Key, i+1)
		if back, err = one.take(back, e); err != nil {
			return back, err
		}
	}
	if back.Ticket.NeedsPage() {
		back = back.set(one.pageTimer().moved(by.At))
	}
	change, err := target.take(Change{}, by.event(target.Ticket.ID, 0, ticket.Released{Source: one.Ticket.ID}))
	if e, ok := eased(target, there.Log, one.Ticket.ID, by); ok && err == nil {
		change, err = target.take(change, e)
	}
	return change.with(back), err
}

// stageBefore is where a merged ticket stood.
func stageBefore(log []ticket.Event) ticket.Stage {
	var t, before ticket.Ticket
	for _, e := range log {
		next, err := t.Apply(e)
		if err != nil {
			break
		}
		if _, merges := e.Body.(ticket.MergedInto); merges {
			before = t
		}
		t = next
	}
	return before.Stage
}

// Split makes a ticket of its own of one signal (channel/key, or call/id) of a
// ticket, with that signal's stamp as T0.
func (d *Dispatcher) Split(ctx context.Context, ref Ref, by Author, signal string) (Ref, error) {
	by = d.signed(by)
	var made Ref
	err := d.amend(ctx, ref.ID, func(c Case) (Change, error) {
		dossier, err := d.Dossier(ctx, ref)
		if err != nil {
			return Change{}, err
		}
		for _, e := range sameAct(dossier.Log, by.Key) {
			if b, ok := e.Body.(ticket.Split); ok {
				made = Ref{b.Target, b.Number.String()}
				return Change{}, nil
			}
		}
		if err := unseen(ref.Number, dossier.Log, by); err != nil {
			return Change{}, err
		}
		story, line, ok := signalOf(dossier, signal)
		if !ok {
			return Change{}, fmt.Errorf("it has no signal %q: %w", signal, ErrNotFound)
		}
		number, err := d.numbers.take(ctx, line.At)
		if err != nil {
			return Change{}, err
		}
		change, err := d.split(c, story, line, number, by)
		if err == nil {
			made = refOf(*change.Ticket)
		}
		return change, err
	})
	if err != nil {
		return Ref{}, fmt.Errorf("split ticket %s: %w", ref.Number, err)
	}
	return made, nil
}

// signalOf finds a signal of a ticket and the report that it belongs to.
func signalOf(dossier ticket.Dossier, signal string) (ticket.Story, ticket.SignalLine, bool) {
	for _, s := range dossier.Stories {
		for _, l := range s.Signals {
			if l.Signal == signal && !s.Gone {
				return s, l, true
			}
		}
	}
	return ticket.Story{}, ticket.SignalLine{}, false
}

// split is the change that makes a ticket of a signal. The new one has the
// priority of the old, nobody's acknowledgement and the party of the
// signal only when no open ticket has it.
func (d *Dispatcher) split(c Case, story ticket.Story, line ticket.SignalLine, number ticket.Number, by Author) (Change, error) {
	s, from := d.dir.Load(), line.From
	if from.Channel == "" {
		from = story.From
	}
	policy := d.rules(s.Book, from.Client.Org)
	o := ticket.Opened{
		ID: newID(), Number: number, Class: c.Ticket.Class, Priority: c.Ticket.Priority, Line: c.Ticket.Line, Language: c.Ticket.Language,
		Client: from.Client, From: from, Signal: line.Signal, Text: line.Text, Policy: &policy, Limit: c.Ticket.Limit, Machine: line.Machine,
	}
	if _, open := d.board.find(from.Party); from.Party != "" && !open {
		o.Party = from.Party
	}
	var fresh Case
	opened := by.event(o.ID, 0, o)
	opened.At = line.At
	change, err := fresh.takeAll(Change{}, opened,
		by.event(o.ID, 1, ticket.Linked{Relation: ticket.SplitFrom, Ticket: c.Ticket.ID, Number: c.Ticket.Number}))
	if err != nil {
		return change, err
	}
	change.Was = 0
	if change.Ticket.NeedsPage() {
		state, err := watchFrom(s.Policy)
		if err != nil {
			return change, err
		}
		change.Timers = append(change.Timers, Timer{Ticket: o.ID, Kind: TimerPage, DueAt: by.At, Gen: 1, State: state})
	}
	other, err := c.take(Change{}, by.event(c.Ticket.ID, 0, ticket.Split{Target: o.ID, Number: number, Signal: line.Signal}))
	return change.with(other), err
}
