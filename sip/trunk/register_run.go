package trunk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

const (
	// registerPatience is how long a target may think about a REGISTER before the next is asked: by UDP it has been sent
	// five times by then.
	registerPatience = 10 * time.Second
	// leavePatience bounds the removal of our contact at the end.
	leavePatience = 2 * time.Second
)

var errNoReply = errors.New("the registrar does not answer")

// enrol runs the registration of one trunk: it sends what the machine wants, keeps its time and tells how it stands.
type enrol struct {
	// Set at New.
	t     *Trunks
	one   *Trunk
	login account

	heard  chan heard    // what became of a REGISTER; dropped when full, patience makes up for it
	nudges chan struct{} // capacity 1

	// Owned by run.
	state      enrolment
	callID     string // the same for the life of the process (RFC 3261 section 10.2)
	tag        string
	cseq       uint32
	flows      []wire.Flow // targets of this attempt, best first
	last       registration
	challenge  *wire.Response
	tx         *wire.ClientTx
	told       string
	wake, late *time.Timer
	ended      bool

	mu    sync.Mutex
	shown shownEnrolment // guarded by mu
}

// heard is an input that belongs to the REGISTER of that number.
type heard struct {
	cseq uint32
	res  *wire.Response
	err  error
}

// shownEnrolment is what others may see.
type shownEnrolment struct {
	state  enrolment
	flow   wire.Flow // by which the registration was made
	routes []string  // Service-Route, RFC 3608
}

func newEnrol(t *Trunks, one *Trunk) *enrol {
	return &enrol{
		t: t, one: one,
		login:  account{auth: one.op.Auth, rand: t.random, renames: true},
		heard:  make(chan heard, 8),
		nudges: make(chan struct{}, 1),
	}
}

// show returns how the registration stands.
func (x *enrol) show() shownEnrolment {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown
}

// nudge asks for a registration at once.
func (x *enrol) nudge() {
	select {
	case x.nudges <- struct{}{}:
	default:
	}
}

// run keeps the trunk registered until ctx ends, then removes our contact.
func (x *enrol) run(ctx context.Context) {
	x.callID, x.tag = x.t.deps.Sender.NewCallID(), x.t.deps.Sender.NewTag()
	x.wake, x.late = stoppedTimer(), stoppedTimer()
	defer x.wake.Stop()
	defer x.late.Stop()
	alive, stop := x.keepAlive()
	defer stop()
	select { // a name without an address would only cost a first pause
	case <-ctx.Done():
		return
	case <-x.t.looked:
	}
	x.do(regStart{expires: x.one.op.Register.Expires})
	for {
		select {
		case <-ctx.Done():
			x.leave()
			return
		case h := <-x.heard:
			x.hear(h)
		case <-x.wake.C:
			x.do(regWake{})
		case <-x.late.C:
			x.do(regLost{errNoReply})
		case <-x.nudges:
			x.do(regNudge{})
		case <-alive:
			x.t.safely(x.ping)
		}
	}
}

// lookedUp tells registrations that names may have addresses now.
func (t *Trunks) lookedUp() {
	for _, one := range t.trunks {
		if one.enrol != nil && one.enrol.show().state.why == noAddress {
			one.enrol.nudge()
		}
	}
}

// leave removes our contact, if the registrar answers soon.
func (x *enrol) leave() {
	if x.t.deps.AskOnly {
		x.forget()
		return
	}
	x.do(regStop{})
	enough := time.NewTimer(leavePatience)
	defer enough.Stop()
	for !x.ended {
		select {
		case <-enough.C:
			x.forget()
			return
		case h := <-x.heard:
			x.hear(h)
		}
	}
}

// keepAlive ticks when an empty line is due.
func (x *enrol) keepAlive() (<-chan time.Time, func()) {
	every := x.one.op.Register.KeepAlive
	if every == 0 || x.t.deps.KeepAlive == nil {
		return nil, func() {}
	}
	ticker := time.NewTicker(every)
	return ticker.C, ticker.Stop
}

