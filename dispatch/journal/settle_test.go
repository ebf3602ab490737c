package journal

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// What settles a page goes to the store before all that need not hurry, behind
// what its own ticket has before it.
func TestSettledPagesGoFirst(t *testing.T) {
	t.Parallel()
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, newPlatter(t, 1<<16))
	must(t, err)
	for n := 1; n <= 4; n++ {
		must(t, s.Commit(t.Context(), opening(n)))
		must(t, s.Commit(t.Context(), note(n, "a")))
	}
	must(t, s.Commit(t.Context(), decide(t, s, 2, "anna", ticket.Acknowledged{How: "voice_page"})))
	about := page("page-4")
	about.Ref.ID = id(4)
	must(t, s.Commit(t.Context(), dispatch.Change{Delivery: &dispatch.Delivery{Notice: about, Result: dispatch.ResultDelivered, Final: true, At: t0}}))
	var order []string
	for _, e := range s.todo(map[string]bool{id(3): true}) {
		what := "other"
		switch {
		case e.change.Was == 0 && e.change.Ticket != nil:
			what = "opens"
		case settles(e.change):
			what = "settles"
		}
		order = append(order, ticketOf(e.change)+" "+what)
	}
	want := []string{"t2 opens", "t2 other", "t4 opens", "t4 other", "t2 settles", "t4 settles", "t1 opens", "t1 other"}
	if !slices.Equal(order, want) {
		t.Errorf("order %q", order)
	}
}

// A page was delivered and acknowledged here while the store was away: a quarter
// of a second after its return another node does not call anybody for it.
func TestTheOtherNodeLearnsSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, b := pair(t)
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("page-1")}}))
		in.set(before)
		must(t, a.s.Commit(t.Context(), note(1, "turn")))
		got := a.claim(t0)
		if len(got) != 1 {
			t.Fatalf("claimed %v", names(got))
		}
		time.Sleep(1500 * time.Millisecond) // in the middle of a second of the replay
		ack := decide(t, a.s, 1, "anna", ticket.Acknowledged{How: "voice_page"})
		ack.Delivery = &dispatch.Delivery{Notice: got[0], Result: dispatch.ResultAcknowledged, Final: true, At: t0}
		must(t, a.s.Commit(t.Context(), ack))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		in.set(none) // right after a full second, on which a lazy replay would look
		time.Sleep(settleEvery + time.Millisecond)
		synctest.Wait()
		if again := b.claim(t0.Add(time.Second)); len(again) != 0 {
			t.Errorf("the other node claimed %v", names(again))
		}
		c, err := in.Load(t.Context(), id(1))
		must(t, err)
		if c.Ticket.NeedsPage() {
			t.Errorf("ticket %+v", c.Ticket)
		}
	})
}
