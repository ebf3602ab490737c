package guard

import (
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var begin = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// TestJudge is the rule as a table: who may dial what for which purpose.
func TestJudge(t *testing.T) {
	t.Parallel()
	cfg := rules()
	cfg.Deny = []string{"+7495"}
	abroad := cfg
	abroad.Abroad, abroad.Allow = true, []string{"+7", "+49"}
	roster, card, ours, nobody := Known{Roster: true}, Known{Card: true}, Known{Ours: true}, Known{}
	for _, tt := range []struct {
		name    string
		cfg     Config
		purpose Purpose
		number  string
		known   Known
		stop    Stop
		want    Reason
	}{
		{"page of an engineer", cfg, Page, "+79210000001", roster, StopNone, Permitted},
		{"page of an engineer abroad", cfg, Page, "+4915112345678", roster, StopNone, Permitted},
		{"page of an extension of the PBX", cfg, Page, "101", roster, StopNone, Permitted},
		{"page of a stranger", cfg, Page, "+79210000001", nobody, StopNone, NotAllowed},
		{"page of a client", cfg, Page, "+79210000001", card, StopNone, NotAllowed},
		{"page of a premium number on the roster", cfg, Page, "+78091234567", roster, StopNone, PremiumNumber},
		{"call-back to a card", cfg, CallBack, "+4915112345678", card, StopNone, Permitted},
		{"call-back to an allowed prefix", cfg, CallBack, "+79215550123", nobody, StopNone, Permitted},
		{"call-back to premium", cfg, CallBack, "+78091234567", nobody, StopNone, PremiumNumber},
		{"call-back to premium on a card", cfg, CallBack, "+78091234567", card, StopNone, PremiumNumber},
		{"call-back abroad", cfg, CallBack, "+4915112345678", nobody, StopNone, AbroadNumber},
		{"call-back abroad, allowed", abroad, CallBack, "+4915112345678", nobody, StopNone, Permitted},
		{"call-back abroad, other prefix", abroad, CallBack, "+33612345678", nobody, StopNone, NotAllowed},
		{"call-back to Kazakhstan is abroad", cfg, CallBack, "+77011234567", nobody, StopNone, AbroadNumber},
		{"call-back to a satellite", abroad, CallBack, "+881612345678", nobody, StopNone, PremiumNumber},
		{"call-back to an international premium number", abroad, CallBack, "+979012345678", nobody, StopNone, PremiumNumber},
		{"call-back to a Caribbean number", cfg, CallBack, "+18765551234", nobody, StopNone, AbroadNumber},
		{"call-back to a name", cfg, CallBack, "anonymous", nobody, StopNone, NotAllowed},
		{"denied prefix", cfg, CallBack, "+74951234567", card, StopNone, DeniedPrefix},
		{"an engineer calls a colleague", cfg, Own, "+4915112345678", roster, StopNone, Permitted},
		{"an engineer calls an allowed prefix", cfg, Own, "+79215550123", nobody, StopNone, Permitted},
		{"an engineer calls premium", cfg, Own, "+78031234567", nobody, StopNone, PremiumNumber},
		{"an engineer calls abroad", cfg, Own, "+33612345678", nobody, StopNone, AbroadNumber},
		{"an engineer calls a short number", cfg, Own, "0911", nobody, StopNone, NotAllowed},
		{"a proof calls our own number", cfg, Proof, "+78120000000", ours, StopNone, Permitted},
		{"a proof calls another", cfg, Proof, "+79215550123", roster, StopNone, NotOurs},
		{"no purpose", cfg, "", "+79215550123", roster, StopNone, NoPurpose},
		{"stopped others: a call-back", cfg, CallBack, "+79215550123", card, StopOthers, StopInForce},
		{"stopped others: a page", cfg, Page, "+79210000001", roster, StopOthers, Permitted},
		{"stopped all: a page", cfg, Page, "+79210000001", roster, StopAll, StopInForce},
	} {
		if got := tt.cfg.judge(Call{Purpose: tt.purpose, Number: tt.number}, ClassOf(tt.number, tt.cfg.Country), tt.known, tt.stop); got != tt.want {
			t.Errorf("%s: %s to %s: %q, want %q", tt.name, tt.purpose, tt.number, got, tt.want)
		}
	}
}

// TestBudgetEndsOthersFirst: other purposes are refused when their part is spent; paging goes on, with one alarm a day; a new
// day begins at nothing.
func TestBudgetEndsOthersFirst(t *testing.T) {
	t.Parallel()
	now := begin
	cfg := rules()
	cfg.Zone, cfg.DayMinutes, cfg.Reserve, cfg.PerAccount = "UTC", 10, 50, 9
	g := newGuard(t, cfg, &now, "")
	talk := func(p Purpose, d time.Duration) error {
		permit, err := g.Begin(Call{Purpose: p, Number: "+79210000001", Account: "anna"})
		if err != nil {
			return err
		}
		permit.Answered()
		now = now.Add(d)
		permit.End()
		permit.End()
		return nil
	}
	if err := talk(Own, 3*time.Minute+time.Second); err != nil {
		t.Fatal(err)
	}
	permit, err := g.Begin(Call{Purpose: Own, Number: "+79210000001", Account: "anna"})
	if err != nil || permit.Limit != time.Minute {
		t.Fatalf("with 4 of 5 minutes begun: limit %v, %v; want one minute", permit, err)
	}
	permit.Answered()
	wantRefusal(t, talk(CallBack, 0), BudgetSpent)
	if err := talk(Page, 20*time.Minute); err != nil {
		t.Fatalf("paging is refused: %v", err)
	}
	permit.End()
	for range 3 {
		if err := talk(Page, time.Minute); err != nil {
			t.Fatalf("paging over budget is refused: %v", err)
		}
	}
	alarms := 0
	for _, e := range g.Last() {
		if e.Kind == TollExceeded {
			alarms += e.Times
		}
	}
	if alarms != 2 {
		t.Errorf("%d alarms of a spent budget, want one a day of its part for others and one of the rest", alarms)
	}
	now = now.Add(24 * time.Hour)
	if err := talk(Own, time.Minute); err != nil {
		t.Errorf("a new day: %v", err)
	}
}

// TestRingingCallsCountToo: many calls at once cannot outrun the budget.
func TestRingingCallsCountToo(t *testing.T) {
	t.Parallel()
	now := begin
	cfg := rules()
	cfg.DayMinutes, cfg.Reserve, cfg.PerAccount = 10, 0, 1000
	g := newGuard(t, cfg, &now, "")
	let := 0
	for range 100 {
		if _, err := g.Begin(Call{Purpose: Own, Number: "+79210000001", Account: "anna"}); err == nil {
			let++
		}
	}
	if let != 10 {
		t.Errorf("%d calls left at once, the budget has 10 minutes", let)
	}
}

// TestMoney: prices by the longest prefix.
func TestMoney(t *testing.T) {
	t.Parallel()
	now := begin
	cfg := rules()
	cfg.DayMinutes, cfg.DayMoney, cfg.PerMinute, cfg.Reserve = 0, 100, 1, 0
	cfg.Prices = []Price{{"+79", 10}, {"+7921", 30}}
	g := newGuard(t, cfg, &now, "")
	permit, err := g.Begin(Call{Purpose: CallBack, Number: "+79210000001"})
	if err != nil || permit.Limit != 3*time.Minute {
		t.Fatalf("limit %v, %v; want 3 minutes for 100 at 30", permit, err)
	}
	permit.Answered()
	now = now.Add(2 * time.Minute)
	if s := g.Status(); s.Money != 60 || s.Minutes != 2 || s.Calls != 1 {
		t.Errorf("status %+v, want 60 for 2 minutes", s)
	}
	permit.End()
	wantRefusal(t, second(g.Begin(Call{Purpose: CallBack, Number: "+79210000002"})), Permitted)
	wantRefusal(t, second(g.Begin(Call{Purpose: CallBack, Number: "+79210000003"})), BudgetSpent)
}

// TestAccountLimit: one phone has two calls of its own.
func TestAccountLimit(t *testing.T) {
	t.Parallel()
	now := begin
	g := newGuard(t, rules(), &now, "")
	own := func(account string) (*Permit, error) {
		return g.Begin(Call{Purpose: Own, Number: "+79210000001", Account: account})
	}
	first, err := own("anna")
	wantRefusal(t, err, Permitted)
	wantRefusal(t, second(own("anna")), Permitted)
	wantRefusal(t, second(own("anna")), AccountLimit)
	wantRefusal(t, second(own("boris")), Permitted)
	first.End()
	wantRefusal(t, second(own("anna")), Permitted)
}

// TestRestart: figures and stop outlive the process.
func TestRestart(t *testing.T) {
	t.Parallel()
	now := begin
	path := filepath.Join(t.TempDir(), "toll.json")
	g := newGuard(t, rules(), &now, path)
	permit, err := g.Begin(Call{Purpose: Own, Number: "+79210000001", Account: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	permit.Answered()
	now = now.Add(90 * time.Second)
	permit.End()
	g.Stop(StopOthers, "test")
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	again := newGuard(t, rules(), &now, path)
	if s := again.Status(); s.Minutes != 2 || s.Stop != StopOthers {
		t.Errorf("after a restart: %+v, want 2 minutes and the stop", s)
	}
	wantRefusal(t, second(again.Begin(Call{Purpose: Own, Number: "+79210000001", Account: "anna"})), StopInForce)
}

// TestEveryRefusalIsAnEvent, without the whole number.
func TestEveryRefusalIsAnEvent(t *testing.T) {
	t.Parallel()
	now := begin
	g := newGuard(t, rules(), &now, "")
	for range 1000 {
		wantRefusal(t, second(g.Begin(Call{Purpose: CallBack, Number: "+78091234567", CallID: "x"})), PremiumNumber)
	}
	last := g.Last()
	if len(last) != 1 || last[0].Kind != TollRefused || last[0].Times != 1000 {
		t.Fatalf("events %+v, want one that counts 1000", last)
	}
	if strings.Contains(last[0].Detail, "4567") {
		t.Errorf("the event holds the whole number: %s", last[0].Detail)
	}
}

// TestBudgetNeverNegative: whatever comes in whatever order, the day's figures only grow, ended calls are gone, and nobody
// but paging gets past his share.
func TestBudgetNeverNegative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := begin
		cfg := rules()
		cfg.Zone, cfg.PerAccount = "UTC", 1000
		cfg.DayMinutes = rapid.IntRange(1, 30).Draw(rt, "minutes")
		g, err := New(cfg, Deps{Known: func(string) Known { return Known{Roster: true} }, Now: func() time.Time { return now }})
		if err != nil {
			rt.Fatal(err)
		}
		type open struct {
			p       *Permit
			purpose Purpose
		}
		var running []open
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			before := g.Status()
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				purpose := rapid.SampledFrom([]Purpose{Own, CallBack, Page}).Draw(rt, "purpose")
				p, err := g.Begin(Call{Purpose: purpose, Number: "+79210000001"})
				if err != nil {
					if purpose == Page {
						rt.Fatalf("a page was refused: %v", err)
					}
					continue
				}
				if share := float64(cfg.DayMinutes) * (1 - float64(cfg.Reserve)/100); purpose != Page && before.Minutes+1 > share {
					rt.Fatalf("%s left with %v of %v minutes spent", purpose, before.Minutes, share)
				}
				running = append(running, open{p: p, purpose: purpose})
			case 1:
				for _, o := range running {
					o.p.Answered()
				}
			case 2:
				now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "seconds")) * time.Second)
			case 3:
				if len(running) > 0 {
					running[0].p.End()
					running = running[1:]
				}
			}
			after := g.Status()
			if after.Day == before.Day && after.Minutes+1e-9 < before.Minutes-float64(len(running)+1) || after.Minutes < 0 {
				rt.Fatalf("minutes fell from %v to %v", before.Minutes, after.Minutes)
			}
			if after.Calls != len(running) {
				rt.Fatalf("%d calls run, %d are counted", len(running), after.Calls)
			}
		}
	})
}

