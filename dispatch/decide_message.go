package dispatch

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// How far a stamp that comes with a signal may be from our own.
const (
	stampAhead = time.Minute
	stampOld   = 24 * time.Hour
	smsSkew    = 10 * time.Minute
)

// sender is who a message comes from, as far as it tells.
type sender struct {
	match  client.Match
	claims bool          // a card lists the address that he names, whether it is his or not
	number client.Number // of a sender who has one
	party  string        // whose further signals join the ticket; empty = nobody's
	former string        // the same as older versions named it, which did not tell clients apart; empty = alike
	source string        // whose storms are counted together
}

// identifySender reads who a message comes from. A name that the sender gives
// to an organisation counts where nobody lists the address.
func identifySender(b *client.Book, ch Channel, m MessageSignal) sender {
	who := sender{match: b.MatchAddress(m.From.Channel, m.From.Address)}
	if o, ok := b.Resolve(m.Org); ok && m.Org != "" && who.match.Level != client.Known {
		who.match = client.Match{
			Level: client.Known, Org: o.ID, OrgName: o.Name, Spoken: cmp.Or(o.Spoken, o.Name), Language: o.Language,
			FirstContact: o.Contract.FirstContact, VIP: o.VIP,
		}
	}
	if who.claims = who.match.Level == client.Known; m.Unproven {
		who.match = doubted(who.match)
	}
	from := Channel(m.From.Channel)
	if !m.Unproven && (from == ChannelCall || from == ChannelSMS) {
		who.number, _ = b.Numbering().Parse(m.From.Address) // a sender's name instead of a number is no fault
	}
	address := string(from) + ":" + strings.ToLower(cmp.Or(m.From.Address, m.Source, string(ch)))
	who.source = address
	switch {
	case m.Machine:
		if who.match.Level == client.Known {
			who.source = "org:" + who.match.Org
			if !m.OwnKeys { // one monitoring may watch several clients: each has its own troubles
				if m.DedupKey != "" {
					who.former = "alarm:" + address + "/" + m.DedupKey
				}
				address = who.source + "/" + address
			}
		}
		if m.DedupKey != "" {
			who.party = "alarm:" + address + "/" + m.DedupKey
		}
	case who.match.Contact != "" && who.match.Level == client.Known:
		who.party = "contact:" + who.match.Org + "/" + who.match.Contact
	case who.number != "":
		who.party = numberParty(who.number)
	case m.From.Address != "":
		who.party = address
	}
	if who.match.Level == client.Unknown && !m.Machine {
		who.source = "strangers:" + string(from) // an address is easily made
	}
	if m.Unproven && who.claims {
		who.source = unprovenPrefix + string(from) // and a client's is easily named: the storm is not his
	}
	if m.Unproven && who.party != "" {
		who.party = unprovenPrefix + who.party
	}
	return who
}

// unprovenPrefix marks the party of a sender who may be another one. Whoever is
// proved to be that sender has tickets of his own.
const unprovenPrefix = "unproven:"

// doubted is what a card says of a sender who may be another one: whose he may
// be, and nothing that gives him a right.
func doubted(m client.Match) client.Match {
	if m.Level == client.Known {
		m.Level, m.Contact, m.ContactName, m.VIP = client.Maybe, "", "", false
	}
	return m
}

// quietPrefix marks the party of a ticket that is no emergency, so that a call
// on the emergency line never disappears in it.
const quietPrefix = "quiet:"

// quiet is the party of the sender's tickets that are no emergencies. A machine
// has one ticket for one trouble, however grave it has become.
func (s sender) quiet(m MessageSignal) string {
	if s.party == "" || m.Machine {
		return s.party
	}
	return quietPrefix + s.party
}

// weight is how grave a message is.
type weight struct {
	class    ticket.Class
	priority ticket.Priority
}

func (w weight) emergency() bool { return w.priority == ticket.Critical }

