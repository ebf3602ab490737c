package selftest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/sip/trunk"
)

// noon is when the tests of the plan begin.
var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

func TestDue(t *testing.T) {
	t.Parallel()
	cfg := Config{Every: 15 * time.Minute, FailAfter: 2}
	for name, c := range map[string]struct {
		cfg  Config
		past []History // of the lines, in order
		off  int       // the line that is tested only by command; 0 = none, else its place from 1
		next int
		at   time.Duration
	}{
		"a server that has just started waits a little": {cfg: cfg, past: []History{{}}, at: 30 * time.Second},
		"nothing by itself unless told so":              {cfg: Config{FailAfter: 2}, past: []History{{}}, next: -1},
		"the interval after the last test":              {cfg: cfg, past: []History{{Last: at(10 * time.Minute)}}, at: 25 * time.Minute},
		"the interval goes on over a restart":           {cfg: cfg, past: []History{{Last: at(-5 * time.Minute)}}, at: 10 * time.Minute},
		"the line that is due first": {
			cfg: cfg, past: []History{{Last: at(10 * time.Minute)}, {Last: at(9 * time.Minute)}}, next: 1, at: 24 * time.Minute,
		},
		"a failure is looked at again soon": {cfg: cfg, past: []History{{Last: at(10 * time.Minute), Fails: 1}}, at: 11 * time.Minute},
		"not once somebody is paged":        {cfg: cfg, past: []History{{Last: at(10 * time.Minute), Fails: 2, Alarm: "VH"}}, at: 25 * time.Minute},
		"what was passed over, soon": {
			cfg: cfg, past: []History{{Last: at(0), Passed: "drains", NotBefore: at(16 * time.Minute)}}, at: 16 * time.Minute,
		},
		"only by command":             {cfg: cfg, past: []History{{}, {Last: at(time.Minute)}}, off: 1, next: 1, at: 16 * time.Minute},
		"a test that rings engineers": {cfg: cfg, past: []History{{Suspended: true}}, next: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []Line
			past := map[string]*History{}
			for i := range c.past {
				l := Line{Trunk: string(rune('a' + i)), Off: c.off == i+1}
				lines = append(lines, l)
				past[l.Trunk] = &c.past[i]
			}
			next, when := due(c.cfg, lines, past, noon)
			if next != c.next || next >= 0 && !when.Equal(at(c.at)) {
				t.Errorf("line %d at %s, want %d at %s", next, when.Sub(noon), c.next, c.at)
			}
		})
	}
}

// TestAfter: which reports page somebody, which take the alarm back, and when calls prefer other operators.
func TestAfter(t *testing.T) {
	t.Parallel()
	cfg := Config{Every: 15 * time.Minute, FailAfter: 2}
	h := History{Trunk: "op"}
	for i, s := range []struct {
		result  Result
		todo    Todo
		fails   int
		doubted bool
		alarm   string // that was raised or cleared meanwhile
	}{
		{NoWayOut, DoNothing, 1, true, ""},
		{Skipped, DoNothing, 1, true, ""},
		{Cut, DoNothing, 1, true, ""},
		{NotBack, DoRaise, 2, true, ""}, // the store refuses the ticket
		{NotBack, DoRaise, 3, true, "VH-26-000010"},
		{OneWay, DoNothing, 4, true, "VH-26-000010"},
		{OK, DoClear, 0, false, ""},
		{OK, DoNothing, 0, false, ""},
		{Unrecognised, DoNothing, 1, false, ""},
	} {
		r := Report{At: at(time.Duration(i) * time.Minute), Result: s.result}
		if todo := h.after(cfg, &r); todo != s.todo || h.Fails != s.fails || h.Doubted() != s.doubted {
			t.Errorf("%d %s: todo %d, %d failures, doubted %v; want %d, %d, %v", i, s.result, todo, h.Fails, h.Doubted(), s.todo, s.fails, s.doubted)
		}
		h.Alarm = s.alarm
	}
	if !h.Suspended {
		t.Error("a test that rings engineers goes on by itself")
	}
	if h.after(cfg, &Report{At: at(time.Hour), Result: OK}); h.Suspended {
		t.Error("a proof did not let tests go on")
	}
}

// TestRefusedIsNotAskedAgainSoon: each refusal by the rules against toll fraud is a security event.
func TestRefusedIsNotAskedAgainSoon(t *testing.T) {
	t.Parallel()
	cfg := Config{Every: 15 * time.Minute, FailAfter: 2}
	var h History
	h.after(cfg, &Report{At: noon, Result: Skipped, refused: true})
	if next := h.dueAt(cfg.Every, at(-time.Hour)); !next.Equal(at(cfg.Every)) {
		t.Errorf("asked again after %s", next.Sub(noon))
	}
}

