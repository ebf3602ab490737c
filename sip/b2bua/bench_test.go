package b2bua

import (
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/trunk"
)

// bare is a UDP socket that speaks SIP from templates: the peers of a benchmark cost next to nothing.
type bare struct {
	*net.UDPConn
	buf [4096]byte
}

func newBare(tb testing.TB) *bare {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	return &bare{UDPConn: conn}
}

func (b *bare) addr() string { return b.LocalAddr().String() }

// way is the socket as a softphone.
func (b *bare) way(r *rig) trunk.Destination {
	d, err := r.trunks.Phone("sip:bob@" + b.addr())
	r.must(err)
	return d
}

// straight is the shortest script: ring bob, bridge him when he answers.
func straight(bob *bare) func(*rig, *Call) {
	return func(r *rig, c *Call) {
		c.A().Ring()
		c.Dial(r.to("bob", bob.way(r)))
		c.On(func(ev Event) {
			if ev.Kind == LegAnswered && !ev.Leg.caller {
				r.must(c.Bridge(c.A(), ev.Leg))
			}
			if ev.Kind == CallerGone {
				c.End(CauseNormal)
			}
		})
	}
}

// serveBench runs an engine with a script.
func serveBench(tb testing.TB, script func(*rig, *Call)) *rig {
	tb.Helper()
	return newRig(tb, rigOptions{begin: script})
}

// next reads until a message begins with the words and has the header lines.
func (b *bare) next(tb testing.TB, words string, lines ...string) (text string, from netip.AddrPort) {
	tb.Helper()
	for {
		if err := b.SetReadDeadline(time.Now().Add(patience)); err != nil {
			tb.Fatal(err)
		}
		n, from, err := b.ReadFromUDPAddrPort(b.buf[:])
		if err != nil {
			tb.Fatalf("wait for %q: %v", words, err)
		}
		text = string(b.buf[:n])
		if strings.HasPrefix(text, words) && !slices.ContainsFunc(lines, func(l string) bool { return !strings.Contains(text, l+"\r\n") }) {
			return text, from
		}
	}
}

func (b *bare) send(tb testing.TB, to netip.AddrPort, text string) {
	tb.Helper()
	if _, err := b.WriteToUDPAddrPort([]byte(strings.ReplaceAll(text, "\n", "\r\n")), to); err != nil {
		tb.Fatal(err)
	}
}

// field returns a header line of a message, with its name.
func field(text, name string) string {
	for line := range strings.SplitSeq(text, "\r\n") {
		if strings.HasPrefix(line, name+":") {
			return line
		}
	}
	return ""
}

const benchSDP = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 39998 RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n"

func withBody(head string) string {
	return head + "Content-Type: application/sdp\nContent-Length: " + strconv.Itoa(len(strings.ReplaceAll(benchSDP, "\n", "\r\n"))) + "\n\n" + benchSDP
}

// invite is the n-th caller's INVITE.
func (b *bare) invite(n int, method string, tag string) string {
	id := strconv.Itoa(n)
	head := method + " sip:84957770000@vahta SIP/2.0\nVia: SIP/2.0/UDP " + b.addr() + ";branch=z9hG4bKb" + id + method +
		"\nMax-Forwards: 70\nFrom: <sip:+79161112233@" + b.addr() + ">;tag=t" + id + "\nTo: <sip:84957770000@vahta>" + tag +
		"\nCall-ID: bench" + id + "@" + b.addr() + "\nContact: <sip:c@" + b.addr() + ">\n"
	switch method {
	case "INVITE":
		return withBody(head + "CSeq: 1 INVITE\n")
	case "ACK":
		return head + "CSeq: 1 ACK\nContent-Length: 0\n\n"
	}
	return head + "CSeq: 2 " + method + "\nContent-Length: 0\n\n"
}

// reply answers a request from its own headers.
func reply(request, status, contact string) string {
	head := "SIP/2.0 " + status + "\n" + field(request, "Via") + "\n" + field(request, "From") + "\n" + field(request, "To") +
		";tag=b\n" + field(request, "Call-ID") + "\n" + field(request, "CSeq") + "\nContact: <sip:bob@" + contact + ">\n"
	if strings.HasPrefix(status, "200") && strings.HasSuffix(field(request, "CSeq"), "INVITE") {
		return withBody(head)
	}
	return head + "Content-Length: 0\n\n"
}

