package dispatch

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
)

// LiveCall is one call in progress as screens show it.
type LiveCall struct {
	ID     string
	Ref    Ref
	Line   string
	Caller string // masked
	State  string
	Person string
	Since  time.Time
}

// Calls is what the telephone side offers to the desk.
type Calls interface {
	List(ctx context.Context) []LiveCall
	// CallBack rings the person first and then the client's number, and returns
	// the id of the new call. The rule of CallBackAllowed has been asked.
	CallBack(ctx context.Context, ref Ref, person string, number client.Number) (string, error)
}
