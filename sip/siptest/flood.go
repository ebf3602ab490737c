package siptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// Flood sprays datagrams at a steady rate and reads no answers. It needs no test around it, so programs may use it too.
type Flood struct {
	// To is where they go.
	To netip.AddrPort
	// From are the addresses they come from, one socket each, in turn; at least one.
	From []netip.Addr
	// Rate is how many are sent a second in all.
	Rate int
	// Make returns the datagram with that number, counted from 0.
	Make func(n int) []byte

	sent atomic.Int64
}

// floodTurn is how often what is due is sent: at 20,000 a second 40 datagrams at once, as a network card delivers them.
const floodTurn = 2 * time.Millisecond

// Sent is how many datagrams have left so far; any goroutine may ask.
func (f *Flood) Sent() int { return int(f.sent.Load()) }

// Run sprays until ctx ends. A datagram that the system refuses for the moment is lost, as in a network.
func (f *Flood) Run(ctx context.Context) (err error) {
	if len(f.From) == 0 || f.Rate <= 0 || f.Make == nil {
		return errors.New("flood: addresses to come from, a rate and datagrams are all needed")
	}
	var socks []*net.UDPConn
	defer func() {
		for _, s := range socks {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, from := range f.From {
		s, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(f.To))
		if err != nil {
			return fmt.Errorf("flood from %s: %w", from, err)
		}
		socks = append(socks, s)
	}
	tick := time.NewTicker(floodTurn)
	defer tick.Stop()
	began := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			due := int(now.Sub(began).Seconds() * float64(f.Rate))
			for ; n < due && ctx.Err() == nil; n++ {
				if _, err := socks[n%len(socks)].Write(f.Make(n)); err == nil {
					f.sent.Add(1)
				}
			}
		}
	}
}

// Malformed returns datagrams that are not SIP, or not quite: binary, cut off, too long, with bad, missing, repeated and
// endless headers. The same seed gives the same ones.
func Malformed(seed uint64) func(n int) []byte {
	random := rand.New(rand.NewPCG(seed, seed))
	good := floodRequest("INVITE", 0)
	noise := func(size int) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	kinds := []func() []byte{
		func() []byte { return noise(1 + random.IntN(1400)) },
		func() []byte { return good[:random.IntN(len(good))] },
		func() []byte { return append(bytes.Clone(good), noise(9000)...) },
		func() []byte {
			b := bytes.Clone(good)
			for range 1 + random.IntN(20) {
				b[random.IntN(len(b))] = byte(random.Uint32())
			}
			return b
		},
		func() []byte { return bytes.ReplaceAll(good, []byte("\r\n"), []byte("\n")) },
		func() []byte { return bytes.Replace(good, []byte("CSeq: 1 "), []byte("CSeq: 99999999999 "), 1) },
		func() []byte { return bytes.Replace(good, []byte("Call-ID: "), []byte("Call-ID: x\r\nCall-ID: "), 1) },
		func() []byte { return bytes.Replace(good, []byte("Via: "), []byte("X: "), 1) },
		func() []byte { return bytes.Replace(good, []byte("SIP/2.0\r\n"), []byte("SIP/7.0\r\n"), 1) },
		func() []byte {
			return bytes.Replace(good, []byte("Content-Length: 0"), []byte("Content-Length: -5"), 1)
		},
		func() []byte {
			return bytes.Replace(good, []byte("Max-Forwards"), []byte(strings.Repeat("X-Long: 1\r\n", 300)+"Max-Forwards"), 1)
		},
		func() []byte { return []byte("\r\n\r\n\x00\x00") },
	}
	return func(n int) []byte { return kinds[n%len(kinds)]() }
}

// Requests returns well-formed requests of a method, each with a Call-ID of its own, such as OPTIONS or REGISTER.
func Requests(method string) func(n int) []byte {
	return func(n int) []byte { return floodRequest(method, n) }
}

func floodRequest(method string, n int) []byte {
	return fmt.Appendf(nil, "%s sip:112@example.net SIP/2.0\r\nVia: SIP/2.0/UDP flood.invalid;branch=z9hG4bKflood%d;rport\r\n"+
		"From: <sip:flood@example.net>;tag=f%d\r\nTo: <sip:112@example.net>\r\nCall-ID: flood-%s-%d\r\nCSeq: 1 %s\r\n"+
		"Contact: <sip:flood@flood.invalid>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", method, n, n, method, n, method)
}
