package dispatch_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// An older ticket goes into a younger one: its report keeps its own T0 and first
// contact there, further calls of its requester join there, and nobody is paged
// for it any more. Unmerge restores both.
func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		b := newBureau(t, s, nil)
		old, err := b.OpenCall(t.Context(), call("old", "89217654321"))
		must(t, err)
		b.lost("old", old.Ref)
		wait(2 * time.Minute)
		young := b.served("young", "89211234567")
		before, err := b.Dossier(t.Context(), young)
		must(t, err)
		by := anna()
		by.Key = "m1"
		for range 2 { // a form sent twice
			must(t, b.Merge(t.Context(), old.Ref, young, by, "одна авария"))
		}
		paged := b.phones.pages()
		wait(4 * time.Minute)
		if got := b.phones.pages(); got != paged {
			t.Errorf("pages %q after the merge, %q before", got, paged)
		}
		both, err := b.Dossier(t.Context(), young)
		must(t, err)
		if !both.T0.Equal(old.OpenedAt) || len(both.Stories) != 2 {
			t.Errorf("T0 %v, %d stories; the older one began %v", both.T0, len(both.Stories), old.OpenedAt)
		}
		if k1 := b.clock(young, sla.FirstContactClock, 2); k1.Verdict != sla.Running || !k1.Start.Equal(old.OpenedAt) {
			t.Errorf("first contact of the older requester %+v", k1)
		}
		again, err := b.OpenCall(t.Context(), call("old-2", "89217654321"))
		must(t, err)
		if again.Ref != young || !again.Joined {
			t.Errorf("his further call became %+v", again)
		}
		must(t, b.Unmerge(t.Context(), old.Ref, anna(), "разные"))
		tk, err := b.Ticket(t.Context(), old.ID)
		must(t, err)
		if tk.Stage != ticket.New || tk.MergedInto != "" || !tk.NeedsPage() {
			t.Errorf("unmerged %+v", tk)
		}
		wait(time.Minute)
		if got := b.phones.pages(); got == paged {
			t.Error("nobody is paged for a ticket that is open again")
		}
		after, err := b.Dossier(t.Context(), young)
		must(t, err)
		if !after.T0.Equal(before.T0) {
			t.Errorf("T0 %v, was %v", after.T0, before.T0)
		}
		third, err := b.OpenCall(t.Context(), call("old-3", "89217654321"))
		must(t, err)
		if third.Ref != old.Ref {
			t.Errorf("a call after the parting became %+v", third)
		}
		var refused *ticket.IllegalError
		if err := b.Unmerge(t.Context(), old.Ref, anna(), "x"); !errors.As(err, &refused) {
			t.Errorf("unmerged twice: %v", err)
		}
		for _, ref := range []dispatch.Ref{old.Ref, young} {
			log, err := b.Events(t.Context(), ref)
			must(t, err)
			folded, err := ticket.Fold(log)
			must(t, err)
			c, err := s.Load(t.Context(), ref.ID)
			must(t, err)
			if folded.Version != c.Ticket.Version || folded.Stage != c.Ticket.Stage {
				t.Errorf("%s: folded %+v, stored %+v", ref.Number, folded, c.Ticket)
			}
		}
	})
}

// lost ends a call that nobody has taken.
func (b *bureau) lost(key string, ref dispatch.Ref) {
	b.t.Helper()
	must(b.t, b.RecordOutcome(b.t.Context(), dispatch.Outcome{Ref: ref, Call: key, Result: dispatch.CallAbandoned, At: time.Now()}))
}

// Two merge into each other at the same time: one of the two wins, and no ticket
// is lost in a circle.
func TestMergeInACircle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		one, two := b.served("a", "89211234567"), b.served("b", "89217654321")
		done := make(chan error, 2)
		go func() { done <- b.Merge(t.Context(), one, two, anna(), "") }()
		go func() { done <- b.Merge(t.Context(), two, one, boris(), "") }()
		faults := 0
		for range 2 {
			if err := <-done; err != nil {
				faults++
			}
		}
		x, err := b.Ticket(t.Context(), one.ID)
		must(t, err)
		y, err := b.Ticket(t.Context(), two.ID)
		must(t, err)
		if faults != 1 || x.Open() == y.Open() {
			t.Errorf("%d refused; stages %v and %v", faults, x.Stage, y.Stage)
		}
		if err := b.Merge(t.Context(), one, one, anna(), ""); err == nil {
			t.Error("merged with itself")
		}
	})
}

// A signal that belongs elsewhere becomes a ticket of its own, with its own stamp
// as T0; the form sent twice makes one.
func TestSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		one, two := b.served("a", "89211234567"), b.served("b", "89217654321")
		must(t, b.Merge(t.Context(), two, one, anna(), ""))
		dossier, err := b.Dossier(t.Context(), one)
		must(t, err)
		signal := dossier.Stories[1].Signals[0]
		wait(10 * time.Minute)
		by := anna()
		by.Key = "s1"
		first, err := b.Split(t.Context(), one, by, signal.Signal)
		must(t, err)
		second, err := b.Split(t.Context(), one, by, signal.Signal)
		must(t, err)
		tk, err := b.Ticket(t.Context(), first.ID)
		must(t, err)
		if first != second || !tk.OpenedAt.Equal(signal.At) || tk.Client.Contact != "olga" {
			t.Errorf("split %v and %v: %+v", first, second, tk)
		}
		if _, err := b.Split(t.Context(), one, anna(), "email/none"); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("split off nothing: %v", err)
		}
	})
}
