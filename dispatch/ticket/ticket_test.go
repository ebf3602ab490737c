package ticket

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

var t0 = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// ev is an event that many seconds after T0.
func ev(seconds float64, by string, b Body) Event {
	return Event{Ticket: "t", At: t0.Add(time.Duration(seconds * float64(time.Second))), By: by, Body: b}
}

func opened() Event {
	return ev(0, "caller", Opened{ID: "t", Number: Number{26, 1}, Priority: Critical, Line: "main", Call: "c1", Party: "number:+7"})
}

// fold applies events and reports the first refusal.
func fold(events ...Event) (Ticket, error) { return Fold(append([]Event{opened()}, events...)) }

func TestStages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		events []Event
		stage  Stage
		needs  bool
		refuse Kind
	}{
		"new needs a page":              {nil, New, true, ""},
		"attempts change nothing":       {[]Event{ev(1, "", Attempted{Person: "anna", Outcome: "busy"})}, New, true, ""},
		"the accept key takes it":       {[]Event{ev(19, "anna", Accepted{Call: "c1", Person: "anna"})}, Triage, false, ""},
		"acknowledged":                  {[]Event{ev(30, "anna", Acknowledged{How: "cli"})}, Triage, false, ""},
		"acknowledged twice":            {[]Event{ev(30, "anna", Acknowledged{}), ev(31, "boris", Acknowledged{})}, Triage, false, KindAcknowledged},
		"acknowledged by nobody":        {[]Event{ev(30, "", Acknowledged{})}, New, true, KindAcknowledged},
		"closed at once":                {[]Event{ev(30, "anna", Moved{To: Closed})}, Closed, false, ""},
		"closed and acknowledged":       {[]Event{ev(30, "anna", Moved{To: Closed}), ev(31, "anna", Acknowledged{})}, Closed, false, KindAcknowledged},
		"stages go forward":             {[]Event{ev(1, "anna", Moved{To: Hot}), ev(2, "anna", Moved{To: Diagnosis})}, Hot, true, KindMoved},
		"cancelled without reason":      {[]Event{ev(1, "anna", Moved{To: Cancelled})}, New, true, KindMoved},
		"cancelled":                     {[]Event{ev(1, "anna", Moved{To: Cancelled, Reason: "test"})}, Cancelled, false, ""},
		"merged":                        {[]Event{ev(1, "anna", MergedInto{Target: "u"})}, Merged, false, ""},
		"merged into itself":            {[]Event{ev(1, "anna", MergedInto{Target: "t"})}, New, true, KindMerged},
		"merged by a move":              {[]Event{ev(1, "anna", Moved{To: Merged})}, New, true, KindMoved},
		"downgraded without reason":     {[]Event{ev(1, "anna", Prioritised{Priority: Low})}, New, true, KindPrioritised},
		"downgraded":                    {[]Event{ev(1, "anna", Prioritised{Priority: Low, Reason: "printer"})}, New, false, ""},
		"unknown category":              {[]Event{ev(1, "anna", Categorised{Category: "flood"})}, New, true, KindCategorised},
		"category":                      {[]Event{ev(1, "anna", Categorised{Category: DataLoss})}, New, true, ""},
		"opened twice":                  {[]Event{opened()}, New, true, KindOpened},
		"a late accept changes nothing": {[]Event{ev(1, "anna", Moved{To: Closed}), ev(2, "boris", Accepted{Call: "c1", Person: "boris"})}, Closed, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := fold(c.events...)
			illegal, refused := errors.AsType[*IllegalError](err)
			if refused != (c.refuse != "") || refused && illegal.Event != c.refuse {
				t.Fatalf("refusal %v, want of %q", err, c.refuse)
			}
			if got.Stage != c.stage || got.NeedsPage() != c.needs {
				t.Errorf("stage %v, needs page %v", got.Stage, got.NeedsPage())
			}
		})
	}
}

func TestStampsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	got, err := fold(ev(19, "anna", Accepted{Call: "c1", Person: "anna"}), ev(60, "boris", Accepted{Call: "c2", Person: "boris"}))
	if err != nil {
		t.Fatal(err)
	}
	if at := t0.Add(19 * time.Second); !got.ContactAt.Equal(at) || !got.Stamps[Triage].Equal(at) || got.Acknowledged.By != "anna" || got.Assignee != "boris" {
		t.Errorf("%+v", got)
	}
	if got.Version != 3 {
		t.Errorf("version %d", got.Version)
	}
}

func TestLogMustBeginWithOpened(t *testing.T) {
	t.Parallel()
	if _, err := Fold([]Event{ev(0, "anna", Noted{Text: "x"})}); err == nil {
		t.Error("accepted")
	}
}

func TestFirstContactOfALog(t *testing.T) {
	t.Parallel()
	now := t0.Add(20 * time.Minute)
	accepted, ended := ev(19, "anna", Accepted{Call: "c1", Person: "anna"}), func(talk time.Duration) Event {
		return ev(60, "", CallEnded{Call: "c1", Result: "served", Talk: talk})
	}
	for name, c := range map[string]struct {
		log     []Event
		verdict sla.Verdict
		seconds int64
	}{
		"talked":                     {[]Event{accepted, ended(40 * time.Second)}, sla.Met, 19},
		"still talking":              {[]Event{accepted}, sla.Met, 19},
		"three seconds are no talk":  {[]Event{accepted, ended(3 * time.Second)}, sla.Breached, 1200},
		"unless a note confirms it":  {[]Event{accepted, ended(3 * time.Second), ev(90, "anna", Noted{Text: "ok", Contact: "c1"})}, sla.Met, 19},
		"a break hides the end":      {[]Event{accepted, ev(60, "", CallEnded{Call: "c1", Result: Broken})}, sla.Met, 19},
		"a break whose end was seen": {[]Event{accepted, ev(60, "", CallEnded{Call: "c1", Result: Broken, Talk: time.Second})}, sla.Breached, 1200},
		"an attempt is no contact":   {[]Event{ev(5, "", Attempted{Person: "anna", Outcome: "no_key"})}, sla.Breached, 1200},
		"an acknowledgement is none": {[]Event{ev(5, "anna", Acknowledged{How: "voice_page"})}, sla.Breached, 1200},
		"a call-back is":             {[]Event{ev(30, "", CallEnded{Call: "c1", Result: "abandoned"}), ev(899.9, "anna", Accepted{Call: "back", Person: "anna"})}, sla.Met, 900},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := FirstContact(append([]Event{opened()}, c.log...), now)
			if got.Verdict != c.verdict || got.Seconds() != c.seconds {
				t.Errorf("%v after %d s, want %v after %d s", got.Verdict, got.Seconds(), c.verdict, c.seconds)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	var log []Event
	var raw [][]byte
	prev := ""
	for i, b := range bodies() {
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		e := Chain(ev(float64(i), "anna", b), data, i+1, prev)
		log, raw, prev = append(log, e), append(raw, data), e.Hash
	}
	if err := Verify(log, raw); err != nil {
		t.Fatal(err)
	}
	for i := range log {
		changed := append([]Event{}, log...)
		changed[i].By = "mallory"
		if Verify(changed, raw) == nil {
			t.Errorf("a changed author of line %d passes", i+1)
		}
		if i < len(log)-1 && Verify(append(append([]Event{}, log[:i]...), log[i+1:]...), append(append([][]byte{}, raw[:i]...), raw[i+1:]...)) == nil {
			t.Errorf("a missing line %d passes", i+1)
		}
	}
}

func TestEnumTexts(t *testing.T) {
	t.Parallel()
	for s := range stages {
		var back Stage
		if text, _ := s.MarshalText(); back.UnmarshalText(text) != nil || back != s {
			t.Errorf("stage %v", s)
		}
	}
	for p := Critical; p <= Low; p++ {
		var back Priority
		if text, _ := p.MarshalText(); back.UnmarshalText(text) != nil || back != p {
			t.Errorf("priority %v", p)
		}
	}
}
