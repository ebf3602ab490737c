package media

import "time"

const (
	windowFrames = 8192                                       // stereo frames held back: 1.02 s, a power of two
	maxDrift     = int64(200 * time.Millisecond / sampleTime) // how far RTP time may leave wall time before it is set anew
)

// timeline is the part of a recording that is still open to late packets: two channels interleaved, silent where nothing
// has been put. Frame numbers count from the start of the recording. It is pure.
type timeline struct {
	ring []byte // frame f at 2*(f mod windowFrames)
	done int64  // frames before this one have left
}

func newTimeline() timeline {
	t := timeline{ring: make([]byte, 2*windowFrames)}
	fill(t.ring, alawSilence)
	return t
}

// limit is the first frame that does not fit before something is cut.
func (t *timeline) limit() int64 { return t.done + windowFrames }

// put places sound; false when some of it came too late. The caller has made room up to its end.
func (t *timeline) put(ch Channel, pos int64, sound []byte, l law) bool {
	late := t.done - pos
	if late >= int64(len(sound)) {
		return len(sound) == 0
	}
	if late > 0 {
		sound, pos = sound[late:], t.done
	}
	at := int(pos&(windowFrames-1))*2 + int(ch)
	for _, c := range sound {
		if l == lawU {
			c = ulawToAlaw[c]
		}
		t.ring[at&(2*windowFrames-1)] = c
		at += 2
	}
	return late <= 0
}

// cut appends the frames before until to out and makes their place silent.
func (t *timeline) cut(until int64, out []byte) []byte {
	for t.done < until {
		at := t.done & (windowFrames - 1)
		n := min(until-t.done, windowFrames-at)
		part := t.ring[2*at : 2*(at+n)]
		out = append(out, part...)
		fill(part, alawSilence)
		t.done += n
	}
	return out
}

// drop is cut without the sound.
func (t *timeline) drop(until int64) {
	if until-t.done >= windowFrames {
		fill(t.ring, alawSilence)
		t.done = until
		return
	}
	for ; t.done < until; t.done++ {
		at := 2 * (t.done & (windowFrames - 1))
		t.ring[at], t.ring[at+1] = alawSilence, alawSilence
	}
}

// track maps the RTP timestamps of one source to frames of a recording. It is pure.
type track struct {
	anchored bool
	ts       uint32 // a timestamp …
	frame    int64  // … and its frame
	old      int    // packets far older than ts since the newest
}

// maxOld is how many packets may be far older than the newest before the source's clock is taken to have gone back.
const maxOld = 5

// place returns the frame where n samples stamped ts begin, if they arrived when frame now was due. RTP time decides, so
// that jitter, loss and reordering leave no mark; wall time decides at the start and when RTP time has left it.
func (t *track) place(now int64, ts uint32, n int) int64 {
	arrival := max(0, now-int64(n))
	step := int64(int32(ts - t.ts))
	if t.anchored && step < 0 {
		if far := step < -maxDrift-int64(lateness/sampleTime); far {
			t.old++
		}
		if t.old < maxOld {
			return t.frame + step
		}
	}
	pos := t.frame + step
	if off := pos - arrival; !t.anchored || step < 0 || off > maxDrift || off < -maxDrift {
		pos = arrival
	}
	*t = track{anchored: true, ts: ts, frame: pos}
	return pos
}
