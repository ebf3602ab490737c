package media

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// recording reads a file back as its two channels.
func recording(tb testing.TB, path string) (left, right Audio) {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	ch, err := DecodeChannels(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	if len(ch) != 2 {
		tb.Fatalf("%d channels", len(ch))
	}
	return ch[0], ch[1]
}

func newRecorder(tb testing.TB) *Recorder {
	tb.Helper()
	r, err := NewRecorder(filepath.Join(tb.TempDir(), "call.wav"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = r.Close() })
	return r
}

// packetAt is a packet of a source: stamp in frames since the source began, arrival in frames since the recording began.
type packetAt struct{ stamp, arrival int }

// TestRecorderAlignsChannels: whatever is lost, late, doubled or out of order on either side, each sample that arrives
// in time stands at its own instant in its own channel, and all else is silence.
func TestRecorderAlignsChannels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, "call.wav")
		_ = os.Remove(path)
		r, err := NewRecorder(path)
		if err != nil {
			rt.Fatal(err)
		}
		length := rapid.IntRange(1, 200).Draw(rt, "frames of 20 ms") * frameSamples
		var want [2]Audio
		var arrivals [2]map[int][]packetAt
		var begin [2]int
		for c := range want {
			want[c] = make(Audio, length)
			fill(want[c], alawSilence)
			arrivals[c] = map[int][]packetAt{}
			begin[c] = rapid.IntRange(0, length/frameSamples).Draw(rt, "begin") * frameSamples
			for f := begin[c]; f+2*frameSamples <= length; f += frameSamples {
				first := f == begin[c] // sets the clock: neither late nor lost
				if !first && rapid.IntRange(0, 9).Draw(rt, "lost") == 0 {
					continue
				}
				delay := 0
				if !first {
					delay = rapid.IntRange(0, 8).Draw(rt, "delay") * frameSamples
				}
				for range rapid.IntRange(1, 2).Draw(rt, "copies") {
					at := f + frameSamples + delay
					arrivals[c][at] = append(arrivals[c][at], packetAt{f - begin[c], at})
				}
				if f+frameSamples+delay <= length {
					fill(want[c][f:f+frameSamples], byte(f/frameSamples%100+1))
				}
			}
		}
		base := [2]uint32{rapid.Uint32().Draw(rt, "left ts"), rapid.Uint32().Draw(rt, "right ts")}
		var tracks [2]track
		for now := 0; now <= length; now += frameSamples {
			for c := range want {
				for _, p := range arrivals[c][now] {
					f := begin[c] + p.stamp
					r.write(Channel(c), &tracks[c], time.Duration(now)*sampleTime, base[c]+uint32(p.stamp), payloadOf(byte(f/frameSamples%100+1)), lawA)
				}
			}
			if err := r.advance(time.Duration(now) * sampleTime); err != nil {
				rt.Fatal(err)
			}
		}
		info, err := r.closeAt(time.Duration(length) * sampleTime)
		if err != nil || info.Late != 0 {
			rt.Fatalf("close: %+v %v", info, err)
		}
		left, right := recording(t, path)
		for c, got := range []Audio{left, right} {
			if !bytes.Equal(got, want[c]) {
				rt.Fatalf("channel %d differs from frame %d on (of %d)", c, firstDifference(got, want[c])/frameSamples, length/frameSamples)
			}
		}
	})
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestRecorderFollowsTimestampJump(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	var tr track
	ms := time.Millisecond
	r.write(Left, &tr, 20*ms, 1000, payloadOf(1), lawA)
	r.write(Left, &tr, 40*ms, 900000, payloadOf(2), lawA) // jumps ahead
	r.write(Left, &tr, 60*ms, 900160, payloadOf(3), lawA)
	for i := range uint32(8) { // jumps back
		r.write(Left, &tr, time.Duration(80+20*i)*ms, 50+160*i, payloadOf(byte(4+i)), lawA)
	}
	if _, err := r.closeAt(time.Second); err != nil {
		t.Fatal(err)
	}
	left, _ := recording(t, r.path)
	for frame, v := range map[int]byte{0: 1, 1: 2, 2: 3, 9: 10, 10: 11} {
		if left[frame*frameSamples] != v {
			t.Errorf("frame %d holds %d, want %d", frame, left[frame*frameSamples], v)
		}
	}
}

