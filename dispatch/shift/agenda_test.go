package shift

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// TestAgenda: what is told on a day of each kind of rota.
func TestAgenda(t *testing.T) {
	t.Parallel()
	people := `
people:
  - {id: anna, name: Анна, devices: [{kind: mobile, number: "+79210000001"}]}
  - {id: boris, name: Борис, devices: [{kind: mobile, number: "+79210000002"}]}
schedules:
  - id: duty
    zone: Europe/Moscow
    tracks:
`
	for name, c := range map[string]struct {
		roster, from, to string
		want             []string
	}{
		"day and night": {
			company, "2026-03-10 00:00", "2026-03-11 00:00",
			[]string{
				"2026-03-10 08:45-09:00 soon anna primary@09:00",
				"2026-03-10 09:00-11:00 handover duty",
				"2026-03-10 09:00-11:00 unconfirmed anna primary@09:00",
				"2026-03-10 19:00-22:00 evening anna primary@09:00",
				"2026-03-10 19:00-22:00 evening boris primary@21:00",
				"2026-03-10 20:45-21:00 soon boris primary@21:00",
				"2026-03-10 21:00-23:00 handover duty",
				"2026-03-10 21:00-23:00 unconfirmed boris primary@21:00",
			},
		},
		"who is always on duty is told nothing": {people + `
      - {id: primary, layers: [{id: all, members: [anna]}]}`, "2026-03-10 00:00", "2026-03-12 00:00", nil},
		"who goes on past the hand-off is told nothing": {people + `
      - {id: primary, layers: [{id: w, members: [anna, anna], handoff: {unit: day, every: 1, anchor: "2026-03-01 09:00"}}]}`, "2026-03-10 00:00", "2026-03-11 00:00", nil},
		"one call for windows by the hour that touch": {
			people + `
      - {id: primary, layers: [{id: h, members: [anna], windows: [{from: "10:00", to: "11:00"}, {from: "11:00", to: "12:00"}]}]}`, "2026-03-10 12:00", "2026-03-11 10:00",
			[]string{
				"2026-03-10 12:00-14:00 handover duty", // nobody follows
				"2026-03-10 19:00-22:00 evening anna primary@10:00", "2026-03-11 09:45-10:00 soon anna primary@10:00",
			},
		},
		"one call in the evening for many turns of a day": {
			people + `
      - {id: primary, layers: [{id: h, members: [anna, boris], handoff: {unit: hour, every: 6, anchor: "2026-03-01 00:00"}}]}`, "2026-03-10 18:30", "2026-03-10 20:00",
			[]string{
				"2026-03-10 18:00-20:00 handover duty", "2026-03-10 18:00-20:00 unconfirmed boris primary@18:00",
				"2026-03-10 19:00-22:00 evening anna primary@00:00 primary@12:00", "2026-03-10 19:00-22:00 evening boris primary@06:00 primary@18:00",
			},
		},
		"one call for two tracks that begin together": {
			people + `
      - {id: primary, layers: [{id: h, members: [anna], windows: [{from: "09:00", to: "21:00"}]}]}
      - {id: secondary, layers: [{id: h, members: [anna], windows: [{from: "09:00", to: "21:00"}]}]}`, "2026-03-10 08:40", "2026-03-10 08:50",
			[]string{"2026-03-10 08:45-09:00 soon anna primary@09:00 secondary@09:00"},
		},
		"a turn from midnight is told of on the evening before, not twice at once": {
			people + `
      - {id: primary, layers: [{id: h, members: [anna], windows: [{from: "00:00", to: "06:00"}]}]}`, "2026-03-10 12:00", "2026-03-11 00:00",
			[]string{"2026-03-10 19:00-22:00 evening anna primary@00:00", "2026-03-10 23:45-00:00 soon anna primary@00:00"},
		},
		"what a late start still finds": {
			company, "2026-03-10 21:10", "2026-03-10 21:11",
			[]string{"2026-03-10 19:00-22:00 evening anna primary@09:00", "2026-03-10 19:00-22:00 evening boris primary@21:00", "2026-03-10 21:00-23:00 handover duty", "2026-03-10 21:00-23:00 unconfirmed boris primary@21:00"},
		},
		"an absence takes the turn away": {
			company + `
absences: [{id: a, person: anna, from: "2026-03-10 00:00", to: "2026-03-13 00:00", substitute: clara}]`, "2026-03-10 08:40", "2026-03-10 08:50",
			[]string{"2026-03-10 08:45-09:00 soon clara primary@09:00"},
		},
		"the people of a switchboard are nobody in particular": {
			strings.Replace(company, "{id: anna,", "{id: anna, shared: true,", 1), "2026-03-10 08:40", "2026-03-10 08:50", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := show(t, "Europe/Moscow", Agenda(oncall.Compile(rosterOf(t, c.roster)), Default(), at(t, c.from), at(t, c.to)))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEveningByThePersonsClock: who lives elsewhere is not rung at night.
func TestEveningByThePersonsClock(t *testing.T) {
	t.Parallel()
	text := strings.Replace(company, "{id: anna,", "{id: anna, zone: Asia/Vladivostok,", 1)
	items := Agenda(oncall.Compile(rosterOf(t, text)), Default(), at(t, "2026-03-10 10:00"), at(t, "2026-03-11 00:00"))
	var lines []string
	for _, l := range show(t, "Asia/Vladivostok", items) {
		if strings.Contains(l, "evening anna") {
			lines = append(lines, l)
		}
	}
	// 09:00 in Moscow is 16:00 of the same day there.
	if diff := cmp.Diff([]string{"2026-03-10 19:00-22:00 evening anna primary@16:00"}, lines); diff != "" {
		t.Error(diff)
	}
}

// TestNightsThatClocksChange: the evening stays at seven, and a start that the
// clock skips is told of a quarter of an hour before it really comes.
func TestNightsThatClocksChange(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(strings.Replace(company, "Europe/Moscow", "Europe/Berlin", 1), `"09:00"`, `"02:30"`)
	for _, c := range []struct{ day, eve, soon, start string }{
		{"2026-03-29", "2026-03-28T18:00:00Z", "2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z"}, // 02:00 to 03:00 is left out
		{"2026-10-25", "2026-10-24T17:00:00Z", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"}, // 02:30 comes twice
	} {
		day := in(t, "Europe/Berlin", c.day)
		var got []string
		for _, i := range Agenda(oncall.Compile(rosterOf(t, text)), Default(), day.Add(-6*time.Hour), day.Add(6*time.Hour)) {
			if i.Person == "anna" && i.Turns[0].Start.Before(day.Add(12*time.Hour)) {
				got = append(got, fmt.Sprintf("%s %s", i.Kind, i.At.Format(time.RFC3339)))
			}
		}
		if diff := cmp.Diff([]string{"evening " + c.eve, "soon " + c.soon, "unconfirmed " + c.start}, got); diff != "" {
			t.Errorf("%s: %s", c.day, diff)
		}
	}
}

// drawRota is a rota of up to four people on two tracks, with corrections.
func drawRota(t *rapid.T) (oncall.Roster, time.Time) {
	zone, err := oncall.LoadZone(rapid.SampledFrom([]string{"Europe/Moscow", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"}).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	about := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24).Draw(t, "hour")) * time.Hour)
	ids := []string{"anna", "boris", "vera", "gleb"}
	r := oncall.Roster{}
	for i, id := range ids {
		r.People = append(r.People, oncall.Person{ID: id, Name: id, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: fmt.Sprintf("+7921000000%d", i)}}})
	}
	s := oncall.Schedule{ID: "duty", Zone: zone}
	for _, track := range []string{"primary", "secondary"} {
		layer := oncall.Layer{ID: "turns", Handoff: oncall.Handoff{
			Unit: rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day}).Draw(t, "unit"), Every: rapid.IntRange(1, 30).Draw(t, "every"),
			Anchor: oncall.CivilAt(about.Add(-200*time.Hour), zone),
		}}
		for _, id := range rapid.SliceOfN(rapid.SampledFrom(ids), 2, 4).Draw(t, "members") {
			layer.Members = append(layer.Members, oncall.Member{id})
		}
		s.Tracks = append(s.Tracks, oncall.Track{ID: track, Layers: []oncall.Layer{layer}})
	}
	r.Schedules = []oncall.Schedule{s}
	for n := range rapid.IntRange(0, 3).Draw(t, "overrides") {
		from := about.Add(time.Duration(rapid.IntRange(-30*60, 60*60).Draw(t, "from")) * time.Minute)
		r.Overrides = append(r.Overrides, oncall.Override{
			ID: fmt.Sprint("o", n), Schedule: "duty", Track: "primary", By: "clara", At: about.Add(-time.Hour),
			Changes: []oncall.Change{{
				From: oncall.InstantPoint(from), To: oncall.InstantPoint(from.Add(time.Duration(rapid.IntRange(1, 24*60).Draw(t, "for")) * time.Minute)),
				Add: rapid.SampledFrom(ids).Draw(t, "add"), Remove: rapid.SampledFrom(ids[:2]).Draw(t, "remove"),
			}},
		})
	}
	return r, about
}

// TestAgendaHoldsItsPromises, over random rotas and moments of looking: every
// turn that begins is told of soon and watched at its start, once each, at the
// right time; nothing is told of turns that nobody has; and how the looks are
// cut changes nothing.
func TestAgendaHoldsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, about := drawRota(t)
		e, rules := oncall.Compile(r), Default()
		from, to := about, about.Add(36*time.Hour)
		seen := map[string]Item{}
		for look := from; look.Before(to); {
			next := look.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "look")) * time.Minute)
			for _, i := range Agenda(e, rules, look, earlier(next, to)) {
				if old, ok := seen[i.ID()]; ok && (!old.Until.Equal(i.Until) || len(old.Turns) != len(i.Turns)) {
					t.Fatalf("one item looks different from another moment: %+v, %+v", old, i)
				}
				seen[i.ID()] = i
			}
			look = next
		}
		told := map[string]int{}
		for _, i := range seen {
			for _, turn := range i.Turns {
				told[string(i.Kind)+" "+turnID(turn)]++
				on := false
				for _, d := range e.Who(turn.Schedule, turn.Start) {
					on = on || d.Person == turn.Person && d.Track == turn.Track
				}
				before := false
				for _, d := range e.Who(turn.Schedule, turn.Start.Add(-time.Second)) {
					before = before || d.Person == turn.Person && d.Track == turn.Track
				}
				if !on || before || turn.Person != i.Person {
					t.Fatalf("told of what does not begin for him: %s %+v", i.Kind, turn)
				}
				if lead := turn.Start.Sub(i.At); i.Kind == Soon && lead != rules.Before || i.Kind == Unconfirmed && lead != 0 || i.Kind == Evening && (lead < 2*time.Hour || lead > 30*time.Hour) {
					t.Fatalf("%s is %s before the start", i.Kind, lead)
				}
				if i.Until.After(turn.Start) && i.Kind == Soon {
					t.Fatal("a reminder after the start")
				}
			}
		}
		for key, n := range told {
			if n != 1 {
				t.Fatalf("%s is told %d times", key, n)
			}
		}
		for _, p := range r.People {
			for turn := range e.Turns(p.ID, from, to) {
				if turn.Start.Add(-rules.Before).Before(from) || !turn.Start.Before(to) {
					continue
				}
				for _, k := range []Kind{Soon, Unconfirmed} {
					if told[string(k)+" "+turnID(turn)] != 1 {
						t.Fatalf("nothing says %s of %+v", k, turn)
					}
				}
			}
		}
	})
}
