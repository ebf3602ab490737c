package wire

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// writer sends the bytes of one message: a UDP listener or a TCP connection.
type writer interface {
	write(data []byte, to netip.AddrPort) error
}

// link is a writer with a destination. It is the connection that sipgo's
// transactions write to. sipgo's own UDP connection would refuse messages above
// 1300 bytes (fragments are fine between a hotline and its trunk) and would open
// a socket of its own for a new destination; this one always leaves from our
// listener. Its life is the listener's, so reference counts mean nothing here.
type link struct {
	edge *Edge
	out  writer
	flow Flow
	// limit, if not 0, is the size above which nothing is written; errBig tells.
	limit int
	// back, if valid, is where an answer goes by a new connection when the one that the request came by is gone.
	back netip.AddrPort
}

// WriteMsg serialises and sends a message.
func (l *link) WriteMsg(msg sip.Message) (err error) {
	defer func() {
		if v := recover(); v != nil { // sipgo's timers write as well
			l.edge.recovered(v, "", nil)
			err = fmt.Errorf("write a message: %w", ErrTransport)
		}
	}()
	b := l.edge.buffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // the pool holds nothing else
	defer l.edge.buffers.Put(b)
	b.Reset()
	msg.StringWrite(b)
	if l.limit > 0 && b.Len() > l.limit {
		return errBig
	}
	if err := l.out.write(b.Bytes(), l.flow.Remote); err != nil {
		if l.back.IsValid() && l.anew(bytes.Clone(b.Bytes())) {
			return nil
		}
		return fmt.Errorf("send %d bytes by %s to %s: %w", b.Len(), l.flow.Transport, l.flow.Remote, err)
	}
	return nil
}

// anew sends an answer by a new connection (RFC 3261 section 18.2.2), beside the caller; false: there is too much of that.
func (l *link) anew(data []byte) bool {
	lost, ok := l.out.(*streamConn)
	if !ok || l.edge.class(l.flow.Remote, l.flow.Local) != Peer {
		return false
	}
	return lost.sock.spawn(func(ctx context.Context) {
		c, err := lost.sock.dial(ctx, peerKey{remote: l.back})
		if err == nil {
			err = c.write(data, l.back)
		}
		if err != nil {
			l.edge.log.Warn("answer lost with its connection", "remote", l.flow.Remote.String(), "err", err)
		}
	})
}

// LocalAddr returns the local address.
func (l *link) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(l.flow.Local) }

// Ref does nothing.
func (l *link) Ref(int) int { return 1 }

// TryClose does nothing.
func (l *link) TryClose() (int, error) { return 1, nil }

// Close does nothing.
func (l *link) Close() error { return nil }
