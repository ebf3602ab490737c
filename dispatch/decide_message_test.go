package dispatch

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// T0 by channel: whose stamp is believed, and how far.
func TestBegan(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	const min = time.Minute
	for name, c := range map[string]struct {
		channel           Channel
		machine, occurs   bool
		stamped, occurred time.Duration // from at; 0 = none
		want              time.Duration
		skewed            bool
	}{
		"a mail that our server took ten minutes ago":    {ChannelEmail, false, false, -10 * min, 0, -10 * min, false},
		"a mail without a stamp":                         {ChannelEmail, false, false, 0, 0, 0, false},
		"a stamp a little ahead is our own time":         {ChannelEmail, false, false, min, 0, 0, false},
		"a stamp further ahead is not believed":          {ChannelEmail, false, false, min + 1, 0, 0, true},
		"a stamp of a day ago is believed":               {ChannelEmail, false, false, -24 * time.Hour, 0, -24 * time.Hour, false},
		"one that is older is not":                       {ChannelEmail, false, false, -24*time.Hour - 1, 0, 0, true},
		"telegram stamps":                                {ChannelChat, false, false, -3 * min, 0, -3 * min, false},
		"an SMS operator's clock within ten minutes":     {ChannelSMS, false, false, -10 * min, 0, -10 * min, false},
		"an SMS operator's clock is far off":             {ChannelSMS, false, false, -11 * min, 0, 0, true},
		"an SMS operator's clock is ahead":               {ChannelSMS, false, false, 9 * min, 0, 0, false},
		"a client's own clock counts for nothing":        {ChannelPortal, false, false, -10 * min, 0, 0, false},
		"nor does that of a program":                     {ChannelAPI, false, false, -10 * min, -10 * min, 0, false},
		"an alarm counts from its arrival":               {ChannelMonitor, true, false, -10 * min, -10 * min, 0, false},
		"from the occurrence where the contract says so": {ChannelMonitor, true, true, 0, -10 * min, -10 * min, false},
		"a monitoring clock that is a week off":          {ChannelMonitor, true, true, 0, -7 * 24 * time.Hour, 0, true},
		"the contract speaks of machines, not of people": {ChannelAPI, false, true, 0, -10 * min, 0, false},
	} {
		m := MessageSignal{Machine: c.machine}
		if c.stamped != 0 {
			m.Stamped = at.Add(c.stamped)
		}
		if c.occurred != 0 {
			m.Occurred = at.Add(c.occurred)
		}
		got, skewed := began(Signal{Channel: c.channel, At: at}, m, sla.Policy{CountFromOccurrence: c.occurs})
		if !got.Equal(at.Add(c.want).Truncate(time.Microsecond)) || skewed != c.skewed {
			t.Errorf("%s: %v (%v), want %v (%v)", name, got.Sub(at), skewed, c.want, c.skewed)
		}
	}
}

// T0 is never after our own stamp, and never more than a day before it.
func TestBeganIsBelievable(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		spread := rapid.Int64Range(-int64(100*time.Hour), int64(100*time.Hour))
		m := MessageSignal{
			Machine: rapid.Bool().Draw(t, "machine"), Stamped: at.Add(time.Duration(spread.Draw(t, "stamped"))),
			Occurred: at.Add(time.Duration(spread.Draw(t, "occurred"))),
		}
		ch := rapid.SampledFrom(messageChannels()).Draw(t, "channel")
		t0, skewed := began(Signal{Channel: ch, At: at}, m, sla.Policy{CountFromOccurrence: rapid.Bool().Draw(t, "counts")})
		if t0.After(at) || at.Sub(t0) > stampOld+time.Microsecond || skewed && !t0.Equal(at) {
			t.Fatalf("T0 %v from our stamp, skewed %v", t0.Sub(at), skewed)
		}
	})
}

