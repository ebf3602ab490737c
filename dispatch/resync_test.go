package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// What happened in the store unseen is known after a resync: tickets that were
// opened, taken and closed, and calls that nobody serves.
func TestResync(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, b := dispatcher(t, s, nil), dispatcher(t, s, nil)
		closed, err := a.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		must(t, b.Resync(t.Context()))
		if !b.KnownCaller("+7 921 123-45-67") {
			t.Error("a client of the book is not known")
		}
		must(t, a.CloseUnreported(t.Context(), closed.Ref, dispatch.Author{Person: "vera"}, "", "проверка"))
		stranger, err := a.OpenCall(t.Context(), call("y", "+74950000000"))
		must(t, err)
		if b.KnownCaller("+74950000000") {
			t.Error("a stranger is known before the resync")
		}
		wait(time.Second)
		live, err := b.OpenCall(t.Context(), call("z", "+74951111111"))
		must(t, err)
		must(t, b.Resync(t.Context()))
		if !b.KnownCaller("8 495 000-00-00") || b.KnownCaller("anonymous") || b.KnownCaller("") {
			t.Error("whose ticket is open is known, and nobody else")
		}
		var numbers []string
		now := b.BoardNow()
		for _, c := range now.Cases {
			numbers = append(numbers, c.Ticket.Number.String())
		}
		if len(numbers) != 2 || numbers[0] != stranger.Number || numbers[1] != live.Number || len(paging(now.Cases[0].Timers)) != 1 {
			t.Errorf("on the board: %v", numbers)
		}
		if len(now.Calls) != 1 || now.Calls[0].ID != "z" {
			t.Errorf("calls: %+v", now.Calls)
		}
		if rec, _ := b.Call(t.Context(), "z"); !rec.EndedAt.IsZero() {
			t.Error("the resync ended a call in progress")
		}
	})
}

// The overlay of an outage is seeded with who has accepted.
func TestBoardNowTellsAcceptance(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	d := dispatcher(t, s, nil)
	o, err := d.OpenCall(t.Context(), call("x", "89211234567"))
	must(t, err)
	must(t, d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "x", Person: "anna", At: time.Now(), Recording: "x.wav"}))
	now := d.BoardNow()
	if len(now.Calls) != 1 || now.Calls[0].AcceptedBy != "anna" || now.Calls[0].Detail.Recording.Path != "x.wav" {
		t.Errorf("calls %+v", now.Calls)
	}
	if len(now.Cases) != 1 || now.Cases[0].Ticket.Acknowledged.By != "anna" {
		t.Errorf("cases %+v", now.Cases)
	}
	must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallServed, At: time.Now()}))
	if now = d.BoardNow(); len(now.Calls) != 0 {
		t.Errorf("calls %+v", now.Calls)
	}
}

// A page that paging has gone on from is not sent, even when nothing else
// withdraws it: it waited in an outbox that stood still.
func TestOldPageIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		d := dispatcher(t, s, nil)
		o, err := d.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallAbandoned, At: time.Now()}))
		for _, pause := range []time.Duration{3 * time.Minute, time.Minute} {
			timers, err := s.ClaimTimers(t.Context(), time.Now(), time.Second, 1)
			must(t, err)
			if len(timers) != 1 {
				t.Fatalf("timers %+v", timers)
			}
			must(t, d.Wake(t.Context(), timers[0]))
			wait(pause)
		}
		pages, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, time.Now(), time.Minute, 10)
		must(t, err)
		if len(pages) != 2 || pages[0].To != "anna" || pages[1].To != "boris" {
			t.Fatalf("pages %+v", pages)
		}
		if _, needed := d.StillNeeded(t.Context(), pages[0]); needed {
			t.Error("the page that paging has gone on from would be sent")
		}
		if _, needed := d.StillNeeded(t.Context(), pages[1]); !needed {
			t.Error("the page under way would not be sent")
		}
		wait(90 * time.Second) // its timer is due: paging goes on as soon as that is heard
		if _, needed := d.StillNeeded(t.Context(), pages[1]); needed {
			t.Error("the page that paging is about to give up would be sent")
		}
	})
}

// Pages that end alike are folded: the first three of each person, every tenth,
// and the rest when paging ends. Nothing is lost on the way.
func TestPagesThatEndAlikeAreFolded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := answer{time.Second, dispatch.ResultBusy, nil}
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {busy}, "boris": {busy}, "static": {busy}})
		o, err := h.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		h.lose(t, o, "x", dispatch.CallAbandoned)
		wait(25*time.Minute + 30*time.Second)
		must(t, h.Acknowledge(t.Context(), o.Ref, "vera", "cli", time.Now()))
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		lines, tries := map[string]int{}, map[string]int{}
		for _, e := range log {
			if a, ok := e.Body.(ticket.Attempted); ok {
				lines[a.Person]++
				tries[a.Person] += 1 + a.Repeats
			}
		}
		paged := 0
		for _, p := range []string{"anna", "boris", "static"} {
			paged += tries[p]
			if tries[p] < 20 || lines[p] != 6 { // 1, 2, 3, 10, 20, and the end
				t.Errorf("%s: %d tries in %d lines", p, tries[p], lines[p])
			}
		}
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if paged != len(h.phones.log) {
			t.Errorf("the log tells of %d pages of %d", paged, len(h.phones.log))
		}
	})
}

// Another outcome is news.
func TestOutcomesThatDifferAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy, silent := answer{time.Second, dispatch.ResultBusy, nil}, answer{time.Second, dispatch.ResultNoAnswer, nil}
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {busy, busy, busy, busy, busy, silent, {time.Second, dispatch.ResultAcknowledged, nil}},
			"boris": {busy}, "static": {busy},
		})
		o, err := h.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		h.lose(t, o, "x", dispatch.CallAbandoned)
		wait(time.Hour)
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		var got []string
		for _, e := range log {
			if a, ok := e.Body.(ticket.Attempted); ok && a.Person == "anna" {
				got = append(got, a.Outcome)
				if a.Repeats > 0 {
					got = append(got, "+")
				}
			}
		}
		want := []string{"busy", "busy", "busy", "busy", "+", "no_answer", "acknowledged"}
		if len(got) != len(want) {
			t.Fatalf("log %v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("log %v, want %v", got, want)
			}
		}
	})
}
