package store

import (
	"context"
	"slices"
	"sync"
	"time"
)

// lost are the claims whose caller did not wait for the answer: they may have
// been made all the same, and nobody works on what they hold. They are known by
// the end of their leases, and let go by the next claim of the same process, so
// that a page waits no longer than that for its sender.
type lost struct {
	mu   sync.Mutex
	ends map[string][]int64 // guarded by mu; by what was claimed: ends of leases in µs
}

// note remembers a claim whose answer nobody has.
func (l *lost) note(what string, until int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends == nil {
		l.ends = map[string][]int64{}
	}
	l.ends[what] = append(l.ends[what], until)
}

// of returns the claims that may still hold something.
func (l *lost) of(what string) []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ends[what])
}

// forget lets go of claims that hold nothing any more: those of ends, and all
// whose leases are over at now.
func (l *lost) forget(what string, ends []int64, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := slices.DeleteFunc(l.ends[what], func(until int64) bool { return until <= now || slices.Contains(ends, until) })
	if len(left) == 0 {
		delete(l.ends, what)
		return
	}
	l.ends[what] = left
}

// claim runs a claim of something until then, after it has let go with free of
// what earlier ones hold whose answers were lost.
func (s *SQL) claim(ctx context.Context, what string, now, until time.Time, free string, args []any, do func(context.Context, *writer) error) error {
	before := s.lost.of(what)
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		for _, end := range before {
			if _, err := w.exec(ctx, free, append(slices.Clone(args), end)...); err != nil {
				return err
			}
		}
		return do(ctx, w)
	})
	if err != nil {
		s.lost.forget(what, nil, micros(now))
		s.lost.note(what, micros(until))
		return err
	}
	s.lost.forget(what, before, micros(now))
	return nil
}
