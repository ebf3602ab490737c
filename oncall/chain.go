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
// Nobody appears twice, empty tiers are left out, and people who can not be called (no device, absent) are too. The chain of
// an unknown schedule still has everyone and the static numbers: a fault in the definition must not silence the line.
func (e *Evaluator) Chain(schedule string, t time.Time) []Tier {
	var (
		s     = e.schedule(schedule)
		v     = s.at(unix(t))
		tiers []Tier
		tried = make([]bool, len(e.roster.People))
	)
	for _, f := range v.failover {
		tier := Tier{Name: f.Track, RingTime: ringTime(f.RingTime), Parallel: f.Parallel}
		if f.Track == Everyone {
			tier.Duties = e.everyone(v, unix(t), tried)
		} else if ln := v.lane(f.Track); ln != nil {
			tier.Duties = e.untried(e.onTrack(s, ln, unix(t)), tried)
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

// untried keeps those who can be called and are in no earlier tier, and marks them as tried.
func (e *Evaluator) untried(list []Duty, tried []bool) []Duty {
	return slices.DeleteFunc(list, func(d Duty) bool {
		p := e.people[d.Person]
		if tried[p] || !e.callable[p] {
			return true
		}
		tried[p] = true
		return false
	})
}

// everyone returns, in the order of the roster, all who can be called, are there and in no earlier tier, and marks them as tried.
func (e *Evaluator) everyone(v *version, t int64, tried []bool) []Duty {
	list := make([]Duty, 0, len(e.roster.People))
	for i := range e.roster.People {
		if p := int32(i); !tried[p] && e.callable[p] && !v.away(p, t) {
			tried[p] = true
			list = append(list, Duty{Person: e.roster.People[i].ID, Track: Everyone, Provenance: Provenance{Source: FromEveryone}})
		}
	}
	return list
}

// Reachable lists, in the order of the roster, who can be called and is not absent at t, by the clock of the schedule.
func (e *Evaluator) Reachable(schedule string, t time.Time) []string {
	duties := e.everyone(e.schedule(schedule).at(unix(t)), unix(t), make([]bool, len(e.roster.People)))
	list := make([]string, len(duties))
	for i := range duties {
		list[i] = duties[i].Person
	}
	return list
}

// away reports whether a person is absent or disabled at t.
func (v *version) away(person int32, t int64) bool {
	return slices.ContainsFunc(v.leaves[person], func(c correction) bool { return c.start <= t && t < c.end })
}

func ringTime(d time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return DefaultRingTime
}
