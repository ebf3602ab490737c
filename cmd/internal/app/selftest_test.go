package app_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// ourNumber is our number at every operator of the tests' rigs.
const ourNumber = "+74957770000"

// carriage is how an operator carries a call to our own number.
type carriage struct {
	refuse  int    // answers with this status
	nowhere bool   // rings and never brings the call
	mailbox bool   // answers by itself
	deaf    bool   // brings it, and no sound
	lost    bool   // brings it, and the answer does not get back
	caller  string // shown in place of the caller
	hidden  bool   // the caller is withheld
	did     string // brought to this number in place of ours
}

// carrier is an operator in this process: a back-to-back user agent that brings calls to our number back to us.
type carrier struct {
	testing.TB
	edge *wire.Edge

	mu   sync.Mutex
	how  carriage       // guarded by mu
	to   netip.AddrPort // guarded by mu: where calls to our number go
	seen []string       // guarded by mu: numbers that were dialled
}

func (c *carrier) set(how carriage) { c.mu.Lock(); c.how = how; c.mu.Unlock() }

func (c *carrier) bringTo(to netip.AddrPort) { c.mu.Lock(); c.to = to; c.mu.Unlock() }

func (c *carrier) dialled() []string { c.mu.Lock(); defer c.mu.Unlock(); return slices.Clone(c.seen) }

// startCarrier runs an operator at an address of loopback.
func startCarrier(tb testing.TB, at string) *carrier {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	c := &carrier{TB: tb}
	sc := wire.Default()
	sc.Listen = []wire.Listen{{Transport: wire.UDP, Addr: at + ":0"}}
	sc.Extensions = dialog.Extensions
	var err error
	c.edge, err = wire.New(sc, wire.Deps{})
	must(err)
	mc := media.Default()
	mc.Bind, mc.Drain, mc.Shards = netip.MustParseAddr(at), time.Millisecond, 1
	pool, err := media.NewPool(mc)
	must(err)
	tc := trunk.Default()
	tc.Operators = []trunk.Operator{{Name: "customer", Host: "127.0.0.1", NoOptions: true}}
	trunks, err := trunk.New(tc, trunk.Deps{Sender: c.edge})
	must(err)
	c.edge.SetAdmission(trunks.Admit)
	stack := dialog.NewStack(c.edge, dialog.Default(), dialog.Deps{})
	c.edge.SetHandler(stack)
	ec := b2bua.Default()
	ec.MaxAge, ec.OneWay = time.Minute, 0
	engine, err := b2bua.New(ec, b2bua.Deps{Stack: stack, Pool: pool, Trunks: trunks})
	must(err)
	engine.OnCall(c.carry)
	must(c.edge.Listen(context.Background()))
	var stops []func()
	for _, run := range []func(context.Context) error{pool.Run, c.edge.Run, trunks.Run, engine.Run} {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); _ = run(ctx) }()
		stops = append(stops, func() { cancel(); <-done })
	}
	tb.Cleanup(func() {
		for _, stop := range slices.Backward(stops) {
			stop()
		}
	})
	return c
}

// carry is the operator's script of one call.
func (c *carrier) carry(call *b2bua.Call) {
	c.mu.Lock()
	how, to, in := c.how, c.to, call.Info().Inbound
	c.seen = append(c.seen, in.DID)
	c.mu.Unlock()
	var back *b2bua.Leg
	call.On(func(ev b2bua.Event) {
		switch {
		case ev.Kind == b2bua.CallerGone, ev.Kind == b2bua.LegFailed, ev.Kind == b2bua.LegEnded:
			call.End(b2bua.CauseNormal)
		case ev.Kind == b2bua.LegAnswered && ev.Leg == back && how.deaf:
			_ = call.A().Answer()
		case ev.Kind == b2bua.LegAnswered && ev.Leg == back && !how.lost:
			if err := call.Bridge(call.A(), back); err != nil {
				c.Errorf("the operator cannot join: %v", err)
			}
		}
	})
	switch {
	case how.refuse != 0:
		call.A().Reject(how.refuse, "")
		call.End(b2bua.CauseNormal)
		return
	case how.mailbox:
		_ = call.A().Answer()
		return
	}
	call.A().Ring()
	if how.nowhere {
		return
	}
	did, caller := in.DID, in.Caller
	if how.did != "" {
		did = how.did
	}
	if how.caller != "" {
		caller = how.caller
	}
	if how.hidden {
		caller = "anonymous"
	}
	from := wire.NameAddr{URI: wire.URI{Scheme: "sip", User: caller, Host: "operator.example"}}
	back = call.Dial(b2bua.Dial{Name: "back", RingTime: time.Minute, Destinations: []trunk.Destination{{
		URI: wire.URI{Scheme: "sip", User: did, Host: to.Addr().String(), Port: int(to.Port())}, From: from,
		Flow: wire.Flow{Transport: wire.UDP, Remote: to}, NoProgress: 5 * time.Second,
	}}})
}

