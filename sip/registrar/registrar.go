package registrar

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// Sender sends requests; [*wire.Edge] does.
type Sender interface {
	Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error)
	NewTag() string
	NewCallID() string
}

// Values are plain values that expire, shared by the nodes; a rotation's are.
type Values interface {
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	All(ctx context.Context, kind string) (map[string][]byte, error)
	Delete(ctx context.Context, key string) error
}

// Refused is a request of a phone that was refused, or that got nothing but a challenge though it brought an answer; or a bad link.
type Refused struct {
	Source netip.AddrPort
	Method wire.Method
	User   string // as claimed
	Why    string // from a closed set
	CallID string
	// Proven says that the source received the challenge that it failed: its address is not forged.
	Proven bool
}

// Deps are what a registrar works with. Ledger, Sender and Node are needed, the rest may be nil or empty.
type Deps struct {
	Ledger Ledger
	Sender Sender
	Node   string
	// Values share bindings with other nodes; nil = there are none.
	Values Values
	// Announce tells the other nodes that the accounts have changed.
	Announce func(ctx context.Context) error
	// File keeps accounts and bindings over a restart; "" = nothing does.
	File string
	// Refused hears of what was refused; it must not block.
	Refused func(Refused)
	// Revoked hears of accounts that were revoked, here or at another node; it must not block.
	Revoked    func(user string)
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Registrar keeps where the phones are.
type Registrar struct {
	// set at New
	cfg     Config
	deps    Deps
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	digest  *digest.Server
	dummy   map[digest.Algorithm]string // HA1 of nobody
	links   *linkLimit
	simple  *simple
	guesses *guesses
	again   chan struct{} // of one: the accounts may have changed
	flush   chan struct{} // of one: something is dirty
	wake    chan struct{} // of one: something may be due

	sources atomic.Pointer[map[netip.Addr]struct{}] // addresses of live bindings

	mu       sync.Mutex
	accounts accounts
	own      map[string][]Binding // by account, of this node
	foreign  map[string][]Binding // of the others
	placed   map[string]int       // calls that an account's phones have placed
	dirty    map[string]struct{}  // accounts whose own bindings are to be shared
	unsaved  bool                 // the file is behind
}

// New checks the configuration. Load and Run must follow.
func New(cfg Config, deps Deps) (*Registrar, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("registrar configuration: %w", err)
	}
	if deps.Ledger == nil || deps.Sender == nil || deps.Node == "" {
		return nil, errors.New("registrar: ledger, sender and node are all needed")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	fill := func(b []byte) { _, _ = rand.Read(b) } // it never fails
	secret := make([]byte, 32)
	fill(secret)
	server, err := digest.NewServer(digest.Config{Realm: cfg.Realm, Secret: secret, Algorithms: cfg.Algorithms, Rand: fill})
	if err != nil {
		return nil, fmt.Errorf("registrar: %w", err)
	}
	r := &Registrar{
		cfg: cfg, deps: deps, log: deps.Log, now: deps.Now, digest: server, links: newLinkLimit(), simple: newSimple(), guesses: newGuesses(),
		again: make(chan struct{}, 1), flush: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		accounts: accounts{}, own: map[string][]Binding{}, foreign: map[string][]Binding{}, placed: map[string]int{}, dirty: map[string]struct{}{},
	}
	_, r.dummy = NewSecret("nobody", cfg.Realm)
	r.metrics = newMetrics(deps.Registerer, r)
	r.sources.Store(&map[netip.Addr]struct{}{})
	return r, nil
}

// ledgerWait bounds a question to the record.
const ledgerWait = 3 * time.Second

// Load reads the local file and then the record, which may be away. It is to be called before phones are heard.
func (r *Registrar) Load(ctx context.Context) {
	r.loadFile()
	ctx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	if err := r.Refresh(ctx); err != nil {
		r.log.Warn("the phone accounts cannot be read; those of the local file count", "accounts", len(r.Accounts()), "err", err.Error())
	}
}

// Run asks phones whether they live, ends what has run out, and follows the
// record and the other nodes, until ctx ends.
func (r *Registrar) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { r.follow(ctx) })
	if r.deps.Values != nil {
		running.Go(func() { r.meet(ctx) })
	}
	running.Go(func() { r.keep(ctx) })
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		case <-r.wake:
		}
		wait := lookAtLeast
		r.safely("watch the phones", func() { wait = r.look() })
		next.Reset(wait)
	}
}

