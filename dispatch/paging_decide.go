package dispatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// pageTimer returns the case's page timer; its Gen is 0 when there is none.
func (c Case) pageTimer() Timer { return c.timer(TimerPage) }

// timer returns the case's timer of a kind; its Gen is 0 when there is none.
func (c Case) timer(k TimerKind) Timer {
	for _, t := range c.Timers {
		if t.Kind == k {
			return t
		}
	}
	return Timer{Ticket: c.Ticket.ID, Kind: k}
}

// moved returns the timer as it is set next.
func (t Timer) moved(due time.Time) Timer {
	t.DueAt, t.Gen = due, t.Gen+1
	return t
}

// set returns the change with the timer, in the place of the one it has.
func (c Change) set(t Timer) Change {
	same := func(o Timer) bool { return o.Ticket == t.Ticket && o.Kind == t.Kind }
	c.Timers = append(slices.DeleteFunc(slices.Clone(c.Timers), same), t)
	return c
}

// lateAfter is from when a timer that fires after its time is marked late:
// the ticker's own watchdog limit.
const lateAfter = 10 * time.Second

func lateness(due, now time.Time) time.Duration {
	if late := now.Sub(due); late > lateAfter {
		return late.Round(time.Second)
	}
	return 0
}

// pagingState is what a page timer remembers: the escalation machine, which
// notices of its pages have ended, and how often each device has been tried in
// vain, so that the log does not repeat itself.
type pagingState struct {
	Machine escalation.State `json:"machine,omitzero"`
	Parts   []pageParts      `json:"parts,omitempty"`
	Tried   []tried          `json:"tried,omitempty"`
	// Began is when paging began, at page number First; Told says that it is on
	// record that nobody was reached.
	Began time.Time `json:"began,omitzero"`
	First int       `json:"first,omitempty"`
	Told  bool      `json:"told,omitempty"`
}

// nobodyAfter is how long people are paged until it is said that nobody was
// reached: within three minutes, with the ticker's own delay.
const nobodyAfter = 170 * time.Second

// begin notes when paging began, if it just has.
func (s *pagingState) begin(before escalation.Phase, now time.Time) {
	if s.Machine.Phase == escalation.Paging && (before != escalation.Paging || s.Began.IsZero()) {
		s.Began, s.First, s.Told = now, s.Machine.Number-len(s.Machine.Pages), false
	}
}

// nobody reports whether it must be said now that nobody was reached.
func (s *pagingState) nobody(now time.Time) bool {
	late := s.Machine.Phase == escalation.Paging && !s.Told && !now.Before(s.Began.Add(nobodyAfter))
	s.Told = s.Told || late
	return late
}

// due is when the timer behind the state wakes.
func (s *pagingState) due() time.Time {
	due := s.Machine.Due
	if tell := s.Began.Add(nobodyAfter); s.Machine.Phase == escalation.Paging && !s.Told && tell.Before(due) {
		due = tell
	}
	return due
}

// pageParts are the notices of one page, by the person's own rules.
type pageParts struct {
	Page   int   `json:"page"`
	Ended  []int `json:"ended"`
	Silent bool  `json:"silent,omitempty"` // one rang out
	Early  []int `json:"early,omitempty"`  // those that have gone before their time
}

// wentEarly reports whether a notice is of a part that has gone before its time
// by another notice.
func (s *pagingState) wentEarly(n Notice) bool {
	return !n.Early && slices.ContainsFunc(s.Parts, func(p pageParts) bool { return p.Page == n.Page && slices.Contains(p.Early, n.Part) })
}

// hasten notes that a part goes before its time.
func (s *pagingState) hasten(n Notice) {
	for i := range s.Parts {
		if p := &s.Parts[i]; p.Page == n.Page {
			p.Early = append(slices.Clone(p.Early), n.Part)
		}
	}
}

// sooner returns the part that follows a refused one, to go at once: nobody
// waits for a device that is out of reach. ok is false when it is not ahead.
func (s *Snapshot) sooner(n Notice, now time.Time) (next Notice, ok bool) {
	person, found := s.Roster.Person(n.To)
	patience := s.Policy.Patience()
	rules := escalation.Parts(person, n.RingTime, patience)
	part := n.Part + 1
	if !found || n.Until.IsZero() || part >= len(rules) || part >= n.Parts {
		return n, false
	}
	if due := n.Until.Add(rules[part].After - patience); !due.After(now) {
		return n, false
	}
	next = n
	base := n.ID
	if n.Part > 0 {
		base = base[:strings.LastIndexByte(base, '.')]
	}
	next.ID, next.Part, next.Early, next.DueAt, next.Attempt = fmt.Sprintf("%s.%de", base, part), part, true, now, 0
	next.Devices = rules[part].Devices
	return next, true
}

