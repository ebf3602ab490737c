package journal

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

func message(key string) dispatch.Change {
	return dispatch.Change{Signal: &dispatch.Signal{Channel: dispatch.ChannelAPI, Key: key, At: t0, Raw: []byte(`{"text":"help"}`)}}
}

// A message is in the SQL store or it was not taken: its sender tries again. A
// call meanwhile is kept. When the store is back, both are taken.
func TestMessagesAreTurnedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		must(t, s.Commit(t.Context(), message("before")))
		for name, f := range map[string]fault{"refuses": before, "hangs": hang} {
			in.set(f)
			want(t, s.Commit(t.Context(), message(name)), dispatch.ErrAway)
			want(t, s.Commit(t.Context(), message(name)), dispatch.ErrAway)
			if _, err := s.ClaimSignals(t.Context(), t0.Add(time.Hour), time.Minute, 10); !errors.Is(err, dispatch.ErrAway) {
				t.Errorf("a store that %s: signals to take in: %v", name, err)
			}
			n := int(f) + 1
			must(t, s.Commit(t.Context(), opening(n)))
			in.set(none)
			time.Sleep(time.Minute)
			synctest.Wait()
			if _, taken, err := in.Signal(t.Context(), opening(n).Signal.ID()); err != nil || taken.Ticket != id(n) {
				t.Errorf("a store that %s: the call's signal became %+v, %v", name, taken, err)
			}
			if _, _, err := in.Signal(t.Context(), message(name).Signal.ID()); !errors.Is(err, dispatch.ErrNotFound) {
				t.Errorf("a store that %s: the message that was refused is there: %v", name, err)
			}
			must(t, s.Commit(t.Context(), message(name)))
		}
		list, err := s.ClaimSignals(t.Context(), t0.Add(time.Hour), time.Minute, 10)
		must(t, err)
		if len(list) != 3 {
			t.Errorf("%d signals wait to be taken in, want 3", len(list))
		}
	})
}

// Without a SQL store nothing is known of signals.
func TestSignalsAreAway(t *testing.T) {
	t.Parallel()
	s, _ := start(t, config(t), Deps{}, nil)
	ctx := t.Context()
	_, next := s.NextSignal(ctx)
	_, list := s.ListSignals(ctx, dispatch.SignalFilter{})
	_, last := s.LastTicket(ctx, "p")
	for what, err := range map[string]error{
		"next": next, "list": list, "last": last, "settle": s.SettleSignal(ctx, dispatch.SignalID{}, dispatch.Settling{}),
	} {
		if !errors.Is(err, dispatch.ErrAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
