package journal

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Admit implements dispatch.Sends. Without the SQL store whoever asks counts by
// his own memory.
func (s *Store) Admit(ctx context.Context, one dispatch.Send, since time.Time, allow func([]dispatch.Send) bool) error {
	return tell(s, func(in Inner) error { return in.Admit(ctx, one, since, allow) })
}

// TakeBack implements dispatch.Sends.
func (s *Store) TakeBack(ctx context.Context, one dispatch.Send) error {
	return tell(s, func(in Inner) error { return in.TakeBack(ctx, one) })
}

// Dead implements dispatch.DeadLetters.
func (s *Store) Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error) {
	return inquire(s, func(in Inner) ([]dispatch.DeadLetter, error) { return in.Dead(ctx, f) })
}

// Revive implements dispatch.DeadLetters.
func (s *Store) Revive(ctx context.Context, f dispatch.DeadFilter, now time.Time) (int, error) {
	return inquire(s, func(in Inner) (int, error) { return in.Revive(ctx, f, now) })
}
