package escalation

import (
	"maps"
	"slices"
	"time"
)

// Machine is a policy with the source of people.
type Machine struct {
	Policy Policy
	People
	// First is a person who is paged once before the steps, because the incident is his; empty for nobody.
	First string
}

// Step takes one event and returns the next state with what is to be done. An event that does not fit the state changes
// nothing: pages end late, timers fire twice, and an incident is closed while somebody presses a key.
func (m Machine) Step(s State, e Event, now time.Time) (State, []Action) {
	if s.Phase == Finished || s.Phase == Idle && e.Kind != Start && e.Kind != Acknowledged && e.Kind != Closed {
		return s, nil
	}
	r := run{m: m, s: s.clone(), now: now}
	if s.Policy != nil {
		r.m.Policy = *s.Policy
	} else {
		r.s.Policy = &m.Policy
	}
	switch e.Kind {
	case Start:
		if s.Phase != Idle {
			return s, nil
		}
		r.begin(m.First, 1)
	case Wake:
		if s.Due.IsZero() || now.Before(s.Due) {
			return s, nil
		}
	case Answered:
		i := r.underWay(e.Page)
		if i < 0 {
			return s, nil
		}
		r.s.Pages[i].Due = now.Add(r.m.Policy.Patience())
	case Result:
		if !r.result(e) {
			return s, nil
		}
	case Acknowledged:
		r.acknowledge(0, e.Person)
	case Acted:
		return s.Touch(now), nil
	case Closed:
		r.finish(0)
	default:
		return s, nil
	}
	r.settle()
	return r.s, r.actions
}

// run is one step at work. s is its own.
type run struct {
	m       Machine
	s       State
	now     time.Time
	actions []Action
}

func (r *run) do(k ActionKind, p Page) { r.actions = append(r.actions, Action{k, p}) }

func (r *run) underWay(number int) int {
	return slices.IndexFunc(r.s.Pages, func(p Page) bool { return p.Number == number })
}

// begin starts paging, with a person who is asked before all others.
func (r *run) begin(first string, round int) {
	r.s.Phase, r.s.First, r.s.Acked = Paging, first, nil
	r.round(round)
	if first != "" {
		r.s.Walks = []Walk{{From: firstStep, Step: firstStep}} // the first stretch follows
	}
}

// round starts a round.
func (r *run) round(n int) {
	r.s.Round, r.s.Origin, r.s.Rest, r.s.Again = n, r.now, time.Time{}, time.Time{}
	r.s.Next, r.s.Early, r.s.Paged, r.s.Found, r.s.Reached, r.s.Resorted = 0, 0, nil, false, false, false
	r.s.Walks = []Walk{{Waited: n > 1}}
	if step, timed := r.m.Policy.timed(0); timed && step == 0 {
		r.s.Walks = nil // the first step has a time of its own
	}
}

// result takes the end of a page. An acknowledgement counts from any page, also from one that was given up before.
func (r *run) result(e Event) bool {
	i := r.underWay(e.Page)
	switch {
	case e.Outcome == Acked && (i >= 0 || r.s.Phase == Paging && e.Page > 0 && e.Page <= r.s.Number):
		r.acknowledge(e.Page, e.Person)
		return true
	case i < 0:
		return false
	}
	r.ended(i, e.Outcome.silent())
	return true
}

// ended takes a page off that is under way.
func (r *run) ended(i int, silent bool) {
	page := r.s.Pages[i]
	r.s.Pages = slices.Delete(r.s.Pages, i, i+1)
	for k := range r.s.Walks {
		if w := &r.s.Walks[k]; w.From == page.Walk && w.Step == page.Step {
			w.Silent, w.Ended = silent, true
		}
	}
}

