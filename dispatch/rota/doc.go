// Package rota is where people and schedules are looked at and edited: load, decide (oncall/edit), commit, tell all nodes.
// Command line, API and, later, screens share it.
//
// A look comes from memory and answers while the record is away; an edit needs the record, and is refused with ErrAway while it
// can not be reached: an edit that only one node knows of would be a second truth.
//
// It knows nothing of how a rota is evaluated (oncall), of transport and of screens. All methods may be called by any
// goroutine.
package rota

import (
	"errors"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// ErrAway says that the record can not be reached, so nothing can be edited now.
var ErrAway = errors.New("the record can not be reached now: who is on duty goes on as it was; edit again when it is back")

// View is what is in force on this node.
type View struct {
	Version dispatch.RotaVersion `json:"version"`
	Roster  oncall.Roster        `json:"roster"`
	// Revisions are those of the records by their keys' String, for edits that check them.
	Revisions map[string]int64 `json:"revisions"`
	// Confirmed tells whether the record agreed within the last 15 minutes.
	Confirmed bool `json:"confirmed"`
	// Duty evaluates the Roster; nil where the view came from another process.
	Duty *oncall.Evaluator `json:"-"`
}
