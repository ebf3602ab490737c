package dispatch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

func TestSnapshotNamesFaults(t *testing.T) {
	t.Parallel()
	src := source()
	src.Lines = append(src.Lines,
		dispatch.Line{ID: "main", DIDs: []string{"+7 (812) 333-00-00"}, Ladder: []dispatch.LadderRung{{People: []string{"nobody"}}}},
		dispatch.Line{ID: "x", Schedule: "none", Language: "de", Rounds: -1, Exhausted: "cry", AnswerAfter: -time.Second},
	)
	src.Clients[0].Contacts[0].Numbers = []string{"hello"}
	src.Policy.Pause = -time.Second
	_, err := dispatch.NewSnapshot(src)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{
		`lines[2].id: "main"`, "lines[2].ladder[0].people[0]", "lines[2].dids[0]", "lines[3].schedule", "lines[3].language",
		"lines[3].rounds", "lines[3].exhausted", "lines[3].answer_after", "clients[romashka].contacts[ivan].numbers[0]", "escalation.pause",
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v\ndoes not say %q", err, says)
		}
	}
	src = source()
	src.Lines = nil
	if _, err := dispatch.NewSnapshot(src); err == nil || !strings.Contains(err.Error(), "at least one hotline") {
		t.Errorf("no lines: %v", err)
	}
}

// What is written wrong is refused with its place and the remedy.
func TestSnapshotRefuses(t *testing.T) {
	t.Parallel()
	people := func(s *dispatch.Source, i int) *oncall.Device { return &s.Roster.People[i].Devices[0] }
	for path, c := range map[string]struct {
		spoil func(*dispatch.Source)
		says  string
	}{
		"escalation.steps[0].targets[0]": {func(s *dispatch.Source) {
			s.Policy.Steps = []escalation.Rung{{Targets: []string{"primry"}}}
		}, `"primry"`},
		"lines[0].ladder[0].people":    {func(s *dispatch.Source) { s.Lines[0].Ladder[0].People = nil }, "is empty"},
		"lines[0].ladder[0].people[1]": {func(s *dispatch.Source) { s.Lines[0].Ladder[0].People = []string{"anna", "anna"} }, "already"},
		"lines[1].answer_after":        {func(s *dispatch.Source) { s.Lines[1].AnswerAfter = 4 * time.Minute }, "3m0s"},
		"people[1].devices[0].uri": {func(s *dispatch.Source) {
			people(s, 1).URI = "sip:ANNA@127.0.0.1"
			people(s, 0).URI = "sip:ANNA@127.0.0.1:5060;transport=tcp"
		}, "anna"},
		"people[2].devices[0].uri":    {func(s *dispatch.Source) { people(s, 2).URI = "sip:vera@127.0.0.1:70000" }, "65535"},
		"people[2].devices[0].number": {func(s *dispatch.Source) { *people(s, 2) = oncall.Device{Kind: oncall.Mobile, Number: "+7 921"} }, "digits"},
		"clients[romashka].contacts[ivan].numbers[2]": {func(s *dispatch.Source) {
			card := &s.Clients[0].Contacts[0]
			card.Numbers = append(card.Numbers, "+7 921 123-45-67")
		}, "already"},
	} {
		src := source()
		c.spoil(&src)
		_, err := dispatch.NewSnapshot(src)
		if err == nil || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", path, err, c.says)
		}
	}
	src := source()
	people(&src, 1).URI = people(&src, 0).URI
	src.Roster.People[1].Shared = true
	if _, err := dispatch.NewSnapshot(src); err != nil {
		t.Errorf("a shared telephone: %v", err)
	}
}

