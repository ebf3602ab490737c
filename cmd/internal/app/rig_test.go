package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/escalation"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// patience bounds a wait for something that must come: more than twice 64*T1, on a busy machine.
const patience = 90 * time.Second

// look is how often a figure is read that nobody announces.
const look = 50 * time.Millisecond

// rig is the whole product in this process, on loopback, with its record in a folder of the test. Several scenarios share
// one rig: each has a hotline, people and a caller of its own (see line).
type rig struct {
	testing.TB
	app    *app.App
	client *phone.Phone // behind the operator: rung for call-backs and mobiles
	feed   *dispatch.Subscription
	events *siptest.Log[dispatch.FeedEvent]
	logs   *siptest.Log[string] // what the app has logged, from WARN up
	stop   func() error         // ends the app and returns what its Run returned

	mu    sync.Mutex
	cfg   config.Config // guarded by mu
	lines int           // guarded by mu
}

// base is the configuration of all rigs: one operator, no lines of use.
func base(tb testing.TB, client *phone.Phone) config.Config {
	tb.Helper()
	c := config.Default()
	c.Escalation.Steps = []escalation.Rung{{Targets: []string{escalation.Chain}}} // one after another, without pauses between
	c.Data, c.HTTP.Listen, c.Drain = tb.TempDir(), "", time.Second
	c.Hotline.Recordings = filepath.Join(c.Data, "recordings")
	c.Vault.Enabled = false // the tests listen to what was recorded
	c.Hotline.KeyPause, c.Hotline.LastPause, c.Hotline.MinRound = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	c.Hotline.ArbiterBudget = 2 * time.Second // the machine is shared with other tests
	c.SIP.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}, {Transport: wire.TCP, Addr: "127.0.0.1:0"}}
	// Many apps at once under the race detector: reading 64 MiB each takes it long, and a commit that is slow because of
	// it is no fault of the database that the journal should stand in for.
	c.Journal.Size, c.Journal.Budget, c.Dispatch.CommitBudget = 8, 5*time.Second, 5*time.Second
	c.Media.Drain, c.Media.Shards = time.Millisecond, 1
	c.Calls.MaxAge = time.Minute             // as is the app itself
	c.Trunks.PhoneProgress = 8 * time.Second // phones on a busy machine, too, have answered by then
	c.Trunks.Operators = []trunk.Operator{{
		Name: "op", Host: "127.0.0.1", Port: int(client.Addr("udp").Port()), Number: "+74957770000", NoOptions: true,
	}}
	c.People = []oncall.Person{{
		ID: "nobody", Name: "Nobody", Disabled: true, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:nobody@127.0.0.1"}},
	}}
	for _, id := range []string{"first", "second"} { // two, so that neither takes all numbers
		c.Lines = append(c.Lines, dispatch.Line{ID: id, DIDs: []string{id}, Ladder: nobody()})
	}
	return c
}

// nobody is a ladder on which nobody stands who may be called.
func nobody() []dispatch.LadderRung { return []dispatch.LadderRung{{People: []string{"nobody"}}} }

func newRig(tb testing.TB, change ...func(*config.Config)) *rig {
	tb.Helper()
	client := startPhone(tb, "client", "udp", phone.Answer{})
	cfg := base(tb, client)
	for _, f := range change {
		f(&cfg)
	}
	return startRig(tb, cfg, client)
}

// startRig runs the app until the end of the test, or until stop.
func startRig(tb testing.TB, cfg config.Config, client *phone.Phone) *rig {
	tb.Helper()
	return startRigIn(tb, cfg, client, func(log *slog.Logger) (*app.App, error) { return app.New(context.Background(), cfg, log) })
}

