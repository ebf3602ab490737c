package report

import "time"

// Teller tells times in a language and a zone, as reports do.
type Teller struct{ s speech }

// NewTeller returns a teller; an unknown zone is UTC.
func NewTeller(language, zone string) Teller {
	return Teller{newSpeech(Model{Language: language, Zone: zone})}
}

// Clock is the time of the day.
func (t Teller) Clock(at time.Time) string { return t.s.clock(at) }

// Day is a date with its day of the week.
func (t Teller) Day(at time.Time) string { return t.s.weekday(at) }

// Near is a moment, with its date only when that is another than that of now.
func (t Teller) Near(at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.s.near(at, now)
}

// Zone says by which clock times are told.
func (t Teller) Zone(at time.Time) string { return t.s.zoneName(at) }
