package ticket

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// word takes what was told to the client; false = it is something else.
func (r *reader) word(e Event) bool {
	if u := r.updates.take(e); u != nil {
		r.updated(*u, e)
	}
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
		r.add(sla.Fact{Kind: sla.Updated, At: e.At, Next: b.Next, Ref: updateRef(len(r.updates.list), 0)})
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

// updateRef names an update, as often as it was lost before.
func updateRef(n, times int) string { return fmt.Sprintf("update/%d#%d", n, times) }

// updated takes away an update that has not arrived, or brings it back by the
// way that it went after all.
func (r *reader) updated(u tidings, e Event) {
	if u.lost {
		r.add(sla.Fact{Kind: sla.Withdrawn, At: e.At, Ref: updateRef(u.n, u.times-1)})
		return
	}
	if b, ok := u.event.Body.(Updated); ok {
		r.add(sla.Fact{Kind: sla.Updated, At: e.At, Next: b.Next, Ref: updateRef(u.n, u.times)})
	}
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
			r.add(sla.Fact{Kind: sla.Updated, At: e.At, Ref: ref})
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
