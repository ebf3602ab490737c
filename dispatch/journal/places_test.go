package journal

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Places are the shared record's: it decides who holds one, also while changes
// do not go there, and without it nobody is told that he does.
func TestPlacesAreTheRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, in := t.Context(), newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		p, err := s.HoldPlace(ctx, "imap/support", "a", t0, t0.Add(time.Minute))
		must(t, err)
		must(t, s.MovePlace(ctx, "imap/support", p.Token, []byte("7")))
		theirs, err := s.HoldPlace(ctx, "imap/support", "b", t0, t0.Add(time.Minute))
		if !errors.Is(err, dispatch.ErrConflict) || errors.Is(err, dispatch.ErrAway) || theirs.Holder != "a" || string(theirs.Cursor) != "7" {
			t.Errorf("another one's: %+v, %v", theirs, err)
		}
		err = s.MovePlace(ctx, "imap/support", p.Token+1, nil)
		if !errors.Is(err, dispatch.ErrConflict) || errors.Is(err, dispatch.ErrAway) {
			t.Errorf("a token that was never given out: %v", err)
		}

		in.Fail(errDown)
		_, err = s.HoldPlace(ctx, "imap/support", "a", t0, t0.Add(time.Hour))
		want(t, err, dispatch.ErrAway)
		want(t, s.MovePlace(ctx, "imap/support", p.Token, []byte("8")), dispatch.ErrAway)
		want(t, s.FreePlace(ctx, "imap/support", p.Token), dispatch.ErrAway)
		in.Fail(nil)

		must(t, s.FreePlace(ctx, "imap/support", p.Token))
		next, err := s.HoldPlace(ctx, "imap/support", "b", t0, t0.Add(time.Minute))
		if err != nil || next.Token != p.Token+1 || string(next.Cursor) != "7" {
			t.Errorf("the heir: %+v, %v", next, err)
		}
	})
}

// Before there is a record nobody holds anything.
func TestPlacesNeedARecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, config(t), Deps{}, nil)
		_, err := s.HoldPlace(t.Context(), "imap/support", "a", t0, t0.Add(time.Minute))
		want(t, err, dispatch.ErrAway)
		want(t, s.MovePlace(t.Context(), "imap/support", 1, nil), dispatch.ErrAway)
		want(t, s.FreePlace(t.Context(), "imap/support", 1), dispatch.ErrAway)
	})
}
