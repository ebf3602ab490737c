package ical

import (
	"bytes"
	"encoding/csv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// bom makes spreadsheets read a file as UTF-8.
const bom = "\ufeff"

// gap is how nobody is written in a table.
const gap = "gap"

// CSV writes the final schedule as a table with a heading: schedule, track, person, name, from, to; gaps have a row of their own.
// Fields are separated by semicolons, as spreadsheets with a decimal comma want it. Times are those of the schedule's wall clock,
// but an instant in UTC where the clock shows the same reading twice. The rows tile the horizon, so reading the table back gives
// the same shifts.
func CSV(e *oncall.Evaluator, schedule string, o Options) []byte {
	var b bytes.Buffer
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	t := textsOf(o.Language)
	_ = w.Write([]string{strings.ToLower(t.schedule), strings.ToLower(t.track), t.person, t.name, t.from, t.to}) // a buffer takes everything
	s, _ := e.Roster().Schedule(schedule)
	clock := clockOf(&s)
	for _, track := range tracksOf(e, s.ID) {
		for entry := range joined(e, s.ID, track, o.From, o.To) {
			from, to := later(entry.Start, o.From), earlier(entry.End, o.To)
			member, name := oncall.Member(entry.People).String(), t.nobody
			if len(entry.People) > 0 {
				names := make([]string, 0, len(entry.People))
				for _, id := range entry.People {
					names = append(names, clean(nameOf(e.Roster(), id)))
				}
				name = harmless(strings.Join(names, ", "))
			}
			_ = w.Write([]string{s.ID, track, member, name, clock.point(from).String(), clock.point(to).String()})
		}
	}
	w.Flush()
	return b.Bytes()
}

// harmless keeps a spreadsheet from taking a name for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		return "'" + s
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
