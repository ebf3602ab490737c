package b2bua

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// dualStack is a rig that listens on IPv4 and IPv6.
func dualStack(o rigOptions) rigOptions {
	o.edge = func(c *wire.Config) {
		c.Listen = append(c.Listen, wire.Listen{Transport: wire.UDP, Addr: "[::1]:0"})
	}
	o.media = func(c *media.PoolConfig) { c.Bind6 = netip.IPv6Loopback() }
	before := o.trunks
	o.trunks = func(c *trunk.Config) {
		if before != nil {
			before(c)
		}
		c.Phones = append(c.Phones, "::1")
	}
	return o
}

// six starts a scripted phone on IPv6.
func (r *rig) six(name string, answer phone.Answer) *phone.Phone {
	r.Helper()
	cfg := phone.Default()
	cfg.Name, cfg.Addr = name, netip.IPv6Loopback()
	p, stop, err := phone.Start(context.Background(), cfg)
	if err != nil {
		r.Skip("no IPv6 on this machine: ", err)
	}
	r.Cleanup(func() { r.must(stop()) })
	r.must(p.Answer(answer))
	return p
}

// Caller and engineer may live in different families: each leg has an address of its own family, and sound flows.
func TestIPv6LegsOfEitherSide(t *testing.T) {
	t.Parallel()
	for _, callerIs6 := range []bool{true, false} {
		r := newRig(t, dualStack(rigOptions{script: func(r *rig, c *Call, ev Event) {
			if ev.Kind == LegAnswered && ev.Leg != c.A() {
				r.must(c.Bridge(c.A(), ev.Leg))
			}
		}}))
		six := netip.AddrPort{}
		if at, ok := r.edge.ListenerOn(wire.UDP, netip.IPv6Loopback()); ok {
			six = at
		} else {
			t.Fatal("no IPv6 listener")
		}
		engineer, client, at := phone.Answering(0, phone.Talk{Tone: 1000}), phone.Answer{}, r.at
		var bob, caller *phone.Phone
		if callerIs6 {
			bob, caller, at = r.scripted("bob", engineer), r.six("client", client), six
		} else {
			bob, caller = r.six("bob", engineer), r.scripted("client", client)
		}
		call, err := caller.Dial(bounded(t), "sip:84957770000@"+at.String(), phone.Options{Talk: phone.Talk{Tone: 440}})
		r.must(err)
		c := r.call()
		r.in(c, func() { c.Dial(r.to("bob", r.way(bob, ""))) })
		in, err := bob.Incoming(bounded(t), 0)
		r.must(err)
		r.must(call.WaitHeard(bounded(t), 1000, time.Second))
		r.must(in.WaitHeard(bounded(t), 440, time.Second))
		if body := string(in.Request().Body()); strings.Contains(body, "IN IP6 ::1") == callerIs6 {
			t.Errorf("the engineer was offered\n%s", body)
		}
		r.in(c, func() { c.End(CauseNormal) })
		r.gone()
	}
}

// Without an IPv6 address of ours an IPv6 offer is refused, and an IPv6 way is unreachable: the next one rings.
func TestIPv6WhereWeHaveNone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn("v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n")
	r.caller.ExpectStatus(488, "INVITE")
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	six := r.phone(r.bob)
	six.Flow.Remote = netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), 5060)
	r.in(c, func() { c.Dial(r.to("bob", six, r.phone(r.carol))) })
	carol, _ := take(r.carol)
	carol.Answer(486, "Busy Here", "")
	r.expect("bob failed busy")
	r.in(c, func() { c.Dial(r.to("dora", six)) })
	r.expect("dora failed unreachable")
	r.in(c, func() { c.End(CauseNormal) })
}
