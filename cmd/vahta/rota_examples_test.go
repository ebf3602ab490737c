package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
)

// example is a rule as docs/*/rotas.md writes it, and who it puts on duty when.
type example struct{ Rules, Who string }

func examples(t *testing.T, language string) []example {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", language, "rotas.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```\n\n```text\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		all = append(all, example{m[1], m[2]})
	}
	return all
}

// ofOneTrack completes an example that shows the layers of a track only.
func ofOneTrack(rules string) string {
	if !strings.HasPrefix(rules, "layers:") {
		return rules
	}
	return "schedules:\n  - id: duty\n    zone: Europe/Moscow\n    tracks:\n      - id: primary\n        " +
		strings.ReplaceAll(strings.TrimSpace(rules), "\n", "\n        ") + "\n"
}

// The page that says how rotas are written is right, in both languages.
func TestRotaExamples(t *testing.T) {
	t.Parallel()
	all := examples(t, "en")
	if diff := cmp.Diff(all, examples(t, "ru")); diff != "" || len(all) == 0 {
		t.Fatalf("%d examples; English and Russian differ:\n%s", len(all), diff)
	}
	for i, x := range all {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			r, err := config.ParseRota("example", []byte(ofOneTrack(x.Rules)))
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"anna", "boris", "vera", "gleb"} {
				r.People = append(r.People, oncall.Person{ID: id, Name: id, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000001"}}})
			}
			for k := range r.Schedules {
				r.Schedules[k].Name = "Duty"
			}
			if err := r.Validate(); err != nil {
				t.Fatalf("%v\n%s", err, x.Rules)
			}
			e := oncall.Compile(r)
			s := r.Schedules[0]
			for line := range strings.Lines(x.Who) {
				at, want, ok := strings.Cut(strings.TrimSpace(line), " → ")
				c, err := oncall.ParseCivil(at)
				if !ok || err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if got := onFirst(e, &s, c); got != want {
					t.Errorf("%s: %s is on duty, the page says %s\n%s", at, got, want, x.Rules)
				}
			}
		})
	}
}

// onFirst tells who is on the first track at a reading of the schedule's clock.
func onFirst(e *oncall.Evaluator, s *oncall.Schedule, c oncall.Civil) string {
	t := s.Zone.Resolve(c, oncall.First)
	duties := slices.DeleteFunc(e.Who(s.ID, t), func(d oncall.Duty) bool { return d.Track != s.RulesAt(t).Tracks[0].ID })
	if len(duties) == 0 {
		return "nobody"
	}
	return strings.Join(idsOf(duties), " + ")
}
