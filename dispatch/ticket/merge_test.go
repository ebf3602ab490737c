package ticket

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// mergeOf is the end of both logs when one ticket is merged into another, as
// its verb writes it.
func mergeOf(t *testing.T, from, into []Event, clock string) (source, target []Event) {
	t.Helper()
	d := compile(t, from)
	to := compile(t, into).Ticket
	source = append(source, from...)
	source = append(source, on(clock, "anna", MergedInto{Target: to.ID}))
	target = append(target, into...)
	target = append(target, on(clock, "anna", Absorbed{Source: d.Ticket.ID, Number: d.Ticket.Number, T0: d.T0}))
	for i, s := range d.Stories {
		k1, _ := d.Clock(sla.FirstContactClock, s.Report, clockAt(clock))
		target = append(target, on(clock, "anna", Reported{
			Report: to.Reports + 1 + i, Source: d.Ticket.ID, Origin: s.Report, From: s.From, Signal: s.Signals[0].Signal, T0: s.T0,
			Due: k1.Due, Contact: k1.Stop, ContactRef: k1.StopRef,
		}))
	}
	return source, target
}

func compile(t *testing.T, log []Event) Dossier {
	t.Helper()
	d, err := Compile(log)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// two returns an older ticket that nobody has called about, and a younger one
// whose plan is known.
func two() (older, younger []Event) {
	older = []Event{start("02:00", byMail, func(o *Opened) { o.ID, o.Number = "b", Number{26, 2} })}
	younger = []Event{
		start("02:08", byCall, func(o *Opened) { o.ID = "a" }),
		on("02:09", "anna", Accepted{Call: "c1", Person: "anna"}),
	}
	return older, younger
}

// Vectors 11 and 12: a younger ticket takes an older one in, and lets it go.
func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	b, a := two()
	before := map[string]Ticket{"a": compile(t, a).Ticket, "b": compile(t, b).Ticket}
	source, target := mergeOf(t, b, a, "02:10")

	d := compile(t, target)
	if !d.T0.Equal(clockAt("02:00")) {
		t.Errorf("T0 of the whole is %v", d.T0)
	}
	list := d.Clocks(clockAt("02:14"))
	if k := clock(t, list, sla.FirstContactClock, 1); k.Verdict != sla.Met {
		t.Errorf("the younger one's requester was reached: %+v", k)
	}
	if k := clock(t, list, sla.FirstContactClock, 2); k.Verdict != sla.Running || !k.Due.Equal(clockAt("02:15")) {
		t.Errorf("the older one's was not: %+v", k)
	}
	if k := clock(t, list, sla.PlanClock, 0); !k.Due.Equal(clockAt("03:00")) {
		t.Errorf("the plan is due from the older T0: %+v", k)
	}
	for _, k := range Clocks(source, clockAt("02:30")) {
		if k.Runs() || len(sla.Levels(k)) > 0 {
			t.Errorf("the pointer still runs %+v", k)
		}
	}
	if k := clock(t, Clocks(target, clockAt("02:16")), sla.FirstContactClock, 2); k.Verdict != sla.Breached {
		t.Errorf("until he is reached: %+v", k)
	}
	reached := append(slices.Clip(target), on("02:14", "anna", Contacted{Report: 2, Channel: "call", Ref: "x", Talk: time.Minute}))
	if k := clock(t, Clocks(reached, clockAt("02:16")), sla.FirstContactClock, 2); k.Verdict != sla.Met {
		t.Errorf("he was reached: %+v", k)
	}

	gone := compile(t, append(slices.Clip(target), on("02:20", "anna", Released{Source: "b"})))
	back := compile(t, append(slices.Clip(source), on("02:20", "anna", Unmerged{Target: "a", Stage: New})))
	if diff := cmp.Diff(before["b"], back.Ticket, cmpopts.IgnoreFields(Ticket{}, "Version")); diff != "" {
		t.Error("the older one is not restored:", diff)
	}
	if diff := cmp.Diff(before["a"], gone.Ticket, cmpopts.IgnoreFields(Ticket{}, "Version", "Reports"), cmpopts.EquateEmpty()); diff != "" {
		t.Error("the younger one is not restored:", diff)
	}
	now := clockAt("02:30")
	if diff := cmp.Diff(Clocks(b, now), back.Clocks(now)); diff != "" {
		t.Error("clocks of the older one:", diff)
	}
	if diff := cmp.Diff(Clocks(a, now), gone.Clocks(now)); diff != "" {
		t.Error("clocks of the younger one:", diff)
	}
	if !gone.T0.Equal(clockAt("02:08")) || !gone.Stories[1].Gone {
		t.Errorf("T0 %v, %+v", gone.T0, gone.Stories[1])
	}
}

