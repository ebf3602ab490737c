package dispatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Where time entries come from.
const (
	timeOfCall    = "call"
	timeOfSession = "session"
	timeOfStage   = "stage"
	timeByHand    = "manual"
)

// talked is the working time of the call that has ended with the events.
func talked(events []ticket.Event) (ticket.Event, bool) {
	for _, e := range events {
		if b, ok := e.Body.(ticket.CallEnded); ok && b.Person != "" && b.Talk > 0 {
			return ticket.Event{
				Ticket: e.Ticket, At: e.At, By: byVahta, Key: "time:" + timeOfCall + ":" + b.Call,
				Body: ticket.Timed{
					Entry: timeOfCall + "-" + b.Call, Person: b.Person, Source: timeOfCall, From: e.At.Add(-b.Talk), To: e.At, Ref: b.Call,
				},
			}, true
		}
	}
	return ticket.Event{}, false
}

// work adds sessions and time entries to the act.
func (a *act) work(body ticket.Body) error {
	dossier, err := a.dossier()
	if err != nil {
		return err
	}
	switch b := body.(type) {
	case ticket.Connected:
		taken := func(name string) bool {
			return slices.ContainsFunc(dossier.Sessions, func(s ticket.Session) bool { return s.Session == name })
		}
		if b.Session == "" {
			b.Session = freeName("s", taken)
		} else if taken(b.Session) {
			return a.refuse(b, "there is a session %s already", b.Session)
		}
		if b.Way == "" {
			return a.refuse(b, "it needs the way, such as vpn, rdp, anydesk or ssh")
		}
		return a.do(b)
	case ticket.Disconnected:
		for _, s := range dossier.Sessions {
			if s.Ended.IsZero() && (s.Session == b.Session || b.Session == "" && s.By == a.by.Person) {
				b.Session = s.Session
				return a.disconnect(s, b)
			}
		}
		return a.refuse(b, "no such session is open")
	case ticket.Timed:
		return a.timed(dossier, b)
	case ticket.TimeSettled:
		if !slices.ContainsFunc(dossier.Times, func(t ticket.TimeEntry) bool { return t.Entry == b.Entry }) {
			return a.refuse(b, "there is no time entry %q", b.Entry)
		}
		org, _ := a.d.dir.Load().Book.Resolve(a.c.Ticket.Client.Org)
		b.Time = quantum(b.Time, org.Contract.Quantum)
		return a.do(b)
	}
	return a.do(body)
}

// disconnect ends a session and writes its time down, but for what is entered
// already: of a call, of another session.
func (a *act) disconnect(s ticket.Session, b ticket.Disconnected) error {
	if err := a.do(b); err != nil {
		return err
	}
	dossier, err := a.dossier()
	if err != nil {
		return err
	}
	var taken []interval
	for _, t := range dossier.Times {
		if t.Person == s.By {
			taken = append(taken, interval{t.From, t.To})
		}
	}
	name := timeOfSession + "-" + b.Session
	for i, piece := range without(interval{s.At, a.at}, taken) {
		entry := name
		if i > 0 {
			entry = fmt.Sprintf("%s-%d", name, i+1)
		}
		if err := a.follows(ticket.Timed{Entry: entry, Person: s.By, Source: timeOfSession, From: piece.from, To: piece.to, Ref: b.Session}); err != nil {
			return err
		}
	}
	return nil
}

// timed adds time that a person enters by hand.
func (a *act) timed(dossier ticket.Dossier, b ticket.Timed) error {
	taken := func(name string) bool {
		return slices.ContainsFunc(dossier.Times, func(t ticket.TimeEntry) bool { return t.Entry == name })
	}
	if b.Entry == "" {
		b.Entry = freeName("t", taken)
	} else if taken(b.Entry) {
		return a.refuse(b, "there is a time entry %s already", b.Entry)
	}
	if b.Person == "" {
		b.Person = a.by.Person
	}
	if b.Source == "" {
		b.Source = timeByHand
	}
	if !b.To.After(b.From) || b.From.IsZero() || b.To.After(a.at.Add(time.Minute)) {
		return a.refuse(b, "it needs a beginning and a later end that is not in the future")
	}
	return a.do(b)
}

// quantum rounds working time up to the contract's smallest piece.
func quantum(d, piece time.Duration) time.Duration {
	if piece <= 0 || d <= 0 {
		return d
	}
	pieces := int64((d + piece - 1) / piece)
	return time.Duration(pieces * int64(piece))
}

// stageOver writes down the time of whoever has had the ticket since the stage
// or his turn began, but for what other entries hold already, and ends the
// sessions of a ticket that has ended.
func (a *act) stageOver(log []ticket.Event, before ticket.Ticket) error {
	if !a.ticket().Open() {
		dossier, err := a.dossier()
		if err != nil {
			return err
		}
		for _, s := range dossier.Sessions {
			if s.Ended.IsZero() {
				if err := a.disconnect(s, ticket.Disconnected{Session: s.Session}); err != nil {
					return err
				}
			}
		}
	}
	change, err := a.c.stageTime(a.change, log, before, a.at)
	a.change = change
	return err
}

