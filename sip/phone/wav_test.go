package phone_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

func wireText(status int) string { return strconv.Itoa(status) }

func tone(hz, amplitude float64, d time.Duration) []int16 {
	pcm := make([]int16, int(d.Seconds()*8000))
	for i := range pcm {
		pcm[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return pcm
}

func TestToneTime(t *testing.T) {
	t.Parallel()
	second := tone(440, 8000, time.Second)
	for hz, want := range map[float64]time.Duration{440: time.Second, 480: 0, 400: 0, 880: 0, 220: 0} {
		if got := phone.ToneTime(second, hz); got != want {
			t.Errorf("440 Hz heard as %g Hz for %v, want %v", hz, got, want)
		}
	}
	if got := phone.ToneTime(tone(440, 60, time.Second), 440); got != 0 {
		t.Errorf("a tone of -55 dBFS is heard for %v, want silence", got)
	}
	half := slices.Concat(second, make([]int16, 8000))
	if got := phone.ToneTime(half, 440); got != time.Second {
		t.Errorf("a second of tone and one of silence: heard for %v", got)
	}
}

func TestWAVRoundTrip(t *testing.T) {
	t.Parallel()
	pcm := tone(440, 8000, 100*time.Millisecond)
	file := phone.EncodeWAV(pcm)
	channels, err := phone.DecodeWAV(file)
	if err != nil || len(channels) != 1 || !slices.Equal(channels[0], pcm) {
		t.Errorf("read back %d channels, %v", len(channels), err)
	}
	if channels, err = phone.DecodeWAV(file[:60]); err != nil || len(channels[0]) != 8 {
		t.Errorf("a file that is cut off: %v, %v", channels, err)
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(phone.EncodeWAV(tone(440, 8000, 10*time.Millisecond)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x06\x00\x02\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x08\x00data\x09\x00\x00\x00abcd"))
	f.Fuzz(func(t *testing.T, file []byte) {
		channels, err := phone.DecodeWAV(file)
		if err == nil && len(channels) == 0 {
			t.Error("no error and no channel")
		}
	})
}

func TestWriteWAV(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{Tone: 660, For: 300 * time.Millisecond}))
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{})
	<-out.Done()
	path := filepath.Join(t.TempDir(), "heard.wav")
	if err := out.WriteWAV(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	channels, err := phone.DecodeWAV(file)
	if err != nil || phone.ToneTime(channels[0], 660) < 150*time.Millisecond {
		t.Errorf("the file holds %v of the tone, %v", phone.ToneTime(channels[0], 660), err)
	}
}
