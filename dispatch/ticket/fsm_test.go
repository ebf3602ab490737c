package ticket

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestRulesOfTheDesk tells which decisions make no sense, by the stage that
// events before have led to.
func TestRulesOfTheDesk(t *testing.T) {
	t.Parallel()
	works := Restored{Statement: "mail works", Check: "sent one"}
	closed, merged := Moved{To: Closed}, MergedInto{Target: "u"}
	pause := Paused{Pause: "a", Reason: WaitsForClient, Until: t0.Add(time.Hour)}
	back := Reopened{Report: 1}
	for name, c := range map[string]struct {
		before []Body
		body   Body
		stage  Stage
		taken  bool
	}{
		"restored is a stage":                          {nil, works, Stabilised, true},
		"restored twice":                               {[]Body{works}, works, Stabilised, false},
		"restored and nobody looked":                   {nil, Restored{Statement: "mail works"}, New, false},
		"stabilised by a move":                         {nil, Moved{To: Stabilised}, New, false},
		"root cause while it burns":                    {nil, Moved{To: RootCause}, New, false},
		"root cause afterwards":                        {[]Body{works}, Moved{To: RootCause}, RootCause, true},
		"a plan":                                       {nil, complete(1, "04:00"), New, true},
		"the same version again":                       {[]Body{complete(1, "04:00")}, complete(1, "05:00"), New, false},
		"the next one":                                 {[]Body{complete(1, "04:00")}, complete(2, "05:00"), New, true},
		"a plan of a closed ticket":                    {[]Body{closed}, complete(1, "04:00"), Closed, false},
		"an empty plan":                                {nil, Planned{Version: 1}, New, false},
		"told what there is not":                       {nil, PlanTold{Version: 1}, New, false},
		"a pause":                                      {nil, pause, New, true},
		"the same pause":                               {[]Body{pause}, pause, New, false},
		"a pause that is over before it begins":        {nil, Paused{Pause: "a", Reason: WaitsForClient, Until: t0}, New, false},
		"a pause for no reason that counts":            {nil, Paused{Pause: "a", Reason: "lunch", Until: t0.Add(time.Hour)}, New, false},
		"resumed":                                      {[]Body{pause}, Resumed{Pause: "a", Reason: "desk"}, New, true},
		"resumed twice":                                {[]Body{pause, Resumed{Pause: "a"}}, Resumed{Pause: "a", Reason: "desk"}, New, false},
		"whatever pauses there are":                    {nil, Resumed{Reason: "signal"}, New, true},
		"reopened":                                     {[]Body{works}, back, New, true},
		"reopened after the end":                       {[]Body{closed}, back, New, true},
		"reopened while it burns":                      {nil, back, New, false},
		"reopened though it was a false alarm":         {[]Body{Moved{To: Cancelled, Reason: "test"}}, back, Cancelled, false},
		"reopened for nobody":                          {[]Body{works}, Reopened{Report: 7}, Stabilised, false},
		"a second requester":                           {nil, Reported{Report: 2, From: Contact{Channel: "sms"}}, New, true},
		"a third one before":                           {nil, Reported{Report: 3, From: Contact{Channel: "sms"}}, New, false},
		"a requester of what is closed":                {[]Body{closed}, Reported{Report: 2, From: Contact{Channel: "sms"}}, Closed, true},
		"a signal of what is closed":                   {[]Body{closed}, Signalled{Signal: "email/3"}, Closed, true},
		"absorbed":                                     {nil, Absorbed{Source: "u"}, New, true},
		"absorbed twice":                               {[]Body{Absorbed{Source: "u"}}, Absorbed{Source: "u"}, New, false},
		"absorbed itself":                              {nil, Absorbed{Source: "t"}, New, false},
		"absorbed by what is closed":                   {[]Body{closed}, Absorbed{Source: "u"}, Closed, false},
		"released":                                     {[]Body{Absorbed{Source: "u"}}, Released{Source: "u"}, New, true},
		"released, and it is closed by now":            {[]Body{Absorbed{Source: "u"}, closed}, Released{Source: "u"}, Closed, true},
		"released what it has not":                     {nil, Released{Source: "u"}, New, false},
		"unmerged":                                     {[]Body{merged}, Unmerged{Target: "u", Stage: Hot}, Hot, true},
		"unmerged from another one":                    {[]Body{merged}, Unmerged{Target: "v", Stage: Hot}, Merged, false},
		"unmerged into the end":                        {[]Body{merged}, Unmerged{Target: "u", Stage: Closed}, Merged, false},
		"unmerged what is not merged":                  {nil, Unmerged{Target: "u", Stage: Hot}, New, false},
		"a plan of a pointer":                          {[]Body{merged}, complete(1, "04:00"), Merged, false},
		"a late delivery to a pointer":                 {[]Body{merged}, Sent{Message: "m", Channel: "email"}, Merged, true},
		"assigned":                                     {nil, Assigned{To: "boris"}, New, true},
		"assigned to oneself is taken":                 {nil, Assigned{To: "anna"}, Triage, true},
		"assigned to nobody":                           {nil, Assigned{}, New, false},
		"handed over":                                  {nil, HandedOver{From: "anna", To: "boris", Note: "look at the array"}, Triage, true},
		"handed over without a word":                   {nil, HandedOver{From: "anna", To: "boris"}, New, false},
		"child of itself":                              {nil, Linked{Relation: ChildOf, Ticket: "t"}, New, false},
		"child of two":                                 {[]Body{Linked{Relation: ChildOf, Ticket: "p"}}, Linked{Relation: ChildOf, Ticket: "q"}, New, false},
		"child of another":                             {[]Body{Linked{Relation: ChildOf, Ticket: "p"}, Unlinked{Relation: ChildOf, Ticket: "p"}}, Linked{Relation: ChildOf, Ticket: "q"}, New, true},
		"related in a way that nobody knows":           {nil, Linked{Relation: "friend_of", Ticket: "q"}, New, false},
		"an unknown category":                          {nil, Triaged{Category: "flood"}, New, false},
		"an unknown impact":                            {nil, Triaged{Impact: "huge"}, New, false},
		"an unknown class":                             {nil, Classified{Class: "party"}, New, false},
		"no stars":                                     {nil, Rated{}, New, false},
		"five stars for what is closed":                {[]Body{closed}, Rated{Score: 5}, Closed, true},
		"the cause of what is closed":                  {[]Body{closed}, RootCaused{Cause: "a disk"}, Closed, true},
		"time that ends before it begins":              {nil, Timed{Entry: "e", Person: "anna", From: t0, To: t0.Add(-1)}, New, false},
		"time that does not count":                     {nil, TimeSettled{Entry: "e"}, New, true},
		"time that counts less than nothing":           {nil, TimeSettled{Entry: "e", Time: -1}, New, false},
		"a secret shown for no reason":                 {nil, Revealed{Asset: "srv", Access: "rdp"}, New, false},
		"judged anew for no reason":                    {nil, Recomputed{}, New, false},
		"a priority that is lower for a reason":        {nil, Prioritised{Priority: Low, Reason: "a printer"}, New, true},
		"a step with a result that nobody understands": {nil, Stepped{Runbook: "r", Step: "s", Result: "maybe"}, New, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := []Event{start("02:00", byCall)}
			for i, b := range c.before {
				log = append(log, ev(float64(i+1), "anna", b))
			}
			before := compile(t, log).Ticket
			got, err := before.Apply(ev(60, "anna", c.body))
			refusal, illegal := errors.AsType[*IllegalError](err)
			if illegal == c.taken || err != nil && !illegal || got.Stage != c.stage {
				t.Errorf("%v, stage %v", err, got.Stage)
			}
			if illegal && (refusal.Why == "" || got.Version != before.Version) {
				t.Errorf("refused as %q, version %d of %d", refusal.Why, got.Version, before.Version)
			}
		})
	}
}

