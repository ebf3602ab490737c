package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// world is a journal on a disk that can lose power, before a store with
// faults, and an oracle that knows what was acknowledged.
type world struct {
	t    *testing.T
	rt   *rapid.T
	in   *faulty
	disk *platter
	s    *Store
	desk *store.Memory // what a dispatcher would have in memory

	// guarded by mu
	mu    sync.Mutex
	n     int              // tickets tried so far
	lines int              // notes tried so far
	acked map[int][]string // by ticket: its acknowledged notes, in order
	shut  map[int]bool     // closed for sure
}

func (w *world) start(attach bool) {
	w.desk = store.NewMemory()
	s, err := open(Config{Path: w.t.TempDir() + "/journal", Budget: defaultBudget}, Deps{
		Overlay: func() Overlay { return store.NewMemory() },
		Board:   func() dispatch.Board { b, _ := w.desk.Board(context.Background()); return b },
		Healed:  func(ctx context.Context) error { return w.resync(ctx) },
	}, w.disk)
	if err != nil {
		w.rt.Fatal(err)
	}
	w.s = s
	if attach {
		s.Attach(w.in)
	}
	if b, err := s.Board(context.Background()); err == nil {
		w.desk.Seed(b)
	}
}

// resync loads the board anew, as the dispatcher does.
func (w *world) resync(ctx context.Context) error {
	b, err := w.s.Board(ctx)
	if err == nil {
		w.desk = store.NewMemory()
		w.desk.Seed(b)
	}
	return err
}

// commit commits and keeps the board of the dispatcher.
func (w *world) commit(c dispatch.Change) error {
	err := w.s.Commit(context.Background(), c)
	if err == nil {
		_ = w.desk.Commit(context.Background(), c)
	}
	return err
}

func (w *world) open() {
	w.n++
	n := w.n
	c := opening(n)
	for range rapid.IntRange(1, 2).Draw(w.rt, "tries") { // the caller is patient
		err := w.commit(c)
		if repeat, ok := errors.AsType[*dispatch.RepeatedError](err); err == nil || ok && repeat.Taken.Ticket == id(n) {
			w.acked[n] = []string{}
			return
		}
	}
}

// notes adds lines to several tickets at once.
func (w *world) notes() {
	known := w.known()
	var all sync.WaitGroup
	first := w.lines
	for i := range min(len(known), rapid.IntRange(1, 3).Draw(w.rt, "notes")) {
		n := known[(first+i)%len(known)]
		w.lines++
		text := fmt.Sprintf("line %d", w.lines)
		c := note(n, text)
		if w.lines%2 == 0 && !w.shut[n] {
			c.Open = id(n)
		}
		all.Go(func() {
			if w.commit(c) == nil {
				w.mu.Lock()
				w.acked[n] = append(w.acked[n], text)
				w.mu.Unlock()
			}
		})
	}
	all.Wait()
}

