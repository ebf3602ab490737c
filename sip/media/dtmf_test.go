package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// press makes a key of two levels (dBFS) with a frequency error, and quiet after it.
func press(key byte, low, high float64, off float64, on, pause time.Duration) []int16 {
	rows, cols := dtmfFreqs()
	for i := range len(dtmfKeys) {
		if dtmfKeys[i] != key {
			continue
		}
		a, b := NewTone(low, rows[i/4]*(1+off)), NewTone(high, cols[i%4]*(1+off))
		out := make([]int16, int((on+pause)/sampleTime))
		for j := range int(on / sampleTime) {
			out[j] = clip(float64(a.Next()) + float64(b.Next()))
		}
		return out
	}
	return nil
}

func noise(pcm []int16, dBFS float64, r *rand.Rand) []int16 {
	for i, v := range pcm {
		pcm[i] = clip(float64(v) + r.NormFloat64()*fullScale/math.Sqrt2*math.Pow(10, dBFS/20))
	}
	return pcm
}

func TestDetectorHearsKeys(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for name, c := range map[string]struct {
		low, high, off float64
		on, pause      time.Duration
		noise          float64
		deaf           bool
	}{
		"plain":                  {-10, -10, 0, 100 * ms, 100 * ms, -99, false},
		"shortest (Q.24)":        {-10, -10, 0, 40 * ms, 40 * ms, -99, false},
		"quiet":                  {-36, -36, 0, 80 * ms, 80 * ms, -99, false},
		"loud":                   {-6, -6, 0, 80 * ms, 80 * ms, -99, false},
		"high 5 dB weaker":       {-10, -15, 0, 80 * ms, 80 * ms, -99, false},
		"low 3 dB weaker":        {-13, -10, 0, 80 * ms, 80 * ms, -99, false},
		"1.5 % too high":         {-10, -10, 0.015, 80 * ms, 80 * ms, -99, false},
		"1.5 % too low":          {-10, -10, -0.015, 80 * ms, 80 * ms, -99, false},
		"noise 20 dB below":      {-13, -13, 0, 80 * ms, 80 * ms, -30, false},
		"too short":              {-10, -10, 0, 20 * ms, 100 * ms, -99, true},
		"4 % off":                {-10, -10, 0.06, 80 * ms, 80 * ms, -99, true},
		"too quiet":              {-55, -55, 0, 80 * ms, 80 * ms, -99, true},
		"one tone":               {-10, -90, 0, 80 * ms, 80 * ms, -99, true},
		"twist of 14 dB":         {-8, -22, 0, 80 * ms, 80 * ms, -99, true},
		"reverse twist of 10 dB": {-20, -10, 0, 80 * ms, 80 * ms, -99, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			for shift := range 5 { // wherever the key begins in a block
				d := NewDetector()
				pcm := make([]int16, 23*shift)
				for i := range len(dtmfKeys) {
					pcm = append(pcm, press(dtmfKeys[i], c.low, c.high, c.off, c.on, c.pause)...)
				}
				want := dtmfKeys
				if c.deaf {
					want = ""
				}
				if got := string(d.Feed(AudioFromPCM(noise(pcm, c.noise, r)))); got != want {
					t.Errorf("shift %d: heard %q, want %q", shift, got, want)
				}
			}
		})
	}
}

// TestWaryDetectorHearsCleanKeys: it takes what a gateway makes, and neither a scrap of it nor our own sounds coming back.
func TestWaryDetectorHearsCleanKeys(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for shift := range 5 {
		d, scraps := &Detector{wary: true}, &Detector{wary: true}
		pcm, short := make([]int16, 23*shift), make([]int16, 23*shift)
		for i := range len(dtmfKeys) {
			pcm = append(pcm, press(dtmfKeys[i], -12, -10, 0, 60*time.Millisecond, 40*time.Millisecond)...)
			short = append(short, press(dtmfKeys[i], -12, -10, 0, 35*time.Millisecond, 40*time.Millisecond)...)
		}
		if got := string(d.Feed(AudioFromPCM(noise(pcm, -40, r)))); got != dtmfKeys {
			t.Errorf("shift %d: heard %q, want %q", shift, got, dtmfKeys)
		}
		if got := scraps.Feed(AudioFromPCM(short)); len(got) > 0 {
			t.Errorf("shift %d: scraps pressed %q", shift, got)
		}
	}
	for name, sound := range map[string]Audio{"music": HoldMusic(), "ringback": Ringback(), "busy": Busy(), "beep": Beep()} {
		if got := (&Detector{wary: true}).Feed(sound); len(got) > 0 {
			t.Errorf("%s pressed %q", name, got)
		}
	}
}

