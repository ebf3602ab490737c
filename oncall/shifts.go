package oncall

import (
	"iter"
	"slices"
	"time"
)

// Shift is a span of one track during which the same people are on duty for the same reasons. A shift without duties is a
// gap. The duties carry no Until: it is the shift's End.
type Shift struct {
	Track  string    `json:"track"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Duties []Duty    `json:"duties,omitempty"`
}

// Gap reports whether nobody is on duty.
func (s Shift) Gap() bool { return len(s.Duties) == 0 }

// spans visits [from, to) piece by piece until visit returns false: in each piece the lane that choose picks of the version in
// force says the same. Neighbours may say the same too. The list is only lent.
func (s *schedule) spans(from, to int64, choose func(*version) *lane, visit func(start, end int64, list []entry) bool) {
	var said []saying
	var list []entry
	for at := from; at < to; {
		v := s.at(at)
		ln := choose(v)
		said = unsaid(said[:0], ln)
		for end := min(v.end, to); at < end; {
			var until int64
			list, until = ln.at(at, said, list[:0])
			until = min(max(until, at+1), end)
			if !visit(at, until, list) {
				return
			}
			at = until
		}
	}
}

// unsaid makes room for what each layer of a lane says.
func unsaid(said []saying, ln *lane) []saying {
	if ln != nil {
		for range ln.layers {
			said = append(said, saying{silent, always})
		}
	}
	return said
}

// shifts joins the spans of [from, to) into shifts. choose picks the lane and names the track.
func (e *Evaluator) shifts(id string, from, to time.Time, choose func(*version) (*lane, string)) iter.Seq[Shift] {
	return func(yield func(Shift) bool) {
		if !from.Before(to) {
			return
		}
		var (
			current = Shift{Start: from}
			last    []entry
			track   string
			begun   bool
			more    = true
		)
		pick := func(v *version) *lane {
			var ln *lane
			ln, track = choose(v)
			return ln
		}
		e.schedule(id).spans(unix(from), unix(to), pick, func(start, _ int64, list []entry) bool {
			if begun && track == current.Track && slices.Equal(list, last) {
				return true
			}
			if begun {
				current.End = instantOf(start)
				if more = yield(current); !more {
					return false
				}
				current.Start = current.End
			}
			begun, last = true, append(last[:0], list...)
			current.Track, current.Duties = track, e.appendDuties(nil, track, list)
			return true
		})
		if !begun { // less than a second
			return
		}
		if more {
			current.End = to
			yield(current)
		}
	}
}
