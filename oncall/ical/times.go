package ical

import (
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// reading is a time as a table has it.
type reading struct {
	civil   oncall.Civil
	instant time.Time // set when the text said which
	dated   bool      // a date was written
	timed   bool      // a time of day was written
}

// dateLayouts are the spellings of dates that spreadsheets make.
func dateLayouts() []string {
	return []string{"2006-01-02", "02.01.2006", "2.1.2006", "02.01.06", "2006/01/02", "02/01/2006"}
}

// readTime reads a date, a date and time, a time of day or an instant.
func readTime(s string) (reading, bool) {
	s = strings.Join(strings.Fields(s), " ")
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return reading{instant: t.UTC().Truncate(time.Second), dated: true, timed: true}, plausible(t.Year())
	}
	date, clock, both := strings.Cut(strings.Replace(s, "T", " ", 1), " ")
	if !both && strings.Contains(s, ":") {
		date, clock = "", s
	}
	var r reading
	if date != "" {
		for _, layout := range dateLayouts() {
			if t, err := time.Parse(layout, date); err == nil {
				y, m, d := t.Date()
				r.civil, r.dated = oncall.NewCivil(y, m, d, 0, 0, 0), plausible(y)
				break
			}
		}
		if !r.dated {
			return r, false
		}
	}
	if clock == "" {
		return r, r.dated
	}
	c, ok := readClock(clock)
	if !ok {
		return r, false
	}
	if !r.dated {
		r.civil = oncall.NewCivil(2000, 1, 1, 0, 0, 0) // the date comes from elsewhere
	}
	r.civil, r.timed = r.civil.At(c), true
	return r, true
}

// readClock reads "9:00", "09:00", "09:00:30" or "24:00".
func readClock(s string) (oncall.Clock, bool) {
	if len(s) > 1 && s[1] == ':' {
		s = "0" + s
	}
	c, err := oncall.ParseClock(s)
	return c, err == nil
}

// plausible keeps typing errors such as the year 20226 from becoming a rota.
func plausible(year int) bool { return year >= 1970 && year < 2200 }
