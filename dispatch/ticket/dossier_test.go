package ticket

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// monday is the log of a whole incident: Monday, 9:01, the server is down.
func monday() []Event {
	hidden := true
	mail := Contact{Channel: "email", Address: "ivan@romashka.example", Name: "Ivan"}
	day := func(clock, by string, b Body) Event {
		at, err := time.Parse("02 15:04", clock)
		if err != nil {
			panic(err)
		}
		return Event{Ticket: "t", At: at.AddDate(2026, 2, 0), By: by, Body: b}
	}
	log := []Event{
		day("02 09:01", "caller", Opened{ID: "t", Number: Number{26, 1}, Priority: Critical, Line: "main", Call: "c1", Caller: "+79210000001", Name: "Ivan", Policy: new(sla.Default())}),
		day("02 09:01", "anna", Accepted{Call: "c1", Person: "anna"}),
		day("02 09:02", "anna", Triaged{Category: ServiceDown, Impact: HighLvl, Urgency: HighLvl, Services: []string{"1С", "почта"}}),
		day("02 09:03", "anna", Answered{List: "server", Question: "ping", Answer: "no", Type: "yes_no"}),
		day("02 09:03", "anna", Triaged{Summary: "сервер не отвечает"}),
		day("02 09:04", "anna", Answered{List: "server", Question: "ping", Answer: "yes", Type: "yes_no"}),
		day("02 09:05", Itself, CallEnded{Call: "c1", Result: "served", Person: "anna", Talk: 4 * time.Minute, Recording: "c1.wav"}),
		day("02 09:06", "anna", Moved{To: Diagnosis}),
		day("02 09:06", "anna", Connected{Session: "s1", Asset: "srv-1", Way: "rdp"}),
		day("02 09:10", "caller", Reported{Report: 2, From: mail, Signal: "email/7", Text: "почта лежит"}),
		day("02 09:12", "anna", TookPart{Person: "boris", Role: "storage"}),
		day("02 09:13", "anna", TookPart{Person: "boris", Role: "raid"}),
		day("02 09:14", "anna", TookPart{Person: "vera"}),
		day("02 09:20", "anna", Planned{Version: 1, Hypothesis: "disk array", Actions: []string{"restart the controller"}, Fallback: "restore from backup", ETA: day("02 11:00", "", nil).At, Engineer: "anna"}),
		day("02 09:21", "anna", Messaged{Message: "m1", Report: 2, Purpose: ForPlan, To: mail, Text: "plan", Human: true, Version: 1}),
		day("02 09:22", Itself, Sent{Message: "m1", Channel: "email"}),
		day("02 09:23", "anna", PlanTold{Version: 1, Ref: "c2", With: "Ivan"}),
		day("02 09:24", Itself, Unsent{Message: "m1", Channel: "email", Hard: true, Cause: "550"}),
		day("02 09:25", "anna", Contacted{Report: 2, Channel: "call", Ref: "c3", With: "Ivan", Talk: time.Minute, Note: "knows the plan"}),
		day("02 09:25", Itself, Warned{Clock: sla.FirstContactClock, Report: 2, Level: "ladder", To: []string{"anna"}}),
		day("02 09:30", "boris", Stepped{Runbook: "failover", Step: "switch", Result: "done", Public: true}),
		day("02 09:40", "anna", Updated{Text: "switching", Next: day("02 10:00", "", nil).At}),
		day("02 09:50", "anna", Paused{Pause: "p1", Reason: WaitsForAccess, Until: day("02 10:30", "", nil).At}),
		day("02 09:55", Itself, Resumed{Pause: "p1", Reason: "signal"}),
		day("02 10:00", "anna", Disconnected{Session: "s1"}),
		day("02 10:01", "anna", Restored{Statement: "1С и почта работают", Check: "вошли, отправили письмо", Loss: "нет"}),
		day("02 10:05", "anna", ClientConfirmed{With: "Ivan"}),
		day("02 10:05", "anna", TookPart{Person: "vera", Left: true}),
		day("02 10:06", "anna", Timed{Entry: "e1", Person: "anna", Source: "session", From: day("02 09:06", "", nil).At, To: day("02 10:00", "", nil).At}),
		day("02 10:07", "anna", TimeSettled{Entry: "e1", Time: time.Hour, Note: "quantum"}),
		day("03 10:00", "anna", Moved{To: RootCause}),
		day("03 12:00", "boris", RootCaused{Cause: "a disk", Complete: true}),
		day("03 12:10", "boris", Tasked{Task: "k1", Sort: "recommendation", Text: "watch SMART", Owner: "client"}),
		day("03 12:11", "boris", Tasked{Task: "k1", Sort: "recommendation", Text: "watch SMART hourly", Owner: "client"}),
		day("03 12:20", "anna", Curated{Seq: 9, Text: "подключились к серверу"}),
		day("03 12:21", "anna", Curated{Seq: 9, Hidden: &hidden}),
		day("03 12:30", "anna", Explained{Clock: sla.FirstContactClock, Report: 2, Text: "the mail bounced"}),
		day("03 12:31", "anna", Explained{Clock: sla.UpdateClock, Text: "one minute"}),
		day("03 12:32", "anna", Explained{Clock: sla.UpdateClock, Text: "one minute late"}),
		day("03 13:00", "anna", Moved{To: Report}),
		day("03 13:00", "anna", Drafted{Version: 1, Hash: "h1", Head: "g", Language: "ru"}),
		day("03 14:00", "lead", Approved{Version: 1}),
		day("03 14:01", "lead", Messaged{Message: "m2", Report: 2, Purpose: ForReport, To: mail, Text: "report", Human: true, Version: 1}),
		day("03 14:02", Itself, Sent{Message: "m2", Channel: "email"}),
		day("03 14:03", "lead", Messaged{Message: "m3", Report: 1, Purpose: ForReport, To: mail, Text: "report", Human: true, Version: 1}),
		day("03 14:04", Itself, Unsent{Message: "m3", Channel: "email", Cause: "greylisted"}),
		day("03 14:05", Itself, Sent{Message: "m3", Channel: "email", Ref: "250"}),
		day("03 14:30", Itself, Unsent{Message: "m3", Channel: "email", Cause: "delayed"}),
		day("03 15:00", "client", ReportRead{Version: 1, How: "page"}),
		day("03 15:30", "client", ReportRead{Version: 1, How: "pdf"}),
		day("03 15:31", "client", Rated{Score: 5}),
		day("04 10:00", "anna", TaskDone{Task: "k1", Result: "done"}),
		day("04 10:01", "anna", Linked{Relation: SeeAlso, Ticket: "v"}),
		day("04 10:01", "anna", Linked{Relation: SeeAlso, Ticket: "w"}),
		day("04 10:01", "anna", Linked{Relation: RepeatOf, Ticket: "w"}),
		day("04 10:01", "anna", Unlinked{Relation: SeeAlso, Ticket: "v"}),
		day("04 10:02", "anna", Moved{To: Closed}),
	}
	for i := range log {
		log[i].Seq = i + 1
	}
	return log
}

var update = flag.Bool("update", false, "rewrite golden files")

// TestMonday holds the dossier and the clocks of a whole incident as one reads
// them.
func TestMonday(t *testing.T) {
	t.Parallel()
	d := compile(t, monday())
	got, err := json.MarshalIndent(struct {
		Dossier Dossier     `json:"dossier"`
		Clocks  []sla.Clock `json:"clocks"`
	}{d, d.Clocks(d.Log[len(d.Log)-1].At)}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/monday.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkClocks reads the clocks of 10,000 open tickets, as a board does.
func BenchmarkClocks(b *testing.B) {
	const tickets = 10_000
	open := monday()[:19]
	now := open[len(open)-1].At.Add(time.Minute)
	for _, lines := range []int{5, len(open)} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			for b.Loop() {
				for range tickets {
					Clocks(open[:lines], now)
				}
			}
			b.ReportMetric(float64(b.N*tickets)/b.Elapsed().Seconds(), "tickets/s")
		})
	}
}
