package ticket

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// bodies holds one of each kind with its fields filled, as far as they matter.
func bodies() []Body {
	from := Contact{Channel: "email", Address: "ivan@romashka.example", Name: "Ivan", Party: "contact:romashka/ivan"}
	policy, hidden := sla.Default(), true
	return []Body{
		Opened{ID: "t", Number: Number{26, 1}, Priority: Critical, Policy: &policy, From: from, Class: Request, Machine: true, Received: t0},
		Joined{Call: "c", Report: 2},
		Attempted{Person: "anna", Took: time.Second},
		Accepted{Call: "c", Person: "anna"},
		CallEnded{Call: "c", Result: "served"},
		PageRaised{Reason: "abandoned"},
		Acknowledged{How: "cli"},
		Noted{Text: "x"},
		Moved{To: Hot},
		Categorised{Category: Security},
		Prioritised{Priority: Low, Reason: "r", Misjudged: true},
		MergedInto{Target: "u"},
		RecallAsked{Call: "c", Number: "+7"},
		RecallTried{Call: "c", Try: 1, Result: "busy"},
		RecallEnded{Call: "c", Reason: RecallGivenUp},
		SpecialistAsked{Skill: "1c", People: []string{"boris"}},
		SpecialistTook{Skill: "1c", Person: "boris"},
		SpecialistMissed{Skill: "1c", Tries: 2},
		NobodyReached{},
		Reported{Report: 2, From: from, Source: "u", Origin: 1, T0: t0, Due: t0, Contact: t0, ContactRef: "m/email#1"},
		Signalled{Report: 2, Signal: "email/2", From: from, Text: "still down", Files: []string{"ab"}, Repeats: 3},
		Messaged{Message: "m", Report: 1, Purpose: ForPlan, To: from, Text: "plan", Human: true, Version: 1},
		Sent{Message: "m", Channel: "email", Ref: "250"},
		Unsent{Message: "m", Channel: "email", Hard: true, Cause: "550"},
		Contacted{Report: 2, Channel: "call", Ref: "back", Talk: time.Minute},
		ContactTried{Channel: "call", Result: "busy"},
		Triaged{Category: DataLoss, Impact: HighLvl, Urgency: MidLvl, Services: []string{"1С"}, Assets: []string{"srv"}, Summary: "s"},
		Classified{Class: Incident, Reason: "r"},
		Answered{List: "l", Question: "q", Answer: "yes", Asked: "Is it?", Type: "yes_no"},
		Stepped{Runbook: "r", Step: "s", Result: "done", Public: true},
		Assigned{To: "boris"},
		HandedOver{From: "anna", To: "boris", Note: "n"},
		TookPart{Person: "boris", Role: "1c"},
		Planned{Version: 1, Hypothesis: "h", Actions: []string{"a"}, Fallback: "f", ETA: t0, Engineer: "anna"},
		PlanTold{Version: 1, Ref: "c"},
		Updated{Text: "u", Next: t0},
		Restored{Statement: "s", Check: "c", Loss: "2 %"},
		ClientConfirmed{With: "Ivan"},
		Paused{Pause: "p", Reason: WaitsForClient, Until: t0},
		Resumed{Pause: "p", Reason: "desk"},
		Reopened{Report: 1, Signal: "call/c2"},
		Absorbed{Source: "u", Number: Number{26, 2}, T0: t0, Parties: []string{"number:+7"}},
		Unmerged{Target: "u", Stage: Hot},
		Released{Source: "u"},
		Split{Target: "v", Number: Number{26, 3}, Signal: "email/2"},
		Linked{Relation: ChildOf, Ticket: "v", Number: Number{26, 3}},
		Unlinked{Relation: ChildOf, Ticket: "v"},
		Tasked{Task: "k", Sort: "recommendation", Text: "watch SMART", Owner: "client", Due: t0, Effort: time.Hour},
		TaskDone{Task: "k", Result: "done"},
		Connected{Session: "s", Asset: "srv", Way: "rdp"},
		Disconnected{Session: "s"},
		Revealed{Asset: "srv", Access: "rdp", Reason: "work"},
		Timed{Entry: "e", Person: "anna", Source: "call", From: t0, To: t0},
		TimeSettled{Entry: "e", Time: time.Hour},
		RootCaused{Cause: "a disk", Whys: []string{"old"}, Complete: true},
		Explained{Clock: sla.PlanClock, Text: "storm"},
		Curated{Seq: 3, Hidden: &hidden, Text: "t", At: t0},
		Drafted{Version: 1, Hash: "h", Head: "g", Language: "ru"},
		Approved{Version: 1},
		ReportRead{Version: 1, How: "pdf"},
		Rated{Score: 5},
		T0Moved{Report: 1, From: t0, To: t0.Add(-time.Minute)},
		Warned{Clock: sla.PlanClock, Level: "45m", To: []string{"anna"}},
		Recomputed{Policy: policy, Before: []sla.Clock{{Name: sla.PlanClock, Verdict: sla.Breached}}, Reason: "r"},
	}
}

// Every kind survives storage, and the list forgets none.
func TestBodiesSurviveStorage(t *testing.T) {
	t.Parallel()
	seen := map[Kind]bool{}
	for _, b := range bodies() {
		seen[b.Kind()] = true
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBody(b.Kind(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b, got); d != "" {
			t.Errorf("%s: %s", b.Kind(), d)
		}
	}
	for k := range decoders {
		if !seen[k] {
			t.Errorf("%s is not tried", k)
		}
	}
	if _, err := DecodeBody("flown", []byte("{}")); err == nil {
		t.Error("unknown kind accepted")
	}
}

// Every kind has a rule: an open ticket takes it or says why not, and an empty
// body of a decision means nothing.
func TestEveryBodyHasARule(t *testing.T) {
	t.Parallel()
	for _, b := range bodies() {
		if _, err := compile(t, []Event{opened()}).Ticket.Apply(ev(9, "anna", b)); err != nil {
			if refusal, ok := err.(*IllegalError); !ok || refusal.Why == "no rule for "+reflect.TypeOf(b).String() { //nolint:errorlint // Apply returns it as it is
				t.Errorf("%s: %v", b.Kind(), err)
			}
		}
	}
}

// FuzzDecodeBody holds that what can be read is written as it was, and that
// nothing stops the reader.
func FuzzDecodeBody(f *testing.F) {
	for _, b := range bodies() {
		raw, err := json.Marshal(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b.Kind()), raw)
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		b, err := DecodeBody(Kind(kind), data)
		if err != nil {
			return
		}
		if b.Kind() != Kind(kind) {
			t.Fatalf("%s was read as %s", kind, b.Kind())
		}
		first, err := json.Marshal(b)
		if err != nil {
			return // a year that JSON has no form for
		}
		again, err := DecodeBody(Kind(kind), first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(again)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s became %s (%v)", first, second, err)
		}
		_, _ = compileAny(b) // must not panic
	})
}

// compileAny folds one body after an opening and reads its clocks.
func compileAny(b Body) (Dossier, error) {
	d, err := Compile([]Event{opened(), ev(1, "anna", b)})
	d.Clocks(t0.Add(time.Hour))
	return d, err
}
