package media

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/butlerspb/vahta/sip/sdp"
)

// Stream is one RTP session: our pair of ports, the far end, and what is sent to and taken from it.
type Stream struct {
	// set at New
	pool    *Pool
	name    string
	onEvent func(Event)
	port    uint16
	local   netip.AddrPort
	rtp     socket
	rtcp    socket

	shard  atomic.Pointer[shard] // changed only inside the shard it names
	plays  atomic.Uint64         // last PlayID given out
	closed atomic.Bool

	mu    sync.Mutex // guards saved
	saved Stats      // figures when last asked for, or at Close

	// owned by the shard
	group, index int
	gone         bool
	broken       bool // something in it has panicked: packets and ticks pass it by
	deal         deal
	secure       *secure // nil: plain RTP
	latch        latch
	remote       target // where RTP goes
	control      target // where RTCP goes
	in           reception
	out          sender
	report       reporting
	player       player
	owed         int // samples of generated sound that wait for the next packet
	keys         keySender
	events       eventReceiver
	digits       digitMerger
	tones        *Detector // in-band digits; nil where the far end is known to send telephone events
	sendsEvents  bool      // the far end has sent a telephone event
	ownTone      bool      // a key was in the sound when the bridge began: its rest is not for the peer
	watch        watchdog
	peer         *Stream
	opt          ConnectOptions
	rec          *Recorder
	ch           Channel
	track        track
	recFailed    bool
}

// deal is what offer/answer settled, in the form the packet path needs.
type deal struct {
	applied          bool
	law              law
	sendPT, recvPT   uint8
	eventPT          uint8 // to send; 0 = none
	recvEventPT      uint8 // expected; 0 = none
	canSend, canRecv bool
	held             bool
	frame            int // samples of a generated packet
}

// takesEvent reports whether a payload type brings telephone events: the one we named, or the one the far end named for
// the other way; some phones send with their own (RFC 3264 §6.1 lets the two differ).
func (d *deal) takesEvent(pt uint8) bool {
	return pt != 0 && (pt == d.recvEventPT || pt == d.eventPT && pt != d.recvPT && pt != ptPCMA)
}

func newStream(p *Pool, sh *shard, cfg StreamConfig, port uint16, rtp, rtcp socket) *Stream {
	s := &Stream{
		pool: p, name: cfg.Name, onEvent: cfg.OnEvent, port: port, rtp: rtp, rtcp: rtcp,
		local: netip.AddrPortFrom(p.cfg.said(cfg.bind(p)), port),
	}
	s.shard.Store(sh)
	s.latch.cfg = p.cfg.Latch
	s.out = newSender()
	return s
}

// Local returns the address to write into SDP; RTCP is on the next port.
func (s *Stream) Local() netip.AddrPort { return s.local }

// String names the stream in logs.
func (s *Stream) String() string { return fmt.Sprintf("%s (RTP port %d)", s.name, s.port) }

func (s *Stream) home() *shard { return s.shard.Load() }

// ask runs f inside the shard that owns the stream when it gets there; false when the pool has ended.
func (s *Stream) ask(f func(sh *shard)) bool {
	sh := s.home()
	return sh.post(func() {
		if s.home() == sh || !s.ask(f) { // else it has moved since
			f(sh)
		}
	})
}

// do is ask for commands that mean nothing to a closed stream.
func (s *Stream) do(f func(sh *shard)) bool {
	return s.ask(func(sh *shard) {
		if !s.gone {
			f(sh)
		}
	})
}

func (s *Stream) emit(e Event) {
	if s.onEvent != nil {
		s.onEvent(e)
	}
}

// Apply puts the outcome of an offer/answer exchange into force and lets the latch look for the far end again.
func (s *Stream) Apply(a sdp.Agreement) { s.do(func(sh *shard) { s.apply(sh, a) }) }

func (s *Stream) apply(sh *shard, a sdp.Agreement) {
	was := s.deal
	s.deal = deal{
		applied: true, law: lawOf(a.Codec), sendPT: a.Codec.PT, recvPT: a.RecvPT, eventPT: a.EventPT, recvEventPT: a.RecvEventPT,
		canSend: a.Direction == sdp.SendRecv || a.Direction == sdp.SendOnly,
		canRecv: a.Direction == sdp.SendRecv || a.Direction == sdp.RecvOnly,
		held:    a.Held,
		frame:   frameOf(a.PTime),
	}
	if s.latch.rearm(sh.now, a.Remote) {
		s.remote.set(a.Remote)
		s.control.set(a.RemoteRTCP)
	}
	s.protect(sh.now, a.Crypto)
	s.tuneIn()
	if was.law != s.deal.law || was.sendPT != s.deal.sendPT {
		s.out.marker = true
	}
	s.watch.arm(sh.now)
	s.report.due = min(s.report.due, sh.now+s.pool.cfg.RTCP)
}

