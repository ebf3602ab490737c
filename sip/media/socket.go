package media

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// isBusy reports whether a port could not be had because someone else has it.
func isBusy(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}

// temporary tells errors of a UDP socket that say nothing about the next packet.
func temporary(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
}

// tosEF is DSCP 46, expedited forwarding (RFC 3246), in its place in the header.
const tosEF = 0xB8

// markEF asks for expedited forwarding: of IPv6, and of the IPv4 that an IPv6 socket may carry too. A system that will not
// mark still carries the call.
func markEF(c *net.UDPConn) {
	_ = ipv4.NewConn(c).SetTOS(tosEF)
	_ = ipv6.NewConn(c).SetTrafficClass(tosEF)
}
