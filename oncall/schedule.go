package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Roster is the whole definition: everybody, every schedule, and the numbers of last resort.
type Roster struct {
	People    []Person       `yaml:"people,omitempty" json:"people,omitempty"`
	Schedules []Schedule     `yaml:"schedules,omitempty" json:"schedules,omitempty"`
	Static    []StaticNumber `yaml:"static,omitempty" json:"static,omitempty"`
	// Calendars are the years of production calendars that schedules name.
	Calendars []CalendarYear `yaml:"calendars,omitempty" json:"calendars,omitempty"`
	// Absences, Temporaries and Overrides correct what the layers say, in this order of strength.
	Absences    []Absence   `yaml:"absences,omitempty" json:"absences,omitempty"`
	Temporaries []Temporary `yaml:"temporaries,omitempty" json:"temporaries,omitempty"`
	Overrides   []Override  `yaml:"overrides,omitempty" json:"overrides,omitempty"`
	// Requests are asked covers and swaps. They put nobody on duty; an accepted one has become an Override.
	Requests []Request `yaml:"requests,omitempty" json:"requests,omitempty"`
}

// Person finds a person by ID.
func (r Roster) Person(id string) (Person, bool) {
	if p := r.person(id); p != nil {
		return *p, true
	}
	return Person{}, false
}

// person finds a person without copying; nil when there is none.
func (r *Roster) person(id string) *Person {
	for i := range r.People {
		if r.People[i].ID == id {
			return &r.People[i]
		}
	}
	return nil
}

// Schedule finds a schedule by ID.
func (r Roster) Schedule(id string) (Schedule, bool) {
	for i := range r.Schedules {
		if r.Schedules[i].ID == id {
			return r.Schedules[i], true
		}
	}
	return Schedule{}, false
}

// Schedule is the rota of one service. What it yields is always computed, never stored.
//
// The fields besides ID, Name and Versions are its first version; they hold until the first of Versions begins.
type Schedule struct {
	ID   string `yaml:"id" json:"id"`
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Zone gives every civil time of the schedule its meaning.
	Zone Zone `yaml:"zone,omitempty" json:"zone,omitzero"`
	// Calendar is the ID of the production calendar that classes the days; empty: weekdays alone class them.
	Calendar string `yaml:"calendar,omitempty" json:"calendar,omitempty"`
	// Tracks are the lines of duty, in the order of failover.
	Tracks []Track `yaml:"tracks,omitempty" json:"tracks,omitempty"`
	// Failover overrides the order and manner of the tiers; empty means each track in turn, then everyone.
	Failover []Failover `yaml:"failover,omitempty" json:"failover,omitempty"`
	// Versions replace the rules from their instants on, in this order. What lies before an edit is never changed by it.
	Versions []Version `yaml:"versions,omitempty" json:"versions,omitempty"`
}

// Version is a schedule's rules from an instant on.
type Version struct {
	From  time.Time `yaml:"from" json:"from"`
	Rules `yaml:",inline"`
}

// Rules are what a schedule says during one version.
type Rules struct {
	Zone     Zone       `yaml:"zone,omitempty" json:"zone,omitzero"`
	Calendar string     `yaml:"calendar,omitempty" json:"calendar,omitempty"`
	Tracks   []Track    `yaml:"tracks,omitempty" json:"tracks,omitempty"`
	Failover []Failover `yaml:"failover,omitempty" json:"failover,omitempty"`
}

// RulesAt returns the rules in force at t: those of the last version that has begun.
func (s *Schedule) RulesAt(t time.Time) Rules {
	rules, since := Rules{s.Zone, s.Calendar, s.Tracks, s.Failover}, time.Time{}
	for i := range s.Versions {
		if from := s.Versions[i].From; unix(from) <= unix(t) && !from.Before(since) {
			rules, since = s.Versions[i].Rules, from
		}
	}
	return rules
}

// RulesIn returns the rules that are in force at some time of [from, to), in order; those at from are always among them.
func (s *Schedule) RulesIn(from, to time.Time) []Rules {
	all := []Rules{s.RulesAt(from)}
	for i := range s.Versions {
		if v := &s.Versions[i]; v.From.After(from) && v.From.Before(to) {
			all = append(all, v.Rules)
		}
	}
	return all
}

