package ticket

import (
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/prodcal"
)

// clockAt reads an instant of the story's night: 02:00 is T0, 15:04:05.999 of
// the same day, or a whole date.
func clockAt(s string) time.Time {
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.9"} {
		if at, err := time.Parse(layout, s); err == nil {
			return t0.Add(at.Sub(time.Date(0, 1, 1, 2, 0, 0, 0, time.UTC)))
		}
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return at
}

// on is an event at a wall-clock time of the night.
func on(clock, by string, b Body) Event {
	return Event{Ticket: "t", At: clockAt(clock), By: by, Body: b}
}

// start opens a ticket under the default promises.
func start(clock string, change ...func(*Opened)) Event {
	p := sla.Default()
	o := Opened{ID: "t", Number: Number{26, 1}, Priority: Critical, Policy: &p}
	for _, c := range change {
		c(&o)
	}
	return on(clock, "caller", o)
}

func byCall(o *Opened) { o.Call, o.Line = "c1", "main" }

func byMail(o *Opened) {
	o.Signal, o.From = "email/1", Contact{Channel: "email", Address: "ivan@romashka.example"}
}

func normal(o *Opened) { o.Priority = Normal }

// complete is a plan that has all its parts.
func complete(version int, eta string) Planned {
	return Planned{
		Version: version, Hypothesis: "the disk array", Actions: []string{"restart the controller"}, Fallback: "restore from backup",
		ETA: clockAt(eta), Engineer: "anna",
	}
}

// reply is a message that anna wrote by hand.
func reply(id string) Messaged {
	return Messaged{Message: id, Report: 1, Purpose: ForReply, To: Contact{Channel: "email"}, Text: "on it", Human: true}
}

// clock finds a clock; the last cycle's.
func clock(t *testing.T, list []sla.Clock, name sla.Name, report int) (c sla.Clock) {
	t.Helper()
	for _, k := range list {
		if k.Name == name && k.Report == report {
			c = k
		}
	}
	if c.Name == "" {
		t.Fatalf("no clock %s of report %d in %+v", name, report, list)
	}
	return c
}

