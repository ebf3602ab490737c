package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk records deliveries in a store and needs every page.
type desk struct{ *store.Memory }

func (d desk) StillNeeded(_ context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	return n, true
}

func (d desk) RecordDelivery(ctx context.Context, del dispatch.Delivery) error {
	return d.Commit(ctx, dispatch.Change{Delivery: &del})
}

// far answers notices as told and notes when each try came.
type far struct {
	start time.Time
	on    func(ctx context.Context, n dispatch.Notice) (dispatch.Result, error)

	mu  sync.Mutex
	got []string // guarded by mu
}

func (r *far) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	r.mu.Lock()
	r.got = append(r.got, fmt.Sprintf("%v %s/%d", time.Since(r.start), n.ID, n.Attempt))
	r.mu.Unlock()
	return r.on(ctx, n)
}

func (r *far) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.got)
}

func event(id string) dispatch.Notice {
	return dispatch.Notice{ID: id, Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: "crm", DueAt: time.Now()}
}

// serve runs a worker in a bubble and returns its store.
func serve(t *testing.T, change func(*Config), r *far) (*store.Memory, *Worker, func()) {
	t.Helper()
	s := store.NewMemory()
	cfg := Default()
	cfg.Jitter = func() float64 { return 0 }
	if change != nil {
		change(&cfg)
	}
	r.start = time.Now()
	w, err := New(cfg, Deps{Source: s, Desk: desk{s}, Notifiers: map[dispatch.Channel]dispatch.Notifier{
		dispatch.ChannelWebhook: r, dispatch.ChannelVoice: r,
	}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop := sync.OnceFunc(func() { cancel(); must(t, <-ended) })
	t.Cleanup(stop)
	return s, w, stop
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *store.Memory, w *Worker, list ...dispatch.Notice) {
	t.Helper()
	must(t, s.Commit(t.Context(), dispatch.Change{Notices: list}))
	w.Wake()
}

func wait(d time.Duration) { <-time.After(d); synctest.Wait() }

func TestRetriesWithBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{}
		r.on = func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
			if n.Attempt < 4 {
				return "", errors.New("refused")
			}
			return dispatch.ResultDelivered, nil
		}
		s, w, _ := serve(t, nil, r)
		put(t, s, w, event("e"))
		wait(time.Hour)
		if got := r.seen(); got != "[0s e/1 5s e/2 15s e/3 35s e/4]" {
			t.Error(got)
		}
	})
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a permanent error at once": {fmt.Errorf("gone: %w", dispatch.ErrPermanent), "[0s e/1]"},
		"a temporary one with age":  {errors.New("refused"), "[0s e/1 5s e/2 15s e/3 35s e/4]"},
		"not before Retry-After":    {busy{errors.New("busy")}, "[0s e/1 20s e/2]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &far{on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return "", c.err }}
				s, w, _ := serve(t, func(cfg *Config) { cfg.MaxAge = 20 * time.Second }, r)
				put(t, s, w, event("e"))
				wait(time.Hour)
				if got := r.seen(); got != c.want {
					t.Error(got)
				}
				if next, _ := s.NextNotice(t.Context(), dispatch.NoticeEvent); !next.IsZero() {
					t.Errorf("still waiting for %v", next)
				}
			})
		})
	}
}

type busy struct{ error }

func (busy) RetryAfter() time.Duration { return 20 * time.Second }

// A dead subscriber holds all slots of the events and delays no page.
func TestPagesHaveTheirOwnLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{}
		r.on = func(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
			if n.Kind == dispatch.NoticePage {
				return dispatch.ResultAcknowledged, nil
			}
			<-ctx.Done()
			return "", context.Cause(ctx)
		}
		s, w, _ := serve(t, func(cfg *Config) { cfg.Events = 2 }, r)
		put(t, s, w, event("e1"), event("e2"), event("e3"))
		wait(time.Second)
		page := dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()}
		put(t, s, w, page)
		wait(time.Second)
		if got := r.seen(); got != "[0s e1/1 0s e2/1 1s p/1]" && got != "[0s e2/1 0s e1/1 1s p/1]" {
			t.Error(got)
		}
	})
}

// A dead receiver is tried once per pause however much waits for it, the log
// tells of it once, and all of it arrives when the receiver is back.
func TestDeadReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const events = 300
		var mu sync.Mutex
		tries, dead, arrived := map[string]int{}, true, map[string]bool{}
		r := &far{on: func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			tries[n.To]++
			if n.To == "dead" && dead {
				return "", errors.New("connection refused")
			}
			arrived[n.ID] = true
			return dispatch.ResultDelivered, nil
		}}
		var book bytes.Buffer
		s := store.NewMemory()
		w, err := New(Default(), Deps{
			Source: s, Desk: desk{s}, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelWebhook: r},
			Log: slog.New(slog.NewTextHandler(&book, nil)),
		})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		for i := range events {
			n := event(fmt.Sprint("d", i))
			n.To = "dead"
			put(t, s, w, n, event(fmt.Sprint("w", i)))
			wait(time.Second)
		}
		mu.Lock()
		if n := tries["dead"]; n > 10 {
			t.Errorf("%d tries of a dead receiver in five minutes", n)
		}
		if tries["crm"] != events {
			t.Errorf("the living one got %d of %d", tries["crm"], events)
		}
		dead = false
		mu.Unlock()
		wait(6 * time.Minute)
		mu.Lock()
		if len(arrived) != 2*events {
			t.Errorf("%d of %d arrived", len(arrived), 2*events)
		}
		mu.Unlock()
		cancel()
		must(t, <-ended)
		if got := book.String(); strings.Count(got, "takes no notices") != 1 || strings.Count(got, "takes notices again") != 1 || strings.Count(got, "\n") != 2 {
			t.Errorf("log:\n%s", got)
		}
	})
}