func TestProvedByCalls(t *testing.T) {
	t.Parallel()
	const every = 15 * time.Minute
	for name, c := range map[string]struct {
		h    History
		want time.Duration // 0 = no proof
	}{
		"both ways":                 {History{In: at(-5 * time.Minute), Out: at(-3 * time.Minute)}, -5 * time.Minute},
		"only in":                   {History{In: at(-time.Minute)}, 0},
		"only out":                  {History{Out: at(-time.Minute)}, 0},
		"one is too long ago":       {History{In: at(-15 * time.Minute), Out: at(-time.Minute)}, 0},
		"before the last test":      {History{In: at(-5 * time.Minute), Out: at(-time.Minute), Last: at(-4 * time.Minute)}, 0},
		"after a test that failed":  {History{In: at(-3 * time.Minute), Out: at(-time.Minute), Last: at(-4 * time.Minute), Fails: 2}, -3 * time.Minute},
		"the clock was put forward": {History{In: at(-300 * time.Hour), Out: at(-300 * time.Hour)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.h.provedByCalls(every, noon)
			if got.IsZero() != (c.want == 0) || !got.IsZero() && !got.Equal(at(c.want)) {
				t.Errorf("proved at %v, want %s", got, c.want)
			}
		})
	}
	h := History{Alarm: "VH", Fails: 3, Result: NotBack}
	if todo := h.proved(noon); todo != DoClear || h.Fails != 0 || !h.ByCalls || h.Doubted() {
		t.Errorf("calls of people do not end an outage: %d, %+v", todo, h)
	}
}

func TestPassOver(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Surroundings{
		"drains": {Draining: true}, "loaded": {Loaded: true}, "channels": {NoRoom: true}, "nodes": {Apart: true},
	} {
		if passOver(s) == "" {
			t.Errorf("%s: a test is made", name)
		}
	}
	if why := passOver(Surroundings{}); why != "" {
		t.Errorf("no test is made: %s", why)
	}
}

func TestShows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller string
		in     trunk.Inbound
		want   bool
	}{
		"our number":                   {"8 (495) 777-00-00", trunk.Inbound{Trunk: "op", Caller: "+74957770000"}, true},
		"another":                      {"+74957770000", trunk.Inbound{Trunk: "op", Caller: "+74957770001"}, false},
		"withheld":                     {"+74957770000", trunk.Inbound{Trunk: "op", Anonymous: true}, false},
		"withheld, as expected":        {Anonymous, trunk.Inbound{Trunk: "op", Anonymous: true}, true},
		"shown, though not expected":   {Anonymous, trunk.Inbound{Trunk: "op", Caller: "+79"}, false},
		"a phone with our number":      {"+74957770000", trunk.Inbound{Caller: "+74957770000"}, false},
		"an engineer with our number":  {"+74957770000", trunk.Inbound{Trunk: "op", Account: "anna", Caller: "+74957770000"}, false},
		"nobody, and nobody expected":  {"", trunk.Inbound{Trunk: "op"}, false},
		"a phone that shows no number": {Anonymous, trunk.Inbound{}, false},
	} {
		if got := shows(c.caller, c.in); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if c := Default(); c.Every != 0 || c.Validate() != nil {
		t.Errorf("the default costs money or is wrong: %+v", c)
	}
	for _, bad := range []Config{{Every: time.Second, FailAfter: 1}, {Every: -time.Minute, FailAfter: 1}, {}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// TestAnswererLosesNobody: whatever happens in whatever order, a call ends with exactly one of: given to the ordinary
// script, or ended as the test. It is ended only when its code was heard, or the test said that it had hung up.
func TestAnswererLosesNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Answerer{Tests: []Test{{ID: "1", Code: "12"}, {ID: "2", Code: "31"}}[:rapid.IntRange(0, 2).Draw(t, "tests")]}
		released, ended, heard, told := 0, 0, false, false
		take := func(e AnswererEvent) {
			var acts []AnswererAction
			s, acts = s.Step(e)
			for _, a := range acts {
				switch a.Kind {
				case AnswererRelease:
					released++
				case AnswererHangup:
					ended++
				case AnswererSight:
					heard = heard || a.Heard
				case AnswererPickUp, AnswererTimer, AnswererProved, AnswererSound, AnswererKeys, AnswererAsk:
				}
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			e := AnswererEvent{
				Kind:  AnswererEventKind(rapid.IntRange(int(AnswererBegin), int(AnswererCut)).Draw(t, "event")),
				Digit: byte('0' + rapid.IntRange(1, 3).Draw(t, "digit")), Test: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "test"),
				Ours: rapid.Bool().Draw(t, "ours"),
			}
			told = told || e.Kind == AnswererTold && e.Ours && s.Phase == AnswererAsking
			take(e)
		}
		take(AnswererEvent{Kind: AnswererCut}) // the last event of every call
		if released+ended != 1 {
			t.Fatalf("given on %d times, ended %d times", released, ended)
		}
		if ended == 1 && !heard && !told {
			t.Fatal("a caller was taken for a test")
		}
	})
}

// TestCallerAlwaysJudges: whatever happens, the dialling side ends with one judgement.
func TestCallerAlwaysJudges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Caller{Reply: "21"}
		judged := 0
		take := func(e CallerEvent) {
			var acts []CallerAction
			s, acts = s.Step(e)
			for _, a := range acts {
				if a.Kind == CallerJudge {
					judged++
				}
			}
		}
		take(CallerEvent{Kind: CallerBegin})
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			take(CallerEvent{
				Kind:  CallerEventKind(rapid.IntRange(int(CallerBegin), int(CallerCut)).Draw(t, "event")),
				Digit: byte('0' + rapid.IntRange(1, 2).Draw(t, "digit")),
			})
		}
		for range 5 { // nothing but the timer fires from here on
			take(CallerEvent{Kind: CallerTime})
		}
		if judged != 1 || s.Phase != CallerOver {
			t.Fatalf("judged %d times, phase %s", judged, s.Phase)
		}
		if result, _ := judge(s, Line{Trunk: "op"}, "+7495", nil, "", false); result == OK && !s.Replied {
			t.Fatal("proved without a reply")
		}
	})
}
