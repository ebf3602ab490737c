package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Word is what is told to a client in writing.
type Word struct {
	Purpose ticket.Purpose
	Report  int              // whose requester is told; 0 = those of all reports
	To      []ticket.Contact // the ways to him, best first; empty = those on record. Without Report it is told whose they are
	Subject string           // empty = by the purpose
	Text    string
	Version int    // of the plan or the report that it tells
	Link    string // the ticket's page; empty = that of Config.PageURL
	// Enclosed goes with it, on channels that carry files.
	Enclosed []Enclosure
}

// Told is one message on its way to one requester.
type Told struct {
	Message string         // its id in the ticket's log
	Report  int            // 0 = all reports
	To      ticket.Contact // where it goes first
}

// NoWayError says that a requester can not be written to.
type NoWayError struct {
	Number string
	Report int
}

// Error implements error.
func (e *NoWayError) Error() string {
	return fmt.Sprintf("ticket %s: no address of the client is on record (report %d); call him, or name an address", e.Number, e.Report)
}

// Tell sends a word of a person to the client: to one requester, or to all of
// the ticket. Each message is in the log before it is sent; Sent or Unsent tell
// what became of it. What fails for good goes out by the next way on record;
// when there is none, whoever has the ticket is called. It fails with a
// *NoWayError when nobody can be written to.
func (d *Dispatcher) Tell(ctx context.Context, ref Ref, by Author, w Word) ([]Told, error) {
	if strings.TrimSpace(w.Text) == "" {
		return nil, fmt.Errorf("write to the client of ticket %s: the text is empty", ref.Number)
	}
	done, err := d.perform(ctx, ref, by, func(a *act) error { return a.tell(w, true, true) })
	if err != nil {
		return nil, fmt.Errorf("write to the client of ticket %s: %w", ref.Number, err)
	}
	return toldOf(done), nil
}

// toldOf are the messages among an act's events.
func toldOf(done []ticket.Event) (list []Told) {
	for _, e := range done {
		if m, ok := e.Body.(ticket.Messaged); ok {
			list = append(list, Told{m.Message, m.Report, m.To})
		}
	}
	return list
}

// tell adds the messages of a word to the act. needed makes it an error when
// there is nobody to write to.
func (a *act) tell(w Word, human, needed bool) error {
	log, err := a.log()
	if err != nil {
		return err
	}
	list := a.d.envelopes(log, w)
	if !human {
		list = a.d.unasked(list)
	}
	if len(list) == 0 && needed {
		return &NoWayError{Number: a.c.Ticket.Number.String(), Report: w.Report}
	}
	author := a.by.Person
	if !human {
		author = byVahta
	}
	if human {
		if err := a.speaks(log); err != nil {
			return err
		}
	}
	for _, l := range list {
		events, notices := a.d.message(a.ticket(), w, l, human, author, a.by.Channel, a.at)
		for _, e := range events {
			if err := a.add(e); err != nil {
				return err
			}
		}
		a.change.Notices = append(a.change.Notices, notices...)
	}
	return nil
}

// speaks makes whoever writes to the client one of those who work on the ticket:
// he takes it when nobody has it. Only their words are a contact.
func (a *act) speaks(log []ticket.Event) error {
	t, me := a.ticket(), a.by.Person
	if _, ok := a.d.dir.Load().Roster.Person(me); !ok || !t.Open() || t.TakenBy(me) {
		return nil
	}
	if t.Acknowledged.IsZero() {
		return a.do(ticket.Acknowledged{How: howReplied})
	}
	part := false
	for _, e := range log {
		if b, ok := e.Body.(ticket.TookPart); ok && b.Person == me {
			part = !b.Left
		}
	}
	if part || t.Assignee == me {
		return nil
	}
	return a.do(ticket.TookPart{Person: me})
}

// howReplied is how somebody has taken a ticket by writing to its client.
const howReplied = "replied"

// envelope is whom one message is for, and the ways to him.
type envelope struct {
	report int
	also   []int // further reports of the same requester
	ways   []ticket.Contact
	page   string // the ticket whose page is his; empty = the one that the message is of
}

