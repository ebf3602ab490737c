package wire

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/butlerspb/vahta/sip/siptest"
)

// marked reads the class of what a socket sends.
func marked(t *testing.T, raw syscall.Conn, v6 bool) int {
	t.Helper()
	c, err := raw.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	value := -1
	if ctl := c.Control(func(fd uintptr) {
		if v6 {
			value, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS)
			return
		}
		value, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS)
	}); ctl != nil || err != nil {
		t.Fatal(ctl, err)
	}
	return value >> 2
}

func ipv6(t *testing.T) {
	t.Helper()
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skipf("THIS MACHINE HAS NO IPv6, nothing is proved: %v", err)
	}
	_ = c.Close()
}

// Every socket that signalling leaves by is marked: listeners, accepted and opened connections, in both families.
func TestDSCPOfSignalling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		near, far string
		dscp      int
		v6        bool
	}{
		"CS3, IPv4":      {"127.0.79.21", "127.0.79.22", 24, false},
		"AF31, IPv4":     {"127.0.79.23", "127.0.79.24", 26, false},
		"unmarked, IPv4": {"127.0.79.25", "127.0.79.26", 0, false},
		"CS3, IPv6":      {"[::1]", "[::1]", 24, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.v6 {
				ipv6(t)
			}
			ca := siptest.NewAuthority(t, "test")
			h := newRecorder()
			h.react = answer(StatusOK)
			far, near := allTransports(t, ca, c.far, h, c.dscp), allTransports(t, ca, c.near, newRecorder(), c.dscp)
			profiles(t, near, map[string]TLSProfile{"op": {CA: ca.File}})
			for _, transport := range []Transport{UDP, TCP, TLS} {
				if ev := asks(t, near, Flow{Transport: transport, Remote: far.Addr(transport), Profile: "op"}); ev.Err != nil {
					t.Fatalf("%s: %v", transport, ev.Err)
				}
			}
			for side, e := range map[string]*Edge{"opened": near, "accepted": far} {
				if got := marked(t, e.udp[0].conn.Load(), c.v6); got != c.dscp {
					t.Errorf("%s: UDP is marked %d, want %d", side, got, c.dscp)
				}
				for _, s := range e.streams {
					s.mu.Lock()
					for _, conn := range s.byName {
						below := conn.Conn
						if secure, ok := below.(*tls.Conn); ok {
							below = secure.NetConn().(*mute).Conn
						}
						if got := marked(t, below.(*net.TCPConn), c.v6); got != c.dscp {
							t.Errorf("%s: %s is marked %d, want %d", side, s.conf.Transport, got, c.dscp)
						}
					}
					if len(s.byName) != 1 {
						t.Errorf("%s: %d connections by %s", side, len(s.byName), s.conf.Transport)
					}
					s.mu.Unlock()
				}
			}
		})
	}
}

// allTransports is an edge that listens by UDP, TCP and TLS.
func allTransports(t *testing.T, ca *siptest.Authority, host string, h Handler, dscp int) *Edge {
	t.Helper()
	ip := netip.MustParseAddrPort(host + ":1").Addr().String()
	cert, key := ca.Issue(nextYear(), ip)
	return startEdge(t, host, h, func(c *Config) {
		c.DSCP = dscp
		c.Listen = append(c.Listen, Listen{Transport: TLS, Addr: host + ":0", TLS: ListenTLS{Cert: cert, Key: key}})
	})
}

// A connection whose peer acknowledges nothing is given up before the system would.
func TestSIPoverTCPDeadPeerIsNoticed(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.79.27", newRecorder(), nil)
	dialTCP(t, e, "127.0.79.28")
	for e.connections() == 0 {
		<-time.After(time.Millisecond) // not accepted yet
	}
	for _, s := range e.streams {
		s.mu.Lock()
		for _, conn := range s.byName {
			raw, err := conn.Conn.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			_ = raw.Control(func(fd uintptr) {
				if ms, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil || ms != int(deadPeer.Milliseconds()) {
					t.Errorf("the time-out is %d ms, %v", ms, err)
				}
			})
		}
		s.mu.Unlock()
	}
}

// All transports work over IPv6, beside IPv4, with brackets where they belong; the listener is found by the family.
func TestIPv6OnAllTransports(t *testing.T) {
	t.Parallel()
	ipv6(t)
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = answer(StatusOK)
	far := dual(t, ca, "127.0.79.31", h)
	near := dual(t, ca, "127.0.79.32", newRecorder())
	profiles(t, near, map[string]TLSProfile{"op": {CA: ca.File}})
	for _, transport := range []Transport{UDP, TCP, TLS} {
		at, ok := far.ListenerOn(transport, netip.IPv6Loopback())
		if !ok {
			t.Fatalf("%s: no listener", transport)
		}
		ev := asks(t, near, Flow{Transport: transport, Remote: at, Profile: "op"}) // Local is not said: the family decides
		if ev.Err != nil || ev.Response.Status() != 200 {
			t.Fatalf("%s: %+v", transport, ev)
		}
		req := want(t, h.requests).Request()
		if via := req.Header("Via"); !strings.Contains(via, " [::1]:") || !strings.Contains(ev.Response.Header("Via"), "received=") {
			t.Errorf("%s: Via is %q, in the answer %q", transport, via, ev.Response.Header("Via"))
		}
		if req.URI().Host != "::1" && req.URI().Host != "[::1]" || req.Flow().Local != at {
			t.Errorf("%s: host %q by %s", transport, req.URI().Host, req.Flow().Local)
		}
		if ev := asks(t, near, Flow{Transport: transport, Remote: far.Addr(transport), Profile: "op"}); ev.Err != nil {
			t.Errorf("%s over IPv4 beside it: %v", transport, ev.Err)
		}
		if via := want(t, h.requests).Request().Header("Via"); !strings.Contains(via, " 127.0.79.32:") {
			t.Errorf("%s over IPv4: Via is %q", transport, via)
		}
	}
	only4 := startEdge(t, "127.0.79.33", newRecorder(), nil)
	to := Flow{Transport: UDP, Remote: netip.MustParseAddrPort("[::1]:5060")}
	if _, err := only4.Send(newRequest(t, only4, OPTIONS, to.Remote), to, nil); err == nil || !strings.Contains(err.Error(), "[::1]:5060") {
		t.Errorf("over a family without listener: %v", err)
	}
}

// dual is an edge that listens by all transports over IPv4 and IPv6.
func dual(t *testing.T, ca *siptest.Authority, ip string, h Handler) *Edge {
	t.Helper()
	cert, key := ca.Issue(nextYear(), ip, "::1")
	return startEdge(t, ip, h, func(c *Config) {
		pair := ListenTLS{Cert: cert, Key: key}
		c.Listen = append(c.Listen, Listen{Transport: TLS, Addr: ip + ":0", TLS: pair},
			Listen{Transport: UDP, Addr: "[::1]:0"}, Listen{Transport: TCP, Addr: "[::1]:0"}, Listen{Transport: TLS, Addr: "[::1]:0", TLS: pair})
	})
}

// ICMP errors of IPv6 end a request at once, too.
func TestIPv6ClosedPortIsUnreachableAtOnce(t *testing.T) {
	t.Parallel()
	ipv6(t)
	e := startEdge(t, "[::1]", newRecorder(), nil)
	gone, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	to := gone.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = gone.Close()
	if ev := asks(t, e, Flow{Transport: UDP, Remote: to}); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("got %+v", ev)
	}
}
