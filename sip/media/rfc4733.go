package media

import (
	"encoding/binary"
	"time"
)

const (
	eventSize  = 4      // bytes of a telephone-event payload (RFC 4733 §2.3)
	eventFlash = 16     // hook flash
	maxEvent   = 0xFFFF // longest duration of one segment, samples (§2.5.1.3)
	endRepeats = 3      // how often the end of an event is sent (§2.5.1.4)
	eventLevel = 10     // -dBm0, of what we send

	minKey = 60 * time.Millisecond // shortest key we send; Q.24 asks receivers to take 40 ms
	keyGap = 3                     // frames of quiet between two keys; Q.24 asks for 40 ms at least
)

// eventKeys are the keys of events 0..16 (RFC 4733 table 3).
const eventKeys = "0123456789*#ABCD!"

// eventPayload is a telephone event.
//
//	|     event     |E|R| volume    |          duration             |
type eventPayload struct {
	event    uint8
	end      bool
	duration uint16 // samples
}

// parseEvent reads the payload (RFC 4733 §2.3); only keys and flash are understood.
func parseEvent(b []byte) (eventPayload, bool) {
	if len(b) < eventSize || b[0] > eventFlash {
		return eventPayload{}, false
	}
	return eventPayload{event: b[0], end: b[1]&0x80 != 0, duration: binary.BigEndian.Uint16(b[2:])}, true
}

func (e eventPayload) put(b []byte) {
	b[0], b[1] = e.event, eventLevel
	if e.end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], e.duration)
}

// eventReceiver turns event packets into key presses, exactly one each. A press is known by its timestamp; marker, first
// and end packets may be lost, packets may be doubled or late.
type eventReceiver struct {
	seen     bool
	ended    bool
	ts       uint32
	seq      uint16 // newest event packet
	event    uint8
	duration uint16
	own      bool   // the press is not for the peer
	ownSeen  bool   // there has been such a press …
	ownTS    uint32 // … and this is its timestamp, so that its late packets are known
}

// keep makes the press of now, if there is one, ours: the rest of it is not for the peer.
func (r *eventReceiver) keep() { r.own, r.ownSeen, r.ownTS = r.seen, r.seen, r.ts }

// passes reports whether the packet that was just taken is for the peer.
func (r *eventReceiver) passes(h header) bool { return !r.own && (!r.ownSeen || h.ts != r.ownTS) }

// take reads a packet; pressed is true at the first packet of a press.
func (r *eventReceiver) take(h header, e eventPayload) (key byte, pressed bool) {
	if r.seen && !newer(h.seq, r.seq) { // late or doubled
		return 0, false
	}
	same := r.seen && e.event == r.event && (h.ts == r.ts || !r.ended && r.continues(h, e))
	if r.seen && h.ts == r.ts && e.event != r.event { // two keys cannot begin at one instant
		return 0, false
	}
	ended := e.end || same && h.ts == r.ts && r.ended
	r.seen, r.ended, r.ts, r.seq, r.event, r.duration = true, ended, h.ts, h.seq, e.event, e.duration
	if r.own = r.own && same; r.own {
		r.ownTS = h.ts
	}
	return eventKeys[e.event], !same
}

// continues recognises a press whose timestamp moves on: the next segment of a long one (RFC 4733 §2.5.1.3), or a
// sender that stamps each packet anew while the duration grows.
func (r *eventReceiver) continues(h header, e eventPayload) bool {
	step := h.ts - r.ts
	return step == maxEvent || e.duration > r.duration && step <= 2*uint32(e.duration-r.duration)
}

// keySender presses keys: as RFC 4733 events, or as tones where the far end takes no events.
type keySender struct {
	queue []pressedKey
	on    bool
	ts    uint32
	sent  uint32 // samples of the current press
	ends  int    // end packets sent
	rest  int    // frames of quiet still to come
	tone  *Tone
}

type pressedKey struct {
	key     byte
	samples uint32
}

func (k *keySender) press(key byte, dur time.Duration) {
	if eventOf(key) < 0 {
		return
	}
	k.queue = append(k.queue, pressedKey{key, uint32(max(dur, minKey) / sampleTime)})
}

func (k *keySender) busy() bool { return len(k.queue) > 0 || k.rest > 0 }

func eventOf(key byte) int {
	for i := range len(eventKeys) {
		if eventKeys[i] == key {
			return i
		}
	}
	return -1
}

// tickKey sends the next packet of the key being pressed.
func (s *Stream) tickKey(sh *shard) {
	k := &s.keys
	switch {
	case k.rest > 0:
		k.rest--
		for range s.frames() {
			s.sendFrame(sh, nil, false)
		}
	case s.deal.eventPT != 0:
		s.tickEvent(sh, k)
	default:
		s.tickTone(sh, k)
	}
}

func (s *Stream) tickEvent(sh *shard, k *keySender) {
	cur := k.queue[0]
	marker := !k.on
	if marker { // the timestamp of a press is its beginning and stays (RFC 4733 §2.1)
		s.out.step(sh.now, true, frameSamples)
		k.on, k.ts, k.sent, k.ends = true, s.out.ts, 0, 0
	} else {
		s.out.seq++
	}
	if k.ends == 0 {
		k.sent += frameSamples
	}
	e := eventPayload{event: uint8(eventOf(cur.key)), end: k.sent >= cur.samples, duration: uint16(min(k.sent, maxEvent))}
	b := sh.frame[:headerSize+eventSize]
	putHeader(b, marker, s.deal.eventPT, s.out.seq, k.ts, s.out.ssrc)
	e.put(b[headerSize:])
	if s.deal.canSend && s.remote.ok {
		s.transmit(sh, b)
	}
	if e.end {
		if k.ends++; k.ends == endRepeats {
			s.out.marker = true
			k.done()
		}
	}
}

func (s *Stream) tickTone(sh *shard, k *keySender) {
	cur := k.queue[0]
	if !k.on {
		k.on, k.sent, k.tone = true, 0, NewKeyTone(cur.key)
	}
	var sound [maxFrameSamples]byte
	for range s.frames() {
		k.tone.Fill(sound[:s.deal.frame])
		s.sendFrame(sh, sound[:s.deal.frame], k.sent == 0)
		if k.sent += uint32(s.deal.frame); k.sent >= cur.samples {
			k.done()
			return
		}
	}
}

func (k *keySender) done() {
	k.queue = k.queue[1:]
	k.on, k.tone, k.rest = false, nil, keyGap
}
