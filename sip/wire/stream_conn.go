package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// errFraming ends a connection on which the next message cannot be found.
var errFraming = errors.New("stream is out of frame")

// streamConn is one connection. Read returns messages that have passed admission,
// scan and a trial parse, one at a time, so sipgo's loop, which gives up a
// connection at the first message it cannot read and cannot survive a panic,
// sees only good ones.
type streamConn struct {
	net.Conn

	// set when made
	sock *streamSocket
	flow Flow
	name connName // set when it is listed

	writing sync.Mutex
	closing sync.Once

	// guarded by sock.mu
	listed   bool
	accepted bool // not dialled by us
	counted  bool // among the guests
	open     bool // ready to be written to: its TLS handshake is over

	useful atomic.Bool // a good message has come by it
	guest  atomic.Bool // its peer has not registered yet; left by welcome

	// owned by the reading goroutine
	buf   []byte
	out   []byte    // what is left for sipgo of the message at hand
	at    time.Time // when the message at hand was complete
	since time.Time // when the bytes in buf began to arrive
	first bool      // no message yet
	born  time.Time
}

func newStreamConn(s *streamSocket, conn net.Conn, flow Flow) *streamConn {
	return &streamConn{Conn: conn, sock: s, first: true, born: time.Now(), flow: flow}
}

// connName is what sipgo takes for the remote address of a connection.
type connName string

// Network names the transport.
func (connName) Network() string { return "tcp" }

// String returns the name.
func (n connName) String() string { return string(n) }

// RemoteAddr is asked by sipgo, which keeps connections by it.
func (c *streamConn) RemoteAddr() net.Addr { return c.name }

// Read returns one message, or a part of it when b is too small for it.
func (c *streamConn) Read(b []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			c.sock.edge.recovered(v, "", nil)
			n, err = 0, fmt.Errorf("read from %s: %w", c.flow.Remote, errFraming)
		}
	}()
	for len(c.out) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if len(c.out) > 0 {
			break
		}
		if err := c.fill(b); err != nil {
			return 0, err
		}
	}
	n = copy(b, c.out)
	c.out = c.out[n:]
	return n, nil
}

// next moves the next good message out of the buffer, if it is there whole.
func (c *streamConn) next() error {
	for {
		if err := c.keepAlive(); err != nil {
			return err
		}
		size, err := c.frame()
		if size == 0 || err != nil {
			return err
		}
		c.at = time.Now()
		good := c.judge(c.buf[:size])
		if good {
			c.out = append(c.out[:0:0], c.buf[:size]...)
			c.first = false
			if !c.guest.Load() {
				c.useful.Store(true)
			}
		}
		c.buf = c.buf[:copy(c.buf, c.buf[size:])]
		c.since = c.at
		if good {
			return nil
		}
	}
}

// keepAlive removes line ends before a message and answers a double one (RFC
// 5626 section 3.5.1).
func (c *streamConn) keepAlive() error {
	skip := 0
	for skip < len(c.buf) && (c.buf[skip] == '\r' || c.buf[skip] == '\n') {
		skip++
	}
	if skip == 0 {
		return nil
	}
	ping := bytes.HasPrefix(c.buf, []byte("\r\n\r\n"))
	c.buf = c.buf[:copy(c.buf, c.buf[skip:])]
	if ping && !c.guest.Load() {
		return c.write([]byte("\r\n"), netip.AddrPort{})
	}
	return nil
}

// frame finds the end of the first message in the buffer; 0: not there yet.
func (c *streamConn) frame() (int, error) {
	head := bytes.Index(c.buf, []byte("\r\n\r\n"))
	lim := c.sock.edge.limits(c.flow.Transport)
	if head < 0 {
		if len(c.buf) > lim.size {
			return 0, c.broken(c.buf, faultOversize)
		}
		return 0, nil
	}
	s := scan(c.buf[:head+4], lim)
	if s.length < 0 || s.unframed || s.fault == faultUnparsable {
		return 0, c.broken(c.buf[:head+4], faultLength)
	}
	size := head + 4 + s.length
	if size > lim.size {
		return 0, c.broken(c.buf[:head+4], faultOversize)
	}
	if len(c.buf) < size {
		return 0, nil
	}
	return size, nil
}

