package journal

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// two are two nodes that share one store, with ticket 1, its page and its timer in it.
func two(t *testing.T) (in *faulty, a, b worker) {
	t.Helper()
	in = newFaulty()
	board := func() dispatch.Board { // what a dispatcher knows by then
		b, err := in.Board(context.Background())
		must(t, err)
		return b
	}
	one, _ := start(t, config(t), Deps{Shared: true, Board: board}, in)
	other, _ := start(t, config(t), Deps{Shared: true, Board: board}, in)
	c := opening(1)
	c.Timers[0].DueAt = time.Now()
	first := page("p1")
	first.DueAt = time.Now()
	c.Notices = []dispatch.Notice{first}
	must(t, one.Commit(t.Context(), c))
	return in, worker{t, one}, worker{t, other}
}

// turn is a change that a node keeps when the store does not take it, with an event.
func turn() dispatch.Change {
	c := note(1, "turn")
	c.Notices = []dispatch.Notice{{ID: "e1", Kind: dispatch.NoticeEvent, DueAt: time.Now()}}
	return c
}

// due is what a node hands out now: pages, events and timers.
func (w worker) due() (list []string) {
	w.t.Helper()
	for _, kind := range []dispatch.NoticeKind{dispatch.NoticePage, dispatch.NoticeEvent} {
		got, err := w.s.ClaimNotices(w.t.Context(), kind, time.Now(), time.Minute, 10)
		must(w.t, err)
		list = append(list, names(got)...)
	}
	timers, err := w.s.ClaimTimers(w.t.Context(), time.Now(), time.Minute, 10)
	must(w.t, err)
	for _, x := range timers {
		list = append(list, string(x.Kind))
	}
	return list
}

// lasts lets the time pass, as one for whom workers look each second.
func (w worker) lasts(d time.Duration) (list []string) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Second) // of the bubble
		list = append(list, w.due()...)
	}
	return list
}

// A node for which the database is too slow for a moment does not send what the
// other one sends meanwhile: neither page nor timer, before the replay and after.
func TestSlowDatabaseDoublesNoPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, b := two(t)
		in.set(hang)
		must(t, a.s.Commit(t.Context(), turn()))
		in.set(before)
		if got := a.lasts(time.Second); !slices.Equal(got, []string{"e1"}) { // a repeated event is known by its ID
			t.Errorf("the node without the database hands out %q", got)
		}
		next, err := a.s.NextTimer(t.Context())
		if wait := time.Until(next); err != nil || wait <= 0 || wait > aloneAfter {
			t.Errorf("it looks again in %v, %v", wait, err)
		}
		in.set(none)
		if got := b.due(); !slices.Equal(got, []string{"p1", "page"}) {
			t.Errorf("the other one hands out %q", got)
		}
		settled(t, a.s)
		if got := a.due(); !slices.Equal(got, []string{"e1"}) { // nobody has delivered it
			t.Errorf("after the replay %q", got)
		}
	})
}

// In an outage that lasts somebody is paged all the same, once.
func TestOutageThatLastsIsPaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, _ := two(t)
		in.set(before)
		must(t, a.s.Commit(t.Context(), turn()))
		if got := a.lasts(aloneAfter - 2*time.Second); !slices.Equal(got, []string{"e1"}) {
			t.Errorf("at once %q", got)
		}
		if got := a.lasts(5 * time.Second); !slices.Equal(got, []string{"p1", "page"}) {
			t.Errorf("then %q", got)
		}
	})
}

// A node that was frozen in an outage does not act on what it knew then: it
// asks the database first.
func TestThawedInAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, err := Open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }, Shared: true}) // Run stands still, too
		must(t, err)
		s.Attach(in)
		a := worker{t, s}
		first := page("p1")
		first.DueAt = time.Now()
		c := opening(1)
		c.Timers[0].DueAt, c.Notices = time.Now(), []dispatch.Notice{first}
		must(t, s.Commit(t.Context(), c))
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		if got := a.lasts(2 * time.Second); len(got) != 0 {
			t.Errorf("before the freeze %q", got)
		}
		time.Sleep(time.Minute) // of the bubble
		if got := a.lasts(aloneAfter - 2*time.Second); len(got) != 0 {
			t.Errorf("after the thaw %q", got)
		}
		if got := a.lasts(5 * time.Second); !slices.Equal(got, []string{"p1"}) {
			t.Errorf("then %q", got)
		}
		must(t, s.Close())
	})
}

// While the SQL store takes no changes of this node, it is still asked what the
// others know of a ticket, unless a change of the ticket waits here.
func TestWhatOthersKnowIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, _ := two(t)
		must(t, a.s.Commit(t.Context(), opening(2)))
		in.set(before)
		must(t, a.s.Commit(t.Context(), note(2, "turn")))
		must(t, in.Memory.Commit(t.Context(), decide(t, in.Memory, 1, "boris", ticket.Acknowledged{How: "cli"})))
		must(t, in.Memory.Commit(t.Context(), decide(t, in.Memory, 2, "boris", ticket.Acknowledged{How: "cli"})))
		needs := func(n int) bool {
			c, err := a.s.LoadShared(t.Context(), id(n))
			must(t, err)
			return c.Ticket.NeedsPage()
		}
		if needs(1) {
			t.Error("it does not know that the ticket was taken")
		}
		if !needs(2) {
			t.Error("a ticket of which it knows more than the database")
		}
		a.lasts(aloneAfter)
		in.set(none)
		settled(t, a.s)
		if needs(2) {
			t.Error("after the replay it does not know that the ticket was taken")
		}
	})
}
