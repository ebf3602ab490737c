package dispatch_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// golden compares with a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
}

var night = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// story is a log with one event of each kind.
func story() []ticket.Event {
	ivan := client.Match{Level: client.Known, Org: "romashka", OrgName: "ООО «Ромашка»", Contact: "ivan", ContactName: "Иван"}
	at := func(seconds float64, by string, b ticket.Body) ticket.Event {
		return ticket.Event{Ticket: "t", At: night.Add(time.Duration(seconds * float64(time.Second))), By: by, Body: b}
	}
	return []ticket.Event{
		at(0, "caller", ticket.Opened{
			ID: "t", Number: ticket.Number{Year: 26, Seq: 421}, Priority: ticket.Critical, Line: "main", Call: "a",
			Caller: "+79211234567", Client: ivan, Limit: 15 * time.Minute,
		}),
		at(0.031, "vahta", ticket.Attempted{Person: "anna", Device: "softphone", Outcome: "silent", Status: 408, Took: 2 * time.Second}),
		at(2.1, "vahta", ticket.Attempted{Person: "anna", Device: "mobile", Outcome: "busy", Status: 486, Took: 412 * time.Millisecond}),
		at(25, "vahta", ticket.CallEnded{Call: "a", Result: "abandoned"}),
		at(25, "vahta", ticket.PageRaised{Reason: "abandoned", Late: 12 * time.Second}),
		at(26, "vahta", ticket.Attempted{Page: true, Person: "boris", Device: "mobile", Outcome: "no_key", Took: 21 * time.Second}),
		at(27, "vahta", ticket.Attempted{Page: true, Person: "anna", Device: "mobile", Outcome: "unreachable", Took: time.Second, Repeats: 6}),
		at(28, "vahta", ticket.Attempted{Page: true, Person: "boris", Device: "mobile", Outcome: "busy", Took: time.Second, Repeats: 3}),
		at(29, "vahta", ticket.Attempted{Page: true, Person: "boris", Device: "mobile", Outcome: "busy", Took: time.Second, Repeats: 1}),
		at(40, "caller", ticket.Joined{Call: "b", Caller: "+79211234567", Line: "main"}),
		at(59.9, "boris", ticket.Accepted{Call: "b", Person: "boris", Device: "softphone"}),
		at(180, "vahta", ticket.CallEnded{Call: "b", Result: "served", Person: "boris", Talk: 125 * time.Second, Recording: "2026/03/01/b.wav"}),
		at(181, "vahta", ticket.RecallAsked{Call: "c", Number: "+79211234567"}),
		at(181.1, "vahta", ticket.RecallTried{Call: "c", Try: 1, Result: "no_answer", Took: 25 * time.Second}),
		at(181.2, "vahta", ticket.RecallTried{Call: "c", Try: 2, Result: "delivered", Took: 4 * time.Second}),
		at(182, "vahta", ticket.RecallEnded{Call: "d", Reason: ticket.RecallGivenUp, Tries: 5}),
		at(182.1, "vahta", ticket.RecallEnded{Call: "e", Reason: ticket.RecallNeedless, Tries: 1}),
		at(182.2, "vahta", ticket.RecallAsked{Call: "f", Refused: "number_unknown"}),
		at(200, "boris", ticket.Noted{Text: "RAID деградировал"}),
		at(210, "boris", ticket.Categorised{Category: ticket.DataLoss}),
		at(211, "boris", ticket.Prioritised{Priority: ticket.High, Reason: "есть копия"}),
		at(240, "boris", ticket.Moved{To: ticket.Diagnosis}),
		at(7200, "boris", ticket.Moved{To: ticket.Closed, Reason: "диск заменён"}),
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	tk, err := ticket.Fold(story())
	must(t, err)
	for _, lang := range []string{"ru", "en"} {
		name := func(id string) string { return map[string]string{"anna": "Анна", "boris": "Борис"}[id] }
		golden(t, "timeline."+lang+".txt", dispatch.Timeline(tk, story(), dispatch.TimelineOptions{
			Language: lang, Zone: time.FixedZone("MSK", 3*3600), Name: name, Now: night.Add(24 * time.Hour),
		}))
	}
}

func TestTimelineWithoutOptions(t *testing.T) {
	t.Parallel()
	tk, err := ticket.Fold(story()[:1])
	must(t, err)
	got := dispatch.Timeline(tk, story()[:1], dispatch.TimelineOptions{Now: night.Add(time.Minute)})
	if !strings.Contains(got, "Первый контакт: ждёт 1 мин из 15 мин") {
		t.Error(got)
	}
}

// The outward events are a promise to other systems: this file changes only by
// additions.
func TestEventsForSubscribers(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	d := dispatcher(t, s, func(c *dispatch.Config, deps *dispatch.Deps) {
		c.EventChannels = []dispatch.Subscriber{
			{Channel: dispatch.ChannelWebhook, To: "crm"},
			{Channel: dispatch.ChannelWebhook, To: "wall", Kinds: []string{"ticket.opened"}},
		}
		deps.Now = func() time.Time { return night }
	})
	sig := call("a", "89211234567")
	sig.At = night
	o, err := d.OpenCall(t.Context(), sig)
	must(t, err)
	at := func(seconds int) time.Time { return night.Add(time.Duration(seconds) * time.Second) }
	must(t, d.RecordAttempt(t.Context(), dispatch.Attempt{Ref: o.Ref, ID: "1", Call: "a", Person: "anna", Outcome: dispatch.AttemptBusy, Status: 486, At: at(1)}))
	sig.Key = "b"
	_, err = d.OpenCall(t.Context(), sig)
	must(t, err)
	must(t, d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "a", Person: "boris", At: at(19)}))
	must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "a", Result: dispatch.CallServed, At: at(60), Detail: dispatch.CallDetail{AcceptedBy: "boris", Talk: 40 * time.Second}}))
	must(t, d.Note(t.Context(), o.Ref, dispatch.Author{Person: "boris", At: at(70)}, ticket.Noted{Text: "internal"}))
	must(t, d.CloseUnreported(t.Context(), o.Ref, dispatch.Author{Person: "boris", At: at(80)}, "done", "проверка"))
	list, err := s.ClaimNotices(t.Context(), dispatch.NoticeEvent, night.Add(time.Hour), time.Minute, 100)
	must(t, err)
	var out strings.Builder
	seen := map[string]int{}
	for _, n := range list {
		seen[n.To]++
		if n.To != "crm" {
			continue
		}
		var body map[string]any
		must(t, json.Unmarshal(n.Body, &body))
		if id, _ := body["id"].(string); id+"-crm" != n.ID {
			t.Errorf("event id %v in notice %s", body["id"], n.ID)
		}
		body["id"] = "…"
		steady(body)
		pretty, err := json.MarshalIndent(body, "", "  ")
		must(t, err)
		out.Write(pretty)
		out.WriteString("\n")
	}
	if seen["crm"] != 8 || seen["wall"] != 1 {
		t.Errorf("notices %v", seen)
	}
	golden(t, "events.json.txt", out.String())
}