// Who was reached while his ticket was merged stays reached when it leaves.
func TestContactsReturn(t *testing.T) {
	t.Parallel()
	b, a := two()
	source, target := mergeOf(t, b, a, "02:10")
	target = append(target, on("02:12", "anna", Contacted{Report: 2, Channel: "call", Ref: "x", Talk: time.Minute}))
	source = append(source, on("02:20", "anna", Unmerged{Target: "a", Stage: New}))
	events := compile(t, target).Returning("b", clockAt("02:20"))
	if len(events) != 1 {
		t.Fatalf("%d contacts return", len(events))
	}
	if k := clock(t, Clocks(append(source, events...), clockAt("02:30")), sla.FirstContactClock, 1); k.Verdict != sla.Met || k.Seconds() != 720 {
		t.Errorf("%+v", k)
	}
	if again := compile(t, target).Returning("c", clockAt("02:20")); len(again) != 0 {
		t.Errorf("somebody else's: %v", again)
	}
}

// A contact that the source has told of does not return: it is in the source's log,
// where its bounce takes it away.
func TestPassedContactsDoNotReturn(t *testing.T) {
	t.Parallel()
	b, a := two()
	b = append(b, on("02:03", "boris", Acknowledged{How: "cli"}), on("02:04", "boris", reply("m1")))
	source, target := mergeOf(t, b, a, "02:10")
	sent := on("02:11", Itself, Sent{Message: "m1", Channel: "email"})
	passed := compile(t, source).Passed([]Event{sent}, target, clockAt("02:11"))
	if len(passed) != 1 {
		t.Fatalf("%d contacts are passed on", len(passed))
	}
	target = append(target, passed...)
	if k := clock(t, Clocks(target, clockAt("02:20")), sla.FirstContactClock, 2); k.Verdict != sla.Met || k.Seconds() != 660 {
		t.Errorf("%+v", k)
	}
	if back := compile(t, target).Returning("b", clockAt("02:20")); len(back) != 0 {
		t.Errorf("returned: %+v", back)
	}
}

// What was known on the source goes along: a first contact, and its bounce.
func TestContactGoesAlong(t *testing.T) {
	t.Parallel()
	b, a := two()
	b = append(b, on("02:03", "boris", Acknowledged{How: "cli"}), on("02:04", "boris", reply("m1")), on("02:05", Itself, Sent{Message: "m1", Channel: "email"}))
	_, target := mergeOf(t, b, a, "02:10")
	if k := clock(t, Clocks(target, clockAt("02:20")), sla.FirstContactClock, 2); k.Verdict != sla.Met || k.Seconds() != 300 {
		t.Errorf("%+v", k)
	}
	target = append(target, on("02:12", Itself, Unsent{Message: "m1", Channel: "email", Hard: true}))
	if k := clock(t, Clocks(target, clockAt("02:20")), sla.FirstContactClock, 2); k.Verdict != sla.Breached || k.Withdrawn != 1 {
		t.Errorf("%+v", k)
	}
}

// Vector 16: steps of an escalation, an update and the recovery are signals of
// one report; none makes a clock, and the recovery moves nothing.
func TestOneAlarmOneReport(t *testing.T) {
	t.Parallel()
	log := []Event{start("02:00", func(o *Opened) { o.Signal, o.Machine = "zabbix/1", true })}
	first := Clocks(log, clockAt("03:30"))
	for i, at := range []string{"02:05", "02:10", "02:15", "02:17"} {
		log = append(log, on(at, "caller", Signalled{Signal: "zabbix/" + string(rune('2'+i)), Machine: true}))
	}
	log = append(log, on("03:00", "caller", Signalled{Signal: "zabbix/9", Machine: true, Recovery: true}))
	d := compile(t, log)
	if diff := cmp.Diff(first, d.Clocks(clockAt("03:30"))); diff != "" {
		t.Error("clocks moved:", diff)
	}
	if d.Ticket.Stage != New || d.Ticket.Cycle != 0 || len(d.Stories) != 1 || len(d.Stories[0].Signals) != 6 || !d.Stories[0].Signals[5].Recovery {
		t.Errorf("%+v", d.Stories)
	}
}
