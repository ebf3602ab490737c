package media

import (
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/butlerspb/vahta/sip/sdp"
)

// packetSource feeds a stream with packets of 20 ms as they would lie in the shard's buffer.
type packetSource struct {
	buf [headerSize + frameSamples]byte
	src netip.AddrPort
	seq uint16
	ts  uint32
}

func newPacketSource() *packetSource {
	return &packetSource{src: netip.MustParseAddrPort("192.0.2.1:4000")}
}

func (g *packetSource) next(sh *shard, s *Stream) {
	g.seq++
	g.ts += frameSamples
	sh.now += frameTime
	putHeader(g.buf[:], false, 8, g.seq, g.ts, 7)
	sh.packet(s, false, g.src, g.buf[:])
}

// perPacket counts the allocations of one relayed packet, ticks included.
func perPacket(tb testing.TB, codec sdp.Codec, prepare func(sh *shard, a, b *Stream)) float64 {
	tb.Helper()
	sh, a, b := pair(tb, codec)
	a.report.due, b.report.due = time.Hour*999, time.Hour*999 // RTCP has its own budget
	if prepare != nil {
		prepare(sh, a, b)
	}
	g := newPacketSource()
	allocs := testing.AllocsPerRun(2000, func() {
		g.next(sh, a)
		a.tick(sh)
		b.tick(sh)
	})
	if sent := b.rtp.(*nullSocket).sent; sent < 2000 { //nolint:forcetypeassert // made by pair
		tb.Errorf("%d packets relayed", sent)
	}
	return allocs
}

func TestRelayedPacketsDoNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts all goroutines
	for name, c := range map[string]struct {
		codec   sdp.Codec
		prepare func(sh *shard, a, b *Stream)
	}{
		"relay":     {pcma(), nil},
		"transcode": {pcmu(), nil},
		"in-band digits": {pcma(), func(_ *shard, a, _ *Stream) {
			a.tones = NewDetector()
		}},
		"prompt under the bridge": {pcma(), func(_ *shard, a, _ *Stream) { a.player.load(1, Looping(HoldMusic())) }},
	} {
		if n := perPacket(t, c.codec, c.prepare); n != 0 {
			t.Errorf("%s: %.2f allocations a packet", name, n)
		}
	}
}

// TestRecordedPacketsDoNotAllocate: the only allocations of a recording are those of its writer, twice a second.
func TestRecordedPacketsDoNotAllocate(t *testing.T) { //nolint:paralleltest // as above
	r := newRecorder(t)
	n := perPacket(t, pcma(), func(sh *shard, a, _ *Stream) {
		a.rec = r
		sh.now = r.started.Sub(a.pool.start)
	})
	if n > 0.25 {
		t.Errorf("%.2f allocations a recorded packet", n)
	}
}

// TestMemoryOfARecordedCall: what a bridged, recorded call keeps alive on the heap.
func TestMemoryOfARecordedCall(t *testing.T) { //nolint:paralleltest // reads the heap of the whole process
	const calls, limit = 50, 32 << 10
	p := startPool(t, EngineAuto, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range calls {
		r := newRecorder(t)
		a, b := newStreamIn(t, p), newStreamIn(t, p)
		Connect(a, b, ConnectOptions{})
		a.Record(r, Left)
		b.Record(r, Right)
		for at := time.Duration(0); at < 2*time.Second; at += frameTime {
			if err := r.advance(at); err != nil {
				t.Fatal(i, err)
			}
			r.settle()
		}
		b.Stats()
		a.Stats()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := (after.HeapAlloc - before.HeapAlloc) / calls; kept > limit {
		t.Errorf("a call keeps %d bytes, want at most %d (stream %d)", kept, limit, unsafe.Sizeof(Stream{}))
	} else {
		t.Logf("a call keeps %d bytes; a stream has %d", kept, unsafe.Sizeof(Stream{}))
	}
}

func newStreamIn(tb testing.TB, p *Pool) *Stream {
	tb.Helper()
	s, err := p.NewStream(StreamConfig{})
	if err != nil {
		tb.Fatal(err)
	}
	s.Apply(sdp.Agreement{Remote: netip.MustParseAddrPort("127.0.0.1:9"), Codec: pcma(), RecvPT: 8, EventPT: 101, RecvEventPT: 101})
	tb.Cleanup(s.Close)
	return s
}

func BenchmarkRelayPacket(b *testing.B) {
	for name, codec := range map[string]sdp.Codec{"same": pcma(), "transcode": pcmu()} {
		b.Run(name, func(b *testing.B) {
			sh, s, _ := pair(b, codec)
			g := newPacketSource()
			b.ReportAllocs()
			for b.Loop() {
				g.next(sh, s)
			}
		})
	}
}

// BenchmarkStreamLife opens and closes the two sockets of a stream.
func BenchmarkStreamLife(b *testing.B) {
	for _, e := range engines() {
		b.Run(string(e), func(b *testing.B) {
			p := startPool(b, e, nil)
			b.ReportAllocs()
			for b.Loop() {
				s, err := p.NewStream(StreamConfig{})
				if err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}

func BenchmarkRecordPacket(b *testing.B) {
	r, err := NewRecorder(filepath.Join(b.TempDir(), "call.wav"))
	if err != nil {
		b.Fatal(err)
	}
	var t track
	sound, at, ts := payloadOf(1), time.Duration(0), uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		at, ts = at+frameTime, ts+frameSamples
		r.write(Left, &t, at, ts, sound, lawA)
		if err := r.advance(at); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := r.closeAt(at); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkDetectorFrame(b *testing.B) {
	for name, sound := range map[string]Audio{"silence": payloadOf(alawSilence), "music": HoldMusic()[8000:8160], "key": NewKeyTone('5').Audio(frameTime)} {
		b.Run(name, func(b *testing.B) {
			d := NewDetector()
			b.ReportAllocs()
			for b.Loop() {
				d.listen(sound, lawA)
			}
		})
	}
}

func BenchmarkPromptFrame(b *testing.B) {
	sh, s, _ := pair(b, pcma())
	s.player.load(1, Looping(HoldMusic()))
	b.ReportAllocs()
	for b.Loop() {
		sh.now += frameTime
		s.tickPlay(sh)
	}
}

func BenchmarkIdleTick(b *testing.B) {
	sh, s, _ := pair(b, pcma())
	s.report.due = time.Hour * 999
	s.out.packets, s.out.sent = 1, sh.now
	b.ReportAllocs()
	for b.Loop() {
		s.tick(sh)
	}
}