// startRigIn is startRig with an app that is made in another way.
func startRigIn(tb testing.TB, cfg config.Config, client *phone.Phone, build func(*slog.Logger) (*app.App, error)) *rig {
	tb.Helper()
	r := &rig{TB: tb, cfg: cfg, client: client, events: &siptest.Log[dispatch.FeedEvent]{}, logs: &siptest.Log[string]{}}
	var err error
	r.app, err = build(slog.New(slog.NewTextHandler(logLines{r.logs}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	r.must(err)
	r.feed = r.app.Dispatcher().Feed().Subscribe(1 << 12)
	var running sync.WaitGroup
	running.Go(func() {
		for e := range r.feed.Events() {
			r.events.Add(e)
		}
	})
	ctx, cancel := context.WithCancelCause(context.Background())
	running.Go(func() {
		err = r.app.Run(ctx)
		r.feed.Close()
	})
	r.stop = sync.OnceValue(func() error {
		cancel(errors.New("the test is over"))
		running.Wait()
		return err
	})
	tb.Cleanup(func() {
		if err := r.stop(); err != nil {
			tb.Errorf("the app ended with: %v", err)
		}
		if n := r.feed.Lost(); n > 0 {
			tb.Errorf("the test has not seen %d events: its feed is too short", n)
		}
		r.app, r.feed, r.events, r.logs = nil, nil, nil, nil // testing keeps what a cleanup knows until the package ends
	})
	select {
	case <-r.app.Ready():
	case <-time.After(patience):
		tb.Fatal("the app is not ready")
	}
	return r
}

// logLines keeps each line that a handler writes.
type logLines struct{ lines *siptest.Log[string] }

func (l logLines) Write(b []byte) (int, error) {
	l.lines.Add(strings.TrimSpace(string(b)))
	return len(b), nil
}

// logged waits for a line that holds all of the words.
func (r *rig) logged(words ...string) {
	r.Helper()
	until(r, fmt.Sprintf("the log says %q", words), func() bool {
		return r.logs.Count(func(line string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
		}) > 0
	})
}

// metric is one figure of /metrics, by its name and one label.
func (r *rig) metric(name, label, value string) float64 {
	r.Helper()
	families, err := r.app.Metrics().Gather()
	r.must(err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetName() == label && l.GetValue() == value {
					return m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
	}
	r.Fatalf("there is no metric %s{%s=%q}", name, label, value)
	return 0
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// addr is where the app listens.
func (r *rig) addr(transport string) netip.AddrPort {
	return r.app.Edge().Addr(wire.Transport(transport))
}

func startPhone(tb testing.TB, name, transport string, a phone.Answer) *phone.Phone {
	tb.Helper()
	c := phone.Default()
	c.Name, c.Transport = name, transport
	p, stop, err := phone.Start(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Error(err)
		}
	})
	if err := p.Answer(a); err != nil {
		tb.Fatal(err)
	}
	return p
}

// accepting is an engineer who picks up, presses 1 and talks a tone until the other hangs up.
func accepting() phone.Answer {
	a := phone.Accepting(20*time.Millisecond, "1", 100*time.Millisecond)
	a.Talk.Tone = 700
	return a
}

// line is a hotline of one scenario, with a ladder of its own and a caller whom nobody else is.
type line struct {
	*rig
	testing.TB
	id     string   // also the number that is dialled
	people []string // ids, in the order in which they are rung
	caller string   // the caller's number
}

// line puts a hotline in force that rings these addresses one after another.
func (r *rig) line(tb testing.TB, change func(*dispatch.Line), addresses ...string) *line {
	tb.Helper()
	devices := make([]oncall.Device, len(addresses))
	for i, uri := range addresses {
		devices[i] = oncall.Device{Kind: oncall.Softphone, URI: uri}
	}
	return r.lineOf(tb, change, devices...)
}

func (r *rig) lineOf(tb testing.TB, change func(*dispatch.Line), devices ...oncall.Device) *line {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines++
	l := &line{rig: r, TB: tb, id: fmt.Sprintf("line-%d", r.lines), caller: fmt.Sprintf("+7916%07d", r.lines)}
	dl := dispatch.Line{ID: l.id, DIDs: []string{l.id}, Language: "en", RingTime: 10 * time.Second, AnswerAfter: time.Minute, Rounds: 1}
	for i, d := range devices {
		p := oncall.Person{ID: fmt.Sprintf("%s-%d", l.id, i+1), Name: fmt.Sprintf("Engineer %d", i+1), Devices: []oncall.Device{d}}
		l.people = append(l.people, p.ID)
		r.cfg.People = append(slices.Clip(r.cfg.People), p)
		dl.Ladder = append(dl.Ladder, dispatch.LadderRung{People: []string{p.ID}})
	}
	if change != nil {
		change(&dl)
	}
	r.cfg.Lines = append(slices.Clip(r.cfg.Lines), dl)
	if err := r.reload(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			l.story()
		}
		l.withdraw(dl.ID)
	})
	return l
}

// reload puts the rig's people into the rota, and the rest of its configuration in force; mu is held. Lines that have gone go
// first, and others come last: a line must not name people who are not there.
func (r *rig) reload() error {
	ctx := context.Background()
	view, err := r.app.Rota().View(ctx)
	if err != nil {
		return err
	}
	known := func(l dispatch.Line) bool {
		for _, rung := range l.Ladder {
			for _, id := range rung.People {
				if _, ok := view.Roster.Person(id); !ok {
					return false
				}
			}
		}
		return true
	}
	stay := r.cfg
	stay.Lines = slices.DeleteFunc(slices.Clone(r.cfg.Lines), func(l dispatch.Line) bool { return !known(l) })
	var e edit.Edit
	for i, p := range r.cfg.People {
		if is, ok := view.Roster.Person(p.ID); !ok || !reflect.DeepEqual(is, p) {
			e.Import = append(e.Import, edit.Edit{Person: &r.cfg.People[i]})
		}
	}
	for _, p := range view.Roster.People {
		if !slices.ContainsFunc(r.cfg.People, func(is oncall.Person) bool { return is.ID == p.ID }) {
			e.Import = append(e.Import, edit.Edit{Remove: &edit.Key{Kind: edit.Person, ID: p.ID}})
		}
	}
	if len(e.Import) > 0 {
		if len(stay.Lines) > 0 {
			err = r.app.Reload(ctx, stay)
		}
		if err == nil {
			until(r.TB, "the rota is edited", func() bool { // on a busy machine the record opens late
				_, err = r.app.Rota().Commit(ctx, e, edit.Author{Person: "test", Channel: "cli"}, nil)
				return !errors.Is(err, rota.ErrAway)
			})
		}
		if err != nil {
			return err
		}
	}
	return r.app.Reload(ctx, r.cfg)
}

// withdraw takes the line and its people out again: the ports of their phones will be those of others.
func (l *line) withdraw(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg.Lines = slices.DeleteFunc(slices.Clone(l.cfg.Lines), func(d dispatch.Line) bool { return d.ID == id })
	l.cfg.People = slices.DeleteFunc(slices.Clone(l.cfg.People), func(p oncall.Person) bool { return slices.Contains(l.people, p.ID) })
}

func (l *line) Helper() { l.TB.Helper() }

// uri is the hotline's address.
func (l *line) uri(transport string) string {
	u := fmt.Sprintf("sip:%s@%s", l.id, l.addr(transport))
	if transport != "udp" {
		u += ";transport=" + transport
	}
	return u
}

// dial calls the hotline from a phone of the line's own.
func (l *line) dial(transport string, o phone.Options) *phone.Session {
	l.Helper()
	p := startPhone(l.TB, "caller", transport, phone.Answer{})
	return l.dialFrom(p, l.uri(transport), o)
}

func (l *line) dialFrom(p *phone.Phone, uri string, o phone.Options) *phone.Session {
	l.Helper()
	if o.From == "" {
		o.From = l.caller
	}
	s, err := p.Dial(l.Context(), uri, o)
	if err != nil {
		l.Fatal(err)
	}
	return s
}

// within is the time a test waits for what must come.
func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

func wait(tb testing.TB, s *phone.Session, kind phone.Kind) phone.Event {
	tb.Helper()
	e, err := s.Wait(within(tb), kind)
	if err != nil {
		tb.Fatalf("wait for %s: %v\n%s", kind, err, s.Trace())
	}
	return e
}

// incoming is the nth call that a phone receives, from 1.
func incoming(tb testing.TB, p *phone.Phone, nth int) *phone.Session {
	tb.Helper()
	s, err := p.Incoming(within(tb), nth-1)
	if err != nil {
		tb.Fatalf("call %d of a phone: %v", nth, err)
	}
	return s
}

// until waits for a figure that nobody announces.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	untilWithin(tb, patience, what, ok)
}

