package dispatch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func TestPagingUntilAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{3 * time.Second, dispatch.ResultBusy, nil}, {9 * time.Second, dispatch.ResultAcknowledged, nil}},
			"boris": {{12 * time.Second, dispatch.ResultNoAck, nil}},
		})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(30 * time.Second)
		h.see(t, "")
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(10 * time.Minute)
		// anna busy for 3 s, boris' mailbox 12 s, the chief does not answer for
		// 20 s, a minute's pause, anna presses 1.
		h.see(t, "30s anna, 33s boris, 45s static, 2m5s anna")
		tk, err := h.Ticket(t.Context(), o.Number)
		must(t, err)
		if tk.Acknowledged.By != "anna" || tk.Acknowledged.How != "voice_page" || tk.PageReason != "abandoned" {
			t.Errorf("ticket %+v", tk)
		}
		if c, _ := h.store.Load(t.Context(), o.ID); len(paging(c.Timers)) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
	})
}

func TestPagingGoesOnAfterRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.stop() // while the call hunts
		wait(time.Minute)
		h = open(t, s, map[string][]answer{"anna": {{time.Hour, "", nil}}})
		wait(time.Second)
		h.see(t, "0s anna")
		h.stop() // while anna is being paged
		h = open(t, s, map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Minute)
		h.see(t, "0s anna")
		tk, err := h.Ticket(t.Context(), o.ID)
		must(t, err)
		if tk.Acknowledged.By != "anna" || tk.PageReason != "broken" {
			t.Errorf("ticket %+v", tk)
		}
		rec, err := h.Call(t.Context(), "a")
		must(t, err)
		if rec.Result != dispatch.CallBroken {
			t.Errorf("call %+v", rec)
		}
	})
}

func TestNobodyIsPagedForWhatIsTaken(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*testing.T, *house, dispatch.Ref) error{
		"acknowledged": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.Acknowledge(t.Context(), r, "vera", "cli", time.Now())
		},
		"closed": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.CloseUnreported(t.Context(), r, dispatch.Author{Person: "vera"}, "false alarm", "проверка")
		},
		"accepted on a second call": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: r, Call: "b", Person: "vera", At: time.Now()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, store.NewMemory(), map[string][]answer{"anna": {{time.Hour, dispatch.ResultAcknowledged, nil}}})
				o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
				must(t, err)
				h.lose(t, o, "a", dispatch.CallExhausted)
				wait(10 * time.Second)
				must(t, take(t, h, o.Ref)) // anna's telephone stops ringing
				wait(time.Hour)
				h.see(t, "0s anna")
				log, err := h.Events(t.Context(), o.Ref)
				must(t, err)
				for _, e := range log {
					if a, ok := e.Body.(ticket.Attempted); ok && a.Outcome == "acknowledged" {
						t.Error("a withdrawn page acknowledged")
					}
				}
			})
		})
	}
}

// A page of which nothing is heard is withdrawn when the next one begins: one alarm asks one person at a time.
func TestPageOfWhichNothingIsHeardIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{time.Hour, dispatch.ResultNoAnswer, nil}},
			"boris": {{10 * time.Minute, dispatch.ResultNoAnswer, nil}},
		})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(150 * time.Second)
		h.see(t, "0s anna, 2m0s boris")
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if got := strings.Join(h.phones.cut, " "); got != "anna" {
			t.Errorf("withdrawn: %q, want anna", got)
		}
	})
}

// Two devices of one person are two attempts, however the notifier names them.
func TestTwoDevicesAreTwoAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {{3 * time.Second, dispatch.ResultNoAnswer, nil}}})
		h.phones.twice = true
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(10 * time.Second)
		h.see(t, "0s anna, 3s boris")
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		tries := 0
		for _, e := range log {
			if a, ok := e.Body.(ticket.Attempted); ok && a.Person == "anna" {
				tries++
			}
		}
		if tries != 2 {
			t.Errorf("%d attempts on record, want 2", tries)
		}
	})
}

// While a call hunts, its ladder is the page; forgotten altogether, the guard
// pages.
func TestHuntingCallIsThePage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		first, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(time.Minute)
		_, err = h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		h.lose(t, first, "a", dispatch.CallAbandoned)
		wait(10 * time.Minute) // b hunts on
		h.see(t, "")
		h.lose(t, first, "b", dispatch.CallExhausted)
		wait(time.Second)
		h.see(t, "11m0s anna")
	})
}

// A call that never reports its end holds paging up no longer than the promise
// of first contact.
func TestForgottenCallIsPaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		_, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(time.Hour)
		h.see(t, "15m0s anna")
	})
}

func TestPanicsAndFailuresDoNotStopPaging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{time.Second, "", errors.New("no trunk")}},
			"boris": {{time.Second, dispatch.ResultEscalate, nil}},
		})
		o, err := h.OpenCall(t.Context(), call("a", "anonymous"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(30 * time.Second)
		h.see(t, "0s anna, 1s boris, 2s static")
	})
}

// The store refuses while a key is pressed: the key is not forgotten.
func TestAcknowledgementSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {{10 * time.Second, dispatch.ResultAcknowledged, nil}}})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(5 * time.Second)
		h.store.Fail(errors.New("disk full"))
		wait(time.Minute)
		h.store.Fail(nil)
		wait(time.Minute)
		h.see(t, "0s anna")
		if tk, _ := h.Ticket(t.Context(), o.ID); tk.Acknowledged.By != "anna" {
			t.Errorf("ticket %+v", tk)
		}
	})
}

func TestNobodyToPageIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil)
		src := source()
		src.Roster.Static = nil
		for i := range src.Roster.People {
			src.Roster.People[i].Disabled = true
		}
		empty, err := dispatch.NewSnapshot(src)
		must(t, err)
		h.Directory().Replace(empty)
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallExhausted)
		wait(time.Second)
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		if !slices.ContainsFunc(log, func(e ticket.Event) bool { return e.Body == ticket.PageRaised{Reason: "nobody_to_page"} }) {
			t.Errorf("log %+v", log)
		}
		full, err := dispatch.NewSnapshot(source())
		must(t, err)
		h.Directory().Replace(full)
		wait(2 * time.Minute)
		if h.phones.pages() == "" {
			t.Error("nobody was paged after the roster was mended")
		}
	})
}

// Vector 13: timers that fell due while the process was down fire once at the
// start, marked late.
func TestLateTimersFireOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultNoAnswer, nil}}, "boris": {{time.Second, dispatch.ResultNoAnswer, nil}}, "static": {{time.Second, dispatch.ResultNoAnswer, nil}}})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(10 * time.Second) // the round is over, the pause runs
		h.see(t, "0s anna, 1s boris, 2s static")
		h.stop()
		wait(time.Hour)
		h = open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Hour)
		h.see(t, "0s anna")
	})
}