func TestRecorderTranslatesULaw(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	var tr track
	r.write(Right, &tr, 20*time.Millisecond, 0, payloadOf(EncodeULaw(5000)), lawU)
	if _, err := r.closeAt(20 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	left, right := recording(t, r.path)
	if right[0] != ulawToAlaw[EncodeULaw(5000)] || left[0] != alawSilence {
		t.Errorf("left %#x right %#x", left[0], right[0])
	}
}

// TestRecorderDiskErrorStopsTheRecordingOnly: the error is told once by advance and by Close; nothing else happens.
func TestRecorderDiskErrorStopsTheRecordingOnly(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	if err := r.file.Close(); err != nil { // as if the disk went away
		t.Fatal(err)
	}
	var tr track
	var err error
	for i := uint32(0); err == nil; i++ {
		at := time.Duration(i+1) * frameTime
		r.write(Left, &tr, at, i*frameSamples, payloadOf(1), lawA)
		err = r.advance(at)
	}
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("advance: %v", err)
	}
	if _, err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
}

// TestRecorderOfASlowDiskKeepsTime: what the disk does not take in time is silence of the same length.
func TestRecorderOfASlowDiskKeepsTime(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	r.mu.Lock()
	r.writing = true // the disk hangs
	r.mu.Unlock()
	var tr track
	const seconds = 30
	for i := range uint32(seconds * 50) {
		at := time.Duration(i+1) * frameTime
		r.write(Left, &tr, at, i*frameSamples, payloadOf(1), lawA)
		if err := r.advance(at); err != nil {
			t.Fatal(err)
		}
	}
	go r.flush() // it comes back
	info, err := r.closeAt(seconds * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if info.Duration != seconds*time.Second || info.Missed < 5*time.Second || info.Missed > 11*time.Second {
		t.Errorf("%+v", info)
	}
	left, _ := recording(t, r.path)
	if len(left) != seconds*sampleRate || left[0] != 1 {
		t.Errorf("%d samples", len(left))
	}
}

// TestLifeOfManyStreams: sockets, goroutines and ports return to where they were.
func TestLifeOfManyStreams(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		free := p.Free()
		for range 200 {
			a, err := p.NewStream(StreamConfig{})
			if err != nil {
				t.Fatal(err)
			}
			b, err := p.NewStream(StreamConfig{Near: a})
			if err != nil {
				t.Fatal(err)
			}
			if a.home() != b.home() {
				t.Fatal("streams that belong together lie apart")
			}
			Connect(a, b, ConnectOptions{})
			a.Close()
			b.Close()
			b.Stats()
			if a.Stats(); a.peer != nil || b.peer != nil {
				t.Fatal("closed and still bridged")
			}
		}
		got := p.Free()
		p.mu.Lock()
		busy := len(p.ports.resting) // met by other pools of this range
		p.mu.Unlock()
		if got+busy != free {
			t.Errorf("%d ports free and %d busy, %d free before", got, busy, free)
		}
		for _, sh := range p.shards {
			if !idleNow(sh) {
				t.Error("a closed stream is still in its shard")
			}
		}
	})
}

func idleNow(sh *shard) bool {
	idle := make(chan bool, 1)
	sh.post(func() { idle <- sh.idle() })
	return <-idle
}

func TestRecorderRefusesAnExistingFile(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	if _, err := NewRecorder(r.Path()); !errors.Is(err, os.ErrExist) {
		t.Errorf("err = %v", err)
	}
}

func TestStreamsRecordToTheirChannels(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		r := newRecorder(t)
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		a.stream.Record(r, Left)
		b.stream.Record(r, Right)
		a.stream.Stats() // recording has begun
		b.stream.Stats()
		for range 10 {
			a.send(8, payloadOf(11))
			b.send(8, payloadOf(22))
		}
		a.settle(10)
		b.settle(10)
		a.stream.Record(nil, Left)
		b.stream.Record(nil, Right)
		a.stream.Stats()
		b.stream.Stats()
		info, err := r.closeAt(2 * time.Second)
		if err != nil || info.Duration != 2*time.Second {
			t.Fatalf("%+v %v", info, err)
		}
		left, right := recording(t, r.path)
		if bytes.Count(left, []byte{11}) != 1600 || bytes.Count(right, []byte{22}) != 1600 || bytes.Contains(left, []byte{22}) {
			t.Errorf("left holds %d, right %d samples", bytes.Count(left, []byte{11}), bytes.Count(right, []byte{22}))
		}
	})
}

func TestRecordFailureIsToldOnceAndTheCallGoesOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		r := newRecorder(t)
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		if err := r.file.Close(); err != nil {
			t.Fatal(err)
		}
		a.stream.Record(r, Left)
		if e := a.event(RecordFailed); !errors.Is(e.Err, os.ErrClosed) {
			t.Errorf("err = %v", e.Err)
		}
		a.send(8, payloadOf(3))
		b.recv(isSound)
	})
}
