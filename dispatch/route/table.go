package route

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Rule says what follows from labels. Fields that are empty say nothing.
type Rule struct {
	Match    []Matcher       `yaml:"match"`    // all must hold; none = always
	Org      string          `yaml:"org"`      // id of the organisation
	Line     string          `yaml:"line"`     // id of the hotline whose people are called
	Category ticket.Category `yaml:"category"` // of the red button
	Priority ticket.Priority `yaml:"priority"`
	Warning  bool            `yaml:"warning"` // it is no emergency and wakes nobody, whatever its severity
	Final    bool            `yaml:"final"`   // later rules are not read
}

// Window is a time of maintenance: what it covers wakes nobody until its end.
type Window struct {
	Match []Matcher `yaml:"match"` // all must hold; at least one
	From  time.Time `yaml:"from"`
	To    time.Time `yaml:"to"`
	Why   string    `yaml:"why"` // for people
}

// Table is all that a source's alarms are judged by.
type Table struct {
	Rules   []Rule   `yaml:"rules"`
	Windows []Window `yaml:"maintenance"`
}

// Decision is what the labels mean. Zero fields say nothing.
type Decision struct {
	Org      string
	Line     string
	Category ticket.Category
	Priority ticket.Priority
	Warning  bool
	// Held is the end of the maintenance that covers the alarm, and Why its reason; zero = none.
	Held time.Time
	Why  string
	// Rules are the numbers of the rules that have spoken, from 1.
	Rules []int
}

// Validate reports all faults, each with its place.
func (t Table) Validate() error {
	var faults []error
	for i, r := range t.Rules {
		if !r.Category.Valid() {
			faults = append(faults, fmt.Errorf("rules[%d].category: %q is none of service_down, security, data_loss, network_down", i, r.Category))
		}
		if r.Priority > ticket.Low {
			faults = append(faults, fmt.Errorf("rules[%d].priority: %d is none", i, r.Priority))
		}
		if r.Org == "" && r.Line == "" && r.Category == ticket.Uncategorised && r.Priority == 0 && !r.Warning && !r.Final {
			faults = append(faults, fmt.Errorf("rules[%d]: says nothing; give org, line, category, priority, warning or final", i))
		}
		if r.Warning && r.Priority == ticket.Critical {
			faults = append(faults, fmt.Errorf("rules[%d]: a warning is not critical; leave one of them out", i))
		}
	}
	for i, w := range t.Windows {
		if len(w.Match) == 0 {
			faults = append(faults, fmt.Errorf("maintenance[%d].match: required, or all alarms would be held back", i))
		}
		if !w.From.Before(w.To) {
			faults = append(faults, fmt.Errorf("maintenance[%d]: from %v is not before to %v", i, w.From, w.To))
		}
	}
	return errors.Join(faults...)
}

// Decide judges an alarm that came at an instant. known reports whether an id is that of an organisation of ours; severity is what
// the source has said beside the labels.
func (t Table) Decide(l Labels, severity Severity, at time.Time, known func(org string) bool) Decision {
	var d Decision
	for i, r := range t.Rules {
		if !all(r.Match, l) {
			continue
		}
		if d.fill(r) {
			d.Rules = append(d.Rules, i+1)
		}
		if r.Final {
			break
		}
	}
	if d.Org == "" {
		if i := slices.IndexFunc(orgLabels(), func(name string) bool { return known(l.First(name)) }); i >= 0 {
			d.Org = l.First(orgLabels()[i])
		}
	}
	if severity == Unsaid {
		severity = ReadSeverity(l.First("severity", "priority", "level"))
	}
	if d.Priority == 0 && !d.Warning {
		d.Priority, d.Warning = severity.weigh(known(d.Org))
	}
	for _, w := range t.Windows {
		if !at.Before(w.From) && at.Before(w.To) && all(w.Match, l) && w.To.After(d.Held) {
			d.Held, d.Why = w.To, w.Why
		}
	}
	return d
}

// orgLabels are the labels that name an organisation by themselves.
func orgLabels() []string { return []string{"client", "org", "organisation", "organization"} }

// fill takes from a rule what nothing has said yet, and reports whether that was anything.
func (d *Decision) fill(r Rule) (spoke bool) {
	if d.Org == "" && r.Org != "" {
		d.Org, spoke = r.Org, true
	}
	if d.Line == "" && r.Line != "" {
		d.Line, spoke = r.Line, true
	}
	if d.Category == ticket.Uncategorised && r.Category != ticket.Uncategorised {
		d.Category, spoke = r.Category, true
	}
	if d.Priority == 0 && !d.Warning && (r.Priority != 0 || r.Warning) {
		d.Priority, d.Warning, spoke = r.Priority, r.Warning, true
	}
	return spoke
}
