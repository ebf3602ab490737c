package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
)

// dial returns the connection to a peer, opening it if there is none; requests that come meanwhile share it, and each
// waits as long as its own ctx allows.
func (s *streamSocket) dial(ctx context.Context, peer peerKey) (*streamConn, error) {
	s.mu.Lock()
	if c := s.conns[peer]; c != nil && c.open {
		s.mu.Unlock()
		return c, nil
	}
	d, waiting := s.dialing[peer]
	if !waiting {
		d = &dial{done: make(chan struct{}), err: ErrTransport}
		s.dialing[peer] = d
	}
	from := s.bound
	s.mu.Unlock()
	if !waiting && !s.spawn(func(ctx context.Context) {
		defer s.dialled(peer, d) // after a panic too
		d.conn, d.err = s.open(ctx, from, peer)
	}) {
		d.err = fmt.Errorf("connect to %s: %w: too many connections are being opened", peer.remote, ErrTransport)
		s.dialled(peer, d)
	}
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dialled ends the wait for a connection.
func (s *streamSocket) dialled(peer peerKey, d *dial) {
	s.mu.Lock()
	delete(s.dialing, peer)
	s.mu.Unlock()
	close(d.done)
}

// open opens a connection from the listener's address; the time-out bounds the TLS handshake too.
func (s *streamSocket) open(ctx context.Context, from netip.AddrPort, peer peerKey) (*streamConn, error) {
	soon, cancel := context.WithTimeout(ctx, s.edge.cfg.DialTimeout)
	defer cancel()
	dialer := net.Dialer{Control: s.control}
	if !from.Addr().IsUnspecified() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from.Addr(), 0))
	}
	conn, err := dialer.DialContext(soon, "tcp", peer.remote.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", peer.remote, err)
	}
	// Requests that come by it belong to this listener, which is what Local says, not the port that the system chose.
	local := netip.AddrPortFrom(addrPort(conn.LocalAddr()).Addr(), from.Port())
	if s.conf.Transport == TLS {
		if conn, err = s.secure(soon, conn, peer); err != nil {
			return nil, err
		}
	}
	c := newStreamConn(s, conn, Flow{Transport: s.conf.Transport, Local: local, Remote: peer.remote, Profile: peer.profile})
	c.first = false // it was opened to be used: the idle time-out applies
	if !s.add(c, false) {
		_ = conn.Close() // the edge ends
		return nil, fmt.Errorf("connect to %s: %w", peer.remote, net.ErrClosed)
	}
	s.opened(c)
	s.serve(ctx, c)
	return c, nil
}

// secure begins TLS on a connection that was opened.
func (s *streamSocket) secure(ctx context.Context, raw net.Conn, peer peerKey) (net.Conn, error) {
	config, err := s.edge.clientTLS(peer)
	if err != nil {
		_ = raw.Close() // nothing was said yet
		return nil, err
	}
	said := &mute{Conn: raw}
	said.heard.Store(true) // it is we who speak first
	conn := tls.Client(said, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake has failed: there is nothing to say goodbye to
		s.edge.metrics.shook("open", false)
		return nil, fmt.Errorf("TLS with %s (profile %q, server name %s): %w%s",
			peer.remote, peer.profile, config.ServerName, err, tlsAdvice(err))
	}
	s.edge.metrics.shook("open", true)
	return conn, nil
}
