package oncall_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/ical"
)

// Complaints that are not about one moment: displays, hours, requests, feeds.

// swapped is a rota in which boris has anna's day.
const swapped = `layers: [{members: [anna, vera], handoff: {unit: day, anchor: 2026-11-05 09:00}}], overrides: [{id: o1, by: gleb, changes: [{` + shift + `, remove: anna, add: boris}]}]`

func TestComplaintsOfDisplays(t *testing.T) {
	t.Parallel()
	w := rota(t, swapped)
	e, at := oncall.Compile(w.roster), w.reads(t, noon)
	end := sec(w.reads(t, "2026-11-06 09:00"))
	views := map[string]string{
		"grafana/oncall#1296: the list of those on duty":    said(seats(e.Who("line", sec(at))), false),
		"grafana/oncall#4075: the timeline":                 said(seats(shifts(e, "primary", at, at+60)[0].Duties), false),
		"grafana/oncall#2785: whom a call rings":            said(seats(e.Chain("line", sec(at))[0].Duties), false),
		"OneUptime/oneuptime#2086: asked without the end":   said(seats(e.AppendWho(nil, "line", sec(at))), false),
		"OneUptime/oneuptime#3411: the entries of calendar": ical.Entries(e, "line", sec(at), sec(at+60), false)[0].People[0],
	}
	for view, got := range views {
		if got != "boris" {
			t.Errorf("%s says %s, want boris", view, got)
		}
	}
	// grafana/oncall#4755: the next shift ignores an override.
	if next, ok := e.Next("boris", sec(at-daySeconds)); !ok || !next.Start.Equal(sec(w.reads(t, "2026-11-05 09:00"))) || !next.End.Equal(end) {
		t.Errorf("boris's next shift is %+v", next)
	}
	if next, ok := e.Next("anna", sec(at-daySeconds/2)); !ok || !next.Start.Equal(sec(w.reads(t, "2026-11-07 09:00"))) {
		t.Errorf("anna's next shift is %+v", next)
	}
	// grafana/oncall#3630: the next shift is months ahead.
	far := rota(t, `layers: [{members: [anna, boris], handoff: {unit: month, every: 18, anchor: 2026-11-01 09:00}}]`)
	if next, ok := oncall.Compile(far.roster).Next("boris", sec(far.reads(t, noon))); !ok || !next.Start.Equal(sec(far.reads(t, "2028-05-01 09:00"))) {
		t.Errorf("the shift in 18 months is %+v (%v)", next, ok)
	}
}

// grafana/oncall#2950, #3576, #4688: shifts are shown at another clock than they have. Shifts are instants; the schedule's
// clock shows the hand-off's reading in summer and in winter, and any other clock its own.
func TestComplaintsOfShownClocks(t *testing.T) {
	t.Parallel()
	w := rota(t, `zone: Europe/London, layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-10-19 09:00}}]`)
	list := shifts(oncall.Compile(w.roster), "primary", w.reads(t, "2026-10-19 09:00"), w.reads(t, "2026-11-02 09:00"))
	moscow := zoneNamed(t, "Europe/Moscow")
	var got []string
	for _, s := range list {
		got = append(got, oncall.CivilAt(s.Start, w.zone).String()+" / "+oncall.CivilAt(s.Start, moscow).String())
	}
	if want := []string{"2026-10-19 09:00 / 2026-10-19 11:00", "2026-10-26 09:00 / 2026-10-26 12:00"}; !slices.Equal(got, want) {
		t.Errorf("shown %v, want %v", got, want)
	}
}

