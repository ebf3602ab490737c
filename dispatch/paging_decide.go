package dispatch

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// pageTimer returns the case's page timer; its Gen is 0 when there is none.
func (c Case) pageTimer() Timer {
	for _, t := range c.Timers {
		if t.Kind == TimerPage {
			return t
		}
	}
	return Timer{Ticket: c.Ticket.ID, Kind: TimerPage}
}

// moved returns the timer as it is set next.
func (t Timer) moved(due time.Time) Timer {
	t.DueAt, t.Gen = due, t.Gen+1
	return t
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

// pagingState is what a page timer remembers: the escalation machine, and how
// often each device has been tried in vain, so that the log does not repeat
// itself.
type pagingState struct {
	escalation.State

	Tried []tried `json:"tried,omitempty"`
}

// pagingState reads the state behind the page timer. One that can not be read
// starts anew: a page too many is better than none.
func (c Case) pagingState() (s pagingState) {
	if raw := c.pageTimer().State; len(raw) > 0 {
		if err := json.Unmarshal(raw, &s); err != nil {
			return pagingState{}
		}
	}
	return s
}

// paging is the outcome of one step of the escalation machine.
type paging struct {
	state   pagingState
	actions []escalation.Action
}

// stepPaging runs the machine behind the page timer. Which people it finds is
// read from the snapshot at now.
func stepPaging(s *Snapshot, c Case, ev escalation.Event, now time.Time) paging {
	state := c.pagingState()
	if ev.Kind == escalation.Wake && state.Phase == escalation.Idle {
		ev.Kind = escalation.Start
	}
	line, ok := s.Line(c.Ticket.Line)
	if !ok && len(s.lines) > 0 {
		line = s.lines[0] // the line is gone from the configuration; somebody must still be paged
	}
	m := machineFor(s, line)
	if p, ok := s.Roster.Person(c.Ticket.Assignee); ok && p.Eligible() && c.Ticket.Reopened > 0 {
		m.First = p.ID // who talked to the client calls back
	}
	next, actions := m.Step(state.State, ev, now)
	return paging{pagingState{next, state.Tried}, actions}
}

// machineFor is the policy with the people of a line. When neither a step of
// the policy nor the line's own chain has anybody, everyone is paged.
func machineFor(s *Snapshot, l Line) escalation.Machine {
	return escalation.Machine{
		Policy: s.Policy,
		Chain:  func(now time.Time) []oncall.Tier { return chainFor(s, l, now) },
		Resort: func(now time.Time) []oncall.Tier { return s.Duty.Chain("", now) }, // no schedule: everyone, then the static numbers
	}
}

// pageNotice is the notice of one page; gen is the page timer's. Together with
// the count of re-openings, each of which begins a new timer, it never repeats
// on a ticket.
func pageNotice(s *Snapshot, t ticket.Ticket, p escalation.Page, gen int64, now time.Time, late time.Duration) Notice {
	n := Notice{
		ID: fmt.Sprintf("page-%s-%d", t.ID, gen), Kind: NoticePage, Channel: ChannelVoice, To: p.Person, Ref: refOf(t),
		Page: p.Number, RingTime: p.RingTime, Late: late, Reason: t.PageReason, Line: t.Line, Language: t.Language,
		Client: t.Client.Spoken, Caller: t.Caller.Masked(), OpenedAt: t.OpenedAt, DueAt: now,
	}
	if t.Reopened > 0 {
		n.ID = fmt.Sprintf("page-%s-r%d-%d", t.ID, t.Reopened, gen)
	}
	if p.Person == "" {
		n.To = "static"
		n.Person = oncall.Person{ID: "static", Name: p.Static.Name, Names: p.Static.Names}
		n.Devices = []oncall.Device{p.Static.Device()}
	}
	return s.address(n)
}

// address fills in the person and the devices as the directory knows them now.
func (s *Snapshot) address(n Notice) Notice {
	if p, ok := s.Roster.Person(n.To); ok {
		n.Person, n.Devices = p, p.Devices
	}
	return n
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
	case ResultUnreachable:
		return escalation.Unreachable, true
	case ResultFailed:
		return escalation.Failed, true
	case ResultDelivered, ResultWithdrawn, ResultPostponed:
		return "", false
	}
	return escalation.Failed, true
}