// A notice that waits for a dead receiver grows old as well.
func TestDeadReceiverGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return "", errors.New("refused") }}
		s, w, _ := serve(t, func(cfg *Config) { cfg.MaxAge = time.Hour }, r)
		for i := range 50 {
			put(t, s, w, event(fmt.Sprint(i)))
		}
		wait(3 * time.Hour)
		if next, _ := s.NextNotice(t.Context(), dispatch.NoticeEvent); !next.IsZero() {
			t.Errorf("still waiting for %v", next)
		}
	})
}

func TestABrokenNotifierFailsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{}
		r.on = func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
			if n.Attempt == 1 {
				panic("bug")
			}
			return dispatch.ResultDelivered, nil
		}
		s, w, _ := serve(t, nil, r)
		stranger := event("x")
		stranger.Channel = "pigeon"
		put(t, s, w, event("e"), stranger)
		wait(time.Minute)
		if got := r.seen(); got != "[0s e/1 5s e/2]" {
			t.Error(got)
		}
	})
}

// What was under way at the stop comes again after the start.
func TestStopInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{on: func(ctx context.Context, _ dispatch.Notice) (dispatch.Result, error) {
			<-ctx.Done()
			return "", context.Cause(ctx)
		}}
		s, w, stop := serve(t, nil, r)
		put(t, s, w, event("e"))
		wait(time.Second)
		stop()
		must(t, s.ReleaseLeases(t.Context()))
		again, err := s.ClaimNotices(t.Context(), dispatch.NoticeEvent, time.Now(), time.Minute, 1)
		must(t, err)
		if len(again) != 1 || again[0].Attempt != 2 {
			t.Errorf("claimed %+v", again)
		}
	})
}

// The store fails for a while: nothing spins, nothing is lost.
func TestStoreOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultDelivered, nil }}
		s, w, _ := serve(t, nil, r)
		put(t, s, w, event("a"))
		wait(time.Second)
		s.Fail(errors.New("disk full"))
		wait(time.Minute)
		s.Fail(nil)
		put(t, s, w, event("b"))
		wait(time.Minute)
		if got := r.seen(); got != "[0s a/1 1m1s b/1]" {
			t.Error(got)
		}
	})
}

func TestBackoffStaysInBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := Default()
		n := rapid.IntRange(1, 10_000).Draw(t, "n")
		pause := backoff(cfg, n, rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
		if pause < cfg.FirstRetry*3/4 || pause > cfg.MaxRetry {
			t.Fatalf("pause %v after %d failures", pause, n)
		}
		if n > 1 && backoff(cfg, n, 0) < backoff(cfg, n-1, 0) {
			t.Fatal("the pause shrinks")
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	must(t, Default().Validate())
	if (Config{}).Validate() == nil {
		t.Error("an empty configuration passes")
	}
}

// A page that runs out of its own time has failed, whatever its notifier
// calls it: paging must go on.
func TestPageOutOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{on: func(ctx context.Context, _ dispatch.Notice) (dispatch.Result, error) {
			<-ctx.Done()
			return dispatch.ResultWithdrawn, context.Cause(ctx)
		}}
		s := store.NewMemory()
		d := &results{desk: desk{s}}
		w, err := New(Default(), Deps{Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: r}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		put(t, s, w,
			dispatch.Notice{ID: "slow", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now(), Ref: dispatch.Ref{ID: "t1"}},
			dispatch.Notice{ID: "moot", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now(), Ref: dispatch.Ref{ID: "t2"}})
		wait(time.Minute)
		w.Withdraw("t2", 0)
		wait(time.Hour)
		cancel()
		must(t, <-ended)
		if got := fmt.Sprint(d.all); got != "[moot withdrawn true slow failed true]" {
			t.Error(got)
		}
	})
}

// results notes what was recorded; one worker records at a time here.
type results struct {
	desk

	mu  sync.Mutex
	all []string // guarded by mu
}

func (r *results) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	r.mu.Lock()
	r.all = append(r.all, fmt.Sprintf("%s %s %v", d.Notice.ID, d.Result, d.Final))
	r.mu.Unlock()
	return r.desk.RecordDelivery(ctx, d)
}
