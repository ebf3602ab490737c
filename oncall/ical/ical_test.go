package ical_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/ical"
)

var update = flag.Bool("update", false, "write the golden files anew")

func zone(t rapid.TB, name string) oncall.Zone {
	t.Helper()
	z, err := oncall.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func civil(t rapid.TB, s string) oncall.Civil {
	t.Helper()
	c, err := oncall.ParseCivil(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// roster is a line with a weekly primary, and a secondary on weekday nights.
func roster(t rapid.TB) oncall.Roster {
	t.Helper()
	person := func(id, name string) oncall.Person {
		return oncall.Person{ID: id, Name: name, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550001"}}}
	}
	weeks := oncall.Layer{
		ID: "weeks", Members: []oncall.Member{{"anna"}, {"boris", "vera"}, {"vera"}},
		Handoff: oncall.Handoff{Unit: oncall.Week, Anchor: civil(t, "2026-01-05 09:00")},
	}
	nights := oncall.Layer{
		ID: "nights", Members: []oncall.Member{{"boris"}, {"anna"}}, From: civil(t, "2026-01-05"),
		Handoff: oncall.Handoff{Unit: oncall.Day, Anchor: civil(t, "2026-01-05 09:00")},
		Windows: []oncall.Window{{
			Days: oncall.WeekdaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), From: 21 * 3600, To: 9 * 3600,
		}},
	}
	return oncall.Roster{
		People: []oncall.Person{person("anna", "Анна Смирнова"), person("boris", "Борис Орлов; мл., \\"), person("vera", "Вера Ёлкина")},
		Schedules: []oncall.Schedule{{
			ID: "duty", Name: "Дежурство", Zone: zone(t, "Europe/Moscow"),
			Tracks: []oncall.Track{
				{ID: "primary", Name: "Основной", Layers: []oncall.Layer{weeks}},
				{ID: "second", Name: "Второй", Layers: []oncall.Layer{nights}},
			},
		}},
	}
}

func options() ical.Options {
	return ical.Options{
		From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC),
		Version: ical.Version{Revision: 41, EditedAt: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s has changed (-want +got); when that is meant, run with -update:\n%s", name, d)
	}
}

func TestWhatGoesOut(t *testing.T) {
	t.Parallel()
	e := oncall.Compile(roster(t))
	golden(t, "schedule.ics", ical.Schedule(e, "duty", options()))
	golden(t, "person.ics", ical.Person(e, "boris", options()))
	en := options()
	en.Language = "en"
	golden(t, "schedule.csv", ical.CSV(e, "duty", en))
}

// events reads a calendar with the library's own parser.
func events(t *testing.T, b []byte) map[string]*ics.VEvent {
	t.Helper()
	cal, err := ics.ParseCalendar(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v in\n%s", err, b)
	}
	all := map[string]*ics.VEvent{}
	for _, v := range cal.Events() {
		if all[v.Id()] != nil {
			t.Errorf("two events have the UID %s", v.Id())
		}
		all[v.Id()] = v
	}
	return all
}

// An edit, a later look and a moved horizon leave events what they are; only the edit raises SEQUENCE of what it did not touch.
func TestEventsKeepTheirIdentity(t *testing.T) {
	t.Parallel()
	r := roster(t)
	o := options()
	before := events(t, ical.Schedule(oncall.Compile(r), "duty", o))
	if again := ical.Schedule(oncall.Compile(r), "duty", o); !bytes.Equal(again, ical.Schedule(oncall.Compile(roster(t)), "duty", o)) {
		t.Error("equal rotas give different bytes")
	}

	edited := roster(t)
	edited.Schedules[0].Tracks[0].Layers[0].Members[2] = oncall.Member{"anna"} // vera's week goes to anna
	o.Version = ical.Version{Revision: 42, EditedAt: o.Version.EditedAt.Add(time.Hour)}
	after := events(t, ical.Schedule(oncall.Compile(edited), "duty", o))
	for uid, v := range before {
		w := after[uid]
		if w == nil {
			continue // vera's week has joined anna's
		}
		if number(v, "SEQUENCE") >= number(w, "SEQUENCE") || number(v, "LAST-MODIFIED") >= number(w, "LAST-MODIFIED") {
			t.Errorf("event %s: SEQUENCE %s then %s, LAST-MODIFIED %s then %s", uid, number(v, "SEQUENCE"), number(w, "SEQUENCE"), number(v, "LAST-MODIFIED"), number(w, "LAST-MODIFIED"))
		}
	}

	o = options()
	o.From, o.To = o.From.AddDate(0, 0, 3), o.To.AddDate(0, 1, 0)
	moved := events(t, ical.Schedule(oncall.Compile(r), "duty", o))
	kept := 0
	for uid, v := range before {
		if w := moved[uid]; w != nil {
			kept++
			if number(v, "DTSTART") != number(w, "DTSTART") || number(v, "DTEND") != number(w, "DTEND") {
				t.Errorf("event %s has moved with the horizon", uid)
			}
		}
	}
	if kept < len(before)-3 {
		t.Errorf("only %d of %d events are still there", kept, len(before))
	}
}

func number(v *ics.VEvent, name ics.ComponentProperty) string { return v.GetProperty(name).Value }

// TestHorizonCoversAYear: whatever the day, twelve months ahead are shown.
func TestHorizonCoversAYear(t *testing.T) {
	t.Parallel()
	for now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); now.Year() < 2028; now = now.AddDate(0, 0, 1) {
		from, to := ical.Horizon(now)
		if from.After(now) || to.Before(now.AddDate(1, 0, 0)) {
			t.Errorf("at %s: %s to %s", now, from, to)
		}
	}
}

// A shift without an end in sight, and one that began long ago, are one event.
func TestEndlessShift(t *testing.T) {
	t.Parallel()
	r := roster(t)
	r.Schedules[0].Tracks[0].Layers[0] = oncall.Layer{ID: "always", Members: []oncall.Member{{"anna"}}, From: civil(t, "2020-01-01")}
	got := ical.Person(oncall.Compile(r), "anna", options())
	list := ical.Turns(oncall.Compile(r), "anna", options().From, options().To)
	i := slices.IndexFunc(list, func(e ical.Entry) bool { return e.Track == "primary" })
	if i < 0 || !list[i].Cut || !list[i].Endless || !strings.Contains(strings.ReplaceAll(string(got), "\r\n ", ""), "… – конца не видно") {
		t.Errorf("turns %+v in\n%s", list, got)
	}
}

// shifts is what one track says, as text.
func shifts(e *oncall.Evaluator, track string, from, to time.Time) string {
	var b strings.Builder
	for _, x := range ical.Entries(e, "duty", from, to, true) {
		if x.Track != track {
			continue
		}
		start, end := x.Start, x.End
		if start.Before(from) {
			start = from
		}
		if end.After(to) {
			end = to
		}
		b.WriteString(start.Format(time.RFC3339) + " " + end.Format(time.RFC3339) + " " + oncall.Member(x.People).String() + "\n")
	}
	return b.String()
}

// written is what a temporary schedule says, as text; gaps are filled in.
func written(tmp *oncall.Temporary, z oncall.Zone) string {
	var b strings.Builder
	at := tmp.From.In(z)
	line := func(from, to time.Time, m oncall.Member) {
		b.WriteString(from.Format(time.RFC3339) + " " + to.Format(time.RFC3339) + " " + m.String() + "\n")
	}
	for _, s := range tmp.Shifts {
		if from := s.From.In(z); at.Before(from) {
			line(at, from, nil)
		}
		line(s.From.In(z), s.To.In(z), s.Member)
		at = s.To.In(z)
	}
	if end := tmp.To.In(z); at.Before(end) {
		line(at, end, nil)
	}
	return b.String()
}

// randomRoster has one track of random layers in a random zone.
func randomRoster(t *rapid.T) (oncall.Roster, time.Time, time.Time) {
	z := zone(t, rapid.SampledFrom([]string{
		"Europe/Moscow", "America/Chicago", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "Asia/Kathmandu", "America/Santiago", "UTC",
	}).Draw(t, "zone"))
	people := []oncall.Person{{ID: "anna", Name: "Anna"}, {ID: "boris", Name: "Boris"}, {ID: "vera", Name: "Vera"}}
	member := rapid.SampledFrom([]oncall.Member{{"anna"}, {"boris"}, {"vera"}, {"vera", "anna"}, nil})
	year := rapid.IntRange(1970, 2060).Draw(t, "year")
	anchor := oncall.NewCivil(year, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 30, 0)
	var layers []oncall.Layer
	for i := range rapid.IntRange(1, 2).Draw(t, "layers") {
		l := oncall.Layer{
			ID: string(rune('a' + i)), Priority: i, Members: rapid.SliceOfN(member, 1, 4).Draw(t, "members"),
			Handoff: oncall.Handoff{
				Unit: rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day, oncall.Week}).Draw(t, "unit"), Every: rapid.IntRange(3, 9).Draw(t, "every"), Anchor: anchor,
			},
		}
		if rapid.Bool().Draw(t, "window") {
			clock := rapid.IntRange(0, 47)
			l.Windows = []oncall.Window{{From: oncall.Clock(1800 * clock.Draw(t, "from")), To: oncall.Clock(1800 * clock.Draw(t, "to"))}}
		}
		layers = append(layers, l)
	}
	before := -3
	if year == 1970 {
		before = 0 // the reader takes no year before 1970 for a date
	}
	from := z.Resolve(anchor, oncall.First).AddDate(0, 0, rapid.IntRange(before, 200).Draw(t, "after"))
	return oncall.Roster{People: people, Schedules: []oncall.Schedule{{
		ID: "duty", Name: "Duty", Zone: z, Tracks: []oncall.Track{{ID: "primary", Layers: layers}},
	}}}, from, from.AddDate(0, 0, rapid.IntRange(1, 40).Draw(t, "days"))
}

