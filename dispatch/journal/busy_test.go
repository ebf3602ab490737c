package journal

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// queued is a SQL store with one writer: a transaction takes its time, and the
// next one waits for it.
type queued struct {
	*faulty

	turn chan struct{}
}

func (q queued) enter(ctx context.Context) (leave func(), err error) {
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	time.Sleep(5 * time.Millisecond) // of the bubble: the disk
	return func() { <-q.turn }, nil
}

func (q queued) Commit(ctx context.Context, c dispatch.Change) error {
	return q.CommitAll(ctx, []dispatch.Change{c})
}

func (q queued) CommitAll(ctx context.Context, list []dispatch.Change) error {
	leave, err := q.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return q.faulty.CommitAll(ctx, list)
}

// crowd lets writers add lines to ticket 1 as fast as they are let, until stop
// is called. It returns how many each has been told are kept.
func crowd(t *testing.T, s *Store, writers int, rest time.Duration) (stop func() []int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	kept := make([]int, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := s.Commit(context.Background(), note(1, fmt.Sprintf("%d: %d", w, kept[w]))); err != nil {
					t.Errorf("line %d of writer %d: %v", kept[w], w, err)
					return
				}
				kept[w]++
				time.Sleep(rest)
			}
		})
	}
	return func() []int {
		cancel()
		all.Wait()
		return kept
	}
}

// told holds the log of ticket 1 against what the writers were told.
func told(t *testing.T, in dispatch.Archive, kept []int) {
	t.Helper()
	next := make([]int, len(kept))
	log, err := in.Events(context.Background(), id(1))
	must(t, err)
	for _, e := range log {
		b, ok := e.Body.(ticket.Noted)
		if !ok {
			continue
		}
		var w, n int
		if _, err := fmt.Sscanf(b.Text, "%d: %d", &w, &n); err != nil || n != next[w] {
			t.Fatalf("%q comes as line %d of its writer: %v", b.Text, next[w], err)
		}
		next[w]++
	}
	if fmt.Sprint(next) != fmt.Sprint(kept) {
		t.Errorf("the log has %v, the writers were told of %v", next, kept)
	}
}

// catchesUp holds the SQL store back while many write to ticket 1, lets it go,
// and waits until changes pass again beside the writers, who go on.
func catchesUp(t *testing.T, s *Store, in dispatch.Archive, writers int, rest time.Duration, begin func() (end func()), limit time.Duration) {
	t.Helper()
	must(t, s.Commit(t.Context(), opening(1)))
	end := begin()
	stop := crowd(t, s, writers, rest)
	for s.Status().Pending < 500 {
		time.Sleep(time.Millisecond)
	}
	end()
	began := time.Now()
	for s.Status().State != Passing && time.Since(began) < limit {
		time.Sleep(time.Millisecond)
	}
	st := s.Status()
	t.Logf("after %v: %+v", time.Since(began).Round(time.Millisecond), st)
	if st.State != Passing {
		t.Error("the replay never caught up")
	}
	kept := stop()
	for s.Status().State != Passing {
		time.Sleep(time.Millisecond)
	}
	told(t, in, kept)
}

// Many write to one ticket without a break when the SQL store is back: it gets
// everything faster than new things come, and changes pass again.
func TestReplayCatchesUpWithABusyTicket(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{before, late} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := queued{newFaulty(), make(chan struct{}, 1)}
				cfg := config(t)
				cfg.Size = 4
				s, _ := start(t, cfg, Deps{Board: func() dispatch.Board { b, _ := in.Board(context.Background()); return b }}, in)
				catchesUp(t, s, in, 20, 20*time.Millisecond, func() func() {
					in.set(f)
					return func() { in.set(none) }
				}, 10*time.Second)
			})
		})
	}
}

// The same with a real database and a small file.
func TestSQLiteReplayCatchesUp(t *testing.T) {
	t.Parallel()
	path, begin := outages()["locked"](t)
	in := sqlite(t, path)
	s, _ := start(t, config(t), Deps{}, in)
	catchesUp(t, s, in, 20, 0, begin, 15*time.Second)
}
