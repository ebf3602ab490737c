package ical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/butlerspb/vahta/oncall"
)

// Version is the state of the rota that is written: its revision rises with each edit.
type Version struct {
	Revision int64
	EditedAt time.Time
}

// Options say what is written.
type Options struct {
	// From and To are the horizon.
	From, To time.Time
	// Version numbers the events.
	Version Version
	// Language of the texts, "ru" or "en"; empty: "ru".
	Language string
}

// Horizon returns the span a feed shows at now: from the beginning of the month before, 13 months on, so 12 months ahead at
// least. It moves once a month, so that a feed changes when the rota does and hardly otherwise.
func Horizon(now time.Time) (from, to time.Time) {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m-1, 1, 0, 0, 0, 0, time.UTC), time.Date(y, m+13, 1, 0, 0, 0, 0, time.UTC)
}

// The names of our own properties. They carry IDs, so that an import need not guess by names.
const (
	propSchedule = "X-VAHTA-SCHEDULE"
	propTrack    = "X-VAHTA-TRACK"
	propPeople   = "X-VAHTA-PEOPLE"
	propFrom     = "X-VAHTA-FROM"
	propTo       = "X-VAHTA-TO"
)

// stamp is the UTC form of a date-time (RFC 5545 section 3.3.5, form 2).
const stamp = "20060102T150405Z"

// refresh is how often a calendar is asked to look again. Many look once a day whatever they are told.
const refresh = "PT1H"

// Schedule writes the final schedule as a calendar: an event per shift of each track. An unknown schedule is an empty calendar.
func Schedule(e *oncall.Evaluator, schedule string, o Options) []byte {
	w := newWriter(e, o)
	s, _ := e.Roster().Schedule(schedule)
	w.head(w.scheduleName(s.ID), clockOf(&s).zone)
	w.property(propSchedule, s.ID)
	w.property(propFrom, o.From.UTC().Format(stamp))
	w.property(propTo, o.To.UTC().Format(stamp))
	for _, entry := range Entries(e, s.ID, o.From, o.To, false) {
		uid := identity(entry.Schedule, entry.Track, beginning(entry))
		names := w.names(entry.People)
		w.event(uid, entry, w.duty(entry)+": "+names, w.t.people+": "+names)
	}
	return w.bytes()
}

// Person writes the turns of a person on all schedules as a calendar.
func Person(e *oncall.Evaluator, person string, o Options) []byte {
	w := newWriter(e, o)
	p, _ := e.Roster().Person(person)
	w.head(w.names([]string{person}), p.Zone)
	for _, entry := range Turns(e, person, o.From, o.To) {
		uid := identity(entry.Schedule, entry.Track, person, beginning(entry))
		var beside []string
		for _, b := range entry.Beside {
			label := w.t.together
			if b.Track != entry.Track {
				label = w.trackName(entry.Schedule, b.Track)
			}
			beside = append(beside, label+": "+w.names(b.People))
		}
		w.event(uid, entry, w.duty(entry), beside...)
	}
	return w.bytes()
}

// beginning is what of an entry's start is part of its identity.
func beginning(e Entry) string {
	if e.Cut {
		return "before" // its true start is out of sight; there is at most one such
	}
	return e.Start.UTC().Format(stamp)
}

// identity returns a UID that is the same wherever and whenever the same parts are written (RFC 7986 section 5.3 asks for no
// meaning in it).
func identity(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + "@vahta"
}

// writer makes one calendar.
type writer struct {
	roster   *oncall.Roster
	o        Options
	t        *texts
	cal      *ics.Calendar
	modified time.Time
	sequence int
}

func newWriter(e *oncall.Evaluator, o Options) *writer {
	modified := o.Version.EditedAt
	if modified.Before(o.From) {
		modified = o.From // the horizon has moved since, and with it the end of what has none
	}
	y, m, _ := o.From.UTC().Date()
	return &writer{
		roster: e.Roster(), o: o, t: textsOf(o.Language), cal: ics.NewCalendarFor("vahta"), modified: modified.UTC().Truncate(time.Second),
		sequence: int(o.Version.Revision) + max(0, (y-1970)*12+int(m)-1),
	}
}

