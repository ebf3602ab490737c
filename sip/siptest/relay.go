package siptest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxDatagram is the largest UDP payload, RFC 768.
const maxDatagram = 65535

// RelayConfig describes a relay between two parties.
type RelayConfig struct {
	A    netip.AddrPort // zero = learned from the first datagram on side A
	B    netip.AddrPort
	Bind netip.Addr // address of the relay's sockets; zero = 127.0.0.1
	Seed uint64     // of all that is random: the same seed loses the same packets

	Rules []Rule     // the first that applies to a SIP message decides
	Noise Impairment // done at random to SIP messages that no rule concerns
	// Media leads RTP and RTCP through the relay, too, and does this to them.
	// nil leaves SDP alone: the audio then goes past the relay.
	Media *Impairment
}

// Validate reports every fault.
func (c RelayConfig) Validate() error {
	var errs []error
	if !c.B.IsValid() {
		errs = append(errs, errors.New("relay.b: address of party B is missing"))
	}
	check := func(name string, i Impairment) {
		for _, rate := range []float64{i.Loss, i.Dup, i.Reorder} {
			if rate < 0 || rate > 1 {
				errs = append(errs, fmt.Errorf("relay.%s: rate %g is not between 0 and 1", name, rate))
			}
		}
	}
	check("noise", c.Noise)
	if c.Media != nil {
		check("media", *c.Media)
	}
	return errors.Join(errs...)
}

// Passage is a message on its way through the relay and what was done to it.
type Passage struct {
	Message // as the sender wrote it
	Dir     Direction
	Nth     int // which transmission of the same message, from 1
	Did     Action
}

// Relay passes SIP between two parties and harms it by rule.
type Relay struct {
	// set at NewRelay
	cfg   RelayConfig
	sideA *net.UDPConn
	sideB *net.UDPConn
	queue *delayQueue
	media *mediaRelay // nil without RelayConfig.Media

	log Log[Passage]

	mu    sync.Mutex
	a     netip.AddrPort         // guarded by mu
	rules []Rule                 // guarded by mu
	dice  *rand.Rand             // guarded by mu
	sent  map[string]int         // guarded by mu; transmissions by message identity
	held  map[Direction][]func() // guarded by mu; swapped messages that wait for a successor
}

// NewRelay opens the sockets of a relay. Run serves it.
func NewRelay(cfg RelayConfig) (*Relay, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.Bind.IsValid() {
		cfg.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	r := &Relay{
		cfg: cfg, a: cfg.A, rules: cfg.Rules, queue: newDelayQueue(),
		dice: rand.New(rand.NewPCG(cfg.Seed, 0)), sent: map[string]int{}, held: map[Direction][]func(){},
	}
	var err error
	if r.sideA, err = listen(cfg.Bind); err != nil {
		return nil, err
	}
	if r.sideB, err = listen(cfg.Bind); err != nil {
		_ = r.sideA.Close()
		return nil, err
	}
	if cfg.Media != nil {
		r.media = newMediaRelay(r, *cfg.Media)
	}
	return r, nil
}

// StartRelay is NewRelay and Run for the time of a test.
func StartRelay(tb testing.TB, cfg RelayConfig) *Relay {
	tb.Helper()
	r, err := NewRelay(cfg)
	if err != nil {
		tb.Fatalf("start relay: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		<-done
		if tb.Failed() {
			tb.Logf("messages through the relay:\n%s", r.Ladder())
		}
	})
	return r
}

func listen(bind netip.Addr) (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(bind, 0)))
	if err != nil {
		return nil, fmt.Errorf("open a UDP socket on %s: %w", bind, err)
	}
	return conn, nil
}

// Run passes messages until ctx ends, then closes all sockets.
func (r *Relay) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { r.queue.run(ctx) })
	wg.Go(func() { r.serve(r.sideA, AtoB) })
	wg.Go(func() { r.serve(r.sideB, BtoA) })
	<-ctx.Done()
	_ = r.sideA.Close()
	_ = r.sideB.Close()
	if r.media != nil {
		r.media.close()
	}
	wg.Wait()
}

// SideA is the address that A must take for B's.
func (r *Relay) SideA() netip.AddrPort { return localAddr(r.sideA) }

// SideB is the address that B must take for A's.
func (r *Relay) SideB() netip.AddrPort { return localAddr(r.sideB) }

