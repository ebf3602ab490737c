package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record is a store with everything the tests look at.
type record interface {
	dispatch.Store
	dispatch.Archive
	dispatch.Queue
}

func person(id string) oncall.Person {
	return oncall.Person{ID: id, Name: id, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:" + id + "@127.0.0.1"}}}
}

// company is a line with a ladder of two, a client and a static number.
func company(tb testing.TB) *dispatch.Directory {
	tb.Helper()
	s, err := dispatch.NewSnapshot(source())
	if err != nil {
		tb.Fatal(err)
	}
	return dispatch.NewDirectory(s)
}

// paging leaves out the timers that watch the clocks of a ticket.
func paging(timers []dispatch.Timer) []dispatch.Timer {
	return slices.DeleteFunc(slices.Clone(timers), func(t dispatch.Timer) bool { return t.Kind == dispatch.TimerClock })
}

// quiet is a promise so far away that its clock pages nobody in a test of paging.
const quiet = 1000 * time.Hour

func source() dispatch.Source {
	return dispatch.Source{
		Roster: oncall.Roster{
			People: []oncall.Person{person("anna"), person("boris"), person("vera")},
			Static: []oncall.StaticNumber{{Name: "chief", Number: "+78120000000"}},
		},
		Lines: []dispatch.Line{
			{ID: "main", DIDs: []string{"8 812 333-00-00"}, Ladder: []dispatch.LadderRung{{People: []string{"anna"}}, {People: []string{"boris"}}}},
			{ID: "english", DIDs: []string{"hotline-en"}, Language: "en", Ladder: []dispatch.LadderRung{{People: []string{"vera", "anna"}, Parallel: true}}},
		},
		Clients: []client.Organisation{{
			ID: "romashka", Name: "ООО «Ромашка»", Spoken: "Ромашка",
			Contacts: []client.Contact{{ID: "ivan", Name: "Иван", Numbers: []string{"89211234567", "89217654321"}}},
			Contract: client.Contract{FirstContact: 10 * time.Minute, Plan: quiet, NextUpdate: quiet, Stabilisation: quiet},
		}},
		Policy:    escalation.Policy{Steps: []escalation.Rung{{Targets: []string{escalation.Chain}}}}, // one after another
		Numbering: client.Default(),
	}
}

func dispatcher(tb testing.TB, s record, change func(*dispatch.Config, *dispatch.Deps)) *dispatch.Dispatcher {
	tb.Helper()
	cfg := dispatch.Default()
	cfg.CommitBudget = 10 * time.Second // the machine is shared with other tests
	deps := dispatch.Deps{Store: s, Archive: s, Directory: company(tb)}
	if change != nil {
		change(&cfg, &deps)
	}
	d, err := dispatch.New(cfg, deps)
	if err != nil {
		tb.Fatal(err)
	}
	must(tb, d.Start(tb.Context()))
	return d
}

func sqlite(tb testing.TB) *store.SQL {
	tb.Helper()
	cfg := store.Default()
	cfg.Path = filepath.Join(tb.TempDir(), "vahta.db")
	s, err := store.Open(tb.Context(), cfg, store.Deps{})
	must(tb, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func call(key, caller string) dispatch.Signal {
	return dispatch.Signal{
		Channel: dispatch.ChannelCall, Key: key, At: time.Now(),
		Call: &dispatch.CallSignal{DID: "+78123330000", Caller: caller, Trunk: "mts"},
	}
}

func TestOpenCall(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	d := dispatcher(t, s, nil)
	first, err := d.OpenCall(t.Context(), call("a", "sip:89211234567@trunk"))
	must(t, err)
	if first.Joined || first.Client == nil || first.Client.Contact != "ivan" || first.Caller != "+79211234567" || first.OpenedAt.IsZero() {
		t.Fatalf("opened %+v", first)
	}
	if n, err := ticket.ParseNumber(first.Number); err != nil || n.Year != time.Now().Year()%100 {
		t.Errorf("number %s: %v", first.Number, err)
	}
	again, err := d.OpenCall(t.Context(), call("a", "sip:89211234567@trunk"))
	must(t, err)
	if again.Ref != first.Ref || again.Joined || !again.Repeated {
		t.Errorf("the same signal: %+v", again)
	}
	second, err := d.OpenCall(t.Context(), call("b", "+7 921 765-43-21"))
	must(t, err)
	if second.Ref != first.Ref || !second.Joined {
		t.Errorf("the same person from another telephone: %+v", second)
	}
	other, err := d.OpenCall(t.Context(), call("c", "+74950000000"))
	must(t, err)
	if other.Ref == first.Ref || other.Client != nil {
		t.Errorf("a stranger: %+v", other)
	}
	x, err := d.OpenCall(t.Context(), call("d", "anonymous"))
	must(t, err)
	y, err := d.OpenCall(t.Context(), call("e", "anonymous"))
	must(t, err)
	if x.Ref == y.Ref {
		t.Error("two callers without a number share a ticket")
	}
	must(t, d.CloseUnreported(t.Context(), first.Ref, dispatch.Author{Person: "anna"}, "", "проверка"))
	fresh, err := d.OpenCall(t.Context(), call("f", "89211234567"))
	must(t, err)
	if fresh.Joined {
		t.Error("a call joined a closed ticket")
	}
	tk, err := d.Ticket(t.Context(), first.Number)
	must(t, err)
	if tk.Stage != ticket.Closed || tk.Limit != 10*time.Minute || tk.Priority != ticket.Critical {
		t.Errorf("ticket %+v", tk)
	}
}

// Fifty retransmissions at once, on each store: one ticket, one answer.
func TestOpenCallOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() record{
		"memory": func() record { return store.NewMemory() },
		"sqlite": func() record { return sqlite(t) },
	} {
		s := open()
		d := dispatcher(t, s, nil)
		for what, key := range map[string]func(i int) string{
			"one signal": func(int) string { return "same" },
			"one caller": func(i int) string { return fmt.Sprintf("call-%d", i) },
		} {
			var wg sync.WaitGroup
			refs := make([]dispatch.Ref, 50)
			for i := range refs {
				wg.Go(func() {
					o, err := d.OpenCall(t.Context(), call(key(i), "+7495"+fmt.Sprint(len(what))+"000001"[:5]))
					if err != nil {
						t.Errorf("%s, %s: %v", name, what, err)
					}
					refs[i] = o.Ref
				})
			}
			wg.Wait()
			for _, r := range refs {
				if r != refs[0] {
					t.Fatalf("%s, %s: tickets %v and %v", name, what, r, refs[0])
				}
			}
		}
	}
}

func TestReceiveThenIntake(t *testing.T) {
	t.Parallel()
	d := dispatcher(t, store.NewMemory(), nil)
	sig := call("a", "89211234567")
	id, err := d.Receive(t.Context(), sig)
	must(t, err)
	if _, err := d.Receive(t.Context(), sig); err != nil {
		t.Errorf("received twice: %v", err)
	}
	one, err := d.Intake(t.Context(), id)
	must(t, err)
	two, err := d.Intake(t.Context(), id)
	must(t, err)
	if one.Ref != two.Ref || !two.Repeated {
		t.Errorf("intake twice: %+v %+v", one, two)
	}
	if _, err := d.Intake(t.Context(), dispatch.SignalID{Channel: "call", Key: "none"}); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("unknown signal: %v", err)
	}
}

// Another body under a used key of a program or a command is no repeat; of a
// message it is the same one in a new envelope.
func TestAnotherBodyUnderAUsedKey(t *testing.T) {
	t.Parallel()
	d := dispatcher(t, store.NewMemory(), nil)
	for ch, refused := range map[dispatch.Channel]bool{dispatch.ChannelAPI: true, dispatch.ChannelCLI: true, dispatch.ChannelEmail: false} {
		for i, body := range []string{"one", "one", "two", "one"} {
			_, err := d.Receive(t.Context(), dispatch.Signal{Channel: ch, Key: "k", At: time.Now(), Raw: []byte(body)})
			if got, want := errors.Is(err, dispatch.ErrKeyUsed), refused && body == "two"; got != want || err != nil && !want {
				t.Errorf("%s, signal %d: %v", ch, i, err)
			}
		}
	}
}

func TestRecordCall(t *testing.T) {
	t.Parallel()
	s := sqlite(t)
	d := dispatcher(t, s, nil)
	sub := d.Feed().Subscribe(32)
	defer sub.Close()
	sig := call("a", "89211234567")
	o, err := d.OpenCall(t.Context(), sig)
	must(t, err)
	silent := dispatch.Attempt{Ref: o.Ref, ID: "1", Call: "a", Person: "anna", Kind: dispatch.AttemptCall, Outcome: dispatch.AttemptSilent, At: sig.At}
	for range 2 { // a repeat is one attempt
		must(t, d.RecordAttempt(t.Context(), silent))
	}
	accepted := dispatch.Accepted{Ref: o.Ref, Call: "a", Person: "boris", At: sig.At.Add(19 * time.Second), T0: sig.At}
	for range 2 {
		must(t, d.RecordAccepted(t.Context(), accepted))
	}
	end := dispatch.Outcome{
		Ref: o.Ref, Call: "a", Result: dispatch.CallServed, At: sig.At.Add(time.Minute),
		Detail: dispatch.CallDetail{AcceptedBy: "boris", Talk: 40 * time.Second, Recording: dispatch.Recording{Path: "a.wav"}},
	}
	for range 2 {
		must(t, d.RecordOutcome(t.Context(), end))
	}
	log, err := d.Events(t.Context(), o.Ref)
	must(t, err)
	var kinds []ticket.Kind
	for _, e := range log {
		kinds = append(kinds, e.Body.Kind())
	}
	if fmt.Sprint(kinds) != "[opened attempted accepted call_ended timed]" {
		t.Errorf("log %v", kinds)
	}
	must(t, s.Verify(t.Context(), o.ID))
	if k1 := ticket.FirstContact(log, time.Now().Add(time.Hour)); k1.Seconds() != 19 {
		t.Errorf("first contact %+v", k1)
	}
	if c, err := s.Load(t.Context(), o.ID); err != nil || len(paging(c.Timers)) != 0 || c.Ticket.Stage != ticket.Triage {
		t.Errorf("case %+v %v", c, err)
	}
	rec, err := d.Call(t.Context(), "a")
	must(t, err)
	if rec.Result != dispatch.CallServed || rec.AcceptedBy != "boris" || rec.Detail.Talk != 40*time.Second || rec.Trunk != "mts" || rec.Ref != o.Ref {
		t.Errorf("call %+v", rec)
	}
	for _, want := range []string{"opened", "attempted", "accepted", "call_ended"} {
		if e := <-sub.Events(); e.Kind != want || e.Ref != o.Ref {
			t.Errorf("feed %+v, want %s", e, want)
		}
	}
}

// The store is down: the verb says so within its budget and nothing is half done.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	d := dispatcher(t, s, nil)
	down := errors.New("disk full")
	s.Fail(down)
	if _, err := d.OpenCall(t.Context(), call("a", "89211234567")); !errors.Is(err, down) {
		t.Errorf("error %v", err)
	}
	if p, err := d.Plan("main", dispatch.Ref{}, time.Now()); err != nil || len(p.Rungs) != 2 {
		t.Errorf("plan without a store: %+v %v", p, err)
	}
	s.Fail(nil)
	o, err := d.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	if o.Joined || o.Repeated {
		t.Errorf("%+v", o)
	}
}

