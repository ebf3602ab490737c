package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// WAVE format tags (RFC 2361).
const (
	wavePCM        = 1
	waveALaw       = 6
	waveULaw       = 7
	waveExtensible = 0xFFFE
)

const (
	wavHeaderSize = 58               // RIFF 12, fmt 8+18, fact 8+4, data 8
	maxWAVBytes   = 64 << 20         // refuse to read more
	maxAudio      = 600 * sampleRate // longest prompt: 10 min
)

// errWAV: the input is not a WAV file we can read.
var errWAV = errors.New("unusable WAV file")

// wavHeader is the header of our recordings: A-law, two channels, 8 kHz, the given number of frames.
func wavHeader(frames int64) (h [wavHeaderSize]byte) {
	data := uint32(min(2*frames, math.MaxUint32-wavHeaderSize))
	le := binary.LittleEndian
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], wavHeaderSize-8+data)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 18)
	le.PutUint16(h[20:], waveALaw)
	le.PutUint16(h[22:], 2)
	le.PutUint32(h[24:], sampleRate)
	le.PutUint32(h[28:], 2*sampleRate) // bytes a second
	le.PutUint16(h[32:], 2)            // bytes a frame
	le.PutUint16(h[34:], 8)            // bits a sample; the extension at 36 is empty
	copy(h[38:], "fact")
	le.PutUint32(h[42:], 4)
	le.PutUint32(h[46:], data/2)
	copy(h[50:], "data")
	le.PutUint32(h[54:], data)
	return h
}

// wavFormat is what the fmt chunk says.
type wavFormat struct {
	tag, channels, bits int
	rate                int
}

// DecodeWAV reads a WAV file (PCM of 8, 16 or 24 bits, A-law or µ-law; any rate, any number of channels) and makes a
// prompt of it: channels mixed, resampled to 8 kHz, A-law.
func DecodeWAV(r io.Reader) (Audio, error) {
	channels, rate, err := decodeWAV(r)
	if err != nil {
		return nil, err
	}
	mono := make([]float64, len(channels[0]))
	for _, ch := range channels {
		for i, v := range ch {
			mono[i] += v / float64(len(channels))
		}
	}
	mono = resample(mono, rate)
	if len(mono) > maxAudio {
		return nil, fmt.Errorf("%w: longer than 10 minutes", errWAV)
	}
	out := make(Audio, len(mono))
	for i, v := range mono {
		out[i] = EncodeALaw(clip(v))
	}
	return out, nil
}

// DecodeChannels reads a WAV file of 8 kHz, such as a recording, as one Audio a channel.
func DecodeChannels(r io.Reader) ([]Audio, error) {
	channels, rate, err := decodeWAV(r)
	if err != nil {
		return nil, err
	}
	if rate != sampleRate {
		return nil, fmt.Errorf("%w: rate is %d, not %d", errWAV, rate, sampleRate)
	}
	out := make([]Audio, len(channels))
	for c, ch := range channels {
		out[c] = make(Audio, len(ch))
		for i, v := range ch {
			out[c][i] = EncodeALaw(clip(v))
		}
	}
	return out, nil
}

// decodeWAV returns the samples of each channel on a 16-bit scale.
func decodeWAV(r io.Reader) (channels [][]float64, rate int, err error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWAVBytes+1))
	if err != nil {
		return nil, 0, fmt.Errorf("read WAV: %w", err)
	}
	if len(b) > maxWAVBytes {
		return nil, 0, fmt.Errorf("%w: larger than %d MiB", errWAV, maxWAVBytes>>20)
	}
	f, data, err := wavChunks(b)
	if err != nil {
		return nil, 0, err
	}
	sample, err := f.sampler()
	if err != nil {
		return nil, 0, err
	}
	size := f.bits / 8
	frames := len(data) / (size * f.channels)
	if frames*8000/f.rate > maxAudio*10 {
		return nil, 0, fmt.Errorf("%w: too long", errWAV)
	}
	channels = make([][]float64, f.channels)
	for c := range channels {
		channels[c] = make([]float64, frames)
		for i := range frames {
			channels[c][i] = sample(data[(i*f.channels+c)*size:])
		}
	}
	return channels, f.rate, nil
}

// sampler returns what reads one sample.
func (f wavFormat) sampler() (func([]byte) float64, error) {
	switch {
	case f.tag == wavePCM && f.bits == 8:
		return func(b []byte) float64 { return (float64(b[0]) - 128) * 256 }, nil
	case f.tag == wavePCM && f.bits == 16:
		return func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) }, nil
	case f.tag == wavePCM && f.bits == 24:
		return func(b []byte) float64 { return float64(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / 65536 }, nil
	case f.tag == waveALaw && f.bits == 8:
		return func(b []byte) float64 { return float64(DecodeALaw(b[0])) }, nil
	case f.tag == waveULaw && f.bits == 8:
		return func(b []byte) float64 { return float64(DecodeULaw(b[0])) }, nil
	}
	return nil, fmt.Errorf("%w: format %d with %d bits; convert it to PCM of 16 bits", errWAV, f.tag, f.bits)
}

// wavChunks finds the fmt and data chunks. A data chunk that claims more than there is (a file still being written) is
// taken as far as it goes.
func wavChunks(b []byte) (f wavFormat, data []byte, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return f, nil, fmt.Errorf("%w: no RIFF/WAVE header", errWAV)
	}
	for rest := b[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		body = body[:min(size, len(body))]
		switch id {
		case "fmt ":
			if f, err = parseFormat(body); err != nil {
				return f, nil, err
			}
		case "data":
			if f.rate == 0 {
				return f, nil, fmt.Errorf("%w: data before format", errWAV)
			}
			return f, body, nil
		}
		rest = rest[min(8+size+size&1, len(rest)):]
	}
	return f, nil, fmt.Errorf("%w: no data", errWAV)
}

func parseFormat(b []byte) (f wavFormat, err error) {
	if len(b) < 16 {
		return f, fmt.Errorf("%w: format chunk of %d bytes", errWAV, len(b))
	}
	le := binary.LittleEndian
	f = wavFormat{tag: int(le.Uint16(b)), channels: int(le.Uint16(b[2:])), rate: int(le.Uint32(b[4:])), bits: int(le.Uint16(b[14:]))}
	if f.tag == waveExtensible && len(b) >= 26 {
		f.tag = int(le.Uint16(b[24:])) // the sub-format's first two bytes
	}
	if f.channels < 1 || f.channels > 8 || f.rate < 4000 || f.rate > 192000 {
		return f, fmt.Errorf("%w: %d channels at %d Hz", errWAV, f.channels, f.rate)
	}
	return f, nil
}

// resampleTaps is the half width of the low-pass filter, in samples of the lower rate.
const resampleTaps = 16

// resample brings samples to 8 kHz with a windowed sinc filter that lets pass what both rates can carry.
func resample(in []float64, rate int) []float64 {
	if rate == sampleRate || len(in) == 0 {
		return in
	}
	ratio := float64(rate) / sampleRate
	cut := min(1, 1/ratio) * 0.95 // of the input's Nyquist frequency
	half := resampleTaps / cut
	out := make([]float64, int(float64(len(in))/ratio))
	for i := range out {
		centre := float64(i) * ratio
		var sum, weight float64
		for j := max(0, int(centre-half)); j <= min(len(in)-1, int(centre+half)); j++ {
			x := float64(j) - centre
			w := sinc(x*cut) * (0.5 + 0.5*math.Cos(math.Pi*x/half))
			sum += in[j] * w
			weight += w
		}
		if weight != 0 {
			out[i] = sum / weight
		}
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