// A reopening begins a cycle with stamps of its own; nobody has the ticket any
// more, and whoever had it is asked first.
func TestReopen(t *testing.T) {
	t.Parallel()
	log := []Event{
		start("02:00", byCall), on("02:01", "anna", Accepted{Call: "c1", Person: "anna"}), on("02:30", "anna", Restored{Statement: "works", Check: "seen"}),
		on("03:00", "anna", Moved{To: Closed}), on("05:00", "caller", Reopened{Report: 1, Signal: "call/c2"}),
	}
	d := compile(t, log)
	if tk := d.Ticket; tk.Stage != New || tk.Cycle != 1 || !tk.NeedsPage() || tk.Assignee != "anna" || tk.Reopened != 1 {
		t.Errorf("%+v", tk)
	}
	want := []Cycle{
		{From: clockAt("02:00"), Report: 1, Stamps: Stamps{New: clockAt("02:00"), Triage: clockAt("02:01"), Stabilised: clockAt("02:30"), Closed: clockAt("03:00")}},
		{From: clockAt("05:00"), Report: 1, Stamps: Stamps{New: clockAt("05:00")}},
	}
	if diff := cmp.Diff(want, d.Cycles); diff != "" {
		t.Error(diff)
	}
	closed := compile(t, log[:4]).Ticket
	last := closed.Stamps[Closed].Add(ReopenWithin)
	if !closed.Reopens(last.Add(-time.Microsecond)) || closed.Reopens(last) {
		t.Error("72 hours are not 72 hours")
	}
	if _, err := closed.Apply(Event{Ticket: "t", At: last, By: "caller", Body: Reopened{Report: 1}}); err == nil {
		t.Error("reopened too late")
	}
}

