package media

import (
	"net/netip"
	"time"
)

// input takes one packet from the RTP socket. b is the shard's buffer: it may be changed, and is not kept.
func (s *Stream) input(sh *shard, src netip.AddrPort, b []byte) {
	if s.secure != nil && !isRTCP(b) {
		if !s.latch.possible(sh.now, src) { // costs no cryptography
			sh.count.foreign++
			s.in.refused++
			return
		}
		var ok bool
		if b, ok = s.open(sh, b); !ok {
			return
		}
	}
	h, ok := parseRTP(b)
	if !ok {
		if isRTCP(b) {
			s.inputRTCP(sh, src, b)
			return
		}
		sh.count.invalid++
		return
	}
	switch s.latch.admit(sh.now, src, h.ssrc, h.seq) {
	case refused:
		sh.count.foreign++
		s.in.refused++
		return
	case locked:
		s.latched(src)
		s.in.restart(h)
	case ssrcMoved:
		s.in.restart(h)
		s.events = eventReceiver{}
		s.track = track{}
	case accepted:
	}
	s.count(sh, h, len(b))
	switch {
	case s.deal.takesEvent(h.pt):
		s.inputEvent(sh, h, b)
	case h.pt == s.deal.recvPT && s.deal.recvPT != ptPCMU && s.deal.recvPT != ptPCMA:
		s.inputAudio(sh, h, b, s.deal.law)
	case h.pt == ptPCMA:
		s.inputAudio(sh, h, b, lawA)
	case h.pt == ptPCMU:
		s.inputAudio(sh, h, b, lawU)
	case h.pt == ptCN:
	default:
		sh.count.unknownPT++
	}
}

// latched sends everything to the source from now on; RTCP too, if the far end is not where its SDP said.
func (s *Stream) latched(src netip.AddrPort) {
	moved := src.Addr() != s.remote.ap.Addr()
	s.remote.set(src)
	if moved || !s.control.ap.IsValid() {
		s.control.set(netip.AddrPortFrom(src.Addr(), src.Port()+1))
	}
}

// count does the figures of an accepted packet.
func (s *Stream) count(sh *shard, h header, size int) {
	first := s.in.packets == 0
	s.in.take(h, sh.now, size-headerSize)
	sh.count.received++
	if s.watch.heard(sh.now) {
		s.emit(Event{Kind: Resumed})
	}
	if first {
		s.emit(Event{Kind: FirstPacket})
	}
}

// inputAudio records, listens for digits, and passes the sound on.
func (s *Stream) inputAudio(sh *shard, h header, b []byte, l law) {
	if !s.deal.canRecv {
		return
	}
	sound := b[h.start:h.end]
	if s.rec != nil {
		s.rec.write(s.ch, &s.track, s.rec.since(s.pool, sh.now), h.ts, sound, l)
	}
	if s.tones != nil && !s.listen(sh, sound, l) {
		return
	}
	p := s.peer
	if p == nil || !p.mayRelay() {
		return
	}
	if l != p.deal.law {
		if l == lawA {
			translate(sound, &alawToUlaw)
		} else {
			translate(sound, &ulawToAlaw)
		}
	}
	p.relay(sh, h, b[:h.end], p.deal.sendPT, true)
}

// inputEvent reads a telephone event and passes it on under the peer's payload type.
func (s *Stream) inputEvent(sh *shard, h header, b []byte) {
	ev, ok := parseEvent(b[h.start:h.end])
	if !ok {
		sh.count.invalid++
		return
	}
	if !s.sendsEvents {
		s.sendsEvents = true
		s.tuneIn()
	}
	if d, pressed := s.events.take(h, ev); pressed && !s.digit(sh, d, ViaRTP) {
		s.events.keep() // whoever was told of it has done with it what was due
	}
	if p := s.peer; p != nil && p.deal.eventPT != 0 && !s.opt.KeepDigits && s.deal.canRecv && s.events.passes(h) && p.mayRelay() {
		p.relay(sh, h, b[:h.end], p.deal.eventPT, false)
	}
}

// digit tells a key press; false when it has come another way already.
func (s *Stream) digit(sh *shard, d byte, via DigitSource) (fresh bool) {
	fresh = s.digits.take(sh.now, d, via)
	if fresh {
		s.emit(Event{Kind: Digit, Digit: d, Via: via})
	}
	return fresh
}

// mayRelay reports whether the peer's sound may go out on s now.
func (s *Stream) mayRelay() bool {
	return s.deal.canSend && s.remote.ok && !s.player.active && !s.keys.busy()
}

// relay sends a packet of the peer as ours: payload type, sequence, timestamp and SSRC continue our own stream, gaps
// and reordering stay as they are.
func (s *Stream) relay(sh *shard, h header, b []byte, pt uint8, sound bool) {
	seq, ts, first := s.out.follow(h, sh.now, sound)
	if s.secure != nil {
		b = bare(b, h)
	}
	b[0] &^= 0x20 // the padding has been cut off
	b[1] = b[1]&0x80 | pt
	if first {
		b[1] |= 0x80 // a new talkspurt for the receiver's jitter buffer (RFC 3551 §4.1)
	}
	patch(b, seq, ts, s.out.ssrc)
	s.transmit(sh, b)
	sh.count.relayed++
}

// transmit sends a finished packet.
func (s *Stream) transmit(sh *shard, b []byte) {
	wire := b
	if s.secure != nil {
		if wire = s.seal(sh, b); wire == nil {
			return
		}
	}
	if err := s.rtp.send(wire, &s.remote); err != nil {
		sh.count.sendErrors++
		return
	}
	s.out.sent = sh.now
	s.out.packets++
	s.out.octets += uint64(len(b) - headerSize)
}

// watchdog tells silence on the RTP port.
type watchdog struct {
	initial, steady time.Duration
	quiet           time.Duration
	since           time.Duration // last packet, or when it was armed
	heardOnce       bool
	silent          bool
	quieted         bool // Quiet has been told
}

func (w *watchdog) set(now, initial, steady time.Duration) {
	w.initial, w.steady = initial, steady
	w.arm(now)
}

// arm starts to count anew: after offer/answer and at the end of hold.
func (w *watchdog) arm(now time.Duration) { w.since, w.silent, w.quieted = now, false, false }

// heard notes a packet; true when it ends a silence that was told.
func (w *watchdog) heard(now time.Duration) (resumed bool) {
	resumed = w.silent || w.quieted
	w.since, w.heardOnce, w.silent, w.quieted = now, true, false, false
	return resumed
}

// hushed reports the beginning of a silence that is not yet to be told as one, once.
func (w *watchdog) hushed(now time.Duration) bool {
	if w.quieted || w.quiet == 0 || now-w.since < w.quiet {
		return false
	}
	w.quieted = true
	return true
}

// expired reports a silence, once.
func (w *watchdog) expired(now time.Duration) bool {
	limit := w.initial
	if w.heardOnce {
		limit = w.steady
	}
	if w.silent || limit == 0 || now-w.since < limit {
		return false
	}
	w.silent = true
	return true
}
