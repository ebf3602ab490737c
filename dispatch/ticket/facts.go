package ticket

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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
		if i := strings.LastIndexByte(b.ContactRef, '#'); i > 0 { // a message: its bounce may come here
			r.sent[b.ContactRef[:i]] = append(r.sent[b.ContactRef[:i]], b.ContactRef)
		}
	}
}

// grade tells the priority and the scope that hold from then on. What is
// Critical has all clocks, whatever it was taken for.
func (r *reader) grade(at time.Time, misjudged bool) {
	scope := sla.AllClocks
	if r.priority != Critical {
		switch r.class {
		case Request:
			scope = sla.ContactOnly
		case Warning, Task:
			scope = sla.NoClocks
		case Incident, Unreadable:
		}
	}
	f := sla.Fact{Kind: sla.Graded, At: at, Grade: sla.Grade(r.priority.String()), Scope: scope, Misjudge: misjudged}
	if i := r.graded; i > 0 && r.facts[i].At.Equal(at) { // of one act, what it leads to
		f.Misjudge = misjudged || r.facts[i].Misjudge
		r.facts[i] = f
		return
	}
	r.graded = len(r.facts)
	r.add(f)
}

// react notes one half of a reaction: acknowledged, and diagnosis begun.
func (r *reader) react(half *time.Time, at time.Time) {
	if half.IsZero() {
		*half = at
	}
	if r.reacted || r.acked.IsZero() || r.begun.IsZero() {
		return
	}
	r.reacted = true
	f := sla.Fact{Kind: sla.Reacted, At: r.acked}
	if r.begun.After(f.At) {
		f.At = r.begun
	}
	r.add(f)
}

// word takes what was told to the client; false = it is something else.
func (r *reader) word(e Event) bool {
	switch b := e.Body.(type) {
	case Messaged: // prepared
	case Sent:
		r.arrived(b, e)
	case Unsent:
		if b.Hard {
			r.bounced(b, e.At)
		}
	case PlanTold:
		r.told(b.Version, e.At, b.Ref)
		r.add(sla.Fact{Kind: sla.Contacted, At: e.At, Report: 1, Ref: b.Ref})
	case Updated:
		r.add(sla.Fact{Kind: sla.Updated, At: e.At, Next: b.Next})
	case Noted:
		if b.Public && human(e.By) {
			r.add(sla.Fact{Kind: sla.Updated, At: e.At})
		}
	default:
		return false
	}
	return true
}

// human reports whether an author is a person on our side.
func human(by string) bool {
	switch by {
	case "", Itself, "caller", "client":
		return false
	}
	return true
}

// told notes that the client knows a version of the plan; a draft is none.
func (r *reader) told(version int, at time.Time, ref string) {
	if p, ok := r.plans[version]; ok && p.Complete() {
		r.add(sla.Fact{Kind: sla.Told, At: at, Ref: ref, ETA: p.ETA})
	}
}

// arrived notes what a message is good for now that a transport has it.
func (r *reader) arrived(b Sent, e Event) {
	m, ok := r.messages[b.Message]
	if !ok {
		return
	}
	way := b.Message + "/" + b.Channel
	ref := fmt.Sprintf("%s#%d", way, len(r.sent[way])+1)
	r.sent[way] = append(r.sent[way], ref)
	switch m.Purpose {
	case ForReceipt:
		return
	case ForPlan:
		r.told(m.Version, e.At, ref)
	case ForReport:
		r.add(sla.Fact{Kind: sla.Delivered, At: e.At, Ref: ref})
	case ForReply, ForQuestion:
		if m.Human {
			r.add(sla.Fact{Kind: sla.Updated, At: e.At})
		}
	case ForUpdate, ForStatus: // an update has a line of its own
	}
	took, known := r.took[m.by]
	if !m.Human || !known {
		return
	}
	for _, report := range append([]int{m.Report}, m.Also...) {
		f := sla.Fact{Kind: sla.Contacted, At: e.At, Ref: ref, Report: report}
		if took.After(f.At) {
			f.At = took
		}
		r.add(f)
	}
}

// bounced takes away what a message was good for, by one way or by all.
func (r *reader) bounced(b Unsent, at time.Time) {
	for _, way := range slices.Sorted(maps.Keys(r.sent)) {
		refs := r.sent[way]
		if way == b.Message+"/"+b.Channel || b.Channel == "" && strings.HasPrefix(way, b.Message+"/") {
			r.add(sla.Fact{Kind: sla.Withdrawn, At: at, Ref: refs[len(refs)-1]})
		}
	}
}

// work takes what happened on our side.
func (r *reader) work(e Event) {
	switch b := e.Body.(type) {
	case Acknowledged:
		r.react(&r.acked, e.At)
	case Connected:
		r.react(&r.begun, e.At)
	case Moved:
		r.moved(b.To, e.At)
	case Restored:
		r.add(sla.Fact{Kind: sla.Restored, At: e.At})
	case RootCaused:
		if b.Complete {
			r.add(sla.Fact{Kind: sla.Analysed, At: e.At})
		}
	case Paused:
		r.add(sla.Fact{Kind: sla.Paused, At: e.At, Ref: b.Pause, From: b.From, Until: b.Until})
	case Resumed:
		r.add(sla.Fact{Kind: sla.Resumed, At: e.At, Ref: b.Pause})
	case Prioritised:
		r.priority = b.Priority
		r.grade(e.At, b.Misjudged)
	case Classified:
		r.class = b.Class
		r.grade(e.At, false)
	case Reopened:
		r.acked, r.begun, r.reacted = time.Time{}, time.Time{}, false
		r.add(sla.Fact{Kind: sla.Reopened, At: e.At, Report: max(1, b.Report)})
	case MergedInto:
		r.add(sla.Fact{Kind: sla.Left, At: e.At})
	case Unmerged:
		r.add(sla.Fact{Kind: sla.Returned, At: e.At})
	case Absorbed:
		r.add(sla.Fact{Kind: sla.Absorbed, At: e.At, Source: b.Source})
	case Released:
		r.add(sla.Fact{Kind: sla.Released, At: e.At, Source: b.Source})
	}
}

func (r *reader) moved(to Stage, at time.Time) {
	switch to {
	case Diagnosis, PlanSent, Hot:
		r.react(&r.begun, at)
	case Stabilised, RootCause, Report: // of a log that knows no Restored; after one it says nothing new
		r.add(sla.Fact{Kind: sla.Restored, At: at})
	case Closed, Cancelled:
		r.add(sla.Fact{Kind: sla.Ended, At: at})
	case New, Triage, Merged, stages:
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
