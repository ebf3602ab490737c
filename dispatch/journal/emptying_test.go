package journal

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// emptied starts the emptying of a journal's file on a disk that holds it until
// let is closed, and returns when the disk has begun.
func emptied(t *testing.T) (s *Store, in *faulty, d *heldDisk, let chan struct{}) {
	t.Helper()
	in, d = newFaulty(), &heldDisk{platter: newPlatter(t, 1<<16), held: make(chan chan struct{}, 1)}
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, d)
	must(t, err)
	s.Attach(in)
	in.set(before)
	must(t, s.Commit(t.Context(), opening(1)))
	in.set(none)
	let = make(chan struct{})
	d.held <- let
	go s.round(t.Context())
	synctest.Wait()
	return s, in, d, let
}

// While a slow disk empties the file, a change waits as long as its caller
// does, and nothing else waits.
func TestChangesWhileTheFileIsEmptied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, in, _, let := emptied(t)
		began := time.Now()
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		want(t, s.Commit(short, opening(2)), context.DeadlineExceeded)
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("a call with 200 ms waited %v", took)
		}
		began = time.Now()
		if _, err := s.Load(t.Context(), id(1)); err != nil {
			t.Error(err)
		}
		if _, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, t0, time.Minute, 1); err != nil {
			t.Error(err)
		}
		if st := s.Status(); st.State == Passing || time.Since(began) > 0 {
			t.Errorf("after %v: %+v", time.Since(began), st)
		}
		patient := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			patient <- s.Commit(ctx, opening(3))
		}()
		time.Sleep(299 * time.Millisecond)
		in.set(slow) // longer than the caller has left: he has waited for the journal, not for the store
		close(let)
		must(t, <-patient)
		if st := s.Status(); st.State != Passing || st.Bytes != 0 {
			t.Errorf("status %+v", st)
		}
		for n, there := range map[int]bool{1: true, 2: false, 3: true} {
			if _, err := in.Load(t.Context(), id(n)); (err == nil) != there {
				t.Errorf("ticket %d: %v", n, err)
			}
		}
	})
}

// The file could not be emptied: the change that has waited is taken by it.
func TestChangesAfterAFailedEmptying(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, in, d, let := emptied(t)
		waited := make(chan error, 1)
		go func() { waited <- s.Commit(t.Context(), opening(2)) }()
		synctest.Wait()
		d.set(errDown)
		close(let)
		want(t, <-waited, errDown) // its own write fails, too
		d.set(nil)
		must(t, s.Commit(t.Context(), opening(3)))
		if st := s.Status(); st.State == Passing || st.Pending != 2 {
			t.Errorf("status %+v", st)
		}
		if _, list, lost := mustOpen(t, d.crash(func() bool { return false })); len(list) != 3 || lost != 0 {
			t.Errorf("%d records, %d lost", len(list), lost)
		}
		s.round(t.Context())
		for n := 1; n <= 3; n++ {
			if _, err := in.Load(t.Context(), id(n)); err != nil {
				t.Errorf("ticket %d: %v", n, err)
			}
		}
	})
}

// A disk that does not answer at all does not hold its callers for ever.
func TestChangesWhileTheEmptyingHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, _, let := emptied(t)
		began := time.Now()
		if err := s.Commit(t.Context(), opening(2)); err == nil || time.Since(began) != appendTime {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		close(let)
	})
}
