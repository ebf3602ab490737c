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
			for _, tier := range Compile(tt.roster).Chain("line", time.Unix(1_800_000_000, 0)) {
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
