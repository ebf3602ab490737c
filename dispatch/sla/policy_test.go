package sla

import (
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
