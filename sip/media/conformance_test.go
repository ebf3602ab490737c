package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

func TestRelayPassesSoundBothWays(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p) // two shards: one of them moves
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		for i := range byte(20) {
			a.send(8, payloadOf(i))
			got := b.recv(isSound)
			if !bytes.Equal(got.Payload, payloadOf(i)) || got.PayloadType != 8 {
				t.Fatalf("packet %d arrived as %v", i, got)
			}
			b.send(8, payloadOf(i+100))
			if got := a.recv(isSound); !bytes.Equal(got.Payload, payloadOf(i+100)) {
				t.Fatalf("packet %d back arrived as %v", i, got)
			}
		}
	})
}

func TestRelayKeepsOneSSRCAndGaps(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		b.stream.Play(Looping(Beep()))
		before := b.recv(isSound)
		b.stream.StopPlay()
		bridge(a, b)
		a.send(8, payloadOf(1))
		first := b.recv(func(p *rtp.Packet) bool { return p.Payload[0] == 1 })
		a.seq += 3 // three packets lost
		a.ts += 3 * frameSamples
		a.send(8, payloadOf(2))
		second := b.recv(func(p *rtp.Packet) bool { return p.Payload[0] == 2 })
		if first.SSRC != before.SSRC || second.SSRC != before.SSRC {
			t.Error("SSRC changed between prompt and bridge")
		}
		if !first.Marker || second.Marker {
			t.Error("marker belongs on the first packet of a new source only")
		}
		if d := second.SequenceNumber - first.SequenceNumber; d != 4 {
			t.Errorf("sequence moved by %d over three lost packets, want 4", d)
		}
		if d := second.Timestamp - first.Timestamp; d != 4*frameSamples {
			t.Errorf("timestamp moved by %d, want %d", d, 4*frameSamples)
		}
		if !newer(first.SequenceNumber, before.SequenceNumber) {
			t.Error("sequence went back at the bridge")
		}
	})
}

func TestPTAsymmetryAndTranscoding(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(func(g *sdp.Agreement) { g.Codec, g.RecvPT, g.EventPT, g.RecvEventPT = pcmu(), 0, 96, 96 })
		bridge(a, b)
		loud := EncodeALaw(12000)
		a.send(8, payloadOf(loud))
		got := b.recv(isSound)
		if got.PayloadType != 0 || got.Payload[0] != EncodeULaw(DecodeALaw(loud)) {
			t.Errorf("PCMA arrived as PT %d, first byte %#x", got.PayloadType, got.Payload[0])
		}
		b.send(0, payloadOf(EncodeULaw(-9000)))
		got = a.recv(isSound)
		if got.PayloadType != 8 || got.Payload[0] != EncodeALaw(DecodeULaw(EncodeULaw(-9000))) {
			t.Errorf("PCMU arrived as PT %d, first byte %#x", got.PayloadType, got.Payload[0])
		}
		a.send(101, []byte{5, 0x0A, 0, 160}) // event payload type is mapped too
		if got := b.recv(func(p *rtp.Packet) bool { return len(p.Payload) == 4 }); got.PayloadType != 96 {
			t.Errorf("event arrived as PT %d, want 96", got.PayloadType)
		}
		if e := a.event(Digit); e.Digit != '5' || e.Via != ViaRTP {
			t.Errorf("digit %c via %s", e.Digit, e.Via)
		}
	})
}

func TestSymmetricRTPForeignSourceIsNeitherHeardNorSentTo(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		thief := listen(t, "127.0.0.2")
		for range 20 {
			a.sendFrom(thief, 8, payloadOf(66))
			a.sendFrom(thief, 101, []byte{1, 0x8A, 0, 160})
		}
		st := a.settle(40)
		if st.In.Packets != 0 || st.Refused != 40 || st.Latched {
			t.Fatalf("a third party got in: %+v", st)
		}
		a.send(8, payloadOf(7))
		if got := b.recv(isSound); got.Payload[0] != 7 {
			t.Errorf("the far end's own sound did not pass: %#x", got.Payload[0])
		}
		a.sendFrom(thief, 101, []byte{1, 0x8A, 0, 160})
		a.settle(42)
		if d := a.digitsSoFar(); d != "" {
			t.Errorf("a third party pressed %q", d)
		}
		b.send(8, payloadOf(9))
		if got := a.recv(isSound); got.Payload[0] != 9 {
			t.Error("sound went elsewhere")
		}
	})
}

func TestSymmetricRTPFollowsPortAndReInvite(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(func(g *sdp.Agreement) { g.Remote = netip.AddrPortFrom(g.Remote.Addr(), 9) }) // SDP names another port: NAT
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		a.stream.Play(Looping(Beep()))
		a.recv(isSound) // arrives where the packet came from

		moved := &party{t: t, stream: a.stream, rtp: listen(t, "127.0.0.1"), ssrc: 5}
		moved.agree(nil) // re-INVITE with another port
		moved.recv(isSound)
		moved.send(8, payloadOf(1))
		if st := moved.settle(2); st.Remote != addrOf(moved.rtp) {
			t.Errorf("sends to %s, want %s", st.Remote, addrOf(moved.rtp))
		}
	})
}

