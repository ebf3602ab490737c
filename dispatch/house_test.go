package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
)

// phones is a notifier whose people behave as told. It notes each page.
type phones struct {
	start time.Time
	twice bool // each page tries two devices, and names both tries alike

	mu      sync.Mutex
	answers map[string][]answer // guarded by mu; by person, the last one repeats
	log     []string            // guarded by mu
	rung    []string            // guarded by mu; recalls of clients, answered as "client" does
	cut     []string            // guarded by mu; whose page was withdrawn while it was under way
	seen    []dispatch.Notice   // guarded by mu; the pages as they came

	seenTimes []time.Time // guarded by mu; when
}

type answer struct {
	after  time.Duration
	result dispatch.Result
	err    error
}

func (p *phones) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	if n.Kind == dispatch.NoticeRecall {
		return p.recall(ctx, n)
	}
	p.mu.Lock()
	p.seen = append(p.seen, n)
	p.seenTimes = append(p.seenTimes, time.Now())
	p.log = append(p.log, fmt.Sprintf("%s %s", time.Since(p.start).Round(time.Second), n.Person.ID))
	list := p.answers[n.Person.ID]
	a := answer{20 * time.Second, dispatch.ResultNoAnswer, nil}
	if len(list) > 0 {
		a = list[0]
	}
	if len(list) > 1 {
		p.answers[n.Person.ID] = list[1:]
	}
	p.mu.Unlock()
	if p.twice {
		n.Report(dispatch.Attempt{ID: "same", Person: n.Person.ID, Device: n.Devices[0], Outcome: dispatch.AttemptBusy, At: time.Now()})
	}
	n.Report(dispatch.Attempt{ID: "same", Person: n.Person.ID, Device: n.Devices[0], Outcome: dispatch.AttemptOutcome(a.result), At: time.Now(), Took: a.after})
	select {
	case <-time.After(a.after):
		return a.result, a.err
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.cut = append(p.cut, n.Person.ID)
		return dispatch.ResultFailed, context.Cause(ctx)
	}
}

// recall rings a client: 5 s without an answer, unless told otherwise.
func (p *phones) recall(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	p.mu.Lock()
	p.rung = append(p.rung, fmt.Sprintf("%s %s", time.Since(p.start).Round(time.Second), n.To))
	a := answer{5 * time.Second, dispatch.ResultNoAnswer, errors.New("no answer")}
	if list := p.answers["client"]; len(list) > 0 {
		a, p.answers["client"] = list[0], list[1:]
	}
	p.mu.Unlock()
	select {
	case <-time.After(a.after):
		return a.result, a.err
	case <-ctx.Done():
		return dispatch.ResultFailed, context.Cause(ctx)
	}
}

func (p *phones) recalls() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.rung, ", ")
}

func (p *phones) pages() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, ", ")
}

// notices returns the pages as they came.
func (p *phones) notices() []dispatch.Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// seenAt tells of each page when it came, to whom, and on which device.
func (p *phones) seenAt(began time.Time) (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, n := range p.seen {
		list = append(list, fmt.Sprintf("%v %s %v", p.seenTimes[i].Sub(began).Round(time.Second), n.Person.ID, n.Devices[0].Kind))
	}
	return list
}

// house is a dispatcher with its workers running.
type house struct {
	*dispatch.Dispatcher

	phones *phones
	store  *store.Memory
	stop   func()
}

// open starts a house on a store; inside a synctest bubble.
func open(t *testing.T, s *store.Memory, answers map[string][]answer, change ...func(*dispatch.Deps)) *house {
	t.Helper()
	deps := dispatch.Deps{Store: s, Archive: s, Directory: company(t)}
	for _, f := range change {
		f(&deps)
	}
	d, err := dispatch.New(dispatch.Default(), deps)
	must(t, err)
	p := &phones{start: time.Now(), answers: answers}
	var queue dispatch.Queue = s
	if f, ok := deps.Nodes.(frozen); ok {
		queue = f
	}
	o, err := outbox.New(outbox.Default(), outbox.Deps{
		Source: queue, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: p},
	})
	must(t, err)
	k, err := ticker.New(ticker.Default(), queue, d, nil)
	must(t, err)
	d.SetWaker(dispatch.Workers{Outbox: o, Ticker: k})
	if deps.Nodes == nil {
		must(t, s.ReleaseLeases(t.Context())) // as opening SQLite exclusively does
	}
	must(t, d.Start(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{o.Run, k.Run, d.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	h := &house{Dispatcher: d, phones: p, store: s}
	h.stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(h.stop)
	return h
}

// lose ends a call without a human.
func (h *house) lose(t *testing.T, o dispatch.Opened, call string, how dispatch.CallResult) {
	t.Helper()
	must(t, h.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: call, Result: how, At: time.Now()}))
}

func (h *house) see(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	if got := h.phones.pages(); got != want {
		t.Errorf("pages: %s\nwant:  %s", got, want)
	}
}

func wait(d time.Duration) { <-time.After(d) }
