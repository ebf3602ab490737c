package ical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/butlerspb/vahta/oncall"
)

// ReadCalendar reads the events of an iCalendar file into an edit. People are named by our own property, else by the summary
// ("Anna", "Hotline, Primary: Anna, Boris"), else by the attendees. All-day events and times without a zone are read by the
// schedule's wall clock. Daily and weekly repetitions are written out; cancelled events are left out; all else that is not
// understood is in the error, which is then of type [Faults].
func ReadCalendar(data []byte, r *oncall.Roster, t Target) (Import, error) {
	b := newBook(r, t)
	if len(data) > maxBytes {
		b.fault(0, TooLarge, maxBytes>>20, "MiB")
		return Import{}, b.faults
	}
	text := decode(data)
	starts, ended, unbalanced := eventLines(text)
	if unbalanced > 0 {
		b.fault(unbalanced, Unbalanced)
		return Import{}, b.faults
	}
	cal, err := ics.ParseCalendarWithOptions(strings.NewReader(text), ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler))
	switch {
	case err != nil:
		b.fault(0, Unreadable, err)
	case !ended:
		b.fault(0, Truncated)
	}
	if len(b.faults) > 0 {
		return Import{}, b.faults
	}
	events := cal.Events()
	if len(events) != len(starts) { // events inside of other things are none of a rota
		b.fault(0, Unreadable, errors.New("VEVENT inside of another component"))
		return Import{}, b.faults
	}
	schedule := ""
	for _, p := range cal.CalendarProperties {
		switch p.IANAToken {
		case propSchedule:
			schedule = p.Value
		case propFrom:
			b.from, _ = time.Parse(stamp, p.Value)
		case propTo:
			b.to, _ = time.Parse(stamp, p.Value)
		}
	}
	if !b.from.Before(b.to) || !plausible(b.from.Year()) || !plausible(b.to.Year()) {
		b.from, b.to = time.Time{}, time.Time{}
	}
	for i, v := range events {
		if b.total > maxRows {
			b.fault(starts[i], TooLarge, maxRows, "events")
			break
		}
		b.event(starts[i], v, schedule)
	}
	return b.done()
}

// eventLines returns the line numbers on which events begin, whether the calendar has its end, and the line of an END that ends
// something else than was begun last; 0: there is none.
func eventLines(text string) (starts []int, ended bool, unbalanced int) {
	n := 0
	var open []string
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(line, "BEGIN:"); ok {
			open = append(open, name)
			if name == "VEVENT" {
				starts = append(starts, n)
			}
		}
		if name, ok := strings.CutPrefix(line, "END:"); ok {
			last := len(open) - 1
			if last < 0 || open[last] != name {
				return nil, false, n
			}
			open = open[:last]
			ended = ended || name == "VCALENDAR"
		}
	}
	return starts, ended, 0
}

// event reads one event.
func (b *book) event(line int, v *ics.VEvent, schedule string) {
	if value(v, "STATUS") == "CANCELLED" {
		return
	}
	b.total++
	if at := value(v, "RECURRENCE-ID"); at != "" {
		b.fault(line, ChangedRepeat, at)
		return
	}
	if more := value(v, "RDATE"); more != "" {
		b.fault(line, BadRepeat, "RDATE:"+more)
		return
	}
	if own := value(v, propSchedule); own != "" {
		schedule = own
	}
	s, track, placed := b.place(line, schedule, value(v, propTrack))
	r := row{line: line, schedule: s.ID, track: track}
	var named bool
	if r.member, named = b.called(line, v); !named || !placed {
		return
	}
	clock := clockOf(&s)
	if s.ID == "" {
		clock = b.absenceClock(r)
	}
	span, ok := b.spanOf(line, v, clock)
	if !ok {
		return
	}
	rule := value(v, "RRULE")
	if rule == "" {
		r.from, r.to = span.from.in(), span.to.in()
		b.add(r)
		return
	}
	span.to = span.nominal
	b.repeat(r, rule, span, exceptions(v))
}

// called finds who an event names. It reports false after a fault.
func (b *book) called(line int, v *ics.VEvent) ([]string, bool) {
	if ids := value(v, propPeople); ids != "" {
		return b.members(line, ids)
	}
	summary := value(v, "SUMMARY")
	if who, ok := b.tryMembers(summary); ok {
		return who, true
	}
	if i := strings.LastIndexByte(summary, ':'); i >= 0 {
		if who, ok := b.tryMembers(summary[i+1:]); ok {
			return who, true
		}
	}
	var attendees []string
	for _, a := range v.Attendees() {
		if cn := a.ICalParameters["CN"]; len(cn) == 1 {
			attendees = append(attendees, cn[0])
		}
	}
	if who, ok := b.tryMembers(strings.Join(attendees, "+")); ok {
		return who, true
	}
	_, named := b.members(line, summary[strings.LastIndexByte(summary, ':')+1:]) // says what is wrong
	return nil, named
}

