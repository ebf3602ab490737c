package ticket

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// TestWhatIsFirstContact tells what stops K1 of a mail at 02:00 and what does
// not.
func TestWhatIsFirstContact(t *testing.T) {
	t.Parallel()
	took := on("02:01", "anna", Acknowledged{How: "cli"})
	sent := func(at, id, channel string) Event { return on(at, Itself, Sent{Message: id, Channel: channel}) }
	lost := func(at, id, channel string, hard bool) Event {
		return on(at, Itself, Unsent{Message: id, Channel: channel, Hard: hard})
	}
	written := func(change func(*Messaged)) Messaged {
		m := reply("m1")
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		log  []Event
		stop string // empty = nothing stops it
	}{
		"acknowledged":                        {[]Event{took}, ""},
		"assigned":                            {[]Event{on("02:02", "anna", Assigned{To: "boris"})}, ""},
		"a note inside":                       {[]Event{took, on("02:02", "anna", Noted{Text: "hm"})}, ""},
		"a stage":                             {[]Event{took, on("02:02", "anna", Moved{To: Diagnosis})}, ""},
		"a receipt":                           {[]Event{took, on("02:02", "anna", written(func(m *Messaged) { m.Purpose = ForReceipt })), sent("02:03", "m1", "email")}, ""},
		"what a machine wrote":                {[]Event{took, on("02:02", "anna", written(func(m *Messaged) { m.Human = false })), sent("02:03", "m1", "email")}, ""},
		"a reply on its way":                  {[]Event{took, on("02:02", "anna", reply("m1"))}, ""},
		"a reply that was sent":               {[]Event{took, on("02:02", "anna", reply("m1")), sent("02:03", "m1", "email")}, "02:03"},
		"to all":                              {[]Event{took, on("02:02", "anna", written(func(m *Messaged) { m.Report = 0 })), sent("02:03", "m1", "email")}, "02:03"},
		"to somebody else":                    {[]Event{took, on("02:02", "anna", Reported{Report: 2, From: Contact{Channel: "sms"}}), on("02:02", "anna", written(func(m *Messaged) { m.Report = 2 })), sent("02:03", "m1", "email")}, ""},
		"its author has not taken the ticket": {[]Event{took, on("02:02", "boris", reply("m1")), sent("02:03", "m1", "email")}, ""},
		"he takes part later":                 {[]Event{took, on("02:02", "boris", reply("m1")), sent("02:03", "m1", "email"), on("02:09", "anna", TookPart{Person: "boris"})}, "02:09"},
		"it was handed over to him":           {[]Event{took, on("02:02", "anna", HandedOver{From: "anna", To: "boris", Note: "n"}), on("02:03", "boris", reply("m1")), sent("02:04", "m1", "email")}, "02:04"},
		"delayed is not lost":                 {[]Event{took, on("02:02", "anna", reply("m1")), sent("02:03", "m1", "email"), lost("02:04", "m1", "email", false)}, "02:03"},
		"lost, and told by the next channel":  {[]Event{took, on("02:02", "anna", reply("m1")), sent("02:03", "m1", "email"), lost("02:06", "m1", "email", true), sent("02:07", "m1", "sms")}, "02:07"},
		"another channel bounced":             {[]Event{took, on("02:02", "anna", reply("m1")), sent("02:03", "m1", "email"), lost("02:06", "m1", "sms", true)}, "02:03"},
		"lost everywhere":                     {[]Event{took, on("02:02", "anna", reply("m1")), sent("02:03", "m1", "email"), lost("02:06", "m1", "", true)}, ""},
		"called back":                         {[]Event{on("02:05", "anna", Contacted{Channel: "call", Ref: "b", Talk: minTalk})}, "02:05"},
		"called back for a moment":            {[]Event{on("02:05", "anna", Contacted{Channel: "call", Ref: "b", Talk: minTalk - 1})}, ""},
		"for a moment, with a note":           {[]Event{on("02:05", "anna", Contacted{Channel: "call", Ref: "b", Talk: time.Second, Note: "he knows"})}, "02:05"},
		"for a moment, noted afterwards":      {[]Event{on("02:05", "anna", Contacted{Channel: "call", Ref: "b", Talk: time.Second}), on("02:06", "anna", Noted{Text: "he knows", Contact: "b"})}, "02:05"},
		"on the spot":                         {[]Event{on("02:05", "anna", Contacted{Channel: "visit"})}, "02:05"},
		"a try":                               {[]Event{on("02:05", "anna", ContactTried{Channel: "call", Result: "no_answer"})}, ""},
		"the plan was read out to him":        {[]Event{on("02:05", "anna", complete(1, "04:00")), on("02:06", "anna", PlanTold{Version: 1})}, "02:06"},
		"the plan was sent to him":            {[]Event{took, on("02:05", "anna", complete(1, "04:00")), on("02:06", "anna", Messaged{Message: "p", Purpose: ForPlan, Version: 1, Text: "plan", Human: true}), sent("02:07", "p", "email")}, "02:07"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := append([]Event{start("02:00", byMail)}, c.log...)
			if _, err := Fold(log); err != nil {
				t.Fatal(err)
			}
			var want time.Time
			if c.stop != "" {
				want = clockAt(c.stop)
			}
			if k := clock(t, Clocks(log, clockAt("02:14")), sla.FirstContactClock, 1); !k.Stop.Equal(want) {
				t.Errorf("stopped at %v, want %v", k.Stop, want)
			}
		})
	}
}