// weigh judges a message by what it says of itself, the words in it and the
// channel. A Critical too many costs an engineer a look; one too few costs the
// client the night. suggested is the category that its words suggest.
func weigh(m MessageSignal, how Decoding, known bool, suggested ticket.Category) weight {
	switch {
	case m.Warning:
		return weight{ticket.Warning, max(m.Priority, ticket.Normal)}
	case m.Request:
		return weight{ticket.Request, max(m.Priority, ticket.Normal)}
	case m.Priority != 0:
		return weight{ticket.Incident, m.Priority}
	case m.Category != ticket.Uncategorised, how.Emergency:
		return weight{ticket.Incident, ticket.Critical}
	case suggested != ticket.Uncategorised && known && !m.Machine:
		return weight{ticket.Incident, ticket.Critical}
	case m.Machine:
		return weight{ticket.Incident, ticket.High}
	}
	return weight{ticket.Incident, ticket.Normal}
}

// began is T0 of a message: the stamp of a relay that we trust, so that our own
// lag does not hide a breach, else our own stamp. Of a machine whose contract
// says so it is when the trouble began. A stamp that can not be true is not
// believed and flagged.
func began(sig Signal, m MessageSignal, rules sla.Policy) (t0 time.Time, skewed bool) {
	stamp, back := time.Time{}, stampOld
	// Of all other channels, what a client's own clock says counts for nothing.
	if ch := sig.Channel; ch == ChannelEmail || ch == ChannelChat {
		stamp = m.Stamped
	} else if ch == ChannelSMS {
		stamp, back = m.Stamped, smsSkew
	}
	if m.Machine && rules.CountFromOccurrence && !m.Occurred.IsZero() {
		stamp, back = m.Occurred, stampOld
	}
	ahead := stampAhead
	if back == smsSkew {
		ahead = smsSkew
	}
	switch {
	case stamp.IsZero():
		return sig.At, false
	case stamp.After(sig.At.Add(ahead)) || stamp.Before(sig.At.Add(-back)):
		return sig.At, true
	case stamp.After(sig.At):
		return sig.At, false
	}
	return stamp.UTC().Truncate(time.Microsecond), false
}

// arrival is a message with all that is known of it before its ticket is.
type arrival struct {
	sig    Signal
	m      MessageSignal
	who    sender
	weight weight
	line   Line
	rules  sla.Policy
	storm  bool // its source is in a storm: it joins the storm's ticket
	// suggested is the category that its words suggest, and guess says so in words.
	suggested ticket.Category
	guess     string
	// unread is why it could not be decoded; nil = it was.
	unread error
}

// signalName is how a ticket's log names a signal.
func signalName(id SignalID) string { return string(id.Channel) + "/" + id.Key }

// stormParty is whose ticket the message joins when its source is in a storm.
// What is grave never disappears among what is not.
func (h arrival) stormParty() string {
	if h.weight.emergency() {
		return "storm:critical:" + h.who.source
	}
	return "storm:quiet:" + h.who.source
}

// party is whose ticket the message opens.
func (h arrival) party() string {
	switch {
	case h.storm:
		return h.stormParty()
	case h.weight.emergency():
		return h.who.party
	}
	return h.who.quiet(h.m)
}

// parties are those whose open ticket the message joins, the first one first.
// What is no emergency joins the sender's emergency, too: it will be about that.
func (h arrival) parties() []string {
	switch {
	case h.storm:
		return []string{h.who.party, h.stormParty()}
	case h.m.Machine && h.m.Recovery: // the trouble may have come in a storm
		return []string{h.who.party, "storm:critical:" + h.who.source, "storm:quiet:" + h.who.source}
	case h.weight.emergency(), h.m.Machine:
		return []string{h.who.party}
	case h.weight.class == ticket.Request:
		return []string{h.who.quiet(h.m)}
	}
	return []string{h.who.party, h.who.quiet(h.m)}
}

// text is what the ticket shows of the message.
func (h arrival) text() string {
	text := h.m.Text
	if h.m.Subject != "" && text != "" {
		text = h.m.Subject + "\n\n" + text
	}
	text = cmp.Or(text, h.m.Subject)
	if h.unread != nil {
		text = h.unread.Error() + "\n\n" + excerpt(h.sig.Raw)
	}
	return text
}

// insists reports whether the message says by itself how grave it is: only that
// raises what somebody may have judged already.
func (h arrival) insists() bool {
	return !h.m.Recovery && h.unread == nil && h.weight.class == ticket.Incident && (h.m.Priority != 0 || h.m.Category != ticket.Uncategorised)
}