// tryMembers is members without faults.
func (b *book) tryMembers(s string) ([]string, bool) {
	trial := book{roster: b.roster, people: b.people}
	return trial.members(0, s)
}

// value returns a property's value, "" when it has none.
func value(v *ics.VEvent, name string) string {
	if p := v.GetProperty(ics.ComponentProperty(name)); p != nil {
		return strings.TrimSpace(p.Value)
	}
	return ""
}

func exceptions(v *ics.VEvent) []string {
	var list []string
	for _, p := range v.GetProperties(ics.ComponentPropertyExdate) {
		list = append(list, strings.Split(p.Value, ",")...)
	}
	return list
}

// moment is an end of an event: a reading of a clock.
type moment struct {
	civil oncall.Civil
	zone  oncall.Zone
}

func (m moment) in() time.Time { return m.zone.Resolve(m.civil, oncall.First) }

func (m moment) addDays(n int) moment { return moment{m.civil.AddDays(n), m.zone} }

// eventSpan is an event's beginning and end.
type eventSpan struct {
	from, to moment
	// nominal is the end as the clock of the beginning shows it; a repetition moves both by days of that clock.
	nominal moment
}

// until makes a span that ends at an instant.
func (m moment) until(end time.Time) eventSpan {
	to := moment{oncall.CivilAt(end, oncall.ZoneOf(time.UTC)), oncall.ZoneOf(time.UTC)}
	return eventSpan{m, to, moment{oncall.CivilAt(end, m.zone), m.zone}}
}

// spanOf reads DTSTART with DTEND or DURATION. It reports false after a fault.
func (b *book) spanOf(line int, v *ics.VEvent, clock clock) (eventSpan, bool) {
	start := v.GetProperty(ics.ComponentPropertyDtStart)
	if start == nil {
		b.fault(line, NoTime, "DTSTART")
		return eventSpan{}, false
	}
	from, wholeDay, ok := b.moment(line, start, clock)
	if !ok {
		return eventSpan{}, false
	}
	if end := v.GetProperty(ics.ComponentPropertyDtEnd); end != nil {
		to, _, ok := b.moment(line, end, clock)
		if !ok {
			return eventSpan{}, false
		}
		return from.until(to.in()), true
	}
	if d := value(v, "DURATION"); d != "" {
		days, seconds, ok := parseDuration(d)
		if !ok {
			b.fault(line, BadTime, d)
			return eventSpan{}, false
		}
		// Days are those of the calendar, the rest is exact time (RFC 5545 section 3.3.6).
		span := from.until(from.addDays(days).in().Add(time.Duration(seconds) * time.Second))
		y, m, d := from.civil.Date()
		span.nominal = moment{oncall.NewCivil(y, m, d+days, 0, 0, int(from.civil.Clock())+seconds), from.zone}
		return span, true
	}
	if wholeDay {
		return from.until(from.addDays(1).in()), true
	}
	b.fault(line, NoTime, "DTEND")
	return eventSpan{}, false
}

// moment reads a DATE or DATE-TIME value (RFC 5545 sections 3.3.4 and 3.3.5). It reports false after a fault.
func (b *book) moment(line int, p *ics.IANAProperty, clock clock) (m moment, wholeDay, ok bool) {
	if id := p.ICalParameters["TZID"]; len(id) > 0 {
		if m.zone, ok = zoneNamed(id[0]); !ok {
			b.fault(line, BadZone, id[0])
			return m, false, false
		}
	}
	m.civil, wholeDay, ok = parseStamp(p.Value)
	if !ok {
		b.fault(line, BadTime, p.Value)
		return m, false, false
	}
	switch {
	case strings.HasSuffix(p.Value, "Z"):
		m.zone = oncall.ZoneOf(time.UTC)
	case m.zone.IsZero():
		m.zone = clock.zoneAt(m.civil)
	}
	return m, wholeDay, true
}

// parseStamp reads "20260105", "20260105T090000" or "20260105T090000Z".
func parseStamp(s string) (c oncall.Civil, wholeDay, ok bool) {
	for _, layout := range []string{"20060102T150405", "20060102T1504", "20060102"} {
		if t, err := time.Parse(layout, strings.TrimSuffix(s, "Z")); err == nil && plausible(t.Year()) {
			y, m, d := t.Date()
			hour, minute, second := t.Clock()
			return oncall.NewCivil(y, m, d, hour, minute, second), len(s) == len("20060102"), true
		}
	}
	return c, false, false
}

