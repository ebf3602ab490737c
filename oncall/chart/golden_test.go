package chart

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/oncall"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit")

// lines are three tracks: weeks with a gap, two people together, months.
func lines(tb testing.TB) oncall.Roster {
	tb.Helper()
	r := watch(tb)
	layer := func(id string, unit oncall.Unit, anchor string, list ...oncall.Member) []oncall.Layer {
		return []oncall.Layer{{ID: id, Members: list, Handoff: oncall.Handoff{Unit: unit, Anchor: civil(tb, anchor)}}}
	}
	r.Schedules[0].Name = "Line"
	r.Schedules[0].Tracks = []oncall.Track{
		{ID: "primary", Name: "First line", Layers: layer("weeks", oncall.Week, "2025-11-24 10:00", members("anna", "boris", "gap", "vera")...)},
		{ID: "secondary", Name: "Second line", Layers: layer("pairs", oncall.Week, "2025-11-26 10:00", oncall.Member{"gleb", "egor"}, oncall.Member{"daria"})},
		{ID: "lead", Layers: layer("leads", oncall.Month, "2025-11-15 10:00", members("vera", "gleb")...)},
	}
	return r
}

// The drawings are looked at by people; these are what they have looked at.
func TestDrawings(t *testing.T) {
	t.Parallel()
	english := december(t)
	english.Language = "en"
	newYear := december(t)
	newYear.From, newYear.To = civil(t, "2026-01-01"), civil(t, "2026-02-01")
	newYear.Zone = zone(t, "Asia/Yekaterinburg")
	missing := december(t)
	missing.From, missing.To = civil(t, "2027-12-27"), civil(t, "2028-01-03")
	tests := []struct {
		name   string
		roster oncall.Roster
		o      Options
	}{
		{"december", watch(t), december(t)},
		{"lines", lines(t), english},
		{"new-year-elsewhere", watch(t), newYear},
		{"no-calendar", watch(t), missing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := draw(t, tt.roster, tt.o)
			golden(t, tt.name+".weeks.txt", c.Weeks(124))
			golden(t, tt.name+".people.txt", c.ByPeople())
			golden(t, tt.name+".svg", string(c.SVG()))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if it is meant, run go test -update and look at it:\n%s", name, diff)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no such schedule": {Schedule: "night", From: civil(t, "2025-12-01"), To: civil(t, "2025-12-02")},
		"backwards":        {Schedule: "duty", From: civil(t, "2025-12-02"), To: civil(t, "2025-12-01")},
		"a year":           {Schedule: "duty", From: civil(t, "2025-01-01"), To: civil(t, "2026-01-01")},
		"no such track":    {Schedule: "duty", From: civil(t, "2025-12-01"), To: civil(t, "2025-12-02"), Tracks: []string{"x"}},
	} {
		if _, err := New(oncall.Compile(watch(t)), o); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	people := []Person{
		{Name: "Анна Смирнова"},
		{Name: "Смирнова Алла Петровна"},
		{Name: "boris"},
		{Name: "Борис Орлов"},
		{Name: "Богдан Осипов"},
		{Name: ""},
	}
	shorten(people)
	want := [][2]string{{"Смирнова А.", "АС"}, {"Смирнова А.2", "АС2"}, {"boris", "Bo"}, {"Орлов", "БО"}, {"Осипов", "БО2"}, {"", "?"}}
	for i, p := range people {
		if p.Short != want[i][0] || p.Initials != want[i][1] {
			t.Errorf("%q is %q and %q, want %q", p.Name, p.Short, p.Initials, want[i])
		}
	}
}
