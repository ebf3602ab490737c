package oncall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/prodcal"
)

// rule is one line of a table: a rota in its written form, a moment, and who is on duty then, with the rule it shows.
//
// The rota is that of the schedule "line"; "layers" are those of its track "primary". The people are anna, boris, vera, gleb,
// dora (disabled) and egor (without a phone). The calendar "ru" is the Russian one. Overrides and temporary schedules are of
// line and primary where they say nothing else. The moment is what the clock of the zone shows, or an instant. What is
// expected are people in their order, "-" for nobody, with the reason in parentheses where the line is about reasons.
type rule struct {
	shows, rota, at, want string
}

// short is the form in which the tables write a rota.
type short struct {
	Zone        oncall.Zone        `yaml:"zone"`
	Calendar    string             `yaml:"calendar"`
	Layers      []oncall.Layer     `yaml:"layers"`
	Tracks      []oncall.Track     `yaml:"tracks"`
	Failover    []oncall.Failover  `yaml:"failover"`
	Versions    []oncall.Version   `yaml:"versions"`
	Absences    []oncall.Absence   `yaml:"absences"`
	Temporaries []oncall.Temporary `yaml:"temporaries"`
	Overrides   []oncall.Override  `yaml:"overrides"`
	Requests    []oncall.Request   `yaml:"requests"`
	Static      bool               `yaml:"static"`
}

// rota reads a rota of the tables.
func rota(tb testing.TB, text string) world {
	tb.Helper()
	var s short
	if err := yaml.NewDecoder(strings.NewReader("{"+text+"}"), yaml.Strict()).Decode(&s); err != nil {
		tb.Fatalf("rota %s:\n%v", text, err)
	}
	if s.Zone.IsZero() {
		s.Zone = zoneNamed(tb, "Europe/Moscow")
	}
	if len(s.Layers) > 0 {
		for i := range s.Layers {
			if s.Layers[i].ID == "" {
				s.Layers[i].ID = fmt.Sprint("l", i+1)
			}
		}
		s.Tracks = append([]oncall.Track{{ID: "primary", Layers: s.Layers}}, s.Tracks...)
	}
	years, err := prodcal.Years()
	if err != nil {
		tb.Fatal(err)
	}
	w := world{zone: s.Zone, clock: timelineOf(s.Zone)}
	for _, id := range []string{"anna", "boris", "vera", "gleb", "dora", "egor"} {
		p := oncall.Person{ID: id, Disabled: id == "dora"}
		if id != "egor" {
			p.Devices = []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550001"}}
		}
		w.roster.People = append(w.roster.People, p)
	}
	for i := range s.Temporaries {
		named(&s.Temporaries[i].ID, fmt.Sprint("t", i+1))
		named(&s.Temporaries[i].Schedule, "line")
		named(&s.Temporaries[i].Track, "primary")
	}
	for i := range s.Overrides {
		named(&s.Overrides[i].ID, fmt.Sprint("o", i+1))
		named(&s.Overrides[i].Schedule, "line")
		named(&s.Overrides[i].Track, "primary")
	}
	for i := range s.Absences {
		named(&s.Absences[i].ID, fmt.Sprint("a", i+1))
	}
	if s.Static {
		w.roster.Static = []oncall.StaticNumber{{Name: "office", Number: "+78005550100"}}
	}
	w.roster.Calendars, w.roster.Requests = years, s.Requests
	w.roster.Absences, w.roster.Temporaries, w.roster.Overrides = s.Absences, s.Temporaries, s.Overrides
	w.roster.Schedules = []oncall.Schedule{{
		ID: "line", Zone: s.Zone, Calendar: s.Calendar, Tracks: s.Tracks, Failover: s.Failover, Versions: s.Versions,
	}}
	return w
}

func named(field *string, name string) {
	if *field == "" {
		*field = name
	}
}

// reads is the instant of a moment of a table.
func (w *world) reads(tb testing.TB, text string) int64 {
	tb.Helper()
	p, err := oncall.ParsePoint(text)
	if err != nil {
		tb.Fatal(err)
	}
	return readPoint(p, w.clock)
}

// said are the people of a track as the tables write them.
func said(list []seat, reasons bool) string {
	var names []string
	for _, s := range list {
		name := s.person
		if reasons {
			name += " (" + s.why + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}

// hold checks a table against the evaluator, and against the oracle.
func hold(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		w := rota(t, r.rota)
		at := w.reads(t, r.at)
		reasons := strings.Contains(r.want, "(")
		if got := said(on(newOracle(&w.roster).who("line", at), "primary"), reasons); got != r.want {
			t.Errorf("%s\n  rota   %s\n  at     %s\n  oracle %s\n  want   %s", r.shows, r.rota, r.at, got, r.want)
		}
		e := oncall.Compile(w.roster)
		if got := said(on(seats(e.Who("line", sec(at))), "primary"), reasons); got != r.want {
			t.Errorf("%s\n  rota   %s\n  at     %s\n  got    %s\n  want   %s", r.shows, r.rota, r.at, got, r.want)
		}
		list := slices.Collect(e.Shifts("line", "primary", sec(at-3*daySeconds), sec(at+3*daySeconds)))
		if s, ok := holding(list, at); !ok || said(seats(s.Duties), reasons) != r.want {
			t.Errorf("%s\n  rota   %s\n  at     %s\n  shift  %s\n  want   %s", r.shows, r.rota, r.at, said(seats(s.Duties), reasons), r.want)
		}
	}
}
