package oncall

import "time"

// RestRules are the limits that turns are held against. They warn and forbid nothing. A limit of zero is not checked; the
// numbers are settings, because what binds a company (law, contract, collective agreement) differs with the kind of duty.
type RestRules struct {
	// MinRest is the least time between two turns of a person.
	MinRest time.Duration `yaml:"min_rest" json:"min_rest,omitempty"`
	// MaxRun is the longest time on duty without a break.
	MaxRun time.Duration `yaml:"max_run" json:"max_run,omitempty"`
	// MaxNights is the greatest number of nights in a row.
	MaxNights int `yaml:"max_nights" json:"max_nights,omitempty"`
	// Standby counts duty on all tracks; otherwise only that on the track which is called first.
	Standby bool `yaml:"standby" json:"standby,omitempty"`
}

// DefaultRestRules are limits to begin with:
//   - rest of 11 hours: Directive 2003/88/EC article 3 (daily rest);
//   - at most 24 hours in a row: Labour Code of the Russian Federation article 103 forbids two shifts in a row, and a shift of
//     a day and a night is the longest in use;
//   - at most 3 nights in a row: HSE, HSG256 "Managing shift work" (2006), limit of 2 to 3 for night shifts.
func DefaultRestRules() RestRules {
	return RestRules{MinRest: 11 * time.Hour, MaxRun: 24 * time.Hour, MaxNights: 3}
}

// RestRule names a limit.
type RestRule string

// The limits.
const (
	ShortRest  RestRule = "short_rest"
	LongRun    RestRule = "long_run"
	ManyNights RestRule = "many_nights"
)

// String returns the rule's key.
func (r RestRule) String() string { return string(r) }

// RestWarning says that a limit is not kept.
type RestWarning struct {
	Rule   RestRule `json:"rule"`
	Person string   `json:"person"`
	// Start and End bound what is wrong: the rest, the run, the nights.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Is and Limit are in hours, or a number of nights.
	Is    float64 `json:"is"`
	Limit float64 `json:"limit"`
}

// Rest reports every limit that is not kept within [from, to), over all schedules together, by start and person.
func Rest(e *Evaluator, from, to time.Time, rules RestRules) []RestWarning {
	return nil
}