// throughCarrier is an operator of the configuration that is a carrier of the test.
func throughCarrier(name string, c *carrier) trunk.Operator {
	at := c.edge.Addr(wire.UDP)
	return trunk.Operator{Name: name, Host: at.Addr().String(), Port: int(at.Port()), Number: ourNumber, NoOptions: true}
}

// selfRig is a rig whose operator brings calls back, and a hotline that has the operator's number.
func selfRig(tb testing.TB, change ...func(*config.Config)) (*rig, *carrier, *line, *phone.Phone) {
	tb.Helper()
	op := startCarrier(tb, "127.0.0.2")
	client := startPhone(tb, "client", "udp", phone.Answer{})
	cfg := base(tb, client)
	cfg.Trunks.Operators = []trunk.Operator{throughCarrier("op", op)}
	for _, f := range change {
		f(&cfg)
	}
	r := startRig(tb, cfg, client)
	op.bringTo(r.addr("udp"))
	engineer := startPhone(tb, "engineer", "udp", accepting())
	l := r.line(tb, func(d *dispatch.Line) { d.DIDs = append(d.DIDs, ourNumber) }, engineer.URI())
	return r, op, l, engineer
}

// proof tests an operator by command until the result is the one that must come. A machine that stands still for seconds
// fails a test as it should; clean says that it did not come to that.
func (r *rig) proof(name string, want selftest.Result) (rep selftest.Report, clean bool) {
	r.Helper()
	end := time.Now().Add(patience)
	for clean = true; ; clean = false {
		reports, err := r.app.SelfTests().Test(within(r.TB), name)
		r.must(err)
		if len(reports) != 1 {
			r.Fatalf("%d reports", len(reports))
		}
		if rep = reports[0]; rep.Result == want {
			return rep, clean
		}
		r.Logf("the result is %s (%s), want %s\n%s", rep.Result, rep.Text, want, steps(rep))
		if time.Now().After(end) {
			r.Fatalf("the result is never %s", want)
		}
	}
}

// TestSelfTestPasses: the call leaves, comes back, and is heard both ways; nobody is rung and no ticket is opened.
func TestSelfTestPasses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how      carriage
		operator func(*trunk.Operator)
	}{
		"as it is":                   {},
		"another caller is shown":    {carriage{caller: "+78120001122"}, func(o *trunk.Operator) { o.SelfTest.Caller = "8 (812) 000-11-22" }},
		"the caller is withheld":     {carriage{hidden: true}, func(o *trunk.Operator) { o.SelfTest.Caller = selftest.Anonymous }},
		"keys by INFO":               {carriage{}, func(o *trunk.Operator) { o.DTMF = trunk.DTMFInfo }},
		"another number is dialled":  {carriage{did: "+78121234567"}, func(o *trunk.Operator) { o.SelfTest.Number = "+7 812 123-45-67" }},
		"encrypted where it is able": {carriage{}, func(o *trunk.Operator) { o.SRTP = trunk.SRTPOffered }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, op, l, engineer := selfRig(t, func(cfg *config.Config) {
				if c.operator != nil {
					c.operator(&cfg.Trunks.Operators[0])
				}
			})
			l.addNumber("+78121234567")
			op.set(c.how)
			rep, clean := r.proof("op", selftest.OK)
			t.Log("\n" + steps(rep))
			if rep.Answered <= 0 || rep.Back <= 0 || rep.MOS <= 0 || len(rep.Steps) < 6 {
				t.Errorf("the report: %+v", rep)
			}
			if n := len(engineer.Sessions()) + len(l.tickets()); n != 0 && clean {
				t.Errorf("%d tickets and calls of the engineer", n)
			}
			if r.metric("vahta_line_proof_ok", "trunk", "op") != 1 {
				t.Error("the metrics do not say that the line is proved")
			}
			r.empty()
		})
	}
}

