package edit

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// maxSpan bounds a correction: longer ones are a matter of the schedule.
const maxSpan = 2 * 366 * 24 * time.Hour

// idShape is that of all IDs people and programs give.
var idShape = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$`)

// identify gives an ID to what has none, one that is not taken, and refuses malformed ones.
func (d *draft) identify(id *string, field string, taken func(string) bool) *Refusal {
	const tries = 8
	for n := 0; *id == "" && d.newID != nil && n < tries; n++ {
		if made := d.newID(); !taken(made) {
			*id = made
		}
	}
	if !idShape.MatchString(*id) {
		return refuse("id", field+".id", quote(*id))
	}
	return nil
}

// quote marks what somebody wrote.
func quote(s string) string { return "“" + s + "”" }

// clocks are those by which a civil time may be read: those of schedules, each through all of its versions.
type clocks []*oncall.Schedule

// zones are the clocks of a zone, or those of all schedules.
func (d *draft) zones(given oncall.Zone) clocks {
	if !given.IsZero() || len(d.roster.Schedules) == 0 {
		return clocks{{Zone: given}}
	}
	var list clocks
	for i := range d.roster.Schedules {
		list = append(list, &d.roster.Schedules[i])
	}
	return list
}

// wall is the clock by which the corrections of a schedule are read.
func (d *draft) wall(schedule string) *oncall.Schedule {
	if s := find(d.roster.Schedules, schedule, scheduleID); s != nil {
		return s
	}
	return &oncall.Schedule{}
}

// first is the earliest instant of a point by some clocks, last the latest.
func first(p oncall.Point, on clocks) time.Time {
	best := on[0].Instant(p)
	for _, c := range on[1:] {
		if t := c.Instant(p); t.Before(best) {
			best = t
		}
	}
	return best
}

func last(p oncall.Point, on clocks) time.Time {
	best := on[0].Instant(p)
	for _, c := range on[1:] {
		if t := c.Instant(p); t.After(best) {
			best = t
		}
	}
	return best
}

// begun reports whether a point lies before now by any of the clocks.
func (d *draft) begun(from oncall.Point, on clocks) bool {
	return first(from, on).Before(d.now)
}

// over reports whether an end has passed by all of the clocks. Nothing is over that has no end.
func (d *draft) over(to oncall.Point, on clocks) bool {
	return !to.IsZero() && !last(to, on).After(d.now)
}

// span refuses spans without an end, without a length, or too long.
func (d *draft) span(from, to oncall.Point, on clocks, field string) *Refusal {
	if to.IsZero() {
		return refuse("no_span", field)
	}
	for _, z := range on {
		start, end := z.Instant(from), z.Instant(to)
		switch {
		case !start.Before(end):
			return refuse("empty_span", field, from.String(), to.String())
		case end.Sub(start) > maxSpan:
			return refuse("long_span", field, "732")
		}
	}
	return nil
}

// coming fills in a missing start with now and refuses one that has passed.
func (d *draft) coming(from *oncall.Point, on clocks, field string) *Refusal {
	if from.IsZero() {
		*from = oncall.InstantPoint(d.now)
	}
	if d.begun(*from, on) {
		return refuse("past", field, from.String(), d.clock(on))
	}
	return nil
}

// ending refuses an end that has passed.
func (d *draft) ending(to oncall.Point, on clocks, field string) *Refusal {
	if first(to, on).Before(d.now) {
		return refuse("past_end", field, to.String(), d.clock(on))
	}
	return nil
}

// clock is now as the wall shows it.
func (d *draft) clock(on clocks) string {
	return oncall.CivilAt(d.now, on[0].RulesAt(d.now).Zone).String()
}

// known refuses people who are not in the rota; able also those who can not be on duty.
func (d *draft) known(person, field string) *Refusal {
	if find(d.roster.People, person, personID) == nil {
		return refuse("unknown_person", field, quote(person))
	}
	d.see(Person, person)
	return nil
}

func (d *draft) able(person, field string) *Refusal {
	if refusal := d.known(person, field); refusal != nil {
		return refusal
	}
	switch p := find(d.roster.People, person, personID); {
	case p.Disabled:
		return refuse("disabled_person", field, person)
	case len(p.Devices) == 0:
		return refuse("no_device", field, person)
	default:
		return nil
	}
}

// track refuses tracks that a schedule has neither now nor in a version to come, and fills in a missing one: the first.
func (d *draft) track(schedule string, track *string, field string) *Refusal {
	s := find(d.roster.Schedules, schedule, scheduleID)
	if s == nil {
		return refuse("unknown_schedule", field+".schedule", quote(schedule))
	}
	d.see(Schedule, schedule)
	tracks := s.RulesAt(d.now).Tracks
	for _, v := range s.Versions {
		if v.From.After(d.now) {
			tracks = append(slices.Clip(tracks), v.Tracks...)
		}
	}
	if *track == "" && len(tracks) > 0 {
		*track = tracks[0].ID
	}
	var names []string
	for i := range tracks {
		if tracks[i].ID == *track {
			return nil
		}
		if !slices.Contains(names, tracks[i].ID) {
			names = append(names, tracks[i].ID)
		}
	}
	return refuse("unknown_track", field+".track", schedule, quote(*track), strings.Join(names, ", "))
}

func personID(p *oncall.Person) string       { return p.ID }
func scheduleID(s *oncall.Schedule) string   { return s.ID }
func absenceID(a *oncall.Absence) string     { return a.ID }
func temporaryID(t *oncall.Temporary) string { return t.ID }
func overrideID(o *oncall.Override) string   { return o.ID }
func requestID(q *oncall.Request) string     { return q.ID }
func calendarID(y *oncall.CalendarYear) string {
	return CalendarID(y.Calendar, y.Year)
}
