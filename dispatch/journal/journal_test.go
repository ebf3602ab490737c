package journal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// settled waits until the journal passes changes on again.
func settled(t *testing.T, s *Store) {
	t.Helper()
	for range 100 {
		time.Sleep(100 * time.Millisecond) // of the bubble
		synctest.Wait()
		if s.Status().State == Passing {
			return
		}
	}
	t.Fatalf("the journal is %+v", s.Status())
}

func TestPassesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		must(t, s.Commit(t.Context(), opening(1)))
		want(t, s.Commit(t.Context(), opening(1)), dispatch.ErrRepeated)
		if _, err := in.Load(t.Context(), id(1)); err != nil {
			t.Error(err)
		}
		if st := s.Status(); st.State != Passing || st.Bytes != 0 {
			t.Errorf("status %+v", st)
		}
	})
}

// A fault of each kind: the change is taken, and is in the store once after its return.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"refused": before, "done and refused": after, "silent": hang, "silent and done": late} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := newFaulty()
				healed := 0
				s, _ := start(t, config(t), Deps{Healed: func(context.Context) error { healed++; return nil }}, in)
				must(t, s.Commit(t.Context(), opening(1)))
				in.set(f)
				began := time.Now()
				must(t, s.Commit(t.Context(), opening(2)))
				if took := time.Since(began); took > 210*time.Millisecond {
					t.Errorf("the first one waited %v", took)
				}
				began = time.Now()
				must(t, s.Commit(t.Context(), note(2, "a")))
				must(t, s.Commit(t.Context(), decide(t, s, 2, "anna", ticket.Acknowledged{How: "cli"})))
				must(t, s.Commit(t.Context(), note(2, "b")))
				if took := time.Since(began); took > 0 {
					t.Errorf("those after him waited %v", took)
				}
				if st := s.Status(); st.State == Passing || st.Pending < 3 || st.Bytes == 0 {
					t.Errorf("status %+v", st)
				}
				time.Sleep(10 * time.Second)
				in.set(none)
				settled(t, s)
				for n, text := range map[int]string{1: "opened", 2: "opened a acknowledged b"} {
					if got := strings.Join(lines(t, in, n), " "); got != text {
						t.Errorf("log of %d: %s", n, got)
					}
				}
				if healed != 1 {
					t.Errorf("the dispatcher was told %d times", healed)
				}
				if st := s.Status(); st.Bytes != 0 || st.Pending != 0 {
					t.Errorf("status %+v", st)
				}
				must(t, s.Commit(t.Context(), note(2, "c")))
				if got := lines(t, in, 2); got[len(got)-1] != "c" {
					t.Errorf("log %v", got)
				}
			})
		})
	}
}

// Everybody who waits for the silent store turns at once when the first one
// has used up the budget, and nobody waits after that.
func TestNobodyWaitsTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		in.set(hang)
		began := time.Now()
		ends := make(chan time.Duration, 8)
		for n := range 8 {
			go func() {
				time.Sleep(time.Duration(n) * 50 * time.Millisecond)
				must(t, s.Commit(t.Context(), opening(n+1)))
				ends <- time.Since(began)
			}()
		}
		for range 8 {
			if d := <-ends; d > 350*time.Millisecond || d < 200*time.Millisecond {
				t.Errorf("answered after %v", d)
			}
		}
		in.set(none)
		settled(t, s)
		for n := range 8 {
			if got := lines(t, in, n+1); len(got) != 1 {
				t.Errorf("ticket %d: %v", n+1, got)
			}
		}
	})
}

// A caller who leaves says nothing of the store.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		in.set(hang)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		want(t, s.Commit(ctx, opening(1)), context.DeadlineExceeded)
		if st := s.Status(); st.State != Passing {
			t.Errorf("status %+v", st)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		must(t, s.Commit(ctx, opening(1))) // he has given the store all the time it has
	})
}

// No store at start: calls are taken; when it is there at last it gets them.
func TestStartsWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		s, end := start(t, cfg, Deps{}, nil)
		must(t, s.Commit(t.Context(), opening(1)))
		want(t, s.Assign(t.Context(), dispatch.Assignment{}, t0), ErrAway)
		_, err := s.Reserve(t.Context(), 2026, 1)
		want(t, err, ErrAway)
		_, err = s.Load(t.Context(), id(9))
		want(t, err, ErrAway)
		end()
		in := newFaulty()
		s, _ = start(t, cfg, Deps{}, nil)
		if c, err := s.Load(t.Context(), id(1)); err != nil || len(c.Timers) != 1 {
			t.Errorf("after a restart: %+v %v", c, err)
		}
		must(t, s.Commit(t.Context(), note(1, "x")))
		s.Attach(in)
		settled(t, s)
		if got := lines(t, in, 1); !slices.Equal(got, []string{"opened", "x"}) {
			t.Errorf("log %v", got)
		}
	})
}

