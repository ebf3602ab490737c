package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	_ Inner   = (*store.SQL)(nil)
	_ Inner   = (*store.Memory)(nil)
	_ Overlay = (*store.Memory)(nil)
)

var errDown = errors.New("the disk is on fire")

// fault is what a faulty store does with a commit.
type fault int

const (
	none   fault = iota
	before       // refuses
	after        // does it and refuses
	hang         // does not answer
	late         // does not answer, and does it all the same
	later        // does it long after
	slow         // takes its time
)

// faulty is a SQL store with faults.
type faulty struct {
	*store.Memory

	mu    sync.Mutex
	next  func() fault // guarded by mu; nil = none
	began chan struct{}
}

func newFaulty() *faulty { return &faulty{Memory: store.NewMemory(), began: make(chan struct{}, 1000)} }

// set makes every commit meet the fault.
func (f *faulty) set(x fault) { f.draw(func() fault { return x }) }

func (f *faulty) draw(next func() fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

func (f *faulty) meet() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case f.began <- struct{}{}:
	default:
	}
	if f.next == nil {
		return none
	}
	return f.next()
}

func (f *faulty) Commit(ctx context.Context, c dispatch.Change) error {
	return f.CommitAll(ctx, []dispatch.Change{c})
}

func (f *faulty) CommitAll(ctx context.Context, list []dispatch.Change) error {
	switch f.meet() {
	case before:
		return errDown
	case after:
		if err := f.Memory.CommitAll(ctx, list); err != nil {
			return err
		}
		return errDown
	case hang:
		<-ctx.Done()
		return context.Cause(ctx)
	case late:
		<-ctx.Done()
		_ = f.Memory.CommitAll(context.WithoutCancel(ctx), list)
		return context.Cause(ctx)
	case later:
		go func() {
			time.Sleep(700 * time.Millisecond) // of the bubble
			_ = f.Memory.CommitAll(context.WithoutCancel(ctx), list)
		}()
		<-ctx.Done()
		return context.Cause(ctx)
	case slow:
		time.Sleep(time.Millisecond) // of the bubble
	case none:
	}
	return f.Memory.CommitAll(ctx, list)
}

func (f *faulty) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	if f.meet() != none {
		return nil, errDown
	}
	return f.Memory.ClaimNotices(ctx, kind, now, lease, limit)
}

func (f *faulty) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	if f.meet() != none {
		return nil, errDown
	}
	return f.Memory.ClaimTimers(ctx, now, lease, limit)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func want(tb testing.TB, err, target error) {
	tb.Helper()
	if !errors.Is(err, target) {
		tb.Fatalf("got %v, want %v", err, target)
	}
}

func config(tb testing.TB) Config {
	tb.Helper()
	cfg := Default()
	cfg.Path, cfg.Size = filepath.Join(tb.TempDir(), "journal"), 1
	return cfg
}

// start opens a journal and runs it until the test ends, or until the returned
// function is called.
func start(tb testing.TB, cfg Config, deps Deps, in Inner) (*Store, func()) {
	tb.Helper()
	if deps.Overlay == nil {
		deps.Overlay = func() Overlay { return store.NewMemory() }
	}
	s, err := Open(cfg, deps)
	must(tb, err)
	if in != nil {
		s.Attach(in)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	end := sync.OnceFunc(func() {
		stop()
		must(tb, errors.Join(<-ended, s.Close()))
	})
	tb.Cleanup(end)
	return s, end
}

var t0 = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func id(n int) string { return fmt.Sprintf("t%d", n) }

// opening opens ticket n for its own party.
func opening(n int) dispatch.Change { return openingFor(n, fmt.Sprintf("number:+7812%07d", n)) }

func openingFor(n int, party string) dispatch.Change {
	key := fmt.Sprintf("call-%d", n)
	e := ticket.Event{Ticket: id(n), At: t0, By: "caller", Channel: "call", Key: "signal:" + key, Body: ticket.Opened{
		ID: id(n), Number: ticket.Number{Year: 26, Seq: uint32(n)}, Priority: ticket.Critical, Line: "main", Call: key, Party: party,
	}}
	tk, err := ticket.Ticket{}.Apply(e)
	if err != nil {
		panic(err)
	}
	sig := dispatch.Signal{Channel: dispatch.ChannelCall, Key: key, At: t0, Raw: []byte("{}"), Call: &dispatch.CallSignal{Line: "main", Caller: "1"}}
	return dispatch.Change{
		Signal: &sig, Taken: dispatch.Taken{Ticket: id(n), Number: tk.Number.String()}, Ticket: &tk, Events: []ticket.Event{e},
		Calls:  []dispatch.CallRecord{{ID: key, Ref: dispatch.Ref{ID: id(n), Number: tk.Number.String()}, Line: "main", StartedAt: t0}},
		Timers: []dispatch.Timer{{Ticket: id(n), Kind: dispatch.TimerPage, DueAt: t0.Add(time.Minute), Gen: 1}},
	}
}

// note adds a line to the log of ticket n.
func note(n int, text string) dispatch.Change {
	return dispatch.Change{Events: []ticket.Event{{Ticket: id(n), At: t0, By: "anna", Body: ticket.Noted{Text: text}}}}
}

// decide is the change that applies a body to a ticket as it is stored.
func decide(tb testing.TB, s dispatch.Store, n int, by string, body ticket.Body) dispatch.Change {
	tb.Helper()
	c, err := s.Load(context.Background(), id(n))
	must(tb, err)
	e := ticket.Event{Ticket: id(n), At: t0.Add(time.Minute), By: by, Body: body}
	after, err := c.Ticket.Apply(e)
	must(tb, err)
	change := dispatch.Change{Events: []ticket.Event{e}}
	if after.Version != c.Ticket.Version {
		change.Ticket, change.Was = &after, c.Ticket.Version
	}
	if c.Ticket.NeedsPage() && !after.NeedsPage() {
		change.Drop = []dispatch.TimerKey{{Ticket: id(n), Kind: dispatch.TimerPage}}
	}
	return change
}

// lines are the log of ticket n in words.
func lines(tb testing.TB, s dispatch.Archive, n int) []string {
	tb.Helper()
	log, err := s.Events(context.Background(), id(n))
	must(tb, err)
	return said(log)
}
