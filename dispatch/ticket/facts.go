package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// minTalk is the shortest conversation that counts as contact without a
// confirming note.
const minTalk = 5 * time.Second

// Facts takes from a log what the first-contact clock needs to know.
func Facts(log []Event) []sla.Fact {
	var facts []sla.Fact
	confirmed := map[string]bool{}
	for _, e := range log {
		if n, ok := e.Body.(Noted); ok && n.Contact != "" {
			confirmed[n.Contact] = true
		}
	}
	contacted := map[string]bool{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case Opened, Joined:
			facts = append(facts, sla.Fact{Kind: sla.Reported, At: e.At})
		case Accepted:
			contacted[b.Call] = true
			facts = append(facts, sla.Fact{Kind: sla.Contacted, At: e.At, Ref: b.Call})
		case CallEnded:
			// Of a broken call nobody saw the end, so its length is unknown
			// rather than short: the accept key stands, and the page to call
			// back that the break raises mends what the client missed.
			unseen := b.Result == Broken && b.Talk == 0
			if contacted[b.Call] && b.Talk < minTalk && !unseen && !confirmed[b.Call] {
				facts = append(facts, sla.Fact{Kind: sla.Withdrawn, At: e.At, Ref: b.Call})
			}
		}
	}
	return facts
}

// FirstContact reads the first-contact clock of a log at now.
func FirstContact(log []Event, now time.Time) sla.Clock {
	limit := time.Duration(0)
	if len(log) > 0 {
		if o, ok := log[0].Body.(Opened); ok {
			limit = o.Limit
		}
	}
	return sla.FirstContact(Facts(log), limit, now)
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
			p.Limits = map[sla.Name]sla.Limit{sla.PlanClock: {}, sla.UpdateClock: {}, sla.RootCauseClock: {}, sla.ReportClock: {}}
			if b.Limit > 0 {
				p.Limits[sla.FirstContactClock] = sla.Limit{Time: b.Limit}
			}
		case Recomputed:
			if !e.At.After(now) {
				p = b.Policy
			}
		}
	}
	return p
}
