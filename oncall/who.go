package oncall

import "time"

// Duty is one person on duty.
type Duty struct {
	// Person is the ID of a person of the roster.
	Person string `json:"person"`
	// Track is the line of duty, or Everyone for those who are called without being on duty.
	Track string `json:"track"`
	// Provenance says why this person.
	Provenance Provenance `json:"provenance,omitzero"`
	// Until is the end of the duty on this track, zero when there is none within Foresight.
	Until time.Time `json:"until,omitzero"`
}

// Source is the kind of rule that put somebody on duty.
type Source string

// The sources of duty.
const (
	// FromLayer: a layer's turn.
	FromLayer Source = "layer"
	// FromTemporary: a temporary schedule.
	FromTemporary Source = "temporary"
	// FromSubstitute: instead of somebody absent; the ID is that of the absence.
	FromSubstitute Source = "substitute"
	// FromOverride: a correction, whether planned, a cover or a swap.
	FromOverride Source = "override"
	// FromTakeover: somebody has taken the line.
	FromTakeover Source = "takeover"
	// FromEveryone: nobody's turn, but eligible when all tracks have failed.
	FromEveryone Source = "everyone"
)

// String returns the source's key.
func (s Source) String() string { return string(s) }

// Provenance names the rule behind a duty, the last one that decided: its kind, its ID, and who wrote a correction.
type Provenance struct {
	Source Source `json:"source"`
	ID     string `json:"id,omitempty"`
	By     string `json:"by,omitempty"`
}

// String returns for example "layer nights".
func (p Provenance) String() string {
	if p.ID == "" {
		return string(p.Source)
	}
	return string(p.Source) + " " + p.ID
}

// onTrack returns everybody on a lane of the schedule at t, with Until filled in.
func (e *Evaluator) onTrack(s *schedule, ln *lane, t int64) []Duty {
	entries, _ := ln.at(t, unsaid(nil, ln), nil)
	duties := e.appendDuties(nil, ln.track, entries)
	open := len(duties)
	if open == 0 {
		return nil
	}
	s.spans(t, t+foresightSeconds, func(v *version) *lane { return v.lane(ln.track) }, func(start, _ int64, list []entry) bool {
		for i := range duties {
			if duties[i].Until.IsZero() && !holds(list, entries[i].person) {
				duties[i].Until = instantOf(start)
				open--
			}
		}
		return open > 0
	})
	return duties
}
