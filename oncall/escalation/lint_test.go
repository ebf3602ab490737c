package escalation

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// team is a chain of the given tiers whose people each have a softphone of 20 s, or the rules and devices of known.
func team(tiers []string, known ...oncall.Person) People {
	chain := parseChain(tiers)
	people := map[string]oncall.Person{}
	all, static := oncall.Tier{Name: oncall.Everyone}, oncall.Tier{Name: oncall.Static}
	for _, t := range chain {
		all.Duties = append(all.Duties, t.Duties...)
		static.Numbers = append(static.Numbers, t.Numbers...)
		for _, d := range t.Duties {
			people[d.Person] = oncall.Person{ID: d.Person, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:x@y"}}}
		}
	}
	for _, p := range known {
		people[p.ID] = p
	}
	return People{
		Chain: func(time.Time) []oncall.Tier { return chain }, Resort: func(time.Time) []oncall.Tier { return []oncall.Tier{all, static} },
		Person: func(id string) (oncall.Person, bool) { p, ok := people[id]; return p, ok },
	}
}

// The promise of 15 minutes is proved for a policy, a chain and people, or the rule that breaks it is named.
func TestLint(t *testing.T) {
	t.Parallel()
	small := []string{"primary=anna", "secondary=boris", "static=+78005550100"}
	crowd := []string{"primary=" + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""), ","), "static=+78005550100"}
	slow := oncall.Person{ID: "anna", Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+7", RingTime: 20 * time.Second}}, Notify: []oncall.NotifyRule{
		{Channel: Voice}, {After: 10 * time.Minute, Channel: Voice},
	}}
	chain, everyone := []string{Chain}, []string{oncall.Everyone, oncall.Static}
	for name, tt := range map[string]struct {
		policy Policy
		people People
		want   string // one a line; "" = proved
	}{
		"the default, a small team":           {Default(), team(small), ""},
		"the default, one engineer":           {Default(), team(small[:1]), ""},
		"the default, emergency numbers only": {Default(), team(small[2:]), ""},
		"the default, fifty people":           {Default(), team(crowd), ""},
		"zero policy is the default":          {Policy{}, team(small), ""},
		"nobody at all":                       {Default(), team(nil), "steps: nobody can be paged now"},
		"a delay too long":                    {Policy{Steps: []Rung{{Targets: []string{"primary"}}, {Delay: 16 * time.Minute, Targets: everyone}}}, team(small), "steps[1].delay: the step waits 16m0s"},
		"a time too late":                     {Policy{Steps: []Rung{{Targets: []string{"primary"}}, {At: 15 * time.Minute, Targets: everyone}}}, team(small), "steps[1].at: the last resort begins at 15m0s, so that the last resort has rung only 15m20s"},
		"just in time":                        {Policy{Steps: []Rung{{Targets: []string{"primary"}}, {At: 14*time.Minute + 40*time.Second, Targets: everyone}}}, team(small), ""},
		"too many one after another":          {Policy{Steps: []Rung{{Targets: []string{"primary"}}, {Targets: []string{oncall.Static}}}}, team(crowd), "steps[0].targets: 52 page(s) one after another ring for 17m20s"},
		"no last resort":                      {Policy{Steps: []Rung{{Targets: []string{"primary"}}}}, team(small), "steps[0].targets: no step has a last resort"},
		"repeats eat the time": {
			Policy{Steps: []Rung{{Targets: []string{"primary"}, Repeat: 12}, {Targets: everyone}}}, team(small), "steps[0].repeat: the step is walked 13 times",
		},
		"a step that pages nobody new": {Policy{Steps: []Rung{{Targets: chain}, {Delay: time.Minute, Targets: []string{"secondary"}}}}, team(small), "steps[1]: pages nobody"},
		"the same with a time":         {Policy{Steps: []Rung{{Targets: chain}, {At: 5 * time.Minute, Targets: []string{"secondary"}}}}, team(small), ""},
		"a rule after the page":        {Policy{Steps: []Rung{{Targets: chain}}}, team(small, slow), "people[anna].notify[1].after: 10m0s never comes: a page is given up after 2m0s"},
		"a long page lets it come": {
			Policy{AckTimeout: 11 * time.Minute, Steps: []Rung{{Targets: chain}, {At: 13 * time.Minute, Targets: everyone, Together: true}}}, team(small, slow), "",
		},
		"but mailboxes hold long pages": {
			Policy{AckTimeout: 11 * time.Minute, Steps: []Rung{{Targets: chain}}}, team(small, slow), "steps[0].targets: 2 page(s) one after another may be held for",
		},
		"and breaks the promise": {
			Policy{AckTimeout: 14 * time.Minute, Steps: []Rung{{Targets: []string{"primary"}}, {Delay: 5 * time.Minute, Targets: everyone}}},
			team(small, slow),
			"people[anna].notify[1].after: a rule of the person waits 10m0s",
		},
		"a rule that is cut short": {
			Policy{AckTimeout: 10*time.Minute + 10*time.Second, Steps: []Rung{{Targets: chain}}}, team(small, slow), "people[anna].notify[1].after: the page is given up after 10m10s",
		},
	} {
		err := Machine{Policy: tt.policy, People: tt.people}.Lint(epoch, ReactionTime)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %q", name, err, tt.want)
		}
	}
}