// Bindings are looked through when something is due, but no more and no less often than this.
const (
	lookAtMost  = 100 * time.Millisecond
	lookAtLeast = 10 * time.Second
)

// look ends bindings that have run out and sends what OPTIONS are due; it tells how long nothing more will be.
func (r *Registrar) look() time.Duration {
	now := r.now()
	next := now.Add(lookAtLeast)
	r.mu.Lock()
	var due []Binding
	for account, list := range r.own {
		live := slices.DeleteFunc(slices.Clone(list), func(b Binding) bool { return !b.live(now) })
		for i := range live {
			if live[i].life.due(now) {
				live[i].life = live[i].life.ask()
				due = append(due, live[i])
			}
			next = live[i].event(next)
		}
		if len(live) != len(list) {
			r.log.Info("a phone has not registered again", "account", account, "left", len(live))
			r.put(account, live, true)
		} else {
			r.own[account] = live
		}
	}
	r.mu.Unlock()
	for i := range due {
		r.ping(&due[i])
	}
	return max(lookAtMost, next.Sub(now))
}

// put replaces an account's own bindings; mu is held. changed says that others are to know.
func (r *Registrar) put(account string, list []Binding, changed bool) {
	if len(list) == 0 {
		delete(r.own, account)
	} else {
		r.own[account] = list
	}
	poke(r.wake)
	if !changed {
		return
	}
	r.dirty[account] = struct{}{}
	r.unsaved = true
	sources := map[netip.Addr]struct{}{}
	for _, list := range r.own {
		for i := range list {
			sources[list[i].Remote.Addr()] = struct{}{}
		}
	}
	r.sources.Store(&sources)
	poke(r.flush)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Admit classifies a source for the edge: addresses of registered phones are peers, whatever the port (a NAT may move it
// in the middle of a call); everybody else may register.
func (r *Registrar) Admit(from netip.AddrPort) wire.Class {
	if r.Live(from) {
		return wire.Peer
	}
	if r.cfg.Enabled {
		return wire.Guest
	}
	return wire.Unknown
}

// Live reports whether a registered phone has that address.
func (r *Registrar) Live(from netip.AddrPort) bool {
	_, ok := (*r.sources.Load())[from.Addr().Unmap()]
	return ok
}

// FlowClosed ends the bindings of a connection that has closed. Any goroutine may call it.
func (r *Registrar) FlowClosed(f wire.Flow) {
	if f.Transport == wire.UDP {
		return
	}
	r.drop("connection closed", func(b *Binding) bool { return b.Transport == f.Transport && b.Remote == f.Remote })
}

// drop ends own bindings.
func (r *Registrar) drop(why string, gone func(*Binding) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(why, gone)
}

func (r *Registrar) dropLocked(why string, gone func(*Binding) bool) {
	for account, list := range r.own {
		left := slices.DeleteFunc(slices.Clone(list), func(b Binding) bool { return gone(&b) })
		if len(left) != len(list) {
			r.log.Info("phone is gone", "account", account, "cause", why, "left", len(left))
			r.put(account, left, true)
		}
	}
}

// safely runs one round of work; a panic costs this round only.
func (r *Registrar) safely(what string, f func()) {
	defer func() {
		if fault := recover(); fault != nil {
			r.log.Error("a round of work broke, it goes on with the next one", "service", what, "err", fmt.Sprint(fault))
		}
	}()
	f()
}
