package b2bua

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// patience bounds a wait for something that must come.
const patience = 20 * time.Second

// rig is an engine on loopback with a caller (behind operator "op"), two softphones and a second
// operator "spare", all of them raw.
type rig struct {
	testing.TB

	engine *Engine
	edge   *wire.Edge
	pool   *media.Pool
	trunks *trunk.Trunks
	at     netip.AddrPort // UDP
	tcp    netip.AddrPort

	caller, spare, bob, carol *siptest.UA

	calls  chan *Call
	script func(*rig, *Call, Event) // sees each event in the call's goroutine
	events siptest.Log[string]
}

// options change a rig before it starts.
type rigOptions struct {
	engine func(*Config)
	trunks func(*trunk.Config)
	dialog func(*dialog.Config)
	media  func(*media.PoolConfig)
	script func(*rig, *Call, Event)
	begin  func(*rig, *Call) // called for each new call; default: ring
	own    func(*Call)       // called for each own call of a phone
	serves func(trunk.Inbound) bool
	deps   func(*Deps)
	edge   func(*wire.Config)
	log    *slog.Logger          // of the edge
	reg    prometheus.Registerer // of the dialogs
}

func newRig(t testing.TB, opt rigOptions) *rig { //nolint:thelper // called t everywhere
	t.Helper()
	r := &rig{TB: t, calls: make(chan *Call, 16), script: opt.script}
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})

	edgeConfig := wire.Default()
	edgeConfig.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}, {Transport: wire.TCP, Addr: "127.0.0.1:0"}}
	edgeConfig.Rate, edgeConfig.Burst = 1<<20, 1<<20 // all peers of a test share one address
	edgeConfig.Extensions = dialog.Extensions
	if opt.edge != nil {
		opt.edge(&edgeConfig)
	}
	edge, err := wire.New(edgeConfig, wire.Deps{Log: opt.log})
	r.must(err)
	r.edge = edge
	dialogConfig := dialog.Default()
	if opt.dialog != nil {
		opt.dialog(&dialogConfig)
	}
	stack := dialog.NewStack(edge, dialogConfig, dialog.Deps{Registerer: opt.reg})
	edge.SetHandler(stack)
	r.must(edge.Listen(t.Context()))
	r.at, r.tcp = edge.Addr(wire.UDP), edge.Addr(wire.TCP)

	for user, ua := range map[string]**siptest.UA{"+79161112233": &r.caller, "spare": &r.spare, "bob": &r.bob, "carol": &r.carol} {
		*ua = siptest.NewUA(t, siptest.UAConfig{User: user, Peer: r.at})
	}
	trunkConfig := trunk.Default()
	trunkConfig.Operators = []trunk.Operator{
		{Name: "op", Host: "127.0.0.1", Port: int(r.caller.Addr().Port()), Number: "+74957770000", NoOptions: true},
		{Name: "spare", Host: "127.0.0.1", Port: int(r.spare.Addr().Port()), Number: "+74957770001", NoOptions: true},
	}
	if opt.trunks != nil {
		opt.trunks(&trunkConfig)
	}
	r.trunks, err = trunk.New(trunkConfig, trunk.Deps{Sender: edge})
	r.must(err)
	edge.SetAdmission(r.trunks.Admit)

	mediaConfig := media.Default()
	mediaConfig.Bind, mediaConfig.Shards = loopback, 1
	mediaConfig.MinPort, mediaConfig.MaxPort, mediaConfig.Drain = 11000, 14998, time.Millisecond
	if opt.media != nil {
		opt.media(&mediaConfig)
	}
	r.pool, err = media.NewPool(mediaConfig)
	r.must(err)

	cfg := Default()
	cfg.CallsPerSecond = 0 // tests call faster than people do
	if opt.engine != nil {
		opt.engine(&cfg)
	}
	deps := Deps{Stack: stack, Pool: r.pool, Trunks: r.trunks, Serves: opt.serves}
	if opt.deps != nil {
		opt.deps(&deps)
	}
	r.engine, err = New(cfg, deps)
	r.must(err)
	r.engine.OnCall(func(c *Call) {
		c.On(func(ev Event) { r.heard(c, ev) })
		if opt.begin != nil {
			opt.begin(r, c)
		} else {
			c.A().Ring()
		}
		select {
		case r.calls <- c:
		default: // a test that floods does not collect
		}
	})
	if opt.own != nil {
		r.engine.OnOwnCall(opt.own)
	}
	r.run(edge.Run, r.pool.Run)
	r.run(r.engine.Run)
	return r
}

// run serves until the end of the test; what was started last stops first.
func (r *rig) run(serve ...func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, f := range serve {
		running.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				r.Errorf("serve: %v", err)
			}
		})
	}
	r.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// heard writes an event down as "bob failed busy 486".
func (r *rig) heard(c *Call, ev Event) {
	words := []string{"call", ev.Kind.String()}
	if ev.Leg != nil {
		words[0] = ev.Leg.Name
	}
	if ev.Outcome != OutcomeNone {
		words = append(words, ev.Outcome.String())
	}
	if ev.Status != 0 {
		words = append(words, fmt.Sprint(ev.Status))
	}
	if ev.Cause != "" {
		words = append(words, ev.Cause)
	}
	if ev.Digit != 0 {
		words = append(words, string(ev.Digit))
	}
	r.events.Add(strings.Join(words, " "))
	if r.script != nil {
		r.script(r, c, ev)
	}
}

