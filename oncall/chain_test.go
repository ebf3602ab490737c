package oncall

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestChain(t *testing.T) {
	t.Parallel()
	layer := func(members ...string) []Layer { return []Layer{{ID: "l", Members: team(members...)}} }
	people := append(staff("anna", "boris", "vera", "gleb"), Person{ID: "deskless", Name: "no phone"}, Person{ID: "off", Name: "off", Disabled: true})
	tracks := []Track{
		{ID: "primary", Layers: layer("anna")}, {ID: "secondary", Layers: layer("anna+boris")}, {ID: "lead", Layers: layer("off")},
	}
	static := []StaticNumber{{Name: "office", Number: "+78005550100"}}
	tests := []struct {
		name   string
		roster Roster
		want   string
	}{
		{"tracks, everyone, static; empty tiers left out", Roster{
			People: people, Static: static, Schedules: []Schedule{{ID: "line", Tracks: tracks}},
		}, "primary: anna 20s | secondary: boris 20s | everyone: vera gleb 20s | static: +78005550100 20s"},
		{"declared failover", Roster{People: people, Schedules: []Schedule{{ID: "line", Tracks: tracks, Failover: []Failover{
			{Track: "secondary", RingTime: 30 * time.Second, Parallel: true}, {Track: Everyone},
		}}}}, "secondary: anna boris 30s parallel | everyone: vera gleb 20s"},
		{"unknown schedule still rings", Roster{People: people, Static: static}, "everyone: anna boris vera gleb 20s | static: +78005550100 20s"},
		{"nobody at all", Roster{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, tier := range tt.roster.Chain("line", time.Unix(1_800_000_000, 0)) {
				var who strings.Builder
				who.WriteString(names(tier.Duties))
				for _, n := range tier.Numbers {
					who.WriteString(n.Number)
				}
				line := fmt.Sprintf("%s: %s %s", tier.Name, who.String(), tier.RingTime)
				if tier.Parallel {
					line += " parallel"
				}
				got = append(got, line)
			}
			if s := strings.Join(got, " | "); s != tt.want {
				t.Errorf("chain\n%s, want\n%s", s, tt.want)
			}
		})
	}
}

// company is fifty engineers on a realistic rota of three tracks.
func company(tb testing.TB) Roster {
	tb.Helper()
	var list []string
	for i := range 50 {
		list = append(list, fmt.Sprintf("engineer%02d", i))
	}
	anchor := NewCivil(2026, 1, 5, 9, 0, 0)
	z := zone(tb, "Europe/Moscow")
	workdays := Weekdays(0b0111110)
	return Roster{
		People: staff(list...), Static: []StaticNumber{{Name: "office", Number: "+78005550100"}},
		Schedules: []Schedule{{ID: "line", Zone: z, Tracks: []Track{
			{ID: "primary", Layers: []Layer{
				{ID: "nights", Members: team(list[:8]...), Handoff: daily(anchor)},
				{ID: "days", Priority: 1, Members: team(list[8:16]...), Handoff: weekly(anchor), Windows: []Window{{Days: workdays, From: 9 * 3600, To: 18 * 3600}}},
			}},
			{ID: "secondary", Layers: []Layer{{ID: "week", Members: team(list[16:24]...), Handoff: weekly(anchor)}}},
			{ID: "lead", Layers: []Layer{{ID: "leads", Members: team(list[24])}}},
		}}},
	}
}

func BenchmarkWho(b *testing.B) {
	roster, at := company(b), instant(b, "2026-11-22T17:00:00Z")
	b.ReportAllocs()
	for b.Loop() {
		if len(roster.Who("line", at)) != 3 {
			b.Fatal("three are on duty")
		}
	}
}

func BenchmarkChain(b *testing.B) {
	roster, at := company(b), instant(b, "2026-11-22T17:00:00Z")
	b.ReportAllocs()
	for b.Loop() {
		if len(roster.Chain("line", at)) != 5 {
			b.Fatal("five tiers")
		}
	}
}