// TestAcceptanceVectors are the vectors that clocks are accepted by, under
// their numbers.
func TestAcceptanceVectors(t *testing.T) {
	t.Parallel()
	const k1, k2, k3 = sla.FirstContactClock, sla.PlanClock, sla.StabiliseClock
	anna := on("02:01", "anna", Acknowledged{How: "cli"})
	sentAt := func(clock, id string) Event { return on(clock, "vahta", Sent{Message: id, Channel: "email"}) }
	bounce := on("02:06", "vahta", Unsent{Message: "m1", Channel: "email", Hard: true, Cause: "550"})
	for name, c := range map[string]struct {
		log     []Event
		name    sla.Name
		now     string
		verdict sla.Verdict
		seconds int64
		due     string
	}{
		"1 answered after 19 s, 40 s of talk": {
			[]Event{start("02:00", byCall), on("02:00:19", "anna", Accepted{Call: "c1", Person: "anna"}), on("02:00:59", "", CallEnded{Call: "c1", Result: "served", Talk: 40 * time.Second})},
			k1, "02:30", sla.Met, 19, "02:15",
		},
		"2 abandoned, call-back answered at 02:14:59.9": {
			[]Event{
				start("02:00", byCall), on("02:00:30", "", CallEnded{Call: "c1", Result: "abandoned"}),
				on("02:14:59.9", "anna", Contacted{Channel: "call", Ref: "back", Talk: time.Minute}),
			}, k1, "02:30", sla.Met, 900, "02:15",
		},
		"2 abandoned, call-back answered at 02:15:00.0": {
			[]Event{
				start("02:00", byCall), on("02:00:30", "", CallEnded{Call: "c1", Result: "abandoned"}),
				on("02:15:00.0", "anna", Contacted{Channel: "call", Ref: "back", Talk: time.Minute}),
			}, k1, "02:30", sla.Breached, 900, "02:15",
		},
		"3 mail lay 10 minutes, receipt at once, human reply at 02:16": {
			[]Event{
				start("02:00", byMail, func(o *Opened) { o.Received = clockAt("02:10") }),
				on("02:10", "vahta", Messaged{Message: "r", Purpose: ForReceipt, Text: "received"}), sentAt("02:10", "r"),
				on("02:12", "anna", Acknowledged{How: "cli"}), on("02:16", "anna", reply("m1")), sentAt("02:16", "m1"),
			}, k1, "02:30", sla.Breached, 960, "02:15",
		},
		"4 the reply bounced, a call-back held": {
			[]Event{start("02:00", byMail), anna, on("02:05", "anna", reply("m1")), sentAt("02:05", "m1"), bounce, on("02:12", "anna", Contacted{Channel: "call", Ref: "back", Talk: time.Minute})},
			k1, "02:30", sla.Met, 720, "02:15",
		},
		"5 the reply bounced": {
			[]Event{start("02:00", byMail), anna, on("02:05", "anna", reply("m1")), sentAt("02:05", "m1"), bounce},
			k1, "02:15", sla.Breached, 900, "02:15",
		},
		"5 before the bounce it was met": {
			[]Event{start("02:00", byMail), anna, on("02:05", "anna", reply("m1")), sentAt("02:05", "m1"), bounce},
			k1, "02:05:30", sla.Met, 300, "02:15",
		},
		"6 midnight costs nothing": {
			[]Event{start("2026-03-01T23:59:50Z", byCall), on("2026-03-02T00:14:49.9Z", "anna", Accepted{Call: "c1", Person: "anna"})},
			k1, "2026-03-02T01:00:00Z", sla.Met, 900, "2026-03-02T00:14:50Z",
		},
		"7 plan drafted at 40 minutes, sent at 61": {
			[]Event{
				start("02:00", byCall), on("02:40", "anna", complete(1, "04:00")),
				on("03:01", "anna", Messaged{Message: "p", Purpose: ForPlan, Version: 1, Text: "plan", Human: true}), sentAt("03:01", "p"),
			}, k2, "03:30", sla.Breached, 3660, "03:00",
		},
		"7 sent in time": {
			[]Event{
				start("02:00", byCall), on("02:40", "anna", complete(1, "04:00")),
				on("02:59", "anna", Messaged{Message: "p", Purpose: ForPlan, Version: 1, Text: "plan", Human: true}), sentAt("02:59", "p"),
			}, k2, "03:30", sla.Met, 3540, "03:00",
		},
		"7 what is told is no plan while a part is missing": {
			[]Event{start("02:00", byCall), on("02:40", "anna", Planned{Version: 1, Hypothesis: "the disk"}), on("02:41", "anna", PlanTold{Version: 1})},
			k2, "03:00", sla.Breached, 3600, "03:00",
		},
		"8 an ETA revised when it had lapsed": {
			[]Event{
				start("02:00", byCall), on("02:40", "anna", complete(1, "04:00")), on("02:41", "anna", PlanTold{Version: 1}),
				on("04:04", "anna", complete(2, "06:00")), on("04:05", "anna", PlanTold{Version: 2}), on("05:30", "anna", Restored{Statement: "mail works", Check: "sent one"}),
			}, k3, "07:00", sla.Breached, 12600, "04:00",
		},
		"8 revised before": {
			[]Event{
				start("02:00", byCall), on("02:40", "anna", complete(1, "04:00")), on("02:41", "anna", PlanTold{Version: 1}),
				on("03:50", "anna", complete(2, "06:00")), on("03:55", "anna", PlanTold{Version: 2}), on("05:30", "anna", Restored{Statement: "mail works", Check: "sent one"}),
			}, k3, "07:00", sla.Met, 12600, "06:00",
		},
		"9 pauses unite: 35 minutes": {
			[]Event{
				start("02:00", byCall, limited(k3, 2*time.Hour)),
				on("03:00", "anna", Paused{Pause: "a", Reason: WaitsForClient, Until: clockAt("03:30")}),
				on("03:20", "anna", Paused{Pause: "b", Reason: WaitsForVendor, Until: clockAt("03:40")}),
				on("03:35", "caller", Signalled{Signal: "telegram/7"}), on("03:35", "vahta", Resumed{Reason: "signal"}),
			}, k3, "04:00", sla.Running, 7200 - 35*60, "04:35",
		},
		"10 Normal becomes Critical after 3 hours by a new fact": {
			[]Event{start("02:00", byMail, normal), on("05:00", "anna", Prioritised{Priority: Critical})},
			k1, "05:14:59", sla.Running, 11699, "05:15",
		},
		"10 and is late 15 minutes after": {
			[]Event{start("02:00", byMail, normal), on("05:00", "anna", Prioritised{Priority: Critical})},
			k1, "05:15", sla.Breached, 11700, "05:15",
		},
		"10 what was there from the first counts from the first": {
			[]Event{start("02:00", byMail, normal), on("05:00", "anna", Prioritised{Priority: Critical, Misjudged: true})},
			k1, "05:00", sla.Breached, 10800, "02:15",
		},
		"14 five business days over 12 June": {
			[]Event{
				start("2026-06-08T04:00:00Z", byCall, calendar(t)),
				on("2026-06-08T07:00:00Z", "anna", Restored{Statement: "mail works", Check: "sent one"}), // Monday 10:00 in Moscow
			}, sla.RootCauseClock, "2026-06-16T06:59:59Z", sla.Running, 44*3600 - 1, "2026-06-16T07:00:00Z", // Friday 12 is a holiday, Thursday an hour shorter
		},
		"14 and over a Saturday that is worked": {
			[]Event{
				start("2024-04-24T04:00:00Z", byCall, calendar(t)),
				on("2024-04-24T07:00:00Z", "anna", Restored{Statement: "mail works", Check: "sent one"}), // Wednesday
			}, sla.RootCauseClock, "2024-05-03T07:00:00Z", sla.Breached, 45 * 3600, "2024-05-03T07:00:00Z", // Thursday, Friday, Saturday 27; Monday to Wednesday are off
		},
		"15 the hour that comes twice costs nothing": {
			[]Event{start("2026-10-25T00:50:00Z", byCall), on("2026-10-25T01:04:59Z", "anna", Accepted{Call: "c1", Person: "anna"})}, // 02:50 CEST, 02:04:59 CET
			k1, "2026-10-25T02:00:00Z", sla.Met, 899, "2026-10-25T01:05:00Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := 0
			if c.name == k1 {
				report = 1
			}
			if _, err := Fold(c.log); err != nil {
				t.Fatal(err)
			}
			got := clock(t, Clocks(c.log, clockAt(c.now)), c.name, report)
			if got.Verdict != c.verdict || got.Seconds() != c.seconds || !got.Due.Equal(clockAt(c.due)) {
				t.Errorf("%v after %d s, due %v; want %v after %d s, due %s", got.Verdict, got.Seconds(), got.Due, c.verdict, c.seconds, c.due)
			}
		})
	}
}

