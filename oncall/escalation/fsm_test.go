package escalation

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what the machine does")

var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// transcript plays one file. Its lines:
//
//	step DELAY TARGET...      adds a step to the policy
//	chain M:SS TIER=WHO,...   the chain from that time on (static=+number)
//	M:SS EVENT [PAGE OUTCOME] feeds an event
//
// Lines that begin with ">" are what the machine does, and where it stands then.
type transcript struct {
	t      *testing.T
	policy Policy
	chains []chainFrom
	state  State
	out    bytes.Buffer
}

type chainFrom struct {
	at    time.Time
	tiers []oncall.Tier
}

func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tr := &transcript{t: t}
			for line := range strings.Lines(string(text)) {
				tr.line(strings.TrimRight(line, "\n"))
			}
			if *update {
				if err := os.WriteFile(file, tr.out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(text), tr.out.String()); diff != "" && !*update {
				t.Error(diff)
			}
		})
	}
}

func (tr *transcript) line(line string) {
	if strings.HasPrefix(line, ">") {
		return
	}
	fmt.Fprintln(&tr.out, line)
	f := strings.Fields(line)
	switch {
	case len(f) == 0 || f[0] == "#":
	case f[0] == "step":
		tr.policy.Steps = append(tr.policy.Steps, Rung{Delay: tr.duration(f[1]), Targets: f[2:]})
	case f[0] == "chain":
		tr.chains = append(tr.chains, chainFrom{tr.at(f[1]), parseChain(f[2:])})
	default:
		tr.event(f)
	}
}

