package sla

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// f is a fact at a wall-clock time of the night.
func f(clock string, k Kind, more ...func(*Fact)) Fact {
	fact := Fact{Kind: k, At: at(clock + ":00")}
	for _, m := range more {
		m(&fact)
	}
	return fact
}

func report(n int) func(*Fact)     { return func(f *Fact) { f.Report = n } }
func ref(r string) func(*Fact)     { return func(f *Fact) { f.Ref = r } }
func source(s string) func(*Fact)  { return func(f *Fact) { f.Source = s } }
func channel(s string) func(*Fact) { return func(f *Fact) { f.Channel = s } }
func machine(f *Fact)              { f.Machine = true }
func misjudged(f *Fact)            { f.Misjudge = true }
func grade(g Grade) func(*Fact)    { return func(f *Fact) { f.Grade = g } }
func scope(s Scope) func(*Fact)    { return func(f *Fact) { f.Scope = s } }
func next(clock string) func(*Fact) {
	return func(f *Fact) { f.Next = at(clock + ":00") }
}

func eta(clock string) func(*Fact) {
	return func(f *Fact) { f.ETA = at(clock + ":00") }
}

func until(clock string) func(*Fact) {
	return func(f *Fact) { f.Until = at(clock + ":00") }
}

// initial is the priority that a ticket is opened with.
func initial(g Grade, s Scope) Fact { return Fact{Kind: Graded, Grade: g, Scope: s} }

// two is a policy that promises stabilisation in two hours.
func two() Policy {
	return Policy{Limits: map[Name]Limit{StabiliseClock: {Time: 2 * time.Hour}}}
}

// three is a policy that promises the root cause in three days.
func three() Policy { return Policy{Limits: map[Name]Limit{RootCauseClock: {Days: 3}}} }

// state is what a test looks at: name, report, cycle, due and verdict in words.
func state(c Clock) string {
	s := string(c.Name)
	if c.Report > 1 {
		s += " of " + string(rune('0'+c.Report))
	}
	if c.Cycle > 0 {
		s += " again"
	}
	s += " " + c.Verdict.String()
	if !c.Due.IsZero() {
		s += " due " + c.Due.Format("15:04")
	}
	if c.Paused {
		s += " paused"
	}
	if c.Manner != "" {
		s += " " + string(c.Manner)
	}
	return s
}

