package b2bua

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

func TestMarks(t *testing.T) {
	t.Parallel()
	l := newLimits(Default())
	for share, want := range map[float64]mark{0: markNone, 0.79: markNone, 0.8: markSoft, 0.94: markSoft, 0.95: markHard, 1.5: markHard} {
		if got := l.judge(Pressure{Share: share}); got != want {
			t.Errorf("%v is %s, want %s", share, got, want)
		}
	}
	if l.open != 1400 || l.kept != 90 {
		t.Errorf("of 2000 calls %d are open to all, of 300 tokens %v are kept; 30 %% of each is promised", l.open, l.kept)
	}
	for most := 1; most < 50; most++ { // a small line still takes somebody nobody knows
		cfg := Default()
		cfg.MaxCalls, cfg.CallsBurst, cfg.KeepForKnown = most, most, 90
		l := newLimits(cfg)
		th := newThrottle(1, most)
		if l.open < 1 || !th.take(time.Now(), l.kept) {
			t.Errorf("of %d calls %d are open to all, %v tokens are kept", most, l.open, l.kept)
		}
	}
}

// The benchmark's load must never meet a limit: 300 calls a second, 400 at once.
func TestLimitsAreAboveTheBenchmark(t *testing.T) {
	t.Parallel()
	cfg := Default()
	l := newLimits(cfg)
	if l.open < 400 || cfg.CallsPerSecond < 300 {
		t.Errorf("%d calls at once, %d a second", l.open, cfg.CallsPerSecond)
	}
	th := newThrottle(cfg.CallsPerSecond, cfg.CallsBurst)
	at := time.Now()
	for i := range 3000 {
		at = at.Add(time.Second / 300)
		if !th.take(at, l.kept) {
			t.Fatalf("call %d at 300 a second is refused", i)
		}
	}
}

func TestValidateMarks(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Config){
		"keep_for_known:": func(c *Config) { c.KeepForKnown = 91 },
		"soft_mark:":      func(c *Config) { c.SoftMark = 96 },
		"hard_mark:":      func(c *Config) { c.HardMark = 101 },
	} {
		cfg := Default()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not named in %v", field, err)
		}
	}
}

// Turns: one line when a reason begins, one when it is over; known clients have a line each, but not a flood of them.
func TestTurns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	turns := newTurns(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 1000 {
		turns.refused(refusedCalls, at.Add(time.Duration(i)*time.Millisecond))
	}
	turns.refused("memory", at)
	turns.settle(at.Add(2 * time.Second))
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines of two reasons that begin:\n%s", n, out.String())
	}
	out.Reset()
	turns.settle(at.Add(time.Second + turnQuiet))
	turns.settle(at.Add(time.Minute))
	if got := out.String(); strings.Count(got, "taken again") != 2 || !strings.Contains(got, "calls=1000") {
		t.Errorf("the end of two turns:\n%s", got)
	}
	out.Reset()
	turns.refused(refusedCalls, at.Add(2*time.Minute))
	if !strings.Contains(out.String(), "are refused") {
		t.Error("the next turn is not told of")
	}
	out.Reset()
	for i := range 100 {
		turns.known("…2233", "op", refusedCalls, at.Add(time.Duration(i)*time.Millisecond))
	}
	turns.known("…2233", "op", refusedCalls, at.Add(2*time.Second))
	if got := out.String(); strings.Count(got, "level=ERROR") != knownLines+1 || !strings.Contains(got, fmt.Sprintf("suppressed=%d", 100-knownLines)) {
		t.Errorf("101 known clients:\n%s", got)
	}
}

// syncWriter collects a log that several goroutines write.
type syncWriter struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *syncWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *syncWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// number dials in as somebody and returns the final status, or 180 when he was taken.
func (r *rig) number(user string) int {
	r.Helper()
	ua := siptest.NewUA(r, siptest.UAConfig{User: user, Peer: r.at})
	call := ua.NewCall("sip:84957770000@" + r.at.String())
	call.Invite(siptest.NewRTP(r).SDP())
	got := ua.Expect(func(m *siptest.Message) bool { return m.Status >= 180 && m.CallID() == call.CallID })
	if got.Status >= 200 {
		call.Learn(got).Ack(got)
	}
	return got.Status
}

// pressed is a rig whose pressure a test sets; callers whose number ends in 00 are known.
func pressed(t *testing.T, change func(*Config)) (r *rig, press func(share float64, why string), log *syncWriter, reg *prometheus.Registry) {
	t.Helper()
	var now atomic.Pointer[Pressure]
	now.Store(&Pressure{})
	log, reg = &syncWriter{}, prometheus.NewRegistry()
	r = newRig(t, rigOptions{
		engine: change,
		trunks: func(c *trunk.Config) { c.Phones = append(c.Phones, "127.0.0.1") },
		deps: func(d *Deps) {
			d.Pressure = func() Pressure { return *now.Load() }
			d.Known = func(in trunk.Inbound) bool { return strings.HasSuffix(in.Caller, "00") }
			d.Log, d.Registerer = slog.New(slog.NewTextHandler(log, nil)), reg
		},
	})
	return r, func(share float64, why string) { now.Store(&Pressure{share, why}) }, log, reg
}

