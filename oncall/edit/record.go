package edit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
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

	// Organisation is a client. It is kept and edited beside the rota in the same record, and is no part of a roster: what its
	// body means is known elsewhere.
	Organisation Kind = "organisation"
)

// OfRoster reports whether records of the kind make up a roster.
func (k Kind) OfRoster() bool { return k != Organisation }

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

// Records returns everything of a roster that is kept in records, ordered by kind and ID. Equal rosters give equal bytes. The
// static numbers are not kept: they stay in the configuration file.
func Records(r oncall.Roster) ([]Record, error) {
	var list []Record
	for key, thing := range things(&r) {
		body, err := json.Marshal(thing)
		if err != nil {
			return nil, fmt.Errorf("write the record of %s: %w", key, err)
		}
		list = append(list, Record{Key: key, Body: body})
	}
	slices.SortFunc(list, func(a, b Record) int { return a.Compare(b.Key) })
	for i := 1; i < len(list); i++ {
		if list[i].Key == list[i-1].Key {
			return nil, fmt.Errorf("write the record of %s: there are two of that name; rename one", list[i].Key)
		}
	}
	return list, nil
}

// things yields what is kept, with its keys.
func things(r *oncall.Roster) iter.Seq2[Key, any] {
	return func(yield func(Key, any) bool) {
		_ = each(r.People, Person, personID, yield) &&
			each(r.Schedules, Schedule, scheduleID, yield) &&
			each(r.Absences, Absence, absenceID, yield) &&
			each(r.Temporaries, Temporary, temporaryID, yield) &&
			each(r.Overrides, Override, overrideID, yield) &&
			each(r.Requests, Request, requestID, yield) &&
			each(r.Calendars, Calendar, calendarID, yield)
	}
}

func each[T any](list []T, kind Kind, id func(*T) string, yield func(Key, any) bool) bool {
	for i := range list {
		if !yield(Key{kind, id(&list[i])}, &list[i]) {
			return false
		}
	}
	return true
}

// Assemble makes a roster of records, in any order; its lists are ordered by ID. Records without a body, and those of kinds that
// are no part of a roster, are left out. A kind that is not known here, and a body
// with fields that are not known here is an error: half of what a newer program wrote must not pass for the whole.
func Assemble(records []Record) (oncall.Roster, error) {
	var (
		r    oncall.Roster
		errs []error
	)
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int { return a.Compare(b.Key) })
	for _, rec := range records {
		if len(rec.Body) == 0 || !rec.Kind.OfRoster() {
			continue
		}
		id, err := decodeInto(&r, rec)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("read the record of %s: %w", rec.Key, err))
		case id != rec.ID:
			errs = append(errs, fmt.Errorf("read the record of %s: its body is that of %q", rec.Key, id))
		}
	}
	return r, errors.Join(errs...)
}

// decodeInto appends what a record holds to the roster and returns the ID it has there.
func decodeInto(r *oncall.Roster, rec Record) (id string, err error) {
	switch rec.Kind {
	case Person:
		var p oncall.Person
		p, err = decode[oncall.Person](rec.Body)
		r.People, id = append(r.People, p), p.ID
	case Schedule:
		var s oncall.Schedule
		s, err = decode[oncall.Schedule](rec.Body)
		r.Schedules, id = append(r.Schedules, s), s.ID
	case Absence:
		var a oncall.Absence
		a, err = decode[oncall.Absence](rec.Body)
		r.Absences, id = append(r.Absences, a), a.ID
	case Temporary:
		var t oncall.Temporary
		t, err = decode[oncall.Temporary](rec.Body)
		r.Temporaries, id = append(r.Temporaries, t), t.ID
	case Override:
		var o oncall.Override
		o, err = decode[oncall.Override](rec.Body)
		r.Overrides, id = append(r.Overrides, o), o.ID
	case Request:
		var q oncall.Request
		q, err = decode[oncall.Request](rec.Body)
		r.Requests, id = append(r.Requests, q), q.ID
	case Calendar:
		var y oncall.CalendarYear
		y, err = decode[oncall.CalendarYear](rec.Body)
		r.Calendars, id = append(r.Calendars, y), CalendarID(y.Calendar, y.Year)
	case Organisation: // left out before
	default:
		err = fmt.Errorf("%q is no kind of record this program knows; a newer one may have written it", string(rec.Kind))
		id = rec.ID
	}
	return id, err
}

func decode[T any](body []byte) (T, error) {
	var thing T
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&thing); err != nil {
		return thing, err
	}
	if d.More() {
		return thing, errors.New("something follows the body")
	}
	return thing, nil
}

// Body returns the JSON of one thing of the roster; nil: it is not there.
func Body(r oncall.Roster, key Key) (json.RawMessage, error) {
	for k, thing := range things(&r) {
		if k == key {
			body, err := json.Marshal(thing)
			if err != nil {
				return nil, fmt.Errorf("write the record of %s: %w", key, err)
			}
			return body, nil
		}
	}
	return nil, nil
}

// CalendarID returns the ID under which a year of a calendar is kept, such as "ru-2026".
func CalendarID(calendar string, year int) string { return calendar + "-" + strconv.Itoa(year) }

// VersionID names one future version of a schedule for Edit.Remove, such as "line@2026-12-01T06:00:00Z".
func VersionID(schedule string, from time.Time) string {
	return schedule + "@" + from.UTC().Format(time.RFC3339)
}