// addNumber gives the line a further number.
func (l *line) addNumber(number string) {
	l.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.cfg.Lines {
		if l.cfg.Lines[i].ID == l.id {
			l.cfg.Lines[i].DIDs = append(slices.Clip(l.cfg.Lines[i].DIDs), number)
		}
	}
	if err := l.reload(); err != nil {
		l.Fatal(err)
	}
}

func steps(r selftest.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		b.WriteString(s.At.Format("05.000") + " " + s.Side + " " + s.Text + "\n")
	}
	return b.String()
}

// TestSelfTestFails: each way in which a line can be dead is told from the others.
func TestSelfTestFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  carriage
		want selftest.Result
	}{
		"no way out":                     {carriage{refuse: 503}, selftest.NoWayOut},
		"our number is not known":        {carriage{refuse: 404}, selftest.NotBack},
		"somebody else answers":          {carriage{mailbox: true}, selftest.NotBack},
		"it comes to another number":     {carriage{did: "+78121234567"}, selftest.Elsewhere},
		"no sound":                       {carriage{deaf: true}, selftest.OneWay},
		"the answer does not get back":   {carriage{lost: true}, selftest.Unanswered},
		"it shows a caller we know not":  {carriage{caller: "+79990001122"}, selftest.Unrecognised},
		"it withholds the caller, as is": {carriage{hidden: true}, selftest.Unrecognised},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, op, l, _ := selfRig(t)
			l.addNumber("+78121234567")
			op.set(c.how)
			rep, clean := r.proof("op", c.want)
			if rep.Text == "" {
				t.Error("nothing says what to do")
			}
			if c.want == selftest.Unrecognised { // it was an ordinary call
				return
			}
			if n := len(l.tickets()); n != 0 && clean {
				t.Errorf("%d tickets of a test", n)
			}
			r.empty()
		})
	}
}

// TestSelfTestIsNoCaller: a caller who shows our own number, be it while a test is under way, is served like everybody.
func TestSelfTestIsNoCaller(t *testing.T) {
	t.Parallel()
	t.Run("no test is under way", func(t *testing.T) {
		t.Parallel()
		r, op, l, engineer := selfRig(t)
		s := forwarded(t, r, op)
		serves(t, l, s, engineer)
		r.empty()
	})
	t.Run("he calls while a test is under way", func(t *testing.T) {
		t.Parallel()
		r, op, l, engineer := selfRig(t)
		op.set(carriage{nowhere: true})
		done := make(chan selftest.Report, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			reports, err := r.app.SelfTests().Test(ctx, "op")
			if err == nil && len(reports) == 1 {
				done <- reports[0]
			}
			close(done)
		}()
		until(t, "the test has dialled", func() bool { return len(op.dialled()) == 1 })
		op.set(carriage{})
		s := forwarded(t, r, op)
		serves(t, l, s, engineer)
		cancel()
		if rep := <-done; rep.Result == selftest.OK {
			t.Error("a caller was taken for the test")
		}
		r.empty()
	})
	t.Run("he hangs up while a test is under way", func(t *testing.T) {
		t.Parallel()
		r, op, l, _ := selfRig(t)
		op.set(carriage{nowhere: true})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _, _ = r.app.SelfTests().Test(ctx, "op") }()
		until(t, "the test has dialled", func() bool { return len(op.dialled()) == 1 })
		op.set(carriage{})
		s := forwarded(t, r, op)
		wait(t, s, phone.Answered)
		s.Hangup()
		wait(t, s, phone.Ended)
		l.event(ticket.KindCallEnded, 1) // somebody will call him back
		cancel()
		l.close(l.tickets()[0])
	})
	t.Run("the server stops while it listens to him", func(t *testing.T) {
		t.Parallel()
		r, op, l, engineer := selfRig(t, func(c *config.Config) { c.Drain = 50 * time.Millisecond })
		op.set(carriage{nowhere: true})
		go func() { _, _ = r.app.SelfTests().Test(context.Background(), "op") }()
		until(t, "the test has dialled", func() bool { return len(op.dialled()) == 1 })
		op.set(carriage{})
		s := forwarded(t, r, op)
		wait(t, s, phone.Answered)
		if n := len(l.tickets()); n != 0 {
			t.Fatalf("%d tickets before it is known who he is", n)
		}
		r.must(engineer.Answer(phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond)))
		r.must(r.stop())
		again := startRig(t, r.cfg, r.client)
		l.rig = again
		l.event(ticket.KindAcknowledged, 1) // the engineer was paged for him
		l.close(l.tickets()[0])
	})
}