// Another process (the command line) changes a ticket under the dispatcher.
func TestChangedElsewhere(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	serve, cli := dispatcher(t, s, nil), dispatcher(t, s, nil)
	o, err := serve.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	must(t, cli.Acknowledge(t.Context(), o.Ref, "vera", "cli", time.Now()))
	err = serve.Acknowledge(t.Context(), o.Ref, "anna", "cli", time.Now())
	if _, ok := errors.AsType[*ticket.IllegalError](err); !ok {
		t.Errorf("acknowledged twice: %v", err)
	}
	must(t, cli.CloseUnreported(t.Context(), o.Ref, dispatch.Author{Person: "vera"}, "done", "проверка"))
	next, err := serve.OpenCall(t.Context(), call("b", "89211234567"))
	must(t, err)
	if next.Joined {
		t.Error("joined a ticket that was closed elsewhere")
	}
	other, err := cli.OpenCall(t.Context(), call("c", "89211234567"))
	must(t, err)
	if other.Ref != next.Ref {
		t.Error("two nodes opened two tickets for one caller")
	}
}

// A clean stop leaves no gap in the ticket numbers.
func TestNumbersGoOnAfterAStop(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	var last uint32
	for i := range 3 {
		d := dispatcher(t, s, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		o, err := d.OpenCall(t.Context(), call(fmt.Sprint(i), fmt.Sprintf("+7495000000%d", i)))
		must(t, err)
		stop()
		must(t, <-ended)
		n, err := ticket.ParseNumber(o.Number)
		must(t, err)
		if last > 0 && n.Seq != last+1 {
			t.Errorf("number %d after %d", n.Seq, last)
		}
		last = n.Seq
	}
	if _, err := dispatcher(t, s, nil).OpenCall(t.Context(), call("x", "anonymous")); err != nil {
		t.Error(err)
	}
}

// Who has the ticket may take it again; anybody else is told who has it.
func TestTakenTwice(t *testing.T) {
	t.Parallel()
	d := dispatcher(t, store.NewMemory(), nil)
	o, err := d.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	at := time.Date(2026, 1, 5, 18, 2, 0, 0, time.UTC) // 21:02 in Moscow
	for range 2 {
		must(t, d.Acknowledge(t.Context(), o.Ref, "boris", "cli", at))
	}
	log, err := d.Events(t.Context(), o.Ref)
	must(t, err)
	if len(log) != 2 {
		t.Errorf("%d lines, want opened and acknowledged", len(log))
	}
	err = d.Acknowledge(t.Context(), o.Ref, "anna", "cli", at)
	if err == nil || err.Error() != "ticket "+o.Number+": already taken by boris at 21:02" {
		t.Errorf("another one: %v", err)
	}
	must(t, d.CloseUnreported(t.Context(), o.Ref, dispatch.Author{Person: "boris"}, "", "проверка"))
	if err := d.Acknowledge(t.Context(), o.Ref, "boris", "cli", at); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed ticket: %v", err)
	}
}

func TestCallBackAllowed(t *testing.T) {
	t.Parallel()
	d := dispatcher(t, store.NewMemory(), func(c *dispatch.Config, _ *dispatch.Deps) { c.CallBack.Prefixes = []string{"+7812"} })
	for n, want := range map[client.Number]client.Refusal{
		"+79211234567": client.NoRefusal, "+78125550000": client.NoRefusal, "+78091234567": client.RefusedPremium,
		"+442079460958": client.RefusedForeign, "": client.RefusedUnknown,
	} {
		if got := d.CallBackAllowed(n); got != want {
			t.Errorf("%s: %q, want %q", n, got, want)
		}
	}
}

func TestFeedNeverWaits(t *testing.T) {
	t.Parallel()
	d := dispatcher(t, store.NewMemory(), nil)
	slow := d.Feed().Subscribe(1)
	defer slow.Close()
	for i := range 5 {
		_, err := d.OpenCall(t.Context(), call(fmt.Sprint(i), fmt.Sprintf("+7495000000%d", i)))
		must(t, err)
	}
	if slow.Lost() != 4 {
		t.Errorf("lost %d of 5 with room for 1", slow.Lost())
	}
	slow.Close()
	slow.Close()
}
