package media

import "time"

const (
	sampleRate      = 8000                                    // samples a second (G.711)
	frameSamples    = 160                                     // samples in one frame of 20 ms
	maxFrameSamples = 2 * frameSamples                        // the longest packet of generated sound: 40 ms
	frameTime       = 20 * time.Millisecond                   // RFC 3551 §4.2 default packet time
	samplesPerMs    = sampleRate / 1000                       // RTP timestamp units a millisecond
	sampleTime      = time.Second / time.Duration(sampleRate) // 125 µs
)

// Audio is sound ready to be sent: 8 kHz mono A-law, one byte a sample. It is never changed after it is made, so
// any number of streams may play the same bytes.
type Audio []byte

// Duration returns how long the audio lasts.
func (a Audio) Duration() time.Duration { return time.Duration(len(a)) * sampleTime }

// PCM returns the audio as 16-bit linear samples.
func (a Audio) PCM() []int16 {
	out := make([]int16, len(a))
	for i, b := range a {
		out[i] = alawToLinear[b]
	}
	return out
}

// AudioFromPCM encodes 16-bit linear samples at 8 kHz.
func AudioFromPCM(pcm []int16) Audio {
	out := make(Audio, len(pcm))
	for i, s := range pcm {
		out[i] = EncodeALaw(s)
	}
	return out
}

// SilenceAudio returns d of digital silence.
func SilenceAudio(d time.Duration) Audio {
	out := make(Audio, int(d/sampleTime))
	fill(out, alawSilence)
	return out
}

// Playlist is what a stream plays: the items one after another, and over again when Loop is set.
type Playlist struct {
	Items []Audio
	Loop  bool
}

// Playing is a playlist of the given items, played once.
func Playing(items ...Audio) Playlist { return Playlist{Items: items} }

// Looping is a playlist of the given items, played until stopped.
func Looping(items ...Audio) Playlist { return Playlist{Items: items, Loop: true} }

// Duration returns the length of one pass.
func (p Playlist) Duration() time.Duration {
	var d time.Duration
	for _, a := range p.Items {
		d += a.Duration()
	}
	return d
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
