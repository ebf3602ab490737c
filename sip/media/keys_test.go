package media

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// press sends one packet of a key press that began at ts and has lasted for so many frames.
func (y *party) press(pt uint8, key byte, ts uint32, frames int, end bool) {
	y.t.Helper()
	var b [eventSize]byte
	eventPayload{event: uint8(eventOf(key)), end: end, duration: uint16(frames * frameSamples)}.put(b[:])
	y.raw(y.rtp, rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: y.seq, Timestamp: ts, SSRC: y.ssrc}, b[:])
	y.seq++
	y.ts += frameSamples
}

// until returns what arrives up to and with the sound v.
func (y *party) until(v byte) (got []*rtp.Packet) {
	y.t.Helper()
	for {
		p := y.recv(func(p *rtp.Packet) bool { return p.PayloadType == 101 || isSound(p) })
		got = append(got, p)
		if p.PayloadType == 8 && p.Payload[0] == v {
			return got
		}
	}
}

// TestAcceptKeyStaysOnItsSide: of a press that began before the bridge nothing passes, however late its packets are; the
// next press does.
func TestAcceptKeyStaysOnItsSide(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		began := a.ts
		a.press(101, '1', began, 1, false)
		a.event(Digit)
		bridge(a, b)
		for i := range 3 {
			a.press(101, '1', began, 2+i, false)
		}
		for range endRepeats {
			a.press(101, '1', began, 5, true)
		}
		a.send(8, payloadOf(42))
		if got := b.until(42); len(got) != 1 {
			t.Errorf("%d packets of the accept key passed", len(got)-1)
		}
		next := a.ts
		a.press(101, '1', next, 1, false)
		a.press(101, '1', began, 5, true) // a late one of the first press
		a.press(101, '1', next, 2, true)
		a.send(8, payloadOf(43))
		if got := b.until(43); len(got) != 3 {
			t.Errorf("%d packets of the next key passed, want 2", len(got)-1)
		}
		last := a.ts
		a.press(101, '2', last, 1, false)
		a.settle(13)
		bridge(a, b) // again, in the middle of a press
		a.press(101, '2', last, 2, true)
		a.send(8, payloadOf(44))
		if got := b.until(44); len(got) != 3 {
			t.Errorf("%d packets passed of a key pressed in the bridge, want 2", len(got)-1)
		}
	})
}

// TestInfoDTMFIsNotSentOn: the events of a press that has been told by SIP INFO say nothing new to the peer.
func TestInfoDTMFIsNotSentOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		a.stream.InfoDigit('1')
		a.event(Digit)
		bridge(a, b)
		began := a.ts
		a.press(101, '1', began, 1, false)
		a.press(101, '1', began, 2, true)
		a.send(8, payloadOf(42))
		if got := b.until(42); len(got) != 1 {
			t.Errorf("%d packets passed", len(got)-1)
		}
		if d := a.digitsSoFar(); d != "" {
			t.Errorf("told %q again", d)
		}
	})
}

// TestPTAsymmetryOfEvents: a phone that answers with another payload type than we offered may send with either.
func TestPTAsymmetryOfEvents(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(func(g *sdp.Agreement) { g.RecvEventPT, g.EventPT = 101, 96 })
		b.agree(nil)
		bridge(a, b)
		for i, pt := range []uint8{96, 101} {
			a.press(pt, byte('1'+i), a.ts, 1, true)
			if e := a.event(Digit); e.Digit != byte('1'+i) {
				t.Errorf("payload type %d: digit %c", pt, e.Digit)
			}
			b.recv(func(p *rtp.Packet) bool { return p.PayloadType == 101 })
		}
	})
}

// TestSoundIsNotTakenForEvents: where the peer named for events what it sends sound with, sound it is.
func TestSoundIsNotTakenForEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		deal deal
		pt   uint8
		want bool
	}{
		{deal{recvPT: 8, eventPT: 96, recvEventPT: 101}, 101, true},
		{deal{recvPT: 8, eventPT: 96, recvEventPT: 101}, 96, true},
		{deal{recvPT: 8, eventPT: 96, recvEventPT: 101}, 97, false},
		{deal{recvPT: 96, eventPT: 96, recvEventPT: 101}, 96, false},
		{deal{recvPT: 0, eventPT: 8, recvEventPT: 101}, 8, false},
		{deal{recvPT: 8}, 0, false},
	} {
		if got := c.deal.takesEvent(c.pt); got != c.want {
			t.Errorf("%+v: payload type %d is an event: %v", c.deal, c.pt, got)
		}
	}
}

// TestInfoDTMFThreeWaysAreOneKey: a key that comes as events, as tones and by INFO is one key, in whatever order; each way alone
// is heard as well.
func TestInfoDTMFThreeWaysAreOneKey(t *testing.T) {
	t.Parallel()
	ways := []DigitSource{ViaRTP, ViaINFO, ViaInband}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var m digitMerger
		told := 0
		for i, way := range order {
			if m.take(time.Duration(i)*200*time.Millisecond, '1', ways[way]) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("order %v: told %d times", order, told)
		}
		var alone digitMerger
		if !alone.take(0, '1', ways[order[0]]) || !alone.take(mergeWindow/4, '1', ways[order[0]]) {
			t.Errorf("two presses by %s alone are not two", ways[order[0]])
		}
	}
}
