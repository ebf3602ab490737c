package journal

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// choosy refuses what concerns one ticket with a fault of its own, and takes
// everything else: a full disk has room for small changes.
type choosy struct {
	*faulty

	well atomic.Bool
}

func (c *choosy) Commit(ctx context.Context, change dispatch.Change) error {
	if ticketOf(change) == id(1) && !c.well.Load() {
		return errDown
	}
	return c.faulty.Commit(ctx, change)
}

func (c *choosy) CommitAll(ctx context.Context, list []dispatch.Change) error {
	if !c.well.Load() && slices.ContainsFunc(list, func(change dispatch.Change) bool { return ticketOf(change) == id(1) }) {
		return errDown
	}
	return c.faulty.CommitAll(ctx, list)
}

// A store that takes one change and refuses another does not cost the other
// one: its ticket waits, the others do not.
func TestARefusedTicketWaitsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := &choosy{faulty: newFaulty()}
		s, _ := start(t, config(t), Deps{}, nil)
		for n := 1; n <= 70; n++ { // more tickets than workers
			must(t, s.Commit(t.Context(), opening(n)))
			must(t, s.Commit(t.Context(), note(n, "a")))
		}
		s.Attach(in)
		time.Sleep(time.Minute)
		synctest.Wait() // a try may begin at this very instant
		for n := 2; n <= 70; n++ {
			if got := lines(t, in, n); !slices.Equal(got, []string{"opened", "a"}) {
				t.Errorf("ticket %d: %v", n, got)
			}
		}
		if st := s.Status(); st.State != Replaying || st.Pending != 2 || st.Rejected != 0 {
			t.Errorf("status %+v", st)
		}
		in.well.Store(true)
		settled(t, s)
		if got := lines(t, in, 1); !slices.Equal(got, []string{"opened", "a"}) || s.Status().Rejected != 0 {
			t.Errorf("log %v, status %+v", got, s.Status())
		}
	})
}

// Every second question runs out of time for a minute: nothing is set aside.
func TestEverySecondQuestionIsNotAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		in.set(before)
		must(t, s.Commit(t.Context(), opening(1)))
		n := 0
		in.draw(func() fault {
			if n++; n%2 == 1 {
				return hang
			}
			return none
		})
		time.Sleep(time.Minute)
		in.set(none)
		settled(t, s)
		if got := lines(t, in.Memory, 1); len(got) != 1 || s.Status().Rejected != 0 {
			t.Errorf("log %v, status %+v", got, s.Status())
		}
	})
}

// tardy answers everything, each question after a while.
type tardy struct {
	*faulty

	pause atomic.Int64 // a time.Duration
}

func (s *tardy) nap(ctx context.Context) error {
	select {
	case <-time.After(time.Duration(s.pause.Load())): // of the bubble
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *tardy) Commit(ctx context.Context, c dispatch.Change) error {
	if err := s.nap(ctx); err != nil {
		return err
	}
	return s.faulty.Commit(ctx, c)
}

func (s *tardy) CommitAll(ctx context.Context, list []dispatch.Change) error {
	if err := s.nap(ctx); err != nil {
		return err
	}
	return s.faulty.CommitAll(ctx, list)
}

func (s *tardy) Load(ctx context.Context, id string) (dispatch.Case, error) {
	if err := s.nap(ctx); err != nil {
		return dispatch.Case{}, err
	}
	return s.faulty.Load(ctx, id)
}

func (s *tardy) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	if err := s.nap(ctx); err != nil {
		return nil, err
	}
	return s.faulty.ClaimNotices(ctx, kind, now, lease, limit)
}

func (s *tardy) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	if err := s.nap(ctx); err != nil {
		return nil, err
	}
	return s.faulty.ClaimTimers(ctx, now, lease, limit)
}