// counted reads one counter or gauge.
func counted(t *testing.T, reg prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// Above the soft mark known clients only, above the hard mark nobody new; calls in progress and pages go on.
func TestSoftAndHardMark(t *testing.T) {
	t.Parallel()
	const known, stranger = "+79160000000", "+79160000001"
	r, press, log, reg := pressed(t, nil)
	for _, step := range []struct {
		share              float64
		known, stranger    int
		options            int
		markShown, whyShow string
	}{
		{0.5, 180, 180, 200, "none", ""},
		{0.85, 180, 503, 200, "soft", "memory"},
		{0.97, 503, 503, 503, "hard", "memory"},
		{0.85, 180, 503, 200, "soft", "memory"},
		{0.1, 180, 180, 200, "none", ""},
	} {
		press(step.share, "memory")
		if got := r.number(known); got != step.known {
			t.Errorf("at %v a known client hears %d, want %d", step.share, got, step.known)
		}
		if got := r.number(stranger); got != step.stranger {
			t.Errorf("at %v a stranger hears %d, want %d", step.share, got, step.stranger)
		}
		if got := r.caller.Ping(); got.Status != step.options {
			t.Errorf("at %v OPTIONS is answered %d, want %d", step.share, got.Status, step.options)
		}
		if full := r.engine.Full(); (full != nil) != (step.options == 503) {
			t.Errorf("at %v: full = %v", step.share, full)
		}
		if l := r.engine.Load(); l.Mark != step.markShown || l.Why != step.whyShow {
			t.Errorf("at %v: %+v", step.share, l)
		}
		page := r.engine.NewCall()
		if page == nil {
			t.Fatalf("at %v no page can be made", step.share)
		}
		r.in(page, func() { page.End(CauseNormal) })
	}
	if got := counted(t, reg, "vahta_calls_refused_total", "memory"); got != 4 {
		t.Errorf("%v refusals for memory are counted, want 4", got)
	}
	if got := counted(t, reg, "vahta_calls_known_refused_total", ""); got != 1 {
		t.Errorf("%v refused known clients are counted, want 1", got)
	}
	text := log.String()
	if strings.Count(text, "new calls are refused") != 1 || strings.Count(text, "a known client was refused") != 1 {
		t.Errorf("the log:\n%s", text)
	}
	if !strings.Contains(text, "caller=…0000") || strings.Contains(text, known) {
		t.Errorf("the number is not masked:\n%s", text)
	}
}

// A flood of unknown callers never takes what is kept: known clients get in, up to the last call.
func TestUnknownFloodLeavesRoomForKnown(t *testing.T) {
	t.Parallel()
	const most = 20
	r, _, _, reg := pressed(t, func(c *Config) { c.MaxCalls = most })
	taken := 0
	for i := range 2 * most {
		if r.number(fmt.Sprintf("+7916000%02d01", i)) == 180 {
			taken++
		}
	}
	if want := most * 7 / 10; taken != want {
		t.Errorf("%d unknown callers were taken, want %d of %d", taken, want, most)
	}
	for i := range most * 3 / 10 {
		if got := r.number(fmt.Sprintf("+7916000%02d00", i)); got != 180 {
			t.Errorf("known client %d hears %d while unknown callers flood", i, got)
		}
	}
	if got := r.number("+79160009900"); got != 503 {
		t.Errorf("call %d hears %d", most+1, got)
	}
	if l := r.engine.Load(); l.Calls != most || l.Mark != "hard" || l.Why != refusedCalls {
		t.Errorf("load = %+v", l)
	}
	if got := counted(t, reg, "vahta_calls_refused_total", refusedCalls); got != 2*most-most*7/10+1 {
		t.Errorf("%v refusals are counted", got)
	}
}

// The rate is kept likewise: a stranger's burst leaves tokens for known clients.
func TestUnknownBurstLeavesTokensForKnown(t *testing.T) {
	t.Parallel()
	r, _, _, _ := pressed(t, func(c *Config) { c.CallsPerSecond, c.CallsBurst = 1, 20; c.KeepForKnown = 50 })
	stop := time.Now()
	taken := 0
	for i := range 20 {
		if r.number(fmt.Sprintf("+7916000%02d01", i)) == 180 {
			taken++
		}
	}
	if most := 10 + int(time.Since(stop).Seconds()) + 1; taken < 10 || taken > most {
		t.Errorf("%d unknown callers of a burst were taken, want 10 to %d", taken, most)
	}
	for i := range 9 {
		if got := r.number(fmt.Sprintf("+7916000%02d00", i)); got != 180 {
			t.Errorf("known client %d hears %d behind a burst of strangers", i, got)
		}
	}
}
