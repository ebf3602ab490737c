package media

import (
	"math"
	"time"
)

// fullScale is the amplitude of a sine at 0 dBFS in 16-bit samples.
const fullScale = 32767

// Tone makes the sum of sines, sample by sample, with unbroken phase. It is not safe for concurrent use.
type Tone struct {
	amplitude float64
	step      []float64 // radians a sample
	phase     []float64
}

// NewTone makes a tone whose sines (Hz) have the level dBFS each.
func NewTone(dBFS float64, hz ...float64) *Tone {
	t := &Tone{amplitude: fullScale * math.Pow(10, dBFS/20), phase: make([]float64, len(hz))}
	for _, f := range hz {
		t.step = append(t.step, 2*math.Pi*f/sampleRate)
	}
	return t
}

// Next returns the next linear sample.
func (t *Tone) Next() int16 {
	v := 0.0
	for i, s := range t.step {
		v += math.Sin(t.phase[i])
		t.phase[i] = math.Mod(t.phase[i]+s, 2*math.Pi)
	}
	return clip(v * t.amplitude)
}

// Fill writes A-law samples into all of b.
func (t *Tone) Fill(b []byte) {
	for i := range b {
		b[i] = EncodeALaw(t.Next())
	}
}

// Audio returns the next d of the tone.
func (t *Tone) Audio(d time.Duration) Audio {
	a := make(Audio, int(d/sampleTime))
	t.Fill(a)
	return a
}

func clip(v float64) int16 { return int16(max(-32768, min(32767, math.Round(v)))) }

// DTMF frequencies in Hz (Q.23) and the keys they make: row by row.
const dtmfKeys = "123A456B789C*0#D"

func dtmfFreqs() (rows, cols [4]float64) {
	return [4]float64{697, 770, 852, 941}, [4]float64{1209, 1336, 1477, 1633}
}

// keyLevel is the level of each of the two tones we send, dBFS.
const keyLevel = -12

// NewKeyTone makes the two tones of a key (0-9, *, #, A-D); any other key is silent.
func NewKeyTone(key byte) *Tone {
	rows, cols := dtmfFreqs()
	for i := range len(dtmfKeys) {
		if dtmfKeys[i] == key {
			return NewTone(keyLevel, rows[i/4], cols[i%4])
		}
	}
	return NewTone(keyLevel)
}

const (
	progressHz    = 425 // call progress tones (E.180 supplement 2, Russia)
	progressLevel = -15 // dBFS
)

// Ringback is one period of the ringing tone: 425 Hz, 1 s on, 4 s off. Loop it.
func Ringback() Audio {
	return append(NewTone(progressLevel, progressHz).Audio(time.Second), SilenceAudio(4*time.Second)...)
}

// Busy is one period of the busy tone: 425 Hz, 0.35 s on, 0.35 s off. Loop it.
func Busy() Audio {
	const half = 350 * time.Millisecond
	return append(NewTone(progressLevel, progressHz).Audio(half), SilenceAudio(half)...)
}

// Beep is a short soft note: speak now, or: you are connected.
func Beep() Audio {
	const length, ramp = 200 * time.Millisecond, 80 // ramp: samples of fade in and out
	t := NewTone(progressLevel, 880)
	pcm := make([]int16, int(length/sampleTime))
	for i := range pcm {
		gain := min(1, float64(min(i, len(pcm)-1-i))/ramp)
		pcm[i] = clip(float64(t.Next()) * gain)
	}
	return AudioFromPCM(pcm)
}
