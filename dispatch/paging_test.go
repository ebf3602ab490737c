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

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// phones is a notifier whose people behave as told. It notes each page.
type phones struct {
	start time.Time

	mu      sync.Mutex
	answers map[string][]answer // guarded by mu; by person, the last one repeats
	log     []string            // guarded by mu
}

type answer struct {
	after  time.Duration
	result dispatch.Result
	err    error
}

func (p *phones) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	p.mu.Lock()
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
	n.Report(dispatch.Attempt{Person: n.Person.ID, Device: n.Devices[0], Outcome: dispatch.AttemptOutcome(a.result), At: time.Now(), Took: a.after})
	select {
	case <-time.After(a.after):
		return a.result, a.err
	case <-ctx.Done():
		return dispatch.ResultFailed, context.Cause(ctx)
	}
}

func (p *phones) pages() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, ", ")
}

// house is a dispatcher with its workers running.
type house struct {
	*dispatch.Dispatcher

	phones *phones
	store  *store.Memory
	stop   func()
}

// open starts a house on a store; inside a synctest bubble.
func open(t *testing.T, s *store.Memory, answers map[string][]answer) *house {
	t.Helper()
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Archive: s, Directory: company(t)})
	must(t, err)
	p := &phones{start: time.Now(), answers: answers}
	o, err := outbox.New(outbox.Default(), outbox.Deps{
		Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: p},
	})
	must(t, err)
	k, err := ticker.New(ticker.Default(), s, d, nil)
	must(t, err)
	d.SetWaker(dispatch.Workers{Outbox: o, Ticker: k})
	must(t, s.ReleaseLeases(t.Context()))
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

func TestPagingUntilAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{3 * time.Second, dispatch.ResultBusy, nil}, {9 * time.Second, dispatch.ResultAcknowledged, nil}},
			"boris": {{12 * time.Second, dispatch.ResultNoAck, nil}},
		})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(30 * time.Second)
		h.see(t, "")
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(10 * time.Minute)
		// anna busy for 3 s, boris' mailbox 12 s, the chief does not answer for
		// 20 s, a minute's pause, anna presses 1.
		h.see(t, "30s anna, 33s boris, 45s static, 2m5s anna")
		tk, err := h.Ticket(t.Context(), o.Number)
		must(t, err)
		if tk.Acknowledged.By != "anna" || tk.Acknowledged.How != "voice_page" || tk.PageReason != "abandoned" {
			t.Errorf("ticket %+v", tk)
		}
		if c, _ := h.store.Load(t.Context(), o.ID); len(c.Timers) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
	})
}

func TestPagingGoesOnAfterRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.stop() // while the call hunts
		wait(time.Minute)
		h = open(t, s, map[string][]answer{"anna": {{time.Hour, "", nil}}})
		wait(time.Second)
		h.see(t, "0s anna")
		h.stop() // while anna is being paged
		h = open(t, s, map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Minute)
		h.see(t, "0s anna")
		tk, err := h.Ticket(t.Context(), o.ID)
		must(t, err)
		if tk.Acknowledged.By != "anna" || tk.PageReason != "broken" {
			t.Errorf("ticket %+v", tk)
		}
		rec, err := h.Call(t.Context(), "a")
		must(t, err)
		if rec.Result != dispatch.CallBroken {
			t.Errorf("call %+v", rec)
		}
	})
}

func TestNobodyIsPagedForWhatIsTaken(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*testing.T, *house, dispatch.Ref) error{
		"acknowledged": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.Acknowledge(t.Context(), r, "vera", "cli", time.Now())
		},
		"closed": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.Close(t.Context(), r, dispatch.Author{Person: "vera"}, "false alarm")
		},
		"accepted on a second call": func(t *testing.T, h *house, r dispatch.Ref) error {
			t.Helper()
			return h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: r, Call: "b", Person: "vera", At: time.Now()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, store.NewMemory(), map[string][]answer{"anna": {{time.Hour, dispatch.ResultAcknowledged, nil}}})
				o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
				must(t, err)
				h.lose(t, o, "a", dispatch.CallExhausted)
				wait(10 * time.Second)
				must(t, take(t, h, o.Ref)) // anna's telephone stops ringing
				wait(time.Hour)
				h.see(t, "0s anna")
				log, err := h.Events(t.Context(), o.Ref)
				must(t, err)
				for _, e := range log {
					if a, ok := e.Body.(ticket.Attempted); ok && a.Outcome == "acknowledged" {
						t.Error("a withdrawn page acknowledged")
					}
				}
			})
		})
	}
}