// Vector 3: how long the mail lay at our side is shown beside the breach, not
// taken from it.
func TestLagIsShown(t *testing.T) {
	t.Parallel()
	log := []Event{start("02:00", byMail, func(o *Opened) { o.Received = clockAt("02:10") })}
	if k := clock(t, Clocks(log, clockAt("02:16")), sla.FirstContactClock, 1); k.Lag != 600*time.Second || k.Verdict != sla.Breached {
		t.Errorf("%+v", k)
	}
}

// An earlier signal moves T0 back, of the report and of the incident.
func TestT0MovesBack(t *testing.T) {
	t.Parallel()
	log := []Event{start("02:00", byMail), on("02:20", Itself, T0Moved{Report: 1, From: clockAt("02:00"), To: clockAt("01:50"), Signal: "email/0"})}
	d := compile(t, log)
	for _, name := range []sla.Name{sla.FirstContactClock, sla.PlanClock, sla.StabiliseClock} {
		if k, _ := d.Clock(name, 1, clockAt("02:30")); !k.Start.Equal(clockAt("01:50")) {
			t.Errorf("%s starts at %v", name, k.Start)
		}
	}
	if !d.T0.Equal(clockAt("01:50")) || !d.Ticket.OpenedAt.Equal(clockAt("01:50")) {
		t.Errorf("T0 %v, opened %v", d.T0, d.Ticket.OpenedAt)
	}
	if _, err := Fold(append(log, on("02:30", Itself, T0Moved{From: clockAt("01:50"), To: clockAt("02:00")}))); err == nil {
		t.Error("T0 moved forward")
	}
}

// A machine's alarm may count from when the trouble began.
func TestCountFromOccurrence(t *testing.T) {
	t.Parallel()
	alarm := func(count bool) Event {
		return start("02:00", func(o *Opened) {
			o.Signal, o.Machine, o.Occurred = "zabbix/1", true, clockAt("01:40")
			p := *o.Policy
			p.CountFromOccurrence = count
			o.Policy = &p
		})
	}
	for count, want := range map[bool]string{true: "01:40", false: "02:00"} {
		d := compile(t, []Event{alarm(count)})
		if k, _ := d.Clock(sla.FirstContactClock, 1, clockAt("02:30")); !k.Start.Equal(clockAt(want)) || !d.T0.Equal(clockAt(want)) {
			t.Errorf("count %v: start %v, T0 %v", count, k.Start, d.T0)
		}
	}
}

// At night, where the contract says so, the acknowledgement and the diagnosis
// of an alarm are the reaction.
func TestLetSleep(t *testing.T) {
	t.Parallel()
	alarm := start("02:00", func(o *Opened) {
		o.Signal, o.Machine = "zabbix/1", true
		p := *o.Policy
		p.LetSleep = true
		o.Policy = &p
	})
	log := []Event{alarm, on("02:03", "anna", Acknowledged{How: "voice_page"}), on("02:05", "anna", Connected{Session: "s", Way: "rdp"})}
	if k := clock(t, Clocks(log, clockAt("02:30")), sla.FirstContactClock, 1); k.Manner != sla.ByPolicy || !k.Stop.Equal(clockAt("02:05")) || k.Verdict != sla.Met {
		t.Errorf("%+v", k)
	}
	if k := clock(t, Clocks(log[:2], clockAt("02:30")), sla.FirstContactClock, 1); k.Verdict != sla.Breached {
		t.Errorf("an acknowledgement alone: %+v", k)
	}
}

