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

// markEF asks for expedited forwarding (RFC 3246); a system that will not mark still carries the call.
func markEF(c *net.UDPConn) {
	const ef = 0xB8
	if ipv4.NewConn(c).SetTOS(ef) != nil {
		_ = ipv6.NewConn(c).SetTrafficClass(ef)
	}
}
