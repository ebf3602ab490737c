package siptest

import "math/bits"

// A-law of ITU-T G.711, written from the standard's segment table and not taken
// from sip/media: two implementations that agree are worth more than one.

// encodeALaw gives the A-law byte of a 16-bit sample.
func encodeALaw(pcm int16) byte {
	magnitude, sign := int(pcm)>>3, byte(0x80) // 13 significant bits
	if magnitude < 0 {
		magnitude, sign = -magnitude-1, 0
	}
	segment := max(0, bits.Len(uint(magnitude))-5)
	mantissa := magnitude >> 1
	if segment > 1 {
		mantissa = magnitude >> segment
	}
	return (sign | byte(segment<<4) | byte(mantissa&0x0f)) ^ 0x55
}

// decodeALaw gives the sample of an A-law byte.
func decodeALaw(b byte) int16 {
	b ^= 0x55
	segment, mantissa := int(b>>4)&7, int(b&0x0f)
	value := mantissa<<4 + 8
	if segment > 0 {
		value = (value + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		value = -value
	}
	return int16(value)
}