// TestDetectorHearsOnePressDespiteLoss: frames missing inside a key do not double it.
func TestDetectorHearsOnePressDespiteLoss(t *testing.T) {
	t.Parallel()
	a := AudioFromPCM(press('6', -10, -10, 0, 400*time.Millisecond, 200*time.Millisecond))
	d := NewDetector()
	var got []byte
	for i := 0; i+frameSamples <= len(a); i += frameSamples {
		if i/frameSamples%7 != 3 {
			got = append(got, d.Feed(a[i:i+frameSamples])...)
		}
	}
	if string(got) != "6" {
		t.Errorf("heard %q, want 6", got)
	}
}

func TestDetectorHearsULaw(t *testing.T) {
	t.Parallel()
	d := NewDetector()
	a := AudioFromPCM(press('8', -10, -10, 0, 100*time.Millisecond, 0))
	translate(a, &alawToUlaw)
	if k := d.listen(a, lawU); k != '8' {
		t.Errorf("heard %q", k)
	}
}

// TestDetectorTalkOff: a quarter of an hour of speech-like sound presses at most one key. The voice is a pulse train with
// wandering pitch through three formants that pass over the DTMF frequencies, in syllables with pauses and hisses, without
// the long silences of real talk; noise comes after each second of it and must press nothing at all. Nor must anything
// press a key of a wary detector.
func TestDetectorTalkOff(t *testing.T) {
	t.Parallel()
	var pressed []byte
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		d, wary := NewDetector(), &Detector{wary: true}
		for range 300 {
			talk, hiss := AudioFromPCM(voice(r, 1)), AudioFromPCM(noise(make([]int16, sampleRate/4), -20, r))
			pressed = append(pressed, d.Feed(talk)...)
			if k := d.Feed(hiss); len(k) > 0 {
				t.Errorf("seed %d: noise pressed %q", seed, k)
			}
			if k := append(wary.Feed(talk), wary.Feed(hiss)...); len(k) > 0 {
				t.Errorf("seed %d: pressed %q in spite of being wary", seed, k)
			}
		}
	}
	if len(pressed) > 1 {
		t.Errorf("voices pressed %q", pressed)
	}
}

// voice synthesises speech-like sound: per syllable a pitch of 80..300 Hz and formants, or a hiss.
func voice(r *rand.Rand, seconds int) []int16 {
	out := make([]int16, 0, seconds*sampleRate)
	phase := 0.0
	for len(out) < seconds*sampleRate {
		n := (80 + r.IntN(200)) * samplesPerMs
		pitch, glide := 80+220*r.Float64(), (r.Float64()-0.5)*60
		formants := [3]float64{300 + 700*r.Float64(), 900 + 1100*r.Float64(), 2200 + 1000*r.Float64()}
		level := fullScale * math.Pow(10, -(8+14*r.Float64())/20)
		hiss := r.IntN(5) == 0
		for i := range n {
			x := float64(i) / float64(n)
			env := math.Sin(math.Pi * x)
			f0 := pitch + glide*x
			phase = math.Mod(phase+2*math.Pi*f0/sampleRate, 2*math.Pi*1e6)
			v := 0.0
			if hiss {
				v = r.NormFloat64() * 0.3
			} else {
				for h := 1; float64(h)*f0 < 3800 && h <= 24; h++ {
					amp := 0.02
					for k, f := range formants {
						w := (float64(h)*f0 - f) / (60 + 40*float64(k))
						amp += 1 / (1 + w*w) / float64(k+1)
					}
					v += amp * math.Sin(phase*float64(h))
				}
				v = v*0.4 + r.NormFloat64()*0.01
			}
			out = append(out, clip(v*env*level))
		}
		out = append(out, make([]int16, r.IntN(100)*samplesPerMs)...)
	}
	return out
}