// While a call hunts, its ladder is the page; forgotten altogether, the guard
// pages.
func TestHuntingCallIsThePage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		first, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		wait(time.Minute)
		_, err = h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		h.lose(t, first, "a", dispatch.CallAbandoned)
		wait(10 * time.Minute) // b hunts on
		h.see(t, "")
		h.lose(t, first, "b", dispatch.CallExhausted)
		wait(time.Second)
		h.see(t, "11m0s anna")
	})
}

func TestPanicsAndFailuresDoNotStopPaging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{time.Second, "", errors.New("no trunk")}},
			"boris": {{time.Second, dispatch.ResultEscalate, nil}},
		})
		o, err := h.OpenCall(t.Context(), call("a", "anonymous"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(30 * time.Second)
		h.see(t, "0s anna, 1s boris, 2s static")
	})
}

// The store refuses while a key is pressed: the key is not forgotten.
func TestAcknowledgementSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {{10 * time.Second, dispatch.ResultAcknowledged, nil}}})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(5 * time.Second)
		h.store.Fail(errors.New("disk full"))
		wait(time.Minute)
		h.store.Fail(nil)
		wait(time.Minute)
		h.see(t, "0s anna")
		if tk, _ := h.Ticket(t.Context(), o.ID); tk.Acknowledged.By != "anna" {
			t.Errorf("ticket %+v", tk)
		}
	})
}

func TestNobodyToPageIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil)
		src := source()
		src.Roster.Static = nil
		for i := range src.Roster.People {
			src.Roster.People[i].Disabled = true
		}
		empty, err := dispatch.NewSnapshot(src)
		must(t, err)
		h.Directory().Replace(empty)
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallExhausted)
		wait(time.Second)
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		if !slices.ContainsFunc(log, func(e ticket.Event) bool { return e.Body == ticket.PageRaised{Reason: "nobody_to_page"} }) {
			t.Errorf("log %+v", log)
		}
		full, err := dispatch.NewSnapshot(source())
		must(t, err)
		h.Directory().Replace(full)
		wait(2 * time.Minute)
		if h.phones.pages() == "" {
			t.Error("nobody was paged after the roster was mended")
		}
	})
}

// Vector 13: timers that fell due while the process was down fire once at the
// start, marked late.
func TestLateTimersFireOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultNoAnswer, nil}}, "boris": {{time.Second, dispatch.ResultNoAnswer, nil}}, "static": {{time.Second, dispatch.ResultNoAnswer, nil}}})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(10 * time.Second) // the round is over, the pause runs
		h.see(t, "0s anna, 1s boris, 2s static")
		h.stop()
		wait(time.Hour)
		h = open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Hour)
		h.see(t, "0s anna")
	})
}

