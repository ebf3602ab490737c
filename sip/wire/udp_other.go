//go:build !linux

package wire

import (
	"net"
	"syscall"
)

// controlUDP leaves the socket as it is: elsewhere than on Linux a dead
// destination is found by Timer B only.
func controlUDP(syscall.RawConn, int, int) error { return nil }

// controlStream leaves the socket as it is.
func controlStream(syscall.RawConn, int) error { return nil }

// readErrors has no error queue to read.
func readErrors(*net.UDPConn, func([]byte)) {}
