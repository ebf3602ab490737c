package dispatch_test

import (
	"errors"
	"fmt"
	"strings"
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

// An emergency that nobody has taken stays one when it is merged into a ticket that
// is none: that ticket is as urgent from then on, by the promises that were made
// for the emergency, and people are paged for it. It is as it was when the two part.
func TestEmergencyIsNotLostInAMerge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		holder, by string // who has the lower ticket, and who merges
		served     bool   // the emergency was taken by anna
		pages      bool
		has        string // who has the ticket in the end
	}{
		"nobody has the other":                   {"", "vera", false, true, ""},
		"somebody has it who did not merge":      {"anna", "boris", false, true, ""},
		"who has it has merged":                  {"anna", "anna", false, false, "anna"},
		"the emergency was taken, the other not": {"", "vera", true, false, "anna"},
		"both were taken":                        {"boris", "vera", true, false, "boris"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, store.NewMemory(), nil)
				low, err := b.Open(t.Context(), dispatch.Author{Person: "vera", Channel: dispatch.ChannelPortal}, dispatch.NewTicket{
					Org: "romashka", From: ticket.Contact{Channel: "email", Address: "olga@romashka.example"}, Text: "почта тормозит", Priority: ticket.Normal,
				})
				must(t, err)
				if c.holder != "" {
					must(t, b.Acknowledge(t.Context(), low, c.holder, "cli", time.Now()))
				}
				before := b.clock(low, sla.PlanClock, 0)
				b.until(10 * time.Minute)
				var hot dispatch.Ref
				if c.served {
					hot = b.served("a", "89211234567")
				} else {
					o, err := b.OpenCall(t.Context(), call("a", "89211234567"))
					must(t, err)
					b.lost("a", o.Ref)
					hot = o.Ref
				}
				b.until(15 * time.Minute)
				author := dispatch.Author{Person: c.by, Channel: dispatch.ChannelCLI}
				must(t, b.Merge(t.Context(), hot, low, author, ""))
				synctest.Wait()
				paged := b.phones.pages()
				tk, err := b.Ticket(t.Context(), low.ID)
				must(t, err)
				if tk.Priority != ticket.Critical || tk.NeedsPage() != c.pages || tk.Acknowledged.By != c.has {
					t.Errorf("priority %v, page %v, taken by %q", tk.Priority, tk.NeedsPage(), tk.Acknowledged.By)
				}
				if k2 := b.clock(low, sla.PlanClock, 0); k2.Due.Sub(b.start) != 70*time.Minute {
					t.Errorf("the plan is due after %v, as for the emergency it was after 1h10m", k2.Due.Sub(b.start))
				}
				b.until(25 * time.Minute)
				if got := b.phones.pages() != paged; got != c.pages {
					t.Errorf("pages after the merge: %v, want %v: %q, then %q", got, c.pages, paged, b.phones.pages())
				}
				must(t, b.Unmerge(t.Context(), hot, author, "разное"))
				tk, err = b.Ticket(t.Context(), low.ID)
				must(t, err)
				if after := b.clock(low, sla.PlanClock, 0); tk.Priority != ticket.Normal || !after.Due.Equal(before.Due) {
					t.Errorf("parted: priority %v, plan due %v, was %v", tk.Priority, after.Due, before.Due)
				}
			})
		})
	}
}

// An emergency goes into no request: the text says what to do instead.
func TestNoEmergencyInARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		wish, err := b.Open(t.Context(), anna(), dispatch.NewTicket{Class: ticket.Request, Org: "romashka", Text: "Нужен аудит"})
		must(t, err)
		o, err := b.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		err = b.Merge(t.Context(), o.Ref, wish, anna(), "")
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("merge %s into %s instead", wish.Number, o.Number)) {
			t.Errorf("merged: %v", err)
		}
		must(t, b.Merge(t.Context(), wish, o.Ref, anna(), ""))
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
