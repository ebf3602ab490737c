package ical

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// column is what a heading means.
type column string

const (
	colSchedule   column = "schedule"
	colTrack      column = "track"
	colPerson     column = "person"
	colName       column = "name" // read only when there is no person
	colDate       column = "date" // for from and to that are times of day
	colFrom       column = "from"
	colTo         column = "to"
	colInstead    column = "instead"
	colSubstitute column = "substitute"
	colReason     column = "reason"
	colIgnored    column = ""
	colCount      column = "#" // how many headings there are
)

// headings returns what headings mean, folded. A table pasted from a spreadsheet has Russian ones.
func headings() map[string]column {
	m := map[string]column{"": colIgnored, "№": colIgnored, "n": colIgnored, "no": colIgnored, "#": colIgnored}
	for c, names := range map[column][]string{
		colSchedule:   {"schedule", "расписание", "график", "дежурство"},
		colTrack:      {"track", "линия", "дорожка", "очередь"},
		colPerson:     {"person", "people", "member", "on duty", "дежурный", "дежурные", "сотрудник", "инженер", "человек", "кто"},
		colName:       {"name", "имя", "фио", "фамилия"},
		colDate:       {"date", "day", "дата", "день"},
		colFrom:       {"from", "start", "begin", "с", "от", "начало"},
		colTo:         {"to", "end", "until", "по", "до", "конец", "окончание"},
		colInstead:    {"instead", "instead of", "вместо"},
		colSubstitute: {"substitute", "cover", "заместитель", "замещает", "замена"},
		colReason:     {"reason", "comment", "note", "причина", "комментарий", "примечание"},
	} {
		for _, n := range names {
			m[n] = c
		}
	}
	return m
}

// ReadCSV reads a table into an edit. Its first line names the columns, in English or Russian, in any order:
//
//	schedule;track;person;from;to;instead;substitute;reason
//	расписание;линия;дежурный;с;по;вместо;заместитель;причина
//
// Fields are separated by semicolons, tabs or commas, whichever the first line has most of. Times are written as
// "2026-01-05 09:00", "05.01.2026 09:00" or instants such as "2026-01-05T06:00:00Z"; a bare date in "to" means the end of that
// day; times of day alone belong to the column "date", and a "to" that is not later belongs to the next day. A member is written
// as in a layer: "anna", "anna + boris", "gap". Whatever is wrong is in the error, which is then of type [Faults].
func ReadCSV(data []byte, r *oncall.Roster, t Target) (Import, error) {
	b := newBook(r, t)
	if len(data) > maxBytes {
		b.fault(0, TooLarge, maxBytes>>20, "MiB")
		return Import{}, b.faults
	}
	text := decode(data)
	in := csv.NewReader(strings.NewReader(text))
	in.Comma = separatorOf(text)
	in.FieldsPerRecord = -1
	in.TrimLeadingSpace = in.Comma != '\t'
	head, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			b.fault(0, Empty)
		} else {
			b.fault(1, BadRow, err)
		}
		return Import{}, b.faults
	}
	line, _ := in.FieldPos(0)
	columns := b.columns(line, head)
	if len(b.faults) > 0 {
		return Import{}, b.faults
	}
	for b.tableRow(in, columns) {
	}
	return b.done()
}

func separatorOf(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	best := ';'
	for _, r := range "\t," {
		if strings.Count(first, string(r)) > strings.Count(first, string(best)) {
			best = r
		}
	}
	return best
}

// columns finds the place of each column.
func (b *book) columns(line int, head []string) map[column]int {
	known, found := headings(), map[column]int{colCount: len(head)}
	for i, h := range head {
		c, ok := known[fold(strings.Trim(h, " :."))]
		if !ok {
			b.fault(line, BadColumn, h)
			continue
		}
		if _, twice := found[c]; twice && c != colIgnored {
			b.fault(line, TwoColumns, string(c))
		}
		found[c] = i
	}
	if _, ok := found[colPerson]; !ok {
		if i, named := found[colName]; named {
			found[colPerson] = i
		} else {
			b.fault(line, NoColumn, string(colPerson))
		}
	}
	for _, c := range []column{colFrom, colTo} {
		if _, ok := found[c]; !ok {
			b.fault(line, NoColumn, string(c))
		}
	}
	return found
}

