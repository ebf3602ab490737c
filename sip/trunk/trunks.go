package trunk

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/wire"
)

// ErrUnresolved says that a host name has no address yet; it is looked up again periodically.
var ErrUnresolved = errors.New("host name has no address yet")

// Sender sends requests; [*wire.Edge] does.
type Sender interface {
	Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error)
	NewTag() string
	NewCallID() string
}

// Deps are what Trunks needs of the world. Sender may be nil when Run is never called.
type Deps struct {
	Sender     Sender
	DNS        locate.Asker // nil = the name servers of Config.DNS
	DNSFile    string       // where servers' addresses outlive a restart; "" = nowhere
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time // nil = time.Now
	// ListenerOn returns the listener of a transport at an address of ours; [*wire.Edge.ListenerOn] does. Operators with
	// a local address need it.
	ListenerOn func(wire.Transport, netip.Addr) (netip.AddrPort, bool)
	// Advertised names our end of a flow for Contact; [*wire.Edge.AdvertisedOn] does. Operators that register us need it.
	Advertised func(wire.Flow) (host string, port int)
	// KeepAlive sends an empty line by a flow; [*wire.Edge.Ping] does. nil = only OPTIONS keep NAT open.
	KeepAlive func(wire.Flow) error
	// AskOnly registers nothing: the registrar is asked what it keeps, which proves account and way (RFC 3261 section
	// 10.2.3). For who must not take calls away from a server that runs.
	AskOnly bool
	// Suspect hears of those who ask for an operator's password and get no answer; it must not block.
	Suspect func(operator string, from netip.AddrPort, what string)
}

// Trunk is one operator at work.
type Trunk struct {
	op      Operator
	limit   limit
	life    life
	targets targets
	mine    func(netip.AddrPort) bool // an address of this operator; set at New
	suspect func(operator string, from netip.AddrPort, what string)
	login   account     // answers challenges to calls and messages
	enrol   *enrol      // keeps us registered; nil = it does not register us
	doubted atomic.Bool // it failed the line's self-test
}

// Name returns the operator's name.
func (t *Trunk) Name() string { return t.op.Name }

// Operator returns the operator's configuration with defaults filled in.
func (t *Trunk) Operator() Operator { return t.op }

// State returns what we believe about the operator's reachability.
func (t *Trunk) State() State { return t.life.state() }

// Trunks knows all peers.
type Trunks struct {
	// Set at New.
	cfg     Config
	deps    Deps
	trunks  []*Trunk
	byName  map[string]*Trunk
	metrics *metrics

	peers  atomic.Pointer[peers]  // replaced by every resolution
	phones atomic.Pointer[phones] // replaced by SetPhones
	inbox  inbox                  // takes messages that come in
	looked <-chan struct{}        // closed when all names have been looked up once

	locator *locate.Locator
	known   known // by which addresses operators have been reached of late
}

// phones is the current list of softphone hosts.
type phones struct{ hosts []string }