// A log of an earlier version pins no policy: its first contact is promised,
// and nothing else.
func TestLogsWithoutAPolicy(t *testing.T) {
	t.Parallel()
	log := []Event{
		opened(), ev(5, "anna", Acknowledged{How: "cli"}), ev(6, "anna", Prioritised{Priority: Low, Reason: "printer"}),
		ev(7, "anna", Moved{To: Stabilised}), ev(8, "anna", Moved{To: RootCause}), ev(9, "anna", Moved{To: Closed}),
	}
	d := compile(t, log)
	if d.Ticket.Stage != Closed || d.Ticket.Policy != "" {
		t.Fatalf("%+v", d.Ticket)
	}
	for _, c := range d.Clocks(t0.Add(time.Hour)) {
		promised := c.Name == sla.FirstContactClock
		if c.Due.IsZero() == promised || promised && c.Verdict != sla.Breached || !promised && c.Verdict == sla.Breached {
			t.Errorf("%+v", c)
		}
	}
	if k := FirstContact(log, t0.Add(time.Hour)); k.Limit != sla.DefaultFirstContact || k.Verdict != sla.Breached {
		t.Errorf("%+v", k)
	}
}

// Another policy judges from the beginning, and the verdicts by the old one
// stay in the log.
func TestRecomputed(t *testing.T) {
	t.Parallel()
	log := []Event{start("02:00", byCall), on("02:20", "anna", Accepted{Call: "c1", Person: "anna"})}
	before := Clocks(log, clockAt("02:30"))
	p := sla.Default()
	p.Version, p.Limits = "2", map[sla.Name]sla.Limit{sla.FirstContactClock: {Time: time.Hour}}
	log = append(log, on("02:40", "lead", Recomputed{Policy: p, Before: before, Reason: "the contract says an hour"}))
	if k := clock(t, Clocks(log, clockAt("02:30")), sla.FirstContactClock, 1); k.Verdict != sla.Breached {
		t.Errorf("before: %+v", k)
	}
	if k := clock(t, Clocks(log, clockAt("02:50")), sla.FirstContactClock, 1); k.Verdict != sla.Met {
		t.Errorf("after: %+v", k)
	}
	d := compile(t, log)
	if d.Ticket.Policy != "2" || d.Policy.Version != "2" || len(d.Recomputed) != 1 || d.Recomputed[0].Body.Before[0].Verdict != sla.Breached {
		t.Errorf("%+v", d.Ticket)
	}
}

// A further requester's own T0 counts, and how long his signal lay.
func TestReportsOwnT0(t *testing.T) {
	t.Parallel()
	log := []Event{start("02:00", byMail), on("02:20", "caller", Reported{Report: 2, From: Contact{Channel: "email"}, T0: clockAt("02:10"), Received: clockAt("02:20")})}
	if k := clock(t, Clocks(log, clockAt("02:25")), sla.FirstContactClock, 2); !k.Start.Equal(clockAt("02:10")) || k.Lag != 10*time.Minute || k.Verdict != sla.Breached {
		t.Errorf("%+v", k)
	}
}

// Of what one act says of class and priority, the last word counts, not the
// gravest.
func TestClassAndPriorityInOneAct(t *testing.T) {
	t.Parallel()
	log := []Event{
		start("02:00", byMail, func(o *Opened) { o.Class = Unreadable }),
		on("02:05", Itself, Classified{Class: Incident}), on("02:05", Itself, Signalled{Signal: "email/1"}), on("02:05", Itself, Prioritised{Priority: Normal, Reason: "read anew"}),
	}
	if k := clock(t, Clocks(log, clockAt("02:30")), sla.FirstContactClock, 1); k.Verdict != sla.Running || !k.Due.Equal(clockAt("10:00")) {
		t.Errorf("%+v", k)
	}
}
