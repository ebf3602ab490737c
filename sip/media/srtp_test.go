package media

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestSDESRolloverBothWays: 70,000 packets take the sequence numbers of both legs around, wherever they begin.
func TestSDESRolloverBothWays(t *testing.T) {
	t.Parallel()
	for _, first := range []uint16{0, 65533} {
		l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES256HMAC80, nil))
		l.farA.seq = first
		const n = 70_000
		l.talk(n)
		if l.farB.heard != n || l.farB.deaf != 0 {
			t.Errorf("begun at %d: the far end hears %d of %d packets, %d it cannot open", first, l.farB.heard, n, l.farB.deaf)
		}
		if roc, _ := l.a.secure.recv.ctx.ROC(7); roc != (uint32(first)+n)>>16 {
			t.Errorf("begun at %d: rollover counter %d", first, roc)
		}
	}
}

// TestSDESFirstPacketsLostAtTheWrap: what we hear first comes after the far end's numbers have wrapped (RFC 3711 §3.3.1).
func TestSDESFirstPacketsLostAtTheWrap(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	l.farA.seq = 65530
	late := l.farA.packet(8, payloadOf(9))
	for range 10 {
		l.farA.packet(8, payloadOf(1)) // lost
	}
	l.talk(5)
	if l.farB.heard != 5 || l.a.in.undecryptable != 0 {
		t.Fatalf("the far end hears %d of 5 packets, %d not opened", l.farB.heard, l.a.in.undecryptable)
	}
	l.sh.packet(l.a, false, fromA, late)
	if l.a.in.undecryptable != 0 {
		t.Error("a packet of before the wrap could not be opened")
	}
	l.leap(70_000)
	if l.a.in.undecryptable != 0 {
		t.Errorf("%d packets later were not opened", l.a.in.undecryptable)
	}
}

// TestSDESRekey: the far end brings a new key in the middle of a call. Its packets under the old one are heard a little longer,
// and it may keep its rollover counter or begin at zero.
func TestSDESRekey(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"counter kept": true, "counter reset": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
			l.leap(140_000)
			l.sh.packet(l.b, false, fromB, l.farB.packet(8, payloadOf(5)))
			was, old := l.a.out.ssrc, l.farA.out
			stale := l.farA.packet(8, payloadOf(3))
			heard := l.farB.heard

			fresh := newPair(sdp.AES128HMAC80, nil)
			l.agreed[0].Crypto = fresh
			l.a.apply(l.sh, l.agreed[0])
			l.sh.packet(l.a, false, fromA, stale)
			if l.farB.heard != heard+1 {
				t.Error("a packet under the old key was not heard")
			}
			l.farA.rekey(fresh)
			if keep {
				l.farA.out.SetROC(7, 2)
			}
			l.talk(100)
			if got := l.farB.heard - heard; got != 101 || l.a.in.undecryptable != 0 {
				t.Errorf("%d of 101 packets heard, %d not opened", got, l.a.in.undecryptable)
			}
			if l.a.out.ssrc == was {
				t.Error("a new key of ours came with the old SSRC: receivers differ on its rollover counter")
			}
			l.sh.packet(l.b, false, fromB, l.farB.packet(8, payloadOf(5)))
			if l.farA.heard != 2 || l.farA.last[0] != 5 {
				t.Errorf("the far end hears %d packets under our new key", l.farA.heard)
			}
			l.sh.now += rekeyGrace
			l.farA.out = old
			l.talk(10)
			if l.farB.heard != heard+101 || l.a.in.undecryptable != 10 {
				t.Errorf("the old key still opens: %d heard, %d not opened", l.farB.heard-heard, l.a.in.undecryptable)
			}
		})
	}
}

