package oncall

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

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

type plainRestRules RestRules

// MarshalJSON writes durations as they are written everywhere, "11h0m0s".
func (r RestRules) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainRestRules
		MinRest length `json:"min_rest,omitempty"`
		MaxRun  length `json:"max_run,omitempty"`
	}{plainRestRules(r), length(r.MinRest), length(r.MaxRun)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *RestRules) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &struct {
		*plainRestRules
		MinRest *length `json:"min_rest"`
		MaxRun  *length `json:"max_run"`
	}{(*plainRestRules)(r), (*length)(&r.MinRest), (*length)(&r.MaxRun)})
}

// Validate reports limits that make no sense, joined, each as "field: what is wrong; what to do".
func (r RestRules) Validate() error {
	var f faults
	if r.MinRest < 0 {
		f.add("min_rest", "%s is negative; write 11h, or 0 for no limit", r.MinRest)
	}
	if r.MaxRun < 0 {
		f.add("max_run", "%s is negative; write 24h, or 0 for no limit", r.MaxRun)
	}
	if r.MaxNights < 0 {
		f.add("max_nights", "%d is negative; write 3, or 0 for no limit", r.MaxNights)
	}
	return errors.Join(f.errs...)
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

// restMargin is how far around the asked span duty is looked at: what is wrong there may have begun earlier.
const restMargin = 15 * 24 * time.Hour

// nightShare is from which duty in a night it counts as one: three hours, as in Directive 2003/88/EC article 2.
const nightShare = 3 * time.Hour

// Rest reports every limit that is not kept within [from, to), over all schedules together, by start and person.
func Rest(e *Evaluator, from, to time.Time, rules RestRules) []RestWarning {
	var list []RestWarning
	for person, runs := range e.runs(from.Add(-restMargin), to.Add(restMargin), rules.Standby) {
		list = append(list, rules.check(e, person, runs)...)
	}
	list = slices.DeleteFunc(list, func(w RestWarning) bool { return !w.Start.Before(to) || !w.End.After(from) })
	slices.SortFunc(list, func(a, b RestWarning) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Rule, b.Rule))
	})
	return list
}

// duties are all of a person's runs of duty, joined over all schedules, and the zone of the first schedule.
type duties struct {
	runs []stretch
	zone Zone
}

// runs returns when everybody is on duty anywhere.
func (e *Evaluator) runs(from, to time.Time, standby bool) map[string]duties {
	all := map[string]duties{}
	for i := range e.Roster().Schedules {
		s := &e.Roster().Schedules[i]
		for r := range s.reigns(from, to) {
			tracks := 1
			if standby {
				tracks = len(r.Tracks)
			}
			for person, stretches := range e.stretches(s.ID, r, tracks) {
				d := all[person]
				if d.zone.IsZero() {
					d.zone = r.Zone
				}
				d.runs = append(d.runs, stretches...)
				all[person] = d
			}
		}
	}
	for person, d := range all {
		d.runs = union(d.runs)
		if p, _ := e.Roster().Person(person); !p.Zone.IsZero() {
			d.zone = p.Zone
		}
		all[person] = d
	}
	return all
}

// check holds one person's duty against the limits.
func (r RestRules) check(e *Evaluator, person string, d duties) []RestWarning {
	var list []RestWarning
	warn := func(rule RestRule, s stretch, is, limit float64) {
		list = append(list, RestWarning{Rule: rule, Person: person, Start: s.start, End: s.end, Is: is, Limit: limit})
	}
	for i, run := range d.runs {
		if length := run.end.Sub(run.start); r.MaxRun > 0 && length > r.MaxRun {
			warn(LongRun, run, length.Hours(), r.MaxRun.Hours())
		}
		if i == 0 {
			continue
		}
		rest := stretch{d.runs[i-1].end, run.start}
		if length := rest.end.Sub(rest.start); length < r.MinRest {
			warn(ShortRest, rest, length.Hours(), r.MinRest.Hours())
		}
	}
	if r.MaxNights > 0 && len(d.runs) > 0 {
		r.nights(e, d, warn)
	}
	return list
}

// nights reports every row of nights that is too long.
func (r RestRules) nights(e *Evaluator, d duties, warn func(RestRule, stretch, float64, float64)) {
	var row stretch
	count, first := 0, 0
	flush := func() {
		if count > r.MaxNights {
			warn(ManyNights, row, float64(count), float64(r.MaxNights))
		}
		count = 0
	}
	for _, day := range e.days(d.zone, "", d.runs[0].start, d.runs[len(d.runs)-1].end) {
		for first < len(d.runs) && !d.runs[first].end.After(day.night.start) {
			first++
		}
		var worked time.Duration
		for k := first; k < len(d.runs) && d.runs[k].start.Before(day.night.end); k++ {
			worked += d.runs[k].common(day.night)
		}
		if worked < nightShare {
			flush()
			continue
		}
		if count == 0 {
			row.start = day.night.start
		}
		row.end = day.night.end
		count++
	}
	flush()
}