// forwarded is a person whose call reaches us by the operator with our own number as the caller.
func forwarded(tb testing.TB, r *rig, op *carrier) *phone.Session {
	tb.Helper()
	p := startPhone(tb, "caller", "udp", phone.Answer{})
	s, err := p.Dial(tb.Context(), "sip:"+ourNumber+"@"+op.edge.Addr(wire.UDP).String(), phone.Options{From: ourNumber, Talk: phone.Talk{Tone: 440}})
	r.must(err)
	return s
}

// serves checks that a caller talks to the engineer and has a ticket.
func serves(tb testing.TB, l *line, s *phone.Session, engineer *phone.Phone) {
	tb.Helper()
	if err := s.WaitHeard(within(tb), 700, 500*time.Millisecond); err != nil {
		l.story()
		tb.Fatalf("he does not hear the engineer: %v\n%s", err, s.Trace())
	}
	if err := incoming(tb, engineer, 1).WaitHeard(within(tb), 440, 500*time.Millisecond); err != nil {
		tb.Fatal(err)
	}
	s.Hangup()
	wait(tb, s, phone.Ended)
	l.event(ticket.KindCallEnded, 1)
	if r := l.read(); r.call.Result != dispatch.CallServed {
		tb.Errorf("the call is on record as %s", r.call.Result)
	}
}

// TestSelfTestPages: a line that fails opens one ticket, whose page goes by the other operator; when the line is well
// again the ticket is closed, unless somebody has it.
func TestSelfTestPages(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]bool{"nobody takes it": false, "the engineer takes it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var spare *phone.Phone
			r, op, l, _ := selfRig(t, func(c *config.Config) {
				c.SelfTest.Every = 900 * time.Millisecond
				spare = startPhoneAt(t, netip.MustParseAddr("127.0.0.3"), "spare", phone.Account{}, phone.Ringing())
				c.Trunks.Operators = append(c.Trunks.Operators, trunk.Operator{
					Name: "spare", Host: "127.0.0.3", Port: int(spare.Addr("udp").Port()), Number: "+74957770001", NoOptions: true,
					SelfTest: trunk.SelfTest{Off: true},
				})
			})
			l.mobile("+79215550001")
			if takes {
				r.must(spare.Answer(phone.Accepting(20*time.Millisecond, "1", 300*time.Millisecond)))
			}
			proved := func() bool { h := r.history("op"); return h.Result == selftest.OK && h.Alarm == "" }
			until(t, "the line is proved", proved)
			op.set(carriage{refuse: 503})
			before := l.tickets() // of a machine that was too busy for sound
			until(t, "there is an alarm", func() bool { return r.history("op").Alarm != "" && len(l.tickets()) > len(before) })
			alarm := l.tickets()[0]
			if !strings.Contains(alarm.Name, "op") {
				t.Fatalf("the ticket: %+v", alarm)
			}
			if page := incoming(t, spare, 1); page.Request().From().URI.User != "+74957770001" {
				t.Errorf("the page shows %s", page.Request().From().URI.User)
			}
			if takes {
				until(t, "somebody has it", func() bool { return !l.tickets()[0].Acknowledged.IsZero() })
			}
			fails := r.history("op").Fails
			until(t, "it has failed again", func() bool { return r.history("op").Fails > fails+1 })
			if n := len(l.tickets()); n != len(before)+1 {
				t.Fatalf("%d tickets of one outage", n-len(before))
			}
			op.set(carriage{})
			until(t, "the line is proved again", proved)
			now, err := r.app.Dispatcher().Ticket(t.Context(), alarm.ID)
			if r.must(err); now.Open() != takes {
				t.Errorf("the ticket is open: %v", now.Open())
			}
			if takes {
				l.close(now)
			}
		})
	}
}

