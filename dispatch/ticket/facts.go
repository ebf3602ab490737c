package ticket

import (
	"cmp"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// minTalk is the shortest conversation that counts as contact without a
// confirming note.
const minTalk = 5 * time.Second

// Facts takes from a log what the clocks need to know. What is first contact
// and what is a told plan is decided here:
//
//   - a call that came in: from the accept key of an engineer on, unless the
//     talk was shorter than 5 s and no note confirms it;
//   - a call-back that was answered, by the same measure, and a plan that was
//     read out;
//   - a message that a person wrote, sent or from a template, once a transport
//     has taken it and its author has taken the ticket; a hard bounce takes it
//     away, a later way of the same message brings it back.
//
// An update of which no message has arrived is no word to the client.
//
// Receipts, notes, assignments and acknowledgements alone are none.
func Facts(log []Event) []sla.Fact {
	r := reader{
		facts: make([]sla.Fact, 0, len(log)+1),
		calls: map[string]int{}, machine: map[int]bool{}, confirmed: map[string]bool{}, contacted: map[string]bool{},
		took: map[string]time.Time{}, messages: map[string]message{}, sent: map[string][]string{}, plans: map[int]Planned{},
	}
	for _, e := range log {
		r.prepare(e)
	}
	for _, e := range log {
		if !r.intake(e) && !r.word(e) {
			r.work(e)
		}
	}
	return r.facts
}

// FirstContact reads the first-contact clock of a log's first report at now, by
// the limit that the ticket was opened with.
func FirstContact(log []Event, now time.Time) sla.Clock {
	limit := time.Duration(0)
	if len(log) > 0 {
		if o, ok := log[0].Body.(Opened); ok {
			limit = o.Limit
		}
	}
	return sla.FirstContact(Facts(log), limit, now)
}

// reader goes through a log and collects facts.
type reader struct {
	facts []sla.Fact

	calls     map[string]int  // report by call
	machine   map[int]bool    // by report
	confirmed map[string]bool // contacts that a note confirms
	contacted map[string]bool // calls with an accept key
	took      map[string]time.Time
	messages  map[string]message
	sent      map[string][]string // refs that stand, by message and channel
	plans     map[int]Planned
	updates   updates

	class    Class
	priority Priority
	graded   int       // which fact told them last
	acked    time.Time // of the current cycle, as is begun
	begun    time.Time // diagnosis
	reacted  bool
}

type message struct {
	Messaged
	by string
}

// prepare notes what a line says about others, earlier or later.
func (r *reader) prepare(e Event) {
	takes := func(person string) {
		if at, ok := r.took[person]; person != "" && (!ok || e.At.Before(at)) {
			r.took[person] = e.At
		}
	}
	switch b := e.Body.(type) {
	case Noted:
		if b.Contact != "" {
			r.confirmed[b.Contact] = true
		}
	case Accepted:
		takes(b.Person)
	case Acknowledged:
		takes(e.By)
	case HandedOver:
		takes(b.To)
	case Assigned:
		if e.By == b.To {
			takes(e.By)
		}
	case TookPart:
		takes(b.Person)
	case SpecialistTook:
		takes(b.Person)
	case Messaged:
		r.messages[b.Message] = message{b, e.By}
	case Planned:
		r.plans[b.Version] = b
	}
}

func (r *reader) add(f sla.Fact) { r.facts = append(r.facts, f) }

// intake takes signals and calls; false = it is something else.
func (r *reader) intake(e Event) bool {
	switch b := e.Body.(type) {
	case Opened:
		r.opened(b, e.At)
	case Joined:
		r.calls[b.Call] = max(1, b.Report)
		r.add(sla.Fact{Kind: sla.Reported, At: e.At, Report: max(1, b.Report)})
	case Signalled:
		r.add(sla.Fact{Kind: sla.Reported, At: e.At, Report: max(1, b.Report), Machine: b.Machine})
	case Reported:
		r.reported(b, e)
	case T0Moved:
		n := max(1, b.Report)
		r.add(sla.Fact{Kind: sla.Reported, At: b.To, Report: n, Machine: r.machine[n]})
	case Accepted:
		r.contacted[b.Call] = true
		r.add(sla.Fact{Kind: sla.Contacted, At: e.At, Ref: b.Call, Report: max(1, r.calls[b.Call])})
		r.react(&r.acked, e.At)
	case CallEnded:
		// Of a broken call nobody saw the end, so its length is unknown
		// rather than short: the accept key stands, and the page to call
		// back that the break raises mends what the client missed.
		unseen := b.Result == Broken && b.Talk == 0
		if r.contacted[b.Call] && b.Talk < minTalk && !unseen && !r.confirmed[b.Call] {
			r.add(sla.Fact{Kind: sla.Withdrawn, At: e.At, Ref: b.Call})
		}
	case Contacted:
		if b.Channel == ByMerged {
			r.bounces(b.Ref)
		}
		if b.Counts() || r.confirmed[b.Ref] && b.Ref != "" {
			r.add(sla.Fact{Kind: sla.Contacted, At: e.At, Ref: b.Ref, Report: max(1, b.Report)})
		}
	case ContactTried:
		r.add(sla.Fact{Kind: sla.Attempted, At: e.At, Ref: b.Ref, Report: max(1, b.Report), Channel: b.Channel})
	default:
		return false
	}
	return true
}

func (r *reader) opened(b Opened, at time.Time) {
	f := sla.Fact{Kind: sla.Reported, At: at, Report: 1, Machine: b.Machine, Lag: lag(at, b.Received)}
	if b.Policy != nil && b.Policy.CountFromOccurrence && b.Machine && !b.Occurred.IsZero() && b.Occurred.Before(at) {
		f.At = b.Occurred
	}
	r.class, r.priority, r.machine[1] = b.Class, b.Priority, b.Machine
	if b.Call != "" {
		r.calls[b.Call] = 1
	}
	r.add(f)
	r.grade(time.Time{}, false)
}

// lag is how long a signal lay before it was received.
func lag(at, received time.Time) time.Duration {
	if received.IsZero() {
		return 0
	}
	return max(0, received.Sub(at))
}

func (r *reader) reported(b Reported, e Event) {
	f := sla.Fact{Kind: sla.Reported, At: e.At, Report: b.Report, Machine: b.Machine, Source: b.Source, Lag: lag(e.At, b.Received)}
	if b.Source != "" {
		f.Since, f.Due = e.At, b.Due
	}
	if !b.T0.IsZero() {
		f.At, f.Lag = b.T0, lag(b.T0, b.Received)
	}
	r.machine[b.Report] = b.Machine
	if call, ok := strings.CutPrefix(b.Signal, "call/"); ok {
		r.calls[call] = b.Report
	}
	r.add(f)
	if !b.Contact.IsZero() {
		r.add(sla.Fact{Kind: sla.Contacted, At: b.Contact, Since: f.Since, Ref: b.ContactRef, Report: b.Report})
		r.bounces(b.ContactRef)
	}
}

// bounces notes a contact that came from another ticket: when it was a message,
// its bounce may come here.
func (r *reader) bounces(ref string) {
	if i := strings.LastIndexByte(ref, '#'); i > 0 {
		r.sent[ref[:i]] = append(r.sent[ref[:i]], ref)
	}
}

// Clocks reads all clocks of a log at now, by the policy that is pinned in it:
// K1 of each report and cycle, then K2 to K6.
func Clocks(log []Event, now time.Time) []sla.Clock {
	return sla.Read(Policy(log, now), Facts(log), now)
}

// Policy returns the rules by which a log's clocks are judged at now. A log
// that pins none promises the first contact it was opened with, nothing else.
func Policy(log []Event, now time.Time) sla.Policy {
	var p sla.Policy
	for _, e := range log {
		switch b := e.Body.(type) {
		case Opened:
			if b.Policy != nil {
				p = *b.Policy
				continue
			}
			p.Limits = map[sla.Name]sla.Limit{
				sla.FirstContactClock: {Time: cmp.Or(b.Limit, sla.DefaultFirstContact)},
				sla.PlanClock:         {}, sla.UpdateClock: {}, sla.RootCauseClock: {}, sla.ReportClock: {},
			}
			p.Lower = map[sla.Grade]map[sla.Name]sla.Limit{sla.High: p.Limits, sla.Normal: p.Limits, sla.Low: p.Limits}
		case Recomputed:
			if !e.At.After(now) {
				p = b.Policy
			}
		}
	}
	return p
}