// envelopes addresses a word to the requesters of a log. When one address serves
// all of them, it gets one message.
func (d *Dispatcher) envelopes(log []ticket.Event, w Word) (list []envelope) {
	book := d.dir.Load().Book
	if len(w.To) > 0 {
		e := envelope{report: w.Report, ways: w.To}
		if w.Report == 0 {
			e.report, e.also = addressee(book, requesters(log), w.To, d.cfg.Written)
		}
		return []envelope{e}
	}
	for _, r := range requesters(log) {
		if w.Report != 0 && r.report != w.Report {
			continue
		}
		if to := ways(book, r.from, d.cfg.Written); len(to) > 0 {
			list = append(list, envelope{report: r.report, ways: to, page: r.source})
		}
	}
	alike := func(e envelope) bool {
		return e.ways[0].Channel != list[0].ways[0].Channel || e.ways[0].Address != list[0].ways[0].Address
	}
	if len(list) > 1 && w.Report == 0 && !slices.ContainsFunc(list, alike) {
		return []envelope{{ways: list[0].ways}}
	}
	return list
}

// unasked keeps of a word that nobody has asked for what can arrive.
func (d *Dispatcher) unasked(list []envelope) (kept []envelope) {
	for _, e := range list {
		if e.ways = served(e.ways, d.cfg.Written); len(e.ways) > 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// message makes one message: its line in the log and the notice that carries it.
// What goes to the client's page is delivered by being on record; where clients
// can open no page it fails as any message does by a channel that is not there.
func (d *Dispatcher) message(t ticket.Ticket, w Word, to envelope, human bool, by string, channel Channel, at time.Time) ([]ticket.Event, []Notice) {
	texts := clientTexts(t.Language)
	if w.Subject == "" {
		w.Subject = texts["subject."+string(w.Purpose)]
	}
	if !strings.Contains(w.Subject, t.Number.String()) {
		w.Subject = strings.TrimSpace("[" + t.Number.String() + "] " + w.Subject)
	}
	if w.Link == "" && d.cfg.PageURL != nil {
		w.Link = d.cfg.PageURL(first(to.page, t.ID))
	}
	m := ticket.Messaged{
		Message: newID(), Report: to.report, Also: to.also, Purpose: w.Purpose, To: to.ways[0], Subject: w.Subject, Text: w.Text, Human: human, Version: w.Version,
	}
	events := []ticket.Event{{Ticket: t.ID, At: at, By: by, Channel: string(channel), Body: m}}
	if d.onPage(m.To.Channel) {
		return append(events, ticket.Event{
			Ticket: t.ID, At: at, By: byVahta, Key: sentKey(m.Message, m.To.Channel), Body: ticket.Sent{Message: m.Message, Channel: m.To.Channel},
		}), nil
	}
	return events, []Notice{clientNotice(t, to.ways, ClientMessage{
		ID: m.Message, Subject: m.Subject, Text: m.Text, Link: w.Link, Enclosed: w.Enclosed, Human: human,
		Purpose: m.Purpose, Report: m.Report, Version: m.Version,
	}, at)}
}

// onPage reports whether a message by the channel is delivered by being on record.
func (d *Dispatcher) onPage(channel string) bool {
	return channel == string(ChannelPortal) && slices.Contains(d.cfg.Written, ChannelPortal)
}

// clientNotice carries a message by the first of the ways.
func clientNotice(t ticket.Ticket, ways []ticket.Contact, m ClientMessage, at time.Time) Notice {
	to := ways[0]
	m.Name, m.Next = to.Name, ways[1:]
	return Notice{
		ID:   fmt.Sprintf("msg-%s-%s-%d", t.ID, m.ID, len(m.Next)),
		Kind: NoticeClient, Channel: Channel(to.Channel), To: to.Address, Ref: refOf(t), Message: m, Language: t.Language,
		Client: t.Client.OrgName, Line: t.Line, OpenedAt: t.OpenedAt, DueAt: at,
	}
}

func sentKey(message, channel string) string   { return "sent:" + message + ":" + channel }
func unsentKey(message, channel string) string { return "unsent:" + message + ":" + channel }

// recordTold settles one try of a message to a client, and tells the log when it
// has arrived, or when it has failed for good.
func (d *Dispatcher) recordTold(ctx context.Context, del Delivery) error {
	if !del.Final || del.Result == ResultWithdrawn {
		return d.commit(ctx, Change{Delivery: &del})
	}
	n := del.Notice
	err := d.learn(ctx, n.Ref.ID, func(c, works Case) (Change, error) {
		change := Change{Delivery: &del, ID: fmt.Sprintf("delivery:%s:%d", n.ID, n.Attempt)}
		if del.Result == ResultDelivered || del.Result == ResultAcknowledged {
			return d.delivered(ctx, c, change, n.Message, string(n.Channel), del.Stamp, del.At.Add(del.Took))
		}
		return d.undelivered(ctx, c, works, change, n, ticket.Unsent{
			Message: n.Message.ID, Channel: string(n.Channel), Hard: true, Cause: del.Err,
		}, del.At.Add(del.Took))
	})
	if errors.Is(err, ErrNotFound) {
		err = d.commit(ctx, Change{Delivery: &del})
	}
	return err
}

// delivered adds that a transport has taken a message. A plan that the client
// knows moves the ticket on.
func (d *Dispatcher) delivered(ctx context.Context, c Case, change Change, m ClientMessage, channel, stamp string, at time.Time) (Change, error) {
	change, err := c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: at, By: byVahta, Channel: channel, Key: sentKey(m.ID, channel),
		Body: ticket.Sent{Message: m.ID, Channel: channel, Ref: stamp},
	})
	if err != nil || m.Purpose != ticket.ForPlan {
		return change, err
	}
	return d.planKnown(ctx, c, change, at, byVahta)
}

