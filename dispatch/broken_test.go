package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// talk opens a call that boris accepts after 19 s.
func (h *house) talk(t *testing.T, key string) dispatch.Opened {
	t.Helper()
	sig := call(key, "89211234567")
	o, err := h.OpenCall(t.Context(), sig)
	must(t, err)
	wait(19 * time.Second)
	must(t, h.RecordAccepted(t.Context(), dispatch.Accepted{
		Ref: o.Ref, Call: key, Person: "boris", Device: oncall.Device{Kind: oncall.Softphone}, At: time.Now(), T0: sig.At,
		Recording: "2026/" + key + ".wav", Legs: []dispatch.Leg{{Name: "A"}, {Name: "boris"}},
	}))
	return o
}

// A kill in a conversation: what was known at the accept key is kept, the
// contact counts, and the one who had the caller is paged to call back.
func TestKillInAConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o := h.talk(t, "a")
		h.stop() // no outcome was recorded: as after a kill
		wait(time.Minute)
		h = open(t, s, map[string][]answer{"boris": {{time.Second, dispatch.ResultNoAnswer, nil}}, "anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		rec, err := h.Call(t.Context(), "a")
		must(t, err)
		if rec.Result != dispatch.CallBroken || rec.AcceptedBy != "boris" || rec.AcceptedAt.IsZero() || rec.EndedAt.IsZero() {
			t.Errorf("call %+v", rec)
		}
		if d := rec.Detail; d.AcceptedBy != "boris" || d.Recording.Path != "2026/a.wav" || len(d.Legs) != 2 {
			t.Errorf("detail %+v", d)
		}
		wait(10 * time.Second)
		h.see(t, "0s boris, 1s anna")
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		if k1 := ticket.FirstContact(log, time.Now()); k1.Verdict != sla.Met || k1.Seconds() != 19 {
			t.Errorf("first contact %+v", k1)
		}
		if tk, _ := h.Ticket(t.Context(), o.ID); tk.Acknowledged.By != "anna" || tk.PageReason != ticket.Broken {
			t.Errorf("ticket %+v", tk)
		}
		if folded, err := ticket.Fold(log); err != nil || folded.Acknowledged.By != "anna" {
			t.Errorf("folded %+v, %v", folded, err)
		}
		wait(time.Hour)
		h.see(t, "0s boris, 1s anna")
	})
}

// The second break of one ticket pages again: its pages are no repeats.
func TestBrokenTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o := h.talk(t, "a")
		for _, key := range []string{"b", "c"} {
			h.stop()
			h = open(t, s, map[string][]answer{"boris": {{time.Second, dispatch.ResultAcknowledged, nil}}})
			wait(time.Minute)
			h.see(t, "0s boris")
			if next := h.talk(t, key); next.Ref != o.Ref || next.Acknowledged != "boris" {
				t.Errorf("joined %+v", next)
			}
		}
	})
}

// A closed ticket stays closed, and a call that was served needs nobody.
func TestBrokenNeedsAnOpenTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o := h.talk(t, "a")
		must(t, h.CloseUnreported(t.Context(), o.Ref, dispatch.Author{Person: "boris"}, "solved", "проверка"))
		h.stop()
		h = open(t, s, nil)
		o = h.talk(t, "b")
		h.lose(t, o, "b", dispatch.CallServed)
		h.stop()
		h = open(t, s, nil)
		wait(time.Hour)
		h.see(t, "")
	})
}

// A client who calls again after the acknowledgement and reaches nobody needs
// somebody: the one who has the ticket is paged first, then the chain.
func TestCallsAgainInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"boris": {{time.Second, dispatch.ResultBusy, nil}}, "anna": {{time.Second, dispatch.ResultAcknowledged, nil}},
		})
		h.talk(t, "a")
		wait(time.Minute)
		must(t, h.RecordOutcome(t.Context(), dispatch.Outcome{Ref: h.ref(t, "a"), Call: "a", Result: dispatch.CallServed, At: time.Now()}))
		again, err := h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		if !again.Joined || again.Acknowledged != "boris" {
			t.Fatalf("opened %+v", again)
		}
		wait(10 * time.Second)
		h.lose(t, again, "b", dispatch.CallAbandoned)
		wait(time.Minute)
		h.see(t, "1m29s boris, 1m30s anna")
		log, err := h.Events(t.Context(), again.Ref)
		must(t, err)
		if tk, err := ticket.Fold(log); err != nil || tk.Acknowledged.By != "anna" || tk.PageReason != string(dispatch.CallAbandoned) {
			t.Errorf("folded %+v, %v", tk, err)
		}
	})
}

// No page follows when the acknowledgement belongs to the very call, or when an
// engineer has heard of the call that was abandoned.
func TestAcknowledgedInTheCallIsNotPagedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil)
		first, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(time.Second)
		must(t, h.Acknowledge(t.Context(), first.Ref, "boris", "accept_key", time.Now()))
		h.lose(t, first, "a", dispatch.CallAbandoned)
		wait(time.Second)
		again, err := h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		wait(time.Second)
		must(t, h.RecordOutcome(t.Context(), dispatch.Outcome{
			Ref: again.Ref, Call: "b", Result: dispatch.CallAbandoned, At: time.Now(), Detail: dispatch.CallDetail{AcknowledgedBy: "anna"},
		}))
		wait(time.Hour)
		h.see(t, "")
	})
}

// ref is the ticket of a call.
func (h *house) ref(t *testing.T, call string) dispatch.Ref {
	t.Helper()
	rec, err := h.Call(t.Context(), call)
	must(t, err)
	return rec.Ref
}