// call sets up the n-th call, answered by bob, and returns the tag of the caller's dialog.
func (b *bare) call(tb testing.TB, at netip.AddrPort, n int, bob *bare) (tag string) {
	tb.Helper()
	b.send(tb, at, b.invite(n, "INVITE", ""))
	request, from := bob.next(tb, "INVITE")
	bob.send(tb, from, reply(request, "200 OK", bob.addr()))
	ok, _ := b.next(tb, "SIP/2.0 200", b.callID(n), "CSeq: 1 INVITE")
	_, tag, _ = strings.Cut(field(ok, "To"), ";tag=")
	b.send(tb, at, b.invite(n, "ACK", ";tag="+tag))
	return tag
}

// hangup ends the n-th call from the caller's side.
func (b *bare) hangup(tb testing.TB, at netip.AddrPort, n int, tag string, bob *bare) {
	tb.Helper()
	b.send(tb, at, b.invite(n, "BYE", ";tag="+tag))
	b.next(tb, "SIP/2.0 200", b.callID(n), "CSeq: 2 BYE")
	request, from := bob.next(tb, "BYE")
	bob.send(tb, from, reply(request, "200 OK", bob.addr()))
}

// callID is the n-th caller's Call-ID line.
func (b *bare) callID(n int) string { return "Call-ID: bench" + strconv.Itoa(n) + "@" + b.addr() }

// BenchmarkCall measures whole calls over loopback sockets, one at a time, and the engine's three
// delays: INVITE to the engineer's INVITE, 486 to the next INVITE, the engineer's 200 to the
// caller's 200 (without the script's storage).
func BenchmarkCall(b *testing.B) {
	caller, busy, bob := newBare(b), newBare(b), newBare(b)
	at := serveBench(b, func(r *rig, c *Call) {
		c.A().Ring()
		c.Dial(r.to("busy", busy.way(r)))
		c.On(func(ev Event) {
			switch {
			case ev.Kind == LegFailed:
				c.Dial(r.to("bob", bob.way(r)))
			case ev.Kind == LegAnswered && !ev.Leg.caller:
				r.must(c.Bridge(c.A(), ev.Leg))
			case ev.Kind == CallerGone:
				c.End(CauseNormal)
			}
		})
	}).at
	var first, next, answer []time.Duration
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		began := time.Now()
		caller.send(b, at, caller.invite(n, "INVITE", ""))
		request, from := busy.next(b, "INVITE")
		first = append(first, time.Since(began))
		began = time.Now()
		busy.send(b, from, reply(request, "486 Busy Here", busy.addr()))
		request, from = bob.next(b, "INVITE")
		next = append(next, time.Since(began))
		began = time.Now()
		bob.send(b, from, reply(request, "200 OK", bob.addr()))
		ok, _ := caller.next(b, "SIP/2.0 200", caller.callID(n))
		answer = append(answer, time.Since(began))
		_, tag, _ := strings.Cut(field(ok, "To"), ";tag=")
		caller.send(b, at, caller.invite(n, "ACK", ";tag="+tag))
		caller.hangup(b, at, n, tag, bob)
	}
	for name, all := range map[string][]time.Duration{"invite-us": first, "next-us": next, "answer-us": answer} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/1000, name)
	}
}

// TestTalkingCallIsSmall holds what one bridged call keeps alive in the heap and in stacks.
func TestTalkingCallIsSmall(t *testing.T) { //nolint:paralleltest // it measures the process
	const (
		calls = 300
		limit = 100 << 10 // bytes per call
	)
	caller, bob := newBare(t), newBare(t)
	r := serveBench(t, straight(bob))
	at := r.at
	before := inUse()
	tags := make([]string, calls)
	for n := range calls {
		tags[n] = caller.call(t, at, n, bob)
	}
	each := (max(inUse(), before) - before) / calls
	t.Logf("%.1f KiB per bridged call", float64(each)/1024)
	if each > limit {
		t.Errorf("a bridged call holds %d bytes, more than %d", each, limit)
	}
	for n, tag := range tags {
		caller.hangup(t, at, n, tag, bob)
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
