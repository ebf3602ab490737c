package ical

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// rule is the part of a recurrence rule (RFC 5545 section 3.3.10) that is understood.
type rule struct {
	weekly   bool // else daily
	interval int
	count    int          // 0: not bounded so
	until    oncall.Civil // in the zone of the event; zero: not bounded so
	days     []time.Weekday
	monday   int // days from the beginning of the week to Monday
}

// parseRule reads FREQ=DAILY or FREQ=WEEKLY with INTERVAL, COUNT, UNTIL, BYDAY (weekly, without numbers) and WKST.
func parseRule(s string, zone oncall.Zone) (rule, bool) {
	r := rule{interval: 1}
	freq := ""
	for part := range strings.SplitSeq(s, ";") {
		name, v, _ := strings.Cut(part, "=")
		var err error
		ok := true
		switch name {
		case "FREQ":
			freq = v
		case "INTERVAL":
			r.interval, err = strconv.Atoi(v)
			ok = r.interval > 0 && r.interval < 1000
		case "COUNT":
			r.count, err = strconv.Atoi(v)
			ok = r.count > 0
		case "UNTIL":
			r.until, ok = parseUntil(v, zone)
		case "BYDAY":
			r.days, ok = parseDays(v)
		case "WKST":
			var first []time.Weekday
			if first, ok = parseDays(v); ok {
				r.monday = (8 - int(first[0])) % 7
			}
		default:
			ok = false
		}
		if err != nil || !ok {
			return r, false
		}
	}
	r.weekly = freq == "WEEKLY"
	return r, r.weekly || freq == "DAILY" && len(r.days) == 0
}

// parseUntil reads the last moment of a repetition; a bare date includes that day.
func parseUntil(s string, zone oncall.Zone) (oncall.Civil, bool) {
	c, wholeDay, ok := parseStamp(s)
	switch {
	case wholeDay:
		return c.At(24*3600 - 1), ok
	case strings.HasSuffix(s, "Z"):
		return oncall.CivilAt(oncall.ZoneOf(time.UTC).Resolve(c, oncall.First), zone), ok
	default:
		return c, ok
	}
}

func parseDays(s string) ([]time.Weekday, bool) {
	var days []time.Weekday
	for d := range strings.SplitSeq(s, ",") {
		i := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, d)
		if i < 0 {
			return nil, false
		}
		days = append(days, time.Weekday(i))
	}
	return days, len(days) > 0
}

// repeat adds a row for each time an event occurs. Both ends move on the wall clock, so that a night shift ends at the same hour
// also where clocks change and its neighbours still meet it.
func (b *book) repeat(r row, text string, span eventSpan, except []string) {
	rule, ok := parseRule(text, span.from.zone)
	if !ok {
		b.fault(r.line, BadRepeat, describe(text))
		return
	}
	limit := b.to
	if !b.target.To.IsZero() {
		limit = b.target.To.In(span.from.zone)
	}
	if rule.count == 0 && rule.until.IsZero() && limit.IsZero() {
		b.fault(r.line, EndlessRepeat, describe(text))
		return
	}
	n := 0
	for day := 0; ; day++ {
		from := span.from.addDays(day)
		if rule.count > 0 && n >= rule.count || !rule.until.IsZero() && rule.until.Before(from.civil) || !limit.IsZero() && !from.in().Before(limit) {
			return
		}
		if day > 100*366 { // a century: nobody means that
			b.fault(r.line, BadRepeat, describe(text))
			return
		}
		if !rule.on(span.from.civil, from.civil, day) {
			continue
		}
		n++
		if b.total++; b.total > maxRows {
			b.fault(r.line, TooLarge, maxRows, "events")
			return
		}
		if !excepted(from, except) {
			r.from, r.to = from.in(), span.to.addDays(day).in()
			b.add(r)
		}
	}
}

// on reports whether the event occurs on a date, that many days after its first one.
func (r rule) on(first, date oncall.Civil, day int) bool {
	if !r.weekly {
		return day%r.interval == 0
	}
	if len(r.days) == 0 {
		return day%(7*r.interval) == 0
	}
	into := (int(first.Weekday()) + 6 + r.monday) % 7 // of the first date into its week
	return (into+day)/7%r.interval == 0 && slices.Contains(r.days, date.Weekday())
}

// excepted reports whether EXDATE takes an occurrence away: it names its beginning, or its date.
func excepted(m moment, except []string) bool {
	for _, s := range except {
		c, wholeDay, ok := parseStamp(s)
		if !ok {
			continue
		}
		zone := m.zone
		if strings.HasSuffix(s, "Z") {
			zone = oncall.ZoneOf(time.UTC)
		}
		if wholeDay && c == m.civil.At(0) || !wholeDay && zone.Resolve(c, oncall.First).Equal(m.in()) {
			return true
		}
	}
	return false
}
