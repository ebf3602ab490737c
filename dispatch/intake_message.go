package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// recoveryWait is how long the word that a trouble is over waits for the word
// that it began: they may overtake each other.
const recoveryWait = 30 * time.Second

// errOvertook says that a recovery came before its problem.
var errOvertook = errors.New("no ticket is known of what is over; the problem may be on its way")

// takeMessage makes a signal that is no call a ticket, or lets it join one. A
// word that something is over of which there is no ticket is settled without one.
func (d *Dispatcher) takeMessage(ctx context.Context, sig Signal) (_ Opened, err error) {
	start := d.now()
	defer func() { d.metrics.verb("intake", start, err) }()
	a, err := d.arrive(sig)
	if err != nil {
		return Opened{}, err
	}
	return d.place(ctx, a)
}

// arrive finds out all that is known of a message before its ticket is.
func (d *Dispatcher) arrive(sig Signal) (arrival, error) {
	s := d.dir.Load()
	how, m, err := d.decode(sig)
	if errors.Is(err, errNoDecoder) {
		return arrival{}, err
	}
	how.Emergency = how.Emergency || slices.Contains(d.cfg.Intake.Emergency, sig.Channel)
	if err != nil {
		return d.unread(s, sig, m, how, err), nil
	}
	a := arrival{sig: sig, m: m, who: identifySender(s.Book, sig.Channel, m), line: lineOf(s, m.Line)}
	a.rules = d.rules(s.Book, a.who.match.Org)
	var suggested ticket.Category
	if d.suggest != nil && m.Category == ticket.Uncategorised && !m.Machine {
		if suggested, a.guess = d.suggest(m.Subject + "\n" + m.Text); suggested == ticket.Uncategorised {
			a.guess = ""
		}
	}
	a.suggested = suggested
	a.weight = weigh(m, how, a.who.claims, suggested)
	return a, nil
}

// unread is the arrival of a signal that could not be decoded: somebody must
// look at it. What the decoder has read before it gave up may say who sent it.
func (d *Dispatcher) unread(s *Snapshot, sig Signal, m MessageSignal, how Decoding, why error) arrival {
	a := arrival{sig: sig, unread: why, line: lineOf(s, ""), weight: weight{ticket.Unreadable, ticket.Normal}}
	a.m = MessageSignal{From: ticket.Contact{Channel: string(sig.Channel), Address: clean(m.From.Address, maxName, false), Name: clean(m.From.Name, maxName, false)}}
	a.m.Unproven = m.Unproven
	a.who = identifySender(s.Book, sig.Channel, a.m)
	a.who.party, a.who.source = "", "unreadable:"+string(sig.Channel)
	a.rules = d.rules(s.Book, a.who.match.Org)
	o, _ := s.Book.Resolve(a.who.match.Org)
	if how.Emergency || o.Contract.Urgent {
		a.weight.priority = ticket.Critical
	}
	return a
}

// lineOf returns the hotline whose people serve a message: the one it names,
// else the one that takes all calls, else the first.
func lineOf(s *Snapshot, id string) Line {
	if l, ok := s.Line(id); ok && id != "" {
		return l
	}
	if l, ok := s.LineFor(""); ok {
		return l
	}
	return s.Lines()[0]
}

// place finds the message's ticket or opens one.
func (d *Dispatcher) place(ctx context.Context, a arrival) (Opened, error) {
	leave := func() {}
	defer func() { leave() }()
	asked := false
	for try := 0; ; try++ {
		f, err := d.whose(ctx, a)
		if err == nil && !f.found && !a.m.Recovery && !asked {
			asked, a.storm = true, d.stormy(ctx, a)
			if leave, err = d.turn(ctx, a.party()); err == nil {
				continue // those who came before have had their turn: their ticket may be there by now
			}
		}
		if err != nil {
			return Opened{}, err
		}
		if f.found { // whoever joins is in nobody's way
			leave()
			leave = func() {}
		}
		in, err := d.decideMessage(ctx, a, f)
		if err != nil || in.ticket.ID == "" {
			return Opened{}, err
		}
		err = d.commit(ctx, in.change)
		if repeat, ok := errors.AsType[*RepeatedError](err); ok {
			return d.repeated(ctx, a.sig, repeat.Taken)
		}
		if errors.Is(err, ErrConflict) && try < maxConflicts {
			d.metrics.conflict()
			if err := d.catchUp(ctx, in.ticket.ID, in.joined); err != nil && !errors.Is(err, ErrNotFound) {
				return Opened{}, err
			}
			continue
		}
		if err != nil {
			return Opened{}, fmt.Errorf("take in signal %s: %w", signalName(a.sig.ID()), err)
		}
		d.storms.own(in)
		return openedAs(in.ticket, caller{number: a.who.number, match: a.who.match}, in.joined), nil
	}
}