// What passes for a last resort, and what does not.
func TestLintOfLastResorts(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 60 {
		ids = append(ids, "p"+string(rune('A'+i%26))+string(rune('a'+i/26)))
	}
	short := team([]string{"primary=anna", "secondary=boris"}) // the failover is anna alone, and there are no numbers
	only := short.Chain(epoch)[:1]
	short.Chain = func(time.Time) []oncall.Tier { return only }
	slow := team([]string{"primary=anna", "secondary=boris"})
	number := []oncall.Tier{{Name: oncall.Static, Numbers: []oncall.StaticNumber{{Number: "+7", RingTime: 110 * time.Second}}}}
	slow.Resort = func(time.Time) []oncall.Tier { return number }
	queue := oncall.Person{ID: "anna", Devices: []oncall.Device{
		{Kind: oncall.Mobile, Number: "+7", RingTime: 2 * time.Minute}, {Kind: oncall.Softphone, URI: "sip:x@y"},
	}, Notify: []oncall.NotifyRule{
		{Channel: Voice, Devices: []oncall.DeviceKind{oncall.Mobile}}, {After: 30 * time.Second, Channel: Voice, Devices: []oncall.DeviceKind{oncall.Softphone}},
	}}
	at := func(d time.Duration, target string) Rung { return Rung{At: d, Targets: []string{target}} }
	for name, tt := range map[string]struct {
		steps  []Rung
		people People
		want   string
	}{
		"the chain's numbers come too late": {
			[]Rung{at(0, Chain)}, team([]string{"primary=" + strings.Join(ids, ","), "static=+7800"}), "steps[0].targets: 60 page(s) one after another ring for 20m0s",
		},
		"a chain that reaches nobody else": {[]Rung{at(0, Chain)}, short, "steps[0].targets: the last resort of the steps has nobody"},
		"numbers that are not there":       {[]Rung{at(0, "primary"), at(0, oncall.Static)}, team([]string{"primary=anna", "secondary=boris"}), "steps[1].targets: the last resort of the steps has nobody"},
		"a page of another step is none":   {[]Rung{at(0, "primary"), at(14*time.Minute, oncall.Static), at(14*time.Minute+30*time.Second, "secondary")}, slow, "steps[1].at: the last resort begins at 14m0s"},
		"mailboxes hold the pages before it": {
			[]Rung{at(0, "primary"), {Targets: []string{oncall.Everyone, oncall.Static}, Together: true}},
			team([]string{"primary=a,b,c,d,e,f,g,h", "static=+7800"}),
			"steps[0].targets: 8 page(s) one after another may be held for 18m40s, if mailboxes answer",
		},
		"a rule behind a long one": {Default().Steps, team([]string{"primary=anna", "static=+7"}, queue), "people[anna].notify[1].after: 30s never comes: the rules before it ring"},
	} {
		err := Machine{Policy: Policy{Steps: tt.steps}, People: tt.people}.Lint(epoch, ReactionTime)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %q", name, err, tt.want)
		}
	}
}

// What Lint proves holds: played by hand, with nobody answering, the last resort rings in time.
func TestLintIsRight(t *testing.T) {
	t.Parallel()
	m := Machine{Policy: Default(), People: team([]string{"primary=anna", "secondary=boris", "static=+78005550100"})}
	if err := m.Lint(epoch, ReactionTime); err != nil {
		t.Fatal(err)
	}
	static := false
	for _, r := range m.Rehearse(epoch, ReactionTime) {
		static = static || r.Person == "" && r.To <= ReactionTime
	}
	if !static {
		t.Error("the emergency number has not rung within the time")
	}
}

