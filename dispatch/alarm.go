package dispatch

import (
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// AlarmUnsent is the alarm that a message to the client has not arrived by any
// way: somebody must call him. The others are named by a clock and its level.
const AlarmUnsent = "unsent"

// alarmReason is why somebody is paged by an alarm: the first word of its name.
func alarmReason(name string) string {
	what, _, _ := strings.Cut(name, "/")
	return "alarm_" + what
}

// How many are told of an alarm.
type reach uint8

const (
	// reachOffice: who has the ticket and the shift leads, then the schedulers and
	// the head; nobody is called who is only on duty.
	reachOffice reach = iota
	reachHolder       // who has the ticket; nobody has it: the chain
	reachChain        // and the chain when he does not acknowledge
	reachSecond       // and the second tier
	reachLead         // and the shift leads
	reachHead         // and the head and the director
)

// alarmPolicy is whom an alarm pages: those it is for at once, and when none of
// them has acknowledged, the chain. The holder alone is reminded and no more.
func alarmPolicy(t ticket.Ticket, to reach) escalation.Policy {
	var first []string
	if t.Assignee != "" {
		first = append(first, "person:"+t.Assignee)
	}
	if to == reachOffice {
		return escalation.Policy{Only: true, Rounds: 1, Steps: []escalation.Rung{
			{Targets: append(first, "role:"+string(oncall.Lead)), Together: true},
			{Targets: []string{"role:" + string(oncall.Scheduler), "role:" + string(oncall.Head)}},
		}}
	}
	add := func(at reach, targets ...string) {
		if to >= at {
			first = append(first, targets...)
		}
	}
	add(reachSecond, "tier:2")
	add(reachLead, "role:"+string(oncall.Lead))
	add(reachHead, "role:"+string(oncall.Head), "role:"+string(oncall.Director))
	p := escalation.Policy{Only: true, Rounds: 1}
	if len(first) > 0 {
		p.Steps = append(p.Steps, escalation.Rung{Targets: first, Together: true})
	}
	if to > reachHolder || t.Assignee == "" {
		p.Steps = append(p.Steps, escalation.Rung{Targets: []string{escalation.Chain}})
	}
	return p
}

// alarm pages whoever has the ticket, beside the ladder, about something that he
// must know, and the chain when he does not acknowledge. One of a name is under way at a time. It is for tickets that may
// wake people: others are only shown.
func (d *Dispatcher) alarm(c Case, change Change, name string) (Change, error) {
	return d.alarmTo(c, change, name, reachChain)
}

func (d *Dispatcher) alarmTo(c Case, change Change, name string, to reach) (Change, error) {
	t := c.Ticket
	if change.Ticket != nil {
		t = *change.Ticket
	}
	if !t.Open() || t.Priority != ticket.Critical || t.NeedsPage() || c.timer(alarmTimer(name)).Gen > 0 {
		return change, nil // the ladder pages already, or nobody is to be woken
	}
	q := questOf(alarmTimer(name))
	q.policy = alarmPolicy(t, to)
	return d.search(Case{t, c.Timers}, change, q, escalation.Event{Kind: escalation.Start})
}