// ping keeps the way from the registrar to us open (RFC 5626 section 4.4).
func (x *enrol) ping() {
	if shown := x.show(); x.state.standing(x.t.deps.Now()) == RegistrationActive {
		if err := x.t.deps.KeepAlive(shown.flow); err != nil {
			x.nudge()
		}
	}
}

// hear takes what became of the last REGISTER; what became of older ones does not matter any more.
func (x *enrol) hear(h heard) {
	switch {
	case h.cseq != x.last.cseq:
	case h.err != nil:
		x.do(regLost{h.err})
	default:
		x.t.safely(func() { x.do(x.read(h.res)) }) // an answer that cannot be read is as good as none: patience ends
	}
}

// read makes an input of an answer.
func (x *enrol) read(res *wire.Response) regInput {
	r := readReply(res, x.last.contact, x.last.expires)
	switch {
	case r.status == wire.StatusUnauthorized || r.status == wire.StatusProxyAuthRequired:
		x.challenge = res
		r.stale, r.unable = x.login.unable(res)
		if from := res.Flow().Remote; r.unable == nil && !x.one.mine(from) {
			x.one.suspicious(from, "asked for our password and is no address of the operator")
			r.unable = fmt.Errorf("%w: it came from %s, which is no address of the trunk", ErrNotAnswered, from)
		}
	case r.status < 300:
		x.login.succeeded(res)
		x.mu.Lock()
		x.shown.flow = x.flows[x.state.target]
		x.shown.routes = splitAddrs(res.Headers("Service-Route"))
		x.mu.Unlock()
	}
	return r
}

// do moves the machine and does what it wants. What breaks costs this attempt.
func (x *enrol) do(in regInput) {
	done := false
	x.t.safely(func() {
		x.move(in)
		done = true
	})
	if !done {
		x.state.phase = phaseWaiting
		x.wake.Reset(retryFirst)
	}
}

func (x *enrol) move(in regInput) {
	now := x.t.deps.Now()
	switch in.(type) {
	case regStart, regWake, regNudge:
		x.aim()
	case regReply, regLost, regStop:
	}
	x.late.Stop()
	asked := x.state
	next, actions := x.state.step(now, len(x.flows), rand.Float64(), in) //nolint:gosec // jitter needs no secrecy
	x.state = next
	x.weigh(asked, in)
	for _, a := range actions {
		switch a := a.(type) {
		case regSend:
			x.send(a)
		case regWait:
			x.wake.Reset(max(0, a.until.Sub(now)))
		case regOutcome:
			if a.refused {
				x.login.refused()
			}
			x.t.metrics.registration(x.one.op.Name, a)
		case regEnd:
			x.forget()
			x.ended = true
		}
	}
	if x.state.phase == phaseAsking && len(actions) == 0 { // something that did not concern it
		x.late.Reset(max(0, x.state.sent.Add(registerPatience).Sub(now)))
	}
	x.tell(now)
}

// aim takes the targets for a new attempt: the one that keeps our registration goes first while it is well.
func (x *enrol) aim() {
	if x.state.phase == phaseAsking || x.state.phase == phaseLeaving {
		return
	}
	x.flows = x.flows[:0]
	kept := x.show().flow
	for _, w := range x.t.ways(x.one) {
		if w.flow == kept && !w.resting {
			x.flows = slices.Insert(x.flows, 0, w.flow)
		} else {
			x.flows = append(x.flows, w.flow)
		}
	}
}

// weigh tells the list of targets how the one that was asked behaved.
func (x *enrol) weigh(asked enrolment, in regInput) {
	if asked.phase != phaseAsking || asked.target >= len(x.flows) {
		return
	}
	flow := x.flows[asked.target]
	switch in := in.(type) {
	case regLost:
		x.forget()
		x.t.rest(x.one, flow, restAfterFailure)
	case regReply:
		if in.status < 500 || in.status >= 600 {
			x.t.revive(x.one, flow)
		}
	case regStart, regWake, regNudge, regStop:
	}
}