func localAddr(c *net.UDPConn) netip.AddrPort {
	addr := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// SetRules replaces the rules; transmissions counted so far stay counted.
func (r *Relay) SetRules(rules ...Rule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = rules
}

// Wait returns the first passage that match accepts, past or to come. Dropped
// messages are on record, too: see Passage.Did.
func (r *Relay) Wait(ctx context.Context, match func(Passage) bool) (Passage, error) {
	return r.log.Wait(ctx, match)
}

// Count tells how many passages match accepts so far.
func (r *Relay) Count(match func(Passage) bool) int { return r.log.Count(match) }

// Passages is the record so far.
func (r *Relay) Passages() []Passage { return r.log.All() }

// Request matches requests of that method in either direction.
func Request(method string) func(Passage) bool {
	return func(p Passage) bool { return p.Is(method) }
}

// Response matches responses with that status to that method.
func Response(status int, method string) func(Passage) bool {
	return func(p Passage) bool { return p.Answers(status, method) }
}

// Arrived narrows match to messages that were not lost.
func Arrived(match func(Passage) bool) func(Passage) bool {
	return func(p Passage) bool { return p.Did != Drop && match(p) }
}

// Ladder is the record as text, one line per message.
func (r *Relay) Ladder() string {
	var b strings.Builder
	var start time.Time
	for i, p := range r.log.All() {
		if i == 0 {
			start = p.At
		}
		fmt.Fprintf(&b, "%8.3f s  %s  %-14s #%d", p.At.Sub(start).Seconds(), p.Dir, p.Summary(), p.Nth)
		if p.Did != Pass {
			b.WriteString("  " + p.Did.String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// serve reads one side until its socket closes.
func (r *Relay) serve(conn *net.UDPConn, dir Direction) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier send: the party is away, its business
		}
		if dir == AtoB {
			r.learn(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		}
		r.pass(append([]byte(nil), buf[:n]...), dir)
	}
}

// learn takes the first sender on side A for party A, unless it was given.
func (r *Relay) learn(from netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.a.IsValid() {
		r.a = from
	}
}

// pass decides about one datagram and sends it on.
func (r *Relay) pass(raw []byte, dir Direction) {
	m, err := ParseMessage(raw)
	if err != nil { // a keep-alive or noise: not ours to judge
		r.send(raw, dir)
		return
	}
	m.At = time.Now()
	nth, do, delay := r.decide(dir, &m)
	out := r.rewrite(m, dir)
	r.log.Add(Passage{Message: m, Dir: dir, Nth: nth, Did: do})
	switch do {
	case Drop:
		return
	case Reorder:
		r.hold(dir, out, delay)
		return
	case Dup:
		r.send(out, dir)
	case Pass, Delay:
	}
	r.queue.after(delay, func() { r.send(out, dir) })
	r.release(dir)
}

// decide counts the transmission and picks what happens to it.
func (r *Relay) decide(dir Direction, m *Message) (nth int, do Action, delay time.Duration) {
	number, method := m.CSeq()
	id := fmt.Sprint(dir, m.Method, m.Status, number, method, m.CallID(), m.ToTag())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[id]++
	nth = r.sent[id]
	for i := range r.rules {
		if r.rules[i].applies(dir, m, nth) {
			return nth, r.rules[i].Do, r.rules[i].Delay
		}
	}
	do, delay = r.cfg.Noise.roll(r.dice)
	return nth, do, delay
}

// roll throws the dice for one packet.
func (i Impairment) roll(dice *rand.Rand) (Action, time.Duration) {
	delay := i.Delay
	if i.Jitter > 0 {
		delay += time.Duration(dice.Int64N(int64(i.Jitter)))
	}
	switch p := dice.Float64(); {
	case p < i.Loss:
		return Drop, 0
	case p < i.Loss+i.Dup:
		return Dup, delay
	case p < i.Loss+i.Dup+i.Reorder:
		return Reorder, delay
	}
	return Pass, delay
}

// hold keeps a message back until the next of its direction has gone.
func (r *Relay) hold(dir Direction, out []byte, limit time.Duration) {
	if limit <= 0 {
		limit = reorderLimit
	}
	once := sync.OnceFunc(func() { r.send(out, dir) })
	r.mu.Lock()
	r.held[dir] = append(r.held[dir], once)
	r.mu.Unlock()
	r.queue.after(limit, once)
}

// release lets go what was held back in that direction.
func (r *Relay) release(dir Direction) {
	r.mu.Lock()
	held := r.held[dir]
	r.held[dir] = nil
	r.mu.Unlock()
	for _, send := range held {
		send()
	}
}

// send writes one datagram to the party at the end of that direction. A lost
// datagram is what a relay of this kind is for, so errors do not matter.
func (r *Relay) send(out []byte, dir Direction) {
	if dir == AtoB {
		_, _ = r.sideB.WriteToUDPAddrPort(out, r.cfg.B)
		return
	}
	if a := r.partyA(); a.IsValid() {
		_, _ = r.sideA.WriteToUDPAddrPort(out, a)
	}
}

func (r *Relay) partyA() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.a
}
