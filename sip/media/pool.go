package media

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// Engine chooses what moves the packets.
type Engine string

// The engines.
const (
	EngineAuto     Engine = ""         // epoll on Linux, portable elsewhere
	EngineEpoll    Engine = "epoll"    // raw non-blocking sockets in one loop a shard; Linux only
	EnginePortable Engine = "portable" // one goroutine a socket
)

// PoolConfig describes the ports and the workers of a Pool.
type PoolConfig struct {
	Bind       netip.Addr    `yaml:"bind"`       // address the RTP sockets are bound to
	Advertise  netip.Addr    `yaml:"advertise"`  // address written into SDP; zero = Bind
	Bind6      netip.Addr    `yaml:"bind6"`      // IPv6 address for far ends that ask for one; zero = none are served
	Advertise6 netip.Addr    `yaml:"advertise6"` // IPv6 address written into SDP; zero = Bind6
	MinPort    uint16        `yaml:"min_port"`   // first port of the range, made even
	MaxPort    uint16        `yaml:"max_port"`   // last port of the range, RTCP included
	Drain      time.Duration `yaml:"drain"`      // how long a port that was used rests before it is used again
	Engine     Engine        `yaml:"engine"`
	Shards     int           `yaml:"shards"` // loops; 0 = one for every two processors
	Latch      LatchConfig   `yaml:"latch"`
	RTCP       time.Duration `yaml:"rtcp"` // interval of our RTCP reports (RFC 3550 §6.2); 0 = none

	Log        *slog.Logger          `yaml:"-"`
	Registerer prometheus.Registerer `yaml:"-"`
}

// LatchConfig says when media from an address that the SDP did not name is believed.
type LatchConfig struct {
	// Private lets the address that the far end's signalling comes from in, after probation, when the SDP names a
	// private address (a phone behind NAT). See Stream.Signalling.
	Private bool `yaml:"private"`
	// SilentAfter lets another source in, after probation, when the SDP address has sent nothing for so long. 0 = never.
	SilentAfter time.Duration `yaml:"silent_after"`
	// RelatchAfter lets another port of the locked address in, after probation, when the locked source has been silent
	// for so long (a NAT that changed its mapping). 0 = never.
	RelatchAfter time.Duration `yaml:"relatch_after"`
}

// Default returns a configuration for one host: set Bind and Advertise for anything else. The port range lies below
// Linux's ephemeral range, so that outgoing sockets of other programs do not take its ports.
func Default() PoolConfig {
	return PoolConfig{
		Bind: netip.AddrFrom4([4]byte{127, 0, 0, 1}), MinPort: 16384, MaxPort: 32767, Drain: 60 * time.Second, RTCP: 5 * time.Second,
		Latch: LatchConfig{Private: true, RelatchAfter: time.Second},
	}
}

// Validate reports all faults of the configuration.
func (c PoolConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !c.Bind.IsValid() {
		bad("media.bind: not set; give the address RTP sockets are bound to, or 0.0.0.0")
	}
	if a := c.advertise(); a.IsMulticast() || a.IsUnspecified() {
		bad("media.advertise: %s cannot be written into SDP; give the address phones can reach", a)
	}
	errs = append(errs, c.validate6()...)
	if c.MinPort < 1024 {
		bad("media.min_port: %d is below 1024; choose an unprivileged range", c.MinPort)
	}
	if int(c.MaxPort) < int(c.MinPort)+1 {
		bad("media.max_port: %d leaves no room for a pair of ports above min_port %d", c.MaxPort, c.MinPort)
	}
	if c.Drain < 0 || c.RTCP < 0 || c.Latch.SilentAfter < 0 || c.Latch.RelatchAfter < 0 {
		bad("media.drain, media.rtcp, media.latch.*: must not be negative")
	}
	if c.Shards < 0 || c.Shards > 64 {
		bad("media.shards: %d is not in 0..64", c.Shards)
	}
	switch c.Engine {
	case EngineAuto, EnginePortable:
	case EngineEpoll:
		if !epollAvailable {
			bad("media.engine: epoll exists on Linux only; leave it empty")
		}
	default:
		bad("media.engine: %q is not one of epoll, portable or empty", c.Engine)
	}
	return errors.Join(errs...)
}

