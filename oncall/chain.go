package oncall

import (
	"iter"
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
// Nobody appears twice, empty tiers are left out, and people who can not be called (no device, absent) are too. The chain of
// an unknown schedule still has everyone and the static numbers: a fault in the definition must not silence the line.
func (e *Evaluator) Chain(schedule string, t time.Time) []Tier {
	var (
		s     = e.schedule(schedule)
		v     = s.at(unix(t))
		tiers []Tier
		seen  = make(map[string]bool, len(e.people))
	)
	for _, f := range v.failover {
		tier := Tier{Name: f.Track, RingTime: ringTime(f.RingTime), Parallel: f.Parallel}
		for _, d := range e.tierDuties(s, v, f.Track, unix(t)) {
			if !seen[d.Person] {
				seen[d.Person] = true
				tier.Duties = append(tier.Duties, d)
			}
		}
		if len(tier.Duties) > 0 {
			tiers = append(tiers, tier)
		}
	}
	if len(e.roster.Static) > 0 {
		tiers = append(tiers, Tier{Name: Static, Numbers: e.roster.Static, RingTime: DefaultRingTime})
	}
	return tiers
}

// failover returns the declared tiers, or the default: each track in order, then everyone.
func failover(r *Rules) []Failover {
	if len(r.Failover) > 0 {
		return r.Failover
	}
	tiers := make([]Failover, 0, len(r.Tracks)+1)
	for i := range r.Tracks {
		tiers = append(tiers, Failover{Track: r.Tracks[i].ID})
	}
	return append(tiers, Failover{Track: Everyone})
}

// tierDuties returns the people of one tier who have a device, before repeats are removed.
func (e *Evaluator) tierDuties(s *schedule, v *version, name string, t int64) []Duty {
	if name == Everyone {
		return e.everyone(v, t)
	}
	ln := v.lane(name)
	if ln == nil {
		return nil
	}
	return slices.DeleteFunc(e.onTrack(s, ln, t), func(d Duty) bool { return !e.callable(e.people[d.Person]) })
}

// callable reports whether a person has anything to ring.
func (e *Evaluator) callable(person int32) bool { return len(e.roster.People[person].Devices) > 0 }

// everyone returns all who can be called and are there, in the order of the roster.
func (e *Evaluator) everyone(v *version, t int64) []Duty {
	list := make([]Duty, 0, len(e.roster.People))
	for i := range e.roster.People {
		id := e.roster.People[i].ID
		isAway := slices.ContainsFunc(v.leaves[i], func(c correction) bool { return c.start <= t && t < c.end })
		if e.people[id] == int32(i) && e.callable(int32(i)) && !isAway {
			list = append(list, Duty{Person: id, Track: Everyone, Provenance: Provenance{Source: FromEveryone}})
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

// Chain asks a freshly compiled evaluator. It stands in until all callers hold one.
func (r Roster) Chain(schedule string, t time.Time) []Tier { return Compile(r).Chain(schedule, t) }

// Who asks a freshly compiled evaluator. It stands in until all callers hold one.
func (r Roster) Who(schedule string, t time.Time) []Duty { return Compile(r).Who(schedule, t) }

// Shifts asks a freshly compiled evaluator. It stands in until all callers hold one.
func (r Roster) Shifts(schedule, track string, from, to time.Time) iter.Seq[Shift] {
	return Compile(r).Shifts(schedule, track, from, to)
}
