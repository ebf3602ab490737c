package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// wavFile builds a file of interleaved samples as they stand.
func wavFile(tag, channels, rate, bits int, data []byte) []byte {
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	le(uint32(36 + len(data)))
	b.WriteString("WAVELIST")
	le(uint32(3))
	b.WriteString("odd\x00") // an odd chunk is padded
	b.WriteString("fmt ")
	le(uint32(16))
	le([]uint16{uint16(tag), uint16(channels)})
	le([]uint32{uint32(rate), uint32(rate * channels * bits / 8)})
	le([]uint16{uint16(channels * bits / 8), uint16(bits)})
	b.WriteString("data")
	le(uint32(len(data)))
	b.Write(data)
	return b.Bytes()
}

// sine is one second of 1 kHz at -12 dBFS in every channel.
func sine(rate, channels int, sample func(v float64) []byte) []byte {
	var b []byte
	for i := range rate {
		v := fullScale / 4 * math.Sin(2*math.Pi*1000*float64(i)/float64(rate))
		for range channels {
			b = append(b, sample(v)...)
		}
	}
	return b
}

func TestDecodeWAVFormats(t *testing.T) {
	t.Parallel()
	pcm16 := func(v float64) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(int16(v))) }
	for name, file := range map[string][]byte{
		"PCM16 8 kHz":         wavFile(wavePCM, 1, 8000, 16, sine(8000, 1, pcm16)),
		"PCM16 16 kHz stereo": wavFile(wavePCM, 2, 16000, 16, sine(16000, 2, pcm16)),
		"PCM16 44.1 kHz":      wavFile(wavePCM, 1, 44100, 16, sine(44100, 1, pcm16)),
		"PCM16 48 kHz":        wavFile(wavePCM, 1, 48000, 16, sine(48000, 1, pcm16)),
		"PCM16 6 kHz":         wavFile(wavePCM, 1, 6000, 16, sine(6000, 1, pcm16)),
		"PCM8":                wavFile(wavePCM, 1, 8000, 8, sine(8000, 1, func(v float64) []byte { return []byte{byte(v/256 + 128)} })),
		"PCM24": wavFile(wavePCM, 1, 8000, 24, sine(8000, 1, func(v float64) []byte {
			return []byte{0, byte(int16(v)), byte(int16(v) >> 8)}
		})),
		"A-law": wavFile(waveALaw, 1, 8000, 8, sine(8000, 1, func(v float64) []byte { return []byte{EncodeALaw(int16(v))} })),
		"µ-law": wavFile(waveULaw, 1, 8000, 8, sine(8000, 1, func(v float64) []byte { return []byte{EncodeULaw(int16(v))} })),
	} {
		a, err := DecodeWAV(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := NewMeter(1000)
		m.Add(a)
		if heard, all := m.Windows(); a.Duration() != time.Second || heard != all {
			t.Errorf("%s: %s, tone in %d of %d windows", name, a.Duration(), heard, all)
		}
		if l := levelOf(a[800:7200].PCM()); math.Abs(l+12) > 0.6 {
			t.Errorf("%s: level %.1f dBFS, want -12", name, l)
		}
	}
}

// TestResampleKeepsOutWhatDoesNotFit: 6 kHz at 48 kHz must not fold back to 2 kHz.
func TestResampleKeepsOutWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	in := make([]float64, 48000)
	for i := range in {
		in[i] = 10000 * math.Sin(2*math.Pi*6000*float64(i)/48000)
	}
	for i, v := range resample(in, 48000)[100:7900] {
		if math.Abs(v) > 100 {
			t.Fatalf("sample %d is %.0f", i, v)
		}
	}
}

func TestDecodeWAVRefuses(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("this is no sound, is it, dear reader?"), "float": wavFile(3, 1, 8000, 32, make([]byte, 64)),
		"no channels": wavFile(wavePCM, 0, 8000, 16, make([]byte, 64)), "rate": wavFile(wavePCM, 1, 1, 16, make([]byte, 64)),
		"no data": wavFile(wavePCM, 1, 8000, 16, nil)[:40],
	} {
		if a, err := DecodeWAV(bytes.NewReader(file)); err == nil {
			t.Errorf("%s: made %s of sound", name, a.Duration())
		}
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wavFile(wavePCM, 1, 8000, 16, make([]byte, 64)))
	f.Add(wavFile(waveALaw, 2, 11025, 8, make([]byte, 33)))
	f.Add(wavFile(waveExtensible, 1, 8000, 16, make([]byte, 3)))
	h := wavHeader(1 << 40)
	f.Add(h[:])
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeWAV(bytes.NewReader(b))
		if err == nil && len(a) > maxAudio {
			t.Fatalf("%d samples", len(a))
		}
		_, _ = DecodeChannels(bytes.NewReader(b))
	})
}
