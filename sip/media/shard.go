package media

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

const (
	phases          = 4                      // groups of streams whose 20 ms ticks are spread over the frame
	phaseTime       = frameTime / phases     // time between two phases
	maxCatchUp      = 2 * phases             // phases made up for after the machine stood still; more are skipped
	maxPacket       = 2048                   // bytes; nothing longer than an Ethernet frame is expected
	reportTime      = time.Second            // how often a shard hands its counters to the metrics
	phasesPerReport = reportTime / phaseTime // phases between two reports
)

// Relay moves packets between the sockets of a shard's streams and the shard. It calls the shard's methods from one
// goroutine at a time.
type Relay interface {
	// open makes a socket bound to the address; any goroutine.
	open(netip.AddrPort) (socket, error)
	// run serves until ctx ends. It calls begin when wake may be called, drains, and calls end before it frees what it has.
	run(ctx context.Context, begin, end func()) error
	// wake makes the shard's drain run within a phase, or now if somebody waits for it; any goroutine, between begin and end.
	wake(now bool)
	// add starts to deliver what arrives on a socket; inside the shard.
	add(so socket, s *Stream, rtcp bool) error
	// remove stops that; inside the shard.
	remove(so socket)
}

// socket is one UDP socket of a Relay.
type socket interface {
	send(b []byte, to *target) error // never blocks
	close()
}

// shard owns a set of streams: everything of theirs happens inside its Relay's loop.
type shard struct {
	// set at New
	pool  *Pool
	relay Relay

	mu      sync.Mutex // guards what follows
	queue   []func()
	running bool
	ended   bool

	// owned by the loop
	now    time.Duration // since the pool was made, read once a wake
	spare  []func()
	groups [phases][]*Stream
	phase  int
	count  counters
	sinceR int
	frame  [headerSize + maxFrameSamples]byte // what generated packets are built in
	sealed [maxPacket + maxTrailer]byte       // what SRTP is built in
}

func newShard(p *Pool) *shard {
	sh := &shard{pool: p}
	sh.relay = newRelay(p.cfg.Engine, sh)
	return sh
}

func (sh *shard) open(addr netip.Addr, port uint16) (rtp, rtcp socket, err error) {
	rtp, err = sh.relay.open(netip.AddrPortFrom(addr, port))
	if err != nil {
		return nil, nil, err
	}
	rtcp, err = sh.relay.open(netip.AddrPortFrom(addr, port+1))
	if err != nil {
		rtp.close()
		return nil, nil, err
	}
	return rtp, rtcp, nil
}

// post queues a function for the loop, which runs it before it takes another packet and within a phase; false when the
// loop has ended.
func (sh *shard) post(f func()) bool {
	sh.mu.Lock()
	if sh.ended {
		sh.mu.Unlock()
		return false
	}
	sh.queue = append(sh.queue, f)
	if len(sh.queue) == 1 && sh.running {
		sh.relay.wake(false)
	}
	sh.mu.Unlock()
	return true
}

// hurry makes the loop run now what was posted.
func (sh *shard) hurry() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.running {
		sh.relay.wake(true)
	}
}

// waiting reports whether something is posted.
func (sh *shard) waiting() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return len(sh.queue) > 0
}

// serving reports whether what is posted will be run.
func (sh *shard) serving() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.running
}

func (sh *shard) run(ctx context.Context) error {
	return sh.relay.run(ctx, sh.begin, sh.end)
}

func (sh *shard) begin() {
	sh.mu.Lock()
	sh.running = true
	sh.mu.Unlock()
}

// end runs what is still queued and closes the streams that are left.
func (sh *shard) end() {
	sh.mu.Lock()
	sh.ended, sh.running = true, false
	rest := sh.queue
	sh.queue = nil
	sh.mu.Unlock()
	sh.touch()
	for _, f := range rest {
		sh.one(f)
	}
	for g := range sh.groups {
		for left := sh.groups[g]; len(left) > 0; left = sh.groups[g] {
			sh.one(func() { left[0].shut(sh) })
			if len(sh.groups[g]) == len(left) { // it broke: nothing here may be asked of it again
				sh.groups[g] = left[1:]
			}
		}
	}
	sh.report()
}

