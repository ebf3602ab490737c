package dispatch_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Tickets of other nodes that could not be read are read when the store is back,
// though nothing happens any more, and the log tells of it once.
func TestMissedEventsAreReadLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a := dispatcher(t, s, nil)
		var log strings.Builder
		b := runs(t, s, func(_ *dispatch.Config, d *dispatch.Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		_, err := a.OpenCall(t.Context(), call("x", "+74950000000"))
		must(t, err)
		s.Fail(errors.New("locked"))
		b.Feed().Hear(nil)
		wait(10 * time.Second)
		if b.KnownCaller("+74950000000") {
			t.Error("a ticket that was never heard of is known")
		}
		s.Fail(nil)
		wait(5 * time.Second)
		if !b.KnownCaller("+74950000000") {
			t.Error("what was missed is still not read")
		}
		if n := strings.Count(log.String(), "tickets that other nodes changed"); n != 1 {
			t.Errorf("told %d times:\n%s", n, log.String())
		}
	})
}
