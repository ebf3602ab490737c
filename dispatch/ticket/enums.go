package ticket

import "fmt"

// Stage is where the protocol stands on a ticket.
type Stage uint8

// The stages, in the order of the protocol; the last three are final.
const (
	New Stage = iota
	Triage
	Diagnosis
	PlanSent
	Hot
	Stabilised
	RootCause
	Report
	Closed
	Cancelled
	Merged
	stages // their count
)

// String returns the stage's name as stored.
func (s Stage) String() string {
	switch s {
	case New:
		return "new"
	case Triage:
		return "triage"
	case Diagnosis:
		return "diagnosis"
	case PlanSent:
		return "plan_sent"
	case Hot:
		return "hot"
	case Stabilised:
		return "stabilised"
	case RootCause:
		return "root_cause"
	case Report:
		return "report"
	case Closed:
		return "closed"
	case Cancelled:
		return "cancelled"
	case Merged:
		return "merged"
	case stages:
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// Final reports whether nothing more is expected of the ticket.
func (s Stage) Final() bool { return s == Closed || s == Cancelled || s == Merged }

// MarshalText implements encoding.TextMarshaler.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Stage) UnmarshalText(b []byte) error {
	for v := range stages {
		if v.String() == string(b) {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("read stage %q: no such stage", b)
}

// Category is the kind of emergency: the four red buttons.
type Category string

// The categories.
const (
	Uncategorised Category = ""
	ServiceDown   Category = "service_down"
	Security      Category = "security"
	DataLoss      Category = "data_loss"
	NetworkDown   Category = "network_down"
)

// Valid reports whether the category is one we know.
func (c Category) Valid() bool {
	switch c {
	case Uncategorised, ServiceDown, Security, DataLoss, NetworkDown:
		return true
	}
	return false
}

// Priority is how urgent a ticket is; the hotline opens Critical ones.
type Priority uint8

// The priorities, most urgent first.
const (
	Critical Priority = iota + 1
	High
	Normal
	Low
)

// String returns the priority's name as stored.
func (p Priority) String() string {
	switch p {
	case Critical:
		return "critical"
	case High:
		return "high"
	case Normal:
		return "normal"
	case Low:
		return "low"
	}
	return fmt.Sprintf("priority(%d)", uint8(p))
}

// MarshalText implements encoding.TextMarshaler.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Priority) UnmarshalText(b []byte) error {
	for v := Critical; v <= Low; v++ {
		if v.String() == string(b) {
			*p = v
			return nil
		}
	}
	return fmt.Errorf("read priority %q: want critical, high, normal or low", b)
}