// limited gives a clock of the policy a limit of its own.
func limited(name sla.Name, limit time.Duration) func(*Opened) {
	return func(o *Opened) {
		p := *o.Policy
		p.Limits = map[sla.Name]sla.Limit{name: {Time: limit}}
		o.Policy = &p
	}
}

// calendar pins Moscow's office hours with the production calendar that ships.
func calendar(t *testing.T) func(*Opened) {
	t.Helper()
	years, err := prodcal.Years()
	if err != nil {
		t.Fatal(err)
	}
	hours := []sla.Window{{From: 9 * 60, To: 18 * 60}}
	cal := &sla.Calendar{Zone: "Europe/Moscow", Days: map[string][]sla.Window{}}
	for d := time.Monday; d <= time.Friday; d++ {
		cal.Week[d] = hours
	}
	for _, y := range years {
		for date, class := range y.Days {
			day := fmt.Sprintf("%d-%s", y.Year, date)
			switch class {
			case oncall.Workday, oncall.MovedWorkday:
				cal.Days[day] = hours
			case oncall.Short:
				cal.Days[day] = []sla.Window{{From: 9 * 60, To: 17 * 60}}
			case oncall.Weekend, oncall.Holiday, oncall.MovedDayOff:
				cal.Days[day] = nil
			}
		}
	}
	return func(o *Opened) {
		p := *o.Policy
		p.Calendar = cal
		o.Policy = &p
	}
}
