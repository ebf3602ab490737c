package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// Bounds of TLS handshakes with those who connect to us. Their connections count among the others from the first byte on.
const (
	handshakeTime = 5 * time.Second
	maxHandshakes = 256 // of a listener at the same time
	goodbyeTime   = 50 * time.Millisecond
)

// mute is a connection below TLS that says nothing before it has heard a client hello: a scanner that speaks anything else
// gets no alert.
type mute struct {
	net.Conn

	heard  atomic.Bool
	ending atomic.Bool
}

// SetWriteDeadline bounds what is written. TLS says goodbye before it closes and would wait for a dead peer for seconds.
func (m *mute) SetWriteDeadline(t time.Time) error {
	if soon := time.Now().Add(goodbyeTime); m.ending.Load() && t.After(soon) {
		t = soon
	}
	return m.Conn.SetWriteDeadline(t)
}

// Write sends, or swallows what nobody has asked for.
func (m *mute) Write(b []byte) (int, error) {
	if !m.heard.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// goodbye bounds what TLS says when it closes.
func (c *streamConn) goodbye() {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		if below, ok := secure.NetConn().(*mute); ok {
			below.ending.Store(true)
		}
	}
}

// serverTLS is the configuration that finds the one in force for each connection. There is one of a listener, since the
// keys of its session tickets are in it: with them a phone that comes back costs no signature.
func (s *streamSocket) serverTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if below, ok := hello.Conn.(*mute); ok {
				below.heard.Store(true)
			}
			return s.own.server()
		},
	}
}

// greet does the handshake of an accepted connection beside the accept loop.
func (s *streamSocket) greet(c *streamConn) {
	begun := s.shakes.Add(1) <= maxHandshakes && s.spawn(func(ctx context.Context) {
		defer s.shakes.Add(-1)
		ok := s.shake(ctx, c)
		s.edge.metrics.shook("accept", ok)
		if !ok {
			_ = c.Close() // nothing can be said on it
			return
		}
		s.opened(c)
		s.serve(ctx, c)
	})
	if !begun {
		s.shakes.Add(-1)
		s.edge.metrics.refuse(faultOverload)
		_ = c.Close() // nothing was said yet
	}
}

func (s *streamSocket) shake(ctx context.Context, c *streamConn) bool {
	secure, ok := c.Conn.(*tls.Conn)
	if !ok {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, c.born.Add(min(handshakeTime, s.edge.cfg.FirstMessage)))
	defer cancel()
	err := secure.HandshakeContext(ctx)
	if own := s.edge.probing.Load() > 0 && c.flow.Remote.Addr() == c.flow.Local.Addr(); err != nil && !c.guest.Load() && !own {
		s.edge.log.Warn("TLS handshake has failed", "remote", c.flow.Remote.String(), "err", err)
	}
	return err == nil
}

// clientTLS is the configuration for connections to a peer.
func (e *Edge) clientTLS(peer peerKey) (*tls.Config, error) {
	p, err := e.profile(peer.profile)
	if err != nil {
		return nil, err
	}
	config := p.Clone()
	if config.ServerName == "" {
		config.ServerName = peer.remote.Addr().String()
	}
	return config, nil
}

// tlsAdvice says what can be done about a failed handshake, if it is clear.
func tlsAdvice(err error) string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "; its certificate has expired or is not valid yet: its owner has to renew it, or this machine's clock is wrong"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "; name who signed it in tls.ca of the operator"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "; put the name that stands in its certificate into tls.server_name of the operator"
	}
	return ""
}
