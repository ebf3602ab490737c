package trunk

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// lookupTimeout bounds one round of name resolution.
const lookupTimeout = 5 * time.Second

// maxAddresses is how many addresses of one name are used; more would only make a failing call
// longer.
const maxAddresses = 3

// life is an operator's health and its outstanding probe.
type life struct {
	mu      sync.Mutex
	pulse   pulse
	since   time.Time
	rtt     time.Duration
	problem string
	probe   *probe // outstanding, nil when the last one ended
}

// probe is one OPTIONS on its way.
type probe struct {
	sent time.Time
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

// Run resolves names and probes operators until ctx ends.
func (t *Trunks) Run(ctx context.Context) error {
	if t.deps.Sender == nil {
		return errors.New("run trunks: no sender was given")
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { t.resolveLoop(ctx) })
	ticker := time.NewTicker(t.cfg.ProbeEvery)
	defer ticker.Stop()
	for {
		for _, one := range t.trunks {
			if !one.op.NoOptions {
				t.safely(func() { t.probe(one) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// resolveLoop looks all names up at once, periodically, and when the phones have changed.
func (t *Trunks) resolveLoop(ctx context.Context) {
	ticker := time.NewTicker(t.cfg.ResolveEvery)
	defer ticker.Stop()
	for {
		t.safely(func() { t.Resolve(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-t.again:
		}
	}
}

// Resolve looks all host names up now. A name that fails keeps the addresses it had.
func (t *Trunks) Resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var (
		mu       sync.Mutex
		running  sync.WaitGroup
		resolved = maps.Clone(t.peers.Load().hosts)
	)
	for _, host := range t.names() {
		running.Go(func() {
			t.safely(func() {
				addrs, err := t.deps.Resolver.LookupNetIP(ctx, "ip", host)
				if err != nil || len(addrs) == 0 {
					t.metrics.resolveFailed()
					t.deps.Log.WarnContext(ctx, "peer name not resolved, old addresses stay", "host", host, "err", err)
					return
				}
				for i := range addrs {
					addrs[i] = addrs[i].Unmap()
				}
				slices.SortFunc(addrs, netip.Addr.Compare) // IPv4 first; a stable order keeps one target per call
				mu.Lock()
				defer mu.Unlock()
				resolved[host] = addrs[:min(len(addrs), maxAddresses)]
			})
		})
	}
	running.Wait()
	t.peers.Store(t.index(resolved))
}

// names lists the hosts that are no literal addresses.
func (t *Trunks) names() []string {
	var out []string
	consider := func(host string) {
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || slices.Contains(out, host) {
			return
		}
		if _, err := parseSource(host); err == nil {
			return
		}
		out = append(out, host)
	}
	for _, one := range t.trunks {
		consider(one.op.Host)
	}
	for _, host := range t.phones.Load().hosts {
		consider(host)
	}
	return out
}

// probe sends one OPTIONS. A probe still unanswered since the last round is a miss.
func (t *Trunks) probe(one *Trunk) {
	now := t.deps.Now()
	one.life.mu.Lock()
	late := one.life.probe
	one.life.probe = nil
	one.life.mu.Unlock()
	if late != nil {
		if late.tx != nil {
			late.tx.Terminate()
		}
		t.beat(one, false, 0, "no answer to OPTIONS")
	}
	ways := t.ways(one)
	if len(ways) == 0 {
		t.beat(one, false, 0, "host name has no address")
		return
	}
	req, err := t.options(one.op, ways[0].flow.Transport)
	if err != nil {
		t.beat(one, false, 0, err.Error())
		return
	}
	p := &probe{sent: now}
	one.life.mu.Lock()
	one.life.probe = p
	one.life.mu.Unlock()
	tx, err := t.deps.Sender.Send(req, ways[0].flow, func(ev wire.ClientEvent) {
		t.probed(one, p, ev)
	})
	one.life.mu.Lock()
	p.tx = tx
	one.life.mu.Unlock()
	if err != nil {
		t.probed(one, p, wire.ClientEvent{Err: err})
	}
}

// probed takes the outcome of a probe, once.
func (t *Trunks) probed(one *Trunk, p *probe, ev wire.ClientEvent) {
	one.life.mu.Lock()
	mine := one.life.probe == p
	if mine {
		one.life.probe = nil
	}
	one.life.mu.Unlock()
	if !mine {
		return
	}
	if ev.Err != nil {
		t.beat(one, false, 0, ev.Err.Error())
		return
	}
	t.beat(one, true, t.deps.Now().Sub(p.sent), "")
}

// beat feeds one observation to the operator's pulse and reports a change once.
func (t *Trunks) beat(one *Trunk, alive bool, rtt time.Duration, problem string) {
	l := &one.life
	l.mu.Lock()
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
	if changed && next.state == StateDown {
		t.deps.Log.Error("trunk is down", "trunk", one.op.Name, "err", problem)
	} else if changed {
		t.deps.Log.Info("trunk is up", "trunk", one.op.Name)
	}
}

// options builds the probe.
func (t *Trunks) options(op Operator, transport wire.Transport) (*wire.Request, error) {
	req := wire.NewRequest(wire.OPTIONS, op.uri("", transport))
	self := wire.URI{Scheme: "sip", User: "vahta", Host: op.Domain}
	if op.Number != "" {
		self.User = op.Plan.Format(Normalize(op.Number))
	}
	from := wire.NameAddr{URI: self, Params: wire.Params{{Name: "tag", Value: t.deps.Sender.NewTag()}}}
	for _, h := range [...]wire.Header{
		{Name: "From", Value: from.String()},
		{Name: "To", Value: wire.NameAddr{URI: op.uri("", transport)}.String()},
		{Name: "Call-ID", Value: t.deps.Sender.NewCallID()},
		{Name: "CSeq", Value: "1 OPTIONS"},
		{Name: "Accept", Value: "application/sdp"},
	} {
		if err := req.Set(h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	return req, nil
}