// The board is the store's, with what the journal knows better.
func TestBoardWhileAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		for n := 1; n <= 3; n++ {
			must(t, s.Commit(t.Context(), opening(n)))
		}
		in.set(before)
		must(t, s.Commit(t.Context(), opening(4)))
		must(t, s.Commit(t.Context(), decide(t, s, 2, "anna", ticket.Moved{To: ticket.Closed, Reason: "x"})))
		b, err := s.Board(t.Context())
		must(t, err)
		var ids []string
		for _, c := range b.Cases {
			ids = append(ids, c.Ticket.ID)
		}
		slices.Sort(ids)
		if !slices.Equal(ids, []string{"t1", "t3", "t4"}) || len(b.Calls) != 4 {
			t.Errorf("board %v, %d calls", ids, len(b.Calls))
		}
		list, err := s.Tickets(t.Context(), dispatch.TicketFilter{})
		must(t, err)
		calls, err := s.Calls(t.Context(), dispatch.CallFilter{Ticket: "t1"})
		must(t, err)
		if len(list) != 4 || len(calls) != 1 {
			t.Errorf("%d tickets, %d calls", len(list), len(calls))
		}
		must(t, s.Commit(t.Context(), note(1, "x")))
		if got := lines(t, s, 1); !slices.Equal(got, []string{"opened", "x"}) {
			t.Errorf("log %v", got)
		}
		if tk, err := s.Find(t.Context(), ticket.Number{Year: 26, Seq: 4}); err != nil || tk.ID != "t4" {
			t.Errorf("found %v %v", tk, err)
		}
	})
}

// What was in flight when the journal turned, and was stored all the same, is
// known to the overlay: what comes on top of it is not refused.
func TestInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, board := newFaulty(), store.NewMemory()
		s, _ := start(t, config(t), Deps{Board: func() dispatch.Board { b, _ := board.Board(context.Background()); return b }}, in)
		in.set(before)
		must(t, s.Commit(t.Context(), opening(1)))
		c := opening(2) // stored in the very moment of the turn: only the dispatcher knows
		must(t, in.Memory.Commit(t.Context(), c))
		must(t, board.Commit(t.Context(), c))
		in.Fail(errDown)
		must(t, s.Commit(t.Context(), dispatch.Change{Open: id(2), Events: note(2, "on top").Events}))
		in.Fail(nil)
		in.set(none)
		settled(t, s)
		if got := lines(t, in, 2); !slices.Equal(got, []string{"opened", "on top"}) {
			t.Errorf("log %v", got)
		}
	})
}

// Pages go on: those that the store had, with the tries counted on, and new ones.
func TestPagesWhileAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		page := func(n int) dispatch.Notice {
			return dispatch.Notice{ID: fmt.Sprintf("page-%d", n), Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, Ref: dispatch.Ref{ID: id(n)}, DueAt: time.Now()}
		}
		claim := func() (got []dispatch.Notice) {
			got, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, time.Now(), time.Minute, 10)
			must(t, err)
			return got
		}
		c := opening(1)
		c.Notices = []dispatch.Notice{page(1)}
		must(t, s.Commit(t.Context(), c))
		first := claim()
		if len(first) != 1 {
			t.Fatalf("claimed %v", first)
		}
		in.set(before)
		c = opening(2)
		c.Notices = []dispatch.Notice{page(2)}
		must(t, s.Commit(t.Context(), c))
		if got := claim(); len(got) != 1 || got[0].ID != "page-2" { // page-1 is under way
			t.Fatalf("claimed %v", got)
		}
		must(t, s.Commit(t.Context(), dispatch.Change{Delivery: &dispatch.Delivery{Notice: page(2), Result: dispatch.ResultAcknowledged, Final: true, At: time.Now()}}))
		time.Sleep(61 * time.Second) // its delivery has told nothing
		again := claim()
		if len(again) != 1 || again[0].ID != "page-1" || again[0].Attempt != 2 {
			t.Fatalf("claimed %v", again)
		}
		in.set(none)
		settled(t, s)
		if got := claim(); len(got) != 0 {
			t.Errorf("claimed twice: %v", got)
		}
		must(t, s.Commit(t.Context(), dispatch.Change{Delivery: &dispatch.Delivery{Notice: again[0], Result: dispatch.ResultAcknowledged, Final: true, At: time.Now()}}))
		time.Sleep(2 * time.Hour)
		if got := claim(); len(got) != 0 {
			t.Errorf("claimed twice: %v", got)
		}
	})
}

// The workers find out by themselves that the store is away, also without calls.
func TestClaimsTurnAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		must(t, s.Commit(t.Context(), opening(1)))
		in.set(before)
		_, err := s.ClaimTimers(t.Context(), t0.Add(time.Hour), time.Minute, 10)
		must(t, err)
		if s.Status().State != Away {
			t.Error("passing")
		}
		in.set(none)
		settled(t, s)
	})
}
