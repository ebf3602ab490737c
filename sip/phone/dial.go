package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

// The ports of a SIP URI that names none, RFC 3261 §19.1.2.
const (
	sipPort = 5060
	tlsPort = 5061
)

// Dial places a call and returns as soon as the INVITE is on its way. What
// becomes of it is in the session's log. ctx bounds only the name look-up.
func (p *Phone) Dial(ctx context.Context, uri string, o Options) (*Session, error) {
	if err := o.Talk.Validate(); err != nil {
		return nil, err
	}
	out, err := p.outgoing(ctx, uri, o)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", masked(uri), err)
	}
	s := p.newSession(o.Talk)
	s.options = o
	if err := s.openMedia(); err != nil {
		return nil, fmt.Errorf("dial %s: %w", masked(uri), err)
	}
	if !o.LateOffer {
		out.SDP = s.newOffer()
	}
	if !p.add(s) {
		s.closeMedia()
		return nil, fmt.Errorf("dial %s: %w", masked(uri), ErrClosed)
	}
	sent := make(chan error, 1)
	s.loop.Post(func() { sent <- s.invite(out) })
	if err := <-sent; err != nil {
		return nil, fmt.Errorf("dial %s: %w", masked(uri), err)
	}
	return s, nil
}

// outgoing turns the script into an INVITE.
func (p *Phone) outgoing(ctx context.Context, uri string, o Options) (dialog.Outgoing, error) {
	target, err := wire.ParseURI(uri)
	if err != nil {
		return dialog.Outgoing{}, err
	}
	from, err := wire.ParseNameAddr(p.from(o.From))
	if err != nil {
		return dialog.Outgoing{}, fmt.Errorf("read From: %w", err)
	}
	flow, err := p.flow(ctx, target, o.Via)
	if err != nil {
		return dialog.Outgoing{}, err
	}
	out := dialog.Outgoing{
		URI: target, Flow: flow, From: from, To: wire.NameAddr{URI: target}, Contact: p.cfg.Name, NoAnswer: noTrying,
		Reliable: o.Reliable, Timer: o.Timer,
	}
	if p.cfg.Account.User != "" {
		out.Auth = p.prover
	}
	for _, h := range o.Headers {
		out.Headers = append(out.Headers, wire.Header{Name: h.Name, Value: h.Value})
	}
	return out, nil
}

// flow finds out where the INVITE goes.
func (p *Phone) flow(ctx context.Context, target wire.URI, via string) (wire.Flow, error) {
	f := wire.Flow{Transport: wire.Transport(p.cfg.Transport)}
	if t, ok := target.Params.Get("transport"); ok {
		f.Transport = wire.Transport(t)
	}
	switch f.Transport {
	case wire.UDP, wire.TCP:
	case wire.TLS:
		f.Profile = tlsProfile
	default:
		return f, fmt.Errorf("transport %q is neither udp nor tcp nor tls", f.Transport)
	}
	if f.Transport == wire.TLS && p.cfg.Transport != "tls" {
		return f, errors.New("the address asks for TLS, and the phone has none; set its transport to tls")
	}
	host, port := target.Host, target.Port
	if via != "" {
		h, ps, err := net.SplitHostPort(via)
		if err != nil {
			return f, fmt.Errorf("read the proxy address: %w", err)
		}
		n, err := strconv.ParseUint(ps, 10, 16)
		if err != nil {
			return f, fmt.Errorf("read the proxy port: %w", err)
		}
		host, port = h, int(n)
	}
	if port == 0 {
		port = sipPort
		if f.Transport == wire.TLS {
			port = tlsPort
		}
	}
	if host == "" {
		return f, errors.New("the address names no host; say where to send the call")
	}
	addr, err := resolve(ctx, host)
	if err != nil {
		return f, err
	}
	f.Remote = netip.AddrPortFrom(addr, uint16(port))
	return f, nil
}

func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("look up %s: %w", host, err)
	}
	return addrs[0].Unmap(), nil
}

// masked is an address with all but the last digits of its user part hidden.
func masked(uri string) string {
	u, err := wire.ParseURI(uri)
	const shown = 3
	if err != nil || len(u.User) <= shown {
		return uri
	}
	u.User = "…" + u.User[len(u.User)-shown:]
	return u.String()
}

// from is the address to show: as given, a bare number at the phone's own host, or the phone's own address.
func (p *Phone) from(address string) string {
	own := p.URI()
	switch {
	case address == "":
		return own
	case strings.ContainsAny(address, ":<"):
		return address
	}
	_, host, _ := strings.Cut(own, "@")
	return "sip:" + address + "@" + host
}
