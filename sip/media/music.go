package media

import (
	"math"
	"sync"
)

// The hold music is composed here: four slow broken chords under a few bell notes, in C, with tails that run over the
// loop's end into its beginning, so that the seam is not heard.
const (
	musicBeat  = 0.75 // seconds
	musicBeats = 32   // 24 s
	musicLevel = -20  // dBFS, mean
)

// bellNote is one note: when (beats), pitch (MIDI number), loudness.
type bellNote struct {
	beat, pitch int
	gain        float64
}

// HoldMusic returns 24 s of quiet music that can be looped; the same bytes every time.
func HoldMusic() Audio { return holdMusic() }

var holdMusic = sync.OnceValue(composeHoldMusic) //nolint:gochecknoglobals // computed once, never changed

func composeHoldMusic() Audio {
	mix := make([]float64, int(musicBeat*musicBeats*sampleRate))
	for _, n := range holdNotes() {
		strike(mix, n)
	}
	var power float64
	for _, v := range mix {
		power += v * v
	}
	rms := math.Sqrt(power / float64(len(mix)))
	gain := fullScale / math.Sqrt2 * math.Pow(10, musicLevel/20.0) / rms // a full-scale sine is 0 dBFS
	pcm := make([]int16, len(mix))
	for i, v := range mix {
		pcm[i] = clip(v * gain)
	}
	return AudioFromPCM(pcm)
}

// holdNotes is the score.
func holdNotes() []bellNote {
	chords := [][4]int{{48, 55, 64, 71}, {45, 52, 60, 67}, {41, 48, 57, 64}, {43, 50, 59, 62}} // Cmaj7 Am7 Fmaj7 G
	order := [8]int{0, 1, 2, 3, 2, 1, 2, 1}
	var score []bellNote
	for c, chord := range chords {
		for i, o := range order {
			score = append(score, bellNote{c*8 + i, chord[o] + 12, 0.5})
		}
		score = append(score, bellNote{c * 8, chord[0], 0.6})
	}
	melody := []bellNote{{2, 76, 0.5}, {5, 79, 0.4}, {10, 76, 0.5}, {14, 72, 0.4}, {18, 74, 0.5}, {21, 72, 0.4}, {26, 71, 0.5}, {29, 74, 0.4}}
	return append(score, melody...)
}

// strike adds a note: a sine with a faint octave, soft attack, slow decay, wrapped around the loop.
func strike(mix []float64, n bellNote) {
	const attack, decay, length = 0.03, 0.9, 4.5 // seconds
	step := 2 * math.Pi * 440 * math.Pow(2, float64(n.pitch-69)/12) / sampleRate
	start := int(float64(n.beat) * musicBeat * sampleRate)
	for i := range int(length * sampleRate) {
		t := float64(i) / sampleRate
		env := min(1, t/attack) * math.Exp(-t/decay) * min(1, (length-t)/0.5)
		phase := step * float64(i)
		mix[(start+i)%len(mix)] += n.gain * env * (math.Sin(phase) + 0.15*math.Sin(2*phase))
	}
}
