package sla

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPolicyLimit(t *testing.T) {
	t.Parallel()
	p := Policy{
		Limits: map[Name]Limit{FirstContactClock: {Time: 30 * time.Minute}, UpdateClock: {}},
		Lower:  map[Grade]map[Name]Limit{Normal: {FirstContactClock: {Days: 1}}},
	}
	for name, c := range map[string]struct {
		clock Name
		grade Grade
		want  Limit
	}{
		"the contract's":                        {FirstContactClock, Critical, Limit{Time: 30 * time.Minute}},
		"of a lower priority":                   {FirstContactClock, Normal, Limit{Days: 1}},
		"of one that it does not name":          {FirstContactClock, High, Limit{Time: time.Hour}},
		"nothing, if it says so":                {UpdateClock, Critical, Limit{}},
		"the default":                           {PlanClock, Critical, Limit{Time: time.Hour}},
		"the ETA is the promise":                {StabiliseClock, Critical, Limit{}},
		"no plan is promised for what can wait": {PlanClock, Low, Limit{}},
	} {
		if got := p.Limit(c.clock, c.grade); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestPolicyValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Policy{
		Limits:   map[Name]Limit{"k9": {Time: 1}, PlanClock: {Time: 1, Days: 1}, UpdateClock: {Time: 1, Business: true}},
		Lower:    map[Grade]map[Name]Limit{"urgent": nil, Low: {"k8": {}}},
		Attempts: -1,
	}.Validate()
	for _, want := range []string{"version", "k9", "plan: give", "no calendar", "urgent", "low limits", "attempts"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in %v", want, err)
		}
	}
	if err := (Policy{Version: "1", Calendar: &Calendar{}}).Validate(); err == nil {
		t.Error("a calendar that never opens")
	}
}

// The promises that the documents list are those that hold.
func TestPromisesAreDocumented(t *testing.T) {
	t.Parallel()
	for lang, units := range map[string][3]string{"en": {" min", " h", " business days"}, "ru": {" мин", " ч", " рабоч"}} {
		text, err := os.ReadFile("../../docs/" + lang + "/clocks.md")
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range Names() {
			row := ""
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, fmt.Sprintf("| K%d ", i+1)) {
					row = line
					break // another table tells whom they call
				}
			}
			cells := strings.Split(row, "|")
			if len(cells) != 9 {
				t.Fatalf("%s: no row of K%d", lang, i+1)
			}
			for j, g := range []Grade{Critical, High, Normal, Low} {
				want := "–"
				switch l := Default().Limit(n, g); {
				case n == StabiliseClock:
					continue
				case l.Days > 0:
					want = fmt.Sprint(l.Days)
				case l.Time >= time.Hour:
					want = fmt.Sprint(int(l.Time/time.Hour)) + units[1]
				case l.Time > 0:
					want = fmt.Sprint(int(l.Time/time.Minute)) + units[0]
				}
				if got, _, _ := strings.Cut(strings.TrimSpace(cells[j+4]), units[2]); got != want && !strings.HasPrefix(got, want+" ") {
					t.Errorf("%s: K%d of %s is %q, want %q", lang, i+1, g, got, want)
				}
			}
		}
	}
}
