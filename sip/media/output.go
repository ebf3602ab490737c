package media

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"time"
)

// keepAlive is how long a stream that has nothing to send stays quiet: a silent frame then keeps NAT bindings and the
// far end's RTP timer alive, and lets two ends that both wait for the other find each other.
const keepAlive = time.Second

// target is a destination, ready for the socket.
type target struct {
	ap  netip.AddrPort
	ok  bool // may be sent to
	raw rawAddr
}

// set changes the destination; an address RTP must never go to (none, unspecified, multicast, broadcast, port 0)
// switches sending off.
func (t *target) set(ap netip.AddrPort) {
	a := ap.Addr().Unmap()
	t.ap = netip.AddrPortFrom(a, ap.Port())
	t.ok = a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255}) && ap.Port() != 0
	t.raw = encodeAddr(t.ap)
}

// jumpLimit is how far (samples) a source's timestamps may run from the clock before they are taken to have restarted.
const jumpLimit = 2 * sampleRate

// sender numbers what goes out, so that the far end sees one unbroken RTP stream whatever its source: prompts, tones,
// or a peer whose own numbers are shifted onto ours.
type sender struct {
	ssrc    uint32
	seq     uint16        // last sent
	ts      uint32        // last sent
	at      time.Duration // when ts was sent
	last    uint32        // samples of the last generated packet
	sent    time.Duration // when anything was sent
	marker  bool          // set the marker on the next generated packet
	packets uint64
	octets  uint64
	earlier struct{ packets, octets uint64 } // of the SSRCs before this one

	// the followed source
	following bool
	source    uint32 // its SSRC
	dSeq      uint16
	dTS       uint32
}

// newSender begins at unpredictable numbers (RFC 3550 §5.1).
func newSender() sender {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	be := binary.BigEndian
	return sender{ssrc: be.Uint32(b[:]), ts: be.Uint32(b[4:]), seq: be.Uint16(b[8:]) >> 1}
}

// renew goes on under another SSRC, from other numbers: what was sent before has nothing to do with what follows.
func (o *sender) renew() {
	fresh := newSender()
	o.ssrc, o.seq, o.ts, o.marker, o.following = fresh.ssrc, fresh.seq, fresh.ts, true, false
	o.earlier.packets, o.earlier.octets = o.packets, o.octets
}

// elapsed is how many samples have passed since the last packet, at least one frame.
func (o *sender) elapsed(now time.Duration) uint32 {
	if o.packets == 0 {
		return frameSamples
	}
	return max(frameSamples, uint32((now-o.at)/sampleTime))
}

// step numbers one generated packet of a running sound, which is so many samples long; the first after another source
// gets the marker.
func (o *sender) step(now time.Duration, fresh bool, samples uint32) (marker bool) {
	marker = o.marker || o.following || fresh
	if marker {
		o.ts += o.elapsed(now)
	} else {
		o.ts += o.last
	}
	o.seq++
	o.at, o.last, o.marker, o.following = now, samples, false, false
	return marker
}

// follow maps a source's packet onto our numbers.
func (o *sender) follow(h header, now time.Duration, sound bool) (seq uint16, ts uint32, first bool) {
	if !o.following || o.source != h.ssrc || sound && o.jumped(h, now) {
		o.following, o.source, first = true, h.ssrc, true
		o.dSeq = o.seq + 1 - h.seq
		o.dTS = o.ts + o.elapsed(now) - h.ts
	}
	seq, ts = h.seq+o.dSeq, h.ts+o.dTS
	if newer(seq, o.seq) {
		o.seq = seq
		if int32(ts-o.ts) > 0 {
			o.ts, o.at = ts, now
		}
	}
	return seq, ts, first
}

// jumped reports whether the source's timestamps have left the clock.
func (o *sender) jumped(h header, now time.Duration) bool {
	got, want := int64(int32(h.ts+o.dTS-o.ts)), int64((now-o.at)/sampleTime)
	return got-want > jumpLimit || want-got > jumpLimit
}

