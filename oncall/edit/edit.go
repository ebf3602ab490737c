package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Author is who edits.
type Author struct {
	// Person is the ID of a person, or a free name for somebody who is none.
	Person string `json:"person"`
	// Channel is how: "cli", "api", "voice", "file", "node".
	Channel string `json:"channel"`
	// Roles are what the author may act as; nil: everything (the machine's administrator). An empty list is nothing, and
	// stays so when it is written.
	Roles []oncall.Role `json:"roles"`
}

// AuthorOf returns a person of the roster as an author. A person without roles is an engineer.
func AuthorOf(p oncall.Person, channel string) Author {
	roles := slices.Clone(p.Roles)
	if len(roles) == 0 {
		roles = []oncall.Role{oncall.Engineer}
	}
	return Author{Person: p.ID, Channel: channel, Roles: roles}
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
	// Remove takes a thing away; one in progress ends now. The ID of a schedule may name one future version of it, as
	// VersionID writes it.
	Remove *Key            `json:"remove,omitempty"`
	Ask    *oncall.Request `json:"ask,omitempty"`
	Answer *Answer         `json:"answer,omitempty"`
	Take   *Take           `json:"take,omitempty"`
	Import []Edit          `json:"import,omitempty"` // all of them or none, one revision
	// Restore makes something from now on what it once was.
	Restore *Restore `json:"restore,omitempty"`
}

// NewRules is a schedule to add or to go over to. Without tracks and failover those before stay, with the zone and the calendar
// that are given; without these too only the name changes.
type NewRules struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // empty: keeps its name
	oncall.Rules
	// From is the effective-from; zero: now.
	From oncall.Point `json:"from,omitzero"`
	// KeepStart leaves the start indexes of layers as given instead of keeping the present turn.
	KeepStart bool `json:"keep_start,omitempty"`
}

// Restore is what something once was. Exactly one field is set. A schedule has again all that was planned on it, a correction its
// place among the others, its author and its reason. What was begun meanwhile keeps what has passed.
type Restore struct {
	Schedule  *oncall.Schedule  `json:"schedule,omitempty"`
	Absence   *oncall.Absence   `json:"absence,omitempty"`
	Temporary *oncall.Temporary `json:"temporary,omitempty"`
	Override  *oncall.Override  `json:"override,omitempty"`
}

// Answer settles a request.
type Answer struct {
	Request string  `json:"request"`
	Verdict Verdict `json:"verdict"`
	// As is the person who answers; empty: the author.
	As string `json:"as,omitempty"`
}

// Verdict is what is said to a request.
type Verdict string

// The verdicts.
const (
	Accept   Verdict = "accept"
	Decline  Verdict = "decline"
	Withdraw Verdict = "withdraw" // by the one who asked
)

// String returns the verdict's key.
func (v Verdict) String() string { return string(v) }

// Take is "I take the line": a takeover that begins now.
type Take struct {
	Schedule string        `json:"schedule"`
	Track    string        `json:"track,omitempty"`  // empty: the first
	Person   string        `json:"person,omitempty"` // empty: the author
	For      time.Duration `json:"for,omitempty"`    // written "2h0m0s"; zero: DefaultTakeover; at most MaxTakeover
	// Beside leaves those on duty where they are.
	Beside bool `json:"beside,omitempty"`
}

// The bounds of a takeover.
const (
	// DefaultTakeover is how long it lasts when nothing is said.
	DefaultTakeover = time.Hour
	// MaxTakeover is the longest; for more there are overrides.
	MaxTakeover = 12 * time.Hour
)

// takeWritten is the written form of a Take.
type takeWritten struct {
	Schedule string `json:"schedule"`
	Track    string `json:"track,omitempty"`
	Person   string `json:"person,omitempty"`
	For      string `json:"for,omitempty"`
	Beside   bool   `json:"beside,omitempty"`
}

// MarshalJSON writes the duration as it is written everywhere.
func (t Take) MarshalJSON() ([]byte, error) {
	w := takeWritten{Schedule: t.Schedule, Track: t.Track, Person: t.Person, Beside: t.Beside}
	if t.For != 0 {
		w.For = t.For.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Take) UnmarshalJSON(data []byte) error {
	var w takeWritten
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return err
	}
	*t = Take{Schedule: w.Schedule, Track: w.Track, Person: w.Person, Beside: w.Beside}
	if w.For == "" {
		return nil
	}
	length, err := time.ParseDuration(w.For)
	if err != nil {
		return fmt.Errorf("parse the length of a takeover %q: write it as 2h or 90m", w.For)
	}
	t.For = length
	return nil
}