// stageTime adds the working time of a stage, or of somebody's turn, that ends.
func (c Case) stageTime(change Change, log []ticket.Event, before ticket.Ticket, at time.Time) (_ Change, err error) {
	soFar := slices.Concat(log, change.Events)
	for i, w := range stageWork(soFar, before, at) {
		w.Entry = fmt.Sprintf("%s-%s-%d-%d", timeOfStage, before.Stage, len(soFar), i)
		if change, err = c.take(change, ticket.Event{Ticket: c.Ticket.ID, At: at, By: byVahta, Key: "time:" + w.Entry, Body: w}); err != nil {
			return change, err
		}
	}
	return change, nil
}

// minStage is the shortest piece of a stage that is worth an entry.
const minStage = time.Minute

// stageWork is the time of the ticket's holder in its stage until at: from when
// he had it, without pauses, without what is entered already, and without his
// sessions that are still open.
func stageWork(log []ticket.Event, t ticket.Ticket, at time.Time) []ticket.Timed {
	switch t.Stage {
	case ticket.Triage, ticket.Diagnosis, ticket.PlanSent, ticket.Hot, ticket.RootCause, ticket.Report:
	case ticket.New, ticket.Stabilised, ticket.Closed, ticket.Cancelled, ticket.Merged:
		return nil // nobody works then
	default:
		return nil
	}
	if t.Assignee == "" {
		return nil
	}
	from := t.Stamps[t.Stage]
	taken := connected(log, t.Assignee, at)
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Accepted, ticket.Acknowledged, ticket.Assigned, ticket.HandedOver:
			if holderOf(e) == t.Assignee && e.At.After(from) && !holds(log, t.Assignee, e) {
				from = e.At
			}
		case ticket.Timed:
			if b.Person == t.Assignee {
				taken = append(taken, interval{b.From, b.To})
			}
		case ticket.Paused:
			begin := b.From
			if begin.IsZero() {
				begin = e.At
			}
			taken = append(taken, interval{begin, resumedAt(log, b)})
		}
	}
	var list []ticket.Timed
	for _, piece := range without(interval{from, at}, taken) {
		if piece.to.Sub(piece.from) >= minStage {
			list = append(list, ticket.Timed{Person: t.Assignee, Source: timeOfStage, From: piece.from, To: piece.to, Ref: t.Stage.String()})
		}
	}
	return list
}

// connected are a person's sessions that are open at a time.
func connected(log []ticket.Event, person string, at time.Time) (list []interval) {
	since := map[string]time.Time{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Connected:
			if e.By == person {
				since[b.Session] = e.At
			}
		case ticket.Disconnected:
			delete(since, b.Session)
		}
	}
	for _, from := range since {
		list = append(list, interval{from, at})
	}
	return list
}

// holderOf is who has the ticket after an event that gives it to somebody.
func holderOf(e ticket.Event) string {
	switch b := e.Body.(type) {
	case ticket.Accepted:
		return b.Person
	case ticket.Acknowledged:
		return e.By
	case ticket.Assigned:
		return b.To
	case ticket.HandedOver:
		return b.To
	}
	return ""
}

// holds reports whether the person had the ticket right before the event.
func holds(log []ticket.Event, person string, until ticket.Event) bool {
	last := ""
	for _, e := range log {
		if e.Seq == until.Seq && e.At.Equal(until.At) && e.Body == until.Body {
			break
		}
		if who := holderOf(e); who != "" {
			last = who
		}
	}
	return last == person
}

// resumedAt is when a pause was over.
func resumedAt(log []ticket.Event, p ticket.Paused) time.Time {
	for _, e := range log {
		if r, ok := e.Body.(ticket.Resumed); ok && (r.Pause == "" || r.Pause == p.Pause) && e.At.Before(p.Until) && e.At.After(p.From) {
			return e.At
		}
	}
	return p.Until
}

// interval is [from, to).
type interval struct{ from, to time.Time }

// without returns the pieces of an interval that none of the others covers.
func without(whole interval, others []interval) (pieces []interval) {
	slices.SortFunc(others, func(a, b interval) int { return a.from.Compare(b.from) })
	for _, o := range others {
		if !o.to.After(whole.from) || !o.from.Before(whole.to) {
			continue
		}
		if o.from.After(whole.from) {
			pieces = append(pieces, interval{whole.from, o.from})
		}
		whole.from = o.to
		if !whole.to.After(whole.from) {
			return pieces
		}
	}
	if whole.to.After(whole.from) {
		pieces = append(pieces, whole)
	}
	return pieces
}
