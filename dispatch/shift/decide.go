package shift

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// confirmed knows whose word there is about which turn: true that he knows of
// it, false that he can not come.
type confirmed map[string]bool

func confirmedBy(list []dispatch.Confirmation) confirmed {
	c := confirmed{}
	for _, one := range list {
		c[turnID(oncall.Turn{Schedule: one.Schedule, Track: one.Track, Person: one.Person, Start: one.Start})] = one.How != dispatch.HowDeclined
	}
	return c
}

// knows reports whether the person of a turn has said that he knows of it, or
// has put himself there.
func (c confirmed) knows(e *oncall.Evaluator, t oncall.Turn) bool {
	return c[turnID(t)] || ownWord(e, t)
}

// declined reports whether the person has said that he can not come. He is not
// asked again; the rota that still has him at the start is the schedulers' affair.
func (c confirmed) declined(t oncall.Turn) bool {
	knows, said := c[turnID(t)]
	return said && !knows
}

// ownWord reports whether a correction that the person wrote himself makes him
// begin: a takeover, or an accepted request.
func ownWord(e *oncall.Evaluator, t oncall.Turn) bool {
	for _, d := range e.AppendWho(nil, t.Schedule, t.Start) {
		if d.Person != t.Person || d.Track != t.Track {
			continue
		}
		corrected := d.Provenance.Source == oncall.FromTakeover || d.Provenance.Source == oncall.FromOverride
		return corrected && d.Provenance.By == t.Person
	}
	return false
}

// teller makes changes of items; it is pure.
type teller struct {
	rules Config
	s     *dispatch.Snapshot
	known confirmed
	now   time.Time
}

// tell returns the change that tells an item; false when there is nothing to
// say. A hand-over needs the open work besides, see handed.
func (t teller) tell(i Item) (dispatch.Change, bool) {
	c := dispatch.Change{ID: i.ID()}
	var open []oncall.Turn
	for _, turn := range i.Turns {
		knows := t.known.knows(t.s.Duty, turn)
		if !knows && (i.Kind == Unconfirmed || !t.known.declined(turn)) {
			open = append(open, turn)
		}
		if i.Kind != Unconfirmed {
			c.Notices = append(c.Notices, t.event(dispatch.EventShiftReminder, string(i.Kind), turn, "", reminded{When: i.Kind, Confirmed: knows})...)
		}
	}
	switch {
	case len(open) == 0:
	case i.Kind == Unconfirmed:
		told := t.alarm(&c, dispatch.ShiftUnconfirmed, open[0], i.Until)
		c.Notices = append(c.Notices, t.event(dispatch.EventShiftUnconfirmed, "", open[0], "", alarmed{Told: told})...)
	default:
		c.Notices = append(c.Notices, t.reminder(i, open)...)
	}
	return c, len(c.Notices) > 0
}

// reminder is the call to the person himself: one in an evening, and one before
// a start, whatever the rota becomes meanwhile.
func (t teller) reminder(i Item, open []oncall.Turn) []dispatch.Notice {
	p, ok := t.s.Roster.Person(i.Person)
	if !ok || !t.rules.Voice || len(p.Devices) == 0 {
		return nil
	}
	return []dispatch.Notice{{
		ID: fmt.Sprintf("shift-%s-%s-%d", i.Kind, i.Person, i.At.Unix()), Kind: dispatch.NoticeShift, Channel: dispatch.ChannelVoice,
		To: i.Person, DueAt: t.now, Shift: dispatch.ShiftCall{Kind: dispatch.ShiftReminder, Turns: open, Until: i.Until},
	}}
}

// decline is what follows when the person of turns says that he can not come.
func (t teller) decline(turns []oncall.Turn, how string) dispatch.Change {
	c := dispatch.Change{ID: "shift:declined"}
	for _, turn := range turns {
		c.ID += ":" + turnID(turn)
		until := turn.Start.Add(late)
		told := t.alarm(&c, dispatch.ShiftDeclined, turn, until)
		c.Notices = append(c.Notices, t.event(dispatch.EventShiftDeclined, "", turn, turn.Person, alarmed{How: how, Told: told})...)
	}
	return c
}

// confirm tells subscribers of a person's word.
func (t teller) confirm(c dispatch.Confirmation, turn oncall.Turn) dispatch.Change {
	return dispatch.Change{
		ID: "shift:confirmed:" + turnID(turn), Notices: t.event(dispatch.EventShiftConfirmed, "", turn, c.By, agreed{How: c.How, At: c.At}),
	}
}

// valid keeps the turns that the rota still has.
func valid(e *oncall.Evaluator, turns []oncall.Turn) (list []oncall.Turn) {
	for _, want := range turns {
		for is := range e.Turns(want.Person, want.Start, want.Start.Add(time.Second)) {
			if turnID(is) == turnID(want) {
				list = append(list, is)
			}
		}
	}
	return list
}

// fresh decides right before a call whether it is still wanted, and completes
// what it says.
func (t teller) fresh(n dispatch.Notice) (dispatch.Notice, bool) {
	p, ok := t.s.Roster.Person(n.To)
	if !ok || p.Disabled || len(p.Devices) == 0 || !t.now.Before(n.Shift.Until) {
		return n, false
	}
	turns := valid(t.s.Duty, n.Shift.Turns)
	turns = slices.DeleteFunc(turns, func(turn oncall.Turn) bool {
		return t.known.knows(t.s.Duty, turn) || n.Shift.Kind == dispatch.ShiftReminder && t.known.declined(turn)
	})
	if len(turns) == 0 {
		return n, false
	}
	slices.SortFunc(turns, func(a, b oncall.Turn) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(turnID(a), turnID(b))) })
	n.Shift.Turns = turns
	zone := zoneOf(t.s.Duty, p, turns[0])
	start := oncall.CivilAt(turns[0].Start, zone)
	n.Shift.Clock, n.Shift.Day = start.Clock(), daysTo(oncall.CivilAt(t.now, zone), start)
	n.Person, n.Devices = p, p.Devices
	n.Language = cmp.Or(p.Language, t.rules.Language)
	if whose, ok := t.s.Roster.Person(turns[0].Person); ok {
		n.Shift.Name = whose.Spoken(n.Language)
	}
	return n, true
}

// daysTo counts midnights between two readings of one clock, up to a few.
func daysTo(from, to oncall.Civil) int {
	const far = 7
	for n := range far {
		y, m, d := from.AddDays(n).Date()
		if y2, m2, d2 := to.Date(); y == y2 && m == m2 && d == d2 {
			return n
		}
	}
	return far
}

// again says when a call about a shift is tried next; zero = it is over. Who is
// talking to a caller, or did not pick up, is tried again while it helps.
func again(rules Config, d dispatch.Delivery) time.Time {
	switch d.Result {
	case dispatch.ResultAcknowledged, dispatch.ResultEscalate, dispatch.ResultWithdrawn, dispatch.ResultDelivered:
		return time.Time{}
	case dispatch.ResultPostponed:
		return d.At.Add(d.Took + time.Second)
	case dispatch.ResultBusy: // his call does not count as a try of ours
	case dispatch.ResultNoAck, dispatch.ResultNoAnswer, dispatch.ResultDeclined, dispatch.ResultUnreachable, dispatch.ResultFailed,
		dispatch.ResultLimited, dispatch.ResultBundled:
		if d.Notice.Attempt >= rules.Tries {
			return time.Time{}
		}
	}
	next := d.At.Add(d.Took + rules.Retry)
	if !next.Before(d.Notice.Shift.Until) {
		return time.Time{}
	}
	return next
}
