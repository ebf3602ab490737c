//go:build linux && (amd64 || arm64 || riscv64 || loong64 || ppc64le)

//nolint:gosec // unsafe: the addresses of buffers and sockaddrs for raw system calls; none is kept
package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const epollAvailable = true

const eventsAWake = 32 // packets handled before other goroutines get their turn: about 0.15 ms

// epollRelay is the Relay of Linux: raw non-blocking sockets under one epoll descriptor, level triggered, one read a
// wake. The descriptor itself lies in the Go runtime's poller, so waiting costs no thread and takes no processor from
// other goroutines, also when there is only one.
type epollRelay struct {
	// set by run
	sh    *shard
	file  *os.File // the epoll descriptor, in the runtime's poller
	epfd  int
	bell  int // eventfd: something was posted
	clock int // timerfd: a phase has passed

	ticking atomic.Bool // phases are running; set by the loop

	// owned by the loop
	slots  []*epollSocket // by the number epoll gives back
	spare  []int32
	events [eventsAWake]unix.EpollEvent
	buf    [maxPacket]byte
	from   unix.RawSockaddrAny
}

// The first numbers epoll gives back are not sockets.
const (
	slotBell = iota
	slotClock
	firstSlot
)

func newRelay(e Engine, sh *shard) Relay {
	if e == EnginePortable {
		return newPortable(sh)
	}
	return &epollRelay{sh: sh, slots: make([]*epollSocket, firstSlot), bell: -1, clock: -1}
}

func (r *epollRelay) free() {
	for _, fd := range []int{r.bell, r.clock} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	if r.file != nil {
		_ = r.file.Close()
	}
}

func (r *epollRelay) prepare() (err error) {
	if r.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(r.epfd, true); err != nil { // tells os.NewFile to use the poller
		return os.NewSyscallError("fcntl", err)
	}
	r.file = os.NewFile(uintptr(r.epfd), "epoll")
	if r.bell, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	if r.clock, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return os.NewSyscallError("timerfd_create", err)
	}
	for slot, fd := range []int{slotBell: r.bell, slotClock: r.clock} {
		if err := r.watch(fd, int32(slot)); err != nil {
			return err
		}
	}
	return nil
}

func (r *epollRelay) watch(fd int, slot int32) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: slot}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.epfd, unix.EPOLL_CTL_ADD, fd, &ev))
}

func (r *epollRelay) run(ctx context.Context, begin, end func()) error {
	defer r.free()
	if err := r.prepare(); err != nil {
		return fmt.Errorf("start epoll engine: %w", err)
	}
	begin()
	defer end()
	raw, err := r.file.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = r.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	r.sh.touch()
	r.sh.drain()
	r.setClock(!r.sh.idle())
	var fault error
	work := 0                           // events since other goroutines had their turn
	err = raw.Read(func(uintptr) bool { // called when the descriptor may be readable; false = wait again
		for ctx.Err() == nil && fault == nil {
			var n int
			if n, fault = r.poll(); n == 0 {
				work = 0
				return false
			}
			r.wakeUp(n)
			if work += n; work >= eventsAWake {
				work = 0
				runtime.Gosched()
			}
		}
		return true
	})
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(err, fault)
}

// poll asks what is ready without waiting.
func (r *epollRelay) poll() (int, error) {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(r.epfd), uintptr(unsafe.Pointer(&r.events[0])), eventsAWake, 0, 0, 0)
	if e != 0 {
		if e == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_pwait", e)
	}
	return int(n), nil
}

// wakeUp handles n events: first the commands that were posted, then packets, then time. A command may close a socket
// whose event is among the n: its slot is empty then, or has a new socket that has nothing to read yet.
func (r *epollRelay) wakeUp(n int) {
	for i := range r.events[:n] {
		if r.events[i].Fd == slotBell { // before the commands are taken: who posts from now on must be heard again
			r.readCounter(r.bell)
		}
	}
	r.sh.touch()
	r.sh.drain()
	clock := false
	for i := range r.events[:n] {
		switch slot := r.events[i].Fd; slot {
		case slotBell:
		case slotClock:
			clock = true
		default:
			if so := r.slots[slot]; so != nil {
				r.receive(so)
			}
		}
	}
	if clock {
		r.sh.elapse(int(r.readCounter(r.clock)))
	}
	if ticking := !r.sh.idle(); ticking != r.ticking.Load() {
		r.setClock(ticking)
	}
}

func (r *epollRelay) readCounter(fd int) uint64 {
	var b [8]byte
	if n, err := unix.Read(fd, b[:]); n != len(b) || err != nil {
		return 0
	}
	return binary.NativeEndian.Uint64(b[:])
}

