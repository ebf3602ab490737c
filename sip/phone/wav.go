package phone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/butlerspb/vahta/sip/media"
)

// WAV format tags of the files that are read.
const (
	wavPCM  = 1
	wavALaw = 6
)

// DecodeWAV splits a WAV file, 16-bit or A-law, into its channels. A file that
// is still being written is read as far as it goes.
func DecodeWAV(file []byte) ([][]int16, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, errors.New("read a WAV file: it does not begin with RIFF and WAVE")
	}
	format, channels := uint16(0), 0
	for rest := file[12:]; len(rest) >= 8; {
		size := int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		switch string(rest[:4]) {
		case "fmt ":
			if len(body) < 16 {
				return nil, errors.New("read a WAV file: its format chunk is cut off")
			}
			format, channels = binary.LittleEndian.Uint16(body), int(binary.LittleEndian.Uint16(body[2:]))
		case "data":
			return splitChannels(body[:min(size, len(body))], format, channels)
		}
		rest = body[min(len(body), size+size%2):]
	}
	return nil, errors.New("read a WAV file: it has no data chunk")
}

func splitChannels(data []byte, format uint16, channels int) ([][]int16, error) {
	if channels < 1 || format != wavPCM && format != wavALaw {
		return nil, fmt.Errorf("read a WAV file: format %d with %d channels, want 16-bit PCM or A-law", format, channels)
	}
	out := make([][]int16, channels)
	width := 2
	if format == wavALaw {
		width = 1
	}
	for i := 0; i+width*channels <= len(data); i += width * channels {
		for c := range channels {
			at := data[i+c*width:]
			if format == wavALaw {
				out[c] = append(out[c], media.DecodeALaw(at[0]))
			} else {
				out[c] = append(out[c], int16(binary.LittleEndian.Uint16(at)))
			}
		}
	}
	return out, nil
}

// EncodeWAV is a 16-bit mono WAV file of 8 kHz.
func EncodeWAV(pcm []int16) []byte {
	const header, rate = 44, 8000
	out := make([]byte, 0, header+2*len(pcm))
	le := binary.LittleEndian
	out = append(out, "RIFF"...)
	out = le.AppendUint32(out, uint32(header-8+2*len(pcm)))
	out = append(out, "WAVEfmt "...)
	out = le.AppendUint32(out, 16)
	out = le.AppendUint16(out, wavPCM)
	out = le.AppendUint16(out, 1)
	out = le.AppendUint32(out, rate)
	out = le.AppendUint32(out, 2*rate)
	out = le.AppendUint16(out, 2)
	out = le.AppendUint16(out, 16)
	out = append(out, "data"...)
	out = le.AppendUint32(out, uint32(2*len(pcm)))
	for _, s := range pcm {
		out = le.AppendUint16(out, uint16(s))
	}
	return out
}

// The tone finder looks at blocks of 40 ms: it tells tones apart that differ by
// 25 Hz or more.
const (
	toneBlock = 320                   // samples
	toneShare = 0.5                   // of the block's energy that must lie in the tone
	toneFloor = 100.0 * 100.0         // mean square of a block that counts as silent: -50 dBFS
	blockTime = 40 * time.Millisecond // toneBlock at 8 kHz
)

// ToneTime is how long a tone of that frequency is in the audio of 8 kHz, by
// Goertzel's algorithm. It must be the louder part of what is heard.
func ToneTime(pcm []int16, hz float64) time.Duration {
	var total time.Duration
	for ; len(pcm) >= toneBlock; pcm = pcm[toneBlock:] {
		if share(pcm[:toneBlock], hz) >= toneShare {
			total += blockTime
		}
	}
	return total
}

// share is the part of a block's energy that lies at hz.
func share(block []int16, hz float64) float64 {
	var energy, s1, s2 float64
	k := 2 * math.Cos(2*math.Pi*hz/8000)
	for _, sample := range block {
		x := float64(sample)
		energy += x * x
		s1, s2 = x+k*s1-s2, s1
	}
	if energy < toneFloor*float64(len(block)) {
		return 0
	}
	return (s1*s1 + s2*s2 - k*s1*s2) / energy * 2 / float64(len(block))
}
