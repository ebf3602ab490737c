package shift

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Tiers are those who are told, one tier after the other, that a turn has
// nobody's word: people with the role scheduler; leads; heads; who is on the
// other tracks of the schedule now, track by track; everybody else. The person
// of the turn is never among them, nor is who is absent or has no device, and
// nobody appears twice.
func Tiers(e *oncall.Evaluator, turn oncall.Turn, now time.Time) (tiers [][]string) {
	rest := slices.DeleteFunc(e.Reachable(turn.Schedule, now), func(id string) bool { return id == turn.Person })
	take := func(wanted func(id string) bool) {
		var tier, others []string
		for _, id := range rest {
			if wanted(id) {
				tier = append(tier, id)
			} else {
				others = append(others, id)
			}
		}
		if rest = others; len(tier) > 0 {
			tiers = append(tiers, tier)
		}
	}
	roster := e.Roster()
	for _, role := range []oncall.Role{oncall.Scheduler, oncall.Lead, oncall.Head} {
		take(func(id string) bool {
			p, _ := roster.Person(id)
			return slices.Contains(p.Roles, role)
		})
	}
	for _, tier := range e.Chain(turn.Schedule, now) {
		if tier.Name != turn.Track && tier.Name != oncall.Everyone {
			take(func(id string) bool {
				return slices.ContainsFunc(tier.Duties, func(d oncall.Duty) bool { return d.Person == id })
			})
		}
	}
	take(func(string) bool { return true })
	return tiers
}

// alarm adds the calls to the first tier to a change, and says who is told.
func (t teller) alarm(c *dispatch.Change, kind dispatch.ShiftKind, turn oncall.Turn, until time.Time) []string {
	tiers := Tiers(t.s.Duty, turn, t.now)
	if len(tiers) == 0 {
		return nil
	}
	c.Notices = append(c.Notices, t.calls(tiers[0], kind, turn, until)...)
	return tiers[0]
}

func (t teller) calls(people []string, kind dispatch.ShiftKind, turn oncall.Turn, until time.Time) (list []dispatch.Notice) {
	if !t.rules.Voice {
		return nil
	}
	for _, id := range people {
		list = append(list, dispatch.Notice{
			ID: fmt.Sprintf("shift-%s-%s-%s", kind, turnID(turn), id), Kind: dispatch.NoticeShift, Channel: dispatch.ChannelVoice,
			To: id, DueAt: t.now, Shift: dispatch.ShiftCall{Kind: kind, Turns: []oncall.Turn{turn}, Until: until},
		})
	}
	return list
}

// next is what follows when the calls of an alarm to somebody are over: with
// heard, that nobody further is told for want of him; else the calls to the next
// tier. Both have one ID, so that the first who is heard, or is not, decides for
// his tier. False = nothing follows.
func (t teller) next(n dispatch.Notice, heard bool) (change dispatch.Change, told []string) {
	turn := n.Shift.Turns[0]
	tiers := Tiers(t.s.Duty, turn, t.now)
	at := slices.IndexFunc(tiers, func(tier []string) bool { return slices.Contains(tier, n.To) })
	tier := []string{n.To}
	if at >= 0 {
		tier = tiers[at]
	}
	if at++; at >= len(tiers) { // whom the rota does not have any more is followed by the first
		return change, nil
	}
	change.ID = fmt.Sprintf("shift:next:%s:%s:%s", n.Shift.Kind, turnID(turn), strings.Join(tier, ","))
	if heard {
		return change, nil
	}
	until := n.Shift.Until
	if soonest := t.now.Add(patience); until.Before(soonest) { // who is told late has time to answer, too
		until = soonest
		if !turn.End.IsZero() {
			until = earlier(until, turn.End)
		}
	}
	change.Notices = t.calls(tiers[at], n.Shift.Kind, turn, until)
	return change, tiers[at]
}

// patience is how long an alarm helps each tier at least.
const patience = 30 * time.Minute

// passOn has the next ones told when an alarm was heard by nobody.
func (c *Carer) passOn(ctx context.Context, d dispatch.Delivery) error {
	if k := d.Notice.Shift.Kind; k != dispatch.ShiftUnconfirmed && k != dispatch.ShiftDeclined || len(d.Notice.Shift.Turns) == 0 {
		return nil
	}
	var heard bool
	switch d.Result {
	case dispatch.ResultAcknowledged:
		heard = true
	case dispatch.ResultWithdrawn, dispatch.ResultDelivered, dispatch.ResultPostponed: // it is not wanted any more
		return nil
	case dispatch.ResultEscalate, dispatch.ResultNoAck, dispatch.ResultNoAnswer, dispatch.ResultBusy, dispatch.ResultDeclined,
		dispatch.ResultUnreachable, dispatch.ResultFailed, dispatch.ResultLimited, dispatch.ResultBundled:
	}
	turn := d.Notice.Shift.Turns[0]
	change, told := teller{c.cfg, c.deps.Directory.Load(), confirmed{}, c.now().UTC()}.next(d.Notice, heard)
	switch {
	case change.ID == "" && !heard:
		c.log.Error("nobody is left to be told that a shift has nobody's word", "person", turn.Person, "schedule", turn.Schedule, "start", turn.Start)
		return nil
	case change.ID == "":
		return nil
	case !heard:
		c.log.Warn("an alarm about a shift was not heard: the next ones are told", "unheard", d.Notice.To, "result", d.Result, "told", told, "person", turn.Person)
	}
	if err := c.commit(ctx, change); err != nil {
		return fmt.Errorf("tell the next ones that %s has not confirmed: %w", turn.Person, err)
	}
	return nil
}
