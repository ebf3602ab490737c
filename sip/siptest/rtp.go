package siptest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// RTP numbers of the mini end point.
const (
	payloadPCMA = 8                     // RFC 3551 §6
	payloadKeys = 101                   // what its SDP offers for telephone events
	frame       = 20 * time.Millisecond // RFC 3551 §4.2
	frameLen    = 160                   // samples of 8 kHz in a frame
)

// RTP is the audio end of a raw UA: one UDP socket that speaks PCMA and RFC
// 4733, sends only what it is told to and records what comes in.
type RTP struct {
	tb   testing.TB
	conn *net.UDPConn
	log  Log[Packet]
	wg   sync.WaitGroup
	stop chan struct{} // closed at the end of the test

	mu   sync.Mutex
	to   netip.AddrPort // guarded by mu
	head rtp.Header     // guarded by mu; of the next packet
	tone float64        // guarded by mu; Hz, 0 = nothing is sent
	turn float64        // guarded by mu; phase of the tone in radians
}

// Packet is a received RTP packet.
type Packet struct {
	rtp.Packet
	At   time.Time
	From netip.AddrPort
}

// NewRTP opens an audio end for the time of the test.
func NewRTP(tb testing.TB) *RTP {
	tb.Helper()
	conn, err := listen(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	if err != nil {
		tb.Fatalf("open an RTP end: %v", err)
	}
	r := &RTP{
		tb: tb, conn: conn, stop: make(chan struct{}),
		head: rtp.Header{Version: 2, PayloadType: payloadPCMA, SSRC: 0x7261770a, SequenceNumber: 1},
	}
	r.wg.Go(r.read)
	r.wg.Go(r.talk)
	tb.Cleanup(func() {
		close(r.stop)
		_ = conn.Close()
		r.wg.Wait()
	})
	return r
}

// Addr is where the end receives.
func (r *RTP) Addr() netip.AddrPort { return localAddr(r.conn) }

// SDP describes the end: PCMA and telephone events. extra are whole lines, such
// as "a=sendonly".
func (r *RTP) SDP(extra ...string) string {
	lines := []string{
		"v=0", "o=raw 1 1 IN IP4 " + r.Addr().Addr().String(), "s=-", "c=IN IP4 " + r.Addr().Addr().String(), "t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP %d %d", r.Addr().Port(), payloadPCMA, payloadKeys),
		fmt.Sprintf("a=rtpmap:%d PCMA/8000", payloadPCMA),
		fmt.Sprintf("a=rtpmap:%d telephone-event/8000", payloadKeys),
		fmt.Sprintf("a=fmtp:%d 0-15", payloadKeys),
	}
	return strings.Join(append(lines, extra...), "\r\n") + "\r\n"
}

// Learn takes the far end's audio address from its SDP.
func (r *RTP) Learn(sdp []byte) {
	r.tb.Helper()
	to, ok := sdpTarget(string(sdp))
	if !ok {
		r.tb.Fatalf("find an audio address in this SDP:\n%s", sdp)
	}
	r.SendTo(to)
}

// SendTo sets where the end sends.
func (r *RTP) SendTo(to netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}

// Tone makes the end talk a tone from now on; 0 = nothing.
func (r *RTP) Tone(hz float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tone = hz
}

// talk sends a frame each 20 ms while there is a tone.
func (r *RTP) talk() {
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
			r.sendFrame()
		}
	}
}

// toneLevel is the amplitude of the tone: -12 dB of full scale.
const toneLevel = 8000

func (r *RTP) sendFrame() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tone == 0 || !r.to.IsValid() {
		return
	}
	sound := make([]byte, frameLen)
	for i := range sound {
		sound[i] = encodeALaw(int16(toneLevel * math.Sin(r.turn)))
		r.turn = math.Mod(r.turn+2*math.Pi*r.tone/8000, 2*math.Pi)
	}
	r.head.PayloadType, r.head.Marker = payloadPCMA, false
	r.send(sound)
	r.head.Timestamp += frameLen
}

// send writes one packet with the present header. The caller holds mu.
func (r *RTP) send(payload []byte) {
	raw, err := (&rtp.Packet{Header: r.head, Payload: payload}).Marshal()
	if err == nil {
		_, _ = r.conn.WriteToUDPAddrPort(raw, r.to) // UDP promises nothing
	}
	r.head.SequenceNumber++
}

// KeyPress says how a key is sent; the zero value is by the book.
type KeyPress struct {
	PT       uint8 // payload type; 0 = 101
	NoMarker bool  // the first packet lacks the marker
	Updates  int   // packets before the end; 0 = 5
	Ends     int   // packets with the end bit; 0 = 3, negative = none
}

// Key presses a key by RFC 4733, all packets at once.
func (r *RTP) Key(digit byte, how KeyPress) {
	event := strings.IndexByte("0123456789*#ABCD", digit)
	if event < 0 {
		r.tb.Fatalf("press %q: no such key", digit)
	}
	if how.PT == 0 {
		how.PT = payloadKeys
	}
	if how.Updates == 0 {
		how.Updates = 5
	}
	if how.Ends == 0 {
		how.Ends = 3
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.head.PayloadType, r.head.Marker = how.PT, !how.NoMarker
	for i := range how.Updates + max(0, how.Ends) {
		end, length := byte(0), frameLen*(i+1)
		if i >= how.Updates {
			end, length = 0x80, frameLen*(how.Updates+1)
		}
		r.send([]byte{byte(event), end | 10, byte(length >> 8), byte(length)})
		r.head.Marker = false
	}
	r.head.Timestamp += uint32(frameLen * (how.Updates + 2))
}

func (r *RTP) read() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p := Packet{At: time.Now(), From: from}
		if p.Unmarshal(append([]byte(nil), buf[:n]...)) == nil {
			r.log.Add(p)
		}
	}
}

// Packets are all packets so far.
func (r *RTP) Packets() []Packet { return r.log.All() }

// Wait returns the first packet that match accepts, past or to come.
func (r *RTP) Wait(ctx context.Context, match func(Packet) bool) (Packet, error) {
	return r.log.Wait(ctx, match)
}

// Keys are the keys received by RFC 4733: one per timestamp of payload type pt.
func (r *RTP) Keys(pt uint8) string {
	var keys []byte
	last, any := uint32(0), false
	for _, p := range r.log.All() {
		if p.PayloadType != pt || len(p.Payload) < 4 || p.Payload[0] > 15 || any && p.Timestamp == last {
			continue
		}
		last, any = p.Timestamp, true
		keys = append(keys, "0123456789*#ABCD"[p.Payload[0]])
	}
	return string(keys)
}

// PCM is the audio received so far as PCMA, in order of arrival.
func (r *RTP) PCM() []int16 {
	var pcm []int16
	for _, p := range r.log.All() {
		if p.PayloadType != payloadPCMA {
			continue
		}
		for _, b := range p.Payload {
			pcm = append(pcm, decodeALaw(b))
		}
	}
	return pcm
}