// frameOf is how many samples make a packet of so many ms; 20 ms where nothing was agreed that we send.
func frameOf(ms int) int {
	if n := ms * samplesPerMs; n > 0 && n <= maxFrameSamples {
		return n
	}
	return frameSamples
}

func lawOf(c sdp.Codec) law {
	if c.Name == "PCMU" {
		return lawU
	}
	return lawA
}

// Signalling tells where the far end's signalling comes from; call it before Apply. It is the only address besides the
// SDP's that a phone behind NAT may send its sound from.
func (s *Stream) Signalling(from netip.Addr) {
	from = from.Unmap()
	s.do(func(*shard) { s.latch.signal = from })
}

// Play sends a playlist to the far end and returns its name at once; it replaces what was playing. PlayDone follows
// when it ends by itself. A stream that is bridged sends the playlist instead of the peer's sound while it lasts.
func (s *Stream) Play(p Playlist) PlayID {
	id := PlayID(s.plays.Add(1))
	s.do(func(*shard) { s.player.load(id, p) })
	return id
}

// StopPlay cuts what is playing: no further frame of it is sent.
func (s *Stream) StopPlay() { s.do(func(*shard) { s.player = player{} }) }

// InfoDigit takes in a digit that came by SIP INFO; it is dropped if the same key press has come by RTP.
func (s *Stream) InfoDigit(d byte) { s.do(func(sh *shard) { s.digit(sh, d, ViaINFO) }) }

// SendDigit presses a key for the given time: as RFC 4733 events if the far end takes them, else as tones.
func (s *Stream) SendDigit(d byte, dur time.Duration) { s.do(func(*shard) { s.keys.press(d, dur) }) }

// RTPTimeout sets after how long without RTP Silence is told: initial before the first packet, steady after it.
// 0 turns either off. Streams on hold and streams that only send are exempt.
func (s *Stream) RTPTimeout(initial, steady time.Duration) {
	s.do(func(sh *shard) { s.watch.set(sh.now, initial, steady) })
}

// QuietAfter sets after how long without RTP Quiet is told: since Apply, or since the last packet. It ends nothing; it is
// there to look for a remedy before Silence does. 0 turns it off. Exempt is what is exempt from RTPTimeout.
func (s *Stream) QuietAfter(limit time.Duration) {
	s.do(func(sh *shard) {
		s.watch.quiet = limit
		s.watch.arm(sh.now)
	})
}

// Record copies what the far end says to one channel of a recorder from now on; nil stops it.
func (s *Stream) Record(r *Recorder, ch Channel) {
	s.do(func(*shard) { s.rec, s.ch, s.track, s.recFailed = r, ch, track{}, false })
}

// Stats returns the figures of the stream so far, or those at Close. It waits for the shard.
func (s *Stream) Stats() Stats {
	got := make(chan struct{})
	take := func(*shard) {
		defer close(got)
		if !s.gone {
			s.save()
		}
	}
	if s.home().serving() && s.ask(take) {
		s.home().hurry()
		<-got
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved
}

func (s *Stream) save() {
	st := s.stats()
	s.mu.Lock()
	s.saved = st
	s.mu.Unlock()
}

// Close ends the stream: it is disconnected, the far end is told by RTCP, its sockets close and its ports rest if they were used.
func (s *Stream) Close() {
	if s.closed.Swap(true) {
		return
	}
	if !s.do(func(sh *shard) { s.shut(sh) }) {
		s.rtp.close()
		s.rtcp.close()
	}
}

// shut ends the stream inside its shard.
func (s *Stream) shut(sh *shard) {
	if s.gone {
		return
	}
	s.closed.Store(true)
	s.unlink()
	s.goodbye(sh)
	sh.remove(s)
	s.rtp.close()
	s.rtcp.close()
	s.save()
	s.gone = true
	s.pool.releasePort(s.port, s.rest())
	s.pool.metrics.stream(-1)
}

// rest is how long the ports must rest: not at all when nothing was agreed on them and no packet has passed, as on a leg
// that failed before an answer. An offer alone makes nobody send.
func (s *Stream) rest() time.Duration {
	if !s.deal.applied && s.in.packets+s.in.refused+s.out.packets == 0 {
		return 0
	}
	return s.pool.cfg.Drain
}