// undelivered adds that a message has not arrived by a way, and sends it by the
// next one. When none is left, whoever has the ticket must call the client.
func (d *Dispatcher) undelivered(ctx context.Context, c, works Case, change Change, n Notice, why ticket.Unsent, at time.Time) (Change, error) {
	change, err := c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: at, By: byVahta, Channel: why.Channel, Key: unsentKey(why.Message, why.Channel), Body: why,
	})
	if err != nil {
		return change, err
	}
	if next := n.Message.Next; len(next) > 0 {
		if !d.onPage(next[0].Channel) {
			change.Notices = append(change.Notices, clientNotice(c.Ticket, next, n.Message, at))
			return change, nil
		}
		return d.delivered(ctx, c, change, n.Message, next[0].Channel, "", at)
	}
	if !n.Message.Human {
		return change, nil // nobody has asked for it
	}
	return d.alarmAt(c, works, change)
}

// alarmAt calls whoever has the ticket, or the one that is at work instead of it,
// because the client does not get our word.
func (d *Dispatcher) alarmAt(c, works Case, change Change) (Change, error) {
	if works.Ticket.ID == c.Ticket.ID {
		return d.alarm(c, change, AlarmUnsent)
	}
	other, err := d.alarm(works, Change{}, AlarmUnsent)
	return change.with(other), err
}

// Bounced says that a message which a transport had accepted did not arrive. A
// hard bounce takes away what the message was good for, and whoever has the
// ticket is called; a soft one is only noted. message is its id, or the
// transport's own name of it.
func (d *Dispatcher) Bounced(ctx context.Context, ref Ref, message string, hard bool, cause string) error {
	err := d.learn(ctx, ref.ID, func(c, works Case) (Change, error) {
		log, err := d.wholeLog(ctx, ref)
		if err != nil {
			return Change{}, err
		}
		m, channel, ok := sentMessage(log, message)
		if !ok {
			return Change{}, fmt.Errorf("message %s: %w", message, ErrNotFound)
		}
		at := d.now().UTC()
		change, err := c.take(Change{}, ticket.Event{
			Ticket: ref.ID, At: at, By: byVahta, Channel: channel, Key: fmt.Sprintf("bounced:%s:%s:%t", m.Message, channel, hard),
			Body: ticket.Unsent{Message: m.Message, Channel: channel, Hard: hard, Cause: cause},
		})
		if err != nil || !hard || m.Purpose == ticket.ForReceipt {
			return change, err
		}
		return d.alarmAt(c, works, change)
	})
	if err != nil {
		return fmt.Errorf("note the bounce of a message of ticket %s: %w", ref.Number, err)
	}
	return nil
}

// sentMessage finds a message in a log by its id or by its transport's name, and
// the channel that took it.
func sentMessage(log []ticket.Event, name string) (m ticket.Messaged, channel string, ok bool) {
	for _, e := range log {
		if s, is := e.Body.(ticket.Sent); is && name != "" && (s.Message == name || s.Ref == name) {
			name, channel = s.Message, s.Channel
		}
	}
	for _, e := range log {
		if b, is := e.Body.(ticket.Messaged); is && b.Message == name {
			m, ok = b, true
		}
	}
	if ok && channel == "" {
		channel = m.To.Channel
	}
	return m, channel, ok
}
