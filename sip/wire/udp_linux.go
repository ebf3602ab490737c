package wire

import (
	"encoding/binary"
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// controlUDP prepares a socket: a large receive buffer (beyond rmem_max if we
// may), ICMP errors with the datagram that caused them, and fragmentation
// instead of path MTU discovery, since a SIP message may exceed one packet.
func controlUDP(raw syscall.RawConn, buffer, dscp int) error {
	var err error
	ctl := raw.Control(func(p uintptr) {
		fd := int(p)
		mark(fd, dscp)
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
			err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
		}
		domain, e := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		if e == nil && domain == unix.AF_INET6 {
			err = errors.Join(err,
				unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1),
				unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT))
			return
		}
		err = errors.Join(err, e,
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT))
	})
	return errors.Join(ctl, err)
}

// maxQuote is what is read of the datagram inside an ICMP error; routers quote
// at most 548 bytes of it (RFC 1812 section 4.3.2.3).
const maxQuote = 1500

// readErrors takes all errors from the socket's error queue and reports those
// that mean an unreachable destination by the start of the datagram.
func readErrors(conn *net.UDPConn, report func(quoted []byte)) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return // the socket is closed
	}
	var quote [maxQuote]byte
	var control [512]byte
	_ = raw.Control(func(fd uintptr) { // fails only when the socket is closed
		for {
			n, oobn, _, _, err := unix.Recvmsg(int(fd), quote[:], control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return
			}
			if hardError(control[:oobn]) {
				report(quote[:n])
			}
		}
	})
}

// hardError tells whether the control messages hold an ICMP error that ends an
// attempt. EMSGSIZE (fragmentation needed) does not.
func hardError(control []byte) bool {
	msgs, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return false
	}
	for _, m := range msgs {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if (!v4 && !v6) || len(m.Data) < 4 {
			continue
		}
		if errno := syscall.Errno(binary.NativeEndian.Uint32(m.Data)); errno != syscall.EMSGSIZE { // sock_extended_err.ee_errno
			return true
		}
	}
	return false
}