// touch reads the clock; the Relay calls it once a wake.
func (sh *shard) touch() { sh.now = time.Since(sh.pool.start) }

// drain runs what was posted.
func (sh *shard) drain() {
	sh.mu.Lock()
	if len(sh.queue) == 0 {
		sh.mu.Unlock()
		return
	}
	sh.queue, sh.spare = sh.spare[:0], sh.queue
	sh.mu.Unlock()
	for i, f := range sh.spare {
		sh.spare[i] = nil
		sh.one(f)
	}
}

// one runs one command; a panic costs that command only.
func (sh *shard) one(f func()) {
	defer sh.guard(nil)
	f()
}

// guard is deferred around what happens to one stream, which is all that a panic costs: all calls share this goroutine.
func (sh *shard) guard(s *Stream) {
	if fault := recover(); fault != nil {
		sh.broke(s, fault)
	}
}

// broke takes a stream out of service. Its owner hears Silence, which ends a conversation; the sockets stay until Close.
func (sh *shard) broke(s *Stream, fault any) {
	name := ""
	if s != nil {
		name = s.name
	}
	sh.pool.metrics.panicked()
	sh.pool.log.Error("media broke", "leg", name, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	if s == nil || s.broken {
		return
	}
	s.broken = true
	sh.one(func() { s.emit(Event{Kind: Silence}) })
}

// packet takes what a socket has received.
func (sh *shard) packet(s *Stream, rtcp bool, src netip.AddrPort, b []byte) {
	defer sh.guard(s)
	if s.broken {
		return
	}
	if rtcp {
		s.inputRTCP(sh, src, b)
		return
	}
	s.input(sh, src, b)
}

// idle reports whether no stream needs the tick.
func (sh *shard) idle() bool {
	for _, g := range sh.groups {
		if len(g) > 0 {
			return false
		}
	}
	return true
}

// elapse runs n phases of the tick.
func (sh *shard) elapse(n int) {
	for range min(n, maxCatchUp) {
		sh.phase = (sh.phase + 1) % phases
		group := sh.groups[sh.phase]
		for _, s := range group {
			sh.tick(s)
		}
		if sh.sinceR++; sh.sinceR >= int(phasesPerReport) {
			sh.report()
		}
	}
}

// tick runs one frame of a stream.
func (sh *shard) tick(s *Stream) {
	defer sh.guard(s)
	if !s.broken {
		s.tick(sh)
	}
}

func (sh *shard) report() {
	sh.sinceR = 0
	sh.pool.metrics.add(&sh.count)
}

// add takes a stream in: a new one, or one that moves here from another shard.
func (sh *shard) add(s *Stream) {
	g := 0
	for i := range sh.groups {
		if len(sh.groups[i]) < len(sh.groups[g]) {
			g = i
		}
	}
	s.group, s.index = g, len(sh.groups[g])
	sh.groups[g] = append(sh.groups[g], s)
	for _, so := range []struct {
		socket
		rtcp bool
	}{{s.rtp, false}, {s.rtcp, true}} {
		if err := sh.relay.add(so.socket, s, so.rtcp); err != nil {
			s.emit(Event{Kind: SocketFailed, Err: err})
		}
	}
}

// remove lets a stream go.
func (sh *shard) remove(s *Stream) {
	sh.relay.remove(s.rtp)
	sh.relay.remove(s.rtcp)
	g := sh.groups[s.group]
	last := len(g) - 1
	g[s.index] = g[last]
	g[s.index].index = s.index
	g[last] = nil
	sh.groups[s.group] = g[:last]
}
