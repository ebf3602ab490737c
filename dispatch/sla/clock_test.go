package sla

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(clock string) time.Time {
	t, err := time.Parse("15:04:05.999999", clock)
	if err != nil {
		panic(err)
	}
	return t.AddDate(2026, 2, 0)
}

func TestFirstContact(t *testing.T) {
	t.Parallel()
	reported := Fact{Kind: Reported, At: at("02:00:00")}
	for name, c := range map[string]struct {
		facts   []Fact
		now     string
		verdict Verdict
		seconds int64
	}{
		"vector 1: answered after 19 s": {
			[]Fact{reported, {Kind: Contacted, At: at("02:00:19"), Ref: "call-1"}}, "02:00:59", Met, 19,
		},
		"vector 2: call-back answered just in time": {
			[]Fact{reported, {Kind: Contacted, At: at("02:14:59.9"), Ref: "back"}}, "02:20:00", Met, 900,
		},
		"vector 2: a tenth of a second later is late": {
			[]Fact{reported, {Kind: Contacted, At: at("02:15:00"), Ref: "back"}}, "02:20:00", Breached, 900,
		},
		"vector 2: still running, in time": {[]Fact{reported}, "02:14:59.999999", Running, 900},
		"vector 2: still running, due":     {[]Fact{reported}, "02:15:00", Breached, 900},
		"vector 4: the reply bounced, a call held": {
			[]Fact{reported, {Kind: Contacted, At: at("02:05:00"), Ref: "mail"}, {Kind: Withdrawn, At: at("02:06:00"), Ref: "mail"}, {Kind: Contacted, At: at("02:12:00"), Ref: "call"}},
			"03:00:00", Met, 720,
		},
		"vector 5: the reply bounced": {
			[]Fact{reported, {Kind: Contacted, At: at("02:05:00"), Ref: "mail"}, {Kind: Withdrawn, At: at("02:06:00"), Ref: "mail"}}, "02:15:00", Breached, 900,
		},
		"an earlier signal found later moves the start": {
			[]Fact{reported, {Kind: Reported, At: at("01:50:00")}, {Kind: Contacted, At: at("02:06:00"), Ref: "call"}}, "03:00:00", Breached, 960,
		},
		"what lies ahead does not count": {[]Fact{reported, {Kind: Contacted, At: at("02:05:00"), Ref: "c"}}, "02:04:00", Running, 240},
		"no signal, no clock":            {nil, "02:00:00", Idle, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := FirstContact(c.facts, 0, at(c.now))
			if got.Verdict != c.verdict || got.Seconds() != c.seconds {
				t.Errorf("got %v after %d s, want %v after %d s", got.Verdict, got.Seconds(), c.verdict, c.seconds)
			}
		})
	}
}

// Vector 6: midnight costs nothing, nor does a change of the civil clock.
func TestMidnight(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []time.Time{
		time.Date(2026, 3, 1, 23, 59, 50, 0, time.UTC),
		time.Date(2026, 10, 25, 2, 55, 0, 0, zone), // the hour that comes twice
	} {
		c := FirstContact([]Fact{{Kind: Reported, At: start}, {Kind: Contacted, At: start.Add(30 * time.Second), Ref: "c"}}, time.Minute, start.Add(time.Hour))
		if c.Verdict != Met || c.Seconds() != 30 || !c.Due.Equal(start.Add(time.Minute)) {
			t.Errorf("from %v: %+v", start, c)
		}
	}
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	facts := []Fact{{Kind: Reported, At: at("02:00:00")}}
	if r := FirstContact(facts, 0, at("02:01:00")).Remaining(); r != 14*time.Minute {
		t.Errorf("remaining %v", r)
	}
	if r := FirstContact(facts, 0, at("02:16:00")).Remaining(); r != -time.Minute {
		t.Errorf("remaining %v", r)
	}
}

// The verdict never turns back to met, and the order of facts does not matter.
func TestFirstContactProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := at("02:00:00")
		var facts []Fact
		for i := range rapid.IntRange(0, 6).Draw(t, "n") {
			kind := Kind(rapid.IntRange(0, 2).Draw(t, "kind"))
			facts = append(facts, Fact{Kind: kind, At: start.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "at")) * time.Second), Ref: string(rune('a' + i%2))})
		}
		now := start.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "now")) * time.Second)
		c := FirstContact(facts, 0, now)
		if s := FirstContact(rapid.Permutation(facts).Draw(t, "order"), 0, now); s.Verdict != c.Verdict || s.Elapsed != c.Elapsed {
			t.Fatalf("order matters: %+v and %+v", c, s)
		}
		if c.Verdict == Met && c.Elapsed >= c.Limit || c.Verdict == Breached && c.Elapsed < c.Limit {
			t.Fatalf("verdict %v after %v of %v", c.Verdict, c.Elapsed, c.Limit)
		}
	})
}
