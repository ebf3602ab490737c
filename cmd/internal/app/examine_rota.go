package app

import (
	"context"
	"fmt"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/store"
)

// examineRota checks the log of the rota's edits, unless a server, perhaps an older one, has the record open.
func examineRota(ctx context.Context, c config.Config, running bool) []Finding {
	if running || !store.There(c.Database()) {
		return nil
	}
	f := Finding{What: "rota"}
	v, err := desk.VerifyRota(ctx, c.Database())
	switch {
	case err != nil:
		f.Text = fmt.Sprintf("%v; was the database altered by hand? Restore the last backup, or find the record by `vahta oncall history` and set it right by an edit", err)
	case v.Revision == 0:
		f.OK, f.Text = true, "the record has no people and schedules yet: the next `vahta serve` takes those of the configuration file"
	default:
		f.OK, f.Text = true, fmt.Sprintf("revision %d, the log of its edits is whole", v.Revision)
	}
	return []Finding{f}
}