// The workers' questions wait behind the commits of a busy store: that they are
// slow says nothing. One that is not answered at all says that the store is away.
func TestSlowClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := &tardy{faulty: newFaulty()}
		s, _ := start(t, config(t), Deps{}, in)
		c := opening(1)
		c.Notices = []dispatch.Notice{page("p1")}
		must(t, s.Commit(t.Context(), c))
		in.pause.Store(int64(2 * time.Second))
		if list, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, t0, time.Minute, 10); err != nil || len(list) != 1 {
			t.Errorf("claimed %v, %v", list, err)
		}
		if list, err := s.ClaimTimers(t.Context(), t0.Add(time.Hour), time.Minute, 10); err != nil || len(list) != 1 {
			t.Errorf("claimed %v, %v", list, err)
		}
		if st := s.Status(); st.State != Passing {
			t.Errorf("status %+v", st)
		}
		in.pause.Store(int64(time.Minute))
		_, err := s.ClaimTimers(t.Context(), t0.Add(time.Hour), time.Minute, 10)
		must(t, err)
		if st := s.Status(); st.State == Passing {
			t.Errorf("status %+v", st)
		}
		in.pause.Store(0)
		settled(t, s)
	})
}

// A change that is decided anew needs several questions: each has its own time.
func TestSlowStoreGetsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := &tardy{faulty: newFaulty()}
		s, _ := start(t, config(t), Deps{Board: func() dispatch.Board { b, _ := in.Board(context.Background()); return b }}, in)
		must(t, s.Commit(t.Context(), opening(1)))
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		must(t, s.Commit(t.Context(), decide(t, s, 1, "anna", ticket.Categorised{Category: ticket.Security})))
		must(t, in.Memory.Commit(t.Context(), decide(t, in.Memory, 1, "vera", ticket.Acknowledged{How: "cli"}))) // another node
		in.pause.Store(int64(bringTime * 6 / 10))
		in.set(none)
		time.Sleep(time.Minute)
		c, err := in.Memory.Load(t.Context(), id(1))
		must(t, err)
		if st := s.Status(); c.Ticket.Category != ticket.Security || st.Rejected != 0 || st.State != Passing {
			t.Errorf("category %v, status %+v, log %q", c.Ticket.Category, st, lines(t, in.Memory, 1))
		}
	})
}

// asked is a SQL store that is slow for changes and counts the questions of the arbiter.
type asked struct {
	*tardy

	assigned atomic.Int64
}

func (a *asked) Assign(ctx context.Context, x dispatch.Assignment, now time.Time) error {
	a.assigned.Add(1)
	if err := a.nap(ctx); err != nil {
		return err
	}
	return a.faulty.Assign(ctx, x, now)
}

// A store too slow for changes is still asked who has a person. One that does
// not answer that either is asked once, and one that refuses changes not at all.
func TestArbiterOfASlowStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		pause time.Duration
		fault fault
		want  int64
	}{
		{"slow", 150 * time.Millisecond, hang, 5},
		{"silent", time.Minute, hang, 1},
		{"refuses", 0, before, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := &asked{tardy: &tardy{faulty: newFaulty()}}
				s, _ := start(t, config(t), Deps{}, in)
				in.set(c.fault)
				must(t, s.Commit(t.Context(), opening(1)))
				in.pause.Store(int64(c.pause))
				for n := range int64(5) {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					err := s.Assign(ctx, dispatch.Assignment{Person: "anna", Call: "x", Attempt: "1", Node: "a", Token: uint64(n) + 1, Until: t0.Add(time.Hour)}, t0)
					cancel()
					if answered := err == nil || errors.Is(err, dispatch.ErrAssigned); answered != (c.want == 5) {
						t.Errorf("question %d: %v", n, err)
					}
				}
				if got := in.assigned.Load(); got != c.want {
					t.Errorf("asked %d times, want %d", got, c.want)
				}
				in.pause.Store(0)
				in.set(none)
				settled(t, s)
				if err := s.Assign(t.Context(), dispatch.Assignment{Person: "vera", Call: "y", Attempt: "1", Node: "a", Token: 1, Until: t0.Add(time.Hour)}, t0); err != nil {
					t.Errorf("when all is well: %v", err)
				}
			})
		})
	}
}

// A journal that is more patient than its callers keeps their changes all the same.
func TestBudgetAboveTheCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, cfg := newFaulty(), config(t)
		cfg.Budget = 2 * time.Second
		s, _ := start(t, cfg, Deps{}, in)
		in.set(hang)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		must(t, s.Commit(ctx, opening(1)))
		if st := s.Status(); st.State == Passing {
			t.Errorf("status %+v", st)
		}
		in.set(none)
		settled(t, s)
		if got := lines(t, in, 1); len(got) != 1 {
			t.Errorf("log %v", got)
		}
	})
}
