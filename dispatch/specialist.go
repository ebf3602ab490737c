package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// specialistRounds is how often each specialist is paged before a search is given
// up: a pause lies between, and whoever asked has seen by then that he must think
// of somebody else.
const specialistRounds = 3

// Specialist is one of those a search asks.
type Specialist struct {
	Person  string `json:"person"`
	Name    string `json:"name"`
	OnDuty  bool   `json:"on_duty,omitempty"`
	Expired bool   `json:"expired,omitempty"` // the certificate of the skill has run out
}

// NoSpecialistError says that nobody can be paged for a skill.
type NoSpecialistError struct {
	Skill string
	Known []string // the skills that somebody has
}

// Error implements error.
func (e *NoSpecialistError) Error() string {
	known := "nobody has any; add skills to people"
	if len(e.Known) > 0 {
		known = "there are: " + strings.Join(e.Known, ", ")
	}
	return fmt.Sprintf("nobody who can be called now has the skill %q; %s", e.Skill, known)
}

// PageSpecialist pages those who have a skill about an open ticket, one after
// another, also when somebody has the ticket: valid certificates first, then who
// is on duty, then who was paged least recently. It returns whom it asks, in
// order. Is a search for the skill under way already, that one goes on. The key
// of a specialist takes the ticket too, when nobody has it.
func (d *Dispatcher) PageSpecialist(ctx context.Context, ref Ref, skill string, by Author) (asked []Specialist, err error) {
	began := d.now()
	defer func() { d.metrics.verb("page_specialist", began, err) }()
	skill = strings.ToLower(strings.TrimSpace(skill))
	if skill == "" {
		return nil, errors.New("page a specialist: name a skill, such as 1c")
	}
	signed := d.signed(by)
	err = d.amend(ctx, ref.ID, func(c Case) (Change, error) {
		s := d.dir.Load()
		asked = d.specialists(s, s.lineOf(c.Ticket), skill, d.now())
		if done, err := d.twice(ctx, ref, by); done || err != nil {
			return Change{}, err
		}
		if !c.Ticket.Open() {
			return Change{}, &ticket.IllegalError{
				Number: c.Ticket.Number, Stage: c.Ticket.Stage, Event: ticket.KindSpecialistAsked, Why: "it is " + c.Ticket.Stage.String(),
			}
		}
		if len(asked) == 0 {
			return Change{}, &NoSpecialistError{Skill: skill, Known: skills(s.Roster.People)}
		}
		if c.timer(skillTimer(skill)).Gen > 0 {
			return Change{}, nil // a search is under way
		}
		body := ticket.SpecialistAsked{Skill: skill}
		for _, p := range asked {
			body.People = append(body.People, p.Person)
			if p.Expired {
				body.Expired = append(body.Expired, p.Person)
			}
		}
		change, err := c.take(Change{Open: c.Ticket.ID}, signed.event(c.Ticket.ID, 0, body))
		if err != nil {
			return change, err
		}
		return d.search(c, change, questOf(skillTimer(skill)), escalation.Event{Kind: escalation.Start})
	})
	if err != nil {
		return nil, fmt.Errorf("page a specialist about ticket %s: %w", ref.Number, err)
	}
	return asked, nil
}

// specialists lists whom a search asks.
func (d *Dispatcher) specialists(s *Snapshot, l Line, skill string, now time.Time) (list []Specialist) {
	m := machineFor(s, l, d.turns.last)
	duties := m.OnDuty(now)
	for _, p := range m.Holders(skill, now) {
		person, _ := s.Roster.Person(p.Person)
		list = append(list, Specialist{
			Person: p.Person, Name: person.Name, Expired: p.Expired,
			OnDuty: slices.ContainsFunc(duties, func(o oncall.Duty) bool { return o.Person == p.Person }),
		})
	}
	return list
}

// skills lists what people can be paged for.
func skills(people []oncall.Person) []string {
	have := map[string]bool{}
	for i := range people {
		for _, s := range people[i].Skills {
			have[s] = true
		}
	}
	return slices.Sorted(maps.Keys(have))
}

// quest is what people are paged for beside the ladder: a search for a
// specialist, or an alarm.
type quest struct {
	kind   TimerKind
	policy escalation.Policy // of a start
	reason string            // of its pages
	alarm  string
	skill  string
}

// questOf returns the quest behind a timer. Once it has begun, its state keeps
// the policy.
func questOf(k TimerKind) quest {
	if skill, ok := k.skill(); ok {
		return quest{kind: k, policy: escalation.Specialist(skill, specialistRounds), reason: reasonSpecialist, skill: skill}
	}
	name := strings.TrimPrefix(string(k), alarmPrefix)
	return quest{kind: k, policy: escalation.Policy{Only: true, Rounds: 1}, reason: alarmReason(name), alarm: name}
}

