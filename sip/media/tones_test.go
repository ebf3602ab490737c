package media

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/sdp"
)

// tone sends sound frame by frame.
func (y *party) tone(a Audio) {
	y.t.Helper()
	for ; len(a) >= frameSamples; a = a[frameSamples:] {
		y.send(8, a[:frameSamples])
	}
}

// TestKeysInTheSound: a far end that agreed to events and sends tones all the same is understood, once a press, until it
// talks to somebody or has shown that it does send events.
func TestKeysInTheSound(t *testing.T) {
	key := NewKeyTone('1').Audio(100 * time.Millisecond)
	pause := SilenceAudio(60 * time.Millisecond)
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		a.stream.Play(Looping(Ringback())) // the whisper
		a.tone(key)
		if e := a.event(Digit); e.Digit != '1' || e.Via != ViaInband {
			t.Errorf("digit %c via %s", e.Digit, e.Via)
		}
		a.tone(pause)
		a.stream.InfoDigit('1') // another report of it
		bridge(a, b)
		a.tone(key)
		a.settle(13)
		if d := a.digitsSoFar(); d != "" {
			t.Errorf("told %q in a talk", d)
		}
		Disconnect(a.stream, b.stream)
		a.press(101, '5', a.ts, 1, true)
		a.event(Digit)
		a.tone(key)
		a.settle(19)
		if d := a.digitsSoFar(); d != "" {
			t.Errorf("told %q by tones of a far end that sends events", d)
		}
	})
}

// TestInfoDTMFBothWaysAtOnceAreOneKey: some gateways leave the tone in the sound beside the events.
func TestInfoDTMFBothWaysAtOnceAreOneKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		for range 2 { // "11"
			a.tone(NewKeyTone('1').Audio(100 * time.Millisecond))
			began := a.ts
			a.press(101, '1', began, 1, false)
			a.press(101, '1', began, 2, true)
			a.tone(SilenceAudio(60 * time.Millisecond))
		}
		a.settle(20)
		if d := a.digitsSoFar(); d != "11" {
			t.Errorf("digits %q, want 11", d)
		}
	})
}

// TestAcceptToneStaysOnItsSide is TestAcceptKeyStaysOnItsSide for keys in the sound.
func TestAcceptToneStaysOnItsSide(t *testing.T) {
	key := NewKeyTone('1').Audio(300 * time.Millisecond)
	for _, eventPT := range []uint8{0, 101} {
		sh, a, b := pair(t, pcma())
		a.unlink()
		a.apply(sh, sdp.Agreement{Remote: a.remote.ap, Codec: pcma(), RecvPT: 8, EventPT: eventPT, RecvEventPT: eventPT})
		told := 0
		a.onEvent = func(e Event) {
			if e.Kind == Digit {
				told++
			}
		}
		g := newPacketSource()
		hear := func(sound Audio) {
			for ; len(sound) >= frameSamples; sound = sound[frameSamples:] {
				copy(g.buf[headerSize:], sound)
				g.next(sh, a)
			}
		}
		passed := func() int { return b.rtp.(*nullSocket).sent } //nolint:forcetypeassert // made by pair
		hear(key[:800])
		if told != 1 {
			t.Fatalf("event payload type %d: %d digits", eventPT, told)
		}
		link(a, b, ConnectOptions{})
		hear(key[800:])
		if n := passed(); n != 0 {
			t.Errorf("event payload type %d: %d frames of the accept key passed", eventPT, n)
		}
		hear(SilenceAudio(100 * time.Millisecond))
		if n := passed(); n < 3 {
			t.Errorf("event payload type %d: %d of 5 frames passed after it", eventPT, n)
		}
		before := passed()
		hear(key)
		if n := passed() - before; n != 15 {
			t.Errorf("event payload type %d: %d of 15 frames of the next key passed", eventPT, n)
		}
	}
}
