package wire

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// Ready asks each listener with a real OPTIONS of our own and returns nil when
// all of them answered. It proves the sockets, the parser and the transactions,
// and depends on nothing outside this process.
func (e *Edge) Ready(ctx context.Context) error {
	e.probing.Add(1)
	defer e.probing.Add(-1)
	var err error
	for _, t := range []Transport{UDP, TCP} {
		for _, s := range e.sockets(t) {
			if one := e.probe(ctx, t, s.address()); one != nil {
				err = errors.Join(err, fmt.Errorf("listener %s %s does not answer: %w", t, s.address(), one))
			}
		}
	}
	return err
}

func (e *Edge) probe(ctx context.Context, t Transport, at netip.AddrPort) error {
	to := at
	if at.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
		if at.Addr().Is6() {
			to = netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
		}
	}
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
