package edit_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// The rota of most tests. The turn changes daily at nine: on Monday 2026-11-23 it is Boris's, then Vera's, Anna's, and so on.
const fixture = `
people:
  - {id: anna, name: Анна, devices: [{kind: mobile, number: "+79005550001"}]}
  - {id: boris, name: Борис, devices: [{kind: mobile, number: "+79005550002"}]}
  - {id: gleb, name: Глеб, devices: [{kind: mobile, number: "+79005550003"}]}
  - {id: nina, name: Нина}
  - {id: olga, name: Ольга, devices: [{kind: mobile, number: "+79005550005"}]}
  - {id: vera, name: Вера, devices: [{kind: mobile, number: "+79005550004"}]}
  - {id: zoya, name: Зоя, disabled: true, devices: [{kind: mobile, number: "+79005550006"}]}
schedules:
  - id: line
    name: Горячая линия
    zone: Europe/Moscow
    tracks:
      - id: primary
        layers:
          - {id: daily, members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-05 09:00}}
      - id: secondary
        layers:
          - {id: always, members: [gleb]}
  - id: office
    zone: Europe/Moscow
    tracks:
      - id: primary
        layers:
          - {id: weekly, members: [gleb, anna], handoff: {unit: week, anchor: 2026-01-05 09:00}, windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}
absences:
  - {id: past, person: vera, from: 2026-11-02, to: 2026-11-09}
  - {id: leave, person: vera, from: 2026-11-20, to: 2026-11-25}
  - {id: winter, person: vera, from: 2026-12-20, to: 2026-12-27, substitute: gleb}
temporaries:
  - id: fair
    schedule: line
    track: primary
    from: 2026-11-22 09:00
    to: 2026-11-23 18:00
    fall_back: true
    shifts: [{from: 2026-11-22 09:00, to: 2026-11-23 09:00, member: gleb}, {from: 2026-11-23 15:00, to: 2026-11-23 18:00, member: anna}]
overrides:
  - {id: today, schedule: line, track: secondary, changes: [{from: 2026-11-23 10:00, to: 2026-11-23 20:00, add: olga, remove: gleb}]}
  - {id: later, schedule: line, track: primary, changes: [{from: 2026-12-01 09:00, to: 2026-12-02 09:00, add: olga}]}
requests:
  - {id: please, schedule: line, track: primary, person: boris, from: 2026-11-26 09:00, to: 2026-11-26 21:00, asked: [anna, olga]}
  - {id: trade, schedule: line, track: primary, person: boris, from: 2026-11-29 09:00, to: 2026-11-30 09:00, return_from: 2026-12-01 09:00, return_to: 2026-12-02 09:00}
  - {id: missed, schedule: line, track: primary, person: boris, from: 2026-11-23 09:00, to: 2026-11-23 21:00}
  - {id: done, schedule: line, track: primary, person: boris, from: 2026-12-02 09:00, to: 2026-12-02 21:00, state: withdrawn, settled_by: boris}
`

// Noon of Monday in Moscow.
var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var (
	admin     = edit.Author{Person: "root", Channel: "cli"}
	scheduler = edit.Author{Person: "sasha", Channel: "api", Roles: []oncall.Role{oncall.Scheduler}}
)

func engineer(id string) edit.Author {
	return edit.Author{Person: id, Channel: "voice", Roles: []oncall.Role{oncall.Engineer}}
}

func roster(tb testing.TB, text string) oncall.Roster {
	tb.Helper()
	var r oncall.Roster
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&r); err != nil {
		tb.Fatal(err)
	}
	return r
}

// parse reads an edit as the API does.
func parse(tb testing.TB, text string) edit.Edit {
	tb.Helper()
	var e edit.Edit
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return e
}

// names makes new IDs: new1, new2 and so on.
func names() func() string {
	n := 0
	return func() string { n++; return fmt.Sprint("new", n) }
}

// at reads a time of Moscow.
func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	c, err := oncall.ParseCivil(text)
	if err != nil {
		tb.Fatal(err)
	}
	zone, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		tb.Fatal(err)
	}
	return zone.Resolve(c, oncall.First)
}

// who names those on a track.
func who(r oncall.Roster, schedule, track string, t time.Time) string {
	var ids []string
	for _, d := range oncall.Compile(r).Who(schedule, t) {
		if d.Track == track {
			ids = append(ids, d.Person)
		}
	}
	return strings.Join(ids, " ")
}

func apply(tb testing.TB, r oncall.Roster, text string, by edit.Author) edit.Result {
	tb.Helper()
	result, err := edit.Apply(r, parse(tb, text), by, now, names())
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return result
}

func keys(list []edit.Key) string {
	var words []string
	for _, k := range list {
		words = append(words, k.String())
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