// New checks the configuration. Literal addresses work at once, names after Run resolved them.
func New(cfg Config, deps Deps) (*Trunks, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("trunk configuration: %w", err)
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	t := &Trunks{
		cfg: cfg, deps: deps,
		byName:  make(map[string]*Trunk, len(cfg.Operators)),
		metrics: newMetrics(deps.Registerer),
	}
	var err error
	t.locator, err = locate.New(cfg.DNS, locate.Deps{
		Asker: deps.DNS, File: deps.DNSFile, Changed: t.resolved, Log: deps.Log, Registerer: deps.Registerer, Now: deps.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("trunk configuration: dns: %w", err)
	}
	t.looked = t.locator.Ready()
	t.inbox.room = make(chan struct{}, takers)
	for _, op := range cfg.Operators {
		one := &Trunk{
			op:    op.withDefaults(),
			limit: limit{maxChannels: op.MaxChannels, rate: op.CallsPerSecond},
			life:  life{since: deps.Now()},
		}
		one.suspect = deps.Suspect
		one.mine = func(addr netip.AddrPort) bool { return t.belongs(one, addr) }
		one.login = account{auth: one.op.Auth, rand: t.random}
		if one.op.Register.Enabled {
			one.enrol = newEnrol(t, one)
		}
		t.trunks = append(t.trunks, one)
		t.byName[op.Name] = one
	}
	t.SetPhones(cfg.Phones)
	return t, nil
}

// SetPhones replaces the softphone hosts, for example after the roster changed. Literal addresses
// are admitted at once, names as soon as Run has looked them up.
func (t *Trunks) SetPhones(hosts []string) {
	t.phones.Store(&phones{hosts: hosts})
	t.locator.Watch(t.queries())
	t.reindex()
}

// Admit classifies a source address for the edge.
func (t *Trunks) Admit(from netip.AddrPort) wire.Class {
	if _, ok := t.peers.Load().find(from); ok {
		return wire.Peer
	}
	return wire.Unknown
}

// Identify names the operator that sent req and reads the call's identities. A nil Trunk with true
// is a configured softphone; false is neither.
func (t *Trunks) Identify(req *wire.Request) (*Trunk, Inbound, bool) {
	p := t.peers.Load()
	who, ok := p.find(req.Flow().Remote)
	if !ok {
		return nil, Inbound{}, false
	}
	if who == nil {
		return nil, identify(req, nil), true
	}
	who = t.account(p, who, req)
	in := identify(req, &who.op)
	in.Trunk = who.op.Name
	return who, in, true
}

// IdentifyPhone reads the INVITE of an engineer's phone that has authenticated.
func (t *Trunks) IdentifyPhone(req *wire.Request, account string) Inbound {
	in := identify(req, nil)
	in.Account = account
	return in
}

// Get returns the operator of that name, nil when there is none.
func (t *Trunks) Get(name string) *Trunk { return t.byName[name] }

// Phone returns the way to ring a softphone by its SIP URI, with or without "sip:".
func (t *Trunks) Phone(address string) (Destination, error) {
	uri, err := wire.ParseURI(address)
	if err != nil {
		return Destination{}, fmt.Errorf("softphone address %q: %w; write sip:name@host:port", address, err)
	}
	found := t.addrs(uri.Host)
	if len(found) == 0 {
		return Destination{}, fmt.Errorf("softphone %q: %w", uri.Host, ErrUnresolved)
	}
	transport := wire.UDP
	if v, ok := uri.Params.Get("transport"); ok {
		transport = wire.Transport(strings.ToLower(v))
	}
	port := uint16(uri.Port)
	if port == 0 {
		port = defaultPort(transport)
	}
	return Destination{
		URI:        uri,
		Flow:       wire.Flow{Transport: transport, Remote: netip.AddrPortFrom(found[0], port)},
		NoProgress: t.cfg.PhoneProgress,
	}, nil
}

// Reserve occupies a channel of the operator for one call, or reports that none is left or that
// calls start too fast. Softphones ("") have no limit. Each success needs one Release.
func (t *Trunks) Reserve(name string) bool {
	one := t.byName[name]
	if one == nil {
		return true
	}
	ok := one.limit.take(t.deps.Now())
	t.metrics.reserve(name, ok)
	return ok
}

// Release frees what Reserve occupied.
func (t *Trunks) Release(name string) {
	if one := t.byName[name]; one != nil {
		one.limit.give()
		t.metrics.release(name)
	}
}

// Status lists the operators' health in the order of the configuration.
func (t *Trunks) Status() []Health {
	out := make([]Health, 0, len(t.trunks))
	for _, one := range t.trunks {
		h := one.life.health()
		h.Trunk, h.Channels, h.MaxChannels = one.op.Name, one.limit.used(), one.op.MaxChannels
		h.Doubted = one.doubted.Load()
		one.registration(&h)
		if plan := t.locator.Plan(one.op.query()); len(plan) > 0 {
			h.Remote = netip.AddrPortFrom(plan[0].Addrs[0], plan[0].Port).String()
		}
		out = append(out, h)
	}
	return out
}