func untilWithin(tb testing.TB, limit time.Duration, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for end := time.After(limit); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			tb.Fatalf("after %s still not: %s", limit, what)
		}
	}
}

// event waits until the nth event of that kind is on record on a ticket of the line, from 1. It asks the record: the feed
// is a hint, and says nothing of a commit that was given up waiting for.
func (l *line) event(kind ticket.Kind, nth int) {
	l.Helper()
	until(l, fmt.Sprintf("%s number %d is on record on %s", kind, nth, l.id), func() bool {
		n := 0
		for _, t := range l.tickets() {
			events, err := l.app.Dispatcher().Events(l.Context(), dispatch.Ref{ID: t.ID})
			if err != nil {
				l.Fatal(err)
			}
			for _, e := range events {
				if e.Body.Kind() == kind {
					n++
				}
			}
		}
		return n >= nth
	})
}

// tickets are all tickets of the line.
func (l *line) tickets() []ticket.Ticket {
	l.Helper()
	all, err := l.app.Dispatcher().ListTickets(l.Context(), dispatch.TicketFilter{Limit: 10_000})
	if err != nil {
		l.Fatal(err)
	}
	return slices.DeleteFunc(all, func(t ticket.Ticket) bool { return t.Line != l.id })
}

// record is what is left of a scenario.
type record struct {
	ticket ticket.Ticket
	call   dispatch.CallRecord
	events []ticket.Event
}

