package dispatch_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// bells notes who is paged when, about whose ticket. Nobody answers.
type bells struct {
	mu    sync.Mutex
	rings []ring // guarded by mu
}

type ring struct {
	person, client string
	at             time.Time
}

// Notify implements dispatch.Notifier.
func (b *bells) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	b.mu.Lock()
	b.rings = append(b.rings, ring{n.Person.ID, n.Client, time.Now()})
	b.mu.Unlock()
	select {
	case <-time.After(20 * time.Second):
		return dispatch.ResultNoAnswer, nil
	case <-ctx.Done():
		return dispatch.ResultFailed, context.Cause(ctx)
	}
}

// most returns the most pages that one person got within a span.
func (b *bells) most(span time.Duration) (most int, who string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, first := range b.rings {
		n := 0
		for _, r := range b.rings[i:] {
			if r.person == first.person && r.at.Sub(first.at) < span {
				n++
			}
		}
		if n > most {
			most, who = n, first.person
		}
	}
	return most, who
}

// first returns when somebody was first paged for a client.
func (b *bells) first(client string) (at time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rings, func(r ring) bool { return r.client == client })
	if i < 0 {
		return at, false
	}
	return b.rings[i].at, true
}

// flooded is a dispatcher with its workers and workers of the outbox, on memory.
func flooded(t *testing.T, s *store.Memory, b *bells) (*dispatch.Dispatcher, func()) {
	t.Helper()
	d := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) { deps.Signals = s })
	d.Register(dispatch.ChannelMonitor, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	d.Register(dispatch.ChannelEmail, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	o, err := outbox.New(outbox.Default(), outbox.Deps{Source: s, Sends: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: b}})
	must(t, err)
	k, err := ticker.New(ticker.Default(), s, d, nil)
	must(t, err)
	d.SetWaker(dispatch.Workers{Outbox: o, Ticker: k})
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{o.Run, k.Run, d.Run} {
		all.Go(func() { must(t, run(ctx)) })
	}
	return d, func() { stop(); all.Wait() }
}

// A flood of alarms within a minute, of one source or of fifty: what is
// acknowledged is stored and has a ticket, the tickets are few, nobody is paged
// more often than people bear, and another client's emergency is paged at once.
// With VAHTA_PROOF set there are 10,000, and paging is watched for a quarter of
// an hour, as `make proof` does.
func TestFlood(t *testing.T) {
	t.Parallel()
	signals, watched := 1000, 2*time.Minute
	if os.Getenv("VAHTA_PROOF") != "" {
		signals, watched = 10_000, 15*time.Minute
	}
	for name, sources := range map[string]int{"of one source": 1, "of fifty sources": 50} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { flood(t, signals, sources, watched) })
		})
	}
}

func flood(t *testing.T, signals, sources int, watched time.Duration) {
	t.Helper()
	s, b := store.NewMemory(), &bells{}
	d, stop := flooded(t, s, b)
	start := time.Now()
	var asked time.Time
	for n := range signals {
		m := dispatch.MessageSignal{
			From: from("monitor", fmt.Sprintf("source-%d", n%sources)), Machine: true, Text: "host is down",
			DedupKey: fmt.Sprintf("trigger-%d", n), Priority: ticket.Critical,
		}
		_, err := d.Receive(t.Context(), dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: fmt.Sprint("n", n), At: time.Now(), Message: &m})
		must(t, err)
		if n == signals/2 {
			other := dispatch.MessageSignal{From: from("call", "89211234567"), Text: "ransomware", Category: ticket.Security}
			asked = time.Now()
			_, err := d.Receive(t.Context(), dispatch.Signal{Channel: dispatch.ChannelEmail, Key: "romashka", At: asked, Message: &other})
			must(t, err)
		}
		time.Sleep(time.Minute / time.Duration(signals))
	}
	time.Sleep(time.Until(start.Add(watched)))
	synctest.Wait()

	waiting, err := s.ListSignals(t.Context(), dispatch.SignalFilter{State: dispatch.SignalTaken, Limit: 2 * signals})
	must(t, err)
	if len(waiting) != signals+1 {
		t.Errorf("%d signals have a ticket, want %d", len(waiting), signals+1)
	}
	tickets, err := s.Tickets(t.Context(), dispatch.TicketFilter{Limit: signals})
	must(t, err)
	if most := 4*sources + 1; len(tickets) > most {
		t.Errorf("%d tickets, want %d at most", len(tickets), most)
	}
	lines := 0
	for _, tk := range tickets {
		log, err := s.Events(t.Context(), tk.ID)
		must(t, err)
		lines += len(log)
	}
	if lines > signals/2+200*sources {
		t.Errorf("the logs have %d lines", lines)
	}
	if at, ok := b.first("Ромашка"); !ok || at.Sub(asked) > 5*time.Second {
		t.Errorf("the other client's emergency was paged after %v (%v)", at.Sub(asked), ok)
	}
	if most, who := b.most(15 * time.Minute); most > 5 {
		t.Errorf("%s was paged %d times within a quarter of an hour", who, most)
	}
	stop()
}
