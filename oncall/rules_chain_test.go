package oncall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/oncall"
)

// §1.5 of the semantics: whom a live call tries, and the pieces of time.

// two has a person on each of two tracks.
const two = `static: true, tracks: [{id: primary, layers: [{id: p, members: [anna]}]}, {id: secondary, layers: [{id: s, members: [boris]}]}]`

func TestRulesOfChains(t *testing.T) {
	t.Parallel()
	for _, r := range []rule{
		{"the tracks in order, then everyone else, then the numbers of the file", two, noon, "primary: anna; secondary: boris; everyone: vera, gleb; static: office"},
		{"nobody is tried twice", `static: true, tracks: [{id: primary, layers: [{id: p, members: [anna]}]}, {id: secondary, layers: [{id: s, members: [anna + boris]}]}]`, noon, "primary: anna; secondary: boris; everyone: vera, gleb; static: office"},
		{"an empty tier is left out", `static: true, tracks: [{id: primary, layers: [{id: p, members: [gap]}]}, {id: secondary, layers: [{id: s, members: [anna]}]}]`, noon, "secondary: anna; everyone: boris, vera, gleb; static: office"},
		{"a tier of those who can not be called is left out", `static: true, tracks: [{id: primary, layers: [{id: p, members: [egor]}]}]`, noon, "everyone: anna, boris, vera, gleb; static: office"},
		{"who is absent is in no tier", two + `, absences: [{person: boris, ` + shift + `}, {person: gleb, ` + shift + `}]`, noon, "primary: anna; everyone: vera; static: office"},
		{"… but for the one who was put there after the time off was written", two + `, absences: [{person: boris, ` + shift + `, at: 2026-11-01T00:00:00Z}], overrides: [{at: 2026-11-02T00:00:00Z, changes: [{` + shift + `, add: boris}]}]`, noon, "primary: anna, boris; everyone: vera, gleb; static: office"},
		{"all absent: the numbers of the file", two + `, absences: [{person: anna, ` + shift + `}, {person: boris, ` + shift + `}, {person: vera, ` + shift + `}, {person: gleb, ` + shift + `}]`, noon, "static: office"},
		{"without numbers the chain may be empty", `tracks: [{id: primary, layers: [{id: p, members: [gap]}]}], failover: [{track: primary}]`, noon, ""},
		{"failover has an order of its own", two + `, failover: [{track: secondary}, {track: primary}]`, noon, "secondary: boris; primary: anna; static: office"},
		{"… with everyone where it is named", two + `, failover: [{track: everyone}, {track: primary}]`, noon, "everyone: anna, boris, vera, gleb; static: office"},
		{"… and a track that there is not is empty", two + `, failover: [{track: nowhere}, {track: primary}]`, noon, "primary: anna; static: office"},
		{"a correction changes the tier of its track alone", two + `, overrides: [{track: secondary, changes: [{` + shift + `, remove: boris, add: vera}]}]`, noon, "primary: anna; secondary: vera; everyone: boris, gleb; static: office"},
	} {
		w := rota(t, r.rota)
		at := w.reads(t, r.at)
		var tiers []string
		for _, tier := range oncall.Compile(w.roster).Chain("line", sec(at)) {
			names := people(seats(tier.Duties))
			for _, n := range tier.Numbers {
				names = append(names, n.Name)
			}
			tiers = append(tiers, tier.Name+": "+strings.Join(names, ", "))
		}
		if got := strings.Join(tiers, "; "); got != r.want {
			t.Errorf("%s\n  rota %s\n  got  %s\n  want %s", r.shows, r.rota, got, r.want)
		}
		var oracles []string
		for _, rung := range newOracle(&w.roster).chain("line", at) {
			oracles = append(oracles, rung.name+": "+strings.Join(rung.people, ", "))
		}
		if len(w.roster.Static) > 0 {
			oracles = append(oracles, "static: office")
		}
		if got := strings.Join(oracles, "; "); got != r.want {
			t.Errorf("%s\n  rota   %s\n  oracle %s\n  want   %s", r.shows, r.rota, got, r.want)
		}
	}
	w := rota(t, two)
	if got := oncall.Compile(w.roster).Chain("nothing", sec(w.reads(t, noon))); len(got) != 2 || got[0].Name != oncall.Everyone || got[1].Name != oncall.Static {
		t.Errorf("the chain of an unknown schedule is %+v, want everyone and the static numbers", got)
	}
}

// The pieces of a span, each with its beginning in UTC; a span has the people of the piece before "-" for nobody.
func TestRulesOfShifts(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ shows, rota, from, to, want string }{
		{"hand-offs", daily, "2026-01-06 00:00", "2026-01-08 00:00", "05 21:00 anna, 06 06:00 boris, 07 06:00 vera"},
		{"an unknown track, or nobody: one gap", `layers: [{members: [gap]}]`, "2026-01-06 00:00", "2026-01-08 00:00", "05 21:00 -"},
		{"equal neighbours are one piece: a rotation of one", `layers: [{members: [anna, anna], handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-06 00:00", "2026-01-16 00:00", "05 21:00 anna"},
		{"… windows that join", wholeDays, "2026-01-16 00:00", "2026-01-19 00:00", "15 21:00 -, 16 06:00 anna, 18 06:00 -"},
		{"another reason is another piece", anna + `, overrides: [{changes: [{from: 2026-11-05 12:00, to: 2026-11-05 13:00, remove: anna, add: boris}, {from: 2026-11-05 13:00, to: 2026-11-05 14:00, remove: anna, add: boris}]}]`, "2026-11-05 11:00", "2026-11-05 15:00", "05 08:00 anna, 05 09:00 boris, 05 11:00 anna"},
		{"a correction that changes nobody makes no piece", anna + `, overrides: [{changes: [{` + shift + `, remove: vera, add: boris}]}]`, "2026-11-05 00:00", "2026-11-07 00:00", "04 21:00 anna"},
		{"time off", pair + `, absences: [{person: anna, ` + shift + `}]`, "2026-11-05 00:00", "2026-11-07 00:00", "04 21:00 anna+boris, 05 06:00 boris, 06 06:00 anna+boris"},
		{"a version", anna + `, versions: [{from: 2026-11-05T10:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: l1, members: [boris]}]}]}]`, "2026-11-05 12:00", "2026-11-05 14:00", "05 09:00 anna, 05 10:00 boris"},
		{"the repeated hour: a window ends at its last", berlinNigh, "2026-10-25 00:00", "2026-10-25 04:00", "24 22:00 -, 24 23:00 anna, 25 01:30 -"},
	} {
		w := rota(t, r.rota)
		list := slices.Collect(oncall.Compile(w.roster).Shifts("line", "primary", sec(w.reads(t, r.from)), sec(w.reads(t, r.to))))
		var got []string
		for _, s := range list {
			got = append(got, fmt.Sprintf("%s %s", s.Start.Format("02 15:04"), strings.ReplaceAll(said(seats(s.Duties), false), ", ", "+")))
		}
		if got := strings.Join(got, ", "); got != r.want {
			t.Errorf("%s\n  rota %s\n  got  %s\n  want %s", r.shows, r.rota, got, r.want)
		}
	}
}
