package oncall

import (
	"slices"
	"time"
)

// Tier is one rung of a chain.
type Tier struct {
	// Name is the ID of the track, Everyone or Static.
	Name string `json:"name"`
	// Duties are the people of the tier, in order.
	Duties []Duty `json:"duties,omitempty"`
	// Numbers are the static emergency numbers; only the tier named Static has them, and it has nothing else.
	Numbers []StaticNumber `json:"numbers,omitempty"`
	// RingTime is how long one person is rung unless the device says otherwise.
	RingTime time.Duration `json:"ring_time,omitempty"`
	// Parallel rings all of the tier at once.
	Parallel bool `json:"parallel,omitempty"`
}

// Chain returns the tiers a call in need walks at t: the schedule's tracks in order, everyone eligible, the static numbers.
// Nobody appears twice, empty tiers are left out, and people who can not be called (no device) are too. The chain of an
// unknown schedule still has everyone and the static numbers: a fault in the definition must not silence the line.
func (r Roster) Chain(schedule string, t time.Time) []Tier {
	s, _ := r.Schedule(schedule)
	var (
		tiers []Tier
		seen  = make(map[string]bool, len(r.People))
	)
	for _, f := range s.failover() {
		tier := Tier{Name: f.Track, RingTime: ringTime(f.RingTime), Parallel: f.Parallel}
		for _, d := range r.tierDuties(&s, f.Track, t) {
			if !seen[d.Person] {
				seen[d.Person] = true
				tier.Duties = append(tier.Duties, d)
			}
		}
		if len(tier.Duties) > 0 {
			tiers = append(tiers, tier)
		}
	}
	if len(r.Static) > 0 {
		tiers = append(tiers, Tier{Name: Static, Numbers: r.Static, RingTime: DefaultRingTime})
	}
	return tiers
}

// failover returns the declared tiers, or the default: each track in order, then everyone.
func (s *Schedule) failover() []Failover {
	if len(s.Failover) > 0 {
		return s.Failover
	}
	tiers := make([]Failover, 0, len(s.Tracks)+1)
	for i := range s.Tracks {
		tiers = append(tiers, Failover{Track: s.Tracks[i].ID})
	}
	return append(tiers, Failover{Track: Everyone})
}

// tierDuties returns the eligible people of one tier before repeats are removed.
func (r *Roster) tierDuties(s *Schedule, name string, t time.Time) []Duty {
	if name == Everyone {
		return r.everyone()
	}
	for i := range s.Tracks {
		if s.Tracks[i].ID == name {
			return slices.DeleteFunc(r.onTrack(s, &s.Tracks[i], t), func(d Duty) bool { return !r.person(d.Person).Eligible() })
		}
	}
	return nil
}

// everyone returns all eligible people in the order of the roster.
func (r *Roster) everyone() []Duty {
	list := make([]Duty, 0, len(r.People))
	for i := range r.People {
		if r.People[i].Eligible() {
			list = append(list, Duty{Person: r.People[i].ID, Track: Everyone, Provenance: Provenance{Source: FromEveryone}})
		}
	}
	return list
}

func ringTime(d time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return DefaultRingTime
}