// player walks through a playlist.
type player struct {
	active    bool
	fresh     bool // nothing of it has been sent
	id        PlayID
	list      Playlist
	item, pos int
}

func (p *player) load(id PlayID, l Playlist) { *p = player{active: true, fresh: true, id: id, list: l} }

// frame fills buf with the next sound; what is left of the last frame is silence. It returns false when the playlist
// has ended and there was nothing to put into the frame.
func (p *player) frame(buf []byte) bool {
	n := 0
	for rounds := 0; n < len(buf); {
		if p.item >= len(p.list.Items) {
			rounds++
			if !p.list.Loop || rounds > 1 && n == 0 { // an endless list of nothing ends too
				break
			}
			p.item, p.pos = 0, 0
			if len(p.list.Items) == 0 {
				break
			}
		}
		c := copy(buf[n:], p.list.Items[p.item][p.pos:])
		n += c
		p.pos += c
		if p.pos >= len(p.list.Items[p.item]) {
			p.item, p.pos = p.item+1, 0
		}
	}
	fill(buf[n:], alawSilence)
	return n > 0
}

// tick sends what is due: a key, a frame of the playlist, or a sign of life; and looks at the timers.
func (s *Stream) tick(sh *shard) {
	if s.deal.applied {
		switch {
		case s.keys.busy():
			s.tickKey(sh)
		case s.player.active:
			s.tickPlay(sh)
		case sh.now-s.out.sent >= keepAlive || s.out.packets == 0:
			s.sendFrame(sh, nil, true)
		}
		if !s.deal.held && s.deal.canRecv {
			s.watchOut(sh)
		}
		s.tickRTCP(sh)
	}
	if s.rec != nil {
		if err := s.rec.advance(s.rec.since(s.pool, sh.now)); err != nil && !s.recFailed {
			s.recFailed = true
			s.emit(Event{Kind: RecordFailed, Err: err})
		}
	}
}

// watchOut tells of packets that do not come.
func (s *Stream) watchOut(sh *shard) {
	if s.watch.hushed(sh.now) {
		s.emit(Event{Kind: Quiet})
	}
	if s.watch.expired(sh.now) {
		s.emit(Event{Kind: Silence})
	}
}

// frames is how many packets of generated sound are due in this tick: one where a packet is as long as a tick.
func (s *Stream) frames() int {
	s.owed += frameSamples
	n := s.owed / s.deal.frame
	s.owed -= n * s.deal.frame
	return n
}

func (s *Stream) tickPlay(sh *shard) {
	var sound [maxFrameSamples]byte
	for range s.frames() {
		if !s.player.frame(sound[:s.deal.frame]) {
			id := s.player.id
			s.player = player{}
			s.out.marker = true
			s.emit(Event{Kind: PlayDone, Play: id})
			return
		}
		s.sendFrame(sh, sound[:s.deal.frame], s.player.fresh)
		s.player.fresh = false
	}
}

// sendFrame sends one packet of A-law sound in the agreed codec; nil is silence.
func (s *Stream) sendFrame(sh *shard, sound []byte, fresh bool) {
	if !s.deal.canSend || !s.remote.ok {
		s.out.marker = true
		return
	}
	b := sh.frame[:headerSize+s.deal.frame]
	switch {
	case sound == nil:
		fill(b[headerSize:], s.deal.law.silence())
	case s.deal.law == lawU:
		for i, c := range sound {
			b[headerSize+i] = alawToUlaw[c]
		}
	default:
		copy(b[headerSize:], sound)
	}
	marker := s.out.step(sh.now, fresh, uint32(s.deal.frame))
	putHeader(b, marker, s.deal.sendPT, s.out.seq, s.out.ts, s.out.ssrc)
	s.transmit(sh, b)
	sh.count.generated++
}