func (w *world) known() []int {
	var list []int
	for n := range w.acked {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// decide changes the state of a ticket as a dispatcher would.
func (w *world) decide() {
	known := w.known()
	if len(known) == 0 {
		return
	}
	n := rapid.SampledFrom(known).Draw(w.rt, "ticket")
	c, err := w.s.Load(context.Background(), id(n))
	if err != nil {
		return
	}
	body := rapid.SampledFrom([]ticket.Body{
		ticket.Acknowledged{How: "cli"},
		ticket.Moved{To: ticket.Diagnosis},
		ticket.Moved{To: ticket.Closed},
		ticket.PageRaised{Reason: "broken", Again: true},
	}).Draw(w.rt, "body")
	e := ticket.Event{Ticket: id(n), At: t0, By: "anna", Body: body}
	after, err := c.Ticket.Apply(e)
	if err != nil {
		return
	}
	change := dispatch.Change{Ticket: &after, Was: c.Ticket.Version, Events: []ticket.Event{e}}
	switch {
	case c.Ticket.NeedsPage() && !after.NeedsPage():
		change.Drop = []dispatch.TimerKey{{Ticket: id(n), Kind: dispatch.TimerPage}}
	case after.NeedsPage() && len(c.Timers) == 0:
		change.Timers = []dispatch.Timer{{Ticket: id(n), Kind: dispatch.TimerPage, DueAt: t0, Gen: 1}}
	case after.NeedsPage():
		next := c.Timers[0]
		next.Gen++
		change.Timers = []dispatch.Timer{next}
	}
	if w.commit(change) == nil && !after.Open() {
		w.shut[n] = true
	}
}

// check holds the store against the oracle when all is well again.
func (w *world) check() {
	w.in.set(none)
	w.disk.set(nil)
	w.s.Attach(w.in)
	for range 20 {
		time.Sleep(time.Second)
		w.s.round(context.Background())
		if w.s.Status().State == Passing {
			break
		}
	}
	st := w.s.Status()
	if st.State != Passing || st.Pending != 0 || st.Bytes != 0 || st.Rejected != 0 {
		w.rt.Fatalf("status %+v", st)
	}
	ctx := context.Background()
	for n := 1; n <= w.n; n++ {
		want, acked := w.acked[n]
		c, err := w.in.Load(ctx, id(n))
		if err != nil {
			if acked {
				w.rt.Fatalf("acknowledged ticket %d: %v", n, err)
			}
			continue
		}
		_, taken, err := w.in.Signal(ctx, dispatch.SignalID{Channel: dispatch.ChannelCall, Key: fmt.Sprintf("call-%d", n)})
		if err != nil || taken.Ticket != id(n) {
			w.rt.Fatalf("signal of ticket %d: %+v %v", n, taken, err)
		}
		log, err := w.in.Events(ctx, id(n))
		if folded, fault := ticket.Fold(log); err != nil || fault != nil || folded.Version != c.Ticket.Version || folded.Stage != c.Ticket.Stage {
			w.rt.Fatalf("log of ticket %d: %+v, want %+v: %v %v", n, folded, c.Ticket, err, fault)
		}
		if w.shut[n] && c.Ticket.Open() {
			w.rt.Fatalf("ticket %d was closed and is %v", n, c.Ticket.Stage)
		}
		if c.Ticket.NeedsPage() != (len(c.Timers) == 1) {
			w.rt.Fatalf("ticket %d needs a page: %v, timers %v", n, c.Ticket.NeedsPage(), c.Timers)
		}
		seen := map[string]int{}
		var order []string
		for _, e := range log {
			if b, ok := e.Body.(ticket.Noted); ok {
				if seen[b.Text]++; slices.Contains(want, b.Text) {
					order = append(order, b.Text)
				}
				if seen[b.Text] > 1 {
					w.rt.Fatalf("ticket %d has %q %d times", n, b.Text, seen[b.Text])
				}
			}
		}
		if !slices.Equal(order, want) {
			w.rt.Fatalf("ticket %d has %v, acknowledged %v", n, order, want)
		}
	}
}

// TestModel: random changes, faults of the store before and after their
// effect, silent ones, faults of the journal's own disk, power cuts, starts
// with and without the store. What was acknowledged is in the store exactly
// once, in order per ticket, when all is well again.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var failed any
		synctest.Test(t, func(t *testing.T) {
			defer func() { failed = recover() }() // rapid wants it in its own goroutine
			w := &world{t: t, rt: rt, in: newFaulty(), disk: newPlatter(t, 1<<16), acked: map[int][]string{}, shut: map[int]bool{}}
			w.start(rapid.Bool().Draw(rt, "store at start"))
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				w.step()
				synctest.Wait()
			}
			w.check()
		})
		if failed != nil {
			t.Log(failed) // a race may hide it at the repetition
			panic(failed)
		}
	})
}

func (w *world) step() {
	rt := w.rt
	switch rapid.SampledFrom([]string{
		"open", "open", "notes", "notes", "notes", "decide", "decide", "fault", "fault", "well", "disk", "round", "attach", "cut",
	}).Draw(rt, "op") {
	case "open":
		w.open()
	case "notes":
		w.notes()
	case "decide":
		w.decide()
	case "fault":
		w.in.set(rapid.SampledFrom([]fault{before, after, hang, late, later}).Draw(rt, "fault"))
	case "well":
		w.in.set(none)
	case "disk":
		w.disk.set(rapid.SampledFrom([]error{nil, errDown}).Draw(rt, "disk"))
	case "round":
		time.Sleep(time.Second)
		w.s.round(context.Background())
	case "attach":
		w.s.Attach(w.in)
	case "cut":
		luck := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "sectors"), 0))
		w.disk = w.disk.crash(func() bool { return luck.IntN(2) == 0 })
		w.start(rapid.Bool().Draw(rt, "store at start"))
	}
}
