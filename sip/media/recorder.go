package media

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Channel is one side of a recording.
type Channel uint8

// The sides.
const (
	Left  Channel = iota // the caller
	Right                // the engineer
)

// String returns the name of the side.
func (c Channel) String() string {
	switch c {
	case Left:
		return "left"
	case Right:
		return "right"
	}
	return "unknown"
}

const (
	flushEvery = 500 * time.Millisecond // how often sound goes to the file
	lateness   = 240 * time.Millisecond // how long a late packet is waited for
	maxPending = 20 * 16000             // bytes kept for a disk that does not answer: 20 s
)

// Recorder writes both sides of a call to one stereo WAV file: A-law, 8 kHz, two channels, which browsers and sox play
// and which costs no codec. The file's time is wall time from NewRecorder to Close; where nothing was heard it is silent.
//
// Sound reaches the file every half second, a quarter of a second behind, and the header is set right after each write:
// a process that is killed leaves a playable file that lacks at most the last second. Packets never wait for the disk:
// writing is done by a goroutine of its own while there is something to write.
type Recorder struct {
	// set at New
	path    string
	file    *os.File
	started time.Time

	mu      sync.Mutex // guards what follows; never held during a write
	idle    *sync.Cond // writing became false
	line    timeline
	pending []byte // cut from the line, not yet taken by the writer
	skipped int    // frames after pending that had no room
	writing bool
	closed  bool
	err     error
	info    RecordingInfo
	written int64 // frames in the file; owned by the writer
}

// RecordingInfo describes a finished recording.
type RecordingInfo struct {
	Path     string
	Started  time.Time
	Duration time.Duration // of the file
	Bytes    int64         // of the file
	Late     int           // packets that came too late for their place
	Missed   time.Duration // sound that the disk did not take; silent in the file
}

// NewRecorder creates the file, which must not exist yet, and the folder it lies in, and starts the clock.
func NewRecorder(path string) (*Recorder, error) {
	h := wavHeader(0)
	f, err := create(path, func(f *os.File) error {
		_, err := f.WriteAt(h[:], 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	r := &Recorder{path: path, file: f, started: time.Now()}
	r.idle = sync.NewCond(&r.mu)
	r.info = RecordingInfo{Path: path, Started: r.started}
	r.line = newTimeline()
	return r, nil
}

// create makes a file that gets its name, which must be free, only once begin has written the beginning: whoever is killed
// in between leaves no file under that name that cannot be played.
func create(path string, begin func(*os.File) error) (*os.File, error) {
	early := path + ".new"
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil { //nolint:gosec // the caller names the file
		return nil, err
	}
	f, err := os.OpenFile(early, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return nil, err
	}
	if err = begin(f); err == nil {
		if _, err = os.Lstat(path); err == nil { //nolint:gosec // the caller names the file
			err = &os.PathError{Op: "create", Path: path, Err: os.ErrExist}
		} else if errors.Is(err, os.ErrNotExist) {
			err = os.Rename(early, path) //nolint:gosec // as above
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(early)) //nolint:gosec // as above
	}
	return f, nil
}

// Path returns the file's name.
func (r *Recorder) Path() string { return r.path }

// since turns an instant of a pool into time of the recording.
func (r *Recorder) since(p *Pool, now time.Duration) time.Duration {
	return p.start.Add(now).Sub(r.started)
}

// write places sound of a side: at is the wall time of its arrival since the start, ts its RTP timestamp.
func (r *Recorder) write(ch Channel, t *track, at time.Duration, ts uint32, sound []byte, l law) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	pos := t.place(int64(at/sampleTime), ts, len(sound))
	if end := pos + int64(len(sound)); end > r.line.limit() {
		r.cut(end - windowFrames)
	}
	if !r.line.put(ch, pos, sound, l) {
		r.info.Late++
	}
}

// advance moves sound that is old enough towards the file; it returns the error that stopped the recording, if any.
func (r *Recorder) advance(at time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until := int64((at - lateness) / sampleTime); !r.closed && until-r.line.done >= int64(flushEvery/sampleTime) {
		r.cut(until)
	}
	return r.err
}

// cut takes the line up to a frame into pending and sees that it gets written. mu is held.
func (r *Recorder) cut(until int64) {
	n := int(until - r.line.done)
	if n <= 0 {
		return
	}
	if r.err != nil || r.skipped > 0 || len(r.pending)+2*n > maxPending {
		r.line.drop(until)
		r.skipped += n
		r.info.Missed += time.Duration(n) * sampleTime
	} else {
		r.pending = r.line.cut(until, r.pending)
	}
	if !r.writing && r.err == nil {
		r.writing = true
		go r.flush()
	}
}

// flush writes what is pending until nothing is.
func (r *Recorder) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for (len(r.pending) > 0 || r.skipped > 0) && r.err == nil {
		data, skip := r.pending, r.skipped
		r.pending, r.skipped = nil, 0
		r.mu.Unlock()
		err := r.survive(func() error { return r.store(data, skip) })
		r.mu.Lock()
		if r.pending == nil { // nothing came meanwhile: one buffer is enough
			r.pending = data[:0]
		}
		if err != nil {
			r.err = fmt.Errorf("write recording %s (is the disk full?): %w", r.path, err)
		}
	}
	r.writing = false
	r.idle.Broadcast()
}

// errBroke is a panic while writing: it costs the recording, not the process.
var errBroke = errors.New("writing broke")

// survive turns a panic of f into an error: recordings are made in goroutines of their own.
func (r *Recorder) survive(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: %v", errBroke, fault)
		}
	}()
	return f()
}

// store appends frames and silence, then sets the header right. Only the writer calls it.
func (r *Recorder) store(data []byte, skip int) error {
	if _, err := r.file.WriteAt(data, wavHeaderSize+2*r.written); err != nil {
		return err
	}
	r.written += int64(len(data) / 2)
	var quiet [4096]byte
	fill(quiet[:], alawSilence)
	for skip > 0 {
		n := min(skip, len(quiet)/2)
		if _, err := r.file.WriteAt(quiet[:2*n], wavHeaderSize+2*r.written); err != nil {
			return err
		}
		r.written += int64(n)
		skip -= n
	}
	h := wavHeader(r.written)
	_, err := r.file.WriteAt(h[:], 0)
	return err
}

// Close writes what is left and closes the file; it waits for the disk. The error is the first one of the recording.
func (r *Recorder) Close() (RecordingInfo, error) { return r.closeAt(time.Since(r.started)) }

func (r *Recorder) closeAt(at time.Duration) (RecordingInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.info, r.err
	}
	r.cut(int64(at / sampleTime))
	r.closed = true
	for r.writing {
		r.idle.Wait()
	}
	r.line = timeline{}
	if err := r.file.Close(); err != nil && r.err == nil {
		r.err = fmt.Errorf("close recording %s: %w", r.path, err)
	}
	r.info.Duration = time.Duration(r.written) * sampleTime
	r.info.Bytes = wavHeaderSize + 2*r.written
	return r.info, r.err
}
