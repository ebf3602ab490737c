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
	"github.com/butlerspb/vahta/dispatch/client"
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
func flooded(t *testing.T, s *store.Memory, b *bells, company dispatch.Source) (*dispatch.Dispatcher, func()) {
	t.Helper()
	known, err := dispatch.NewSnapshot(company)
	must(t, err)
	d := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) {
		deps.Signals, deps.Directory = s, dispatch.NewDirectory(known)
	})
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
	for name, c := range map[string]struct {
		sources int
		known   bool
	}{"of one source": {1, false}, "of fifty sources": {50, false}, "of one client": {1, true}, "of fifty clients": {50, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { flood(t, signals, c.sources, c.known, watched) })
		})
	}
}

// watchedClient is a client with a contract whose monitoring may raise the alarm.
func watchedClient(n int) client.Organisation {
	return client.Organisation{
		ID: fmt.Sprintf("client-%d", n), Name: fmt.Sprintf("Client %d", n),
		Contract: client.Contract{FirstContact: 10 * time.Minute, Plan: quiet, NextUpdate: quiet, Stabilisation: quiet},
	}
}

func flood(t *testing.T, signals, sources int, known bool, watched time.Duration) {
	t.Helper()
	s, b := store.NewMemory(), &bells{}
	company := source()
	for n := range sources {
		company.Clients = append(company.Clients, watchedClient(n))
	}
	d, stop := flooded(t, s, b, company)
	start := time.Now()
	var asked time.Time
	for n := range signals {
		m := dispatch.MessageSignal{
			From: from("monitor", fmt.Sprintf("source-%d", n%sources)), Machine: true, Text: "host is down",
			DedupKey: fmt.Sprintf("trigger-%d", n), Priority: ticket.Critical,
		}
		if known {
			m.Org = fmt.Sprintf("client-%d", n%sources)
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

// A storm outlives the process that has counted it, and is one storm to all
// nodes: the source gets no new tickets.
func TestStormOutlivesARestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		closed bool // the tickets before the storm are done with
		calm   time.Duration
		want   int // tickets at the end
	}{
		"it goes on":                        {false, time.Minute, 4},
		"it goes on though all were closed": {true, time.Minute, 5}, // the storm's own ticket is closed, too: there is one more
		"it went on for long":               {false, 0, 4},
		"it has calmed down":                {false, 6 * time.Minute, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { stormTwice(t, c.closed, c.calm, c.want) })
		})
	}
}

func stormTwice(t *testing.T, closed bool, calm time.Duration, want int) {
	t.Helper()
	s := store.NewMemory()
	run := func() *dispatch.Dispatcher {
		d := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) { deps.Signals = s })
		d.Register(dispatch.ChannelMonitor, dispatch.Decoding{Decode: dispatch.DecodeJSON})
		return d
	}
	n := 0
	send := func(d *dispatch.Dispatcher) {
		m := alarm(fmt.Sprint("trigger-", n), ticket.Critical)
		id, err := d.Receive(t.Context(), dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: fmt.Sprint("n", n), At: time.Now(), Message: &m})
		must(t, err)
		_, err = d.Intake(t.Context(), id)
		must(t, err)
		n++
	}
	tickets := func() []ticket.Ticket {
		list, err := s.Tickets(t.Context(), dispatch.TicketFilter{})
		must(t, err)
		return list
	}
	before := run()
	for range 10 {
		send(before)
	}
	if calm == 0 {
		for range 20 { // longer than the window: only the storm's own ticket tells of it
			time.Sleep(time.Minute)
			send(before)
		}
	}
	if closed {
		for _, tk := range tickets() {
			must(t, before.Amend(t.Context(), dispatch.Ref{ID: tk.ID}, dispatch.Author{Person: "anna"}, ticket.Moved{To: ticket.Cancelled, Reason: "a test"}))
		}
	}
	time.Sleep(calm)
	after := run()
	for range 3 {
		send(after)
	}
	if got := len(tickets()); got != want {
		t.Errorf("%d tickets, want %d", got, want)
	}
}