// turn waits until those are done who open a ticket for the same party.
func (d *Dispatcher) turn(ctx context.Context, party string) (leave func(), err error) {
	if party == "" {
		return func() {}, nil
	}
	if leave, err = d.gates.enter(ctx, party); err != nil {
		return func() {}, err
	}
	return leave, nil
}

// stormLimit is how many tickets the message's source gets within the window.
func (d *Dispatcher) stormLimit(a arrival) int {
	if a.m.Machine || a.unread != nil {
		return d.cfg.Intake.StormAlarms
	}
	return d.cfg.Intake.StormPeople
}

// decideMessage decides on what was found. The zero intake means that the
// signal needs no ticket.
func (d *Dispatcher) decideMessage(ctx context.Context, a arrival, f finding) (intake, error) {
	paging, err := watchFrom(d.dir.Load().Policy)
	if err != nil {
		return intake{}, err
	}
	if f.found {
		in, err := d.joins(a, f, paging)
		if err != nil {
			return in, fmt.Errorf("take in signal %s: %w", signalName(a.sig.ID()), err)
		}
		return in, nil
	}
	if a.m.Recovery {
		return intake{}, d.settleRecovery(ctx, a.sig)
	}
	number, err := d.numbers.take(ctx, a.sig.At)
	if err != nil {
		return intake{}, err
	}
	in, err := decideOpening(a, ticket.Opened{ID: newID(), Number: number, Limit: d.cfg.FirstContact}, append(f.links, d.similar(a)...), paging)
	if err != nil {
		return in, fmt.Errorf("take in signal %s: %w", signalName(a.sig.ID()), err)
	}
	if !a.m.Machine && !a.m.Quiet && a.unread == nil && !a.storm { // a flood of answers is one more flood
		in.change = d.receipt(in.ticket, in.change, 1, a.from(), a.sig.At)
	}
	return in, nil
}

// joins decides that the message joins a case, and what any word of a client, or
// a trouble that is back, does to it.
func (d *Dispatcher) joins(a arrival, f finding, paging []byte) (intake, error) {
	c, again := f.c, f.again && f.c.Ticket.Reopens(a.sig.At)
	in, err := decideJoining(a, c, d.storms.join(c.Ticket.ID, a.sig.At), again, paging)
	e := ticket.Event{Ticket: c.Ticket.ID, At: a.sig.At, By: byVahta, Channel: string(a.sig.Channel)}
	if err == nil && again {
		e.Body = ticket.Reopened{Signal: signalName(a.sig.ID()), Reason: "the same trouble is reported again"}
		in.change, err = d.reopens(c, in.change, e, "")
	}
	if err == nil && !a.m.Recovery {
		in.change, err = d.heard(c, in.change, e)
	}
	if t, ok := in.change.row(c.Ticket.ID); ok {
		in.ticket = t
	}
	return in, err
}

// settleRecovery ends the wait of a recovery for its problem.
func (d *Dispatcher) settleRecovery(ctx context.Context, sig Signal) error {
	if d.now().Before(sig.At.Add(recoveryWait)) {
		return errOvertook
	}
	if d.signals == nil {
		return nil
	}
	return d.signals.SettleSignal(ctx, sig.ID(), Settling{Settled: "it says that a trouble is over of which no ticket is known"})
}

// finding is what the search for a message's ticket found.
type finding struct {
	c     Case
	found bool
	again bool // it is the same trouble once more: a ticket that is done begins anew
	links []ticket.Linked
}

// whose finds the case that a message joins: what it answers, its sender's open
// one, or the one of the same trouble that was closed of late.
func (d *Dispatcher) whose(ctx context.Context, a arrival) (f finding, err error) {
	var done []ticket.Ticket // closed, and it is about them
	for _, ref := range a.m.InReplyTo {
		t, mine, err := d.refers(ctx, a, ref)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return f, err
		case !mine:
			f.links = append(f.links, ticket.Linked{Relation: ticket.SeeAlso, Ticket: t.ID, Number: t.Number})
		case t.Open():
			f.c, err = d.load(ctx, t.ID)
			f.found, f.again = err == nil, a.returns()
			return f, err
		default:
			done = append(done, t)
		}
	}
	c, ok := d.board.find(a.parties()...)
	if !ok {
		c, ok = d.board.find(a.who.former)
		ok = ok && a.ours(c.Ticket)
	}
	if ok {
		if d.board.isStale(c.Ticket.ID) {
			c, _ = d.load(ctx, c.Ticket.ID)
		}
		if c.Ticket.Open() { // else another node has closed it
			f.c, f.found, f.again = c, true, a.m.Machine && !a.m.Recovery && !a.m.Update || a.returns()
			return f, nil
		}
	}
	if a.m.Machine && a.who.party != "" && d.signals != nil && !a.storm {
		for _, party := range []string{a.who.party, a.who.former} {
			last, err := d.signals.LastTicket(ctx, party)
			switch {
			case party == "", errors.Is(err, ErrNotFound):
			case err != nil:
				return f, err
			case party == a.who.party || a.ours(last):
				done = append(done, last)
			}
		}
	}
	return d.ended(ctx, a, f, done)
}

