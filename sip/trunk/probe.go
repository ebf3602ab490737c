package trunk

import (
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// life is an operator's health and the look at it that is under way.
type life struct {
	mu      sync.Mutex
	pulse   pulse
	since   time.Time
	rtt     time.Duration
	problem string
	look    *look // under way, nil when all probes of the last one have ended
}

// look is one OPTIONS to each target of an operator. The operator lives when any of them answers.
type look struct {
	sent     time.Time
	open     []*probe // not answered yet
	answered bool
	problem  string // why a target did not answer
}

// probe is one OPTIONS on its way.
type probe struct {
	flow wire.Flow
	tx   *wire.ClientTx
}

func (l *life) state() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pulse.state
}

func (l *life) health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Health{State: l.pulse.state, Since: l.since, RTT: l.rtt, Problem: l.problem}
}

// probeAll looks at all operators that may be looked at.
func (t *Trunks) probeAll() {
	for _, one := range t.trunks {
		t.safely(func() {
			if one.op.NoOptions {
				t.named(one)
			} else {
				t.probe(one)
			}
		})
	}
}

// named looks at an operator that is not to be asked: all that is known of it is whether its name has an address.
func (t *Trunks) named(one *Trunk) {
	if len(t.ways(one)) == 0 {
		t.beat(one, false, 0, noAddress)
		return
	}
	l := &one.life
	l.mu.Lock()
	was := l.pulse.state
	l.pulse, l.problem = pulse{}, ""
	if was != StateUnknown {
		l.since = t.deps.Now()
	}
	l.mu.Unlock()
	t.metrics.state(one.op.Name, StateUnknown)
	if was != StateUnknown {
		t.deps.Log.Info("the trunk's name has an address again", "trunk", one.op.Name)
	}
}

// expireAll ends the looks whose time is over.
func (t *Trunks) expireAll() {
	for _, one := range t.trunks {
		t.safely(func() { t.expire(one) })
	}
}

// probe begins a look.
func (t *Trunks) probe(one *Trunk) {
	t.expire(one)
	ways := t.ways(one)
	if len(ways) == 0 {
		t.beat(one, false, 0, noAddress)
		return
	}
	now := &look{sent: t.deps.Now()}
	for _, w := range ways {
		now.open = append(now.open, &probe{flow: w.flow})
	}
	one.life.mu.Lock()
	one.life.look = now
	one.life.mu.Unlock()
	for _, p := range append([]*probe(nil), now.open...) {
		t.send(one, now, p)
	}
}

// send sends the OPTIONS of one probe.
func (t *Trunks) send(one *Trunk, now *look, p *probe) {
	req, err := t.options(&one.op, p.flow.Transport)
	if err != nil {
		t.probed(one, now, p, err.Error())
		return
	}
	tx, err := t.deps.Sender.Send(req, p.flow, func(ev wire.ClientEvent) {
		switch {
		case ev.Err != nil:
			t.probed(one, now, p, ev.Err.Error())
		default: // whatever it says, it is there
			t.probed(one, now, p, "")
		}
	})
	if err != nil {
		t.probed(one, now, p, err.Error())
		return
	}
	one.life.mu.Lock()
	p.tx = tx
	one.life.mu.Unlock()
}

// probed takes the outcome of a probe, once.
func (t *Trunks) probed(one *Trunk, now *look, p *probe, problem string) {
	l := &one.life
	l.mu.Lock()
	if !now.close(p) || l.look != now {
		l.mu.Unlock()
		return
	}
	first := problem == "" && !now.answered
	now.answered = now.answered || problem == ""
	if problem != "" {
		now.problem = problem
	}
	over := len(now.open) == 0
	if over {
		l.look = nil
	}
	sent, silent, why := now.sent, over && !now.answered, now.problem
	l.mu.Unlock()
	if problem == "" {
		t.revive(one, p.flow)
	} else {
		t.missed(one, p.flow)
	}
	switch {
	case first:
		t.beat(one, true, t.deps.Now().Sub(sent), "")
	case silent:
		t.beat(one, false, 0, why)
	}
}

// missed lets a target that does not answer be tried last until the next look may show more.
func (t *Trunks) missed(one *Trunk, flow wire.Flow) {
	t.rest(one, flow, max(restAfterFailure, 2*t.cfg.ProbeEvery))
}

// close takes a probe off the open ones; false: it was closed before.
func (l *look) close(p *probe) bool {
	for i, o := range l.open {
		if o == p {
			l.open = append(l.open[:i:i], l.open[i+1:]...)
			return true
		}
	}
	return false
}

// expire counts the probes that nobody has answered.
func (t *Trunks) expire(one *Trunk) {
	l := &one.life
	l.mu.Lock()
	late := l.look
	l.look = nil
	var open []*probe
	answered := false
	if late != nil {
		open, late.open, answered = late.open, nil, late.answered
	}
	l.mu.Unlock()
	for _, p := range open {
		if p.tx != nil {
			p.tx.Terminate()
		}
		t.missed(one, p.flow)
	}
	if len(open) > 0 && !answered {
		t.beat(one, false, 0, "no answer to OPTIONS")
	}
}

// beat feeds one observation to the operator's pulse and reports a change once.
func (t *Trunks) beat(one *Trunk, alive bool, rtt time.Duration, problem string) {
	l := &one.life
	l.mu.Lock()
	before := l.pulse.state
	next, changed := l.pulse.step(alive)
	l.pulse, l.problem = next, problem
	if rtt > 0 {
		l.rtt = rtt
	}
	if changed {
		l.since = t.deps.Now()
	}
	l.mu.Unlock()
	t.metrics.state(one.op.Name, next.state)
	if !changed {
		return
	}
	if next.state == StateDown {
		t.deps.Log.Error("trunk is down", "trunk", one.op.Name, "err", problem)
		return
	}
	t.deps.Log.Info("trunk is up", "trunk", one.op.Name)
	if before == StateDown && one.enrol != nil { // what was away may have forgotten us
		one.enrol.nudge()
	}
}

// options builds the request of a probe.
func (t *Trunks) options(op *Operator, transport wire.Transport) (*wire.Request, error) {
	uri := op.uri("", transport)
	req := wire.NewRequest(wire.OPTIONS, uri)
	self := wire.URI{Scheme: "sip", User: "vahta", Host: op.Domain}
	if op.Number != "" {
		self.User = op.Plan.Format(Normalize(op.Number))
	}
	for _, h := range [...]wire.Header{
		{Name: "From", Value: wire.NameAddr{URI: self}.WithTag(t.deps.Sender.NewTag()).String()},
		{Name: "To", Value: wire.NameAddr{URI: uri}.String()},
		{Name: "Call-ID", Value: t.deps.Sender.NewCallID()},
		{Name: "CSeq", Value: "1 OPTIONS"},
		{Name: "Accept", Value: "application/sdp"},
	} {
		if err := req.Set(h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	return req, addRoutes(req, op.routes())
}
