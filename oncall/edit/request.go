package edit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// StateOf returns where a request stands at now: an open one whose time has come is expired. The time of a swap comes with
// the earlier of its two spans.
func StateOf(r oncall.Roster, q oncall.Request, now time.Time) oncall.RequestState {
	if q.State == oncall.RequestOpen && !deadline(r, q).After(now) {
		return oncall.RequestExpired
	}
	return q.State
}

// deadline is the moment by which somebody must have accepted.
func deadline(r oncall.Roster, q oncall.Request) time.Time {
	s := (&draft{roster: r}).wall(q.Schedule)
	at := s.Instant(q.From)
	if back := s.Instant(q.ReturnFrom); !q.ReturnFrom.IsZero() && back.Before(at) {
		at = back
	}
	return at
}

// ask writes down that somebody asks for a cover or a swap. It changes nobody's duty.
func (d *draft) ask(q oncall.Request, reason, field string) *Refusal {
	if q.Person == "" {
		q.Person = d.by.Person
	}
	if refusal := d.mayActFor(q.Person, field+".person"); refusal != nil {
		return refusal
	}
	if refusal := d.known(q.Person, field+".person"); refusal != nil {
		return refusal
	}
	taken := func(id string) bool { return find(d.roster.Requests, id, requestID) != nil }
	if refusal := d.identify(&q.ID, field, taken); refusal != nil {
		return refusal
	}
	if taken(q.ID) {
		return refuse("ask_change", field+".id", q.ID)
	}
	if refusal := d.track(q.Schedule, &q.Track, field); refusal != nil {
		return refusal
	}
	if reason != "" {
		q.Reason = reason
	}
	if refusal := d.askSpans(&q, field); refusal != nil {
		return refusal
	}
	if refusal := d.asked(&q, field+".asked"); refusal != nil {
		return refusal
	}
	q.By, q.At = d.by.Person, d.at
	q.State, q.SettledBy, q.SettledAt, q.Override, q.Declined = oncall.RequestOpen, "", time.Time{}, "", nil
	d.putRequest(q)
	return nil
}

// askSpans checks the span to be covered, and that which is offered for it.
func (d *draft) askSpans(q *oncall.Request, field string) *Refusal {
	s := d.wall(q.Schedule)
	zones := clocks{s}
	d.read(zones, &q.From, &q.To)
	if refusal := d.coming(&q.From, zones, field+".from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(q.From, q.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	if deadline(d.roster, *q).Equal(d.now) {
		return refuse("past", field+".from", q.From.String(), d.clock(zones))
	}
	if !d.onDuty(q.Person, *q, q.From, q.To) {
		return refuse("ask_idle", field+".from", q.Person, q.Track, q.From.String(), q.To.String())
	}
	for i := range d.roster.Requests {
		other := &d.roster.Requests[i]
		if other.Person == q.Person && other.Schedule == q.Schedule && other.Track == q.Track &&
			StateOf(d.roster, *other, d.now) == oncall.RequestOpen &&
			overlap(s.Instant(other.From), s.Instant(other.To), s.Instant(q.From), s.Instant(q.To)) {
			return refuse("ask_twice", field+".from", q.Person, other.ID)
		}
	}
	if q.ReturnFrom.IsZero() && q.ReturnTo.IsZero() {
		return nil
	}
	if q.ReturnFrom.IsZero() {
		return refuse("no_span", field+".return_from")
	}
	d.read(zones, &q.ReturnFrom, &q.ReturnTo)
	if refusal := d.coming(&q.ReturnFrom, zones, field+".return_from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(q.ReturnFrom, q.ReturnTo, zones, field+".return_to"); refusal != nil {
		return refusal
	}
	if overlap(s.Instant(q.ReturnFrom), s.Instant(q.ReturnTo), s.Instant(q.From), s.Instant(q.To)) {
		return refuse("swap_overlap", field+".return_from")
	}
	return nil
}

