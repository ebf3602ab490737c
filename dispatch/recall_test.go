package dispatch_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// cut is a house whose call "a" of the number was cut a moment ago; meanwhile
// runs before the first try that follows.
func cut(t *testing.T, number string, answers map[string][]answer) (*house, dispatch.Ref) {
	t.Helper()
	s := store.NewMemory()
	h := open(t, s, nil)
	o, err := h.OpenCall(t.Context(), call("a", number))
	must(t, err)
	wait(time.Second)
	h.stop()
	h = open(t, s, answers)
	synctest.Wait()
	return h, o.Ref
}

// A client who answers is rung no more; the mark stays until somebody has
// talked to him.
func TestRecallUntilAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, ref := cut(t, "89211234567", map[string][]answer{
			"client": {{5 * time.Second, dispatch.ResultBusy, nil}, {time.Second, dispatch.ResultDelivered, nil}},
		})
		wait(time.Minute)
		if got := h.phones.recalls(); got != "0s +79211234567, 20s +79211234567" {
			t.Error(got)
		}
		if tk, _ := h.Ticket(t.Context(), ref.ID); !tk.OwesCall() {
			t.Error("the mark is gone before anybody has talked to the client")
		}
		again, err := h.OpenCall(t.Context(), call("b", "89211234567")) // as the hotline does once he has answered
		must(t, err)
		must(t, h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: again.Ref, Call: "b", Person: "anna", At: time.Now()}))
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.OwesCall() || again.Ref != ref {
			t.Errorf("the mark stays: %+v", tk)
		}
		if got := kinds(t, h, ref); got != "recall_asked 1 recall_tried 2" {
			t.Error(got)
		}
		log, err := h.Events(t.Context(), ref)
		must(t, err)
		if folded, err := ticket.Fold(log); err != nil || folded.OwesCall() {
			t.Errorf("folded %+v, %v", folded, err)
		}
	})
}

// Nobody is rung for what is settled: it is asked right before each try.
func TestRecallNoLongerNeeded(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(*testing.T, *house, dispatch.Ref) error{
		"the ticket was closed": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.CloseUnreported(t.Context(), r, dispatch.Author{Person: "vera"}, "false alarm", "проверка")
		},
		"another call was accepted": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: r, Call: "older", Person: "vera", At: time.Now()})
		},
		"somebody has talked to him": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.Note(t.Context(), r, dispatch.Author{Person: "vera"}, ticket.Noted{Text: "by mobile", Contact: "mobile"})
		},
		"he has called again": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			_, err := h.OpenCall(t.Context(), call("again", "89211234567"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, ref := cut(t, "89211234567", nil)
				wait(time.Second)
				must(t, settle(t, h, ref))
				wait(time.Hour)
				if got := h.phones.recalls(); got != "0s +79211234567" {
					t.Error(got)
				}
				if got := kinds(t, h, ref); got != "recall_asked 1 recall_ended 1 recall_tried 1" {
					t.Error(got)
				}
			})
		})
	}
}

// The engineer who takes the page has not talked to the client yet.
func TestAcknowledgementDoesNotEndRecall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, ref := cut(t, "89211234567", map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Hour)
		if got := strings.Count(h.phones.recalls(), "+79211234567"); got != 5 {
			t.Errorf("%d tries", got)
		}
		if tk, _ := h.Ticket(t.Context(), ref.ID); !tk.OwesCall() || tk.Acknowledged.By != "anna" {
			t.Errorf("ticket %+v", tk)
		}
	})
}

// Strangers and withheld numbers are not dialled; the page says enough.
func TestRecallRefused(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"+74950000000": "not_allowed", "anonymous": "number_unknown"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, ref := cut(t, number, nil)
				wait(time.Hour)
				if got := h.phones.recalls(); got != "" {
					t.Error(got)
				}
				if got := h.phones.pages(); !strings.HasPrefix(got, "0s anna") {
					t.Errorf("pages %s", got)
				}
				if got := kinds(t, h, ref); got != "recall_asked 1" {
					t.Error(got)
				}
				log, err := h.Events(t.Context(), ref)
				must(t, err)
				for _, e := range log {
					if a, ok := e.Body.(ticket.RecallAsked); ok && a.Refused == want {
						return
					}
				}
				t.Errorf("the log does not say why: %+v", log)
			})
		})
	}
}

// Two calls of one client are cut together: he is rung once at a time.
func TestTwoCutCallsOfOneClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		for _, c := range []struct{ key, number string }{{"a", "89211234567"}, {"b", "89211234567"}, {"c", "89217654321"}} {
			_, err := h.OpenCall(t.Context(), call(c.key, c.number))
			must(t, err)
			wait(time.Second)
		}
		h.stop()
		h = open(t, s, map[string][]answer{"client": {{time.Second, dispatch.ResultDelivered, nil}, {time.Second, dispatch.ResultDelivered, nil}}})
		wait(time.Hour)
		got := h.phones.recalls()
		if strings.Count(got, ",") != 1 || !strings.Contains(got, "0s +79211234567") || !strings.Contains(got, "0s +79217654321") {
			t.Error(got)
		}
	})
}

// The end of a call that is recorded twice asks for one recall.
func TestOneRecallPerCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, ref := cut(t, "89211234567", map[string][]answer{"client": {{time.Second, dispatch.ResultDelivered, nil}}})
		for range 3 {
			must(t, h.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: "a", Result: dispatch.CallBroken, At: time.Now()}))
		}
		wait(time.Hour)
		if got := h.phones.recalls(); got != "0s +79211234567" {
			t.Error(got)
		}
		if got := kinds(t, h, ref); got != "recall_asked 1 recall_tried 1" {
			t.Error(got)
		}
	})
}
