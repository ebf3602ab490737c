package oncall

import (
	"iter"
	"time"
)

// Evaluator answers who is on duty from one compiled Roster. It is the only one there is: router, screens, feeds and reports
// ask the same value. It never changes and may be asked by any number of goroutines.
type Evaluator struct {
	roster    Roster
	people    map[string]int32 // index in roster.People; of two with one ID, which is a fault, the first
	callable  []bool           // who has anything to ring
	rules     []Provenance
	schedules map[string]*schedule
	unknown   *schedule // stands for a schedule that there is not
	calendars map[string]*dayTable
}

// Roster returns what was compiled, to be read only.
func (e *Evaluator) Roster() *Roster { return &e.roster }

// schedule finds a schedule; an unknown one has no tracks.
func (e *Evaluator) schedule(id string) *schedule {
	if s := e.schedules[id]; s != nil {
		return s
	}
	return e.unknown
}

// Foresight is how far ahead the end of a duty is looked for, and how far back its beginning.
const Foresight = 2 * 366 * 24 * time.Hour

const foresightSeconds = int64(Foresight / time.Second)

// usualLayers and usualPeople are for how many a question has room on the stack.
const (
	usualLayers = 8
	usualPeople = 24
)

// Who returns everybody on duty at t, track after track, with Until. An unknown schedule has nobody.
func (e *Evaluator) Who(schedule string, t time.Time) []Duty {
	s := e.schedule(schedule)
	var all []Duty
	for i := range s.at(unix(t)).lanes {
		all = append(all, e.onTrack(s, &s.at(unix(t)).lanes[i], unix(t))...)
	}
	return all
}

// AppendWho appends everybody on duty at t to list, without Until; it allocates nothing when list has room.
func (e *Evaluator) AppendWho(list []Duty, schedule string, t time.Time) []Duty {
	v := e.schedule(schedule).at(unix(t))
	for i := range v.lanes {
		list = e.appendLane(list, &v.lanes[i], unix(t))
	}
	return list
}

// appendLane appends everybody on one lane at t.
func (e *Evaluator) appendLane(list []Duty, ln *lane, t int64) []Duty {
	var (
		layers [usualLayers]saying
		people [usualPeople]entry
	)
	entries, _ := ln.at(t, unsaid(layers[:0], ln), people[:0])
	return e.appendDuties(list, ln.track, entries)
}

func (e *Evaluator) appendDuties(list []Duty, track string, entries []entry) []Duty {
	for _, x := range entries {
		list = append(list, Duty{Person: e.roster.People[x.person].ID, Track: track, Provenance: e.rules[x.rule]})
	}
	return list
}

// Shifts yields the shifts and gaps of one track that tile [from, to) exactly, in order. Neighbours always differ. An unknown
// schedule or track is one gap.
func (e *Evaluator) Shifts(schedule, track string, from, to time.Time) iter.Seq[Shift] {
	return e.shifts(schedule, from, to, func(v *version) (*lane, string) { return v.lane(track), track })
}

// Gaps yields the spans of [from, to) during which nobody is on the track of the schedule that is called first.
func (e *Evaluator) Gaps(schedule string, from, to time.Time) iter.Seq[Shift] {
	shifts := e.shifts(schedule, from, to, func(v *version) (*lane, string) {
		if len(v.lanes) == 0 {
			return nil, ""
		}
		for _, f := range v.failover {
			if ln := v.lane(f.Track); ln != nil {
				return ln, ln.track
			}
		}
		return &v.lanes[0], v.lanes[0].track
	})
	return func(yield func(Shift) bool) {
		for s := range shifts {
			if s.Gap() && !yield(s) {
				return
			}
		}
	}
}