func (c PoolConfig) advertise() netip.Addr {
	if c.Advertise.IsValid() {
		return c.Advertise
	}
	return c.Bind
}

// validate6 looks at the second family.
func (c PoolConfig) validate6() (errs []error) {
	if !c.Bind6.IsValid() {
		if c.Advertise6.IsValid() {
			errs = append(errs, errors.New("media.advertise6: set without media.bind6; give the address that IPv6 sockets are bound to"))
		}
		return errs
	}
	if !isIPv6(c.Bind6) || !c.Bind.Is4() {
		errs = append(errs, errors.New("media.bind6: must be an IPv6 address beside an IPv4 media.bind; for IPv6 alone set media.bind"))
	}
	if a := c.said(c.Bind6); !isIPv6(a) || a.IsMulticast() || a.IsUnspecified() {
		errs = append(errs, fmt.Errorf("media.advertise6: %s cannot be written into SDP; give the IPv6 address phones can reach", a))
	}
	return errs
}

func isIPv6(a netip.Addr) bool { return a.Is6() && !a.Is4In6() }

// said is what SDP says of sockets that are bound to an address.
func (c PoolConfig) said(bound netip.Addr) netip.Addr {
	switch {
	case bound == c.Bind:
		return c.advertise()
	case bound == c.Bind6 && c.Advertise6.IsValid():
		return c.Advertise6
	}
	return bound
}

func (c PoolConfig) shards() int {
	if c.Shards > 0 {
		return c.Shards
	}
	return max(1, runtime.GOMAXPROCS(0)/2)
}

// Errors a caller branches on.
var (
	// ErrPortsExhausted: every port of the range is in use or resting; answer 503.
	ErrPortsExhausted = errors.New("no free RTP port")
	// ErrFamily: the pool has no address of the family that was asked for; answer 488.
	ErrFamily = errors.New("no RTP address of this family")
	// ErrClosed: the pool no longer runs.
	ErrClosed = errors.New("media pool is closed")
)

// Pool owns a range of ports and the shards that serve them.
type Pool struct {
	// set at New
	cfg     PoolConfig
	start   time.Time // all times of the shards count from here
	log     *slog.Logger
	metrics *metrics
	shards  []*shard
	next    atomic.Uint32
	cname   string

	mu     sync.Mutex // guards what follows
	ports  portTable
	closed bool
	short  shortage
}

// shortage paces what is said of streams that find no port.
type shortage struct {
	told    time.Time
	refused int // since then
}

// shortageEvery is the least time between two log lines about a lack of ports; the counter has each refusal.
const shortageEvery = 10 * time.Second

// count notes a refusal and returns how many are to be told of now.
func (s *shortage) count(now time.Time) (tell int) {
	s.refused++
	if now.Sub(s.told) < shortageEvery {
		return 0
	}
	tell = s.refused
	*s = shortage{told: now}
	return tell
}

// NewPool checks the configuration and makes a pool; Run serves it.
func NewPool(cfg PoolConfig) (*Pool, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("make RTP port pool: %w", err)
	}
	p := &Pool{cfg: cfg, start: time.Now(), log: cfg.Log, metrics: newMetrics(cfg.Registerer), cname: crand.Text()}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.ports = newPortTable(cfg.MinPort, cfg.MaxPort, rand.Shuffle)
	for range cfg.shards() {
		p.shards = append(p.shards, newShard(p))
	}
	return p, nil
}

// Run serves all streams until ctx ends, then closes what is left.
func (p *Pool) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, sh := range p.shards {
		g.Go(func() error { return sh.run(ctx) })
	}
	err := g.Wait()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("serve RTP: %w", err)
	}
	return nil
}

// Free returns how many port pairs can be given out now.
func (p *Pool) Free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ports.available(time.Now())
}

