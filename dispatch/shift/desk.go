package shift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// StillNeeded is asked right before a notice of a shift is sent: it returns the
// notice as it is to be sent, and whether to send it. When the record does not
// answer, the rota in memory decides: a call too many is better than none.
func (c *Carer) StillNeeded(ctx context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	now := c.now().UTC()
	ctx, cancel := context.WithTimeout(ctx, askBudget)
	defer cancel()
	known, err := c.known(ctx, now)
	if err != nil {
		known = confirmed{}
	}
	return teller{c.cfg, c.deps.Directory.Load(), known, now}.fresh(n)
}

// RecordDelivery settles one try of the outbox, and has it tried again while
// that helps.
func (c *Carer) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	for _, a := range d.Attempts {
		c.SeenAttempt(a)
	}
	if d.RetryAt = again(c.cfg, d); d.RetryAt.IsZero() {
		d.Final = true
	} else {
		d.Final, d.RetryAt = false, d.RetryAt.UTC().Truncate(time.Microsecond)
	}
	if d.Final { // first: a node that dies in between rings once more
		if err := c.passOn(ctx, d); err != nil {
			return fmt.Errorf("record delivery of notice %s: %w", d.Notice.ID, err)
		}
	}
	if err := c.deps.Store.Commit(ctx, dispatch.Change{Delivery: &d}); err != nil {
		return fmt.Errorf("record delivery of notice %s: %w", d.Notice.ID, err)
	}
	return nil
}

// SeenAttempt notes a device on which a key was pressed.
func (c *Carer) SeenAttempt(a dispatch.Attempt) {
	switch a.Outcome {
	case dispatch.AttemptAccepted, dispatch.AttemptAcknowledged, dispatch.AttemptEscalated:
		c.Seen(dispatch.Proof{Person: a.Person, Device: a.Device.Address(), How: HowKey, At: a.At})
	case dispatch.AttemptDeclined, dispatch.AttemptNoKey, dispatch.AttemptBusy, dispatch.AttemptNoAnswer, dispatch.AttemptSilent,
		dispatch.AttemptUnreachable, dispatch.AttemptFailed, dispatch.AttemptCancelled: // no proof; a key 2 and a 603 look alike here
	}
}

// AnswerShift makes the key of a call about a shift count; it returns when that
// is durable. Key 1 of a reminder confirms its turns, key 2 declines them.
func (c *Carer) AnswerShift(ctx context.Context, n dispatch.Notice, r dispatch.Result, at time.Time) error {
	if n.Shift.Kind != dispatch.ShiftReminder {
		return nil
	}
	switch r {
	case dispatch.ResultAcknowledged:
		for _, turn := range n.Shift.Turns {
			if err := c.confirmTurn(ctx, turn, n.To, string(n.Channel), at); err != nil {
				return err
			}
		}
		return nil
	case dispatch.ResultEscalate:
		t := teller{c.cfg, c.deps.Directory.Load(), confirmed{}, at.UTC()}
		if err := c.commit(ctx, t.decline(n.Shift.Turns, string(n.Channel))); err != nil {
			return fmt.Errorf("record that %s can not come: %w", n.To, err)
		}
		for _, turn := range n.Shift.Turns { // the schedulers first: whoever is not asked again must have been heard
			if err := c.deps.Store.ConfirmTurn(ctx, wordOf(turn, n.To, dispatch.HowDeclined, at)); err != nil {
				return fmt.Errorf("record that %s can not come: %w", n.To, err)
			}
		}
		return nil
	case dispatch.ResultDelivered, dispatch.ResultNoAck, dispatch.ResultNoAnswer, dispatch.ResultBusy, dispatch.ResultDeclined,
		dispatch.ResultUnreachable, dispatch.ResultWithdrawn, dispatch.ResultPostponed, dispatch.ResultFailed,
		dispatch.ResultLimited, dispatch.ResultBundled:
	}
	return fmt.Errorf("%q is no answer to a call about a shift", r)
}

func wordOf(turn oncall.Turn, by, how string, at time.Time) dispatch.Confirmation {
	return dispatch.Confirmation{
		Schedule: turn.Schedule, Track: turn.Track, Person: turn.Person, Start: turn.Start.UTC(),
		At: at.UTC().Truncate(time.Microsecond), By: by, How: how,
	}
}

func (c *Carer) confirmTurn(ctx context.Context, turn oncall.Turn, by, how string, at time.Time) error {
	word := wordOf(turn, by, how, at)
	if err := c.deps.Store.ConfirmTurn(ctx, word); err != nil {
		return fmt.Errorf("record that %s knows of the turn: %w", turn.Person, err)
	}
	t := teller{c.cfg, c.deps.Directory.Load(), confirmed{}, at.UTC()}
	if change := t.confirm(word, turn); len(change.Notices) > 0 {
		if err := c.commit(ctx, change); err != nil {
			c.log.Warn("subscribers are not told that a shift is confirmed", "person", turn.Person, "err", err)
		}
	}
	return nil
}

// ErrNoTurn says that there is nothing to confirm.
var ErrNoTurn = errors.New("no turn that begins within two days, and none now")

// Confirm takes a person's word by a command, for the turn that he has now and
// those that begin on the day of his next one, within two days. by is who says
// so. It returns the turns.
func (c *Carer) Confirm(ctx context.Context, person, by, how string) ([]oncall.Turn, error) {
	now := c.now().UTC()
	s := c.deps.Directory.Load()
	p, ok := s.Roster.Person(person)
	if !ok {
		return nil, fmt.Errorf("confirm a shift: nobody has the id %q: %w", person, dispatch.ErrNotFound)
	}
	var list []oncall.Turn
	var day oncall.Civil // that ends the next turns' day
	for t := range s.Duty.Turns(person, now, now.Add(ahead)) {
		start := oncall.CivilAt(t.Start, zoneOf(s.Duty, p, t))
		switch {
		case t.Start.IsZero():
			continue
		case !t.Start.After(now): // he has it
		case day.IsZero():
			day = start.AddDays(1).At(0)
		case !start.Before(day):
			continue
		}
		if err := c.confirmTurn(ctx, t, by, how, now); err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("confirm a shift of %s: %w", person, ErrNoTurn)
	}
	return list, nil
}

// Router is the desk of an outbox that carries notices of tickets and of
// shifts: those of shifts go to the Carer, and it sees the keys of all.
type Router struct {
	Desk  Desk
	Carer *Carer
}

// Desk knows about notices of tickets; *dispatch.Dispatcher is one.
type Desk interface {
	StillNeeded(ctx context.Context, n dispatch.Notice) (dispatch.Notice, bool)
	RecordDelivery(ctx context.Context, d dispatch.Delivery) error
}

var _ Desk = (*Carer)(nil)

// StillNeeded implements outbox.Desk.
func (r Router) StillNeeded(ctx context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	if n.Kind == dispatch.NoticeShift {
		return r.Carer.StillNeeded(ctx, n)
	}
	return r.Desk.StillNeeded(ctx, n)
}

// RecordDelivery implements outbox.Desk.
func (r Router) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	if d.Notice.Kind == dispatch.NoticeShift {
		return r.Carer.RecordDelivery(ctx, d)
	}
	for _, a := range d.Attempts {
		r.Carer.SeenAttempt(a)
	}
	return r.Desk.RecordDelivery(ctx, d)
}
