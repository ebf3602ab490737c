package escalation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// drawPolicy makes any policy that Validate lets pass.
func drawPolicy(t *rapid.T) Policy {
	targets := []string{
		"primary", "secondary", "tier:1", "tier:2", Chain, oncall.Everyone, oncall.Static, "skill:1c", "role:lead", "person:vera", "nowhere", "person:nobody",
	}
	p := Policy{
		Pause:       time.Duration(rapid.IntRange(0, 120).Draw(t, "pause")) * time.Second,
		AckTimeout:  time.Duration(rapid.IntRange(0, 200).Draw(t, "ack_timeout")) * time.Second,
		RepageAfter: rapid.SampledFrom([]time.Duration{0, 0, time.Minute, time.Hour}).Draw(t, "repage"),
	}
	var at time.Duration
	for range rapid.IntRange(0, 5).Draw(t, "steps") {
		r := Rung{
			Targets:  rapid.SliceOfNDistinct(rapid.SampledFrom(targets), 1, 4, rapid.ID).Draw(t, "targets"),
			Together: rapid.Bool().Draw(t, "together"), RoundRobin: rapid.Bool().Draw(t, "round_robin"),
			AfterAck: rapid.Bool().Draw(t, "after_ack"), Repeat: rapid.IntRange(0, 2).Draw(t, "repeat"),
		}
		if rapid.Bool().Draw(t, "timed") {
			at += time.Duration(rapid.IntRange(1, 300).Draw(t, "at")) * time.Second
			r.At = at
		} else {
			r.Delay = time.Duration(rapid.IntRange(0, 120).Draw(t, "delay")) * time.Second
		}
		p.Steps = append(p.Steps, r)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

// drawPeople makes a team whose rota changes at any moment.
func drawPeople(t *rapid.T) People {
	ids := []string{"anna", "boris", "vera", "gena", "dora"}
	people := map[string]oncall.Person{}
	for _, id := range ids {
		p := oncall.Person{ID: id}
		if rapid.Bool().Draw(t, "skilled") {
			p.Skills = []string{"1c"}
		}
		if rapid.Bool().Draw(t, "lead") {
			p.Roles = []oncall.Role{oncall.Lead}
		}
		people[id] = p
	}
	var chains [][]oncall.Tier
	for range rapid.IntRange(1, 3).Draw(t, "rotas") {
		var tiers []oncall.Tier
		left := rapid.Permutation(ids).Draw(t, "order")
		for _, name := range []string{"primary", "secondary", oncall.Everyone} {
			n := rapid.IntRange(0, 2).Draw(t, name)
			n = min(n, len(left))
			if n == 0 {
				continue
			}
			tier := oncall.Tier{Name: name, Parallel: rapid.Bool().Draw(t, "parallel")}
			for _, id := range left[:n] {
				tier.Duties = append(tier.Duties, oncall.Duty{Person: id, Track: name})
			}
			left = left[n:]
			tiers = append(tiers, tier)
		}
		if rapid.Bool().Draw(t, "static") {
			tiers = append(tiers, oncall.Tier{Name: oncall.Static, Numbers: []oncall.StaticNumber{{Number: "+78005550100"}}})
		}
		chains = append(chains, tiers)
	}
	at := func(now time.Time) []oncall.Tier { return chains[int(now.Sub(epoch)/(7*time.Minute))%len(chains)] }
	return People{
		Chain: at,
		Resort: func(now time.Time) []oncall.Tier {
			all := oncall.Tier{Name: oncall.Everyone}
			static := oncall.Tier{Name: oncall.Static}
			for _, tier := range at(now) {
				all.Duties = append(all.Duties, tier.Duties...)
				static.Numbers = append(static.Numbers, tier.Numbers...)
			}
			return []oncall.Tier{all, static}
		},
		OnDuty: func(now time.Time) (list []oncall.Duty) {
			for _, tier := range at(now) {
				list = append(list, tier.Duties...)
			}
			return list
		},
		Person: func(id string) (oncall.Person, bool) { p, ok := people[id]; return p, ok },
	}
}

// watch checks every step of the machine.
type watch struct {
	t       *rapid.T
	m       Machine
	s       State
	now     time.Time
	numbers int
	acked   bool // and not forgotten since
	pages   int  // in this round
}

func (w *watch) step(e Event) {
	before, round, rest := w.s, w.s.Round, w.s.Rest
	next, actions := w.m.Step(throughJSON(w.t, w.s), e, w.now)
	again, same := w.m.Step(w.s, e, w.now)
	if a, b := fmt.Sprintf("%+v %+v", next.Walks, actions), fmt.Sprintf("%+v %+v", again.Walks, same); a != b {
		w.t.Fatalf("one input, two outcomes:\n%s\n%s", a, b)
	}
	w.s = next
	for _, a := range actions {
		w.action(before, a)
	}
	w.invariants(before)
	forgotten := slices.ContainsFunc(actions, func(a Action) bool { return a.Kind == Forgotten })
	if round > 0 && next.Round > round && !forgotten && (rest.IsZero() || w.now.Before(rest)) {
		w.t.Fatal("a round began without a pause")
	}
	if rest.IsZero() && !next.Rest.IsZero() { // the round is over
		nobody := slices.ContainsFunc(actions, func(a Action) bool { return a.Kind == NobodyToPage })
		if (w.pages == 0) != nobody {
			w.t.Fatalf("a round with %d pages, nobody: %v", w.pages, nobody)
		}
		if w.pages == 0 && len(w.m.Chain(w.now)) > 0 {
			w.t.Fatal("a round paged nobody although there is somebody")
		}
	}
	if next.Round != round {
		w.pages = 0
		for _, a := range actions {
			if a.Kind == PageNow && a.Page.Round == next.Round {
				w.pages++
			}
		}
	}
}

func (w *watch) action(before State, a Action) {
	if before.Phase == Finished {
		w.t.Fatalf("%v after the finish", a)
	}
	switch a.Kind {
	case PageNow:
		w.pages++
		if w.numbers++; a.Page.Number != w.numbers {
			w.t.Fatalf("page %d follows page %d", a.Page.Number, w.numbers-1)
		}
		if w.acked && !a.Page.AfterAck {
			w.t.Fatalf("%s is paged for what is acknowledged", a.Page.Key())
		}
	case Forgotten:
		w.acked, w.pages = false, 0
	case CancelPage, FallBack, NobodyToPage, GiveUp, Finish:
	}
}

// invariants hold between any two events.
func (w *watch) invariants(before State) {
	s := w.s
	keys := map[string]bool{}
	for _, p := range s.Pages {
		if keys[p.Key()] {
			w.t.Fatalf("%s is being paged twice", p.Key())
		}
		keys[p.Key()] = true
		if p.Due.IsZero() || !p.Due.After(w.now) {
			w.t.Fatalf("page %d is to be given up at %s, it is %s", p.Number, p.Due, w.now)
		}
	}
	switch s.Phase {
	case Idle, Finished:
		if !s.Due.IsZero() || len(s.Pages) > 0 {
			w.t.Fatalf("%s with due %s, pages %v", s.Phase, s.Due, s.Pages)
		}
	case Paging, Holding:
		if s.Due.IsZero() || s.Due.Sub(w.now) > 25*time.Hour {
			w.t.Fatalf("%s would sleep until %s", s.Phase, s.Due)
		}
		if !s.Due.After(w.now) && s.Due != before.Due {
			w.t.Fatalf("%s wants to be woken at %s, it is %s", s.Phase, s.Due, w.now)
		}
	}
}

// Whatever happens, in any order: an unfinished machine that has started has a time to be woken; each round pages somebody
// while there is anybody; nobody is paged twice at the same time, nor for what is acknowledged, but by steps that are wanted
// then; nothing happens after the finish; and the state survives JSON.
func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	kinds := []EventKind{Wake, Wake, Wake, Wake, Answered, Result, Result, Result, Result, Acted, Start, Acknowledged, Closed}
	outcomes := []Outcome{Escalated, NoKey, Busy, Declined, NoAnswer, Unreachable, Failed, NoAnswer, Acked}
	rapid.Check(t, func(t *rapid.T) {
		w := &watch{t: t, now: epoch, m: Machine{Policy: drawPolicy(t), People: drawPeople(t)}}
		if rapid.Bool().Draw(t, "first") {
			w.m.First = "gena"
		}
		w.step(Event{Kind: Start})
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			e := Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
			switch e.Kind {
			case Wake:
				if rapid.IntRange(0, 5).Draw(t, "early") > 0 && w.s.Due.After(w.now) {
					w.now = w.s.Due.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 600}).Draw(t, "late")) * time.Second)
				}
			case Result, Answered:
				e.Page = max(0, w.s.Number-rapid.IntRange(0, 3).Draw(t, "page"))
				e.Outcome = rapid.SampledFrom(outcomes).Draw(t, "outcome")
			case Acknowledged:
				e.Person = rapid.SampledFrom([]string{"", "anna", "vera"}).Draw(t, "by")
			case Start, Acted, Closed:
			}
			if e.Kind == Acknowledged || e.Kind == Result && e.Outcome == Acked && e.Page > 0 && w.s.Phase == Paging {
				w.acked = true
			}
			w.step(e)
		}
	})
}

