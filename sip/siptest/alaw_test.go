package siptest

import "testing"

func TestALawRoundTrip(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		if got := encodeALaw(decodeALaw(byte(b))); got != byte(b) {
			t.Errorf("A-law 0x%02x decodes to %d, which encodes to 0x%02x", b, decodeALaw(byte(b)), got)
		}
	}
	// ITU-T G.711, table 1a: the ends of the scale and the middle
	for pcm, want := range map[int16]byte{0: 0xd5, -1: 0x55, 32767: 0xaa, -32768: 0x2a} {
		if got := encodeALaw(pcm); got != want {
			t.Errorf("sample %d is 0x%02x, want 0x%02x", pcm, got, want)
		}
	}
}
