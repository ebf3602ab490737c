package dispatch

import (
	"context"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Clocks returns how the clocks of a ticket stand now.
func (d *Dispatcher) Clocks(ctx context.Context, ref Ref) ([]sla.Clock, error) {
	return nil, nil
}
