package oncall

import (
	"fmt"
	"strings"
	"time"
)

// Roster is the whole definition: everybody, every schedule, and the numbers of last resort.
type Roster struct {
	People    []Person       `yaml:"people"`
	Schedules []Schedule     `yaml:"schedules"`
	Static    []StaticNumber `yaml:"static"`
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
type Schedule struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Zone gives every civil time of the schedule its meaning.
	Zone Zone `yaml:"zone"`
	// Tracks are the lines of duty, in the order of failover.
	Tracks []Track `yaml:"tracks"`
	// Failover overrides the order and manner of the tiers; empty means each track in turn, then everyone.
	Failover []Failover `yaml:"failover"`
}

// Track is one line of duty.
type Track struct {
	ID     string  `yaml:"id"`
	Name   string  `yaml:"name"`
	Layers []Layer `yaml:"layers"`
}

// Everyone is the name of the tier that holds all eligible people not yet in an earlier tier.
const Everyone = "everyone"

// Static is the name of the last tier, the static emergency numbers.
const Static = "static"

// Failover is one tier of a schedule's chain.
type Failover struct {
	// Track is the ID of a track, or Everyone.
	Track string `yaml:"track"`
	// RingTime is how long one person is rung; zero means DefaultRingTime.
	RingTime time.Duration `yaml:"ring_time"`
	// Parallel rings all of the tier at once; the first who accepts wins.
	Parallel bool `yaml:"parallel"`
}

// Layer is a group of members who take turns on a track.
type Layer struct {
	ID string `yaml:"id"`
	// Priority: the higher number wins; equal priorities are on duty together.
	Priority int `yaml:"priority"`
	// Members take turns in this order.
	Members []Member `yaml:"members"`
	// Handoff says when the turn changes; its zero value means never, for a layer of one member.
	Handoff Handoff `yaml:"handoff"`
	// Windows limit the layer to parts of the week; none means always.
	Windows []Window `yaml:"windows"`
	// From and To bound the layer's life in civil time. Without From it starts at the hand-off's anchor: duty is never
	// extrapolated into the past. Without To it has no end.
	From Civil `yaml:"from"`
	To   Civil `yaml:"to"`
	// Exclusive makes a Gap of this layer mean nobody, instead of falling through to lower priorities.
	Exclusive bool `yaml:"exclusive"`
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
)

// String returns the unit as it is written in a configuration file.
func (u Unit) String() string { return string(u) }

// Handoff is the arithmetic of turns: period i begins at the anchor plus i times Every units of civil time.
type Handoff struct {
	// Unit of the interval; empty means the turn never changes.
	Unit Unit `yaml:"unit"`
	// Every is the number of units between hand-offs; zero means one.
	Every int `yaml:"every"`
	// Anchor is the civil time of hand-off 0.
	Anchor Civil `yaml:"anchor"`
	// Start is the index of the member who has period 0.
	Start int `yaml:"start"`
}

// Window is a part of the week in which a layer is active.
type Window struct {
	// Days on which the window starts; none set means every day.
	Days Weekdays `yaml:"days"`
	// From and To are times of day. Equal: a whole day from that time. From later than To: overnight, belonging to the day
	// on which it starts.
	From Clock `yaml:"from"`
	To   Clock `yaml:"to"`
}