// However often a fact is recorded, by whomever, its event has one id: a try
// that failed may have been stored all the same.
func TestEventOfOneFactHasOneID(t *testing.T) {
	t.Parallel()
	s := &choosy{Memory: store.NewMemory()}
	d := dispatcher(t, s, func(c *dispatch.Config, _ *dispatch.Deps) {
		c.EventChannels = []dispatch.Subscriber{{Channel: dispatch.ChannelWebhook, To: "crm", Kinds: []string{"call.outcome"}}}
	})
	ids := map[string]bool{}
	open := func(key, caller string) dispatch.Opened {
		o, err := d.OpenCall(t.Context(), call(key, caller))
		must(t, err)
		return o
	}
	x, y := open("x", "89211234567"), open("y", "+79031112233")
	note := func(c dispatch.Change) bool {
		for _, n := range c.Notices {
			if n.Kind == dispatch.NoticeEvent {
				ids[n.ID] = true
			}
		}
		return true
	}
	s.refuse.Store(&note)
	for _, result := range []dispatch.CallResult{dispatch.CallServed, dispatch.CallBroken} {
		if d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: x.Ref, Call: "x", Result: result, At: night}) == nil {
			t.Error("it was not refused")
		}
	}
	if len(ids) != 1 {
		t.Errorf("events of one end: %v", ids)
	}
	_ = d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: y.Ref, Call: "y", Result: dispatch.CallServed, At: night})
	if len(ids) != 2 {
		t.Errorf("events of two ends: %v", ids)
	}
}

// steady replaces the ids that differ from run to run.
func steady(v any) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	for k, inner := range m {
		if s, ok := inner.(string); ok && k == "id" && len(s) == 36 {
			m[k] = "…"
		}
		steady(inner)
	}
}

// A timeline whose beginning can not be read says so, in both languages and for it alone.
func TestTimelineOfAPart(t *testing.T) {
	t.Parallel()
	for language, words := range map[string]string{"ru": "начало журнала сейчас не прочитать", "en": "the beginning of the log can not be read now"} {
		for _, partial := range []bool{false, true} {
			got := dispatch.Timeline(ticket.Ticket{}, story()[3:], dispatch.TimelineOptions{Language: language, Now: night, Partial: partial})
			if strings.Contains(got, words) != partial {
				t.Errorf("%s, partial %v:\n%s", language, partial, got)
			}
		}
	}
}
