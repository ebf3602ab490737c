package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Limit is how long a clock may run: so much time round the clock or, with
// Days, so many business days of the policy's calendar. The zero Limit is no
// promise: the clock is measured and never breached.
type Limit struct {
	Time     time.Duration `json:"time_ns,omitempty"`
	Days     int           `json:"business_days,omitempty"`
	Business bool          `json:"business,omitempty"` // Time counts in the hours of the policy's calendar only
}

// Zero reports whether nothing is promised.
func (l Limit) Zero() bool { return l.Time <= 0 && l.Days <= 0 }

// Policy are the rules of a ticket's clocks: those of the client's contract as
// they were at T0, pinned in the log.
type Policy struct {
	Version string         `json:"version"` // names the contract's wording
	Limits  map[Name]Limit `json:"limits"`  // of Critical tickets; a clock that is missing has its default
	// Lower are the limits of the other priorities; what is missing has its default.
	Lower map[Grade]map[Name]Limit `json:"lower,omitempty"`
	// CountFromOccurrence lets a monitoring incident begin when the machine says that the trouble began.
	CountFromOccurrence bool `json:"count_from_occurrence,omitempty"`
	// LetSleep makes the acknowledgement of a monitoring-only incident count as first contact (met_by_policy).
	LetSleep bool `json:"let_sleep,omitempty"`
	// Attempts is how many failed tries over at least two channels count as first contact (met_by_attempts); 0 = none.
	Attempts int `json:"attempts,omitempty"`
	// Calendar counts business days; nil = every day counts from midnight in UTC.
	Calendar *Calendar `json:"calendar,omitempty"`
}

// Calendar are the hours in which a business clock runs: windows of the week
// in a zone, and days that differ. It is a plain value: whoever pins a policy
// puts the days of the production calendar into it.
type Calendar struct {
	Zone string `json:"zone"` // IANA
	// Week holds the windows of each weekday, Sunday first, as minutes from midnight; an end after 1440 reaches into the next day.
	Week [7][]Window `json:"week"`
	// Days are dates (2006-01-02) with windows of their own; none = closed.
	Days map[string][]Window `json:"days,omitempty"`
}

// Window is [From, To) in minutes of the wall clock.
type Window struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// defaultLimit is the promise where the contract says nothing: those of the
// public protocol to Critical tickets, and longer ones to the others.
func defaultLimit(n Name, g Grade) Limit {
	const hour = time.Hour
	by := func(critical, high, normal, low Limit) Limit {
		return [...]Limit{critical, high, normal, low}[g.rank()]
	}
	switch n {
	case FirstContactClock:
		return by(Limit{Time: DefaultFirstContact}, Limit{Time: hour}, Limit{Time: 8 * hour}, Limit{Time: 24 * hour})
	case PlanClock:
		return by(Limit{Time: hour}, Limit{Time: 4 * hour}, Limit{Time: 24 * hour}, Limit{})
	case UpdateClock:
		return by(Limit{Time: hour / 2}, Limit{Time: 2 * hour}, Limit{}, Limit{})
	case RootCauseClock:
		return by(Limit{Days: 5}, Limit{Days: 10}, Limit{}, Limit{})
	case ReportClock:
		return by(Limit{Days: 3}, Limit{Days: 5}, Limit{}, Limit{})
	case StabiliseClock: // the ETA of the plan is the promise
	}
	return Limit{}
}

// Default returns the policy of a client without a contract.
func Default() Policy { return Policy{Version: "default"} }

// Limit returns how long a clock may run on tickets of a priority.
func (p Policy) Limit(n Name, g Grade) Limit {
	limits := p.Limits
	if g.rank() > 0 {
		limits = p.Lower[g]
	}
	if l, ok := limits[n]; ok {
		return l
	}
	return defaultLimit(n, g)
}

// Validate reports every fault of a policy.
func (p Policy) Validate() error {
	var faults []error
	if p.Version == "" {
		faults = append(faults, errors.New("policy: it has no version, which names the contract's wording"))
	}
	check := func(of string, limits map[Name]Limit) {
		for _, n := range slices.Sorted(maps.Keys(limits)) {
			l := limits[n]
			switch {
			case !slices.Contains(Names(), n):
				faults = append(faults, fmt.Errorf("policy: %slimits: unknown clock %q; there are %v", of, n, Names()))
			case l.Time < 0 || l.Days < 0 || l.Time > 0 && l.Days > 0:
				faults = append(faults, fmt.Errorf("policy: %slimits: %s: give a time or business days, and neither is negative", of, n))
			case l.Business && p.Calendar == nil:
				faults = append(faults, fmt.Errorf("policy: %slimits: %s counts in business hours and there is no calendar", of, n))
			}
		}
	}
	check("", p.Limits)
	for _, g := range slices.Sorted(maps.Keys(p.Lower)) {
		if g.rank() == 0 {
			faults = append(faults, fmt.Errorf("policy: %q is no lower priority; there are high, normal and low", g))
		}
		check(string(g)+" ", p.Lower[g])
	}
	if p.Attempts < 0 {
		faults = append(faults, errors.New("policy: attempts are not negative"))
	}
	if p.Calendar != nil {
		faults = append(faults, p.Calendar.Validate())
	}
	return errors.Join(faults...)
}
