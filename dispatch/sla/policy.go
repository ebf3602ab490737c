package sla

import "time"

// The clocks beside FirstContactClock (K1).
const (
	PlanClock      Name = "plan"          // K2: from T0 until a complete plan was told
	StabiliseClock Name = "stabilisation" // K3: from T0 until the main function works again
	UpdateClock    Name = "next_update"   // K4: in the hot phase, until the next public word
	RootCauseClock Name = "root_cause"    // K5: from stabilisation
	ReportClock    Name = "report"        // K6: from the root cause
)

// Limit is how long a clock may run: so much time round the clock or, with
// Days, so many business days of the policy's calendar. The zero Limit is no
// promise: the clock is measured and never breached.
type Limit struct {
	Time time.Duration `json:"time_ns,omitempty"`
	Days int           `json:"business_days,omitempty"`
}

// Policy are the rules of a ticket's clocks: those of the client's contract as
// they were at T0, pinned in the log.
type Policy struct {
	Version string         `json:"version"` // names the contract's wording
	Limits  map[Name]Limit `json:"limits"`  // a clock that is missing has its default (DefaultLimits)
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