// readPaging reads the state behind a page timer. One that can not be read
// starts anew: a page too many is better than none. ok is false then, and when
// there is none.
func readPaging(raw []byte) (s pagingState, ok bool) {
	if len(raw) == 0 {
		return s, false
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return pagingState{}, false
	}
	if s.Machine.Phase == escalation.Idle && s.Machine.Policy == nil {
		former, found, err := escalation.ReadFormer(raw)
		if !found || err != nil {
			return s, false
		}
		s.Machine = former
	}
	return s, true
}

func (c Case) pagingState() pagingState {
	s, _ := readPaging(c.pageTimer().State)
	return s
}

// encode writes the state as a timer keeps it.
func (s pagingState) encode() ([]byte, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("keep paging state: %w", err)
	}
	return raw, nil
}

// end takes the end of one notice of a page. It reports whether the page has
// ended with it, and how.
func (s *pagingState) end(n Notice, o escalation.Outcome) (escalation.Outcome, bool) {
	final := o == escalation.Acked || o == escalation.Escalated || o == escalation.Declined
	if n.Parts < 2 || final {
		return o, true
	}
	s.Parts = slices.Clone(s.Parts)
	i := slices.IndexFunc(s.Parts, func(p pageParts) bool { return p.Page == n.Page })
	if i < 0 {
		i = len(s.Parts)
		s.Parts = append(s.Parts, pageParts{Page: n.Page})
	}
	p := &s.Parts[i]
	if !slices.Contains(p.Ended, n.Part) {
		p.Ended = append(slices.Clone(p.Ended), n.Part)
	}
	p.Silent = p.Silent || o == escalation.NoAnswer || o == escalation.NoKey
	if len(p.Ended) < n.Parts {
		return o, false
	}
	if p.Silent && o != escalation.NoKey {
		o = escalation.NoAnswer
	}
	s.Parts = slices.Delete(s.Parts, i, i+1)
	return o, true
}

// paging is the outcome of one step of the escalation machine.
type paging struct {
	state   pagingState
	actions []escalation.Action
	nobody  bool // it must be said that nobody was reached
}

// stepPaging runs the machine behind the page timer. Which people it finds is
// read from the snapshot at now. The events of the ticket lead: a ticket that
// needs a page again begins anew, one that was taken holds.
func stepPaging(s *Snapshot, c Case, ev escalation.Event, paged func(string) time.Time, now time.Time) paging {
	state := c.pagingState()
	before := state.Machine.Phase
	m := machineFor(s, s.lineOf(c.Ticket), paged)
	needs := c.Ticket.NeedsPage()
	if phase := state.Machine.Phase; needs && (phase == escalation.Holding || phase == escalation.Finished) {
		state.Machine = state.Machine.Anew()
	}
	if p, ok := s.Roster.Person(c.Ticket.Assignee); ok && p.Eligible() {
		m.First = p.ID // who talked to the client calls back, or whom it was given to
	}
	switch phase := state.Machine.Phase; {
	case ev.Kind == escalation.Wake && phase == escalation.Idle && needs:
		ev.Kind = escalation.Start
	case !needs && (phase == escalation.Idle || phase == escalation.Paging):
		ev = escalation.Event{Kind: escalation.Acknowledged, Person: c.Ticket.Acknowledged.By}
	}
	next, actions := m.Step(state.Machine, ev, now)
	state.Machine = next
	state.begin(before, now)
	return paging{state, actions, state.nobody(now)}
}

// lineOf returns the line that a ticket came by. Is it gone from the
// configuration, another one stands in: somebody must still be paged.
func (s *Snapshot) lineOf(t ticket.Ticket) Line {
	line, ok := s.Line(t.Line)
	if !ok && len(s.lines) > 0 {
		line = s.lines[0]
	}
	return line
}

// machineFor is the policy with the people of a line. When neither a step of
// the policy nor the line's own chain has anybody, everyone is paged. paged
// says when a person was paged last; it may be nil.
func machineFor(s *Snapshot, l Line, paged func(string) time.Time) escalation.Machine {
	schedule, _ := s.Roster.Schedule(l.Schedule)
	return escalation.Machine{Policy: s.Policy, People: escalation.People{
		Chain:  func(now time.Time) []oncall.Tier { return chainFor(s, l, now) },
		Resort: func(now time.Time) []oncall.Tier { return s.Duty.Chain("", now) }, // no schedule: everyone, then the static numbers
		Track:  func(track string, now time.Time) []oncall.Duty { return onTrack(s, l.Schedule, track, now) },
		OnDuty: func(now time.Time) (list []oncall.Duty) {
			for i := range s.Roster.Schedules {
				list = s.Duty.AppendWho(list, s.Roster.Schedules[i].ID, now)
			}
			return list
		},
		Person: s.Roster.Person,
		Paged:  paged,
		Zone:   schedule.Zone,
	}}
}

