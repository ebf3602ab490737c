package media

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestDSCPMediaIsExpedited: sound and reports arrive marked EF (0xb8), by IPv4, by IPv6, and by IPv4 out of a socket that serves both.
func TestDSCPMediaIsExpedited(t *testing.T) {
	t.Parallel()
	six := netip.IPv6Loopback()
	for name, c := range map[string]struct {
		bind, bind6 netip.Addr
		advertise   netip.Addr
		family      Family
		phone       string
	}{
		"IPv4":            {netip.MustParseAddr("127.0.0.1"), netip.Addr{}, netip.Addr{}, FamilyAny, "127.0.0.1"},
		"IPv6":            {six, netip.Addr{}, netip.Addr{}, FamilyAny, "::1"},
		"IPv6 beside":     {netip.MustParseAddr("127.0.0.1"), six, netip.Addr{}, IPv6, "::1"},
		"IPv4 of a dual":  {netip.IPv6Unspecified(), netip.Addr{}, netip.MustParseAddr("127.0.0.1"), IPv4, "127.0.0.1"},
		"IPv4 beside a 6": {netip.MustParseAddr("127.0.0.1"), six, netip.Addr{}, IPv4, "127.0.0.1"},
	} {
		for _, e := range engines() {
			t.Run(name+" "+string(e), func(t *testing.T) {
				t.Parallel()
				needFamily(t, c.phone)
				p := startPool(t, e, func(cfg *PoolConfig) {
					cfg.Bind, cfg.Bind6, cfg.Advertise, cfg.RTCP = c.bind, c.bind6, c.advertise, 20*time.Millisecond
				})
				s, err := p.NewStream(StreamConfig{Family: c.family})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				rtp, control := listenMarked(t, c.phone), listenMarked(t, c.phone)
				s.Apply(sdp.Agreement{Remote: addrOf(rtp), RemoteRTCP: addrOf(control), Codec: pcma(), RecvPT: 8, PTime: 20})
				s.Play(Looping(Beep()))
				for what, conn := range map[string]*net.UDPConn{"RTP": rtp, "RTCP": control} {
					if got := readMark(t, conn); got != tosEF {
						t.Errorf("%s arrives with %#x, want %#x", what, got, tosEF)
					}
				}
			})
		}
	}
}

// needFamily skips where the machine has no such addresses.
func needFamily(t *testing.T, ip string) {
	t.Helper()
	c, err := listenOn(ip)
	if err != nil {
		t.Skipf("no such addresses here: %v", err)
	}
	_ = c.Close()
}

// listenMarked opens a socket that is told how its packets were marked.
func listenMarked(t *testing.T, ip string) *net.UDPConn {
	t.Helper()
	c := listen(t, ip)
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		if netip.MustParseAddr(ip).Is6() {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1)
		} else {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1)
		}
	}); errors.Join(err, set) != nil {
		t.Fatal(err, set)
	}
	return c
}

// readMark is the traffic class of the next packet.
func readMark(t *testing.T, c *net.UDPConn) int {
	t.Helper()
	oob := make([]byte, 256)
	_ = c.SetReadDeadline(time.Now().Add(waitLimit))
	_, n, _, _, err := c.ReadMsgUDP(make([]byte, maxPacket), oob)
	if err != nil {
		t.Fatalf("wait for a packet: %v", err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if kind := m.Header.Type; len(m.Data) > 0 && (m.Header.Level == unix.IPPROTO_IP && kind == unix.IP_TOS ||
			m.Header.Level == unix.IPPROTO_IPV6 && kind == unix.IPV6_TCLASS) {
			return int(m.Data[0])
		}
	}
	t.Fatal("the packet came without its mark")
	return 0
}