func (tr *transcript) event(f []string) {
	e := Event{Kind: EventKind(f[1])}
	if len(f) > 2 {
		if _, err := fmt.Sscan(f[2], &e.Page); err != nil {
			tr.t.Fatal(err)
		}
	}
	if len(f) > 3 {
		e.Outcome = Outcome(f[3])
	}
	m := Machine{Policy: tr.policy, Chain: tr.chain}
	before := tr.state
	next, actions := m.Step(tr.throughJSON(tr.state), e, tr.at(f[0]))
	if !cmp.Equal(before, tr.state) {
		tr.t.Error("the machine changed the state it was given")
	}
	tr.state = next
	for _, a := range actions {
		fmt.Fprintf(&tr.out, "> %s\n", describe(a))
	}
	due := ""
	if !next.Due.IsZero() {
		d := next.Due.Sub(epoch)
		due = fmt.Sprintf(", due %d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	fmt.Fprintf(&tr.out, "> (%s%s)\n", next.Phase, due)
}

func describe(a Action) string {
	if a.Page.Number == 0 {
		return a.Kind.String()
	}
	who := a.Page.Person
	if who == "" {
		who = a.Page.Static.Number
	}
	return fmt.Sprintf("%s %d: %s (%s), round %d", a.Kind, a.Page.Number, who, a.Page.Tier, a.Page.Round)
}

// throughJSON proves that the state survives storage at every step.
func (tr *transcript) throughJSON(s State) State {
	text, err := json.Marshal(s)
	if err != nil {
		tr.t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(text, &back); err != nil {
		tr.t.Fatal(err)
	}
	return back
}

func (tr *transcript) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		tr.t.Fatal(err)
	}
	return d
}

func (tr *transcript) at(s string) time.Time {
	minutes, seconds, _ := strings.Cut(s, ":")
	return epoch.Add(tr.duration(minutes + "m" + seconds + "s"))
}

func (tr *transcript) chain(now time.Time) []oncall.Tier {
	var tiers []oncall.Tier
	for _, c := range tr.chains {
		if !now.Before(c.at) {
			tiers = c.tiers
		}
	}
	return tiers
}

func parseChain(fields []string) []oncall.Tier {
	var tiers []oncall.Tier
	for _, f := range fields {
		name, who, _ := strings.Cut(f, "=")
		tier := oncall.Tier{Name: name}
		for id := range strings.SplitSeq(who, ",") {
			if name == oncall.Static {
				tier.Numbers = append(tier.Numbers, oncall.StaticNumber{Number: id})
			} else {
				tier.Duties = append(tier.Duties, oncall.Duty{Person: id, Track: name})
			}
		}
		tiers = append(tiers, tier)
	}
	return tiers
}

// Whatever happens, an unfinished machine that has started always has a time to be woken, nobody is paged twice in a round,
// and nothing happens after the finish.
func TestNeverStuck(t *testing.T) {
	t.Parallel()
	events := []EventKind{Wake, Wake, Wake, Answered, Result, Result, Result, Acknowledged, Closed}
	outcomes := []Outcome{Escalated, NoKey, Busy, Declined, NoAnswer, Unreachable, Failed, NoAnswer, Acked}
	rapid.Check(t, func(t *rapid.T) {
		chain := parseChain([]string{"primary=anna", "secondary=boris,vera", "static=+78005550100"}[:rapid.IntRange(0, 3).Draw(t, "tiers")])
		policy := Policy{Steps: []Rung{
			{Delay: time.Duration(rapid.IntRange(0, 60).Draw(t, "delay")) * time.Second, Targets: []string{"primary"}}, {Delay: time.Minute, Targets: []string{Chain}},
		}}
		m := Machine{Policy: policy, Chain: func(time.Time) []oncall.Tier { return chain }}
		now := epoch
		s, actions := m.Step(State{}, Event{Kind: Start}, now)
		paged := map[string]bool{}
		for range 40 {
			for _, a := range actions {
				if key := fmt.Sprint(a.Page.Round, a.Page.key()); a.Kind == PageNow && paged[key] {
					t.Fatalf("%s twice in a round", key)
				} else if a.Kind == PageNow {
					paged[key] = true
				}
			}
			if (s.Phase == Finished) != s.Due.IsZero() {
				t.Fatalf("%s with due %s", s.Phase, s.Due)
			}
			finished := s.Phase == Finished
			e := Event{rapid.SampledFrom(events).Draw(t, "event"), s.Current.Number - rapid.IntRange(0, 1).Draw(t, "stale"), rapid.SampledFrom(outcomes).Draw(t, "outcome")}
			if e.Kind == Wake && !finished {
				now = s.Due
			}
			s, actions = m.Step(s, e, now)
			if finished && (len(actions) > 0 || s.Phase != Finished) {
				t.Fatalf("%v after the finish", actions)
			}
		}
	})
}

// Driven by Wake alone, as if every page were lost, each round reaches everybody of the chain.
func TestWakeAloneReachesEverybody(t *testing.T) {
	t.Parallel()
	chain := parseChain([]string{"primary=anna", "secondary=boris,vera", "static=+78005550100"})
	m := Machine{Policy: Default(), Chain: func(time.Time) []oncall.Tier { return chain }}
	var got []string
	s, actions := m.Step(State{}, Event{Kind: Start}, epoch)
	for s.Round < 3 {
		for _, a := range actions {
			if a.Kind == PageNow {
				got = append(got, a.Page.key())
			}
		}
		s, actions = m.Step(s, Event{Kind: Wake}, s.Due)
	}
	round := []string{"anna", "boris", "vera", "static:+78005550100"}
	if want := slices.Concat(round, round); !slices.Equal(got, want) {
		t.Errorf("paged %v, want %v", got, want)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	late := Rung{Delay: 16 * time.Minute, Targets: []string{"primary"}}
	for name, tt := range map[string]struct {
		policy Policy
		want   []string
	}{
		"default":                    {Default(), nil},
		"zero policy is the default": {Policy{}, nil},
		"too late":                   {Policy{Steps: []Rung{late, {0, []string{Chain}}}}, []string{"begins 16m0s"}},
		"no last resort":             {Policy{Steps: []Rung{{0, []string{"primary"}}}}, []string{"last resort"}},
	} {
		err := tt.policy.Lint(ReactionTime)
		if (err == nil) != (tt.want == nil) || slices.ContainsFunc(tt.want, func(s string) bool { return !strings.Contains(err.Error(), s) }) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

func TestCheckTargets(t *testing.T) {
	t.Parallel()
	schedules := []oncall.Schedule{{ID: "day", Tracks: []oncall.Track{{ID: "primary"}}}, {ID: "night", Tracks: []oncall.Track{{ID: "guard"}}}}
	good := Policy{Steps: []Rung{{0, []string{"primary", "guard"}}, {0, []string{oncall.Everyone, oncall.Static, Chain}}}}
	if err := good.CheckTargets(schedules); err != nil {
		t.Error(err)
	}
	err := Policy{Steps: []Rung{{0, []string{"primary"}}, {0, []string{Chain, "primry", Chain}}}}.CheckTargets(schedules)
	for _, want := range []string{`steps[1].targets[1]: "primry"`, "steps[1].targets[2]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %s", err, want)
		}
	}
}

// A policy that finds nobody pages the chain, and everyone when the chain is empty too.
func TestFallBack(t *testing.T) {
	t.Parallel()
	tier := func(name string, ids ...string) []oncall.Tier {
		one := oncall.Tier{Name: name}
		for _, id := range ids {
			one.Duties = append(one.Duties, oncall.Duty{Person: id})
		}
		return []oncall.Tier{one}
	}
	for name, tt := range map[string]struct {
		targets       string
		chain, resort []oncall.Tier
		want          []string
	}{
		"the policy finds somebody": {"primary", tier("primary", "anna"), tier(oncall.Everyone, "boris"), []string{"page anna", "", "page anna"}},
		"the chain":                 {"primry", tier("primary", "anna", "boris"), tier(oncall.Everyone, "vera"), []string{"fall_back page anna", "page boris", "", "fall_back page anna"}},
		"everyone":                  {"primry", nil, tier(oncall.Everyone, "vera"), []string{"fall_back page vera", "", "fall_back page vera"}},
		"nobody at all":             {"primry", nil, nil, []string{"nobody", "nobody"}},
	} {
		m := Machine{
			Policy: Policy{Steps: []Rung{{0, []string{tt.targets}}}},
			Chain:  func(time.Time) []oncall.Tier { return tt.chain }, Resort: func(time.Time) []oncall.Tier { return tt.resort },
		}
		now, s := epoch, State{}
		for i, want := range tt.want {
			e := Event{Kind: Wake}
			if i == 0 {
				e.Kind = Start
			} else if s.Phase == Ringing {
				e = Event{Kind: Result, Page: s.Current.Number, Outcome: NoAnswer}
			} else {
				now = s.Due
			}
			var actions []Action
			s, actions = m.Step(s, e, now)
			var got []string
			for _, a := range actions {
				got = append(got, strings.TrimSpace(a.Kind.String()+" "+a.Page.Person))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s, step %d: %q, want %q", name, i, got, want)
			}
		}
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	anna := []oncall.Tier{{Name: "primary", Duties: []oncall.Duty{{Person: "anna"}}}}
	for name, tt := range map[string]struct {
		steps []Rung
		chain []oncall.Tier
		want  Reach
	}{
		"at once":                         {[]Rung{{0, []string{Chain}}}, anna, Reach{Found: true}},
		"after a delay":                   {[]Rung{{16 * time.Minute, []string{"primary"}}}, anna, Reach{Found: true, After: 16 * time.Minute}},
		"empty steps are skipped at once": {[]Rung{{14 * time.Minute, []string{"second"}}, {0, []string{Chain}}}, anna, Reach{Found: true}},
		"by the fallback":                 {[]Rung{{time.Minute, []string{"second"}}}, anna, Reach{Found: true, Fallen: true}},
		"nobody":                          {nil, nil, Reach{}},
	} {
		m := Machine{Policy: Policy{Steps: tt.steps}, Chain: func(time.Time) []oncall.Tier { return tt.chain }}
		if got := m.Reach(epoch); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestPolicyValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Policy{Pause: -1, AckTimeout: -1, Steps: []Rung{{Delay: -1}}}.Validate()
	for _, path := range []string{"pause:", "ack_timeout:", "steps[0].delay:", "steps[0].targets:"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v lacks %s", err, path)
		}
	}
}