// onTrack returns who is on a track and can be called.
func onTrack(s *Snapshot, schedule, track string, now time.Time) []oncall.Duty {
	return slices.DeleteFunc(s.Duty.AppendWho(nil, schedule, now), func(d oncall.Duty) bool {
		p, ok := s.Roster.Person(d.Person)
		return d.Track != track || !ok || !p.Eligible()
	})
}

// pageNotices are the notices of one page, by the person's own rules; gen is
// the timer's. Together with the count of re-openings, each of which begins a
// new timer, it never repeats on a ticket.
func pageNotices(s *Snapshot, t ticket.Ticket, p escalation.Page, gen int64, now time.Time, late time.Duration) []Notice {
	n := Notice{
		ID: fmt.Sprintf("page-%s-%d", t.ID, gen), Kind: NoticePage, Channel: ChannelVoice, To: p.Person, Ref: refOf(t),
		Page: p.Number, RingTime: p.RingTime, Late: late, Reason: t.PageReason, Line: t.Line, Language: t.Language,
		Client: t.Client.Spoken, Caller: t.Caller.Masked(), OpenedAt: t.OpenedAt, DueAt: now, Skill: p.Skill, Expired: p.Expired,
		Wanted: p.AfterAck || p.Skill != "", Party: partyOf(t), Known: t.Client.Level == client.Known, Machine: t.Machine, Until: p.Due,
	}
	if t.Reopened > 0 {
		n.ID = fmt.Sprintf("page-%s-r%d-%d", t.ID, t.Reopened, gen)
	}
	n.ID += fmt.Sprintf("-%d", p.Number) // one step of the machine may page several people
	if p.Person == "" {
		n.To = StaticPerson
		n.Person = oncall.Person{ID: StaticPerson, Name: p.Static.Name, Names: p.Static.Names}
		n.Devices = []oncall.Device{p.Static.Device()}
		return []Notice{n}
	}
	person, _ := s.Roster.Person(p.Person)
	var list []Notice
	rules := escalation.Parts(person, p.RingTime, s.Policy.Patience())
	for i, part := range rules {
		one := n
		one.Part, one.Parts, one.DueAt = i, len(rules), now.Add(part.After)
		if i > 0 {
			one.ID += fmt.Sprintf(".%d", i)
		}
		one, _ = s.address(one)
		list = append(list, one)
	}
	return list
}

// partyOf names whose trouble a ticket is, as far as pages are told together.
func partyOf(t ticket.Ticket) string {
	switch {
	case t.Client.Org != "":
		return "org:" + t.Client.Org
	case t.Party != "":
		return t.Party
	}
	return "ticket:" + t.ID
}

// urgencyOf orders the pages and timers of tickets that are due at once: by
// priority, and of equal ones important clients first.
func urgencyOf(t ticket.Ticket) int {
	urgency := 2 * int(t.Priority)
	if t.Client.VIP {
		urgency--
	}
	return urgency
}

// address fills in the person and the devices as the directory knows them now;
// ok is false when the person's rules ring fewer times by now.
func (s *Snapshot) address(n Notice) (_ Notice, ok bool) {
	p, found := s.Roster.Person(n.To)
	if !found {
		return n, true
	}
	rules := escalation.Parts(p, n.RingTime, s.Policy.Patience())
	if n.Part >= len(rules) {
		return n, false
	}
	n.Person, n.Devices = p, rules[n.Part].Devices
	if p.Language != "" {
		n.Language = p.Language
	}
	return n, true
}

// outcomeOf translates a delivery's result for the escalation machine; ok is
// false when the page is still open.
func outcomeOf(r Result) (o escalation.Outcome, ok bool) {
	switch r {
	case ResultAcknowledged:
		return escalation.Acked, true
	case ResultEscalate:
		return escalation.Escalated, true
	case ResultNoAck:
		return escalation.NoKey, true
	case ResultNoAnswer:
		return escalation.NoAnswer, true
	case ResultBusy:
		return escalation.Busy, true
	case ResultDeclined:
		return escalation.Declined, true
	case ResultUnreachable, ResultLimited: // who may not be called is passed over at once
		return escalation.Unreachable, true
	case ResultBundled: // he knows the client's trouble: the others have their own times
		return escalation.NoAnswer, true
	case ResultFailed:
		return escalation.Failed, true
	case ResultDelivered, ResultWithdrawn, ResultPostponed:
		return "", false
	}
	return escalation.Failed, true
}
