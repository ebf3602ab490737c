package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// bus hands every message to all who listen, the sender too.
type bus struct {
	mu   sync.Mutex
	hear []func([]byte) // guarded by mu
	down error          // guarded by mu
}

func (b *bus) send(_ context.Context, message []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return b.down
	}
	for _, h := range b.hear {
		h(message)
	}
	return nil
}

// link joins the feeds of houses.
func link(t *testing.T, nodes ...*house) *bus {
	t.Helper()
	b := &bus{}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, n := range nodes {
		b.hear = append(b.hear, n.Feed().Hear)
		wg.Go(func() {
			if err := n.Feed().Relay(ctx, b.send); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	synctest.Wait()
	return b
}

// read takes what a subscription holds: kind, node and number of each event.
func read(s *dispatch.Subscription) string {
	synctest.Wait()
	var out []string
	for {
		select {
		case e := <-s.Events():
			out = append(out, fmt.Sprintf("%d %s@%s", e.Seq, e.Kind, e.Node))
		default:
			return strings.Join(out, ", ")
		}
	}
}

func TestFeedsOfTwoNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, _ := join(t, s, "a", nil)
		b, _ := join(t, s, "b", nil)
		wire := link(t, a, b)
		onA, onB := a.Feed().Subscribe(64), b.Feed().Subscribe(64)
		o := a.talk(t, "x")
		if got := read(onB); got != "1 opened@a, 2 accepted@a" {
			t.Errorf("b sees %s", got)
		}
		// b decides on what a did: it knows at once that boris has the ticket.
		joined, err := b.OpenCall(t.Context(), call("y", "89211234567"))
		must(t, err)
		if joined.Ref != o.Ref || joined.Acknowledged != "boris" {
			t.Errorf("b opened %+v", joined)
		}
		synctest.Wait()
		wire.mu.Lock()
		wire.down = errors.New("no redis")
		wire.mu.Unlock()
		must(t, a.Acknowledge(t.Context(), o.Ref, "boris", "cli", time.Now())) // changes nothing, tells nothing
		must(t, a.CloseUnreported(t.Context(), o.Ref, dispatch.Author{Person: "boris"}, "done", "проверка"))
		synctest.Wait()
		wire.mu.Lock()
		wire.down = nil
		wire.mu.Unlock()
		if lost := a.Feed().RelayLost(); lost != 1 {
			t.Errorf("%d events lost", lost)
		}
		next, err := a.OpenCall(t.Context(), call("z", "89211234567"))
		must(t, err)
		if got := read(onB); got != "3 joined@b, 5 opened@a" {
			t.Errorf("the gap does not show on b: %s", got)
		}
		if got := read(onA); got != "1 opened@a, 2 accepted@a, 3 joined@b, 4 stage_moved@a, 5 opened@a" {
			t.Errorf("a sees %s", got)
		}
		if again, err := b.OpenCall(t.Context(), call("w", "89211234567")); err != nil || again.Ref != next.Ref {
			t.Errorf("b joined %+v, %v", again, err)
		}
		b.Feed().Hear(nil)
		_, err = b.OpenCall(t.Context(), call("v", "89211234567"))
		must(t, err)
		if got := read(onB); got != "6 joined@b, 8 joined@b" {
			t.Errorf("what may have been missed does not show: %s", got)
		}
	})
}

// What another node has done to a ticket is known as soon as its event is here.
func TestEventsOfOthersAreFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, _ := join(t, s, "a", nil)
		b, _ := join(t, s, "b", nil)
		link(t, a, b)
		o, err := a.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		_, err = b.OpenCall(t.Context(), call("y", "89211234567")) // b has a copy now
		must(t, err)
		must(t, a.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "x", Person: "boris", At: time.Now()}))
		synctest.Wait()
		if again, err := b.OpenCall(t.Context(), call("z", "89211234567")); err != nil || again.Acknowledged != "boris" {
			t.Errorf("b does not know who has the ticket: %+v, %v", again, err)
		}
		if b.KnownCaller("+74950000000") {
			t.Error("a stranger is known")
		}
		_, err = a.OpenCall(t.Context(), call("w", "+74950000000"))
		must(t, err)
		synctest.Wait()
		if !b.KnownCaller("+74950000000") {
			t.Error("b does not know the caller of a ticket that a has opened")
		}
	})
}

// A node that starts anew counts anew, and a message that comes twice counts once.
func TestFeedHearsOnce(t *testing.T) {
	t.Parallel()
	f := dispatch.NewFeed("b")
	s := f.Subscribe(16)
	hear := func(run string, nth uint64) {
		f.Inject(dispatch.FeedEvent{Node: "a", Run: run, Nth: nth, Kind: fmt.Sprint(run, nth)})
	}
	hear("r", 7)
	hear("r", 8)
	hear("r", 8)
	hear("r", 7)
	hear("q", 1)
	hear("q", 3)
	f.Inject(dispatch.FeedEvent{Node: "b", Run: "own", Nth: 1})
	var got []string
	for range 4 {
		e := <-s.Events()
		got = append(got, fmt.Sprintf("%d %s", e.Seq, e.Kind))
	}
	s.Close()
	if e, more := <-s.Events(); more {
		t.Errorf("more: %+v", e)
	}
	if all := strings.Join(got, ", "); all != "2 r7, 3 r8, 5 q1, 7 q3" {
		t.Error(all)
	}
}
