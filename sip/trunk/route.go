package trunk

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

// maxWays is how many targets of one operator a call tries; more would only make a failing call longer.
const maxWays = 3

// minProgress is the least time a target gets to say something: a live one sends 100 within 200 ms (RFC 3261 §17.2.1),
// and over UDP our INVITE has been sent twice by then.
const minProgress = time.Second

// Policy is what is agreed on one leg, towards an operator or from it.
type Policy struct {
	Media    Media
	Reliable dialog.Reliability
	Timer    dialog.SessionTimer
}

// Destination is one way to ring somebody.
type Destination struct {
	Trunk      string // operator's name, "" for a softphone
	URI        wire.URI
	Flow       wire.Flow
	From       wire.NameAddr // the caller to show; zero for softphones: the caller of Dial decides
	Headers    []wire.Header
	NoProgress time.Duration // silence (no 1xx) after which the next way is tried
	NoRinging  time.Duration // no 18x after a 100 for so long: the next way is tried, if there is one; 0 = for ever
	Number     string        // what is dialled, E.164 where the form allows it; "" for softphones

	Media    Media
	Auth     dialog.Authorizer // answers the operator's challenge; nil = we have no password there
	Routes   []string          // preloaded route set, RFC 3261 §8.1.2
	Reliable dialog.Reliability
	Timer    dialog.SessionTimer

	// Alive asks whether the way is still there while it rings; an error ends the attempt. nil = not known.
	Alive func(context.Context) error
}

// way is one target of an operator: an address of one of its servers, and how it is spoken to.
type way struct {
	flow    wire.Flow
	host    string // the server's name, for logs
	resting bool   // it has failed a moment ago, or asked to be left alone
}

// Policy is how calls from the operator are taken; its own calls out have the same in their Destination.
func (t *Trunk) Policy() Policy {
	return Policy{Media: t.op.Media, Reliable: t.op.Reliable, Timer: t.op.Timer}
}

// Route lists the ways to ring a number through operators: in order of the configuration, up to three targets each.
// Targets that failed a moment ago come after those that did not, and operators believed down come last. It is empty
// when no operator may place outgoing calls.
func (t *Trunks) Route(number string) []Destination {
	number = Normalize(number)
	type ranked struct {
		Destination
		rank int
	}
	var all []ranked
	for _, one := range t.trunks {
		if one.op.Number == "" {
			continue
		}
		ways := t.ways(one)
		for _, w := range ways {
			d := t.destination(one, number, w.flow)
			d.NoProgress, d.NoRinging = t.patience(ways, w.resting), t.cfg.TrunkRinging
			all = append(all, ranked{d, turn(one, w)})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]Destination, len(all))
	for i, r := range all {
		out[i] = r.Destination
	}
	return out
}

// turn sorts ways: the lower, the sooner.
func turn(one *Trunk, w way) int {
	r := 2 * one.standing()
	if w.resting {
		r++
	}
	return r
}

// patience shares the time that an operator may be silent among its targets, so that the next operator's turn comes in
// time however many of them are dead.
func (t *Trunks) patience(ways []way, resting bool) time.Duration {
	n := 0
	for _, w := range ways {
		if w.resting == resting {
			n++
		}
	}
	return min(t.cfg.TrunkProgress, max(minProgress, t.cfg.TrunkProgress/time.Duration(max(1, n))))
}

// ways lists an operator's targets now, healthy ones first.
func (t *Trunks) ways(one *Trunk) []way {
	now := t.deps.Now()
	var out []way
	for _, target := range t.locator.Targets(one.op.query()) {
		flow := t.flow(one, wire.Transport(target.Transport), target.Addr)
		out = append(out, way{flow: flow, host: target.Host, resting: one.targets.resting(flow, now)})
	}
	slices.SortStableFunc(out, func(a, b way) int { return cmp.Compare(btoi(a.resting), btoi(b.resting)) })
	return out[:min(len(out), maxWays)]
}

// flow is how a target of the operator is spoken to.
func (t *Trunks) flow(one *Trunk, transport wire.Transport, remote netip.AddrPort) wire.Flow {
	f := wire.Flow{Transport: transport, Remote: remote}
	if transport == wire.TLS {
		f.Profile = one.op.Name
	}
	if local, err := netip.ParseAddr(one.op.Local); err == nil && t.deps.ListenerOn != nil {
		if listener, ok := t.deps.ListenerOn(transport, local); ok {
			f.Local = listener
		}
	}
	return f
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *Trunks) destination(one *Trunk, number string, flow wire.Flow) Destination {
	op := &one.op
	uri := op.uri(op.Plan.Format(number), flow.Transport)
	return Destination{
		Trunk: op.Name, URI: uri, Flow: flow, From: op.from(), Headers: op.headers(uri), Number: number,
		Media: op.Media, Auth: one.authorizer(), Routes: one.routeSet(), Reliable: op.Reliable, Timer: op.Timer,
		Alive: t.alive(one, flow),
	}
}

// uri is a Request-URI at the operator; what follows from its name or is the default is not written.
func (o Operator) uri(user string, transport wire.Transport) wire.URI {
	u := o.number(user)
	if o.Port != int(defaultPort(transport)) {
		u.Port = o.Port
	}
	if transport != wire.UDP {
		u.Params = u.Params.With("transport", string(transport))
	}
	return u
}

// routes is the preloaded route set: the outbound proxy, RFC 3261 §8.1.2.
func (o Operator) routes() []string {
	p, err := parseProxy(o.OutboundProxy)
	if o.OutboundProxy == "" || err != nil {
		return nil
	}
	u := wire.URI{Scheme: "sip", Host: p.host, Port: p.port}
	if t := cmp.Or(p.transport, o.Transport); t != "" && t != wire.UDP {
		u.Params = u.Params.With("transport", string(t))
	}
	u.Params = u.Params.With("lr", "")
	return []string{"<" + u.String() + ">"}
}

// TLSProfiles are how connections to operators are opened, by operator's name; for [*wire.Edge.SetProfiles].
func (t *Trunks) TLSProfiles() map[string]wire.TLSProfile {
	out := make(map[string]wire.TLSProfile)
	for _, one := range t.trunks {
		p := one.op.TLS
		p.ServerName = cmp.Or(p.ServerName, one.op.serverName())
		out[one.op.Name] = p
	}
	return out
}

// serverName is the name that must stand in the operator's certificate: that of the address we were given, not that of
// the server to which DNS leads (RFC 5922 §4).
func (o Operator) serverName() string {
	if p, err := parseProxy(o.OutboundProxy); err == nil && o.OutboundProxy != "" {
		return p.host
	}
	return o.Host
}
