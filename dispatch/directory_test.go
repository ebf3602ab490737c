package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
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
		"lines[3].rounds", "lines[3].exhausted", "lines[3].ring_time", "clients[romashka].contacts[ivan].numbers[0]", "policy: pause",
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