// send sends one REGISTER. What goes wrong is heard like an answer.
func (x *enrol) send(a regSend) {
	x.forget()
	flow := x.flows[a.target]
	x.cseq++
	x.last = registration{callID: x.callID, tag: x.tag, cseq: x.cseq, expires: a.expires}
	this := x.cseq
	post := func(h heard) {
		h.cseq = this
		select {
		case x.heard <- h:
		default:
		}
	}
	req, err := x.request(a, flow)
	if err != nil {
		post(heard{err: err})
		return
	}
	x.late.Reset(registerPatience)
	x.tx, err = x.t.deps.Sender.Send(req, flow, func(ev wire.ClientEvent) {
		if ev.Err != nil || ev.Response != nil && ev.Response.Status() >= 200 {
			post(heard{res: ev.Response, err: ev.Err})
		}
	})
	if err != nil {
		post(heard{err: err})
	}
}

// request builds the REGISTER with its credentials.
func (x *enrol) request(a regSend, flow wire.Flow) (*wire.Request, error) {
	if !x.t.deps.AskOnly {
		contact, err := x.contact(flow)
		if err != nil {
			return nil, err
		}
		x.last.contact = contact
	}
	req, err := x.one.op.register(x.last, x.one.op.routes())
	if err != nil {
		return nil, err
	}
	header, ok := x.login.ahead(wire.REGISTER, req.URI().String(), nil)
	if a.auth == authAnswer {
		header, err = x.login.answer(x.challenge, wire.REGISTER, req.URI().String(), nil)
		ok = err == nil
	}
	if err != nil {
		return nil, err
	}
	if ok {
		err = req.Set(header.Name, header.Value)
	}
	return req, err
}

// contact is where we want to be called.
func (x *enrol) contact(flow wire.Flow) (wire.URI, error) {
	if x.t.deps.Advertised == nil {
		return wire.URI{}, errors.New("no address of ours to register: Advertised was not given")
	}
	host, port := x.t.deps.Advertised(flow)
	if host == "" {
		return wire.URI{}, fmt.Errorf("there is no listener for %s; add one to sip.listen", flow.Transport)
	}
	return x.one.op.contact(flow, host, port), nil
}

// forget ends the REGISTER under way, if there is one.
func (x *enrol) forget() {
	if x.tx != nil {
		x.tx.Terminate()
		x.tx = nil
	}
}

// tell shows how the registration stands, and logs when that has changed.
func (x *enrol) tell(now time.Time) {
	x.mu.Lock()
	x.shown.state = x.state
	shown := x.shown
	x.mu.Unlock()
	name, standing := x.one.op.Name, x.state.standing(now)
	x.t.metrics.registered(name, standing == RegistrationActive)
	if x.state.phase != phaseWaiting { // in the midst of an attempt
		return
	}
	told := fmt.Sprint(standing, x.state.refused, x.state.why != "")
	if told == x.told {
		return
	}
	x.told = told
	log := x.t.deps.Log.With("trunk", name)
	if shown.flow.Remote.IsValid() { // not before a name has an address
		log = log.With("remote", shown.flow.Remote.String())
	}
	if !x.state.bound.IsZero() {
		log = log.With("until", x.state.bound)
	}
	switch {
	case standing == RegistrationActive && x.state.why == "":
		log.Info("trunk is registered")
	case x.state.refused:
		log.Error("the operator refuses our registration: check auth and register of this trunk; calls do not come in when the last one runs out",
			"err", x.state.why)
	case standing == RegistrationActive:
		log.Warn("the trunk's registration could not be renewed, it is tried again", "err", x.state.why)
	default:
		log.Error("trunk is not registered: no calls come in by it", "err", x.state.why)
	}
}

// stoppedTimer is a timer that does not run yet.
func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
