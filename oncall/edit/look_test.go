package edit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// look edits the fixture and looks at it.
func look(t *testing.T, text string, by edit.Author) edit.Preview {
	t.Helper()
	r := roster(t, fixture)
	result := apply(t, r, text, by)
	return edit.Look(oncall.Compile(r), oncall.Compile(result.Roster), result.Changed, oncall.DefaultRestRules(), now)
}

// tell writes a preview as a person would read it, one line per statement, in Moscow time.
func tell(p edit.Preview) []string {
	moscow := time.FixedZone("", 3*3600)
	clock := func(t time.Time) string { return t.In(moscow).Format("02.01 15:04") }
	list := func(ids []string) string { return "[" + strings.Join(ids, " ") + "]" }
	lines := []string{"from never"}
	if !p.EffectiveFrom.IsZero() {
		lines[0] = "from " + clock(p.EffectiveFrom)
	}
	for _, s := range p.Schedules {
		lines = append(lines, "schedule "+s.Schedule)
		for _, h := range s.People {
			lines = append(lines, fmt.Sprintf("  %s on %s: %s -> %s", h.Person, h.Track, h.Before, h.After))
		}
		for i, d := range s.Spans {
			if i > 0 && len(s.Spans) > 5 {
				lines = append(lines, "…")
				break
			}
			lines = append(lines, fmt.Sprintf("  %s %s..%s %s -> %s", d.Track, clock(d.Start), clock(d.End), list(d.Before), list(d.After)))
		}
		for _, g := range s.NewGaps {
			lines = append(lines, fmt.Sprintf("  new gap %s..%s", clock(g.Start), clock(g.End)))
		}
		for _, g := range s.ClosedGaps {
			lines = append(lines, fmt.Sprintf("  closed gap %s..%s", clock(g.Start), clock(g.End)))
		}
		for _, w := range s.Rest {
			lines = append(lines, fmt.Sprintf("  %s %s %s..%s: %g, limit %g", w.Person, w.Rule, clock(w.Start), clock(w.End), w.Is, w.Limit))
		}
		for _, c := range s.Clashes {
			lines = append(lines, fmt.Sprintf("  clash %s on %s %s..%s with %s", c.Person, c.Track, clock(c.Start), clock(c.End), c.Absence+c.Schedule))
		}
		lines = append(lines, "  stays "+list(s.StaysOnDuty))
	}
	for _, h := range p.Hidden {
		line := "hidden "
		if h.Wholly {
			line = "wholly hidden "
		}
		for _, s := range h.Spans {
			line += fmt.Sprintf("%s %s..%s ", s.Track, clock(s.Start), clock(s.End))
		}
		lines = append(lines, line+h.String())
	}
	for _, id := range p.Requests {
		lines = append(lines, "request "+id)
	}
	for _, w := range p.Warnings {
		lines = append(lines, "warning "+string(w.Code)+" "+strings.Join(w.Args, ", "))
	}
	return lines
}