func TestPromptLoopStopAndDone(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		one, two := Audio(payloadOf(1)), Audio(payloadOf(2))
		id := a.stream.Play(Playing(one[:100], two[:100], one[:60]))
		got := a.recv(isSound)
		want := append(append([]byte(nil), one[:100]...), two[:60]...)
		if !bytes.Equal(got.Payload, want) || !got.Marker {
			t.Fatalf("first frame %v", got)
		}
		got = a.recv(isSound)
		want = append(append([]byte(nil), two[:40]...), one[:60]...)
		if !bytes.Equal(got.Payload[:100], want) || got.Payload[100] != alawSilence {
			t.Fatalf("last frame %v", got)
		}
		if e := a.event(PlayDone); e.Play != id {
			t.Errorf("done: %d, want %d", e.Play, id)
		}
		a.stream.Play(Looping(one))
		for range 5 {
			a.recv(isSound)
		}
		a.stream.StopPlay()
		sent := a.stream.Stats().Out.Packets
		a.stream.Play(Playing())
		a.event(PlayDone) // a whole tick later
		if now := a.stream.Stats().Out.Packets; now > sent+1 {
			t.Errorf("%d frames after StopPlay", now-sent)
		}
	})
}

// TestR27PromptIsCutAtTheBridge: nothing of a prompt is sent after StopPlay, and the next packet of the peer passes.
func TestR27PromptIsCutAtTheBridge(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		a.stream.Play(Looping(HoldMusic()))
		a.recv(isSound)
		a.stream.StopPlay()
		bridge(a, b)
		b.send(8, payloadOf(42))
		for {
			if got := a.recv(isSound); got.Payload[0] == 42 && got.Payload[159] == 42 {
				break
			}
		}
	})
}

func TestR20PacketsBeforeTheAnswerAreDropped(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		for range 6 {
			a.send(101, []byte{1, 0x8A, 0, 160})
		}
		if st := a.settle(6); st.In.Packets != 0 {
			t.Fatalf("believed before offer/answer: %+v", st)
		}
		a.agree(nil)
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		if d := a.digitsSoFar(); d != "" {
			t.Errorf("digits %q", d)
		}
	})
}

// TestR21DigitComesOnce: the accept key by RFC 4733 with three ends, and by INFO, is one digit.
func TestR21DigitComesOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		a.stream.Play(Looping(Ringback())) // the whisper has just begun
		ts := a.ts
		for i := range 7 {
			h := rtp.Header{Version: 2, PayloadType: 101, SequenceNumber: a.seq, Timestamp: ts, SSRC: a.ssrc}
			end := byte(0)
			if i >= 4 {
				end = 0x80
			}
			a.raw(a.rtp, h, []byte{1, end | 10, 0, byte(min(i, 4)+1) * 32})
			a.seq++
		}
		a.settle(7)
		a.stream.InfoDigit('1')
		a.stream.InfoDigit('2')
		a.stream.Stats()
		if d := a.digitsSoFar(); d != "12" {
			t.Errorf("digits %q, want 12", d)
		}
	})
}

func TestRFC4733SentDigitIsReceivedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		for _, inband := range []bool{false, true} {
			a, b := newParty(t, p), newParty(t, p)
			wire := func(g *sdp.Agreement, far *party) {
				g.Remote = far.stream.Local()
				if inband {
					g.EventPT, g.RecvEventPT = 0, 0
				}
			}
			a.agree(func(g *sdp.Agreement) { wire(g, b) })
			b.agree(func(g *sdp.Agreement) { wire(g, a) })
			for _, d := range []byte("1#1") {
				a.stream.SendDigit(d, 80*time.Millisecond)
			}
			got := []byte{b.event(Digit).Digit, b.event(Digit).Digit, b.event(Digit).Digit}
			if string(got) != "1#1" {
				t.Errorf("inband=%v: digits %q", inband, got)
			}
		}
	})
}

func TestSSRCChangeNeedsProbation(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		a.ssrc, a.seq, a.ts = 77, 100, 0
		for range ssrcProbation {
			a.send(8, payloadOf(2))
		}
		st := a.settle(1 + ssrcProbation)
		if st.In.Packets != 2 || st.Refused != ssrcProbation-1 {
			t.Errorf("%+v", st)
		}
		if st.In.Lost != 0 {
			t.Errorf("a new SSRC counted as %d lost packets", st.In.Lost)
		}
	})
}

func TestHoldIsNoSilence(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		a.stream.RTPTimeout(10*time.Millisecond, 30*time.Millisecond)
		a.event(Silence) // initial
		a.send(8, payloadOf(1))
		a.event(Resumed)
		a.event(Silence) // steady
		a.agree(func(g *sdp.Agreement) { g.Direction, g.Held = sdp.SendOnly, true })
		id := a.stream.Play(Playing(SilenceAudio(200 * time.Millisecond)))
		for {
			e := <-a.events
			if e.Kind == Silence {
				t.Fatal("silence told on hold")
			}
			if e.Kind == PlayDone && e.Play == id {
				break
			}
		}
		a.agree(nil)
		a.event(Silence) // off hold, still silent
	})
}

func TestRFC4733DigitsStayWhenAsked(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		Connect(a.stream, b.stream, ConnectOptions{KeepDigits: true}) // again, now in one shard
		a.stream.Stats()
		a.send(101, []byte{4, 0x8A, 0, 160})
		a.event(Digit)
		a.send(8, payloadOf(5))
		if got := b.recv(func(p *rtp.Packet) bool { return p.PayloadType == 101 || isSound(p) }); got.PayloadType != 8 {
			t.Error("the digit passed")
		}
		Disconnect(a.stream, b.stream)
		a.stream.Stats()
		before := b.stream.Stats().Out.Packets
		for range 10 {
			a.send(8, payloadOf(5))
		}
		a.settle(12)
		if now := b.stream.Stats().Out.Packets; now > before+1 {
			t.Errorf("%d packets after Disconnect", now-before)
		}
	})
}

func TestHoldPeerGetsNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(func(g *sdp.Agreement) { g.Direction = sdp.RecvOnly })
		bridge(a, b)
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		if st := b.stream.Stats(); st.Out.Packets != 0 {
			t.Errorf("%d packets to a leg that only sends", st.Out.Packets)
		}
	})
}
