package media

import (
	"net/netip"
	"testing"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// rtpSeeds are packets worth starting from.
func rtpSeeds(f *testing.F) {
	f.Helper()
	plain := make([]byte, headerSize+frameSamples)
	putHeader(plain, true, 8, 65535, 1<<32-1, 7)
	event := make([]byte, headerSize+eventSize)
	putHeader(event, true, 101, 1, 2, 3)
	eventPayload{event: 1, end: true, duration: 800}.put(event[headerSize:])
	extension := append([]byte{0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0}, 1, 2, 3)
	padded := append([]byte{0xA0, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 1, 2, 3, 0, 0, 3)
	sources := append([]byte{0x82, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for _, b := range [][]byte{
		nil,
		{0x80},
		plain, plain[:headerSize], plain[:headerSize+1], event, extension, extension[:16], padded, sources, sources[:14],
		{0xBF, 0xFF, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 255},
		{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 1},
		{0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 255, 255},
	} {
		f.Add(b)
	}
}

// FuzzRTP: whatever is accepted lies within the packet and reads as pion/rtp reads it.
func FuzzRTP(f *testing.F) {
	rtpSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parseRTP(b)
		if !ok {
			return
		}
		if h.start < headerSize || h.start > h.end || h.end > len(b) {
			t.Fatalf("payload %d..%d of %d bytes", h.start, h.end, len(b))
		}
		var p rtp.Packet
		if err := p.Unmarshal(append([]byte(nil), b...)); err != nil {
			return // pion reads the inside of extensions, which we pass on unread
		}
		if p.SequenceNumber != h.seq || p.Timestamp != h.ts || p.SSRC != h.ssrc || p.Marker != h.marker || p.PayloadType != h.pt {
			t.Fatalf("header %+v, pion %+v", h, p.Header)
		}
		if string(p.Payload) != string(b[h.start:h.end]) {
			t.Fatalf("payload of %d bytes, pion %d", h.end-h.start, len(p.Payload))
		}
	})
}

// FuzzStream feeds a bridged stream whatever comes from the believed source: RTP and RTCP.
func FuzzStream(f *testing.F) {
	rtpSeeds(f)
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		sh, a, _ := pair(t, pcmu())
		src := netip.MustParseAddrPort("192.0.2.1:4000")
		for range 4 {
			sh.packet(a, false, src, append([]byte(nil), b...))
			sh.packet(a, true, src, append([]byte(nil), b...))
			sh.now += frameTime
			a.tick(sh)
		}
		a.stats()
	})
}

// FuzzTelephoneEvent: one press of one key at most for each packet, and only keys.
func FuzzTelephoneEvent(f *testing.F) {
	f.Add(uint16(1), uint32(100), []byte{1, 10, 0, 160})
	f.Add(uint16(65535), uint32(1<<32-1), []byte{16, 0x8A, 0xFF, 0xFF})
	f.Add(uint16(0), uint32(0), []byte{255, 255, 255})
	f.Fuzz(func(t *testing.T, seq uint16, ts uint32, b []byte) {
		e, ok := parseEvent(b)
		if !ok {
			return
		}
		var r eventReceiver
		key, pressed := r.take(header{seq: seq, ts: ts}, e)
		if !pressed || eventOf(key) != int(e.event) {
			t.Fatalf("first packet of event %d: key %q, pressed %v", e.event, key, pressed)
		}
		if _, again := r.take(header{seq: seq + 1, ts: ts}, e); again {
			t.Fatal("the second packet pressed the key again")
		}
	})
}

// nullSocket counts what is sent.
type nullSocket struct{ sent, bytes int }

func (n *nullSocket) send(b []byte, _ *target) error {
	n.sent++
	n.bytes += len(b)
	return nil
}

func (n *nullSocket) close() {}

// pair is a bridged pair of streams without sockets: packets for a come from 192.0.2.1:4000.
func pair(tb testing.TB, second sdp.Codec) (*shard, *Stream, *Stream) {
	tb.Helper()
	cfg := Default()
	cfg.Engine, cfg.Shards = EnginePortable, 1
	p, err := NewPool(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	sh := p.shards[0]
	sh.now = 1
	a := newStream(p, sh, StreamConfig{}, 20000, &nullSocket{}, &nullSocket{})
	b := newStream(p, sh, StreamConfig{}, 20002, &nullSocket{}, &nullSocket{})
	g := sdp.Agreement{Remote: netip.MustParseAddrPort("192.0.2.1:4000"), Codec: pcma(), RecvPT: 8, EventPT: 101, RecvEventPT: 101}
	a.apply(sh, g)
	g.Remote = netip.MustParseAddrPort("192.0.2.2:4000")
	g.Codec, g.RecvPT = second, second.PT
	b.apply(sh, g)
	link(a, b, ConnectOptions{})
	return sh, a, b
}