// attempts are the tries of the call's ladder as "1 busy": who by his place on the ladder, and the outcome.
func (r record) attempts(page bool) []string {
	var out []string
	for _, e := range r.events {
		if a, ok := e.Body.(ticket.Attempted); ok && a.Page == page {
			out = append(out, a.Person[strings.LastIndexByte(a.Person, '-')+1:]+" "+a.Outcome)
		}
	}
	return out
}

func (r record) count(kind ticket.Kind) int {
	n := 0
	for _, e := range r.events {
		if e.Body.Kind() == kind {
			n++
		}
	}
	return n
}

// settled waits for the end of the line's only call and checks that it left exactly one ticket, one outcome and no leg;
// then it closes the ticket so that paging ends.
func (l *line) settled(want dispatch.CallResult, attempts ...string) record {
	l.Helper()
	l.event(ticket.KindCallEnded, 1)
	l.noLegLeft()
	r := l.read()
	if r.call.Result != want || r.call.EndedAt.IsZero() {
		l.Errorf("the call's result is %q (%s), want %q", r.call.Result, r.call.Cause, want)
	}
	if got := r.attempts(false); !slices.Equal(got, attempts) {
		l.Errorf("attempts %q, want %q", got, attempts)
	}
	accepted := 0
	if want == dispatch.CallServed {
		accepted = 1
	}
	if n := r.count(ticket.KindAccepted); n != accepted {
		l.Errorf("%d acceptances on record, want %d", n, accepted)
	}
	l.close(r.ticket)
	return r
}

