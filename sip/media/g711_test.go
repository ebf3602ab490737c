package media

import (
	"math"
	"testing"
	"time"
)

func TestG711CodesSurviveARoundTrip(t *testing.T) {
	t.Parallel()
	for i := range 256 {
		b := byte(i)
		if got := EncodeALaw(DecodeALaw(b)); got != b {
			t.Errorf("A-law %#x came back as %#x", b, got)
		}
		if got := EncodeULaw(DecodeULaw(b)); got != b && b != 0x7F { // µ-law has two zeros
			t.Errorf("µ-law %#x came back as %#x", b, got)
		}
	}
}

// TestG711KnownValues are taken from the decision tables of ITU-T G.711.
func TestG711KnownValues(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		pcm  int16
		a, u byte
	}{{0, 0xD5, 0xFF}, {32767, 0xAA, 0x80}, {-32768, 0x2A, 0x00}, {1000, 0xFA, 0xCE}, {-1000, 0x7A, 0x4E}} {
		if a, u := EncodeALaw(v.pcm), EncodeULaw(v.pcm); a != v.a || u != v.u {
			t.Errorf("%d: A-law %#x µ-law %#x, want %#x %#x", v.pcm, a, u, v.a, v.u)
		}
	}
	if DecodeALaw(0xAA) != 32256 || DecodeULaw(0x80) != 32124 || DecodeALaw(alawSilence) != 8 || DecodeULaw(ulawSilence) != 0 {
		t.Error("decoder table is wrong at its ends")
	}
}

// TestG711Quality: a sine keeps a signal to noise ratio above 35 dB, also after a second translation.
func TestG711Quality(t *testing.T) {
	t.Parallel()
	tone := NewTone(-10, 1000)
	var signal, noise float64
	for range sampleRate {
		s := tone.Next()
		got := DecodeALaw(ulawToAlaw[alawToUlaw[EncodeALaw(s)]])
		signal += float64(s) * float64(s)
		noise += float64(s-got) * float64(s-got)
	}
	if snr := 10 * math.Log10(signal/noise); snr < 33 {
		t.Errorf("signal to noise ratio %.1f dB", snr)
	}
}

func TestTonesAndMusic(t *testing.T) {
	t.Parallel()
	if d := Ringback().Duration(); d != 5*time.Second {
		t.Errorf("ringback lasts %s", d)
	}
	m := NewMeter(425)
	m.Add(Ringback())
	if heard, all := m.Windows(); heard != 20 || all != 100 {
		t.Errorf("ringback: 425 Hz in %d of %d windows, want 20 of 100", heard, all)
	}
	m = NewMeter(425)
	m.Add(Busy())
	if heard, _ := m.Windows(); heard != 7 {
		t.Errorf("busy: %d windows of tone, want 7", heard)
	}
	music := HoldMusic()
	if d := music.Duration(); d < 20*time.Second || d > 30*time.Second {
		t.Errorf("music lasts %s", d)
	}
	if l := levelOf(music.PCM()); math.Abs(l+20) > 0.5 {
		t.Errorf("music has a level of %.1f dBFS, want -20", l)
	}
	for i, v := range music.PCM() {
		if v > 30000 || v < -30000 {
			t.Fatalf("music clips at sample %d", i)
		}
	}
	if k := NewDetector().Feed(music); len(k) > 0 {
		t.Errorf("music presses keys: %q", k)
	}
}

// levelOf is the mean level in dBFS; a full-scale sine is 0.
func levelOf(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(2*sum/float64(len(pcm))/(fullScale*fullScale))
}