func TestComplaintsOfGaps(t *testing.T) {
	t.Parallel()
	codes := func(w world, now string) (list []oncall.WarningCode) {
		for _, warning := range oncall.Lint(oncall.Compile(w.roster), sec(w.reads(t, now))) {
			list = append(list, warning.Code)
		}
		return list
	}
	// grafana/grafana#84192: a hole of an hour that nobody sees.
	hole := rota(t, `layers: [{members: [anna + boris], windows: [{from: "08:00", to: "20:00"}]}, {members: [vera + gleb], windows: [{from: "21:00", to: "08:00"}]}]`)
	if got := codes(hole, noon); !slices.Contains(got, oncall.WarnHole) && !slices.Contains(got, oncall.WarnGap) {
		t.Errorf("a hole of an hour: %v", got)
	}
	// grafana/oncall#1108: warnings of gaps in the past.
	past := rota(t, anna+`, overrides: [{changes: [{`+shift+`, remove: anna}]}]`)
	if got := codes(past, "2026-11-07 09:00"); slices.Contains(got, oncall.WarnGap) || slices.Contains(got, oncall.WarnHole) {
		t.Errorf("a gap that has passed: %v", got)
	}
	if got := codes(past, "2026-11-04 09:00"); !slices.Contains(got, oncall.WarnGap) {
		t.Errorf("a gap that comes: %v", got)
	}
	// grafana/oncall#4936: who has been removed is still told of shifts.
	removed := rota(t, `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-11-01 09:00}}], versions: [{from: 2026-11-05T06:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: l1, members: [anna]}]}]}]`)
	if next, ok := oncall.Compile(removed.roster).Next("boris", sec(removed.reads(t, noon))); ok {
		t.Errorf("boris has been removed, and has a shift %+v", next)
	}
}

func TestComplaintsOfHours(t *testing.T) {
	t.Parallel()
	w := rota(t, `calendar: ru, layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-11-02 00:00}}]`)
	from, to := sec(w.reads(t, "2026-11-02")), sec(w.reads(t, "2026-11-16"))
	load := map[string]oncall.Load{}
	for _, l := range oncall.Fairness(oncall.Compile(w.roster), "line", from, to, nil).People {
		load[l.Person] = l
	}
	if got := load["anna"].Hours; got != 7*24*time.Hour {
		t.Errorf("grafana/oncall#1304: hours per person: anna has %s", got)
	}
	if got := load["anna"].Weekends; got != 48*time.Hour {
		t.Errorf("grafana/oncall#3070: hours on weekdays and weekends: anna has %s of weekends", got)
	}
	if got := load["anna"].Holidays; got != 24*time.Hour {
		t.Errorf("grafana/oncall#1502: days off are shown: anna has %s of holidays, 4 November is one", got)
	}
}

func TestComplaintsOfCovers(t *testing.T) {
	t.Parallel()
	w := rota(t, `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-11-05 09:00}}]`)
	now := sec(w.reads(t, "2026-11-04 12:00"))
	engineer := func(person string) edit.Author {
		return edit.Author{Person: person, Channel: "api", Roles: []oncall.Role{oncall.Engineer}}
	}
	scheduler := edit.Author{Person: "gleb", Channel: "api", Roles: []oncall.Role{oncall.Scheduler}}
	ask := func(asked ...string) *oncall.Request {
		return &oncall.Request{
			ID: "r", Schedule: "line", Track: "primary", Person: "anna", Asked: asked,
			From: oncall.InstantPoint(sec(w.reads(t, "2026-11-05 12:00"))), To: oncall.InstantPoint(sec(w.reads(t, "2026-11-05 15:00"))),
		}
	}
	tests := []struct {
		thread, about   string
		request         *oncall.Request
		asks            edit.Author
		answers         edit.Author
		as              string
		refused, onDuty string
	}{
		{"grafana/oncall#395", "ask for volunteers: anybody may accept", ask(), engineer("anna"), engineer("vera"), "", "", "vera"},
		{"grafana/oncall#3132", "a scheduler asks and accepts for others", ask(), scheduler, scheduler, "vera", "", "vera"},
		{"grafana/oncall#5380", "those who were not asked are left alone, and can not accept", ask("boris"), engineer("anna"), engineer("vera"), "", "accept", "anna"},
		{"incident.io", "a part of one's own shift only", ask(), engineer("boris"), engineer("vera"), "", "ask", "anna"},
	}
	for _, tt := range tests {
		t.Run(tt.thread, func(t *testing.T) {
			t.Parallel()
			roster, refused := w.roster, ""
			result, err := edit.Apply(roster, edit.Edit{Ask: tt.request}, tt.asks, now, func() string { return "id1" })
			if err != nil {
				refused = "ask"
			} else {
				roster = result.Roster
				if got := said(seats(oncall.Compile(roster).Who("line", sec(w.reads(t, "2026-11-05 13:00")))), false); got != "anna" {
					t.Errorf("a request that is not accepted puts %s on duty", got)
				}
				answer := edit.Edit{Answer: &edit.Answer{Request: "r", Verdict: edit.Accept, As: tt.as}}
				if result, err = edit.Apply(roster, answer, tt.answers, now, func() string { return "id2" }); err != nil {
					refused = "accept"
				} else {
					roster = result.Roster
				}
			}
			var refusal *edit.Refusal
			if refused != tt.refused || err != nil && !errors.As(err, &refusal) {
				t.Errorf("%s: refused at %q (%v), want at %q", tt.about, refused, err, tt.refused)
			}
			if got := said(seats(oncall.Compile(roster).Who("line", sec(w.reads(t, "2026-11-05 13:00")))), false); got != tt.onDuty {
				t.Errorf("%s: %s is on duty, want %s", tt.about, got, tt.onDuty)
			}
		})
	}
}