// drawBody draws a body that fits a log of any stage, more or less.
func drawBody(t *rapid.T, d Dossier) Body {
	id := rapid.SampledFrom([]string{"a", "b", "c"})
	report := rapid.IntRange(0, max(1, d.Ticket.Reports))
	switch rapid.IntRange(0, 30).Draw(t, "body") {
	case 0, 1:
		return Acknowledged{How: "cli"}
	case 2:
		return Accepted{Call: id.Draw(t, "call"), Person: "boris"}
	case 3:
		return CallEnded{Call: id.Draw(t, "call"), Result: "served", Talk: time.Duration(rapid.IntRange(0, 10).Draw(t, "talk")) * time.Second}
	case 4, 5:
		return Moved{To: Stage(rapid.IntRange(1, 9).Draw(t, "stage")), Reason: "r"}
	case 6:
		return Prioritised{Priority: Priority(rapid.IntRange(1, 4).Draw(t, "priority")), Reason: "r", Misjudged: rapid.Bool().Draw(t, "misjudged")}
	case 7, 8:
		p := complete(d.Ticket.Plan+1, "02:00")
		p.ETA = p.ETA.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "eta")) * time.Minute)
		return p
	case 9, 10:
		return PlanTold{Version: max(1, d.Ticket.Plan)}
	case 11, 12:
		return Restored{Statement: "works", Check: "seen"}
	case 13, 14:
		return Reopened{Report: max(1, report.Draw(t, "report"))}
	case 15:
		return Paused{Pause: id.Draw(t, "pause"), Reason: WaitsForVendor, Until: t0.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "until")) * time.Hour)}
	case 16:
		return Resumed{Pause: id.Draw(t, "pause")}
	case 17:
		return Reported{Report: d.Ticket.Reports + 1, From: Contact{Channel: "sms"}}
	case 18:
		return Signalled{Signal: "email/" + id.Draw(t, "signal"), Report: report.Draw(t, "report")}
	case 19, 20:
		return Messaged{Message: id.Draw(t, "message"), Purpose: rapid.SampledFrom([]Purpose{ForReply, ForPlan, ForReport, ForReceipt}).Draw(t, "purpose"), Text: "x", Human: true, Version: 1, Report: report.Draw(t, "report")}
	case 21, 22:
		return Sent{Message: id.Draw(t, "message"), Channel: "email"}
	case 23:
		return Unsent{Message: id.Draw(t, "message"), Channel: "email", Hard: rapid.Bool().Draw(t, "hard")}
	case 24:
		return Absorbed{Source: id.Draw(t, "source"), T0: t0.Add(-time.Hour)}
	case 25:
		return Released{Source: id.Draw(t, "source")}
	case 26:
		return RootCaused{Cause: "a disk", Complete: true}
	case 27:
		return Updated{Text: "on it"}
	case 28:
		return Drafted{Version: len(d.Versions) + 1, Hash: "h"}
	case 29:
		return Connected{Session: id.Draw(t, "session"), Way: "rdp"}
	default:
		return Classified{Class: rapid.SampledFrom([]Class{Incident, Warning, Request, Task}).Draw(t, "class")}
	}
}