// TestModel drives the dispatcher with random calls, restarts, outages and
// desk work, and holds the promises after every step: one ticket per contact,
// and a page timer exactly for what still needs a page.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := store.NewMemory()
		d := dispatcher(t, s, nil)
		seen := map[string]dispatch.Ref{}
		open := map[string]string{} // caller → ticket
		step := func(err error) {
			if err != nil {
				if _, illegal := errors.AsType[*ticket.IllegalError](err); !illegal {
					rt.Fatal(err)
				}
			}
		}
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			key, who := rapid.StringMatching(`[a-f]`).Draw(rt, "call"), rapid.IntRange(1, 3).Draw(rt, "caller")
			key += fmt.Sprint(who) // a Call-ID belongs to one caller
			ref, known := seen[key]
			caller := fmt.Sprintf("+7495000000%d", who)
			switch op := rapid.IntRange(0, 6).Draw(rt, "op"); {
			case op <= 1:
				o, err := d.OpenCall(t.Context(), call(key, caller))
				step(err)
				if known && o.Ref != ref {
					rt.Fatalf("signal %s became %v and %v", key, ref, o.Ref)
				}
				if was := open[caller]; !known && was != "" && o.ID != was {
					rt.Fatalf("caller %s has %s open and got %s", caller, was, o.ID)
				}
				seen[key] = o.Ref
				if !known {
					open[caller] = o.ID
				}
			case op == 2 && known:
				step(d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: ref, Call: key, Person: "anna", At: time.Now()}))
			case op == 3 && known:
				how := rapid.SampledFrom([]dispatch.CallResult{dispatch.CallServed, dispatch.CallAbandoned, dispatch.CallExhausted}).Draw(rt, "how")
				step(d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: key, Result: how, At: time.Now()}))
			case op == 4 && known:
				step(d.Acknowledge(t.Context(), ref, "vera", "cli", time.Now()))
			case op == 5 && known:
				step(d.Close(t.Context(), ref, dispatch.Author{Person: "vera"}, ""))
				for c, id := range open {
					if id == ref.ID {
						delete(open, c)
					}
				}
			case op == 6:
				d = dispatcher(t, s, nil) // killed and started again
			}
			all, err := s.Tickets(t.Context(), dispatch.TicketFilter{Limit: 1000})
			step(err)
			for _, tk := range all {
				c, err := s.Load(t.Context(), tk.ID)
				step(err)
				if tk.NeedsPage() != (len(c.Timers) == 1) {
					rt.Fatalf("after step %d ticket %s needs a page: %v, timers %v", i, tk.Number, tk.NeedsPage(), c.Timers)
				}
				n := dispatch.Notice{Kind: dispatch.NoticePage, Ref: dispatch.Ref{ID: tk.ID}}
				if _, yes := d.PageStillNeeded(t.Context(), n); yes && !tk.NeedsPage() {
					rt.Fatalf("ticket %s would be paged", tk.Number)
				}
				log, err := s.Events(t.Context(), tk.ID)
				step(err)
				if folded, err := ticket.Fold(log); err != nil || folded.Stage != tk.Stage || folded.Version != tk.Version {
					rt.Fatalf("log and ticket differ: %+v %+v %v", folded, tk, err)
				}
			}
		}
	})
}

func TestPlan(t *testing.T) {
	t.Parallel()
	src := source()
	var zone oncall.Zone
	must(t, zone.UnmarshalText([]byte("Europe/Moscow")))
	src.Roster.Schedules = []oncall.Schedule{{ID: "rota", Zone: zone, Tracks: []oncall.Track{{ID: "primary", Layers: []oncall.Layer{{
		ID: "always", Members: []oncall.Member{{"vera"}}, From: oncall.NewCivil(2020, 1, 1, 0, 0, 0),
	}}}}}}
	src.Lines = append(src.Lines, dispatch.Line{ID: "rota", DIDs: []string{"555"}, Schedule: "rota", RingTime: 7 * time.Second})
	snap, err := dispatch.NewSnapshot(src)
	if err != nil {
		t.Fatal(err)
	}
	s := store.NewMemory()
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Directory: dispatch.NewDirectory(snap)})
	must(t, err)
	for line, want := range map[string]string{
		"main":    "ru 15s 20s 3: [anna]20s [boris]20s +chief",
		"english": "en 15s 20s 3: [vera anna]20s parallel +chief",
		"rota":    "ru 15s 20s 3: [vera]7s [anna boris]7s +chief",
	} {
		p, err := d.Plan(line, dispatch.Ref{}, time.Now())
		must(t, err)
		got := fmt.Sprintf("%s %v %v %d:", p.Line.Language, p.AnswerAfter, p.ProgressEvery, p.Rounds)
		for _, r := range p.Rungs {
			var ids []string
			for _, c := range r.Duties {
				ids = append(ids, c.Person.ID)
			}
			got += fmt.Sprintf(" %v%v", ids, r.RingTime)
			if r.Parallel {
				got += " parallel"
			}
		}
		for _, n := range p.Static {
			got += " +" + n.Name
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if _, err := d.Plan("nowhere", dispatch.Ref{}, time.Now()); err == nil {
		t.Error("plan for an unknown line")
	}
}
