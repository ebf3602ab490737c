package desk

import (
	"context"
	"errors"

	"github.com/butlerspb/vahta/dispatch"
)

// VerifyRota checks the log of the rota's edits on the record itself, and that its edits make the rota as it is. It brings the
// schema up to date, so no server may run on the record.
func VerifyRota(ctx context.Context, database string) (v dispatch.RotaVersion, err error) {
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if v, err = db.RotaVersion(ctx); err != nil {
		return v, err
	}
	return v, db.VerifyRota(ctx)
}
