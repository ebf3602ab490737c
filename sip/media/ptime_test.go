package media

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestCodecOrderPacketTime: what we make comes in packets of the length that was agreed, without a gap in time.
func TestCodecOrderPacketTime(t *testing.T) {
	t.Parallel()
	for _, ms := range []int{10, 20, 30, 40} {
		sh, s, _ := pair(t, pcma())
		s.unlink()
		s.apply(sh, sdp.Agreement{Remote: fromA, Codec: pcma(), RecvPT: 8, PTime: ms})
		var got []*rtp.Packet
		s.rtp = tap(func(b []byte) {
			p := new(rtp.Packet)
			if err := p.Unmarshal(append([]byte(nil), b...)); err != nil {
				t.Fatal(err)
			}
			got = append(got, p)
		})
		s.player.load(1, Looping(HoldMusic()))
		const ticks = 60 // 1.2 s: whole packets of every length
		for range ticks {
			sh.now += frameTime
			s.tick(sh)
		}
		if want := ticks * 20 / ms; len(got) != want {
			t.Errorf("%d ms: %d packets in 1.2 s, want %d", ms, len(got), want)
		}
		for i, p := range got {
			if len(p.Payload) != ms*samplesPerMs || i > 0 && (p.Timestamp-got[i-1].Timestamp != uint32(ms*samplesPerMs) || p.SequenceNumber != got[i-1].SequenceNumber+1) {
				t.Fatalf("%d ms: packet %d is %v", ms, i, p)
			}
		}
		sound := HoldMusic()
		for i, p := range got[:4] {
			if string(p.Payload) != string(sound[i*len(p.Payload):(i+1)*len(p.Payload)]) {
				t.Errorf("%d ms: packet %d is not the sound in its order", ms, i)
			}
		}
	}
}

// TestQuietComesBeforeSilence: a far end that is not heard is told of early, once, and again after packets have come.
func TestQuietComesBeforeSilence(t *testing.T) {
	t.Parallel()
	sh, s, _ := pair(t, pcma())
	s.unlink()
	var told []EventKind
	s.onEvent = func(e Event) { told = append(told, e.Kind) }
	s.watch.quiet, s.watch.initial, s.watch.steady = 5*time.Second, 30*time.Second, 15*time.Second
	g := sdp.Agreement{Remote: fromA, Codec: pcma(), RecvPT: 8, PTime: 20}
	s.apply(sh, g)
	begun := sh.now
	after := func(d time.Duration) {
		for ; sh.now < begun+d; sh.now += frameTime {
			s.tick(sh)
		}
	}
	expect := func(when string, want ...EventKind) {
		t.Helper()
		same := len(told) == len(want)
		for i := range want {
			same = same && told[i] == want[i]
		}
		if !same {
			t.Errorf("%s: told %v, want %v", when, told, want)
		}
	}
	after(4900 * time.Millisecond)
	expect("before 5 s")
	after(29 * time.Second)
	expect("after 5 s", Quiet)
	source := newPacketSource()
	source.src = fromA
	source.next(sh, s)
	expect("a packet", Quiet, Resumed, FirstPacket)
	begun = sh.now
	after(16 * time.Second)
	expect("then nothing", Quiet, Resumed, FirstPacket, Quiet, Silence)
	told = nil
	g.Direction, g.Held = sdp.SendOnly, true
	s.apply(sh, g)
	begun = sh.now
	after(time.Minute)
	expect("on hold")
}