func (w *writer) head(name string, zone oncall.Zone) {
	w.cal.SetProductId("-//Vahta//rota//" + strings.ToUpper(w.t.language))
	w.cal.SetCalscale("GREGORIAN")
	w.cal.SetMethod(ics.MethodPublish)
	name = clean(name)
	w.cal.SetName(name)
	w.cal.SetXWRCalName(name)
	if !zone.IsZero() {
		w.cal.SetXWRTimezone(zone.String())
	}
	w.cal.SetRefreshInterval(refresh)
	w.cal.SetXPublishedTTL(refresh)
	w.cal.SetLastModified(w.modified)
}

func (w *writer) property(name, value string) {
	w.cal.CalendarProperties = append(w.cal.CalendarProperties, ics.CalendarProperty{BaseProperty: ics.BaseProperty{IANAToken: name, Value: value}})
}

// event adds one event; lines are parts of its description.
func (w *writer) event(uid string, e Entry, summary string, lines ...string) {
	v := w.cal.AddEvent(uid)
	v.SetDtStampTime(w.modified)
	v.SetModifiedAt(w.modified)
	v.SetSequence(w.sequence)
	v.SetStartAt(e.Start.UTC())
	v.SetEndAt(e.End.UTC())
	v.SetSummary(clean(summary))
	v.SetTimeTransparency(ics.TransparencyTransparent)
	v.SetStatus(ics.ObjectStatusConfirmed)
	v.SetProperty(ics.ComponentProperty(propSchedule), e.Schedule)
	v.SetProperty(ics.ComponentProperty(propTrack), e.Track)
	v.SetProperty(ics.ComponentProperty(propPeople), strings.Join(e.People, ","))
	s, _ := w.roster.Schedule(e.Schedule)
	zone := s.RulesAt(e.Start).Zone
	about := append([]string{
		w.t.schedule + ": " + w.scheduleName(e.Schedule),
		w.t.track + ": " + w.trackName(e.Schedule, e.Track),
		fmt.Sprintf("%s: %s – %s (%s)", w.t.time, start(e, zone), w.end(e, zone), zone),
	}, lines...)
	for i := range about {
		about[i] = clean(about[i])
	}
	v.SetDescription(strings.Join(about, "\n"))
}

func start(e Entry, zone oncall.Zone) string {
	if e.Cut {
		return "…"
	}
	return oncall.CivilAt(e.Start, zone).String()
}

func (w *writer) end(e Entry, zone oncall.Zone) string {
	if e.Endless {
		return w.t.endless
	}
	return oncall.CivilAt(e.End, zone).String()
}

func (w *writer) bytes() []byte {
	var b bytes.Buffer
	_ = w.cal.SerializeTo(&b, ics.WithNewLine("\r\n")) // a buffer takes everything
	return b.Bytes()
}

func (w *writer) duty(e Entry) string {
	return w.scheduleName(e.Schedule) + ", " + w.trackName(e.Schedule, e.Track)
}

func (w *writer) names(people []string) string {
	names := make([]string, 0, len(people))
	for _, id := range people {
		names = append(names, nameOf(w.roster, id))
	}
	return strings.Join(names, ", ")
}

func (w *writer) scheduleName(id string) string {
	if s, ok := w.roster.Schedule(id); ok && s.Name != "" {
		return s.Name
	}
	return id
}

func (w *writer) trackName(schedule, id string) string {
	s, _ := w.roster.Schedule(schedule)
	name := ""
	look := func(tracks []oncall.Track) {
		if i := slices.IndexFunc(tracks, func(t oncall.Track) bool { return t.ID == id }); i >= 0 && tracks[i].Name != "" {
			name = tracks[i].Name
		}
	}
	look(s.Tracks)
	for i := range s.Versions {
		look(s.Versions[i].Tracks)
	}
	if name == "" {
		return id
	}
	return name
}

func nameOf(r *oncall.Roster, id string) string {
	if p, ok := r.Person(id); ok && p.Name != "" {
		return p.Name
	}
	return id
}

// clean takes out what a content line can not hold: control characters (RFC 5545 section 3.1) and bytes that are no UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}
