package dispatch_test

import (
	"context"
	"encoding/json"
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
	"github.com/butlerspb/vahta/oncall"
)

// listener is a receiver of events that refuses the first tries of each.
type listener struct {
	refuse int

	mu    sync.Mutex
	tries map[string]int           // guarded by mu; by notice
	heard []dispatch.CallEventJSON // guarded by mu
}

// Notify implements dispatch.Notifier.
func (l *listener) Notify(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries[n.ID]++
	if l.tries[n.ID] <= l.refuse {
		return dispatch.ResultFailed, errors.New("503")
	}
	var e dispatch.CallEventJSON
	if err := json.Unmarshal(n.Body, &e); err != nil {
		return dispatch.ResultFailed, err
	}
	if e.Call.ID != "" {
		l.heard = append(l.heard, e)
	}
	return dispatch.ResultDelivered, nil
}

// of returns what was heard of a call, in the order of arrival.
func (l *listener) of(call string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, e := range l.heard {
		if e.Call.ID == call {
			c := e.Call
			list = append(list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s>%s %s %s %s %s",
				strings.TrimPrefix(e.Type, "call."), c.Direction, c.Caller, c.Callee, c.Person, c.Device, strings.Join(c.First, ","), c.Result)), " "))
		}
	}
	return strings.Join(list, " | ")
}

// listened is a dispatcher whose events go to the listener.
func listened(t *testing.T, l *listener, more ...dispatch.Subscriber) *dispatch.Dispatcher {
	t.Helper()
	s := store.NewMemory()
	d := dispatcher(t, s, func(c *dispatch.Config, deps *dispatch.Deps) {
		c.EventChannels = append([]dispatch.Subscriber{{Channel: dispatch.ChannelWebhook, To: "desk", Kinds: []string{dispatch.EventCallRing, dispatch.EventCallAnswer, dispatch.EventCallHangup}}}, more...)
		deps.Node = "a"
	})
	cfg := outbox.Default()
	cfg.Jitter = func() float64 { return 0 }
	w, err := outbox.New(cfg, outbox.Deps{Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelWebhook: l}})
	must(t, err)
	d.SetWaker(dispatch.Workers{Outbox: w, Ticker: nobody{}})
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { must(t, w.Run(ctx)) })
	t.Cleanup(func() { stop(); all.Wait() })
	return d
}

type nobody struct{}

func (nobody) Wake() {}

// ofRing is a phone of somebody that rings for a call.
func ofRing(ref dispatch.Ref, call, person string) dispatch.Ring {
	return dispatch.Ring{Ref: ref, ID: call + "/" + person, Call: call, Person: person, Device: oncall.Mobile, Started: time.Now(), At: time.Now()}
}

// What happens to a call is told in its order, however often the receiver
// refuses: the line rings, each phone rings, an engineer answers, it is over.
func TestCallEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuse int
		takes  time.Duration
	}{"a receiver that is well": {0, time.Second}, "one that refuses each twice": {2, 20 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listener{refuse: c.refuse, tries: map[string]int{}}
				d := listened(t, l)
				calls := []string{"x", "y", "z"}
				for i, id := range calls { // each of its own caller; all at once
					o, err := d.OpenCall(t.Context(), call(id, fmt.Sprintf("+7921555000%d", i)))
					must(t, err)
					time.Sleep(time.Millisecond)
					for range 2 { // a repeat is one
						must(t, d.RecordRing(t.Context(), ofRing(o.Ref, id, "anna")))
					}
					time.Sleep(time.Millisecond)
					must(t, d.RecordRing(t.Context(), ofRing(o.Ref, id, "boris")))
					time.Sleep(time.Millisecond)
					must(t, d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: id, Person: "boris", At: time.Now(), Device: oncall.Device{Kind: oncall.Mobile}}))
					time.Sleep(time.Millisecond)
					must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{
						Ref: o.Ref, Call: id, Result: dispatch.CallServed, At: time.Now(), Detail: dispatch.CallDetail{AcceptedBy: "boris", Talk: time.Second},
					}))
				}
				time.Sleep(c.takes)
				for i, id := range calls {
					in := fmt.Sprintf("in +7921555000%d>+78123330000", i)
					want := fmt.Sprintf("ring %[1]s anna | ring %[1]s anna mobile | ring %[1]s boris mobile | answer %[1]s boris mobile | hangup %[1]s boris served", in)
					if got := l.of(id); got != want {
						t.Errorf("heard of %s\n%s\nwant\n%s", id, got, want)
					}
				}
				last := l.heard[slices.IndexFunc(l.heard, func(e dispatch.CallEventJSON) bool { return e.Type == dispatch.EventCallHangup })]
				if last.Call.Node != "a" || last.Call.Talk != time.Second || !last.Call.StartedAt.Before(last.Call.Answered) ||
					!last.Call.Answered.Before(last.Call.Ended) || last.Ticket.Number == "" || last.Call.Trunk != "mts" {
					t.Errorf("%+v", last)
				}
			})
		})
	}
}

// An engineer's own call to the client is one that goes out, in both forms.
func TestCallEventsOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listener{tries: map[string]int{}}
		d := listened(t, l)
		o, err := d.OpenCall(t.Context(), call("x", "+7 921 123-45-67"))
		must(t, err)
		must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallAbandoned, At: time.Now().Add(time.Millisecond)}))
		r := ofRing(o.Ref, "back", "anna")
		r.Out, r.Client = true, "+79211234567"
		must(t, d.RecordRing(t.Context(), r))
		time.Sleep(time.Second)
		r.ID, r.Person, r.At = "back/client", "", time.Now()
		must(t, d.RecordRing(t.Context(), r))
		time.Sleep(time.Second)
		must(t, d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "back", Person: "anna", At: time.Now(), Out: true}))
		time.Sleep(time.Second)
		must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "back", Result: dispatch.CallServed, At: time.Now(), Detail: dispatch.CallDetail{AcceptedBy: "anna", Out: true}}))
		time.Sleep(time.Second)
		if got, want := l.of("x"), "ring in +79211234567>+78123330000 anna | hangup in +79211234567>+78123330000 abandoned"; got != want {
			t.Errorf("heard %s\nwant %s", got, want)
		}
		out := "out +78123330000>+79211234567"
		if got, want := l.of("back"), fmt.Sprintf("ring %[1]s anna mobile | ring %[1]s mobile | answer %[1]s anna | hangup %[1]s anna served", out); got != want {
			t.Errorf("heard %s\nwant %s", got, want)
		}
	})
}
