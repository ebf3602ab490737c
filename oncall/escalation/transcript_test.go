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
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/butlerspb/vahta/oncall"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what the machine does")

var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// transcript plays one file. Its lines:
//
//	policy default            the default ladder; else steps are added to an empty policy
//	step [at TIME] [DELAY] [together] [round_robin] [after_ack] [repeat N] TARGET...
//	repage TIME, rounds N     of the policy
//	first WHO                 who is paged before the steps
//	chain M:SS TIER=WHO,...   the chain from that time on (static=+number, tier*= rings at once)
//	person ID WORD...         role:NAME, skill:NAME, cert:NAME:DATE, paged:DATE
//	M:SS EVENT [PAGE OUTCOME] feeds an event; acknowledged takes a name
//
// Lines that begin with ">" are what the machine does, and where it stands then. Everybody of the chain and every person is
// available; the people of all tiers but everyone are on duty.
type transcript struct {
	t      *testing.T
	policy Policy
	first  string
	chains []chainFrom
	people []oncall.Person
	paged  map[string]time.Time
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
			tr := &transcript{t: t, paged: map[string]time.Time{}}
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
	case f[0] == "policy":
		tr.policy = Default()
	case f[0] == "step":
		tr.policy.Steps = append(tr.policy.Steps, tr.step(f[1:]))
	case f[0] == "repage":
		tr.policy.RepageAfter = tr.duration(f[1])
	case f[0] == "rounds":
		tr.scan(f[1], &tr.policy.Rounds)
	case f[0] == "only":
		tr.policy.Only = true
	case f[0] == "first":
		tr.first = f[1]
	case f[0] == "chain":
		tr.chains = append(tr.chains, chainFrom{tr.at(f[1]), parseChain(f[2:])})
	case f[0] == "person":
		tr.person(f[1], f[2:])
	default:
		tr.event(f)
	}
}

func (tr *transcript) scan(s string, to any) {
	if _, err := fmt.Sscan(s, to); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *transcript) step(words []string) (r Rung) {
	for i := 0; i < len(words); i++ {
		switch d, err := time.ParseDuration(words[i]); {
		case err == nil:
			r.Delay = d
		case words[i] == "at":
			i++
			r.At = tr.duration(words[i])
		case words[i] == "repeat":
			i++
			tr.scan(words[i], &r.Repeat)
		case words[i] == "together":
			r.Together = true
		case words[i] == "round_robin":
			r.RoundRobin = true
		case words[i] == "after_ack":
			r.AfterAck = true
		default:
			r.Targets = append(r.Targets, words[i])
		}
	}
	return r
}

func (tr *transcript) person(id string, words []string) {
	p := oncall.Person{ID: id}
	for _, w := range words {
		kind, rest, _ := strings.Cut(w, ":")
		switch kind {
		case "role":
			p.Roles = append(p.Roles, oncall.Role(rest))
		case "skill":
			p.Skills = append(p.Skills, rest)
		case "cert":
			name, date, _ := strings.Cut(rest, ":")
			c, err := oncall.ParseCivil(date)
			if err != nil {
				tr.t.Fatal(err)
			}
			p.Certificates = append(p.Certificates, oncall.Certificate{Name: name, Expires: c})
		case "paged":
			at, err := time.Parse(time.DateOnly, rest)
			if err != nil {
				tr.t.Fatal(err)
			}
			tr.paged[id] = at
		}
	}
	tr.people = append(tr.people, p)
}

func (tr *transcript) event(f []string) {
	e := Event{Kind: EventKind(f[1])}
	switch {
	case e.Kind == Acknowledged && len(f) > 2:
		e.Person = f[2]
	case len(f) > 2:
		tr.scan(f[2], &e.Page)
	}
	if len(f) > 3 {
		e.Outcome = Outcome(f[3])
	}
	m := Machine{Policy: tr.policy, First: tr.first, People: People{
		Chain: tr.chain, Resort: tr.resort, OnDuty: tr.onDuty, Person: tr.find, Paged: func(id string) time.Time { return tr.paged[id] },
	}}
	before := tr.state.clone()
	next, actions := m.Step(throughJSON(tr.t, tr.state), e, tr.at(f[0]))
	if !cmp.Equal(before, tr.state, cmpopts.EquateEmpty()) {
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
	fmt.Fprintf(&tr.out, "> (%s%s%s)\n", next.Phase, underWay(next), due)
}

func underWay(s State) string {
	if len(s.Pages) == 0 {
		return ""
	}
	keys := make([]string, len(s.Pages))
	for i, p := range s.Pages {
		keys[i] = p.Key()
	}
	return " " + strings.Join(keys, "+")
}

func describe(a Action) string {
	if a.Page.Number == 0 {
		return a.Kind.String()
	}
	who := a.Page.Person
	if who == "" {
		who = a.Page.Static.Number
	}
	if a.Page.Expired {
		who += " (certificate expired)"
	}
	return fmt.Sprintf("%s %d: %s (%s), round %d", a.Kind, a.Page.Number, who, a.Page.Tier, a.Page.Round)
}

// throughJSON proves that the state survives storage at every step.
func throughJSON(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, s State,
) State {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back, cmpopts.EquateEmpty(), cmpopts.EquateComparable(oncall.Civil{})); diff != "" {
		t.Fatalf("the state is another one after JSON: %s", diff)
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

// resort is everybody of the chain, then the people who are in none of its tiers.
func (tr *transcript) resort(now time.Time) []oncall.Tier {
	all, static := oncall.Tier{Name: oncall.Everyone}, oncall.Tier{Name: oncall.Static}
	seen := map[string]bool{}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			all.Duties = append(all.Duties, oncall.Duty{Person: id, Track: oncall.Everyone})
		}
	}
	for _, tier := range tr.chain(now) {
		for _, d := range tier.Duties {
			add(d.Person)
		}
		static.Numbers = append(static.Numbers, tier.Numbers...)
	}
	for _, p := range tr.people {
		add(p.ID)
	}
	return []oncall.Tier{all, static}
}

func (tr *transcript) onDuty(now time.Time) (list []oncall.Duty) {
	for _, tier := range tr.chain(now) {
		if tier.Name != oncall.Everyone {
			list = append(list, tier.Duties...)
		}
	}
	return list
}

func (tr *transcript) find(id string) (oncall.Person, bool) {
	if i := slices.IndexFunc(tr.people, func(p oncall.Person) bool { return p.ID == id }); i >= 0 {
		return tr.people[i], true
	}
	return oncall.Person{ID: id}, true
}

func parseChain(fields []string) []oncall.Tier {
	var tiers []oncall.Tier
	for _, f := range fields {
		name, who, _ := strings.Cut(f, "=")
		tier := oncall.Tier{Name: strings.TrimSuffix(name, "*"), Parallel: strings.HasSuffix(name, "*")}
		for id := range strings.SplitSeq(who, ",") {
			if name == oncall.Static {
				tier.Numbers = append(tier.Numbers, oncall.StaticNumber{Number: id})
			} else {
				tier.Duties = append(tier.Duties, oncall.Duty{Person: id, Track: tier.Name})
			}
		}
		tiers = append(tiers, tier)
	}
	return tiers
}
