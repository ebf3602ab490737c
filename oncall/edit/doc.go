// Package edit says what people change in a rota: each change is a value, Apply decides what becomes of it, and Look shows it
// before anybody is bound by it. Command line, API and screens change rotas by these values only.
//
// It is pure: no clock, no files, no store. The shell loads the roster, applies the edit, and commits the records that Apply
// names, with a check that none of them has changed meanwhile.
//
// # Terms
//
//   - Record: one thing of the roster that is kept under a key of its own: a person, a schedule, an absence, a temporary
//     schedule, an override, a request, a year of a calendar.
//   - Revision: the number of an edit, counted over the whole rota. A record has the revision that wrote it last.
//   - Effective-from: the moment from which an edited schedule holds. It is never before now: the past is what it was.
//
// # Rules
//
//   - What lies before now is not changed by any edit, but for calendars that were wrong (docs say so).
//   - When members of a layer come or go, the start index of the new version is chosen so that whoever is on duty at
//     effective-from keeps the present turn, unless removed.
//   - A request changes nothing until it is accepted; the first acceptance writes one override and wins.
//   - An expired request leaves its author on duty.
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

// Author is who edits.
type Author struct {
	// Person is the ID of a person, or a free name for somebody who is none.
	Person string `json:"person"`
	// Channel is how: "cli", "api", "voice", "file", "node".
	Channel string `json:"channel"`
	// Roles are what the author may act as; nil: everything (the machine's administrator).
	Roles []oncall.Role `json:"roles,omitempty"`
}

// Edit is one change. Exactly one field besides Reason is set. IDs may be left out of new absences, temporary schedules,
// overrides and requests: Apply names them by the given source of IDs.
type Edit struct {
	Reason string `json:"reason,omitempty"`

	Person    *oncall.Person       `json:"person,omitempty"`    // add, or replace the one of that ID
	Schedule  *NewRules            `json:"schedule,omitempty"`  // add, or a new version of the one of that ID
	Absence   *oncall.Absence      `json:"absence,omitempty"`   // add, or replace one that has not begun
	Temporary *oncall.Temporary    `json:"temporary,omitempty"` // likewise
	Override  *oncall.Override     `json:"override,omitempty"`  // likewise
	Calendar  *oncall.CalendarYear `json:"calendar,omitempty"`  // add or replace
	Remove    *Key                 `json:"remove,omitempty"`    // for a thing in progress: end it now
	Ask       *oncall.Request      `json:"ask,omitempty"`
	Answer    *Answer              `json:"answer,omitempty"`
	Take      *Take                `json:"take,omitempty"`
	Import    []Edit               `json:"import,omitempty"` // all of them or none, one revision
}

// NewRules is a schedule to add or to go over to.
type NewRules struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // empty: keeps its name
	oncall.Rules
	// From is the effective-from; zero: now.
	From oncall.Point `json:"from,omitzero"`
	// KeepStart leaves the start indexes of layers as given instead of keeping the present turn.
	KeepStart bool `json:"keep_start,omitempty"`
}

// Answer settles a request.
type Answer struct {
	Request string `json:"request"`
	// Verdict is accept, decline or withdraw.
	Verdict string `json:"verdict"`
	// As is the person who answers; empty: the author.
	As string `json:"as,omitempty"`
}

// Take is "I take the line": a takeover that begins now.
type Take struct {
	Schedule string        `json:"schedule"`
	Track    string        `json:"track,omitempty"`  // empty: the first
	Person   string        `json:"person,omitempty"` // empty: the author
	For      time.Duration `json:"for"`              // nanoseconds
	// Beside leaves those on duty where they are.
	Beside bool `json:"beside,omitempty"`
}
