package shift

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// TestTiers: who is told, and who next.
func TestTiers(t *testing.T) {
	t.Parallel()
	person := func(id string, role string) string {
		if role != "" {
			role = ", roles: [" + role + "]"
		}
		return fmt.Sprintf("  - {id: %s, name: %s, devices: [{kind: mobile, number: \"+7921000%04d\"}]%s}\n", id, id, int(id[0])*17, role)
	}
	const rota = `
schedules:
  - id: duty
    zone: Europe/Moscow
    tracks:
      - {id: primary, layers: [{id: d, members: [anna]}]}
      - {id: secondary, layers: [{id: d, members: [boris]}]}
`
	off := func(id string) string {
		return "  - {id: off-" + id + ", person: " + id + ", from: \"2026-03-10\", to: \"2026-03-11\"}\n"
	}
	for name, c := range map[string]struct{ people, absences, want string }{
		"schedulers, leads": {
			person("anna", "scheduler") + person("boris", "lead") + person("clara", "scheduler") + person("dora", "scheduler"), "", "[[clara dora] [boris]]",
		},
		"leads, heads": {person("anna", "scheduler") + person("boris", "lead") + person("clara", "head"), "", "[[boris] [clara]]"},
		"the other track, everybody": {
			person("anna", "") + person("boris", "") + person("clara", "") + person("dora", ""), "", "[[boris] [clara dora]]",
		},
		"an absent one is skipped": {
			person("anna", "") + person("boris", "") + person("clara", "scheduler") + person("dora", "scheduler"), off("clara"), "[[dora] [boris]]",
		},
		"the only one is absent": {person("anna", "") + person("boris", "") + person("clara", "scheduler") + person("lena", "lead"), off("clara"), "[[lena] [boris]]"},
		"nobody else":            {person("anna", "") + person("boris", ""), off("boris"), "[]"},
	} {
		text := "people:\n" + c.people + rota
		if c.absences != "" {
			text += "absences:\n" + c.absences
		}
		s := snapshotOf(t, text)
		now := at(t, "2026-03-10 00:30") // the day before in UTC
		if got := fmt.Sprint(Tiers(s.Duty, oncall.Turn{Schedule: "duty", Track: "primary", Person: "anna", Start: now}, now)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// silence is a rota with somebody on each tier.
const silence = `
people:
  - {id: anna, name: Анна, devices: [{kind: mobile, number: "+79210000001"}]}
  - {id: clara, name: Клара, roles: [scheduler], devices: [{kind: mobile, number: "+79210000003"}]}
  - {id: dora, name: Дора, roles: [scheduler], devices: [{kind: mobile, number: "+79210000004"}]}
  - {id: lena, name: Лена, roles: [lead], devices: [{kind: mobile, number: "+79210000005"}]}
  - {id: mark, name: Марк, devices: [{kind: mobile, number: "+79210000006"}]}
schedules:
  - id: duty
    zone: Europe/Moscow
    tracks: [{id: primary, layers: [{id: days, members: [anna], windows: [{from: "09:00", to: "21:00"}]}]}]
`

// An alarm that nobody of a tier hears goes to the next one, until somebody
// presses a key; one who does keeps those behind from being rung.
func TestUnheardAlarmGoesToTheNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hears string
		want  string // the first call to each, after the start
	}{
		"a scheduler hears":   {"dora", "09:00 clara, 09:00 dora"},
		"the lead hears":      {"lena", "09:00 clara, 09:00 dora, 09:10 lena"},
		"the last one hears":  {"mark", "09:00 clara, 09:00 dora, 09:10 lena, 09:20 mark"},
		"nobody hears at all": {"", "09:00 clara, 09:00 dora, 09:10 lena, 09:20 mark"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, silence, "2026-03-11 08:59", 2, only(c.hears, dispatch.ResultAcknowledged))
				h.until("2026-03-11 20:00")
				seen := map[string]bool{}
				var got []string
				for _, who := range []string{"clara", "dora", "lena", "mark"} {
					for _, l := range h.rings.seen() {
						if strings.Contains(l, " ring "+who+" unconfirmed") && !seen[who] {
							seen[who] = true
							got = append(got, l[len("2026-03-11 "):len("2026-03-11 09:00")]+" "+who)
						}
					}
				}
				if s := strings.Join(got, ", "); s != c.want {
					t.Errorf("rung %s, want %s\n%s", s, c.want, strings.Join(h.rings.seen(), "\n"))
				}
			})
		})
	}
}

// Who has declined and is still on the rota is not the silent scheduler's secret.
func TestUnheardDeclineGoesToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, silence, "2026-03-10 18:59", 1, func(n dispatch.Notice) dispatch.Result {
			switch n.To {
			case "anna":
				return dispatch.ResultEscalate
			case "lena":
				return dispatch.ResultAcknowledged
			}
			return dispatch.ResultNoAnswer
		})
		h.until("2026-03-10 20:00")
		if all := strings.Join(h.rings.seen(), "\n"); !strings.Contains(all, "2026-03-10 19:10 ring lena declined") || strings.Contains(all, "ring mark") {
			t.Error(all)
		}
	})
}