// Driven by Wake alone, as if every page were lost, each round reaches everybody there is, if the policy is left alone.
func TestWakeAloneReachesEverybody(t *testing.T) {
	t.Parallel()
	chain := parseChain([]string{"primary=anna", "secondary=boris,vera", "static=+78005550100"})
	m := Machine{Policy: Policy{Steps: []Rung{{Targets: []string{Chain}}}}, People: People{Chain: func(time.Time) []oncall.Tier { return chain }}}
	var got []string
	s, actions := m.Step(State{}, Event{Kind: Start}, epoch)
	for s.Round < 3 {
		for _, a := range actions {
			if a.Kind == PageNow {
				got = append(got, a.Page.Key())
			}
		}
		s, actions = m.Step(s, Event{Kind: Wake}, s.Due)
	}
	round := []string{"anna", "boris", "vera", "static:+78005550100"}
	if want := slices.Concat(round, round); !slices.Equal(got, want) {
		t.Errorf("paged %v, want %v", got, want)
	}
}

// A policy that is changed while an incident is paged changes nothing of it; the people are those of the moment.
func TestPolicyIsThatOfTheStart(t *testing.T) {
	t.Parallel()
	chain := parseChain([]string{"primary=anna", "secondary=boris"})
	m := Machine{
		Policy: Policy{Steps: []Rung{{Targets: []string{"primary"}}, {Targets: []string{"secondary", oncall.Everyone}}}},
		People: People{Chain: func(time.Time) []oncall.Tier { return chain }},
	}
	s, _ := m.Step(State{}, Event{Kind: Start}, epoch)
	m.Policy = Policy{Steps: []Rung{{Targets: []string{"primary"}}, {Delay: time.Hour, Targets: []string{oncall.Everyone}}}}
	chain = parseChain([]string{"primary=anna", "secondary=vera"})
	s, _ = m.Step(s, Event{Kind: Result, Page: 1, Outcome: NoAnswer}, epoch.Add(20*time.Second))
	if got := underWay(s); got != " vera" {
		t.Errorf("under way:%s, want vera, who is secondary by now", got)
	}
}

