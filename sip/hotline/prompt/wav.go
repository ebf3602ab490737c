package prompt

import (
	"encoding/binary"

	"github.com/butlerspb/vahta/sip/media"
)

// wavALaw is the format tag of A-law in a WAV file (RFC 2361 appendix A).
const wavALaw = 6

// EncodeWAV returns the audio as a WAV file: A-law, 8 kHz, mono.
func EncodeWAV(a media.Audio) []byte {
	const head = 12 + 8 + 18 + 12 + 8 // RIFF, fmt, fact, data
	b := make([]byte, 0, head+len(a)+1)
	pad := len(a) % 2
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(head-8+len(a)+pad))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 18)
	for _, v := range []uint16{wavALaw, 1} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	for _, v := range []uint32{sampleRate, sampleRate} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for _, v := range []uint16{1, 8, 0} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, "fact"...)
	b = binary.LittleEndian.AppendUint32(b, 4)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(a)))
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(a)))
	b = append(b, a...)
	return append(b, make([]byte, pad)...)
}
