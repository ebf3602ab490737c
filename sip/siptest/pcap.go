package siptest

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// sippEventPT is the payload type of telephone events in the sipp scenarios.
const sippEventPT = 101

// keyPcap is a capture file with RFC 4733 events for the digits: five packets
// of 20 ms, then the end three times (§2.5.1.4), 100 ms of pause between keys.
// sipp replaces addresses and ports when it plays the file.
func keyPcap(digits string, pt uint8) []byte {
	var file bytes.Buffer
	// Global header of the libpcap format: magic, version 2.4, zone, accuracy,
	// snap length, link type 1 = Ethernet.
	write(&file, uint32(0xa1b2c3d4), uint16(2), uint16(4), int32(0), uint32(0), uint32(65535), uint32(1))
	seq, at, timestamp := uint16(1), uint32(0), uint32(160)
	for _, d := range []byte(digits) {
		event := uint8(strings.IndexByte("0123456789*#ABCD", d))
		for i := range 8 {
			end, length := uint8(0), uint16(160*(i+1))
			if i >= 5 {
				end, length = 0x80, 160*6
			}
			marker := uint8(0)
			if i == 0 {
				marker = 0x80
			}
			var rtp bytes.Buffer
			write(&rtp, uint8(0x80), marker|pt, seq, timestamp, uint32(0x56414854), event, end|10, length)
			packet(&file, at, rtp.Bytes())
			seq++
			at += 20_000
		}
		at += 100_000
		timestamp += 160 * 13
	}
	return file.Bytes()
}

// packet appends one captured UDP datagram at a time in microseconds.
func packet(file *bytes.Buffer, at uint32, payload []byte) {
	const eth, ip, udp = 14, 20, 8
	size := uint32(eth + ip + udp + len(payload))
	write(file, at/1_000_000, at%1_000_000, size, size)
	write(file, [12]byte{}, uint16(0x0800))
	write(file, uint8(0x45), uint8(0), uint16(ip+udp+len(payload)), uint32(0), uint8(64), uint8(17), uint16(0),
		[4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 1})
	write(file, uint16(6000), uint16(6000), uint16(udp+len(payload)), uint16(0))
	file.Write(payload)
}

// write appends values in network order. libpcap readers take either byte order
// from the magic number.
func write(to *bytes.Buffer, values ...any) {
	for _, v := range values {
		_ = binary.Write(to, binary.BigEndian, v) // a bytes.Buffer does not fail
	}
}
