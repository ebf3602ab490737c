package journal

import "time"

// State says what the journal does.
type State string

// The states.
const (
	Passing   State = "ok"        // changes go to the SQL store
	Away      State = "away"      // changes go to the file
	Replaying State = "replaying" // the SQL store takes again what it has missed; changes go to the file
	Full      State = "full"      // away, and the file takes no more
)

// Status is the journal as /status shows it.
type Status struct {
	State    State     `json:"state"`
	Since    time.Time `json:"since,omitzero"`     // of being away
	Why      string    `json:"why,omitempty"`      // the SQL store's refusal
	Pending  int       `json:"pending"`            // changes that the SQL store has not got
	Of       int       `json:"of,omitempty"`       // replaying: how many there were
	Oldest   time.Time `json:"oldest,omitzero"`    // when the oldest of them was taken
	Bytes    int64     `json:"bytes"`              // of the file in use
	Size     int64     `json:"size"`               // of the file
	Lost     uint64    `json:"lost,omitempty"`     // records that could not be read: the file was damaged
	Rejected uint64    `json:"rejected,omitempty"` // changes since the start that could not be applied as they were
}

// Status returns the journal's state now.
func (s *Store) Status() Status { return Status{State: Passing} }
