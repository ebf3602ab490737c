package oncall

import (
	"iter"
	"time"
)

// Evaluator answers who is on duty from one compiled Roster. It is the only one there is: router, screens, feeds and reports
// ask the same value. It never changes and may be asked by any number of goroutines.
type Evaluator struct {
	roster Roster
}

// Compile prepares a roster for evaluation. The roster must not be changed afterwards. It fails on nothing: what is faulty
// (see Validate) contributes nobody.
func Compile(r Roster) *Evaluator { return &Evaluator{roster: r} }

// Roster returns what was compiled, to be read only.
func (e *Evaluator) Roster() *Roster { return &e.roster }

// Who returns everybody on duty at t, track after track, with Until. An unknown schedule has nobody.
func (e *Evaluator) Who(schedule string, t time.Time) []Duty { return e.roster.Who(schedule, t) }

// AppendWho appends everybody on duty at t to list, without Until; it allocates nothing when list has room.
func (e *Evaluator) AppendWho(list []Duty, schedule string, t time.Time) []Duty {
	return append(list, e.roster.Who(schedule, t)...)
}

// Chain returns the tiers a call in need walks at t: the schedule's tracks in order, everyone eligible, the static numbers.
// Nobody appears twice, empty tiers are left out, and people who can not be called (no device, absent) are too. The chain of
// an unknown schedule still has everyone and the static numbers: a fault in the definition must not silence the line.
func (e *Evaluator) Chain(schedule string, t time.Time) []Tier { return e.roster.Chain(schedule, t) }

// Shifts yields the shifts and gaps of one track that tile [from, to) exactly, in order. Neighbours always differ. An unknown
// schedule or track is one gap.
func (e *Evaluator) Shifts(schedule, track string, from, to time.Time) iter.Seq[Shift] {
	return e.roster.Shifts(schedule, track, from, to)
}

// Gaps yields the spans of [from, to) during which nobody is on the schedule's first track.
func (e *Evaluator) Gaps(schedule string, from, to time.Time) iter.Seq[Shift] {
	return func(yield func(Shift) bool) {
		s, _ := e.roster.Schedule(schedule)
		track := ""
		if len(s.Tracks) > 0 {
			track = s.Tracks[0].ID
		}
		for shift := range e.Shifts(schedule, track, from, to) {
			if shift.Gap() && !yield(shift) {
				return
			}
		}
	}
}

// Turn is a shift of one person: the longest span without a break during which the person is on the track.
type Turn struct {
	Schedule string    `json:"schedule"`
	Track    string    `json:"track"`
	Person   string    `json:"person"`
	Start    time.Time `json:"start,omitzero"` // zero when it lies more than Foresight back
	End      time.Time `json:"end,omitzero"`   // zero when no end is in sight
}