// AllRules returns the rules of all versions, in order.
func (s *Schedule) AllRules() []Rules {
	all := []Rules{{s.Zone, s.Calendar, s.Tracks, s.Failover}}
	for i := range s.Versions {
		all = append(all, s.Versions[i].Rules)
	}
	return all
}

// TrackIDs returns the IDs of the tracks that rules have, each once, in the order of first mention.
func TrackIDs(rules ...Rules) []string {
	var ids []string
	for _, r := range rules {
		for i := range r.Tracks {
			if !slices.Contains(ids, r.Tracks[i].ID) {
				ids = append(ids, r.Tracks[i].ID)
			}
		}
	}
	return ids
}

// RulesNear returns the rules in force at t, or, of a schedule that has not begun, those it will begin with: for whoever asks
// by which clock and on which tracks it will be.
func (s *Schedule) RulesNear(t time.Time) Rules {
	rules := s.RulesAt(t)
	if len(rules.Tracks) > 0 || len(s.Tracks) > 0 {
		return rules
	}
	first := -1
	for i := range s.Versions {
		if unix(s.Versions[i].From) <= unix(t) {
			return rules // it has begun, and was closed
		}
		if first < 0 || s.Versions[i].From.Before(s.Versions[first].From) {
			first = i
		}
	}
	if first < 0 {
		return rules
	}
	return s.Versions[first].Rules
}

// Foremost returns the tracks with that in front that is called first: the first one that Failover names.
func (r *Rules) Foremost() []Track {
	for _, f := range r.Failover {
		for i := range r.Tracks {
			if r.Tracks[i].ID != f.Track {
				continue
			}
			return slices.Concat(r.Tracks[i:i+1], r.Tracks[:i], r.Tracks[i+1:])
		}
	}
	return r.Tracks
}

// Instant returns the instant that a point means to the schedule, whose clock on the wall is that of the zone in force: the
// first at which this clock shows the reading, or a later one where a change of zone has skipped it.
func (s *Schedule) Instant(p Point) time.Time {
	if !p.instant.IsZero() || p.civil.IsZero() {
		return p.instant
	}
	byFrom := func(a, b Version) int { return a.From.Compare(b.From) }
	next := s.Versions
	if !slices.IsSortedFunc(next, byFrom) {
		next = slices.Clone(next)
		slices.SortStableFunc(next, byFrom)
	}
	t := p.In(s.Zone)
	for i := range next {
		from := next[i].From.Truncate(time.Second)
		if t.Before(from) {
			break
		}
		if t = p.In(next[i].Zone); t.Before(from) {
			t = from
		}
	}
	return t
}

// Track is one line of duty.
type Track struct {
	ID     string  `yaml:"id" json:"id"`
	Name   string  `yaml:"name,omitempty" json:"name,omitempty"`
	Layers []Layer `yaml:"layers,omitempty" json:"layers,omitempty"`
}

// Everyone is the name of the tier that holds all eligible people not yet in an earlier tier.
const Everyone = "everyone"

// Static is the name of the last tier, the static emergency numbers.
const Static = "static"

// Failover is one tier of a schedule's chain.
type Failover struct {
	// Track is the ID of a track, or Everyone.
	Track string `yaml:"track,omitempty" json:"track,omitempty"`
	// RingTime is how long one person is rung; zero means DefaultRingTime.
	RingTime time.Duration `yaml:"ring_time,omitempty" json:"ring_time,omitempty"`
	// Parallel rings all of the tier at once; the first who accepts wins.
	Parallel bool `yaml:"parallel,omitempty" json:"parallel,omitempty"`
}