// search runs one step of a quest and adds its effects to the change. of is the
// notice whose result the event is, if it is one.
func (d *Dispatcher) search(c Case, change Change, q quest, ev escalation.Event, of ...Notice) (Change, error) {
	now, s := d.now().UTC(), d.dir.Load()
	timer := c.timer(q.kind)
	key := TimerKey{c.Ticket.ID, timer.Kind}
	state, _ := readPaging(timer.State)
	switch {
	case !c.Ticket.Open():
		return change.without(key), nil
	case timer.Gen == 0 && ev.Kind != escalation.Start:
		return change, nil
	case ev.Kind == escalation.Start:
		state.Machine.Number = c.firstPage(now)
	}
	for _, n := range of {
		var ended bool
		if ev.Outcome, ended = state.end(n, ev.Outcome); !ended {
			return c.keep(change, timer, timer.DueAt, state)
		}
	}
	m := machineFor(s, s.lineOf(c.Ticket), d.turns.last)
	m.Policy = q.policy
	next, actions := m.Step(state.Machine, ev, now)
	state.Machine = next
	for _, a := range actions {
		switch a.Kind {
		case escalation.PageNow:
			list := pageNotices(s, c.Ticket, a.Page, timer.Gen+1, now, 0)
			for i := range list {
				list[i].Reason, list[i].Alarm, list[i].Wanted = q.reason, q.alarm, true
			}
			change.Notices = append(change.Notices, list...)
		case escalation.CancelPage:
			change.Superseded = append(change.Superseded, PageRef{c.Ticket.ID, a.Page.Number})
		case escalation.GiveUp:
			if q.skill == "" {
				d.log.Warn("nobody has heard an alarm about a ticket", "ticket", c.Ticket.Number.String(), "alarm", q.alarm)
				break
			}
			change.Events = append(change.Events, ticket.Event{
				Ticket: c.Ticket.ID, At: now, By: byVahta,
				Body: ticket.SpecialistMissed{Skill: q.skill, Tries: next.Number % pagesPerSearch},
			})
		case escalation.FallBack, escalation.NobodyToPage, escalation.Forgotten, escalation.Finish:
		}
	}
	if next.Phase == escalation.Finished {
		return change.without(key), nil
	}
	return c.keep(change, timer, next.Due, state)
}

// ReasonHeld is why somebody is paged although somebody else has the ticket.
const ReasonHeld = "held"

// reasonSpecialist is why a specialist is paged.
const reasonSpecialist = "specialist"

// pagesPerSearch is more than the pages of one search.
const pagesPerSearch = 1000

// firstPage is the number before the first page of a search: pages of different searches have different numbers, also of those
// that begin together.
func (c Case) firstPage(now time.Time) int {
	taken := map[int64]bool{}
	for _, t := range c.Timers {
		if state, known := readPaging(t.State); known {
			taken[int64(state.Machine.Number)/pagesPerSearch] = true
		}
	}
	first := now.UnixMilli()
	for taken[first] {
		first++
	}
	return int(first) * pagesPerSearch
}

// keep sets a timer with its state.
func (c Case) keep(change Change, timer Timer, due time.Time, state pagingState) (_ Change, err error) {
	timer = timer.moved(due)
	if timer.State, err = state.encode(); err != nil {
		return change, err
	}
	return change.set(timer), nil
}

// found ends a quest with the one who has acknowledged; once it has ended, a
// further key changes nothing.
func (d *Dispatcher) found(c Case, change Change, n Notice, at time.Time) (Change, error) {
	timer := c.timer(n.timer())
	if timer.Gen == 0 {
		return change, nil
	}
	state, _ := readPaging(timer.State)
	for _, p := range state.Machine.Pages {
		if p.Number != n.Page {
			change.Superseded = append(change.Superseded, PageRef{c.Ticket.ID, p.Number})
		}
	}
	change = change.without(TimerKey{c.Ticket.ID, timer.Kind})
	if n.Skill == "" {
		return change, nil
	}
	change, err := c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: at, By: n.To, Channel: string(n.Channel),
		Body: ticket.SpecialistTook{Skill: n.Skill, Person: n.To, Expired: n.Expired},
	})
	return change, err
}

// Search is what became of one search for a specialist.
type Search struct {
	Skill string    `json:"skill"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	// People are asked in this order; of Expired the certificate has run out.
	People  []string  `json:"people"`
	Expired []string  `json:"expired,omitempty"`
	Took    string    `json:"took,omitempty"`    // who has acknowledged
	Missed  bool      `json:"missed,omitempty"`  // nobody has, and the search is over
	EndedAt time.Time `json:"ended_at,omitzero"` // zero = it goes on
}

// Searches reads a ticket's searches for specialists from its log, oldest first.
func Searches(log []ticket.Event) (list []Search) {
	end := func(skill string, at time.Time) *Search {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Skill == skill && list[i].EndedAt.IsZero() {
				list[i].EndedAt = at
				return &list[i]
			}
		}
		return &Search{}
	}
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.SpecialistAsked:
			list = append(list, Search{Skill: b.Skill, At: e.At, By: e.By, People: b.People, Expired: b.Expired})
		case ticket.SpecialistTook:
			end(b.Skill, e.At).Took = b.Person
		case ticket.SpecialistMissed:
			end(b.Skill, e.At).Missed = true
		}
	}
	return list
}
