package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Ready asks each listener with a real OPTIONS of our own and returns nil when
// all of them answered. It proves the sockets, the parser and the transactions,
// and depends on nothing outside this process.
func (e *Edge) Ready(ctx context.Context) error {
	e.probing.Add(1)
	defer e.probing.Add(-1)
	var err error
	for _, t := range []Transport{UDP, TCP, TLS} {
		for _, s := range e.sockets(t) {
			ask := e.probe
			if t == TLS {
				if stream, ok := s.(*streamSocket); ok && stream.opens {
					continue
				}
				ask = e.probeTLS
			}
			if one := ask(ctx, t, s.address()); one != nil {
				err = errors.Join(err, fmt.Errorf("listener %s %s does not answer: %w", t, s.address(), one))
			}
		}
	}
	return err
}

// reachable is where a listener is reached from this machine.
func reachable(at netip.AddrPort) netip.AddrPort {
	switch {
	case !at.Addr().IsUnspecified():
		return at
	case at.Addr().Is6():
		return netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
}

// probeTLS asks a listener for a handshake. What comes behind it is TCP's, which the other probe proves; whether the
// certificate is good is for its peers to say, and for Certificates.
func (e *Edge) probeTLS(ctx context.Context, _ Transport, at netip.AddrPort) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", reachable(at).String())
	if err != nil {
		return err
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // it is our own
	return errors.Join(secure.HandshakeContext(ctx), conn.Close())
}

func (e *Edge) probe(ctx context.Context, t Transport, at netip.AddrPort) error {
	to := reachable(at)
	callID := e.NewCallID()
	e.probes.Store(callID, struct{}{})
	defer e.probes.Delete(callID)
	uri := URI{Scheme: "sip", Host: to.Addr().String(), Port: int(to.Port())}
	who := NameAddr{URI: uri}
	req := NewRequest(OPTIONS, uri)
	for _, h := range []Header{
		{"From", who.WithTag(e.NewTag()).String()},
		{"To", who.String()},
		{"Call-ID", callID},
		{"CSeq", "1 OPTIONS"},
	} {
		if err := req.Set(h.Name, h.Value); err != nil {
			return err
		}
	}
	got := make(chan ClientEvent, 1)
	tx, err := e.Send(req, Flow{Transport: t, Local: at, Remote: to}, func(ev ClientEvent) {
		if ev.Err != nil || ev.Response.Status() >= 200 {
			select {
			case got <- ev:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	defer tx.Terminate()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case ev := <-got:
		return ev.Err
	}
}
