package outbox

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// moody is a desk that may learn that a page is not needed any more without
// anybody telling the worker, as from another node.
type moody struct {
	results

	needed *atomic.Bool
	asked  func() // before each answer; may be nil
}

func (m *moody) StillNeeded(_ context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	if m.asked != nil {
		m.asked()
	}
	return n, m.needed.Load()
}

// mooded runs a worker for a desk of moods, by a clock that can be set.
func mooded(t *testing.T, r *far, asked func(), now func() time.Time) (*store.Memory, *Worker, *moody) {
	t.Helper()
	s := store.NewMemory()
	d := &moody{results: results{desk: desk{s}}, needed: &atomic.Bool{}, asked: asked}
	d.needed.Store(true)
	cfg := Default()
	cfg.Now = now
	w, err := New(cfg, Deps{Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: r}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() { cancel(); must(t, <-ended) })
	return s, w, d
}

// A page that rings while another node hears that nobody is needed stops
// ringing within seconds.
func TestPageUnderWayIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rang time.Duration
		r := &far{start: time.Now()}
		r.on = func(ctx context.Context, _ dispatch.Notice) (dispatch.Result, error) {
			<-ctx.Done()
			rang = time.Since(r.start)
			return dispatch.ResultFailed, context.Cause(ctx)
		}
		s, w, d := mooded(t, r, nil, time.Now)
		put(t, s, w, dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
		wait(20 * time.Second)
		if rang != 0 {
			t.Fatalf("a page that is needed was cut after %v", rang)
		}
		d.needed.Store(false)
		wait(lookEvery)
		if rang == 0 {
			t.Error("it rings on")
		}
		wait(time.Second)
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.all) != 1 || d.all[0] != "p withdrawn true" {
			t.Errorf("recorded %v", d.all)
		}
	})
}

// A process that is frozen between the look at a ticket and the send sends
// nothing when it thaws: not when the ticket was taken meanwhile, and not when
// it slept so long that another node may have the page.
func TestFrozenBeforeTheSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slept  time.Duration
		needed bool
		sent   int
	}{
		"for a blink":                        {time.Millisecond, true, 1},
		"and the page is still needed":       {20 * time.Second, true, 1},
		"and somebody took the ticket":       {20 * time.Second, false, 0},
		"and another node may have the page": {60 * time.Second, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var ahead atomic.Int64 // how far this process's clock has moved while it stood
				var d *moody
				looks, sent := 0, 0
				r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) {
					sent++
					return dispatch.ResultAcknowledged, nil
				}}
				s, w, d := mooded(t, r, func() {
					if looks++; looks == 1 {
						ahead.Store(int64(c.slept)) // it has looked, and stands
					} else {
						d.needed.Store(c.needed)
					}
				}, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
				put(t, s, w, dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
				wait(time.Second)
				if sent != c.sent {
					t.Errorf("%d pages sent, want %d", sent, c.sent)
				}
			})
		})
	}
}

// A look that itself took long is no look: it is repeated until one is fresh.
// What is withdrawn meanwhile is not sent, whatever the desk says.
func TestLookIsFresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slow     int // looks that take long
		needed   func(look int) bool
		withdraw bool
		sent     int
	}{
		"taken during the second look":      {2, func(look int) bool { return look < 3 }, false, 0},
		"needed all the time":               {2, func(int) bool { return true }, false, 1},
		"the database is slow for good":     {100, func(int) bool { return true }, false, 1},
		"withdrawn while the look is taken": {1, func(int) bool { return true }, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s *store.Memory
				var w *Worker
				var d *moody
				looks, sent := 0, 0
				r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) {
					sent++
					return dispatch.ResultAcknowledged, nil
				}}
				s, w, d = mooded(t, r, func() {
					if looks++; looks <= c.slow {
						wait(2 * time.Second)
					}
					if c.withdraw {
						w.Withdraw("", 0)
					}
					d.needed.Store(c.needed(looks))
				}, time.Now)
				put(t, s, w, dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
				wait(15 * time.Second)
				if sent != c.sent {
					t.Errorf("%d pages sent, want %d, after %d looks", sent, c.sent, looks)
				}
			})
		})
	}
}
