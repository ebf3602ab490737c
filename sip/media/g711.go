package media

// The codecs this package speaks, with their static payload types (RFC 3551 table 4).
const (
	ptPCMU = 0
	ptPCMA = 8
	ptCN   = 13 // comfort noise (RFC 3389): counts as a sign of life, carries no sound for us
)

const (
	alawSilence = 0xD5 // the A-law code nearest to zero (G.711 table 1a, even bits inverted)
	ulawSilence = 0xFF // the µ-law code of zero
)

// law is a G.711 companding law.
type law uint8

const (
	lawA law = iota
	lawU
)

// silence returns the law's code for no sound.
func (l law) silence() byte {
	if l == lawU {
		return ulawSilence
	}
	return alawSilence
}

// The tables are computed once at start and never changed; 256 entries each.
//
//nolint:gochecknoglobals // read-only
var (
	alawToLinear = makeLinear(DecodeALaw)
	alawToUlaw   = makeTrans(func(b byte) byte { return EncodeULaw(DecodeALaw(b)) })
	ulawToAlaw   = makeTrans(func(b byte) byte { return EncodeALaw(DecodeULaw(b)) })
)

func makeLinear(f func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = f(byte(i))
	}
	return t
}

func makeTrans(f func(byte) byte) (t [256]byte) {
	for i := range t {
		t[i] = f(byte(i))
	}
	return t
}

// DecodeALaw returns the linear value of an A-law code (G.711 table 1).
func DecodeALaw(b byte) int16 {
	b ^= 0x55
	seg, mant := (b>>4)&7, int16(b&0x0F)<<4+8
	if seg > 0 {
		mant = (mant + 0x100) << (seg - 1)
	}
	if b&0x80 != 0 {
		return mant
	}
	return -mant
}

// EncodeALaw returns the A-law code of a linear value (G.711 table 1).
func EncodeALaw(s int16) byte {
	v, mask := int(s), byte(0xD5)
	if v < 0 {
		v, mask = -v-1, 0x55
	}
	v >>= 4 // 12 bit magnitude
	if v < 32 {
		return byte(v) ^ mask // the first two segments have the same step
	}
	seg := byte(2)
	for lim := 63; v > lim; lim = lim<<1 | 1 {
		seg++
	}
	return (seg<<4 | byte(v>>(seg-1))&0x0F) ^ mask
}

const (
	ulawBias = 0x84  // G.711 table 2: added before the segment search
	ulawClip = 32635 // largest magnitude that can be coded
)

// DecodeULaw returns the linear value of a µ-law code (G.711 table 2).
func DecodeULaw(b byte) int16 {
	b = ^b
	v := (int(b&0x0F)<<3 + ulawBias) << ((b >> 4) & 7)
	v -= ulawBias
	if b&0x80 != 0 {
		return int16(-v)
	}
	return int16(v)
}

// EncodeULaw returns the µ-law code of a linear value (G.711 table 2).
func EncodeULaw(s int16) byte {
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, ulawClip) + ulawBias
	seg := byte(7)
	for lim := 0x4000; v&lim == 0 && seg > 0; lim >>= 1 {
		seg--
	}
	return ^(sign | seg<<4 | byte(v>>(seg+3))&0x0F)
}

// translate rewrites b in place by table.
func translate(b []byte, t *[256]byte) {
	for i, c := range b {
		b[i] = t[c]
	}
}