// Layer is a group of members who take turns on a track.
type Layer struct {
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
	// Priority: the higher number wins; equal priorities are on duty together.
	Priority int `yaml:"priority,omitempty" json:"priority,omitempty"`
	// Members take turns in this order.
	Members []Member `yaml:"members,omitempty" json:"members,omitempty"`
	// Handoff says when the turn changes; its zero value means never, for a layer of one member.
	Handoff Handoff `yaml:"handoff,omitempty" json:"handoff,omitzero"`
	// Windows limit the layer to parts of the week; none means always.
	Windows []Window `yaml:"windows,omitempty" json:"windows,omitempty"`
	// From and To bound the layer's life in civil time. Without From it starts at the hand-off's anchor: duty is never
	// extrapolated into the past. Without To it has no end.
	From Civil `yaml:"from,omitempty" json:"from,omitzero"`
	To   Civil `yaml:"to,omitempty" json:"to,omitzero"`
	// Exclusive makes a Gap of this layer mean nobody, instead of falling through to lower priorities.
	Exclusive bool `yaml:"exclusive,omitempty" json:"exclusive,omitempty"`
	// Substitute puts the next member who is there into the place of one who is absent, for that period only; later turns
	// stay where they are.
	Substitute bool `yaml:"substitute,omitempty" json:"substitute,omitempty"`
}

// gap is how a Gap member is written.
const gap = "gap"

// Member is one turn of a layer: the IDs of those on duty together. An empty Member is a Gap: nobody, on purpose.
// Written as "anna", "anna + boris" or "gap".
type Member []string

// IsGap reports whether the member is nobody.
func (m Member) IsGap() bool { return len(m) == 0 }

// String returns the member as it is written in a configuration file.
func (m Member) String() string {
	if m.IsGap() {
		return gap
	}
	return strings.Join(m, " + ")
}

// MarshalText writes the member as String does.
func (m Member) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads one person, several joined by "+", or "gap".
func (m *Member) UnmarshalText(text []byte) error {
	*m = nil
	if string(text) == gap {
		return nil
	}
	for id := range strings.SplitSeq(string(text), "+") {
		if id = strings.TrimSpace(id); id == "" {
			return fmt.Errorf("parse member %q: write a person, several joined by +, or gap", text)
		}
		*m = append(*m, id)
	}
	return nil
}

// Unit is the unit of a hand-off interval.
type Unit string

// The units of hand-offs.
const (
	Hour Unit = "hour"
	Day  Unit = "day"
	Week Unit = "week"
	// Month adds months to the anchor and clamps to the month's last day.
	Month Unit = "month"
)

// Advance says which periods count as turns.
type Advance string

// The ways to count turns.
const (
	// ByCalendar counts every period; the zero value.
	ByCalendar Advance = ""
	// ByWorked counts only periods in which a window of the layer is open at some time.
	ByWorked Advance = "worked"
)

// String returns the unit as it is written in a configuration file.
func (u Unit) String() string { return string(u) }

// Handoff is the arithmetic of turns: period i begins at the anchor plus i times Every units of civil time.
type Handoff struct {
	// Unit of the interval; empty means the turn never changes.
	Unit Unit `yaml:"unit,omitempty" json:"unit,omitempty"`
	// Every is the number of units between hand-offs; zero means one.
	Every int `yaml:"every,omitempty" json:"every,omitempty"`
	// Anchor is the civil time of hand-off 0.
	Anchor Civil `yaml:"anchor,omitempty" json:"anchor,omitzero"`
	// Start is the index of the member who has period 0.
	Start int `yaml:"start,omitempty" json:"start,omitempty"`
	// Advance says which periods take a turn.
	Advance Advance `yaml:"advance,omitempty" json:"advance,omitempty"`
}

// Window is a part of the week in which a layer is active.
type Window struct {
	// Days on which the window starts; none set means every day.
	Days Weekdays `yaml:"days,omitempty" json:"days,omitempty"`
	// From and To are times of day. Equal: a whole day from that time. From later than To: overnight, belonging to the day
	// on which it starts.
	From Clock `yaml:"from,omitempty" json:"from,omitempty"`
	To   Clock `yaml:"to,omitempty" json:"to,omitempty"`
	// Require limits the window to dates of these classes, Exclude takes dates of these away. For a date whose class is not
	// that of its weekday (a holiday on a Monday, a working Saturday) the class decides alone and Days is not asked.
	Require []DayClass `yaml:"require,omitempty" json:"require,omitempty"`
	Exclude []DayClass `yaml:"exclude,omitempty" json:"exclude,omitempty"`
	// Shorten makes the window end earlier on dates of class Short.
	Shorten time.Duration `yaml:"shorten,omitempty" json:"shorten,omitempty"`
}
