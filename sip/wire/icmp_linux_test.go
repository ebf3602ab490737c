package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
	"testing"
)

// forgeICMP sends, from a stranger's address, "port unreachable" with no more of a datagram than its IP and UDP headers.
func forgeICMP(t *testing.T, stranger string, from, to netip.AddrPort) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("needs the right to send ICMP")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: netip.MustParseAddr(stranger).As4()}); err != nil {
		t.Fatal(err)
	}
	msg := make([]byte, 8+28)
	msg[0], msg[1] = 3, 3
	ip, udp, src, dst := msg[8:], msg[28:], from.Addr().As4(), to.Addr().As4()
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], 600)
	copy(ip[12:], src[:])
	copy(ip[16:], dst[:])
	binary.BigEndian.PutUint16(udp, from.Port())
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	binary.BigEndian.PutUint16(udp[4:], 580)
	sum := uint32(0)
	for i := 0; i < len(msg); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(msg[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(msg[2:], ^uint16(sum+sum>>16))
	if err := syscall.Sendto(fd, msg, 0, &syscall.SockaddrInet4{Addr: src}); err != nil {
		t.Fatal(err)
	}
}

// Whoever knows the addresses of us and of an operator can send this; it must cost no call.
func TestICMPThatQuotesTooLittleIsNotBelieved(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.101", newRecorder(), nil)
	operator := newPeer(t, "127.0.75.102:0", e)
	_, events, invite := call(t, e, operator)
	forgeICMP(t, "127.0.75.103", e.Addr(UDP), operator.addr()) // the socket tells of it before it gives the next datagram
	operator.send(respondTo(invite, "200 OK", "b"))
	wantStatus(t, events, 200)
}
