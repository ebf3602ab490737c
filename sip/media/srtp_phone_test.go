package media

import (
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/butlerspb/vahta/sip/sdp"
)

// newPair makes keys of both sides for one suite, as an exchange would.
func newPair(suite sdp.Suite, mki []byte) *sdp.CryptoPair {
	line := func() sdp.Crypto {
		for _, c := range sdp.NewCrypto(func(b []byte) { _, _ = rand.Read(b) }) {
			if c.Suite == suite {
				c.Keys[0].MKI = mki
				return c
			}
		}
		return sdp.Crypto{}
	}
	return &sdp.CryptoPair{Send: line(), Recv: line()}
}

// endpoint is the far end's SRTP, made of the same library without what is under test.
type endpoint struct {
	tb       testing.TB
	out, in  *srtp.Context
	ssrc     uint32
	seq      uint16
	ts       uint32
	heard    int // packets of ours it could open
	deaf     int // packets of ours it could not
	last     []byte
	lastHead rtp.Header
}

// newEndpoint makes the far end of a pair of ours.
func newEndpoint(tb testing.TB, pair *sdp.CryptoPair) *endpoint {
	tb.Helper()
	e := &endpoint{tb: tb, ssrc: 7}
	e.rekey(pair)
	return e
}

func (e *endpoint) rekey(pair *sdp.CryptoPair) {
	e.out, e.in = e.context(pair.Recv), e.context(pair.Send)
}

func (e *endpoint) context(c sdp.Crypto) *srtp.Context {
	ctx, err := newContext(c)
	if err != nil {
		e.tb.Fatal(err)
	}
	return ctx
}

// packet is the next one of the far end, sealed.
func (e *endpoint) packet(pt uint8, payload []byte) []byte {
	e.seq++
	e.ts += frameSamples
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: e.seq, Timestamp: e.ts, SSRC: e.ssrc}, Payload: payload}).Marshal()
	if err != nil {
		e.tb.Fatal(err)
	}
	out, err := e.out.EncryptRTP(nil, b, nil)
	if err != nil {
		e.tb.Fatal(err)
	}
	return append(make([]byte, 0, maxPacket), out...)
}

// send and close make an endpoint the socket of a stream: it opens what we send.
func (e *endpoint) send(b []byte, _ *target) error {
	plain, err := e.in.DecryptRTP(nil, b, &e.lastHead)
	if err == nil {
		e.heard++
		_, _ = e.lastHead.Unmarshal(plain)
		e.last = append(e.last[:0], plain[e.lastHead.MarshalSize():]...)
	} else {
		e.deaf++
	}
	return nil
}

func (e *endpoint) close() {}

// line is a bridge between two secure legs without sockets.
type line struct {
	sh         *shard
	a, b       *Stream
	farA, farB *endpoint
	agreed     [2]sdp.Agreement
	events     []Event
}

var fromA, fromB = netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000")

func newLine(tb testing.TB, first, second *sdp.CryptoPair) *line {
	tb.Helper()
	sh, a, b := pair(tb, pcma())
	l := &line{sh: sh, a: a, b: b, farA: newEndpoint(tb, first), farB: newEndpoint(tb, second)}
	a.onEvent = func(e Event) { l.events = append(l.events, e) }
	a.rtp, b.rtp = l.farA, l.farB
	for i, p := range []*sdp.CryptoPair{first, second} {
		l.agreed[i] = sdp.Agreement{
			Remote: [2]netip.AddrPort{fromA, fromB}[i], Codec: pcma(), RecvPT: 8, EventPT: 101, RecvEventPT: 101, PTime: 20, Crypto: p,
		}
	}
	l.a.apply(sh, l.agreed[0])
	l.b.apply(sh, l.agreed[1])
	return l
}

// talk passes n packets from A to B.
func (l *line) talk(n int) {
	for range n {
		l.sh.now += frameTime
		l.sh.packet(l.a, false, fromA, l.farA.packet(8, payloadOf(1)))
	}
}

// leap takes the numbers of A on by n, as after packets that were lost; few enough at a time to be followed (RFC 3711 §3.3.1).
func (l *line) leap(n int) {
	for ; n > 0; n -= wrapSoon / 2 {
		on := min(n, wrapSoon/2) - 1
		l.farA.seq += uint16(on)
		l.farA.ts += uint32(on * frameSamples)
		l.sh.now += time.Duration(on) * frameTime
		l.talk(1)
	}
}

func (l *line) count(k EventKind) (n int) {
	for _, e := range l.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}