// broken refuses what frame could not delimit and ends the connection.
func (c *streamConn) broken(head []byte, why fault) error {
	e := c.sock.edge
	e.metrics.refuse(why)
	if c.guest.Load() {
		return fmt.Errorf("read from %s: %w (%s)", c.flow.Remote, errFraming, why)
	}
	s := scan(head, e.limits(c.flow.Transport))
	status := why.status()
	if s.fault == faultVersion {
		status = s.fault.status()
	}
	e.refuse(head, &s, status, &link{edge: e, out: c, flow: c.flow})
	return fmt.Errorf("read from %s: %w (%s)", c.flow.Remote, errFraming, why)
}

// judge tells whether a framed message may go to sipgo; otherwise it has been
// answered here.
func (c *streamConn) judge(msg []byte) bool {
	e := c.sock.edge
	class := e.admitted(msg, c.flow, c.at)
	if class == Unknown {
		return false
	}
	s := scan(msg, e.limits(c.flow.Transport))
	status := s.fault.status()
	if s.fault == faultNone && !c.parses(msg) {
		s.fault, status = faultParser, StatusBadRequest
	}
	if s.fault == faultNone {
		return true
	}
	e.metrics.refuse(s.fault)
	if class == Guest {
		return false
	}
	e.refuse(msg, &s, status, &link{edge: e, out: c, flow: c.flow})
	return false
}

// parses tries the parser, where a panic can be recovered; sipgo's goroutine
// that reads the connection could not.
func (c *streamConn) parses(msg []byte) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			c.sock.edge.metrics.panicked()
			c.sock.edge.log.Error("parser panicked", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	_, _, err := c.sock.edge.parser.Parse(msg, true)
	return err == nil
}

// fill reads more bytes, using b as scratch space, within the time-outs.
func (c *streamConn) fill(b []byte) error {
	began := time.Now()
	for {
		if err := c.SetReadDeadline(c.limit(began)); err != nil {
			return fmt.Errorf("read from %s: %w", c.flow.Remote, err)
		}
		n, err := c.Conn.Read(b)
		if n > 0 {
			if len(c.buf) == 0 {
				c.since = time.Now()
			}
			c.buf = append(c.buf, b[:n]...)
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if c.guest.Load() && c.sock.edge.class(c.flow.Remote, c.flow.Local) == Peer {
			c.welcome()
		}
		if !c.limit(began).After(time.Now()) { // else a guest has registered while we waited
			return net.ErrClosed // an everyday end, which sipgo would else log as an error
		}
	}
}

// limit is when the connection must have sent something more, waited for since began.
func (c *streamConn) limit(began time.Time) time.Time {
	cfg := &c.sock.edge.cfg
	switch {
	case c.first || c.guest.Load():
		return c.born.Add(cfg.FirstMessage)
	case len(c.buf) > 0:
		return c.since.Add(cfg.FirstMessage)
	}
	return began.Add(cfg.Idle)
}

// write sends one message within the write time-out. A connection that does not
// take it is closed: a half-written message cannot be repaired.
func (c *streamConn) write(data []byte, _ netip.AddrPort) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.SetWriteDeadline(time.Now().Add(c.sock.edge.cfg.WriteTimeout))
	if err == nil {
		_, err = c.Conn.Write(data) //nolint:staticcheck // not our own Write
	}
	if err != nil {
		c.goodbye()
		_ = c.Conn.Close() // the reader notices and removes the connection
		return fmt.Errorf("write to %s: %w", c.flow.Remote, errors.Join(ErrUnreachable, err))
	}
	return nil
}

// Close closes the connection once and fails what waits for it. Closing again is no error: sipgo does it when its loop
// ends, and would log it.
func (c *streamConn) Close() (err error) {
	c.closing.Do(func() {
		c.goodbye()
		err = c.Conn.Close()
		c.sock.remove(c)
	})
	return err
}