// returns reports whether the message says by itself that the trouble is there again.
func (h arrival) returns() bool { return h.insists() && !h.m.Update }

// from is the sender as the log keeps him.
func (h arrival) from() ticket.Contact {
	from := h.m.From
	from.Party, from.Client, from.Unproven = h.who.party, h.who.match, h.m.Unproven
	return from
}

// maxExcerpt is how many runes of an unreadable signal its ticket shows.
const maxExcerpt = 1000

// excerpt is the readable part of bytes that nobody could decode.
func excerpt(raw []byte) string {
	head := strings.ToValidUTF8(string(raw[:min(len(raw), 4*maxExcerpt)]), "\uFFFD")
	head = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, head)
	return clean(head, maxExcerpt, true)
}

// opening is the ticket that the message opens, by the given id and number.
func (h arrival) opening(fresh ticket.Opened) ticket.Event {
	t0, skewed := began(h.sig, h.m, h.rules)
	fresh.Class, fresh.Priority, fresh.Category = h.weight.class, h.weight.priority, h.m.Category
	fresh.Line, fresh.Language = h.line.ID, cmp.Or(h.m.Language, h.who.match.Language, h.line.Language)
	fresh.Caller, fresh.Name, fresh.Client, fresh.Party = h.who.number, h.m.From.Name, h.who.match, h.party()
	fresh.Limit = cmp.Or(h.who.match.FirstContact, fresh.Limit)
	fresh.Machine, fresh.Storm = h.m.Machine, h.stormParty()
	fresh.From, fresh.Signal, fresh.Text = h.from(), signalName(h.sig.ID()), h.text()
	fresh.Files = h.m.Files
	fresh.Policy, fresh.Skewed, fresh.Occurred = &h.rules, skewed, h.m.Occurred.UTC()
	if !t0.Equal(h.sig.At) {
		fresh.Received = h.sig.At
	}
	return h.event(fresh.ID, t0, fresh)
}

// event is a line of the log that the message makes. Its key keeps a repeat out.
func (h arrival) event(id string, at time.Time, body ticket.Body) ticket.Event {
	by := byCaller
	if h.m.Machine || h.unread != nil {
		by = byVahta
	}
	return ticket.Event{Ticket: id, At: at, By: by, Channel: string(h.sig.Channel), Key: "signal:" + signalName(h.sig.ID()), Body: body}
}

// decideOpening makes the message a ticket of its own. Similar are open tickets
// that may be about the same trouble; an engineer merges them, or does not. Paging
// is the first state of the page timer.
func decideOpening(h arrival, fresh ticket.Opened, similar []ticket.Linked, paging []byte) (intake, error) {
	e := h.opening(fresh)
	after, err := ticket.Ticket{}.Apply(e)
	if err != nil {
		return intake{}, err
	}
	in := intake{ticket: after}
	in.change = Change{
		Signal: &h.sig, Taken: Taken{Ticket: after.ID, Number: after.Number.String()}, Ticket: &in.ticket, Events: []ticket.Event{e},
	}
	add := func(body ticket.Body) {
		line := ticket.Event{Ticket: after.ID, At: h.sig.At, By: byVahta, Body: body}
		next, fault := in.ticket.Apply(line)
		err = errors.Join(err, fault)
		in.ticket, in.change.Events = next, append(in.change.Events, line)
	}
	for _, link := range similar {
		add(link)
	}
	if h.guess != "" {
		add(ticket.Noted{Text: h.guess})
	}
	if in.ticket.NeedsPage() {
		in.change.Timers = []Timer{{Ticket: after.ID, Kind: TimerPage, DueAt: h.sig.At, Gen: 1, State: paging}}
	}
	return in, err
}

// toldSignals says which signals of a flood have a line of their own in the
// log: the first ones of each minute, and then each hundredth.
const (
	toldFirst  = 20
	toldNth    = 100
	toldMinute = time.Minute
)