// TestSDESRefreshGoesOn: an exchange that says the same keys changes nothing, least of all the numbers of packets.
func TestSDESRefreshGoesOn(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC32, nil), newPair(sdp.AES128HMAC80, nil))
	l.leap(66_000)
	heard := l.farB.heard
	ssrc, seq, roc := l.b.out.ssrc, l.b.out.seq, l.b.secure.send
	l.a.apply(l.sh, l.agreed[0])
	l.b.apply(l.sh, l.agreed[1])
	replay := l.farA.packet(8, payloadOf(1))
	again := append(make([]byte, 0, maxPacket), replay...)
	l.sh.packet(l.a, false, fromA, replay)
	l.a.apply(l.sh, l.agreed[0])
	l.sh.packet(l.a, false, fromA, again)
	if l.b.out.ssrc != ssrc || l.b.out.seq != seq+1 || l.b.secure.send != roc {
		t.Error("a refresh made our packets begin anew")
	}
	l.talk(10)
	if l.farB.deaf != 0 || l.farB.heard != heard+11 || l.a.in.replayed != 1 {
		t.Errorf("the far end hears %d packets, cannot open %d; %d replayed", l.farB.heard, l.farB.deaf, l.a.in.replayed)
	}
}

// TestSDESWrongKey: nobody hears anything, no key is pressed, and it is told once.
func TestSDESWrongKey(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	right := *l.farA
	l.farA.rekey(newPair(sdp.AES128HMAC80, nil))
	l.talk(deafAfter - 1)
	l.sh.packet(l.a, false, fromA, l.farA.packet(101, []byte{1, 0x8A, 0, 160}))
	l.talk(200)
	if l.farB.heard+l.farB.deaf != 0 || l.a.latch.locked || l.count(Undecryptable) != 1 || len(l.events) != 1 {
		t.Fatalf("%d packets passed, latched %v, events %v", l.farB.heard+l.farB.deaf, l.a.latch.locked, l.events)
	}
	if st := l.a.stats(); st.Undecryptable != deafAfter+200 || st.In.Packets != 0 || st.Suite == "" {
		t.Errorf("%+v", st)
	}
	l.farA = &right
	l.talk(3)
	if l.farB.heard != 3 || l.count(FirstPacket) != 1 {
		t.Errorf("the right key: %d heard, events %v", l.farB.heard, l.events)
	}
}

// TestSDESPlainIsRefused: once keys are agreed a plain packet is as good as none.
func TestSDESPlainIsRefused(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	g := newPacketSource()
	g.src = fromA
	for range 100 {
		g.next(l.sh, l.a)
	}
	if l.farB.heard+l.farB.deaf != 0 || l.a.latch.locked || l.a.in.packets != 0 || l.count(Undecryptable) != 1 {
		t.Errorf("%d packets passed, latched %v, %d counted, events %v", l.farB.heard, l.a.latch.locked, l.a.in.packets, l.events)
	}
}

