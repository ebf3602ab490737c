package media

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestIPv6BesideIPv4: each leg gets an address of the family it asks for, and sound passes between the two.
func TestIPv6BesideIPv4(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	for _, e := range engines() {
		for name, wildcard := range map[string]bool{"one address": false, "all addresses": true} {
			t.Run(string(e)+" "+name, func(t *testing.T) {
				t.Parallel()
				p := startPool(t, e, func(c *PoolConfig) {
					c.Bind6 = netip.IPv6Loopback()
					if wildcard {
						c.Bind, c.Advertise = netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1")
						c.Bind6, c.Advertise6 = netip.IPv6Unspecified(), netip.IPv6Loopback()
					}
				})
				a, b := newParty(t, p), newPartyOf(t, p, StreamConfig{Family: IPv6})
				b.rtp = listen(t, "::1")
				if !a.stream.Local().Addr().Is4() || b.stream.Local().Addr() != netip.IPv6Loopback() {
					t.Fatalf("SDP says %s and %s", a.stream.Local(), b.stream.Local())
				}
				a.agree(nil)
				b.secured(sdp.AES128HMAC80, nil)
				bridge(a, b)
				for i := range byte(10) {
					a.send(8, payloadOf(i))
					if got := b.recv(isSound); got.Payload[0] != i {
						t.Fatalf("packet %d arrived as %v", i, got)
					}
					b.send(8, payloadOf(i+100))
					if got := a.recv(isSound); got.Payload[0] != i+100 {
						t.Fatalf("packet %d back arrived as %v", i, got)
					}
				}
			})
		}
	}
}

func needIPv6(t *testing.T) {
	t.Helper()
	if c, err := listenOn("::1"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else {
		_ = c.Close()
	}
}

// TestIPv6Unserved: who asks for a family that the pool has no address of is told so.
func TestIPv6Unserved(t *testing.T) {
	t.Parallel()
	p := startPool(t, EngineAuto, nil)
	if !p.Serves(FamilyAny) || !p.Serves(IPv4) || p.Serves(IPv6) {
		t.Error("an IPv4 pool serves IPv4 alone")
	}
	free := p.Free()
	if _, err := p.NewStream(StreamConfig{Family: IPv6}); !errors.Is(err, ErrFamily) || p.Free() != free {
		t.Errorf("error %v, %d ports of %d free", err, p.Free(), free)
	}
}

// TestLocalAddressOfAStream: an operator that is reached by another line gets media from there.
func TestLocalAddressOfAStream(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		reserve := netip.MustParseAddr("127.0.0.9")
		a := newPartyOf(t, p, StreamConfig{Addr: reserve})
		if a.stream.Local().Addr() != reserve {
			t.Fatalf("SDP says %s", a.stream.Local())
		}
		a.agree(nil)
		a.stream.Play(Looping(Beep()))
		a.recv(isSound)
		if _, src, err := a.rtp.ReadFromUDPAddrPort(a.buf[:]); err != nil || src.Addr().Unmap() != reserve {
			t.Errorf("sound comes from %s, %v", src, err)
		}
		if _, err := p.NewStream(StreamConfig{Addr: netip.MustParseAddr("192.0.2.77")}); err == nil {
			t.Error("an address that the machine has not was taken")
		}
	})
}

func TestIPv6Config(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*PoolConfig)
		want   string
	}{
		"both":                {func(c *PoolConfig) { c.Bind6 = netip.IPv6Loopback() }, ""},
		"advertise6 alone":    {func(c *PoolConfig) { c.Advertise6 = netip.IPv6Loopback() }, "media.bind6"},
		"bind6 is IPv4":       {func(c *PoolConfig) { c.Bind6 = netip.MustParseAddr("127.0.0.1") }, "media.bind6"},
		"two of IPv6":         {func(c *PoolConfig) { c.Bind, c.Bind6 = netip.IPv6Loopback(), netip.IPv6Loopback() }, "media.bind6"},
		"all, nothing to say": {func(c *PoolConfig) { c.Bind6 = netip.IPv6Unspecified() }, "media.advertise6"},
		"says IPv4 for IPv6":  {func(c *PoolConfig) { c.Bind6, c.Advertise6 = netip.IPv6Loopback(), c.Bind }, "media.advertise6"},
		"all, said by address": {func(c *PoolConfig) {
			c.Bind6, c.Advertise6 = netip.IPv6Unspecified(), netip.MustParseAddr("2001:db8::1")
		}, ""},
	} {
		cfg := Default()
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