// States as they were written before several people could be paged at once are read: the page under way counts, its number
// goes on, and paging begins anew behind it.
func TestFormerStates(t *testing.T) {
	t.Parallel()
	due := `"Due":"2026-01-05T00:02:00Z"`
	current := `"Current":{"Number":7,"Round":2,"Tier":"primary","Person":"anna","Provenance":{"Source":"layer","ID":"n"},"Static":{"Name":"","Names":null,"Number":"","RingTime":0},"RingTime":20000000000}`
	m := Machine{Policy: Policy{Steps: []Rung{{Targets: []string{Chain}}}}, People: People{
		Chain: func(time.Time) []oncall.Tier { return parseChain([]string{"primary=anna", "secondary=boris"}) },
	}}
	no := Event{Kind: Result, Page: 7, Outcome: NoAnswer}
	for name, tt := range map[string]struct {
		text  string
		event Event
		at    time.Duration
		want  string
	}{
		"ringing, no answer":   {`{"Phase":"ringing","Round":2,"Step":0,` + current + `,` + due + `,"tried":[]}`, no, 30 * time.Second, "page 8: anna (primary), round 2"},
		"ringing, given up":    {`{"Phase":"ringing","Round":2,` + current + `,` + due + `}`, Event{Kind: Wake}, 2 * time.Minute, "cancel 7: anna (primary), round 2; page 8: anna (primary), round 2"},
		"ringing, too early":   {`{"Phase":"ringing","Round":2,` + current + `,` + due + `}`, Event{Kind: Wake}, time.Minute, ""},
		"asking, acknowledged": {`{"Phase":"asking","Round":2,` + current + `,` + due + `}`, Event{Kind: Result, Page: 7, Outcome: Acked}, time.Minute, "finish"},
		"waiting":              {`{"Phase":"waiting","Round":3,"Paged":["anna"],` + current + `,` + due + `}`, Event{Kind: Wake}, 2 * time.Minute, "page 8: anna (primary), round 3"},
		"finished":             {`{"Phase":"finished","Round":3,` + current + `}`, Event{Kind: Wake}, 2 * time.Minute, ""},
	} {
		s, ok, err := ReadFormer([]byte(tt.text))
		if !ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
			continue
		}
		_, actions := m.Step(throughJSON(t, s), tt.event, epoch.Add(tt.at))
		var got []string
		for _, a := range actions {
			got = append(got, describe(a))
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	s, _, err := ReadFormer([]byte(`{"Phase":"ringing","Round":2,` + current + `,` + due + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if s, _ = m.Step(s, Event{Kind: Answered, Page: 7}, epoch.Add(time.Minute)); !s.Due.Equal(epoch.Add(3 * time.Minute)) {
		t.Errorf("answered at 1:00, due %s, want when the page is given up", s.Due)
	}
	for _, text := range []string{`{}`, `{"machine":{"phase":"paging"}}`, `{"Phase":"idle"}`} {
		if _, ok, err := ReadFormer([]byte(text)); ok || err != nil {
			t.Errorf("%s: %v, %v", text, ok, err)
		}
	}
	if _, _, err := ReadFormer([]byte(`[`)); err == nil {
		t.Error("read what is no JSON")
	}
}

// FuzzFormer: whatever lies in a record is read or refused, and what is read can be paged on with.
func FuzzFormer(f *testing.F) {
	f.Add([]byte(`{"Phase":"ringing","Round":2,"Current":{"Number":7,"Person":"anna"},"Due":"2026-01-05T00:02:00Z"}`))
	f.Add([]byte(`{"Phase":"waiting","Round":-9,"Due":"0001-01-01T00:00:00Z"}`))
	m := Machine{Policy: Default(), People: People{Chain: func(time.Time) []oncall.Tier { return parseChain([]string{"primary=anna", "static=+7800"}) }}}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, ok, err := ReadFormer(text)
		if !ok || err != nil || s.Phase == Finished {
			return
		}
		now := epoch
		for range 3 {
			if s.Due.After(now) {
				now = s.Due
			}
			s, _ = m.Step(s, Event{Kind: Wake}, now)
		}
		if s.Phase != Paging || s.Due.IsZero() {
			t.Fatalf("%s leads to %+v", text, s)
		}
	})
}