// TestRead tells stories and looks at all clocks at their end.
func TestRead(t *testing.T) {
	t.Parallel()
	opened := f("02:00", Reported, report(1))
	told := f("02:30", Told, eta("04:00"))
	restored := f("03:30", Restored)
	for name, c := range map[string]struct {
		policy Policy
		facts  []Fact
		now    string
		want   []string
	}{
		"just opened": {Default(), []Fact{opened}, "02:05", []string{
			"first_contact running due 02:15", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"nobody has reported": {Default(), nil, "02:05", []string{"next_update idle", "root_cause idle", "report idle"}},
		"hot": {Default(), []Fact{opened, f("02:01", Contacted, report(1)), told}, "02:45", []string{
			"first_contact met due 02:15", "plan met due 03:00", "stabilisation running due 04:00", "next_update running due 03:00", "root_cause idle", "report idle",
		}},
		"each word begins K4 anew; one came late": {Default(), []Fact{opened, told, f("02:50", Updated), f("03:25", Updated)}, "03:26", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation running due 04:00", "next_update running due 03:55", "root_cause idle", "report idle",
		}},
		"in the end that counts": {Default(), []Fact{opened, told, f("02:50", Updated), f("03:25", Updated), restored}, "04:00", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation met due 04:00", "next_update breached due 03:55", "root_cause running due 03:30", "report idle",
		}},
		"a sooner promise binds": {Default(), []Fact{opened, told, f("02:50", Updated, next("03:00"))}, "03:00", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation running due 04:00", "next_update breached due 03:00", "root_cause idle", "report idle",
		}},
		"a later one does not": {Default(), []Fact{opened, told, f("02:50", Updated, next("05:00"))}, "03:00", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation running due 04:00", "next_update running due 03:20", "root_cause idle", "report idle",
		}},
		"the contract binds before the ETA": {two(), []Fact{opened, f("02:30", Told, eta("05:00"))}, "03:59", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation running due 04:00", "next_update breached due 03:00", "root_cause idle", "report idle",
		}},
		"a told plan that bounced is none": {Default(), []Fact{opened, f("02:30", Told, eta("04:00"), ref("p")), f("02:31", Withdrawn, ref("p"))}, "02:45", []string{
			"first_contact breached due 02:15", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"stabilised before a plan was due": {Default(), []Fact{opened, f("02:20", Restored)}, "04:00", []string{
			"first_contact breached due 02:15", "plan void due 03:00", "stabilisation met", "next_update idle", "root_cause running due 02:20", "report idle",
		}},
		"stabilised after a plan was due": {Default(), []Fact{opened, f("03:20", Restored)}, "04:00", []string{
			"first_contact breached due 02:15", "plan breached due 03:00", "stabilisation met", "next_update idle", "root_cause running due 03:20", "report idle",
		}},
		"closed at once; who waits goes on waiting": {Default(), []Fact{opened, f("02:10", Ended)}, "04:00", []string{
			"first_contact breached due 02:15", "plan void due 03:00", "stabilisation void", "next_update idle", "root_cause idle", "report idle",
		}},
		"a machine's false alarm": {Default(), []Fact{f("02:00", Reported, report(1), machine), f("02:10", Ended)}, "04:00", []string{
			"first_contact void due 02:15", "plan void due 03:00", "stabilisation void", "next_update idle", "root_cause idle", "report idle",
		}},
		"analysed and sent": {Default(), []Fact{opened, told, restored, f("05:00", Analysed), f("06:00", Delivered)}, "07:00", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation met due 04:00", "next_update breached due 03:00", "root_cause met due 03:30", "report met due 05:00",
		}},
		"reopened": {two(), []Fact{opened, f("02:10", Contacted, report(1)), told, restored, f("05:00", Analysed), f("08:00", Reopened, report(1))}, "08:10", []string{
			"first_contact met due 02:15", "first_contact again running due 08:15", "plan met due 03:00", "stabilisation running due 08:30",
			"next_update again running due 08:30", "root_cause met due 03:30", "root_cause again idle", "report again idle",
		}},
		"closed without a plan and reopened": {Default(), []Fact{opened, f("02:10", Contacted, report(1)), f("02:20", Ended), f("08:00", Reopened, report(1))}, "08:10", []string{
			"first_contact met due 02:15", "first_contact again running due 08:15", "plan again running due 09:00", "stabilisation running",
			"next_update idle", "root_cause again idle", "report again idle",
		}},
		"the plan was told when it was over, then reopened": {Default(), []Fact{
			opened, f("02:10", Contacted, report(1)), f("02:20", Ended), f("02:30", Told), f("08:00", Reopened, report(1)),
		}, "08:10", []string{
			"first_contact met due 02:15", "first_contact again running due 08:15", "plan met due 03:00", "stabilisation running",
			"next_update again running due 08:30", "root_cause again idle", "report again idle",
		}},
		"a second requester": {Default(), []Fact{opened, f("02:10", Contacted, report(1)), f("02:12", Reported, report(2))}, "02:20", []string{
			"first_contact met due 02:15", "first_contact of 2 running due 02:27", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"a word to all reaches who is there": {Default(), []Fact{opened, f("02:05", Reported, report(2)), f("02:06", Contacted), f("02:12", Reported, report(3))}, "02:20", []string{
			"first_contact met due 02:15", "first_contact of 2 met due 02:20", "first_contact of 3 running due 02:27", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"down keeps a breach": {Default(), []Fact{opened, f("02:20", Graded, grade(Normal))}, "02:30", []string{
			"first_contact breached due 02:15", "plan running due 02:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"down in time gives time": {Default(), []Fact{opened, f("02:10", Graded, grade(Normal))}, "02:30", []string{
			"first_contact running due 10:00", "plan running due 02:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"up brings it forward, never back": {Default(), []Fact{initial(High, AllClocks), opened, f("02:50", Graded, grade(Critical))}, "02:55", []string{
			"first_contact running due 03:00", "plan running due 03:50", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"what was met before a change stays met": {Default(), []Fact{initial(High, AllClocks), opened, f("02:40", Contacted, report(1)), f("02:41", Graded, grade(Critical))}, "02:55", []string{
			"first_contact met due 03:00", "plan running due 03:41", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"unless it was misjudged from the first": {Default(), []Fact{initial(High, AllClocks), opened, f("02:40", Contacted, report(1)), f("02:50", Graded, grade(Critical), misjudged)}, "02:55", []string{
			"first_contact breached due 02:15", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"and stays what it was when it can wait": {Default(), []Fact{opened, f("02:14", Contacted, report(1)), f("02:50", Graded, grade(Normal))}, "02:55", []string{
			"first_contact met due 02:15", "plan running due 02:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"closed without a cause": {Default(), []Fact{opened, f("02:10", Contacted, report(1)), told, restored, f("05:00", Ended)}, "23:00", []string{
			"first_contact met due 02:15", "plan met due 03:00", "stabilisation met due 04:00", "next_update breached due 03:00", "root_cause void due 03:30", "report idle",
		}},
		"closed when the cause was long due": {Policy{Limits: map[Name]Limit{RootCauseClock: {Time: time.Hour}}}, []Fact{opened, f("02:10", Contacted, report(1)), told, restored, f("05:00", Ended)}, "06:00", []string{
			"first_contact met due 02:15", "plan met due 03:00", "stabilisation met due 04:00", "next_update breached due 03:00", "root_cause breached due 04:30", "report idle",
		}},
		"a request": {Default(), []Fact{initial(Normal, ContactOnly), opened}, "02:05", []string{"first_contact running due 10:00"}},
		"a warning": {Default(), []Fact{initial(Normal, NoClocks), f("02:00", Reported, report(1), machine)}, "02:05", nil},
		"a warning that turns out to be an incident": {Default(), []Fact{initial(Normal, NoClocks), f("02:00", Reported, report(1), machine), f("03:00", Graded, grade(Critical), scope(AllClocks))}, "03:05", []string{
			"first_contact running due 03:15", "plan running due 04:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"an incident that turns out to be a request": {Default(), []Fact{opened, f("02:10", Graded, grade(Normal), scope(ContactOnly))}, "04:00", []string{
			"first_contact running due 10:00", "plan void", "stabilisation void",
		}},
		"the contract lets the client sleep": {Policy{LetSleep: true}, []Fact{f("02:00", Reported, report(1), machine), f("02:07", Reacted)}, "02:20", []string{
			"first_contact met due 02:15 met_by_policy", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"but not when he is awake": {Policy{LetSleep: true}, []Fact{f("02:00", Reported, report(1), machine), f("02:05", Reported, report(2)), f("02:07", Reacted)}, "02:20", []string{
			"first_contact breached due 02:15", "first_contact of 2 breached due 02:20", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"three tries over two channels": {Policy{Attempts: 3}, []Fact{
			opened, f("02:03", Attempted, report(1), channel("call")), f("02:05", Attempted, report(1), channel("call")),
			f("02:07", Attempted, report(1), channel("call")), f("02:09", Attempted, report(1), channel("sms")),
		}, "02:20", []string{
			"first_contact met due 02:15 met_by_attempts", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"merged into another": {Default(), []Fact{opened, f("02:20", Left)}, "09:00", []string{
			"first_contact breached due 02:15", "plan void due 03:00", "stabilisation void", "next_update idle", "root_cause idle", "report idle",
		}},
		"and back": {Default(), []Fact{opened, f("02:20", Left), f("02:40", Returned)}, "02:50", []string{
			"first_contact breached due 02:15", "plan running due 03:00", "stabilisation running", "next_update idle", "root_cause idle", "report idle",
		}},
		"paused": {two(), []Fact{opened, told, f("03:00", Paused, ref("a"), until("03:30"))}, "03:10", []string{
			"first_contact breached due 02:15", "plan met due 03:00", "stabilisation running due 04:30 paused", "next_update breached due 03:00", "root_cause idle", "report idle",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Read(c.policy, c.facts, at(c.now+":00")) {
				got = append(got, state(c))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// What was decided before a merge stays decided; what was not is recomputed
// from the earlier T0.
func TestMergeKeepsWhatWasDecided(t *testing.T) {
	t.Parallel()
	older := f("01:30", Reported, report(2), source("b"), func(f *Fact) { f.Since = at("02:50:00") })
	for name, c := range map[string]struct {
		told string
		want string
	}{
		"told before":             {"02:45", "plan met due 03:00"},
		"told after, in due time": {"02:55", "plan breached due 02:30"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := []Fact{f("02:00", Reported, report(1)), older, f("02:50", Absorbed, source("b")), f(c.told, Told)}
			list := Read(Default(), facts, at("03:10:00"))
			if got := state(list[2]); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			back := Read(Default(), append(facts, f("03:20", Released, source("b"))), at("03:30:00"))
			if got := state(back[1]); got != "plan met due 03:00" {
				t.Errorf("released: %s", got)
			}
		})
	}
}

// So does K3: what was restored before the merge, and not reopened before it.
func TestMergeKeepsWhatWasRestored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		facts []Fact
		start string
	}{
		"restored before":              {[]Fact{f("02:40", Restored)}, "02:00:00"},
		"at the same moment":           {[]Fact{f("02:50", Restored)}, "02:00:00"},
		"after":                        {[]Fact{f("02:55", Restored)}, "01:30:00"},
		"never":                        {nil, "01:30:00"},
		"before, and reopened by then": {[]Fact{f("02:40", Restored), f("02:45", Reopened, report(1))}, "01:30:00"},
		"closed, but not restored":     {[]Fact{f("02:40", Ended)}, "01:30:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			older := f("01:30", Reported, report(2), source("b"), func(f *Fact) { f.Since = at("02:50:00") })
			facts := append([]Fact{f("02:00", Reported, report(1)), older, f("02:50", Absorbed, source("b"))}, c.facts...)
			for _, k := range Read(two(), facts, at("03:10:00")) {
				if k.Name == StabiliseClock && !k.Start.Equal(at(c.start)) {
					t.Errorf("starts at %v", k.Start)
				}
			}
		})
	}
}

// Vector 8: what was promised first and last, and that the revision was late.
func TestPromise(t *testing.T) {
	t.Parallel()
	facts := []Fact{f("02:00", Reported, report(1)), f("02:30", Told, eta("04:00")), f("04:05", Told, eta("06:00")), f("05:30", Restored)}
	list := Read(Default(), facts, at("07:00:00"))
	want := &Promise{
		First: at("04:00:00"), FirstDue: at("04:00:00"), FirstVerdict: Breached, Last: at("06:00:00"), LastDue: at("06:00:00"), LastVerdict: Met,
		Revised: 1, Late: 1, Due: at("04:00:00"),
	}
	if d := cmp.Diff(want, list[2].ETA); d != "" || list[2].Verdict != Breached {
		t.Error(list[2].Verdict, d)
	}
}

// A pause moves the ETA that was told before it, as it moves the limit.
func TestPauseMovesTheETA(t *testing.T) {
	t.Parallel()
	facts := []Fact{
		f("02:00", Reported, report(1)), f("02:30", Told, eta("04:00")),
		f("03:00", Paused, ref("a"), until("03:30")), f("03:20", Resumed, ref("a")), f("04:10", Restored),
	}
	c := Read(Default(), facts, at("05:00:00"))[2]
	if c.Verdict != Met || !c.Due.Equal(at("04:20:00")) || c.Elapsed != 110*time.Minute || len(c.Gaps) != 1 || c.ETA.FirstVerdict != Met {
		t.Errorf("%+v", c)
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	facts := []Fact{f("02:00", Reported, report(1)), f("02:30", Told), f("02:50", Updated), f("03:25", Updated), f("03:30", Restored)}
	c := Read(Default(), facts, at("05:00:00"))[3]
	if c.Periods != 3 || c.Missed != 1 || !c.Start.Equal(at("03:25:00")) || !c.Stop.Equal(at("03:30:00")) {
		t.Errorf("%+v", c)
	}
}

// levels are a clock's levels in words.
func levels(c Clock) (list []string) {
	for _, l := range Levels(c) {
		list = append(list, l.At.Format("15:04 ")+l.Name)
	}
	return list
}

func TestLevels(t *testing.T) {
	t.Parallel()
	opened, told := f("02:00", Reported, report(1)), f("02:30", Told, eta("04:00"))
	days := Policy{Limits: map[Name]Limit{StabiliseClock: {Time: 4 * time.Hour}, RootCauseClock: {Days: 1}, PlanClock: {Time: 4 * time.Hour}}}
	for name, c := range map[string]struct {
		policy Policy
		facts  []Fact
		clock  int
		want   []string
	}{
		"K1 is the ladder's":       {Default(), []Fact{opened}, 0, nil},
		"K2":                       {Default(), []Fact{opened}, 1, []string{"02:30 30m", "02:45 45m", "02:55 55m", "03:00 breach"}},
		"K2 of a longer promise":   {days, []Fact{opened}, 1, []string{"04:00 120m", "05:00 180m", "05:40 220m", "06:00 breach"}},
		"K2 that has stopped":      {Default(), []Fact{opened, told}, 1, nil},
		"K3 promises nothing yet":  {Default(), []Fact{opened}, 2, nil},
		"K3 by the ETA":            {Default(), []Fact{opened, told}, 2, []string{"03:00 50%", "03:30 75%", "03:45 eta-15m", "04:00 breach"}},
		"K3 by the contract":       {days, []Fact{opened}, 2, []string{"04:00 50%", "05:00 75%", "06:00 breach"}},
		"K4":                       {Default(), []Fact{opened, told, f("02:40", Updated)}, 3, []string{"03:05 due-5m", "03:10 breach"}},
		"K4 by a short promise":    {Default(), []Fact{opened, told, f("02:40", Updated, next("02:43"))}, 3, []string{"02:43 breach"}},
		"K5 of one day":            {days, []Fact{opened, told, f("03:00", Restored)}, 4, []string{"03:00 breach"}},
		"K5 of three days":         {three(), []Fact{opened, told, f("03:00", Restored)}, 4, []string{"03:00 due-1bd", "03:00 breach"}},
		"K6 has not begun":         {Default(), []Fact{opened, told, f("03:00", Restored)}, 5, nil},
		"what is void is nobody's": {Default(), []Fact{opened, f("02:20", Ended)}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := Read(c.policy, c.facts, at("03:00:00"))
			if d := cmp.Diff(c.want, levels(list[c.clock])); d != "" {
				t.Error(d)
			}
		})
	}
}

// Vector 13: levels that fell due while nobody looked are still there with the
// moments they were due at.
func TestLevelsOfAnOutage(t *testing.T) {
	t.Parallel()
	c := Read(Default(), []Fact{f("01:28", Reported, report(1))}, at("02:20:00"))[1]
	var missed []string
	for _, l := range Levels(c) {
		if !l.At.Before(at("02:10:00")) && l.At.Before(at("02:20:00")) {
			missed = append(missed, l.Name)
		}
	}
	if d := cmp.Diff([]string{"45m"}, missed); d != "" {
		t.Error(d)
	}
}

func TestVerdictTexts(t *testing.T) {
	t.Parallel()
	for v := Idle; v <= Void; v++ {
		var back Verdict
		if text, _ := v.MarshalText(); back.UnmarshalText(text) != nil || back != v {
			t.Errorf("verdict %v", v)
		}
	}
	var v Verdict
	if v.UnmarshalText([]byte("late")) == nil {
		t.Error("unknown verdict accepted")
	}
}