// setClock starts or stops the phases.
func (r *epollRelay) setClock(on bool) {
	var spec unix.ItimerSpec
	if on {
		spec.Interval = unix.NsecToTimespec(int64(phaseTime))
		spec.Value = spec.Interval
	}
	if unix.TimerfdSettime(r.clock, 0, &spec, nil) != nil {
		return
	}
	r.ticking.Store(on)
	if !on && r.sh.waiting() { // posted while it seemed that a phase would come
		r.wake(true)
	}
}

// wake leaves it to the next phase when there is one: a signalling goroutine that has a message to send neither pays for
// a wake-up nor loses its processor to it.
func (r *epollRelay) wake(now bool) {
	if !now && r.ticking.Load() {
		return
	}
	one := [8]byte{}
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(r.bell, one[:]) // full means rung already
}

// epollSocket is one raw UDP socket.
type epollSocket struct {
	fd     int
	slot   int32
	rtcp   bool
	stream *Stream
}

func (r *epollRelay) open(ap netip.AddrPort) (socket, error) {
	family := unix.AF_INET
	if ap.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err = r.mark(fd, family); err == nil {
		raw := encodeAddr(ap)
		_, _, e := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&raw.b)), uintptr(raw.n))
		if e != 0 {
			err = os.NewSyscallError("bind", e)
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &epollSocket{fd: fd, slot: -1}, nil
}

// mark asks for expedited forwarding; an IPv6 socket that serves IPv4 too needs both kinds of it.
func (*epollRelay) mark(fd, family int) error {
	if family == unix.AF_INET {
		return os.NewSyscallError("setsockopt IP_TOS", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tosEF))
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tosEF)
	return os.NewSyscallError("setsockopt IPV6_TCLASS", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tosEF))
}

func (r *epollRelay) add(so socket, s *Stream, rtcp bool) error {
	es := so.(*epollSocket) //nolint:forcetypeassert // sockets of this Relay only
	es.stream, es.rtcp = s, rtcp
	if n := len(r.spare); n > 0 {
		es.slot, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		es.slot = int32(len(r.slots))
		r.slots = append(r.slots, nil)
	}
	r.slots[es.slot] = es
	return r.watch(es.fd, es.slot)
}

func (r *epollRelay) remove(so socket) {
	es := so.(*epollSocket) //nolint:forcetypeassert // as above
	if es.slot < 0 {
		return
	}
	_ = unix.EpollCtl(r.epfd, unix.EPOLL_CTL_DEL, es.fd, nil)
	r.slots[es.slot] = nil
	r.spare = append(r.spare, es.slot)
	es.slot = -1
}

// receive takes one packet.
func (r *epollRelay) receive(so *epollSocket) {
	size := uint32(unix.SizeofSockaddrAny)
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(so.fd), uintptr(unsafe.Pointer(&r.buf[0])), maxPacket, 0,
		uintptr(unsafe.Pointer(&r.from)), uintptr(unsafe.Pointer(&size)))
	switch {
	case e == 0:
		if int(n) < maxPacket { // else it was cut off
			r.sh.packet(so.stream, so.rtcp, decodeAddr(&r.from), r.buf[:n])
		}
	case !temporary(e):
		s := so.stream
		r.remove(so)
		s.emit(Event{Kind: SocketFailed, Err: os.NewSyscallError("recvfrom", e)})
	}
}

func (so *epollSocket) send(b []byte, to *target) error {
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(so.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL,
		uintptr(unsafe.Pointer(&to.raw.b)), uintptr(to.raw.n))
	if e != 0 {
		return e
	}
	return nil
}

func (so *epollSocket) close() { _ = unix.Close(so.fd) }

// rawAddr is a sockaddr as the kernel takes it.
type rawAddr struct {
	b [unix.SizeofSockaddrInet6]byte
	n uint32
}

func encodeAddr(ap netip.AddrPort) (r rawAddr) {
	a := ap.Addr()
	binary.BigEndian.PutUint16(r.b[2:], ap.Port())
	switch {
	case a.Is4():
		binary.NativeEndian.PutUint16(r.b[:], unix.AF_INET)
		ip := a.As4()
		copy(r.b[4:], ip[:])
		r.n = unix.SizeofSockaddrInet4
	case a.Is6():
		binary.NativeEndian.PutUint16(r.b[:], unix.AF_INET6)
		ip := a.As16()
		copy(r.b[8:], ip[:])
		r.n = unix.SizeofSockaddrInet6
	}
	return r
}

func decodeAddr(from *unix.RawSockaddrAny) netip.AddrPort {
	b := (*[unix.SizeofSockaddrInet6]byte)(unsafe.Pointer(from))
	port := binary.BigEndian.Uint16(b[2:])
	if from.Addr.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])).Unmap(), port)
}
