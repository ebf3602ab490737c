package journal

import (
	"context"

	"github.com/butlerspb/vahta/dispatch"
)

// Tasks implements dispatch.TaskList.
func (s *Store) Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error) {
	return inquire(s, func(in Inner) ([]dispatch.TaskRow, error) { return in.Tasks(ctx, f) })
}
