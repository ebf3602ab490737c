package edit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

var staff = []string{"anna", "boris", "gleb", "olga", "vera"}

// draws makes random rotas and edits about one moment.
type draws struct {
	*rapid.T
	zone oncall.Zone
	now  time.Time

	moved   bool // the schedules have versions of different zones
	planned bool // so what is there is written as instants
}

// other is a zone.
func (d draws) other() oncall.Zone {
	zone, err := oncall.LoadZone(rapid.SampledFrom([]string{"Asia/Vladivostok", "Pacific/Honolulu", "Europe/Moscow"}).Draw(d.T, "other zone"))
	if err != nil {
		d.Fatal(err)
	}
	return zone
}

func drawsOf(t *rapid.T) draws {
	name := rapid.SampledFrom([]string{"Europe/Moscow", "UTC", "America/Chicago", "Australia/Lord_Howe", "Africa/Cairo"}).Draw(t, "zone")
	zone, err := oncall.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	days := rapid.IntRange(0, 900).Draw(t, "day of now")
	now := time.Date(2026, 1, 20, 9, 0, 0, 0, time.UTC).AddDate(0, 0, days).Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "second of now")) * time.Second)
	return draws{T: t, zone: zone, now: now, moved: rapid.IntRange(0, 3).Draw(t, "zones move") == 0}
}

func (d draws) person(label string) string { return rapid.SampledFrom(staff).Draw(d.T, label) }

func (d draws) maybe(label string) bool { return rapid.Bool().Draw(d.T, label) }

// moment is a time within ten days of now, at a half hour of the clock.
func (d draws) moment(label string, from, to int) oncall.Point {
	half := rapid.IntRange(from*48, to*48).Draw(d.T, label)
	t := d.now.Truncate(30 * time.Minute).Add(time.Duration(half) * 30 * time.Minute)
	if rapid.IntRange(0, 3).Draw(d.T, label+" form") == 0 || d.planned {
		return oncall.InstantPoint(t)
	}
	return oncall.CivilPoint(oncall.CivilAt(t, d.zone))
}

func (d draws) member(label string) oncall.Member {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(staff), 0, 2, rapid.ID[string]).Draw(d.T, label)
}

func (d draws) layer(n int) oncall.Layer {
	l := oncall.Layer{
		ID: fmt.Sprint("layer", n), Priority: rapid.IntRange(0, 1).Draw(d.T, "priority"), Exclusive: d.maybe("exclusive"), Substitute: d.maybe("substitute"),
		Members: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) oncall.Member { return draws{T: t}.member("member") }), 1, 5).Draw(d.T, "members"),
		Handoff: oncall.Handoff{
			Unit: rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day, oncall.Week, oncall.Month}).Draw(d.T, "unit"), Every: rapid.IntRange(1, 3).Draw(d.T, "every"),
			Anchor:  oncall.NewCivil(2026, 1, rapid.IntRange(1, 15).Draw(d.T, "anchor day"), rapid.IntRange(0, 23).Draw(d.T, "anchor hour"), 0, 0),
			Advance: rapid.SampledFrom([]oncall.Advance{oncall.ByCalendar, oncall.ByCalendar, oncall.ByWorked}).Draw(d.T, "advance"),
		},
	}
	l.Handoff.Start = rapid.IntRange(0, len(l.Members)-1).Draw(d.T, "start")
	if d.maybe("windows") {
		l.Windows = []oncall.Window{{
			Days: oncall.Weekdays(rapid.IntRange(0, 127).Draw(d.T, "days")),
			From: oncall.Clock(3600 * rapid.IntRange(0, 23).Draw(d.T, "from")), To: oncall.Clock(3600 * rapid.IntRange(0, 23).Draw(d.T, "to")),
		}}
	}
	return l
}

func (d draws) rules() oncall.Rules {
	r := oncall.Rules{Zone: d.zone}
	for i := range rapid.IntRange(1, 2).Draw(d.T, "tracks") {
		track := oncall.Track{ID: []string{"primary", "secondary"}[i]}
		for k := range rapid.IntRange(1, 2).Draw(d.T, "layers") {
			track.Layers = append(track.Layers, d.layer(k))
		}
		r.Tracks = append(r.Tracks, track)
	}
	return r
}

func (d draws) schedule() string {
	return rapid.SampledFrom([]string{"line", "office"}).Draw(d.T, "schedule")
}

func (d draws) track() string {
	return rapid.SampledFrom([]string{"", "primary", "primary", "secondary"}).Draw(d.T, "track")
}

