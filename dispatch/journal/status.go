package journal

import "time"

// State says what the journal does.
type State string

// The states.
const (
	Passing   State = "ok"        // changes go to the SQL store
	Away      State = "away"      // changes go to the file
	Replaying State = "replaying" // the SQL store gets what it has missed; changes go to the file
	Full      State = "full"      // away, and the file takes no more
)

// Status is the journal as /status shows it.
type Status struct {
	State    State     `json:"state"`
	Since    time.Time `json:"since,omitzero"` // of being away
	Why      string    `json:"why,omitempty"`  // the SQL store's refusal
	Pending  int       `json:"pending"`        // changes that the SQL store has not got
	Of       int       `json:"of,omitempty"`   // replaying: how many there were
	Oldest   time.Time `json:"oldest,omitzero"`
	Bytes    int64     `json:"bytes"`              // of the file in use
	Size     int64     `json:"size"`               // of the file
	Lost     uint64    `json:"lost,omitempty"`     // records that could not be read at the start: the file was damaged
	Rejected uint64    `json:"rejected,omitempty"` // changes since the start that could not be applied
}

// Status returns the journal's state now.
func (s *Store) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{State: Passing, Since: s.since, Lost: s.lost, Rejected: s.rejected.Load()}
	st.Bytes, st.Size = s.file.used()
	if s.passage != nil {
		return st
	}
	st.State, st.Why = Away, s.why.Error()
	for _, e := range s.pending {
		if e.done {
			continue
		}
		if st.Pending++; st.Oldest.IsZero() {
			st.Oldest = e.at
		}
	}
	switch {
	case s.full:
		st.State = Full
	case s.answers:
		st.State, st.Of = Replaying, s.of
	}
	return st
}
