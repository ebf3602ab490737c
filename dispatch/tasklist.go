package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TaskRow is a task of some ticket as it stands.
type TaskRow struct {
	Ref

	Org      string          `json:"org,omitempty"` // id of the ticket's client
	Task     string          `json:"task"`
	Sort     string          `json:"sort"`
	Text     string          `json:"text"`
	Priority ticket.Priority `json:"priority,omitzero"`
	Owner    string          `json:"owner,omitempty"`
	SetAt    time.Time       `json:"set_at"`
	Due      time.Time       `json:"due,omitzero"`
	EndedAt  time.Time       `json:"ended_at,omitzero"` // zero = it is open
	Result   string          `json:"result,omitempty"`
}

// TaskFilter chooses tasks; zero fields do not limit. What is due first comes
// first, what is never due last.
type TaskFilter struct {
	All       bool // those that have ended, too
	Owner     string
	Org       string
	Ticket    string
	DueBefore time.Time
	Limit     int // 0 = 100
}

// TaskList answers which tasks remain, over all tickets. It follows from their
// logs.
type TaskList interface {
	Tasks(ctx context.Context, f TaskFilter) ([]TaskRow, error)
}

// Tasks returns the tasks of all tickets that fit.
func (d *Dispatcher) Tasks(ctx context.Context, f TaskFilter) ([]TaskRow, error) {
	list, ok := d.archive.(TaskList)
	if !ok {
		return nil, errors.New("list tasks: this dispatcher was set up without a list of tasks")
	}
	return list.Tasks(ctx, f)
}