func (d draws) change() oncall.Change {
	c := oncall.Change{From: d.moment("change from", -3, 6)}
	c.To = d.after(c.From, "change length")
	switch rapid.IntRange(0, 3).Draw(d.T, "kind of change") {
	case 0:
		c.Add = d.person("add")
	case 1:
		c.Remove = d.person("remove")
	default:
		c.Add, c.Remove = d.person("add"), d.person("remove")
	}
	return c
}

// after is a moment up to four days after another.
func (d draws) after(p oncall.Point, label string) oncall.Point {
	t := p.In(d.zone).Add(time.Duration(rapid.IntRange(1, 4*48).Draw(d.T, label)) * 30 * time.Minute)
	if d.planned {
		return oncall.InstantPoint(t)
	}
	return oncall.CivilPoint(oncall.CivilAt(t, d.zone))
}

// roster is a rota with corrections before, about and after now.
func (d draws) roster() oncall.Roster {
	d.planned = d.moved
	r := oncall.Roster{Static: []oncall.StaticNumber{{Name: "office", Number: "+78005550100"}}}
	for _, id := range staff {
		r.People = append(r.People, oncall.Person{ID: id, Name: id, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550001"}}})
	}
	r.People = append(r.People, oncall.Person{ID: "zoya", Name: "zoya", Disabled: true})
	for _, id := range []string{"line", "office"} {
		rules := d.rules()
		s := oncall.Schedule{ID: id, Zone: rules.Zone, Tracks: rules.Tracks}
		if d.moved {
			other := d.rules()
			other.Zone = d.other()
			s.Versions = []oncall.Version{{From: d.now.Truncate(time.Hour).Add(time.Duration(rapid.IntRange(-48, 48).Draw(d.T, "moved")) * time.Hour), Rules: other}}
		}
		r.Schedules = append(r.Schedules, s)
	}
	written := func() time.Time {
		return d.now.Add(-time.Duration(rapid.IntRange(1, 1000).Draw(d.T, "written")) * time.Hour)
	}
	for n := range rapid.IntRange(0, 3).Draw(d.T, "absences") {
		a := oncall.Absence{ID: fmt.Sprint("absence", n), Person: d.person("absent"), From: d.moment("absent from", -5, 5), At: written()}
		if a.To = d.after(a.From, "absent length"); d.maybe("has substitute") {
			a.Substitute = d.person("substitute")
		}
		r.Absences = append(r.Absences, a)
	}
	for n := range rapid.IntRange(0, 1).Draw(d.T, "temporaries") {
		x := oncall.Temporary{ID: fmt.Sprint("temporary", n), Schedule: d.schedule(), Track: "primary", From: d.moment("temporary from", -5, 5), FallBack: d.maybe("fall back"), At: written()}
		x.To = d.after(x.From, "temporary length")
		x.Shifts = []oncall.TemporaryShift{{From: x.From, To: x.To, Member: d.member("temporary member")}}
		r.Temporaries = append(r.Temporaries, x)
	}
	for n := range rapid.IntRange(0, 4).Draw(d.T, "overrides") {
		o := oncall.Override{ID: fmt.Sprint("override", n), Schedule: d.schedule(), Track: "primary", At: written()}
		for range rapid.IntRange(1, 2).Draw(d.T, "changes") {
			o.Changes = append(o.Changes, d.change())
		}
		r.Overrides = append(r.Overrides, o)
	}
	for n := range rapid.IntRange(0, 2).Draw(d.T, "requests") {
		q := oncall.Request{ID: fmt.Sprint("request", n), Schedule: d.schedule(), Track: "primary", Person: d.person("asking"), From: d.moment("asked from", -1, 5)}
		q.To = d.after(q.From, "asked length")
		if d.maybe("swap") {
			q.ReturnFrom = d.moment("return from", 1, 8)
			q.ReturnTo = d.after(q.ReturnFrom, "return length")
		}
		r.Requests = append(r.Requests, q)
	}
	return r
}

// id is sometimes that of something there is.
func (d draws) id(kind string) string {
	return rapid.SampledFrom([]string{"", "", kind + "0", kind + "1", kind + "2"}).Draw(d.T, "id")
}

func (d draws) remove() edit.Edit {
	kind := rapid.SampledFrom([]edit.Kind{edit.Absence, edit.Temporary, edit.Override, edit.Override}).Draw(d.T, "kind")
	return edit.Edit{Remove: &edit.Key{Kind: kind, ID: fmt.Sprint(kind, rapid.IntRange(0, 3).Draw(d.T, "which"))}}
}

// edit is any edit but that of a calendar; many are refused.
func (d draws) edit() edit.Edit {
	switch rapid.IntRange(0, 9).Draw(d.T, "edit") {
	case 0:
		return edit.Edit{Person: &oncall.Person{ID: d.person("person"), Name: "A", Disabled: d.maybe("disabled"), Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550009"}}}}
	case 1:
		rules := d.rules()
		if d.maybe("another zone") {
			rules.Zone = d.other()
		}
		return edit.Edit{Schedule: &edit.NewRules{ID: d.schedule(), Rules: rules, From: d.moment("effective", 0, 5), KeepStart: d.maybe("keep start")}}
	case 2:
		a := oncall.Absence{ID: d.id("absence"), Person: d.person("absent"), From: d.moment("absent from", -2, 5)}
		if a.To = d.after(a.From, "absent length"); d.maybe("has substitute") {
			a.Substitute = d.person("substitute")
		}
		return edit.Edit{Absence: &a}
	case 3:
		x := oncall.Temporary{ID: d.id("temporary"), Schedule: d.schedule(), Track: d.track(), From: d.moment("temporary from", -1, 5), FallBack: d.maybe("fall back")}
		x.To = d.after(x.From, "temporary length")
		x.Shifts = []oncall.TemporaryShift{{Member: d.member("temporary member")}}
		return edit.Edit{Temporary: &x}
	case 4, 5:
		o := oncall.Override{ID: d.id("override"), Schedule: d.schedule(), Track: d.track()}
		for range rapid.IntRange(1, 2).Draw(d.T, "changes") {
			o.Changes = append(o.Changes, d.change())
		}
		return edit.Edit{Override: &o}
	case 6:
		return d.remove()
	case 7:
		q := oncall.Request{Schedule: d.schedule(), Track: d.track(), Person: d.person("asking"), From: d.moment("asked from", 0, 5)}
		q.To = d.after(q.From, "asked length")
		return edit.Edit{Ask: &q}
	case 8:
		verdict := rapid.SampledFrom([]edit.Verdict{edit.Accept, edit.Accept, edit.Decline, edit.Withdraw}).Draw(d.T, "verdict")
		return edit.Edit{Answer: &edit.Answer{Request: fmt.Sprint("request", rapid.IntRange(0, 1).Draw(d.T, "which")), Verdict: verdict, As: d.person("as")}}
	default:
		return edit.Edit{Take: &edit.Take{
			Schedule: d.schedule(), Track: d.track(), Person: d.person("person"), Beside: d.maybe("beside"),
			For: time.Duration(rapid.IntRange(1, 12*60).Draw(d.T, "minutes")) * time.Minute,
		}}
	}
}

// shifts writes everything a rota says of a span, one line per shift.
func shifts(r oncall.Roster, from, to time.Time) string {
	e := oncall.Compile(r)
	var lines []string
	for _, s := range r.Schedules {
		for _, track := range []string{"primary", "secondary"} {
			for shift := range e.Shifts(s.ID, track, from, to) {
				var duties []string
				for _, duty := range shift.Duties {
					duties = append(duties, duty.Person+" by "+duty.Provenance.String())
				}
				lines = append(lines, fmt.Sprintf("%s %s %s..%s: %s", s.ID, track, shift.Start.Format(time.RFC3339), shift.End.Format(time.RFC3339), strings.Join(duties, ", ")))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// people is shifts without reasons: neighbours of the same people are one.
func people(r oncall.Roster, from, to time.Time) string {
	e := oncall.Compile(r)
	var lines []string
	for _, s := range r.Schedules {
		for _, track := range []string{"primary", "secondary"} {
			last := ""
			for shift := range e.Shifts(s.ID, track, from, to) {
				var ids []string
				for _, duty := range shift.Duties {
					ids = append(ids, duty.Person)
				}
				if line := fmt.Sprint(s.ID, track, ids); line != last {
					lines, last = append(lines, line+shift.Start.Format(time.RFC3339)), line
				}
			}
		}
	}
	return strings.Join(lines, "\n")
}

func clone(tb testing.TB, r oncall.Roster) oncall.Roster {
	tb.Helper()
	records, err := edit.Records(r)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := edit.Assemble(records)
	if err != nil {
		tb.Fatal(err)
	}
	c.Static = r.Static
	return c
}

func same(t *rapid.T, what, want, got string) {
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

const day = 24 * time.Hour
