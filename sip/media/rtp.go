package media

import "encoding/binary"

const headerSize = 12 // bytes of an RTP header without CSRCs and extension (RFC 3550 §5.1)

// header is what the packet path needs of an RTP packet.
//
//	 0                   1                   2                   3
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	|                           timestamp                           |
//	|                             SSRC                              |
type header struct {
	marker     bool
	pt         uint8
	seq        uint16
	ts, ssrc   uint32
	start, end int // of the payload
}

// parseRTP reads the header (RFC 3550 §5.1). It refuses packets of another version, RTCP that came on the RTP port
// (RFC 5761 §4), and lengths that do not add up.
func parseRTP(b []byte) (h header, ok bool) {
	if len(b) < headerSize || b[0]>>6 != 2 || isRTCP(b) {
		return h, false
	}
	h.start, h.end = headerSize+4*int(b[0]&0x0F), len(b)
	if b[0]&0x10 != 0 { // extension (§5.3.1)
		if h.start+4 > len(b) {
			return h, false
		}
		h.start += 4 + 4*int(binary.BigEndian.Uint16(b[h.start+2:]))
	}
	if b[0]&0x20 != 0 { // padding (§5.1): its last byte is its length
		pad := int(b[len(b)-1])
		if pad == 0 {
			return h, false
		}
		h.end -= pad
	}
	if h.start > h.end {
		return h, false
	}
	h.marker, h.pt = b[1]&0x80 != 0, b[1]&0x7F
	h.seq = binary.BigEndian.Uint16(b[2:])
	h.ts = binary.BigEndian.Uint32(b[4:])
	h.ssrc = binary.BigEndian.Uint32(b[8:])
	return h, true
}

// isRTCP tells RTCP from RTP on one port: packet types 192..223 (RFC 5761 §4).
func isRTCP(b []byte) bool { return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

// putHeader writes a plain header into b.
func putHeader(b []byte, marker bool, pt uint8, seq uint16, ts, ssrc uint32) {
	b[0], b[1] = 0x80, pt&0x7F
	if marker {
		b[1] |= 0x80
	}
	patch(b, seq, ts, ssrc)
}

// patch overwrites sequence number, timestamp and SSRC.
func patch(b []byte, seq uint16, ts, ssrc uint32) {
	_ = b[11]
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
}

// newer reports whether sequence number a comes after b, modulo 2^16.
func newer(a, b uint16) bool { return int16(a-b) > 0 }
