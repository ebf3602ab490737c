package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	src := source()
	var zone oncall.Zone
	must(t, zone.UnmarshalText([]byte("Europe/Moscow")))
	src.Roster.Schedules = []oncall.Schedule{{ID: "rota", Zone: zone, Tracks: []oncall.Track{{ID: "primary", Layers: []oncall.Layer{{
		ID: "always", Members: []oncall.Member{{"vera"}}, From: oncall.NewCivil(2020, 1, 1, 0, 0, 0),
	}}}}}}
	src.Lines = append(src.Lines, dispatch.Line{ID: "rota", DIDs: []string{"555"}, Schedule: "rota", RingTime: 7 * time.Second})
	snap, err := dispatch.NewSnapshot(src)
	if err != nil {
		t.Fatal(err)
	}
	s := store.NewMemory()
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Directory: dispatch.NewDirectory(snap)})
	must(t, err)
	for line, want := range map[string]string{
		"main":    "ru 15s 20s 3: [anna]20s [boris]20s +chief",
		"english": "en 15s 20s 3: [vera anna]20s parallel +chief",
		"rota":    "ru 15s 20s 3: [vera]7s [anna boris]7s +chief",
	} {
		p, err := d.Plan(line, dispatch.Ref{}, time.Now())
		must(t, err)
		var got strings.Builder
		fmt.Fprintf(&got, "%s %v %v %d:", p.Line.Language, p.AnswerAfter, p.ProgressEvery, p.Rounds)
		for _, r := range p.Rungs {
			var ids []string
			for _, c := range r.Duties {
				ids = append(ids, c.Person.ID)
			}
			fmt.Fprintf(&got, " %v%v", ids, r.RingTime)
			if r.Parallel {
				got.WriteString(" parallel")
			}
		}
		for _, n := range p.Static {
			got.WriteString(" +" + n.Name)
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", line, got.String(), want)
		}
	}
	if _, err := d.Plan("nowhere", dispatch.Ref{}, time.Now()); err == nil {
		t.Error("plan for an unknown line")
	}
}
