package b2bua

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	steps := []struct {
		after time.Duration
		ask   int // how many calls come then
		taken int // how many of them are taken
	}{
		{0, 5, 3},                      // the burst
		{50 * time.Millisecond, 1, 0},  // half a token
		{50 * time.Millisecond, 2, 1},  // one a tenth of a second
		{-time.Second, 1, 0},           // a clock that goes back gives nothing
		{2 * time.Second, 5, 3},        // never more than the burst
		{100 * time.Millisecond, 1, 1}, // recovered
	}
	th := newThrottle(10, 3)
	for i, s := range steps {
		at = at.Add(s.after)
		taken := 0
		for range s.ask {
			if th.take(at, 0) {
				taken++
			}
		}
		if taken != s.taken {
			t.Errorf("step %d: %d of %d taken, want %d", i, taken, s.ask, s.taken)
		}
	}
	if off := newThrottle(0, 0); !off.take(at, 0) {
		t.Error("no limit refuses")
	}
}

// TestOverload sends a flood: what is above the limit hears 503 with Retry-After and never becomes a
// call, and as soon as the bucket has filled again calls are taken as before.
func TestOverload(t *testing.T) {
	t.Parallel()
	const burst, flood = 3, 40
	r := newRig(t, rigOptions{
		engine: func(c *Config) { c.CallsPerSecond, c.CallsBurst, c.RetryAfter = 1, burst, 2*time.Second },
		begin:  func(_ *rig, c *Call) { c.End(CauseNormal) },
	})
	offer := siptest.NewRTP(t).SDP()
	began := time.Now()
	taken, shed := 0, 0
	for range flood {
		call := r.dialIn(offer)
		final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
		call.Learn(final).Ack(final)
		if final.Status != 503 || final.Get("Retry-After") == "" {
			taken++
			continue
		}
		shed++
	}
	if most := burst + int(time.Since(began).Seconds()) + 1; taken < burst || taken > most || taken+shed != flood {
		t.Fatalf("%d taken, %d shed of %d, want %d to %d taken", taken, shed, flood, burst, most)
	}
	r.gone()

	r.engine.throttle.mu.Lock()
	r.engine.throttle.last = r.engine.throttle.last.Add(-burst * time.Second) // time passes
	r.engine.throttle.mu.Unlock()
	for range burst {
		call := r.dialIn(offer)
		final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
		call.Learn(final).Ack(final)
		if final.Get("Retry-After") != "" {
			t.Errorf("still shed after the flood: %d", final.Status)
		}
	}
	r.gone()
}

func TestAnOldINVITEIsShed(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{
		engine: func(c *Config) { c.MaxAge = time.Nanosecond }, // all are older
		serves: func(trunk.Inbound) bool { t.Error("an INVITE that is too old was looked at"); return true },
	})
	call := r.dialIn(siptest.NewRTP(t).SDP())
	final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
	if final.Status != 503 || final.Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q", final.Status, final.Get("Retry-After"))
	}
	call.Learn(final).Ack(final)
}
