package wire

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// deadPeer is how long a peer may leave what was sent on a connection unacknowledged before the connection is given up: as
// long as RFC 5626 section 4.4.1 waits for the answer to a keep-alive.
const deadPeer = 10 * time.Second

// mark sets the class of what a socket sends, in both address families: an IPv6 socket may carry either. It is a favour to
// the network: where it is not allowed, signalling goes unmarked.
func mark(fd, dscp int) {
	const shift = 2 // the two low bits are for congestion notification (RFC 3168)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, dscp<<shift)
	if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, dscp<<shift)
	}
}

// controlStream prepares a listener or a connection.
func controlStream(raw syscall.RawConn, dscp int) error {
	return raw.Control(func(p uintptr) {
		fd := int(p)
		mark(fd, dscp)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadPeer.Milliseconds())) // else the system's quarter of an hour
	})
}
