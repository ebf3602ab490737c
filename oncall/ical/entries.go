package ical

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// reach is how far beyond the horizon the ends of a shift are looked for. A shift that lasts longer is cut there.
const reach = 400 * 24 * time.Hour

// Entry is one event: a span during which the same people are on one track, or one person's turn on it.
type Entry struct {
	Schedule, Track string
	People          []string // in the order of duty; none: nobody is
	Start, End      time.Time
	// Cut tells that the shift began before Start, Endless that it has no end in sight: End is only where the look ended.
	Cut, Endless bool
	// Beside are others on duty meanwhile, track by track, in a person's entry.
	Beside []Beside
}

// Beside are the people of a track who are on duty at some time of an entry.
type Beside struct {
	Track  string
	People []string
}

// Entries returns the shifts of a schedule that touch [from, to), track after track, with gaps when they are asked for.
// Neighbours have different people.
func Entries(e *oncall.Evaluator, schedule string, from, to time.Time, gaps bool) []Entry {
	var list []Entry
	for _, track := range tracksOf(e, schedule) {
		list = append(list, trackEntries(e, schedule, track, from, to, gaps)...)
	}
	return list
}

func trackEntries(e *oncall.Evaluator, schedule, track string, from, to time.Time, gaps bool) []Entry {
	var list []Entry
	for entry := range joined(e, schedule, track, from, to) {
		if len(entry.People) > 0 || gaps {
			list = append(list, entry)
		}
	}
	return list
}

// joined yields the shifts of a track that touch [from, to), joined where the people are the same.
func joined(e *oncall.Evaluator, schedule, track string, from, to time.Time) func(func(Entry) bool) {
	begin, end := from.Add(-reach), to.Add(reach)
	return func(yield func(Entry) bool) {
		var now Entry
		for s := range e.Shifts(schedule, track, begin, end) {
			people := peopleOf(s)
			if !now.Start.IsZero() && slices.Equal(now.People, people) {
				now.End = s.End
				continue
			}
			if touches(now, from, to) && !yield(now) {
				return
			}
			if !s.Start.Before(to) {
				return
			}
			now = Entry{Schedule: schedule, Track: track, People: people, Start: s.Start, End: s.End, Cut: s.Start.Equal(begin)}
		}
		now.Endless = now.End.Equal(end)
		if touches(now, from, to) {
			yield(now)
		}
	}
}

func touches(e Entry, from, to time.Time) bool {
	return !e.Start.IsZero() && e.Start.Before(to) && e.End.After(from)
}

func peopleOf(s oncall.Shift) []string {
	people := make([]string, 0, len(s.Duties))
	for _, d := range s.Duties {
		people = append(people, d.Person)
	}
	return people
}

// Turns returns the turns of a person that touch [from, to), on all schedules and tracks, by start.
func Turns(e *oncall.Evaluator, person string, from, to time.Time) []Entry {
	var list []Entry
	for _, s := range e.Roster().Schedules {
		for _, track := range tracksOf(e, s.ID) {
			var now *Entry
			for shift := range joined(e, s.ID, track, from, to) {
				switch {
				case !slices.Contains(shift.People, person):
					now = nil
					continue
				case now == nil:
					list = append(list, Entry{Schedule: s.ID, Track: track, People: []string{person}, Start: shift.Start, Cut: shift.Cut})
					now = &list[len(list)-1]
				}
				now.End, now.Endless = shift.End, shift.Endless
				now.meet(track, shift.People)
			}
		}
	}
	for i := range list {
		list[i].lookAround(e)
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return a.Start.Compare(b.Start) })
	return list
}

// meet notes who else is on a track.
func (e *Entry) meet(track string, people []string) {
	i := slices.IndexFunc(e.Beside, func(b Beside) bool { return b.Track == track })
	for _, p := range people {
		if p == e.People[0] {
			continue
		}
		if i < 0 {
			e.Beside, i = append(e.Beside, Beside{Track: track}), len(e.Beside)
		}
		if !slices.Contains(e.Beside[i].People, p) {
			e.Beside[i].People = append(e.Beside[i].People, p)
		}
	}
}

// lookAround notes who is on the other tracks during an entry.
func (e *Entry) lookAround(ev *oncall.Evaluator) {
	for _, track := range tracksOf(ev, e.Schedule) {
		if track == e.Track {
			continue
		}
		for s := range ev.Shifts(e.Schedule, track, e.Start, e.End) {
			e.meet(track, peopleOf(s))
		}
	}
}

// tracksOf returns the IDs of all tracks that a schedule has in any version, in order.
func tracksOf(e *oncall.Evaluator, schedule string) []string {
	s, _ := e.Roster().Schedule(schedule)
	return oncall.TrackIDs(s.AllRules()...)
}