// What is allowed but risky is warned of.
func TestWarnings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		spoil func(*dispatch.Source)
		want  []string
	}{
		"sound": {func(*dispatch.Source) {}, nil},
		"a short number": {func(s *dispatch.Source) {
			s.Roster.People[0].Devices[0] = oncall.Device{Kind: oncall.Mobile, Number: "112"}
		}, []string{"people[0].devices[0].number", "short service number"}},
		"delays": {func(s *dispatch.Source) {
			s.Policy.Steps = []escalation.Rung{{Delay: 16 * time.Minute, Targets: []string{escalation.Chain}}}
		}, []string{"escalation.steps[0].delay", "lines[0].schedule", "within 15m0s"}},
		"steps that find nobody": {func(s *dispatch.Source) {
			s.Policy.Steps, s.Roster.Static = []escalation.Rung{{Targets: []string{oncall.Static}}}, nil
		}, []string{"lines[0].schedule", "find nobody", `escalation.steps[0].targets[0]: "static" has nobody`}},
		"no last resort": {func(s *dispatch.Source) {
			s.Policy.Steps = []escalation.Rung{{Targets: []string{"tier:1"}}}
		}, []string{"escalation.steps[0].targets: no step has a last resort"}},
		"a skill that nobody has": {func(s *dispatch.Source) {
			s.Policy.Steps = append(s.Policy.Steps, escalation.Rung{At: time.Minute, Targets: []string{"skill:1c", "everyone"}})
		}, []string{`escalation.steps[1].targets[0]: "skill:1c" is a skill that nobody has`}},
		"a rule that never rings": {func(s *dispatch.Source) {
			s.Roster.People[0].Notify = []oncall.NotifyRule{{Channel: "voice"}, {After: 5 * time.Minute, Channel: "voice"}}
		}, []string{"people[anna].notify[1].after: 5m0s never comes"}},
		"nobody": {func(s *dispatch.Source) {
			s.Roster.Static = nil
			for i := range s.Roster.People {
				s.Roster.People[i].Disabled = true
			}
		}, []string{"lines[0].schedule: nobody can be paged on Mon 2026-01-05 09:00 UTC"}},
	} {
		src := source()
		c.spoil(&src)
		snap, err := dispatch.NewSnapshot(src)
		must(t, err)
		got := errors.Join(snap.Warnings(now)...)
		if (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, got)
		}
		for _, w := range c.want {
			if got == nil || !strings.Contains(got.Error(), w) {
				t.Errorf("%s: %v, want %q", name, got, w)
			}
		}
	}
}

// A line that lists one number twice, also in two spellings, is a fault with its
// place, not a crash.
func TestNumberTwiceOnOneLine(t *testing.T) {
	t.Parallel()
	for _, again := range []string{"8 812 333-00-00", "+78123330000", "tel:+7-812-333-00-00"} {
		src := source()
		src.Lines[0].DIDs = append(src.Lines[0].DIDs, again)
		_, err := dispatch.NewSnapshot(src)
		if err == nil || !strings.Contains(err.Error(), "lines[0].dids[1]") || !strings.Contains(err.Error(), "this line") {
			t.Errorf("%s: %v", again, err)
		}
	}
	src := source()
	src.Lines[1].DIDs = []string{" "}
	if _, err := dispatch.NewSnapshot(src); err == nil || !strings.Contains(err.Error(), "lines[1].dids[0]") {
		t.Errorf("an empty number: %v", err)
	}
}

func TestLineFor(t *testing.T) {
	t.Parallel()
	snap := company(t).Load()
	for dialled, want := range map[string]string{
		"88123330000": "main", "sip:+78123330000@10.0.0.1": "main", "tel:+7-812-333-00-00": "main",
		"sip:Hotline-EN@example.com": "english", "hotline-en": "english", "+74950000000": "",
	} {
		if l, ok := snap.LineFor(dialled); l.ID != want || ok != (want != "") {
			t.Errorf("%s: line %q, %v; want %q", dialled, l.ID, ok, want)
		}
	}
	src := source()
	src.Lines[1].DIDs = nil // takes the rest
	rest, err := dispatch.NewSnapshot(src)
	must(t, err)
	if l, _ := rest.LineFor("+74950000000"); l.ID != "english" {
		t.Errorf("the rest goes to %q", l.ID)
	}
	if l, ok := rest.Listed("88123330000"); !ok || l.ID != "main" {
		t.Errorf("a number that line main lists is that of %q", l.ID)
	}
	if l, ok := rest.Listed("+74950000000"); ok {
		t.Errorf("line %s does not list what it takes", l.ID)
	}
}

func TestConfigNamesFaults(t *testing.T) {
	t.Parallel()
	must(t, dispatch.Default().Validate())
	bad := dispatch.Config{Zone: "Mars/Olympus"}
	bad.CallBack.Prefixes = []string{"8812"}
	bad.Numbering.Country = "XX"
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{"zone", "commit_budget", "first_contact", "hunt_guard", "numbering: country", "call_back.prefixes[0]"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	if _, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: store.NewMemory()}); err == nil {
		t.Error("a dispatcher without a directory")
	}
}