// mobile gives the line's only engineer a mobile in place of the softphone.
func (l *line) mobile(number string) {
	l.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.cfg.People {
		if l.cfg.People[i].ID == l.people[0] {
			p := l.cfg.People[i]
			p.Devices = slices.Clone(p.Devices)
			p.Devices[0].URI, p.Devices[0].Number = "", number
			p.Devices[0].Kind = oncall.Mobile
			l.cfg.People[i] = p
		}
	}
	if err := l.reload(); err != nil {
		l.Fatal(err)
	}
}

// history is what is known of an operator's line.
func (r *rig) history(name string) selftest.History {
	for _, h := range r.app.SelfTests().Histories() {
		if h.Trunk == name {
			return h
		}
	}
	r.Fatalf("no line %s", name)
	return selftest.History{}
}

// TestSelfTestOverRestart: a server that stops in the middle of a test leaves no call behind, and the next one knows when the
// line was proved.
func TestSelfTestOverRestart(t *testing.T) {
	t.Parallel()
	r, op, _, _ := selfRig(t)
	r.proof("op", selftest.OK)
	proved := r.history("op").OK
	op.set(carriage{nowhere: true})
	done, before := make(chan selftest.Report, 1), len(op.dialled())
	go func() {
		if reports, _ := r.app.SelfTests().Test(context.Background(), "op"); len(reports) == 1 {
			done <- reports[0]
		}
		close(done)
	}()
	until(t, "the test has dialled", func() bool { return len(op.dialled()) > before })
	r.must(r.stop())
	if rep, ok := <-done; ok && rep.Result != selftest.Cut {
		t.Errorf("the result is %s", rep.Result)
	}
	again := startRig(t, r.cfg, r.client)
	if h := again.history("op"); !h.OK.Equal(proved) || h.Fails != 0 {
		t.Errorf("after the restart: %+v, proved %s", h, proved)
	}
	found := slices.ContainsFunc(app.ExamineLines(r.cfg, time.Now()), func(f app.Finding) bool { return f.OK && strings.Contains(f.Text, "proved") })
	if !found {
		t.Error("doctor does not say when the line was proved")
	}
}

// TestSelfTestOfTwoNodes: the call leaves by one node and comes in at the other.
func TestSelfTestOfTwoNodes(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	join := func(node string) func(*config.Config) {
		return func(c *config.Config) { c.Node, c.Redis.URL, c.Redis.Budget = node, redis.URL(), time.Second }
	}
	one, op, l, engineer := selfRig(t, join("one"))
	cfg := base(t, one.client)
	cfg.Trunks.Operators = []trunk.Operator{throughCarrier("op", op)}
	join("two")(&cfg)
	cfg.Hotline.Recordings = filepath.Join(cfg.Data, "recordings")
	two := startRig(t, cfg, one.client)
	other := two.line(t, func(d *dispatch.Line) { d.DIDs = append(d.DIDs, ourNumber) }, engineer.URI())
	op.bringTo(two.addr("udp"))
	rep, clean := one.proof("op", selftest.OK)
	if !slices.ContainsFunc(rep.Steps, func(s selftest.Step) bool { return s.Side == "in" }) {
		t.Errorf("nothing of the other node:\n%s", steps(rep))
	}
	if n := len(l.tickets()) + len(other.tickets()) + len(engineer.Sessions()); n != 0 && clean {
		t.Errorf("%d tickets and calls of engineers", n)
	}
	before := len(other.tickets())
	op.set(carriage{deaf: true})
	_, clean = one.proof("op", selftest.OneWay)
	two.empty()
	one.empty()
	if n := len(other.tickets()) - before; n != 0 && clean {
		t.Errorf("%d tickets of a test that was not heard", n)
	}
}

// TestSelfTestIsSpared: calls of people through the operator, both ways, are the better proof.
func TestSelfTestIsSpared(t *testing.T) {
	t.Parallel()
	r, op, l, engineer := selfRig(t)
	serves(t, l, forwarded(t, r, op), engineer)
	until(t, "the call is over", func() bool { return r.app.Engine().Active() == 0 })
	if h := r.history("op"); h.In.IsZero() || !h.Out.IsZero() {
		t.Errorf("in %s, out %s", h.In, h.Out)
	}
	r.proof("op", selftest.OK)
	if h := r.history("op"); !h.Out.IsZero() {
		t.Error("a test was counted as a call of people")
	}
	if _, err := r.app.SelfTests().Test(t.Context(), "nobody"); !errors.Is(err, selftest.ErrNoLine) {
		t.Errorf("an unknown operator: %v", err)
	}
}