// asked checks who is asked and removes repetitions.
func (d *draft) asked(q *oncall.Request, field string) *Refusal {
	var list []string
	for i, id := range q.Asked {
		path := fmt.Sprintf("%s[%d]", field, i)
		if id == q.Person {
			return refuse("ask_self", path, id)
		}
		if refusal := d.able(id, path); refusal != nil {
			return refusal
		}
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	q.Asked = list
	return nil
}

// onDuty reports whether a person is on the request's track at some time of a span.
func (d *draft) onDuty(person string, q oncall.Request, from, to oncall.Point) bool {
	s := d.wall(q.Schedule)
	return slices.Contains(peopleOn(d.evaluator(), q.Schedule, q.Track, s.Instant(from), s.Instant(to)), person)
}

func overlap(aFrom, aTo, bFrom, bTo time.Time) bool { return aFrom.Before(bTo) && bFrom.Before(aTo) }

// answer settles a request, or notes a refusal of one of those asked.
func (d *draft) answer(a Answer, reason, field string) *Refusal {
	old := find(d.roster.Requests, a.Request, requestID)
	if old == nil {
		return refuse("not_found", field+".request", quote(a.Request))
	}
	q := *old
	if a.As == "" {
		a.As = d.by.Person
	}
	switch StateOf(d.roster, q, d.now) {
	case oncall.RequestExpired:
		until := deadline(d.roster, q)
		at := oncall.CivilAt(until, d.wall(q.Schedule).RulesAt(until).Zone).String()
		return refuse("expired", field+".request", q.ID, at, q.Person)
	case oncall.RequestAccepted, oncall.RequestDeclined, oncall.RequestWithdrawn:
		return refuse("settled", field+".request", q.ID, string(q.State), q.SettledBy)
	case oncall.RequestOpen:
	}
	switch a.Verdict {
	case Accept:
		return d.accept(q, a.As, reason, field)
	case Decline:
		return d.decline(q, a.As, field)
	case Withdraw:
		if d.by.Person != q.By {
			if refusal := d.mayActFor(q.Person, field+".verdict"); refusal != nil {
				return refusal
			}
		}
		d.settle(q, oncall.RequestWithdrawn, d.by.Person)
		return nil
	default:
		return refuse("verdict", field+".verdict", quote(string(a.Verdict)))
	}
}

// mayAnswer refuses those who were not asked, and who answer for others without keeping the rota.
func (d *draft) mayAnswer(q oncall.Request, as, field string) *Refusal {
	if refusal := d.mayActFor(as, field); refusal != nil {
		return refusal
	}
	if as == q.Person {
		return refuse("answer_self", field, as)
	}
	if len(q.Asked) > 0 && !slices.Contains(q.Asked, as) {
		return refuse("answer_unasked", field, as, strings.Join(q.Asked, ", "))
	}
	return d.known(as, field)
}

// accept writes the override a request asks for. The request's record changes with it, so only the first acceptance commits.
func (d *draft) accept(q oncall.Request, as, reason, field string) *Refusal {
	if refusal := d.mayAnswer(q, as, field+".as"); refusal != nil {
		return refusal
	}
	if refusal := d.able(as, field+".as"); refusal != nil {
		return refusal
	}
	if refusal := d.able(q.Person, field+".request"); refusal != nil && !q.ReturnFrom.IsZero() {
		return refusal
	}
	if refusal := d.track(q.Schedule, &q.Track, field); refusal != nil {
		return refusal
	}
	if !d.onDuty(q.Person, q, q.From, q.To) {
		return refuse("accept_idle", field+".request", q.Person, q.From.String(), q.To.String())
	}
	o := oncall.Override{
		Schedule: q.Schedule, Track: q.Track, Kind: oncall.Cover, Reason: q.Reason,
		Changes: []oncall.Change{{From: q.From, To: q.To, Add: as, Remove: q.Person}},
	}
	if reason != "" {
		o.Reason = reason
	}
	if !q.ReturnFrom.IsZero() {
		if !d.onDuty(as, q, q.ReturnFrom, q.ReturnTo) {
			return refuse("swap_idle", field+".as", as, q.ReturnFrom.String(), q.ReturnTo.String())
		}
		o.Kind = oncall.Swap
		o.Changes = append(o.Changes, oncall.Change{From: q.ReturnFrom, To: q.ReturnTo, Add: q.Person, Remove: as})
	}
	taken := func(id string) bool { return find(d.roster.Overrides, id, overrideID) != nil }
	if refusal := d.identify(&o.ID, field, taken); refusal != nil {
		return refusal
	}
	o.By, o.At = d.by.Person, d.write()
	d.putOverride(o)
	q.Override = o.ID
	d.settle(q, oncall.RequestAccepted, as)
	return nil
}

// decline notes that somebody said no. When all who were asked have, the request is declined.
func (d *draft) decline(q oncall.Request, as, field string) *Refusal {
	if refusal := d.mayAnswer(q, as, field+".as"); refusal != nil {
		return refusal
	}
	if !slices.Contains(q.Declined, as) {
		q.Declined = append(slices.Clone(q.Declined), as)
	}
	left := slices.ContainsFunc(q.Asked, func(id string) bool { return !slices.Contains(q.Declined, id) })
	if len(q.Asked) > 0 && !left {
		d.settle(q, oncall.RequestDeclined, as)
		return nil
	}
	d.putRequest(q)
	return nil
}

func (d *draft) settle(q oncall.Request, state oncall.RequestState, by string) {
	q.State, q.SettledBy, q.SettledAt = state, by, d.now
	d.putRequest(q)
}

func (d *draft) putRequest(q oncall.Request) {
	d.roster.Requests = put(d.roster.Requests, q, requestID)
	d.touch(Request, q.ID)
	d.see(Schedule, q.Schedule)
}