// How grave a message is.
func TestWeigh(t *testing.T) {
	t.Parallel()
	may := Decoding{Emergency: true}
	for name, c := range map[string]struct {
		m         MessageSignal
		how       Decoding
		known     bool
		suggested ticket.Category
		want      weight
	}{
		"a red button":                 {MessageSignal{Category: ticket.DataLoss}, Decoding{}, false, "", weight{ticket.Incident, ticket.Critical}},
		"a red button, but not urgent": {MessageSignal{Category: ticket.DataLoss, Priority: ticket.High}, Decoding{}, true, "", weight{ticket.Incident, ticket.High}},
		"words of a client":            {MessageSignal{}, Decoding{}, true, ticket.Security, weight{ticket.Incident, ticket.Critical}},
		"words of a stranger":          {MessageSignal{}, Decoding{}, false, ticket.Security, weight{ticket.Incident, ticket.Normal}},
		"words in an alarm":            {MessageSignal{Machine: true}, Decoding{}, true, ticket.Security, weight{ticket.Incident, ticket.High}},
		"no words at all":              {MessageSignal{}, Decoding{}, true, "", weight{ticket.Incident, ticket.Normal}},
		"a channel for emergencies":    {MessageSignal{}, may, false, "", weight{ticket.Incident, ticket.Critical}},
		"a warning on it":              {MessageSignal{Warning: true, Priority: ticket.Critical}, may, true, "", weight{ticket.Warning, ticket.Normal}},
		"a request on it":              {MessageSignal{Request: true, Category: ticket.Security}, may, true, "", weight{ticket.Request, ticket.Normal}},
		"a low warning":                {MessageSignal{Warning: true, Priority: ticket.Low}, Decoding{}, true, "", weight{ticket.Warning, ticket.Low}},
		"an alarm that says how grave": {MessageSignal{Machine: true, Priority: ticket.Critical}, Decoding{}, false, "", weight{ticket.Incident, ticket.Critical}},
	} {
		if got := weigh(c.m, c.how, c.known, c.suggested); got != c.want {
			t.Errorf("%s: %s %v, want %s %v", name, got.class, got.priority, c.want.class, c.want.priority)
		}
	}
}

// Of a flood that joins one ticket all signals are told: those with a line of
// their own, and those that a line stands for, but for the last few of a minute.
func TestTold(t *testing.T) {
	t.Parallel()
	lines, counted := 0, 0
	for nth := 1; nth <= 10_000; nth++ {
		line, repeats := told(nth)
		if line {
			lines, counted = lines+1, counted+1+repeats
		}
		if counted > nth || nth-counted >= toldNth {
			t.Fatalf("after %d signals the log tells of %d", nth, counted)
		}
	}
	if lines > 150 {
		t.Errorf("10,000 signals make %d lines", lines)
	}
}

// A source is in a storm while it asks for more than its limit within the
// window, and gets tickets of its own again when it has calmed down.
func TestStorms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newStorms(5 * time.Minute)
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
		asked := map[string][]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 180).Draw(t, "seconds")) * time.Second)
			source := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")
			recent := 0
			for _, at := range asked[source] {
				if now.Sub(at) <= 5*time.Minute {
					recent++
				}
			}
			if got := s.ask(source, limit, now); got != (recent >= limit) {
				t.Fatalf("%s has asked %d times of late, limit %d: storm %v", source, recent, limit, got)
			}
			asked[source] = append(asked[source], now)
			if len(s.asked[source]) > limit {
				t.Fatalf("%d times are kept, limit %d", len(s.asked[source]), limit)
			}
		}
	})
}

// Whatever bytes come as JSON, what is decoded is fit to be kept.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"text":"help"}`, `{"from":{"channel":"email","address":"a@b.c"},"subject":"x","priority":"critical","category":"security"}`,
		`{"machine":true,"dedup_key":"1","recovery":true}`, `{"text":"a\u0000\ud800b","warning":true,"request":true}`, `{"priority":9}`, `[]`, "\xff",
		`{"text":"x","stamped":"2026-03-01T02:00:00+03:00","in_reply_to":["VH-26-000010",""]}`,
	} {
		f.Add([]byte(seed))
	}
	d := &Dispatcher{decodes: map[Channel]Decoding{ChannelAPI: {Decode: DecodeJSON}}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, m, err := d.decode(Signal{Channel: ChannelAPI, Key: "k", Raw: raw})
		texts := append([]string{m.Subject, m.Text, m.From.Address, m.From.Name, m.Source, m.DedupKey, m.Org}, m.InReplyTo...)
		for _, s := range texts {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Errorf("%q is not fit to be kept", s)
			}
		}
		if len(m.InReplyTo) > maxRefs || utf8.RuneCountInString(m.Text) > maxText || m.From.Channel == "" {
			t.Errorf("not bounded: %d refs, %d runes", len(m.InReplyTo), utf8.RuneCountInString(m.Text))
		}
		if err == nil && m.Validate() != nil {
			t.Errorf("%s", fmt.Sprint(m.Validate()))
		}
	})
}
