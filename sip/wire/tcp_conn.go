package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// errFraming ends a connection on which the next message cannot be found.
var errFraming = errors.New("stream is out of frame")

// tcpConn is one connection. Read returns messages that have passed admission,
// scan and a trial parse, one at a time, so sipgo's loop, which gives up a
// connection at the first message it cannot read and cannot survive a panic,
// sees only good ones.
type tcpConn struct {
	net.Conn

	// set when made
	sock *tcpSocket
	flow Flow

	writing sync.Mutex
	closing sync.Once

	// guarded by sock.mu
	listed   bool
	accepted bool // not dialled by us

	useful atomic.Bool // a good message has come by it

	// owned by the reading goroutine
	buf   []byte
	out   []byte    // what is left for sipgo of the message at hand
	at    time.Time // when the message at hand was complete
	since time.Time // when the bytes in buf began to arrive
	first bool      // no message yet
	born  time.Time
}

func newTCPConn(s *tcpSocket, conn net.Conn, local, remote netip.AddrPort) *tcpConn {
	return &tcpConn{
		Conn: conn, sock: s, first: true, born: time.Now(),
		flow: Flow{Transport: TCP, Local: local, Remote: remote},
	}
}

// Read returns one message, or a part of it when b is too small for it.
func (c *tcpConn) Read(b []byte) (n int, err error) {
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
func (c *tcpConn) next() error {
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
			c.useful.Store(true)
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
func (c *tcpConn) keepAlive() error {
	skip := 0
	for skip < len(c.buf) && (c.buf[skip] == '\r' || c.buf[skip] == '\n') {
		skip++
	}
	if skip == 0 {
		return nil
	}
	ping := bytes.HasPrefix(c.buf, []byte("\r\n\r\n"))
	c.buf = c.buf[:copy(c.buf, c.buf[skip:])]
	if ping {
		return c.write([]byte("\r\n"), netip.AddrPort{})
	}
	return nil
}

// frame finds the end of the first message in the buffer; 0: not there yet.
func (c *tcpConn) frame() (int, error) {
	head := bytes.Index(c.buf, []byte("\r\n\r\n"))
	lim := c.sock.edge.limits(TCP)
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
func (c *tcpConn) broken(head []byte, why fault) error {
	e := c.sock.edge
	e.metrics.refuse(why)
	s := scan(head, e.limits(TCP))
	status := why.status()
	if s.fault == faultVersion {
		status = s.fault.status()
	}
	e.refuse(head, &s, status, &link{edge: e, out: c, flow: c.flow})
	return fmt.Errorf("read from %s: %w (%s)", c.flow.Remote, errFraming, why)
}

// judge tells whether a framed message may go to sipgo; otherwise it has been
// answered here.
func (c *tcpConn) judge(msg []byte) bool {
	e := c.sock.edge
	if !e.admitted(msg, c.flow.Remote, c.flow.Local, c.at) {
		return false
	}
	s := scan(msg, e.limits(TCP))
	status := s.fault.status()
	if s.fault == faultNone && !c.parses(msg) {
		s.fault, status = faultParser, StatusBadRequest
	}
	if s.fault == faultNone {
		return true
	}
	e.metrics.refuse(s.fault)
	e.refuse(msg, &s, status, &link{edge: e, out: c, flow: c.flow})
	return false
}

// parses tries the parser, where a panic can be recovered; sipgo's goroutine
// that reads the connection could not.
func (c *tcpConn) parses(msg []byte) (ok bool) {
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
func (c *tcpConn) fill(b []byte) error {
	cfg := &c.sock.edge.cfg
	limit := time.Now().Add(cfg.Idle)
	switch {
	case c.first:
		limit = c.born.Add(cfg.FirstMessage)
	case len(c.buf) > 0:
		limit = c.since.Add(cfg.FirstMessage)
	}
	if err := c.SetReadDeadline(limit); err != nil {
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
	return err
}

// write sends one message within the write time-out. A connection that does not
// take it is closed: a half-written message cannot be repaired.
func (c *tcpConn) write(data []byte, _ netip.AddrPort) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.SetWriteDeadline(time.Now().Add(c.sock.edge.cfg.WriteTimeout))
	if err == nil {
		_, err = c.Conn.Write(data) //nolint:staticcheck // not our own Write
	}
	if err != nil {
		_ = c.Conn.Close() // the reader notices and removes the connection
		return fmt.Errorf("write to %s: %w", c.flow.Remote, errors.Join(ErrUnreachable, err))
	}
	return nil
}

// Close closes the connection once and fails what waits for it. Closing again is no error: sipgo does it when its loop
// ends, and would log it.
func (c *tcpConn) Close() (err error) {
	c.closing.Do(func() {
		err = c.Conn.Close()
		c.sock.remove(c)
	})
	return err
}