// expect waits for an event that begins with these words.
func (r *rig) expect(words string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if _, err := r.events.Wait(ctx, func(s string) bool { return strings.HasPrefix(s, words) }); err != nil {
		r.Fatalf("event %q never came; came:\n%s", words, strings.Join(r.events.All(), "\n"))
	}
}

// never checks that no event so far begins with these words.
func (r *rig) never(words string) {
	r.Helper()
	if n := r.events.Count(func(s string) bool { return strings.HasPrefix(s, words) }); n > 0 {
		r.Errorf("event %q came %d times:\n%s", words, n, strings.Join(r.events.All(), "\n"))
	}
}

// once checks that exactly one event begins with these words.
func (r *rig) once(words string) {
	r.Helper()
	if n := r.events.Count(func(s string) bool { return strings.HasPrefix(s, words) }); n != 1 {
		r.Errorf("event %q came %d times:\n%s", words, n, strings.Join(r.events.All(), "\n"))
	}
}

// call returns the next call that came in.
func (r *rig) call() *Call {
	r.Helper()
	select {
	case c := <-r.calls:
		return c
	case <-time.After(patience):
		r.Fatal("no call came in")
		return nil
	}
}

// in runs f in the call's goroutine and waits for it.
func (r *rig) in(c *Call, f func()) {
	r.Helper()
	done := make(chan struct{})
	if !c.Post(func() { defer close(done); f() }) {
		r.Fatal("the call has ended")
	}
	<-done
}

// gone waits until the engine has no call left, then checks that nothing is held any more.
func (r *rig) gone() {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	r.must(r.engine.wait(ctx))
	if n := r.engine.Active(); n != 0 {
		r.Errorf("%d calls are counted after the last has gone", n)
	}
	for _, h := range r.trunks.Status() {
		if h.Channels != 0 {
			r.Errorf("trunk %s holds %d channels after the last call", h.Trunk, h.Channels)
		}
	}
}

// dialIn sends the caller's INVITE for the hotline.
func (r *rig) dialIn(sdp string, headers ...string) *siptest.Call {
	call := r.caller.NewCall("sip:84957770000@" + r.at.String())
	call.Invite(sdp, headers...)
	return call
}

// phone is the way to a raw softphone.
func (r *rig) phone(ua *siptest.UA) trunk.Destination {
	r.Helper()
	d, err := r.trunks.Phone(ua.URI())
	r.must(err)
	return d
}

// to dials a raw softphone by name.
func (r *rig) to(name string, ways ...trunk.Destination) Dial {
	return Dial{
		Name: name, Destinations: ways,
		CallerID: wire.NameAddr{Display: "Acme VH-1", URI: wire.URI{Scheme: "sip", User: "+79161112233"}},
	}
}

// take expects the INVITE at a phone and returns its view of the call.
func take(ua *siptest.UA) (*siptest.Call, siptest.Message) {
	invite := ua.ExpectRequest("INVITE")
	return ua.Received(invite), invite
}

// confirm lets the caller take the answer and acknowledge it.
func (r *rig) confirm(call *siptest.Call) siptest.Message {
	r.Helper()
	ok := r.caller.Expect(func(m *siptest.Message) bool { // not a 200 that was sent again
		n, method := m.CSeq()
		return m.Status == 200 && method == "INVITE" && m.CallID() == call.CallID && n == call.CSeq
	})
	call.Learn(ok).Ack(ok)
	return ok
}

// accepted answers at a phone with its SDP and takes the ACK.
func accepted(ua *siptest.UA, call *siptest.Call, sdp string) {
	call.Answer(200, "OK", sdp, "Contact: <"+ua.URI()+">")
	ua.ExpectRequest("ACK")
}

// talk sets up caller and bob in a bridged call.
func (r *rig) talk() (c *Call, caller, bob *siptest.Call, callerRTP, bobRTP *siptest.RTP) {
	r.Helper()
	return r.talkTo("bob", r.bob)
}

func (r *rig) talkTo(name string, ua *siptest.UA) (c *Call, caller, callee *siptest.Call, callerRTP, calleeRTP *siptest.RTP) {
	r.Helper()
	callerRTP, calleeRTP = siptest.NewRTP(r), siptest.NewRTP(r)
	caller = r.dialIn(callerRTP.SDP())
	c = r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to(name, r.phone(ua))) })
	callee, invite := take(ua)
	calleeRTP.Learn(invite.Body)
	accepted(ua, callee, calleeRTP.SDP())
	r.expect(name + " answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	ok := r.confirm(caller)
	callerRTP.Learn(ok.Body)
	return c, caller, callee, callerRTP, calleeRTP
}

// sine is a tone at half of full scale, 8 kHz.
func sine(hz float64, samples int) []int16 {
	out := make([]int16, samples)
	for i := range out {
		out[i] = int16(16000 * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return out
}

// dominates tells whether a tone is what is heard.
func dominates(pcm []int16, hz float64) bool { return media.Dominates(pcm, hz) }