// tableRow reads one line; it reports false at the end.
func (b *book) tableRow(in *csv.Reader, columns map[column]int) bool {
	record, err := in.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			b.fault(bad.StartLine, BadRow, bad.Err)
		} else {
			b.fault(0, Unreadable, err)
		}
		return false // what comes after a bad quote can not be told apart
	}
	line, _ := in.FieldPos(0)
	if b.total++; b.total > maxRows {
		b.fault(line, TooLarge, maxRows, "rows")
		return false
	}
	cell := func(c column) string {
		if i, ok := columns[c]; ok && c != colIgnored && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	if strings.Join(record, "") == "" {
		return true // an empty line of a spreadsheet
	}
	for _, extra := range record[min(len(record), columns[colCount]):] {
		if strings.TrimSpace(extra) != "" {
			b.fault(line, ExtraCell, extra)
			return true
		}
	}
	r := row{line: line, reason: cell(colReason)}
	s, track, placed := b.place(line, cell(colSchedule), cell(colTrack))
	r.schedule, r.track = s.ID, track
	member, named := b.members(line, cell(colPerson))
	r.member = member
	ok := placed && named
	for _, other := range []struct {
		name string
		into *string
	}{{cell(colInstead), &r.instead}, {cell(colSubstitute), &r.substitute}} {
		if other.name != "" {
			id, found := b.person(line, other.name)
			*other.into, ok = id, ok && found
		}
	}
	clock := clockOf(&s)
	if s.ID == "" {
		clock = b.absenceClock(r)
	}
	from, to, timed := b.times(line, cell(colDate), cell(colFrom), cell(colTo), clock)
	if ok && timed {
		r.from, r.to = from, to
		b.add(r)
	}
	return true
}

// times reads the ends of a row. It reports false after a fault.
func (b *book) times(line int, date, from, to string, clock clock) (start, end time.Time, ok bool) {
	var day, f, t reading
	ok = true
	for _, cell := range []struct {
		text string
		name column
		into *reading
	}{{date, colDate, &day}, {from, colFrom, &f}, {to, colTo, &t}} {
		if cell.text == "" {
			if cell.name != colDate {
				b.fault(line, NoTime, string(cell.name))
				ok = false
			}
			continue
		}
		read, good := readTime(cell.text)
		if !good {
			b.fault(line, BadTime, cell.text)
			ok = false
		}
		*cell.into = read
	}
	if !ok {
		return start, end, false
	}
	if !f.dated && !day.dated {
		b.fault(line, NoTime, string(colDate))
		return start, end, false
	}
	if !f.dated {
		f.civil, f.dated = onDate(day.civil, f.civil), true
	}
	switch {
	case !t.dated:
		on := f.civil
		if !f.instant.IsZero() {
			on = oncall.CivilAt(f.instant, clock.zoneOf(func(oncall.Zone) time.Time { return f.instant }))
		}
		end := onDate(on, t.civil)
		if !on.Before(end) {
			end = end.AddDays(1) // overnight
		}
		t.civil = end
	case !t.timed:
		t.civil = t.civil.AddDays(1) // through that day
	}
	return f.in(clock), t.in(clock), true
}

// onDate returns the time of day of a reading without a date, on a date.
func onDate(date, clock oncall.Civil) oncall.Civil {
	c := date.At(clock.Clock())
	if _, _, d := clock.Date(); d == 2 {
		c = c.AddDays(1) // 24:00
	}
	return c
}

func (r reading) in(c clock) time.Time {
	if !r.instant.IsZero() {
		return r.instant
	}
	return c.zoneAt(r.civil).Resolve(r.civil, oncall.First)
}