// story logs what the record says of the line, for tests that failed.
func (l *line) story() {
	if l.app == nil {
		l.Log("its server has ended: the record is not read again")
		return
	}
	ctx, d := context.Background(), l.app.Dispatcher()
	tickets, err := d.ListTickets(ctx, dispatch.TicketFilter{Limit: 10_000})
	for _, t := range tickets {
		if t.Line != l.id {
			continue
		}
		events, eventsErr := d.Events(ctx, dispatch.Ref{ID: t.ID})
		calls, callsErr := d.ListCalls(ctx, dispatch.CallFilter{Ticket: t.ID})
		err = errors.Join(err, eventsErr, callsErr)
		l.Log(dispatch.Timeline(t, events, dispatch.TimelineOptions{Language: "en"}))
		for _, c := range calls {
			for _, s := range c.Detail.Ladder {
				arrow := "<-"
				if s.Out {
					arrow = "->"
				}
				l.Logf("%s %s %s %s", s.At.Format("15:04:05.000"), s.Leg, arrow, s.Text)
			}
		}
	}
	if err != nil {
		l.Log(err)
	}
}

// read reads the record of the line's only call.
func (l *line) read() record {
	l.Helper()
	var r record
	tickets := l.tickets()
	if len(tickets) != 1 {
		l.Fatalf("%d tickets, want one", len(tickets))
	}
	r.ticket = tickets[0]
	d, ctx := l.app.Dispatcher(), l.Context()
	calls, err := d.ListCalls(ctx, dispatch.CallFilter{Ticket: r.ticket.ID})
	if err != nil {
		l.Fatal(err)
	}
	calls = slices.DeleteFunc(calls, func(c dispatch.CallRecord) bool { return c.Result == dispatch.CallPaged })
	if len(calls) != 1 {
		l.Fatalf("%d calls of the ticket, want one: %+v", len(calls), calls)
	}
	if r.call, err = d.Call(ctx, calls[0].ID); err != nil {
		l.Fatal(err)
	}
	if r.events, err = d.Events(ctx, dispatch.Ref{ID: r.ticket.ID}); err != nil {
		l.Fatal(err)
	}
	if o, e := r.count(ticket.KindOpened), r.count(ticket.KindCallEnded); o != 1 || e != 1 {
		l.Errorf("the ticket was opened %d times and the call ended %d times, want once each", o, e)
	}
	return r
}

func (l *line) close(t ticket.Ticket) {
	l.Helper()
	by := dispatch.Author{Person: "test", Channel: dispatch.ChannelCLI}
	err := l.app.Dispatcher().CloseUnreported(l.Context(), dispatch.Ref{ID: t.ID}, by, "the scenario is over", "a scenario has no report")
	if err != nil {
		l.Errorf("close the ticket: %v", err)
	}
}

// noLegLeft waits until the engine has forgotten every call to this line: its legs have ended and settled.
func (l *line) noLegLeft() {
	l.Helper()
	until(l.TB, "no call of the line is left", func() bool {
		for _, c := range l.app.Engine().Calls() {
			if c.Info().Inbound.DID == l.id {
				return false
			}
		}
		return true
	})
}

// figure reads a metric, summed over its labels.
func (r *rig) figure(name string) float64 {
	r.Helper()
	families, err := r.app.Metrics().Gather()
	r.must(err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		sum := 0.0
		for _, m := range f.GetMetric() {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
		return sum
	}
	return 0 // nothing has been counted yet
}

// empty waits until nothing is left of any call: no call, no stream, no dialog that waits for late answers, and no claim
// on the operator's channels.
func (r *rig) empty() {
	r.Helper()
	until(r, "the engine is empty", func() bool { return r.app.Engine().Active() == 0 })
	for _, name := range []string{"vahta_media_streams", "vahta_sip_dialogs", "vahta_trunk_channels", "vahta_hotline_waiting_callers"} {
		r.zero(name)
	}
	if n := r.figure("vahta_call_panics_total"); n != 0 {
		r.Errorf("%v calls ended by an internal error", n)
	}
}

// zero waits until a figure is 0.
func (r *rig) zero(name string) {
	r.Helper()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for end := time.After(patience); r.figure(name) != 0; {
		select {
		case <-tick.C:
		case <-end:
			r.Fatalf("after %s %s is still %v", patience, name, r.figure(name))
		}
	}
}

// past is a deadline that lets a read return what is there and not wait.
func past() time.Time { return time.Now().Add(50 * time.Millisecond) }