func TestCheckNames(t *testing.T) {
	t.Parallel()
	roster := oncall.Roster{
		People: []oncall.Person{{ID: "anna", Skills: []string{"1c"}}},
		Schedules: []oncall.Schedule{
			{ID: "day", Tracks: []oncall.Track{{ID: "primary"}}},
			{ID: "night", Versions: []oncall.Version{{Rules: oncall.Rules{Tracks: []oncall.Track{{ID: "guard"}}}}}},
		},
	}
	good := Policy{Steps: []Rung{{Targets: []string{"primary", "guard", "tier:2", "role:head", "skill:1C", "person:anna"}}, {Targets: []string{oncall.Everyone, oncall.Static, Chain}}}}
	if err := good.CheckTargets(roster.Schedules); err != nil {
		t.Error(err)
	}
	if err := good.CheckPeople(roster.People); err != nil {
		t.Error(err)
	}
	bad := Policy{Steps: []Rung{{Targets: []string{"primary"}}, {Targets: []string{Chain, "primry", "skill:2c", "person:anne"}}}}
	if err := bad.CheckTargets(roster.Schedules); err == nil || err.Error() != `steps[1].targets[1]: "primry" is no track of any schedule; name `+targetForms {
		t.Error(err)
	}
	err := bad.CheckPeople(roster.People)
	for _, want := range []string{`steps[1].targets[2]: "skill:2c" is a skill that nobody has`, `steps[1].targets[3]: "person:anne" is no person`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

// A target that has nobody for two weeks is told; the default policy is not blamed for a small team.
func TestEmpty(t *testing.T) {
	t.Parallel()
	moments := []time.Time{epoch, epoch.Add(time.Hour), epoch.Add(14 * 24 * time.Hour)}
	people := team([]string{"primary=anna"})
	m := Machine{Policy: Policy{Steps: []Rung{{Targets: []string{"primary", "role:head"}}, {Targets: []string{oncall.Static}}}}, People: people}
	err := m.Empty(moments)
	want := `steps[0].targets[1]: "role:head" has nobody from 2026-01-05 to 2026-01-19` + "\n" + `steps[1].targets[0]: "static" has nobody from 2026-01-05 to 2026-01-19`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	people.Chain = func(now time.Time) []oncall.Tier {
		if now.Equal(moments[1]) {
			return parseChain([]string{"static=+7"})
		}
		return parseChain([]string{"primary=anna"})
	}
	m.People = people
	if err := m.Empty(moments); err == nil || strings.Contains(err.Error(), "static") {
		t.Errorf("somebody at one moment is enough: %v", err)
	}
	if err := (Machine{Policy: Default(), People: people}).Empty(moments); err != nil {
		t.Error(err)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	anna := []string{"primary=anna"}
	for name, tt := range map[string]struct {
		steps []Rung
		tiers []string
		want  Reach
	}{
		"at once":                         {[]Rung{{Targets: []string{Chain}}}, anna, Reach{Found: true}},
		"after a delay":                   {[]Rung{{Delay: 16 * time.Minute, Targets: []string{"primary"}}}, anna, Reach{Found: true, After: 16 * time.Minute}},
		"at a time":                       {[]Rung{{At: 16 * time.Minute, Targets: []string{"primary"}}}, anna, Reach{Found: true, After: 16 * time.Minute}},
		"empty steps are skipped at once": {[]Rung{{Delay: 14 * time.Minute, Targets: []string{"second"}}, {Targets: []string{Chain}}}, anna, Reach{Found: true}},
		"an empty time makes way":         {[]Rung{{Targets: []string{"second"}}, {At: 14 * time.Minute, Targets: []string{Chain}}}, anna, Reach{Found: true}},
		"by the last resort":              {[]Rung{{Delay: time.Minute, Targets: []string{"second"}}}, anna, Reach{Found: true, Fallen: true}},
		"nobody":                          {nil, nil, Reach{}},
	} {
		m := Machine{Policy: Policy{Steps: tt.steps}, People: team(tt.tiers)}
		if got := m.Reach(epoch); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}