// told reports whether the nth signal of a ticket within the minute, from 1,
// has a line of its own, and how many without one it stands for.
func told(nth int) (line bool, repeats int) {
	switch {
	case nth <= toldFirst:
		return true, 0
	case nth%toldNth != 0:
		return false, 0
	case nth == toldNth:
		return true, toldNth - toldFirst - 1
	}
	return true, toldNth - 1
}

// decideJoining lets the message join a case. nth is which signal of the ticket
// it is within the minute; one that begins the ticket anew always has a line.
// What follows beside the line in its log: a trouble that has become graver is
// raised, and an earlier signal moves T0 back.
func decideJoining(h arrival, c Case, nth int, again bool, paging []byte) (intake, error) {
	t, name := c.Ticket, signalName(h.sig.ID())
	in := intake{ticket: t, joined: true}
	in.change = Change{Signal: &h.sig, Taken: Taken{Ticket: t.ID, Number: t.Number.String(), Joined: true}}
	if t.Open() {
		in.change.Open = t.ID
	}
	var events []ticket.Event
	follows := func(body ticket.Body) {
		events = append(events, ticket.Event{Ticket: t.ID, At: h.sig.At, By: byVahta, Body: body})
	}
	if line, repeats := told(nth); line || again {
		events = append(events, h.event(t.ID, h.sig.At, ticket.Signalled{
			Signal: name, From: h.from(), Text: h.text(), Files: h.m.Files, Machine: h.m.Machine, Recovery: h.m.Recovery, Repeats: repeats,
		}))
	}
	if t0, _ := began(h.sig, h.m, h.rules); !h.m.Machine && !h.storm && t0.Before(t.OpenedAt) {
		follows(ticket.T0Moved{From: t.OpenedAt, To: t0, Signal: name})
	}
	if h.insists() && h.weight.priority < t.Priority && (t.Open() || again) {
		reason := fmt.Sprintf("%s reports it as %s", cmp.Or(h.m.Source, h.m.From.Name, "the sender"), h.weight.priority)
		if t.Class != ticket.Incident {
			follows(ticket.Classified{Class: ticket.Incident, Reason: reason})
		}
		follows(ticket.Prioritised{Priority: h.weight.priority, Reason: reason})
	}
	for _, e := range events {
		var err error
		if in.change, err = c.take(in.change, e); err != nil {
			return in, err
		}
	}
	in.change = c.pages(in.change, h.sig.At, paging)
	return in, nil
}

// pages adds the page timer of a ticket that needs one after the change and has
// none.
func (c Case) pages(change Change, at time.Time, paging []byte) Change {
	t, ok := change.row(c.Ticket.ID)
	timed := slices.ContainsFunc(change.Timers, func(t Timer) bool { return t.Ticket == c.Ticket.ID && t.Kind == TimerPage })
	if ok && t.NeedsPage() && c.pageTimer().Gen == 0 && !timed {
		change.Timers = append(change.Timers, Timer{Ticket: t.ID, Kind: TimerPage, DueAt: at, Gen: 1, State: paging})
	}
	return change
}

// decideReading adds what a signal says to the ticket that it became while
// nobody could read it: its words, what kind of work it is and how grave.
func decideReading(h arrival, c Case, now time.Time, paging []byte) (Change, error) {
	t, name := c.Ticket, signalName(h.sig.ID())
	why := "signal " + name + " was read anew"
	said := h.event(t.ID, now, ticket.Signalled{Signal: name, From: h.from(), Text: h.text(), Files: h.m.Files, Machine: h.m.Machine, Recovery: h.m.Recovery})
	said.Key = "read:" + name
	bodies := []ticket.Body{ticket.Classified{Class: h.weight.class, Reason: why}}
	if h.weight.priority != t.Priority {
		bodies = append(bodies, ticket.Prioritised{Priority: h.weight.priority, Reason: why, Misjudged: h.weight.priority < t.Priority})
	}
	if h.m.Category != ticket.Uncategorised && h.m.Category != t.Category {
		bodies = append(bodies, ticket.Categorised{Category: h.m.Category})
	}
	change, err := c.take(Change{}, said)
	for _, body := range bodies {
		if err == nil {
			change, err = c.take(change, ticket.Event{Ticket: t.ID, At: now, By: byVahta, Body: body})
		}
	}
	return c.pages(change, now, paging), err
}