func TestComplaintsOfCalendars(t *testing.T) {
	t.Parallel()
	w := rota(t, swapped)
	w.roster.Schedules[0].Name = "Горячая линия"
	e := oncall.Compile(w.roster)
	from := sec(w.reads(t, "2026-11-05 09:00"))
	text := ical.Schedule(e, "line", ical.Options{From: from, To: from.AddDate(0, 0, 3), Version: ical.Version{Revision: 3, EditedAt: from}})
	unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
	for thread, want := range map[string]string{
		"grafana/oncall#1501: the schedule has its name":                           "X-WR-CALNAME:Горячая линия",
		"grafana/oncall#1501: what is exported is final: boris has anna's shift":   "X-VAHTA-PEOPLE:boris",
		"grafana/oncall#1758: readers see that something changed":                  "SEQUENCE:",
		"grafana/oncall#1695: … and when":                                          "LAST-MODIFIED:20261105T060000Z",
		"target/goalert#3061: the whole team in one feed":                          "X-VAHTA-PEOPLE:vera",
		"target/goalert#3475: duty does not make a day busy":                       "TRANSP:TRANSPARENT",
		"grafana/oncall#4688: times are instants, each reader has its own clock":   "DTSTART:20261105T060000Z",
		"grafana/oncall#3576: … and the schedule's clock is told in words besides": "Europe/Moscow",
	} {
		if !strings.Contains(unfolded, want) {
			t.Errorf("%s: no %q in\n%s", thread, want, unfolded)
		}
	}
	if begin, end := ical.Horizon(from); end.Sub(from) < 365*24*time.Hour || begin.After(from) {
		t.Errorf("target/goalert#1459: the horizon is %s - %s", begin, end)
	}
	// grafana/oncall#3032, #5570: calendars of others come in. grafana/grafana#106464: time off out of Outlook.
	outlook := []byte(strings.ReplaceAll("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20261101T000000Z\nSUMMARY:boris\nDTSTART:20261105T060000Z\nDTEND:20261106T060000Z\nEND:VEVENT\nEND:VCALENDAR\n", "\n", "\r\n"))
	w.roster.Overrides = nil
	for _, as := range []ical.As{ical.AsTemporary, ical.AsOverrides, ical.AsAbsences} {
		read, err := ical.ReadCalendar(outlook, &w.roster, ical.Target{As: as, Schedule: "line", Track: "primary"})
		if err != nil {
			t.Fatalf("as %s: %v", as, err)
		}
		id := 0
		result, err := edit.Apply(w.roster, read.Edit, edit.Author{Person: "root", Channel: "file"}, from.AddDate(0, 0, -1), func() string { id++; return fmt.Sprint("id", id) })
		if err != nil {
			t.Fatalf("as %s: %v", as, err)
		}
		want := map[ical.As]string{ical.AsTemporary: "boris", ical.AsOverrides: "anna, boris", ical.AsAbsences: "anna"}[as]
		if got := said(seats(oncall.Compile(result.Roster).Who("line", from.Add(time.Hour))), false); got != want {
			t.Errorf("as %s: %s on duty, want %s", as, got, want)
		}
	}
	if !bytes.Contains(text, []byte("END:VCALENDAR")) {
		t.Error("the calendar does not end")
	}
}