// TestBans: only proven failures count, peers are never banned, the ladder grows, a clean day forgets.
func TestBans(t *testing.T) {
	t.Parallel()
	peer, foe := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.9")
	var told []Event
	b := NewBans(func(a netip.Addr) bool { return a == peer }, func(e Event) { told = append(told, e) })
	fails := func(from netip.Addr, now time.Time, proven bool) {
		for range banAfter {
			b.Fail(now, from, proven)
		}
	}
	fails(foe, begin, false)
	fails(peer, begin, true)
	if b.Banned(begin, foe) || b.Banned(begin, peer) {
		t.Fatal("a forged source or a peer is banned")
	}
	now := begin
	for i, want := range []time.Duration{5 * time.Minute, 20 * time.Minute, 80 * time.Minute} {
		fails(foe, now, true)
		if !b.Banned(now.Add(want-time.Second), foe) || b.Banned(now.Add(want), foe) {
			t.Fatalf("ban %d does not last %s", i+1, want)
		}
		now = now.Add(want)
	}
	if len(told) != 3 {
		t.Errorf("%d events of three bans", len(told))
	}
	now = now.Add(banForget)
	fails(foe, now, true)
	if b.Banned(now.Add(banFirst), foe) {
		t.Error("a clean day did not forget the ladder")
	}
	if !b.Lift(now, foe) || b.Banned(now, foe) {
		t.Error("a lifted ban is in force")
	}
	if b.Banned(now, netip.MustParseAddr("::ffff:203.0.113.9")) {
		t.Error("the mapped form is another address")
	}
}