// Family chooses between the addresses of a pool.
type Family uint8

// The families.
const (
	FamilyAny Family = iota // that of PoolConfig.Bind
	IPv4
	IPv6
)

// Serves reports whether streams of a family can be made.
func (p *Pool) Serves(f Family) bool {
	_, ok := p.cfg.bindOf(f)
	return ok
}

// bindOf is the address that sockets of a family are bound to.
func (c PoolConfig) bindOf(f Family) (netip.Addr, bool) {
	switch {
	case f == FamilyAny, isIPv6(c.advertise()) == (f == IPv6):
		return c.Bind, true
	case f == IPv6 && c.Bind6.IsValid():
		return c.Bind6, true
	}
	return netip.Addr{}, false
}

// StreamConfig describes a new stream.
type StreamConfig struct {
	// OnEvent is called inside the shard for each event; it must not block and must not call Stats. nil = nobody listens.
	OnEvent func(Event)
	// Name appears in logs and in String.
	Name string
	// Near puts the stream into the shard of another one, so that Connect has nothing to move. Optional.
	Near *Stream
	// Family is what the far end's SDP asks for, or what its signalling uses where it has sent none.
	Family Family
	// Addr is a local address to use instead of the pool's, as for an operator that is reached by another line. Optional.
	// SDP says it as it is: such a line has no outside address of its own and must not lie behind NAT.
	Addr netip.Addr
}

// bind is the address the stream's sockets are bound to; zero when the pool has none.
func (c StreamConfig) bind(p *Pool) netip.Addr {
	if c.Addr.IsValid() {
		return c.Addr.Unmap()
	}
	a, _ := p.cfg.bindOf(c.Family)
	return a
}

// NewStream opens an RTP and an RTCP socket on a random free pair of ports. Ports that someone else holds are skipped.
func (p *Pool) NewStream(cfg StreamConfig) (*Stream, error) {
	sh := p.shards[int(p.next.Add(1))%len(p.shards)]
	if cfg.Near != nil {
		sh = cfg.Near.home()
	}
	addr := cfg.bind(p)
	if !addr.IsValid() {
		return nil, fmt.Errorf("open RTP stream %q, family %d: %w", cfg.Name, cfg.Family, ErrFamily)
	}
	for {
		port, err := p.takePort()
		if err != nil {
			return nil, fmt.Errorf("open RTP stream %q on %s ports %d-%d: %w", cfg.Name, addr, p.cfg.MinPort, p.cfg.MaxPort, err)
		}
		rtp, rtcp, err := sh.open(addr, port)
		if isBusy(err) {
			p.releasePort(port, busyRest)
			p.metrics.portBusy()
			continue
		}
		if err != nil {
			p.releasePort(port, 0)
			return nil, fmt.Errorf("open RTP stream %q on %s port %d: %w", cfg.Name, addr, port, err)
		}
		s := newStream(p, sh, cfg, port, rtp, rtcp)
		if !sh.post(func() { sh.add(s) }) {
			rtp.close()
			rtcp.close()
			return nil, fmt.Errorf("open RTP stream %q: %w", cfg.Name, ErrClosed)
		}
		p.metrics.stream(+1)
		return s, nil
	}
}

func (p *Pool) takePort() (uint16, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return 0, ErrClosed
	}
	now := time.Now()
	port, ok := p.ports.take(now)
	refused, resting := 0, len(p.ports.resting)
	if !ok {
		refused = p.short.count(now)
	}
	p.mu.Unlock()
	if ok {
		return port, nil
	}
	p.metrics.portsExhausted()
	if refused > 0 {
		p.log.Warn("no free RTP port: widen media.min_port to media.max_port, or shorten media.drain",
			"min_port", p.cfg.MinPort, "max_port", p.cfg.MaxPort, "resting", resting, "refused", refused)
	}
	return 0, ErrPortsExhausted
}

func (p *Pool) releasePort(port uint16, rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports.release(port, time.Now(), rest)
}