// TestSDESControlIsOpened: once keys are agreed, a report is believed under the far end's key only and only once, on either
// port. One in the clear, under another key, changed on its way or sent again says nothing.
func TestSDESControlIsOpened(t *testing.T) {
	t.Parallel()
	for _, mux := range []bool{false, true} {
		l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
		l.talk(1)
		report := func(lost uint32, key *endpoint) []byte {
			b, err := rtcp.CompoundPacket{
				&rtcp.SenderReport{SSRC: 7, NTPTime: uint64(lost) << 32, Reports: []rtcp.ReceptionReport{{SSRC: l.a.out.ssrc, TotalLost: lost}}},
				rtcp.NewCNAMESourceDescription(7, "x"),
			}.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if key == nil {
				return b
			}
			sealed, err := key.out.EncryptRTCP(nil, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}
		changed := report(90, l.farA)
		changed[len(changed)-20] ^= 1
		first := report(3, l.farA)
		for _, step := range []struct {
			name string
			b    []byte
			want uint64 // packets of ours that the far end misses, as we know
		}{
			{"in the clear, before any", report(99, nil), 0},
			{"under another key, before any", report(98, newEndpoint(t, newPair(sdp.AES128HMAC80, nil))), 0},
			{"changed on its way", changed, 0},
			{"right", slices.Clone(first), 3},
			{"in the clear", report(97, nil), 3},
			{"under another key", report(96, newEndpoint(t, newPair(sdp.AES128HMAC80, nil))), 3},
			{"the next", report(5, l.farA), 5},
			{"sent again", first, 5},
		} {
			before := l.sh.count.undecryptable
			l.sh.packet(l.a, !mux, fromA, append(make([]byte, 0, maxPacket), step.b...))
			if g := l.a.report; g.farLost != step.want || g.farKnown != (step.want > 0) || g.lastSR != uint32(step.want)<<16 {
				t.Errorf("on the RTP port %v, %s: %d lost, SR %x; want %d", mux, step.name, g.farLost, g.lastSR, step.want)
			}
			if dropped := l.sh.count.undecryptable > before; dropped != (step.name != "right" && step.name != "the next") {
				t.Errorf("on the RTP port %v, %s: counted as undecryptable %v", mux, step.name, dropped)
			}
		}
	}
}

// TestSDESReplay: a packet that is sent again moves nothing and presses nothing.
func TestSDESReplay(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	l.talk(2)
	key := l.farA.packet(101, []byte{1, 0x8A, 0, 160})
	for range 50 {
		l.sh.packet(l.a, false, fromA, append(make([]byte, 0, maxPacket), key...))
	}
	l.talk(300)
	l.sh.packet(l.a, false, fromA, append(make([]byte, 0, maxPacket), key...)) // long out of the window
	if l.count(Digit) != 1 || l.a.in.replayed != 50 || l.farB.heard != 303 {
		t.Errorf("%d digits, %d replayed, %d heard", l.count(Digit), l.a.in.replayed, l.farB.heard)
	}
}

// TestSDESStrangersCostNothing: packets from where the far end cannot be are dropped before any cryptography, also those that a
// listener on the wire sends again from a place of his own: the window must not take them for the originals.
func TestSDESStrangersCostNothing(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	stranger := netip.MustParseAddrPort("203.0.113.66:4000")
	for range 100 {
		l.sh.now += frameTime
		b := l.farA.packet(8, payloadOf(1))
		l.sh.packet(l.a, false, stranger, append(make([]byte, 0, maxPacket), b...))
		l.sh.packet(l.a, false, fromA, b)
	}
	if l.farB.heard != 100 || l.a.in.refused != 100 || l.a.in.replayed != 0 || l.a.remote.ap != fromA {
		t.Errorf("%d heard, %d refused, %d taken for replays, sends to %s", l.farB.heard, l.a.in.refused, l.a.in.replayed, l.a.remote.ap)
	}
}

// TestSDESNewSSRC: the far end restarts its stream; and a far end that never stops doing so takes no memory.
func TestSDESNewSSRC(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	l.talk(100)
	l.farA.ssrc, l.farA.seq = 8, 60_000
	l.talk(100)
	if want := 200 - (ssrcProbation - 1); l.farB.heard != want {
		t.Errorf("%d packets heard, want %d", l.farB.heard, want)
	}
	for range 1000 {
		l.farA.ssrc++
		l.talk(1)
	}
	if n := l.a.secure.recv.sources; n != maxSources {
		t.Errorf("%d SSRCs are kept, want %d", n, maxSources)
	}
}

// TestSDESSeveralKeys: the far end changes between the keys of one line by their MKI.
func TestSDESSeveralKeys(t *testing.T) {
	t.Parallel()
	p := newPair(sdp.AES128HMAC80, []byte{0, 1})
	other := newPair(sdp.AES128HMAC80, []byte{0, 2}).Recv
	p.Recv.Keys = append(p.Recv.Keys, other.Keys[0])
	l := newLine(t, p, newPair(sdp.AES128HMAC80, nil))
	l.farA.out = l.farA.context(p.Recv)
	l.talk(10)
	if err := l.farA.out.SetSendMKI([]byte{0, 2}); err != nil {
		t.Fatal(err)
	}
	l.talk(10)
	if l.farB.heard != 20 {
		t.Errorf("%d of 20 packets heard", l.farB.heard)
	}
	l.sh.packet(l.b, false, fromB, l.farB.packet(8, payloadOf(1)))
	if l.farA.heard != 1 {
		t.Error("our packets do not carry the MKI that was agreed")
	}
}

// TestSDESNumbersAreUsedOnce: whatever a source does with its numbers (late, doubled, jumping, interrupted by prompts), the leg
// that encrypts never sends two different packets under one number.
func TestSDESNumbersAreUsedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
		seen := map[uint64][frameSamples]byte{}
		l.b.rtp = tap(func(b []byte) {
			number := uint64(binary.BigEndian.Uint32(b[8:]))<<32 | uint64(binary.BigEndian.Uint16(b[2:]))
			var sound [frameSamples]byte
			copy(sound[:], b[headerSize:])
			if was, twice := seen[number]; twice && was != sound {
				rt.Fatalf("number %d used twice", uint16(number))
			}
			seen[number] = sound
		})
		l.a.secure = nil // the source is a plain leg
		value := byte(0)
		for range rapid.IntRange(1, 200).Draw(rt, "packets") {
			l.sh.now += time.Duration(rapid.IntRange(0, 40).Draw(rt, "ms")) * time.Millisecond
			value++
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				l.b.player.load(1, Playing(payloadOf(value)))
			case 1:
				l.b.tick(l.sh)
			case 2:
				l.farA.seq -= uint16(rapid.IntRange(0, 300).Draw(rt, "back"))
			case 3:
				l.farA.seq += uint16(rapid.IntRange(0, 40_000).Draw(rt, "on"))
			case 4:
				l.farA.ts += rapid.Uint32().Draw(rt, "clock")
			default:
			}
			l.farA.seq++
			l.farA.ts += frameSamples
			b := make([]byte, headerSize+frameSamples, maxPacket)
			putHeader(b, false, 8, l.farA.seq, l.farA.ts, 7)
			fill(b[headerSize:], value)
			l.sh.packet(l.a, false, fromA, b)
		}
	})
}