// What is shown before an edit is saved.
func TestLook(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what string
		by   edit.Author
		edit string
		want []string
	}{
		{
			"hours won and lost; the person has two shifts on end", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-11-27 09:00","to":"2026-11-28 09:00","add":"boris","remove":"vera"}]}}`,
			[]string{
				"from 27.11 09:00", "schedule line",
				"  boris on primary: 738h0m0s -> 762h0m0s", "  vera on primary: 681h0m0s -> 657h0m0s",
				"  primary 27.11 09:00..28.11 09:00 [vera] -> [boris]",
				"  boris long_run 26.11 09:00..28.11 09:00: 48, limit 24",
				"  stays [gleb]",
			},
		},
		{
			"time off without a substitute makes gaps and touches what was asked", scheduler,
			`{"absence":{"person":"boris","from":"2026-11-26","to":"2026-11-28"}}`,
			[]string{
				"from 26.11 09:00", "schedule line",
				"  boris on primary: 738h0m0s -> 714h0m0s",
				"  primary 26.11 09:00..27.11 09:00 [boris] -> []",
				"  new gap 26.11 09:00..27.11 09:00",
				"  stays [gleb]",
				"request please",
				"warning gap line, 2026-11-24 09:00, 2026-11-25 00:00, 2, 39h0m0s",
			},
		},
		{
			"a gap is filled; who fills it is on the other line at the same time", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-11-24 09:00","to":"2026-11-25 00:00","add":"gleb"}]}}`,
			[]string{
				"from 24.11 09:00", "schedule line",
				"  gleb on primary: 48h0m0s -> 63h0m0s",
				"  primary 24.11 09:00..25.11 00:00 [] -> [gleb]",
				"  closed gap 24.11 09:00..25.11 00:00",
				"  gleb short_rest 25.11 00:00..25.11 09:00: 9, limit 11",
				"  clash gleb on primary 24.11 09:00..24.11 18:00 with office",
				"  stays [gleb]",
				"warning two_places gleb, line, office, 2026-11-24 09:00",
			},
		},
		{
			"somebody on leave is put on duty by name", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-11-24 09:00","to":"2026-11-24 12:00","add":"vera"}]}}`,
			[]string{
				"from 24.11 09:00", "schedule line",
				"  vera on primary: 681h0m0s -> 684h0m0s",
				"  primary 24.11 09:00..24.11 12:00 [] -> [vera]",
				"  closed gap 24.11 09:00..24.11 12:00",
				"  clash vera on primary 24.11 09:00..24.11 12:00 with leave",
				"  stays [gleb]",
				"hidden primary 24.11 09:00..24.11 12:00 absence leave",
				"warning gap line, 2026-11-24 12:00, 2026-11-25 00:00, 1, 12h0m0s",
			},
		},
		{
			"an earlier correction is hidden by a later one", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-12-01 09:00","to":"2026-12-02 09:00","remove":"olga"}]}}`,
			[]string{
				"from 01.12 09:00", "schedule line",
				"  olga on primary: 24h0m0s -> 0s",
				"  primary 01.12 09:00..02.12 09:00 [anna olga] -> [anna]",
				"  stays [anna gleb]",
				"wholly hidden primary 01.12 09:00..02.12 09:00 override later",
				"request trade",
				"warning idle_override line, later, 2026-12-01 09:00",
			},
		},
		{
			"an earlier temporary schedule is hidden in part, and says where", scheduler,
			`{"temporary":{"schedule":"line","from":"2026-11-23 16:00","to":"2026-11-23 17:00","shifts":[{"member":"olga"}]}}`,
			[]string{
				"from 23.11 16:00", "schedule line",
				"  anna on primary: 726h0m0s -> 725h0m0s", "  olga on primary: 24h0m0s -> 25h0m0s",
				"  primary 23.11 16:00..23.11 17:00 [anna] -> [olga]",
				"  stays [olga]",
				"hidden primary 23.11 16:00..23.11 17:00 temporary fair",
			},
		},
		{
			"time off that leaves a gap is not hidden by it", scheduler,
			`{"temporary":{"schedule":"line","from":"2026-12-21 09:00","to":"2026-12-22 09:00","shifts":[]}}`,
			[]string{
				"from 21.12 09:00", "schedule line", "  gleb on primary: 48h0m0s -> 24h0m0s",
				"  primary 21.12 09:00..22.12 09:00 [gleb] -> []",
				"  new gap 21.12 09:00..22.12 09:00", "  stays [gleb]",
			},
		},
		{
			"who is on duty stays when somebody joins", scheduler,
			`{"schedule":{"id":"office","zone":"Europe/Moscow","from":"2026-11-24 12:00","tracks":[{"id":"primary","layers":[
			  {"id":"weekly","members":["gleb","olga"],"handoff":{"unit":"week","anchor":"2026-01-05 09:00"},"windows":[{"days":"mon-fri","from":"09:00","to":"18:00"}]}]}]}}`,
			[]string{
				"from 24.11 12:00", "schedule office",
				"  anna on primary: 291h0m0s -> 0s", "  olga on primary: 0s -> 291h0m0s",
				"  primary 30.11 09:00..30.11 18:00 [anna] -> [olga]", "…",
				"  olga long_run 01.12 09:00..02.12 18:00: 33, limit 24",
				"  clash olga on primary 01.12 09:00..01.12 18:00 with line",
				"  stays [gleb]",
				"warning two_places olga, line, office, 2026-12-01 09:00",
			},
		},
		{
			"an override without any effect", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-11-27 09:00","to":"2026-11-28 09:00","add":"olga","remove":"anna"}]}}`,
			[]string{
				"from never", "schedule line", "  stays [boris olga]",
				"warning idle_override line, new1, 2026-11-27 09:00",
			},
		},
		{
			"a takeover shows who was on duty now", engineer("olga"),
			`{"take":{"schedule":"line"}}`,
			[]string{
				"from 23.11 12:00", "schedule line",
				"  boris on primary: 738h0m0s -> 737h0m0s", "  olga on primary: 24h0m0s -> 25h0m0s",
				"  primary 23.11 12:00..23.11 13:00 [boris] -> [olga]",
				"  stays [olga]",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			got := tell(look(t, tt.edit, tt.by))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A preview is written with durations in words and people by ID, and reads back as what it was.
func TestPreviewJSON(t *testing.T) {
	t.Parallel()
	p := look(t, `{"override":{"schedule":"line","changes":[{"from":"2026-11-24 09:00","to":"2026-11-24 12:00","add":"vera"}]}}`, scheduler)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"effective_from":"2026-11-24T06:00:00Z"`, `"schedule":"line"`, `"won":"3h0m0s"`, `"before":[],"after":["vera"]`,
		`"closed_gaps":[{"track":"primary"`, `"hidden":[{"kind":"absence","id":"leave","schedule":"line","wholly":false,"spans":[{"track":"primary",`, `"now_before":[{"person":"boris","track":"primary"`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	var again edit.Preview
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tell(p), tell(again)); diff != "" {
		t.Error(diff)
	}
}