// ours reports whether a ticket belongs to the client that a message comes from.
func (a arrival) ours(t ticket.Ticket) bool {
	return t.Client.Level == client.Known && t.Client.Org == a.who.match.Org
}

// ended decides about the tickets that are closed: a recovery and an update are noted there; a
// trouble that is back reopens the ticket, or is linked to it when that was long ago.
func (d *Dispatcher) ended(ctx context.Context, a arrival, f finding, done []ticket.Ticket) (_ finding, err error) {
	for _, t := range done {
		switch {
		case a.m.Recovery, a.m.Update, t.Reopens(a.sig.At):
			f.c, err = d.load(ctx, t.ID)
			f.found, f.again = err == nil, !a.m.Recovery && !a.m.Update
			return f, err
		case !slices.ContainsFunc(f.links, func(l ticket.Linked) bool { return l.Ticket == t.ID }):
			f.links = append(f.links, ticket.Linked{Relation: ticket.RepeatOf, Ticket: t.ID, Number: t.Number})
		}
	}
	return f, nil
}

// maxMerges is how many merges are followed from one ticket to the next.
const maxMerges = 8

// refers finds the ticket that a message names. Whoever knows an id was told it
// by us, unless he may be another one than he says; a number can be guessed, so
// it counts from its own people only.
func (d *Dispatcher) refers(ctx context.Context, a arrival, ref string) (t ticket.Ticket, mine bool, err error) {
	number, notNumber := ticket.ParseNumber(ref)
	switch {
	case notNumber == nil && d.archive != nil:
		t, err = d.archive.Find(ctx, number)
		mine = a.takesPart(t)
	case len(ref) == len(newID()):
		var c Case
		c, err = d.load(ctx, ref)
		t, mine = c.Ticket, !a.m.Unproven || a.takesPart(c.Ticket)
	default:
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) && ref != "" {
		var taken Taken
		if _, taken, err = d.store.Signal(ctx, SignalID{a.sig.Channel, ref}); err == nil && taken.Ticket == "" {
			err = ErrNotFound
		}
		if err == nil {
			var c Case
			c, err = d.load(ctx, taken.Ticket)
			t, mine = c.Ticket, a.takesPart(c.Ticket)
		}
	}
	for range maxMerges {
		if err != nil || t.MergedInto == "" {
			break
		}
		var c Case
		c, err = d.load(ctx, t.MergedInto)
		t = c.Ticket
	}
	return t, mine, err
}

// takesPart reports whether the sender belongs to the ticket's people.
func (a arrival) takesPart(t ticket.Ticket) bool {
	switch {
	case t.ID == "":
		return false
	case t.Client.Org != "" && t.Client.Level == client.Known && a.who.match.Level == client.Known && a.who.match.Org == t.Client.Org:
		return true
	case t.Party != "" && (t.Party == a.who.party || t.Party == a.who.quiet(a.m)):
		return true
	}
	return t.Caller != "" && t.Caller == a.who.number
}

// maxSimilar is how many similar tickets are suggested.
const maxSimilar = 3

// similar are the open tickets that may be about the trouble of a new one: those
// of its organisation with its category, and the sender's own.
func (d *Dispatcher) similar(a arrival) (links []ticket.Linked) {
	if a.m.Machine || a.unread != nil {
		return nil
	}
	category := a.m.Category
	if category == ticket.Uncategorised {
		category = a.suggested
	}
	for _, t := range d.board.ofOrg(a.who.match.Org) {
		if category != ticket.Uncategorised && t.Category == category && len(links) < maxSimilar {
			links = append(links, ticket.Linked{Relation: ticket.SeeAlso, Ticket: t.ID, Number: t.Number})
		}
	}
	c, ok := d.board.find(a.who.party, a.who.quiet(a.m))
	if ok && !slices.ContainsFunc(links, func(l ticket.Linked) bool { return l.Ticket == c.Ticket.ID }) {
		links = append(links, ticket.Linked{Relation: ticket.SeeAlso, Ticket: c.Ticket.ID, Number: c.Ticket.Number})
	}
	return links
}