// TestBansAreBounded: a million sources do not grow the table, and the banned stay banned.
func TestBansAreBounded(t *testing.T) {
	t.Parallel()
	b := NewBans(nil, nil)
	foe := netip.MustParseAddr("203.0.113.9")
	for range banAfter {
		b.Fail(begin, foe, true)
	}
	for i := range 2 * maxBans {
		b.Fail(begin.Add(time.Second), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), true)
	}
	if len(b.table) > maxBans {
		t.Errorf("%d addresses are remembered, want %d at most", len(b.table), maxBans)
	}
	if !b.Banned(begin.Add(2*time.Second), foe) {
		t.Error("sources that failed once pushed a ban out")
	}
}

// TestClassOf: what numbers cost.
func TestClassOf(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Class{
		"+78120000000": ClassHome, "+79210000001": ClassHome, "+78001234567": ClassHome, "+78091234567": ClassPremium,
		"+78031234567": ClassPremium, "+77011234567": ClassAbroad, "+4915112345678": ClassAbroad, "+19005551234": ClassPremium,
		"+881612345678": ClassSatellite, "+882161234567": ClassSatellite, "+979012345678": ClassSatellite, "112": ClassLocal,
		"anonymous": ClassLocal, "": ClassLocal, "+": ClassLocal, "+999123456": ClassAbroad, "+18095551234": ClassAbroad,
	} {
		if got := ClassOf(number, "RU"); got != want {
			t.Errorf("%q is %s, want %s", number, got, want)
		}
	}
}

