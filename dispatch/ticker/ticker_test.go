package ticker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk notes when it is woken; the timers in fails fail that often.
type desk struct {
	start time.Time
	store *store.Memory

	mu    sync.Mutex
	woken []string       // guarded by mu
	fails map[string]int // guarded by mu

	poison map[string]bool // set before the timers are; Wake panics on these
}

func (d *desk) Wake(ctx context.Context, t dispatch.Timer) error {
	d.mu.Lock()
	d.woken = append(d.woken, fmt.Sprintf("%v %s", time.Since(d.start), t.Ticket))
	d.fails[t.Ticket]--
	failed := d.fails[t.Ticket] >= 0
	d.mu.Unlock()
	if d.poison[t.Ticket] {
		panic("poison")
	}
	if failed {
		return errors.New("database is locked")
	}
	return d.store.Commit(ctx, dispatch.Change{Drop: []dispatch.TimerKey{{Ticket: t.Ticket, Kind: t.Kind}}})
}

func (d *desk) seen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprint(d.woken)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func set(t *testing.T, s *store.Memory, name string, in time.Duration) {
	t.Helper()
	must(t, s.Commit(t.Context(), dispatch.Change{Timers: []dispatch.Timer{
		{Ticket: name, Kind: dispatch.TimerPage, DueAt: time.Now().Add(in), Gen: 1},
	}}))
}

func wait(d time.Duration) { <-time.After(d); synctest.Wait() }

func start(t *testing.T) (*store.Memory, *desk, *Ticker) {
	t.Helper()
	s := store.NewMemory()
	d := &desk{start: time.Now(), store: s, fails: map[string]int{}, poison: map[string]bool{}}
	k, err := New(Default(), s, d, nil)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	t.Cleanup(func() { cancel(); must(t, <-ended) })
	return s, d, k
}

func TestWakesInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d, k := start(t)
		set(t, s, "b", 2500*time.Millisecond)
		set(t, s, "a", 10*time.Millisecond)
		k.Wake()
		wait(time.Minute)
		if got := d.seen(); got != "[10ms a 2.5s b]" {
			t.Error(got)
		}
	})
}

func TestAFailedTimerComesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d, k := start(t)
		d.fails["a"] = 2
		set(t, s, "a", time.Millisecond)
		k.Wake()
		wait(5 * time.Minute)
		if got := d.seen(); got != "[1ms a 30.001s a 1m0.001s a]" {
			t.Error(got)
		}
	})
}

func TestOverdueTimersFireOnceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d, k := start(t)
		s.Fail(errors.New("down"))
		wait(time.Minute)
		s.Fail(nil)
		for i := range 200 {
			set(t, s, fmt.Sprint(i), -time.Hour)
		}
		k.Wake()
		wait(time.Hour)
		if n := len(d.woken); n != 200 {
			t.Errorf("%d of 200 fired", n)
		}
	})
}

// A Wake that breaks costs its timer one lease, and the others nothing.
func TestABrokenWakeStopsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d, k := start(t)
		for i := range 100 {
			d.poison[fmt.Sprint("poison", i)] = true
		}
		for name := range d.poison {
			set(t, s, name, 0)
		}
		k.Wake()
		wait(time.Second)
		set(t, s, "good", time.Second)
		k.Wake()
		wait(time.Minute)
		got := d.seen()
		if !strings.Contains(got, "2s good") || strings.Count(got, "0s poison") < 100 || strings.Count(got, "30s poison") < 100 {
			t.Error(got)
		}
	})
}

// A store that breaks is asked again.
func TestABrokenSourceIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		d := &desk{start: time.Now(), store: s, fails: map[string]int{}, poison: map[string]bool{}}
		k, err := New(Default(), &broken{Memory: s, times: 3}, d, nil)
		must(t, err)
		set(t, s, "a", 0)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		wait(time.Minute)
		cancel()
		must(t, <-ended)
		if got := d.seen(); got != "[3s a]" {
			t.Error(got)
		}
	})
}

// broken panics some times.
type broken struct {
	*store.Memory
	times int
}

func (b *broken) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	if b.times--; b.times >= 0 {
		panic("broken")
	}
	return b.Memory.ClaimTimers(ctx, now, lease, limit)
}

func TestValidate(t *testing.T) {
	t.Parallel()
	must(t, Default().Validate())
	if (Config{}).Validate() == nil {
		t.Error("an empty configuration passes")
	}
}
