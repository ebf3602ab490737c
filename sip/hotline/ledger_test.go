package hotline

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// refusing is a desk that takes nothing until a moment, and what is not vital never.
type refusing struct {
	*desk

	until time.Time
	tries map[string]int
}

func (d *refusing) refuse(what string) error {
	d.tries[what]++
	if what == "attempt" || time.Now().Before(d.until) {
		return errors.New("neither store nor journal")
	}
	return nil
}

func (d *refusing) OpenCall(context.Context, dispatch.Signal) (dispatch.Opened, error) {
	return dispatch.Opened{Ref: dispatch.Ref{ID: "t"}}, d.refuse("ticket")
}

func (d *refusing) RecordRing(context.Context, dispatch.Ring) error { return d.refuse("ring") }

func (d *refusing) RecordAttempt(context.Context, dispatch.Attempt) error { return d.refuse("attempt") }

func (d *refusing) RecordAccepted(context.Context, dispatch.Accepted) error {
	return d.refuse("accepted")
}

func (d *refusing) RecordOutcome(context.Context, dispatch.Outcome) error { return d.refuse("outcome") }

// TestVitalRecordsAreInsistedOn: while store and journal both refuse for hours, ticket, acceptance and outcome are kept
// and written in the end, once each; an attempt that nobody takes holds them up by a second at most.
func TestVitalRecordsAreInsistedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &refusing{until: time.Now().Add(3 * time.Hour), tries: map[string]int{}}
		h := &Hotline{desk: d, log: slog.New(slog.DiscardHandler), stopping: make(chan struct{})}
		l := newLedger(h, "call")
		var opened []error
		l.open(dispatch.Signal{}, func(_ dispatch.Opened, err error) { opened = append(opened, err) })
		l.attempt(dispatch.Attempt{})
		l.accepted(dispatch.Accepted{})
		l.outcome(dispatch.Outcome{})
		h.work.Wait()
		if late := time.Since(d.until); late > maxPause+time.Second {
			t.Errorf("written %s after the store is back", late)
		}
		if len(opened) != 2 || opened[0] == nil || opened[1] != nil {
			t.Errorf("the call was told %v", opened)
		}
		if d.tries["attempt"] != maxTries || d.tries["accepted"] != 1 || d.tries["outcome"] != 1 {
			t.Errorf("tries %v", d.tries)
		}
	})
}
