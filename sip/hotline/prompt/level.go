package prompt

import (
	"math"
	"time"
)

// What every prompt is brought to. The recorded packs sit at an RMS of 0.09 to
// 0.11 of full scale, which is -20 dBFS: all voices are as loud as they are.
const (
	targetRMS  = -20.0                 // dBFS, over the frames that carry speech
	peakLimit  = -3.5                  // dBFS; the audit allows -3
	silentRMS  = -45.0                 // dBFS: a frame below it is silence
	nothing    = -60.0                 // dBFS: a peak below it is the noise of an empty line
	leadKept   = 40 * time.Millisecond // silence left before the first sound
	tailKept   = 60 * time.Millisecond // silence left after the last one: digits follow each other
	sampleRate = 8000                  // samples a second
	frame      = sampleRate / 100      // 10 ms
	fullScale  = 32768.0
	passes     = 6 // of gain and limiter; three are enough for speech
)

// level is what the audit measures.
type level struct {
	Peak, RMS  float64 // dBFS; 0 is a sample of 32768
	Lead, Tail time.Duration
	Speech     time.Duration // from the first sound to the last
}

func decibel(x float64) float64 {
	if x <= 0 {
		return -120
	}
	return 20 * math.Log10(x/fullScale)
}

func amplitude(dB float64) float64 { return fullScale * math.Pow(10, dB/20) }

// frameRMS is the level of each 10 ms.
func frameRMS(pcm []int16) []float64 {
	levels := make([]float64, 0, len(pcm)/frame+1)
	for len(pcm) > 0 {
		n := min(frame, len(pcm))
		levels = append(levels, math.Sqrt(power(pcm[:n])))
		pcm = pcm[n:]
	}
	return levels
}

func power(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum / float64(max(len(pcm), 1))
}

// sounding returns the first frame with sound and the one after the last.
func sounding(levels []float64) (first, end int) {
	floor := amplitude(silentRMS)
	first = len(levels)
	for i, l := range levels {
		if l < floor {
			continue
		}
		first = min(first, i)
		end = i + 1
	}
	return first, end
}

// measure returns the level of a prompt.
func measure(pcm []int16) level {
	levels := frameRMS(pcm)
	first, end := sounding(levels)
	if first >= end {
		return level{Peak: -120, RMS: -120, Lead: duration(len(pcm))}
	}
	peak := 0.0
	for _, s := range pcm {
		peak = max(peak, math.Abs(float64(s)))
	}
	return level{
		Peak:   decibel(peak),
		RMS:    decibel(speechRMS(levels)),
		Lead:   duration(first * frame),
		Tail:   duration(max(0, len(pcm)-end*frame)),
		Speech: duration(min(end*frame, len(pcm)) - first*frame),
	}
}

// speechRMS is the level over the frames that are not silence.
func speechRMS(levels []float64) float64 {
	floor, sum, n := amplitude(silentRMS), 0.0, 0
	for _, l := range levels {
		if l >= floor {
			sum += l * l
			n++
		}
	}
	return math.Sqrt(sum / float64(max(n, 1)))
}

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Second / sampleRate
}

func samples(d time.Duration) int { return int(d * sampleRate / time.Second) }

// Normalise brings 8 kHz samples to the common level and takes the silence off
// both ends; nil means that nothing is heard in them. It is applied to what an operator or a text-to-speech command
// brings, and was applied to the starter voices.
func Normalise(pcm []int16) []int16 {
	x := make([]float64, len(pcm))
	peak := 0.0
	for i, s := range pcm {
		x[i] = float64(s)
		peak = max(peak, math.Abs(x[i]))
	}
	if peak < amplitude(nothing) {
		return nil
	}
	for i := range x {
		x[i] *= amplitude(peakLimit) / peak
	}
	for range passes {
		gain := amplitude(targetRMS) / speechRMS(frameRMS(clamp(x)))
		for i := range x {
			x[i] *= gain
		}
		limit(x, amplitude(peakLimit))
	}
	return cut(clamp(x))
}

// limit turns the level down around peaks above top, 4 ms ahead and behind, so
// that they are lowered and not clipped.
func limit(x []float64, top float64) {
	const reach = 4 * sampleRate / 1000
	gain := make([]float64, len(x))
	for i := range gain {
		gain[i] = 1
	}
	for i, v := range x {
		over := math.Abs(v) / top
		if over <= 1 {
			continue
		}
		for j := max(0, i-reach); j <= min(len(x)-1, i+reach); j++ {
			share := 1 - math.Abs(float64(i-j))/(reach+1) // full at the peak, none at the edge
			gain[j] = min(gain[j], 1+(1/over-1)*share)
		}
	}
	for i := range x {
		x[i] *= gain[i]
	}
}

func clamp(x []float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(max(-fullScale, min(fullScale-1, v)))
	}
	return out
}

// cut leaves leadKept and tailKept of silence around the sound.
func cut(pcm []int16) []int16 {
	first, end := sounding(frameRMS(pcm))
	if first >= end {
		return nil
	}
	from := max(0, first*frame-samples(leadKept))
	to := min(len(pcm), end*frame+samples(tailKept))
	return pcm[from:to]
}