// drawLog draws a log that its own rules have let through.
func drawLog(t *rapid.T) []Event {
	log := []Event{start("02:00", byCall)}
	d, _ := Compile(log)
	at := t0
	for range rapid.IntRange(0, 25).Draw(t, "lines") {
		at = at.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
		e := Event{Ticket: "t", Seq: len(log) + 1, At: at, By: rapid.SampledFrom([]string{"anna", "boris"}).Draw(t, "by"), Body: drawBody(t, d)}
		if next, err := Compile(append(slices.Clip(log), e)); err == nil {
			log, d = append(log, e), next
		}
	}
	return log
}

func asJSON(t *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A dossier and its clocks follow from the log alone, the ticket in it is the
// fold, stamps are written once, and no event changes a ticket that somebody
// else holds.
func TestDossierProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		d, err := Compile(log)
		if err != nil {
			t.Fatal(err)
		}
		folded, err := Fold(log)
		if err != nil || cmp.Diff(folded, d.Ticket) != "" {
			t.Fatal(err, cmp.Diff(folded, d.Ticket))
		}
		again, _ := Compile(log)
		now := log[len(log)-1].At.Add(time.Hour)
		if asJSON(t, again) != asJSON(t, d) || asJSON(t, again.Clocks(now)) != asJSON(t, d.Clocks(now)) {
			t.Fatal("the same log tells two stories")
		}
		var tk Ticket
		for _, e := range log {
			held := asJSON(t, tk)
			next, err := tk.Apply(e)
			if err != nil || asJSON(t, tk) != held {
				t.Fatalf("%v: %s became %s", err, held, asJSON(t, tk))
			}
			for stage, at := range tk.Stamps {
				if got, ok := next.Stamps[stage]; next.Cycle == tk.Cycle && (!ok || !got.Equal(at)) {
					t.Fatalf("stamp of %v moved from %v to %v", stage, at, got)
				}
			}
			if grown := asJSON(t, next) != held; grown && next.Version <= tk.Version {
				t.Fatalf("%s changed the ticket and not its version", e.Body.Kind())
			}
			tk = next
		}
		for i, c := range d.Cycles {
			if i > 0 && c.From.Before(d.Cycles[i-1].From) {
				t.Fatalf("cycles %v", d.Cycles)
			}
		}
	})
}

// Whatever happened, to merge a ticket and to take that back restores it and
// its clocks.
func TestUnmergeRestores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		before, _ := Compile(log)
		if !before.Ticket.Open() {
			t.Skip("it can not be merged")
		}
		at := log[len(log)-1].At
		merged := append(slices.Clip(log),
			Event{Ticket: "t", At: at.Add(time.Minute), By: "anna", Body: MergedInto{Target: "u"}},
			Event{Ticket: "t", At: at.Add(2 * time.Minute), By: "anna", Body: Unmerged{Target: "u", Stage: before.Ticket.Stage}})
		after, err := Compile(merged)
		if err != nil {
			t.Fatal(err)
		}
		after.Ticket.Version = before.Ticket.Version
		now := at.Add(3 * time.Minute)
		if d := cmp.Diff(before.Ticket, after.Ticket) + cmp.Diff(before.Clocks(now), after.Clocks(now)) + cmp.Diff(before.Cycles, after.Cycles); d != "" {
			t.Fatal(d)
		}
	})
}
