package edit

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Kind is the kind of a record.
type Kind string

// The kinds of records.
const (
	Person    Kind = "person"
	Schedule  Kind = "schedule"
	Absence   Kind = "absence"
	Temporary Kind = "temporary"
	Override  Kind = "override"
	Request   Kind = "request"
	Calendar  Kind = "calendar" // ID is calendar and year, such as "ru-2026"
)

// String returns the kind's key.
func (k Kind) String() string { return string(k) }

// Key names a record.
type Key struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// String returns for example "person anna".
func (k Key) String() string { return string(k.Kind) + " " + k.ID }

// Compare orders keys by kind and ID.
func (k Key) Compare(other Key) int {
	return cmp.Or(strings.Compare(string(k.Kind), string(other.Kind)), strings.Compare(k.ID, other.ID))
}

// Record is one thing of the roster as it is kept. Body is the JSON of its oncall type; nil: it was removed.
type Record struct {
	Key
	Revision int64           `json:"revision"`
	Body     json.RawMessage `json:"body,omitempty"`
}

// Records returns everything of a roster that is kept in records, ordered by kind and ID. The static numbers are not.
func Records(r oncall.Roster) ([]Record, error) { return nil, nil }

// Assemble makes a roster of records, in any order. Records without a body are left out.
func Assemble(records []Record) (oncall.Roster, error) { return oncall.Roster{}, nil }

// Body returns the JSON of one thing of the roster; nil: it is not there.
func Body(r oncall.Roster, key Key) (json.RawMessage, error) { return nil, nil }

// CalendarID returns the ID under which a year of a calendar is kept, such as "ru-2026".
func CalendarID(calendar string, year int) string { return "" }

// VersionID names one future version of a schedule for Edit.Remove, such as "line@2026-12-01T06:00:00Z".
func VersionID(schedule string, from time.Time) string { return "" }

// StateOf returns where a request stands at now: an open one whose time has come is expired.
func StateOf(r oncall.Roster, q oncall.Request, now time.Time) oncall.RequestState { return q.State }
