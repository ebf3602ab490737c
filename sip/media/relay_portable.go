package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// portable is the Relay that runs everywhere: one goroutine a socket reads, a mutex makes the shard one at a time.
type portable struct {
	sh    *shard
	bell  chan struct{} // something was posted
	mu    sync.Mutex    // held while the shard runs
	group sync.WaitGroup
}

func newPortable(sh *shard) *portable { return &portable{sh: sh, bell: make(chan struct{}, 1)} }

type portableSocket struct {
	conn    *net.UDPConn
	reading bool // guarded by the shard
}

func (p *portable) open(ap netip.AddrPort) (socket, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(ap))
	if err != nil {
		return nil, err
	}
	markEF(c)
	return &portableSocket{conn: c}, nil
}

func (so *portableSocket) send(b []byte, to *target) error {
	_, err := so.conn.WriteToUDPAddrPort(b, to.ap)
	return err
}

func (so *portableSocket) close() { _ = so.conn.Close() } // the reader sees net.ErrClosed and ends

func (p *portable) wake(bool) {
	select {
	case p.bell <- struct{}{}:
	default:
	}
}

func (p *portable) run(ctx context.Context, begin, end func()) error {
	begin()
	defer p.group.Wait() // the readers: end closes their sockets
	defer p.inside(func(*shard) { end() })
	p.inside(func(sh *shard) { sh.drain() })
	tick := time.NewTicker(phaseTime)
	defer tick.Stop()
	last := time.Now()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-p.bell:
			p.inside(func(sh *shard) { sh.drain() })
		case now := <-tick.C:
			n := int(now.Sub(last) / phaseTime)
			last = last.Add(time.Duration(n) * phaseTime)
			p.inside(func(sh *shard) { sh.elapse(n) })
		}
	}
	return nil
}

func (p *portable) inside(f func(*shard)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sh.touch()
	f(p.sh)
}

// add starts the reader of a socket; one that came from another shard has its reader already.
func (p *portable) add(so socket, s *Stream, rtcp bool) error {
	ps := so.(*portableSocket) //nolint:forcetypeassert // sockets of this Relay only
	if !ps.reading {
		ps.reading = true
		p.group.Go(func() { ps.read(s, rtcp) })
	}
	return nil
}

func (p *portable) remove(socket) {}

// read takes packets until the socket is closed.
func (so *portableSocket) read(s *Stream, rtcp bool) {
	buf := make([]byte, maxPacket)
	for {
		n, src, err := so.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil && !temporary(err) {
			s.deliver(func(*shard) { s.emit(Event{Kind: SocketFailed, Err: err}) })
			return
		}
		if err == nil {
			src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
			s.deliverPacket(src, buf[:n], rtcp)
		}
	}
}

// deliver runs f inside the stream's shard, which may change while we wait for it.
func (s *Stream) deliver(f func(*shard)) {
	for {
		sh := s.home()
		p := sh.relay.(*portable) //nolint:forcetypeassert // all shards of a pool have one kind of Relay
		p.mu.Lock()
		if s.home() == sh {
			if !s.gone {
				sh.touch()
				f(sh)
			}
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
}

// deliverPacket is deliver without a closure.
func (s *Stream) deliverPacket(src netip.AddrPort, b []byte, rtcp bool) {
	for {
		sh := s.home()
		p := sh.relay.(*portable) //nolint:forcetypeassert // as above
		p.mu.Lock()
		ok := s.home() == sh
		if ok && !s.gone {
			sh.touch()
			sh.packet(s, rtcp, src, b)
		}
		p.mu.Unlock()
		if ok {
			return
		}
	}
}