// TestExportThenImport: what goes out comes back the same, by both ways.
func TestExportThenImport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, from, to := randomRoster(t)
		e := oncall.Compile(r)
		want := shifts(e, "primary", from, to)
		o := ical.Options{From: from, To: to, Version: ical.Version{Revision: 1, EditedAt: from}}
		target := ical.Target{As: ical.AsTemporary}
		table, err := ical.ReadCSV(ical.CSV(e, "duty", o), &r, target)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, written(table.Edit.Temporary, r.Schedules[0].Zone)); d != "" {
			t.Errorf("through CSV (-exported +imported):\n%s", d)
		}
		calendar, err := ical.ReadCalendar(ical.Schedule(e, "duty", o), &r, target)
		if !strings.Contains(want, "anna") && !strings.Contains(want, "boris") && !strings.Contains(want, "vera") {
			if err == nil {
				t.Error("a calendar without events was imported")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, written(calendar.Edit.Temporary, r.Schedules[0].Zone)); d != "" {
			t.Errorf("through iCalendar (-exported +imported):\n%s", d)
		}
		for _, tmp := range []*oncall.Temporary{table.Edit.Temporary, calendar.Edit.Temporary} {
			again := r
			tmp.ID = "t"
			again.Temporaries = []oncall.Temporary{*tmp}
			if d := cmp.Diff(want, shifts(oncall.Compile(again), "primary", from, to)); d != "" {
				t.Errorf("evaluated (-exported +imported):\n%s", d)
			}
		}
	})
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	cyrillic := "Дежурный;С;По;Вместо\r\nОрлов;05.12.2026 09:00;06.12.2026 09:00;Смирнова Анна\r\n"
	cp1251, err := charmap.Windows1251.NewEncoder().String(cyrillic)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, in string
		as       ical.As
		want     string
	}{
		{"russian headings", cyrillic, ical.AsOverrides, "boris for anna 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"windows-1251", cp1251, ical.AsOverrides, "boris for anna 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"a byte order mark", "\ufeff" + cyrillic, ical.AsOverrides, "boris for anna 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"tabs", "кто\tс\tпо\nвера елкина\t2026-12-05 09:00\t2026-12-06T09:00\n", ical.AsOverrides, "vera for  2026-12-05 09:00 – 2026-12-06 09:00"},
		{"a bare date ends with its day", "person,from,to\nvera,2026-12-01,14.12.2026\n", ical.AsAbsences, "vera off 2026-12-01 00:00 – 2026-12-15 00:00"},
		{"a date and times", "дата;с;до;дежурный\n05.12.2026;21:00;9:00;vera\n\n;;;\n", ical.AsOverrides, "vera for  2026-12-05 21:00 – 2026-12-06 09:00"},
		{"to midnight", "дата;с;до;дежурный\n05.12.2026;00:00;24:00;vera\n", ical.AsOverrides, "vera for  2026-12-05 00:00 – 2026-12-06 00:00"},
		{"an instant", "person;from;to\nvera;2026-12-05T06:00:00Z;2026-12-05T15:00:00+03:00\n", ical.AsOverrides, "vera for  2026-12-05 09:00 – 2026-12-05 15:00"},
		{
			"overlaps are together", "person;from;to\nanna;2026-12-05 09:00;2026-12-07 09:00\nvera + boris;2026-12-06 09:00;2026-12-08 09:00\ngap;2026-12-08 09:00;2026-12-09 09:00\n",
			ical.AsTemporary, "anna 2026-12-05 09:00 – 2026-12-06 09:00\nanna + vera + boris 2026-12-06 09:00 – 2026-12-07 09:00\nvera + boris 2026-12-07 09:00 – 2026-12-08 09:00\ngap 2026-12-08 09:00 – 2026-12-09 09:00",
		},
		{"in the place of somebody, nobody", "person;from;to;instead\n-;2026-12-05 09:00;2026-12-07 09:00;vera\n", ical.AsOverrides, " for vera 2026-12-05 09:00 – 2026-12-07 09:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := roster(t)
			got, err := ical.ReadCSV([]byte(tt.in), &r, ical.Target{As: tt.as, Schedule: "duty"})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, told(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// told is an import in words.
func told(i ical.Import) string {
	var lines []string
	all := i.Edit.Import
	if all == nil {
		all = append(all, i.Edit)
	}
	for _, e := range all {
		switch {
		case e.Override != nil:
			for _, c := range e.Override.Changes {
				lines = append(lines, c.Add+" for "+c.Remove+" "+c.From.String()+" – "+c.To.String())
			}
		case e.Absence != nil:
			lines = append(lines, e.Absence.Person+" off "+e.Absence.From.String()+" – "+e.Absence.To.String())
		case e.Temporary != nil:
			for _, s := range e.Temporary.Shifts {
				lines = append(lines, s.Member.String()+" "+s.From.String()+" – "+s.To.String())
			}
		}
	}
	return strings.Join(lines, "\n")
}

func calendar(events ...string) string {
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"}
	for _, e := range events {
		lines = append(lines, "BEGIN:VEVENT", "UID:1")
		lines = append(lines, strings.Split(e, "|")...)
		lines = append(lines, "END:VEVENT")
	}
	return strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")
}

func TestReadCalendar(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, event string
		want        string
	}{
		{"UTC", "SUMMARY:Anna|SUMMARY:anna|DTSTART:20261205T060000Z|DTEND:20261206T060000Z", ""},
		{"in UTC", "SUMMARY:anna|DTSTART:20261205T060000Z|DTEND:20261206T060000Z", "anna 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"in a zone", "SUMMARY:Вера|DTSTART;TZID=Asia/Yekaterinburg:20261205T110000|DTEND;TZID=Asia/Yekaterinburg:20261206T110000", "vera 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"in a zone of Outlook", "SUMMARY:Вера|DTSTART;TZID=Ekaterinburg Standard Time:20261205T110000|DURATION:P1D", "vera 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"floating", "SUMMARY:Вера|DTSTART:20261205T090000|DTEND:20261206T090000", "vera 2026-12-05 09:00 – 2026-12-06 09:00"},
		{"all day", "SUMMARY:Вера|DTSTART;VALUE=DATE:20261205|DTEND;VALUE=DATE:20261207", "vera 2026-12-05 00:00 – 2026-12-07 00:00"},
		{"one whole day", "SUMMARY:Вера|DTSTART;VALUE=DATE:20261205", "vera 2026-12-05 00:00 – 2026-12-06 00:00"},
		{"several, after a title", "SUMMARY:Горячая линия: Вера\\, Анна Смирнова|DTSTART:20261205T090000|DURATION:PT12H", "vera + anna 2026-12-05 09:00 – 2026-12-05 21:00"},
		{"attendees", "SUMMARY:Дежурство|ATTENDEE;CN=\"Анна Смирнова\":mailto:anna@example.com|DTSTART:20261205T090000|DURATION:PT12H", "anna 2026-12-05 09:00 – 2026-12-05 21:00"},
		{
			"weekly", "SUMMARY:anna|DTSTART:20261207T090000|DURATION:PT12H|RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3|EXDATE:20261209T090000",
			"anna 2026-12-07 09:00 – 2026-12-07 21:00\nanna 2026-12-14 09:00 – 2026-12-14 21:00",
		},
		{
			"every other day until", "SUMMARY:anna|DTSTART:20261207T210000|DTEND:20261208T090000|RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20261209T180000Z",
			"anna 2026-12-07 21:00 – 2026-12-08 09:00\nanna 2026-12-09 21:00 – 2026-12-10 09:00",
		},
	}
	for _, tt := range tests[1:] {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := roster(t)
			got, err := ical.ReadCalendar([]byte(calendar(tt.event)), &r, ical.Target{As: ical.AsTemporary})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, told(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Each row that is not understood is named by its line, and nothing is taken.
func TestFaultsNameLines(t *testing.T) {
	t.Parallel()
	good := "SUMMARY:anna|DTSTART:20261205T060000Z|DTEND:20261206T060000Z"
	tests := []struct {
		name, in string
		csv      bool
		as       ical.As
		want     string
	}{
		{name: "who", in: calendar(good, "SUMMARY:Geist|DTSTART:20261205T060000Z|DTEND:20261206T060000Z"), want: "line 10: nobody is called \"Geist\""},
		{name: "no end", in: calendar("SUMMARY:anna|DTSTART:20261205T060000Z"), want: "line 4: DTEND is missing"},
		{name: "backwards", in: calendar("SUMMARY:anna|DTSTART:20261205T060000Z|DTEND:20261205T060000Z"), want: "line 4: it ends"},
		{name: "a zone", in: calendar("SUMMARY:anna|DTSTART;TZID=Customized Time Zone:20261205T060000|DURATION:PT1H"), want: "line 4: the time zone"},
		{name: "monthly", in: calendar("SUMMARY:anna|DTSTART:20261205T060000Z|DURATION:PT1H|RRULE:FREQ=MONTHLY;COUNT=2"), want: "line 4: the repetition"},
		{name: "endless", in: calendar("SUMMARY:anna|DTSTART:20261205T060000Z|DURATION:PT1H|RRULE:FREQ=DAILY"), want: "has no end"},
		{name: "one of many", in: calendar("SUMMARY:anna|RECURRENCE-ID:20261205T060000Z|DTSTART:20261205T060000Z|DURATION:PT1H"), want: "line 4: it changes one event"},
		{name: "cut off", in: strings.TrimSuffix(calendar(good), "END:VCALENDAR\r\n"), want: "ends before END:VCALENDAR"},
		{name: "not a calendar", in: "<html>", want: "can not be read"},
		{name: "empty", in: calendar(), want: "no rows"},
		{name: "csv who", csv: true, in: "person;from;to\nanna;2026-12-05 09:00;2026-12-06 09:00\nnull;2026-12-05 09:00;2026-12-06 09:00\n", want: "line 3: nobody is called \"null\""},
		{name: "csv time", csv: true, in: "person;from;to\nanna;5 декабря;2026-12-06 09:00\n", want: "line 2: \"5 декабря\" is no time"},
		{name: "csv columns", csv: true, in: "person;from;tel\nanna;a;b\n", want: "line 1: the column \"tel\" is not known"},
		{name: "csv no column", csv: true, in: "person;from\nanna;a\n", want: "line 1: there is no column \"to\""},
		{name: "csv quote", csv: true, in: "person;from;to\n\"anna;2026-12-05 09:00;2026-12-06 09:00\n", want: "line 2: the row can not be read"},
		{name: "csv nobody", csv: true, in: "person;from;to\n;2026-12-05 09:00;2026-12-06 09:00\n", want: "line 2: the row names nobody"},
		{name: "csv gap as an override", csv: true, as: ical.AsOverrides, in: "person;from;to\ngap;2026-12-05 09:00;2026-12-06 09:00\n", want: "line 2: an override that puts nobody"},
		{name: "unbalanced", in: "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", want: "line 3: END does not end"},
		{name: "csv beyond the headings", csv: true, in: "person;from;to\nanna;2026-12-05 09:00;2026-12-06 09:00;vera\n", want: "line 2: \"vera\" stands beyond"},
		{name: "csv time without a date", csv: true, in: "person;from;to\nanna;09:00;2026-12-06 09:00\n", want: "line 2: date is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := roster(t)
			read := ical.ReadCalendar
			if tt.csv {
				read = ical.ReadCSV
			}
			as := tt.as
			if as == "" {
				as = ical.AsTemporary
			}
			got, err := read([]byte(tt.in), &r, ical.Target{As: as})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want it to say %q", err, tt.want)
			}
			if told(got) != "" {
				t.Errorf("it took %s", told(got))
			}
			faults, _ := errors.AsType[ical.Faults](err)
			if ru := faults.Text("ru"); !strings.Contains(ru, "ничего не импортировано") || strings.Contains(ru, "%!") || strings.Contains(err.Error(), "%!") {
				t.Errorf("texts %s\n%s", err, ru)
			}
		})
	}
}

func TestTwoPeopleOfOneName(t *testing.T) {
	t.Parallel()
	r := roster(t)
	r.People = append(r.People, oncall.Person{ID: "vera2", Name: "Вера Орлова"})
	_, err := ical.ReadCSV([]byte("person;from;to\nВера;2026-12-05 09:00;2026-12-06 09:00\n"), &r, ical.Target{As: ical.AsTemporary})
	if err == nil || !strings.Contains(err.Error(), "vera, vera2") {
		t.Errorf("got %v", err)
	}
	got, err := ical.ReadCSV([]byte("person;from;to\nЕлкина Вера;2026-12-05 09:00;2026-12-06 09:00\n"), &r, ical.Target{As: ical.AsTemporary})
	if err != nil || !strings.HasPrefix(told(got), "vera ") {
		t.Errorf("got %s, %v", told(got), err)
	}
}

// TestSpanCuts: the span of the target is that of the temporary schedule, and what lies outside is left out and counted.
func TestSpanCuts(t *testing.T) {
	t.Parallel()
	r := roster(t)
	in := "person;from;to\nanna;2026-12-01 09:00;2026-12-02 09:00\nvera;2026-12-05 09:00;2026-12-07 09:00\n"
	got, err := ical.ReadCSV([]byte(in), &r, ical.Target{
		As: ical.AsTemporary, From: oncall.CivilPoint(civil(t, "2026-12-06 09:00")), To: oncall.CivilPoint(civil(t, "2026-12-31")), Reason: "праздники",
	})
	if err != nil {
		t.Fatal(err)
	}
	tmp := got.Edit.Temporary
	if told(got) != "vera 2026-12-06 09:00 – 2026-12-07 09:00" || got.Rows != 2 || got.Outside != 1 || tmp.To.String() != "2026-12-31 00:00" || tmp.Reason != "праздники" {
		t.Errorf("got %s %+v", told(got), got)
	}
}

// FuzzReadCalendar: whatever the bytes, there is an edit or there are faults, never both and never a panic.
func FuzzReadCalendar(f *testing.F) {
	f.Add(calendar("SUMMARY:anna|DTSTART:20261205T060000Z|DTEND:20261206T060000Z"))
	f.Add(calendar("SUMMARY:anna|DTSTART;TZID=Europe/Moscow:20261205T060000|DURATION:P1W|RRULE:FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY=SU,MO;UNTIL=20270101|EXDATE:20261213"))
	f.Add("BEGIN:VCALENDAR\nX-VAHTA-FROM:20261205T060000Z\nX-VAHTA-TO:20271205T060000Z\nEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, s string) {
		r := roster(t)
		check(t, &r, func(target ical.Target) (ical.Import, error) { return ical.ReadCalendar([]byte(s), &r, target) })
	})
}

// FuzzReadCSV is FuzzReadCalendar for tables.
func FuzzReadCSV(f *testing.F) {
	f.Add("person;from;to;instead;reason\nanna + vera;2026-12-05 09:00;06.12.2026;boris;x\n")
	f.Add("дата\tс\tдо\tдежурный\n05.12.2026\t21:00\t9:00\tвера\n")
	f.Add("\xff\xfep\x00;\x00")
	f.Fuzz(func(t *testing.T, s string) {
		r := roster(t)
		check(t, &r, func(target ical.Target) (ical.Import, error) { return ical.ReadCSV([]byte(s), &r, target) })
	})
}

func check(t *testing.T, r *oncall.Roster, read func(ical.Target) (ical.Import, error)) {
	t.Helper()
	for _, as := range []ical.As{ical.AsTemporary, ical.AsOverrides, ical.AsAbsences} {
		got, err := read(ical.Target{As: as})
		if err != nil {
			if faults, ok := errors.AsType[ical.Faults](err); told(got) != "" || !ok || len(faults) == 0 {
				t.Errorf("%v beside %s", err, told(got))
			}
			if strings.Contains(err.Error(), "%!") {
				t.Errorf("a text lacks an argument: %v", err)
			}
			continue
		}
		for _, e := range append(got.Edit.Import, got.Edit) {
			if tmp := e.Temporary; tmp != nil {
				z := r.Schedules[0].Zone
				at := tmp.From.In(z)
				for _, s := range tmp.Shifts {
					if s.From.In(z).Before(at) || !s.From.In(z).Before(s.To.In(z)) || s.To.In(z).After(tmp.To.In(z)) {
						t.Errorf("shift %+v of %+v", s, tmp)
					}
					at = s.To.In(z)
				}
			}
		}
	}
}

// A daily event with a DURATION meets the next one also where clocks go back.
func TestRepeatWithDurationLeavesNoHole(t *testing.T) {
	t.Parallel()
	r := roster(t)
	r.Schedules[0].Zone = zone(t, "Europe/Berlin")
	for length, want := range map[string]int{"PT24H": 1, "P1D": 1, "PT12H": 12} {
		event := "SUMMARY:anna|DTSTART;TZID=Europe/Berlin:20261020T090000|DURATION:" + length + "|RRULE:FREQ=DAILY;COUNT=12"
		got, err := ical.ReadCalendar([]byte(calendar(event)), &r, ical.Target{As: ical.AsTemporary})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.Edit.Temporary.Shifts); n != want {
			t.Errorf("%s: %d shifts, want %d: %s", length, n, want, told(got))
		}
	}
}

// A move to another zone that is planned does not change how what lies before it is read.
func TestReadingsBeforeAPlannedMove(t *testing.T) {
	t.Parallel()
	r := roster(t)
	far := r.Schedules[0].RulesAt(time.Time{})
	far.Zone = zone(t, "Asia/Vladivostok")
	r.Schedules[0].Versions = []oncall.Version{{From: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), Rules: far}}
	in := "person;from;to\nanna;2026-12-01 09:00;2026-12-01 18:00\nvera;2027-12-01 09:00;2027-12-01 18:00\n"
	got, err := ical.ReadCSV([]byte(in), &r, ical.Target{As: ical.AsTemporary})
	if err != nil {
		t.Fatal(err)
	}
	want := "anna 2026-12-01T06:00:00Z – 2026-12-01T15:00:00Z\nvera 2027-11-30T23:00:00Z – 2027-12-01T08:00:00Z"
	if d := cmp.Diff(want, told(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