// FuzzClassOf: no number breaks the rule.
func FuzzClassOf(f *testing.F) {
	for _, s := range []string{"+79210000001", "112", "+", "+7;phone-context=x", "\x00", "+77701"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if why := rules().judge(Call{Purpose: Own, Number: s}, ClassOf(s, "RU"), Known{}, StopNone); why == Permitted && !strings.HasPrefix(s, "+7") {
			t.Errorf("%q may be dialled", s)
		}
	})
}

func newGuard(t *testing.T, cfg Config, now *time.Time, path string) *Guard {
	t.Helper()
	g, err := New(cfg, Deps{Known: func(string) Known { return Known{Roster: true, Card: true} }, File: path, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func second(_ *Permit, err error) error { return err }

func wantRefusal(t *testing.T, err error, want Reason) {
	t.Helper()
	var r *Refusal
	switch {
	case want == Permitted && err != nil:
		t.Fatalf("refused: %v", err)
	case want != Permitted && (!errors.As(err, &r) || r.Reason != want):
		t.Fatalf("got %v, want a refusal for %s", err, want)
	}
}

// rules are the default ones of a Russian company.
func rules() Config {
	c := Default()
	c.Country = "RU"
	return c
}

// TestTailsDoNotRideOnAPrefix: what begins like an allowed number and goes on as something else is no number.
func TestTailsDoNotRideOnAPrefix(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"+", "+7916;rn=+19005551234", "+79161234567,,19005551234", "+7916x", "+79161234567@evil", "+7916 1234567", "++79161234567"} {
		if c := ClassOf(number, "RU"); c != ClassLocal {
			t.Errorf("%q is %s", number, c)
		}
	}
	for _, number := range []string{"+79161234567123456", "+7916"} {
		if c := ClassOf(number, "RU"); c == ClassHome {
			t.Errorf("%q is at home", number)
		}
	}
}

// TestMinutesAreGrantedOneByOne: calls at once share what is left; who finds nothing is ended before another minute begins.
func TestMinutesAreGrantedOneByOne(t *testing.T) {
	t.Parallel()
	now := begin
	cfg := rules()
	cfg.Zone, cfg.DayMinutes, cfg.Reserve, cfg.PerAccount, cfg.MaxCall = "UTC", 5, 0, 9, 150*time.Second
	g := newGuard(t, cfg, &now, "")
	permits := make([]*Permit, 2)
	for i := range permits {
		var err error
		if permits[i], err = g.Begin(Call{Purpose: Own, Number: "+79210000001", Account: "anna"}); err != nil {
			t.Fatal(err)
		}
		permits[i].Answered()
	}
	next := func(i int, want time.Duration, ok bool) {
		t.Helper()
		if wait, goes := permits[i].Next(); wait != want || goes != ok {
			t.Errorf("call %d after %s: %s %v, want %s %v", i, now.Sub(begin), wait, goes, want, ok)
		}
	}
	next(0, 59*time.Second, true)
	next(1, 59*time.Second, true)
	now = begin.Add(59 * time.Second)
	next(0, time.Minute, true) // minutes 3 and 4 of the day
	next(1, time.Minute, true)
	now = begin.Add(119 * time.Second)
	next(0, 31*time.Second, true) // the last one, and then it is too long
	next(1, 0, false)
	permits[1].End()
	now = begin.Add(150 * time.Second)
	next(0, 0, false)
	permits[0].End()
	if s := g.Status(); s.Minutes != 5 || s.Spent() != 1 {
		t.Errorf("%v minutes on the bill, share %v", s.Minutes, s.Spent())
	}
	var none *Permit
	if _, ok := none.Next(); !ok {
		t.Error("what needs no permit is ended")
	}
}