// parseDuration reads "P1W", "P1DT12H" and the like, without a sign.
func parseDuration(s string) (days, seconds int, ok bool) {
	rest, found := strings.CutPrefix(s, "P")
	if !found || rest == "" {
		return 0, 0, false
	}
	clock := false
	for rest != "" {
		if !clock && rest[0] == 'T' {
			if clock, rest = true, rest[1:]; rest == "" {
				return 0, 0, false
			}
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 || i > 6 {
			return 0, 0, false
		}
		n, err := strconv.Atoi(rest[:i])
		if err != nil {
			return 0, 0, false
		}
		switch unit := rest[i]; {
		case !clock && unit == 'W':
			days += 7 * n
		case !clock && unit == 'D':
			days += n
		case clock && unit == 'H':
			seconds += 3600 * n
		case clock && unit == 'M':
			seconds += 60 * n
		case clock && unit == 'S':
			seconds += n
		default:
			return 0, 0, false
		}
		rest = rest[i+1:]
	}
	return days, seconds, days < 10000 && seconds < 1e9
}

// zoneNamed finds the zone of a TZID: an IANA name, one behind a prefix such as "/freeassociation.sourceforge.net/", or one of
// those that Outlook writes.
func zoneNamed(id string) (oncall.Zone, bool) {
	if name, ok := windowsZones()[id]; ok {
		id = name
	}
	parts := strings.Split(strings.Trim(id, "/\""), "/")
	for i := range parts {
		name := strings.Join(parts[i:], "/")
		if slices.Contains(parts[i:], "..") || len(parts) > 8 {
			break
		}
		if zone, err := oncall.LoadZone(name); err == nil {
			return zone, true
		}
	}
	return oncall.Zone{}, false
}

// windowsZones are the names that Outlook gives to zones (Unicode CLDR, windowsZones.xml), for the countries of our readers.
func windowsZones() map[string]string {
	return map[string]string{
		"UTC": "UTC", "GMT Standard Time": "Europe/London", "W. Europe Standard Time": "Europe/Berlin",
		"Central Europe Standard Time": "Europe/Budapest", "Central European Standard Time": "Europe/Warsaw",
		"Romance Standard Time": "Europe/Paris", "FLE Standard Time": "Europe/Kiev", "E. Europe Standard Time": "Europe/Chisinau",
		"Turkey Standard Time": "Europe/Istanbul", "Kaliningrad Standard Time": "Europe/Kaliningrad", "Belarus Standard Time": "Europe/Minsk",
		"Russian Standard Time": "Europe/Moscow", "Volgograd Standard Time": "Europe/Volgograd", "Russia Time Zone 3": "Europe/Samara",
		"Saratov Standard Time": "Europe/Saratov", "Astrakhan Standard Time": "Europe/Astrakhan", "Georgian Standard Time": "Asia/Tbilisi",
		"Caucasus Standard Time": "Asia/Yerevan", "Azerbaijan Standard Time": "Asia/Baku", "West Asia Standard Time": "Asia/Tashkent",
		"Ekaterinburg Standard Time": "Asia/Yekaterinburg", "Qyzylorda Standard Time": "Asia/Qyzylorda", "Central Asia Standard Time": "Asia/Bishkek",
		"Omsk Standard Time": "Asia/Omsk", "N. Central Asia Standard Time": "Asia/Novosibirsk", "Altai Standard Time": "Asia/Barnaul",
		"Tomsk Standard Time": "Asia/Tomsk", "North Asia Standard Time": "Asia/Krasnoyarsk", "North Asia East Standard Time": "Asia/Irkutsk",
		"Yakutsk Standard Time": "Asia/Yakutsk", "Transbaikal Standard Time": "Asia/Chita", "Vladivostok Standard Time": "Asia/Vladivostok",
		"Sakhalin Standard Time": "Asia/Sakhalin", "Magadan Standard Time": "Asia/Magadan", "Russia Time Zone 10": "Asia/Srednekolymsk",
		"Russia Time Zone 11": "Asia/Kamchatka", "Eastern Standard Time": "America/New_York", "Central Standard Time": "America/Chicago",
		"Mountain Standard Time": "America/Denver", "Pacific Standard Time": "America/Los_Angeles",
	}
}

// describe is a rule as it is told in a fault.
func describe(rule string) string { return fmt.Sprintf("RRULE:%s", rule) }