// tap is a socket that shows what is sent.
type tap func([]byte)

func (f tap) send(b []byte, _ *target) error { f(b); return nil }
func (f tap) close()                         {}

// TestSDESRelayDropsExtensions: what one leg's packets carry beside the sound stays there.
func TestSDESRelayDropsExtensions(t *testing.T) {
	t.Parallel()
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: 5, SSRC: 7, CSRC: []uint32{1, 2}}, Payload: payloadOf(4)}
	if err := p.SetExtension(1, []byte{0xAA}); err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := l.farA.out.EncryptRTP(nil, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.sh.packet(l.a, false, fromA, append(make([]byte, 0, maxPacket), sealed...))
	if h := l.farB.lastHead; l.farB.heard != 1 || h.Extension || len(h.CSRC) != 0 || l.farB.last[0] != 4 || len(l.farB.last) != frameSamples {
		t.Errorf("%d heard: %+v", l.farB.heard, h)
	}
}

// FuzzSRTP: nothing that comes in under no key breaks a stream, moves its latch or passes.
func FuzzSRTP(f *testing.F) {
	p := newPair(sdp.AES128HMAC80, nil)
	seed := newEndpoint(f, p)
	f.Add(seed.packet(8, payloadOf(1)), false)
	f.Add([]byte{0x80, 200, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true)
	f.Add([]byte{0x9F, 8, 0, 1}, false)
	other := newPair(sdp.AES128HMAC80, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte, control bool) {
		if len(b) >= maxPacket {
			return
		}
		l := newLine(t, other, newPair(sdp.AES128HMAC80, nil))
		l.sh.packet(l.a, control, fromA, append(make([]byte, 0, maxPacket), b...))
		if l.a.broken || l.a.latch.locked || l.farB.heard+l.farB.deaf > 0 {
			t.Fatalf("broken %v, latched %v", l.a.broken, l.a.latch.locked)
		}
	})
}