// acknowledge notes who has acknowledged, by a page or (0) otherwise. Pages that are wanted all the same go on.
func (r *run) acknowledge(number int, person string) {
	if i := r.underWay(number); i >= 0 {
		page := r.s.Pages[i]
		if person == "" {
			person = page.Key()
		}
		r.ended(i, true) // nobody has refused: what still goes out keeps its time
		r.answered(page)
	}
	if person != "" && !slices.Contains(r.s.Acked, person) {
		r.s.Acked = append(r.s.Acked, person)
	}
	if r.s.Phase == Holding {
		r.cancel(func(p Page) bool { return p.Key() == person })
		return
	}
	r.cancel(func(p Page) bool { return !p.AfterAck || p.Key() == person })
	if r.s.Phase == Idle {
		r.s.Next, r.s.Walks = len(r.m.Policy.rungs()), nil // the steps never began: nobody is told of what is over
	}
	r.s.Phase, r.s.Rest, r.s.Again = Holding, time.Time{}, time.Time{}
	r.s.First, r.s.Since = person, r.now
}

// answered ends the turn of a step that is wanted after the acknowledgement and has one.
func (r *run) answered(page Page) {
	for k := range r.s.Walks {
		if w := &r.s.Walks[k]; page.AfterAck && w.From == page.Walk && w.Step == page.Step {
			r.over(w)
		}
	}
}

// cancel ends those pages under way that are chosen.
func (r *run) cancel(chosen func(Page) bool) {
	r.s.Pages = slices.DeleteFunc(r.s.Pages, func(p Page) bool {
		if !chosen(p) {
			return false
		}
		r.do(CancelPage, p)
		return true
	})
}

// finish ends paging; pages under way other than the acknowledged one are cancelled.
func (r *run) finish(acked int) {
	r.cancel(func(p Page) bool { return p.Number != acked })
	r.s.Phase, r.s.Pages, r.s.Walks, r.s.Rest, r.s.Due = Finished, nil, nil, time.Time{}, time.Time{}
	r.do(Finish, Page{})
}

// settle does all that is due now, and sets the time of the next look.
func (r *run) settle() {
	r.expire()
	for again := true; again; {
		switch r.s.Phase {
		case Paging:
			again = r.advance()
		case Holding:
			again = r.hold()
		case Idle, Finished:
			again = false
		}
	}
	r.schedule()
}

// expire gives up pages of which nothing was heard.
func (r *run) expire() {
	for i := 0; i < len(r.s.Pages); {
		if page := r.s.Pages[i]; !page.Due.After(r.now) {
			r.do(CancelPage, page)
			r.ended(i, true)
		} else {
			i++
		}
	}
}

// schedule finds the next moment at which something is due.
func (r *run) schedule() {
	var due time.Time
	at := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	for i := range r.s.Pages {
		at(r.s.Pages[i].Due)
	}
	for i := range r.s.Walks {
		at(r.s.Walks[i].Due)
	}
	switch r.s.Phase {
	case Paging:
		if r.s.Rest.IsZero() {
			at(r.timedDue())
			at(r.s.Again)
		} else if len(r.s.Pages) == 0 {
			at(r.s.Rest)
		}
	case Holding:
		r.skipQuiet()
		at(r.timedDue())
		if r.m.Policy.RepageAfter > 0 {
			at(r.s.Since.Add(r.m.Policy.RepageAfter))
		}
	case Idle, Finished:
		due = time.Time{}
	}
	r.s.Due = due
}

// timedDue returns the time of the next timed step; zero when there is none.
func (r *run) timedDue() time.Time {
	step, ok := r.m.Policy.timed(r.s.Next)
	if !ok {
		return time.Time{}
	}
	return r.s.Origin.Add(r.m.Policy.rungs()[step].At)
}

// last returns when a person was paged last.
func (r *run) last(person string) time.Time {
	var t time.Time
	if r.m.Paged != nil {
		t = r.m.Paged(person)
	}
	if own := r.s.Turns[person]; own.After(t) {
		return own
	}
	return t
}

// page starts a page.
func (r *run) page(p Page) {
	r.s.Number++
	r.s.Again = time.Time{}
	p.Number, p.Round, p.Due = r.s.Number, r.s.Round, r.now.Add(r.m.Policy.Patience())
	r.s.Pages = append(r.s.Pages, p)
	r.s.Paged = append(r.s.Paged, p.Key())
	if p.Person != "" {
		turns := maps.Clone(r.s.Turns)
		if turns == nil {
			turns = map[string]time.Time{}
		}
		turns[p.Person] = r.now
		r.s.Turns = turns
	}
	r.do(PageNow, p)
}
