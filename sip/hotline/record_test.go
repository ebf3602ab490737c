package hotline

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
)

// space is the free space of a disk that a test sets.
type space struct {
	mu  sync.Mutex
	mib uint64
	err error
}

func (s *space) free(string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mib << 20, s.err
}

func (s *space) set(mib uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mib = mib
}

// TestDiskTurns: short below the least, with room again a quarter above it; one line of the log a turn. No answer
// changes nothing.
func TestDiskTurns(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &space{}
	cfg := Config{Recordings: "somewhere", RecordingsMinFree: 100}
	d := newDisk(&cfg, s.free, slog.New(slog.NewTextHandler(&log, nil)))
	for i, step := range []struct {
		free  uint64
		err   error
		short bool
	}{
		{100, nil, false},
		{99, nil, true},
		{100, nil, true},
		{124, nil, true},
		{0, errors.New("no answer"), true},
		{125, nil, false},
		{100, nil, false},
		{0, errors.New("no answer"), false},
		{1, nil, true},
	} {
		s.mib, s.err = step.free, step.err
		d.look()
		if got := d.short(); got != step.short {
			t.Errorf("step %d: short %v with %d MiB free", i, got, step.free)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 3 {
		t.Errorf("%d lines for three turns:\n%s", n, log.String())
	}
}

// TestFreeSpace asks the real file system, of a folder that is not made yet too.
func TestFreeSpace(t *testing.T) {
	t.Parallel()
	if n, err := freeSpace(t.TempDir()); err != nil || n == 0 {
		t.Errorf("%d bytes free: %v", n, err)
	}
	cfg := Config{Recordings: t.TempDir() + "/later", RecordingsMinFree: maxMinFree}
	d := newDisk(&cfg, nil, slog.New(slog.DiscardHandler))
	if d.look(); !d.short() {
		t.Error("no disk has so much room")
	}
}

// TestRecordingIsNamedWithoutTheDisk: naming a recording is done by the call itself, which waits for no disk.
func TestRecordingIsNamedWithoutTheDisk(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "recordings")
	at := time.Date(2026, time.March, 1, 23, 59, 0, 0, time.UTC)
	for _, c := range []struct{ ticket, want string }{
		{"26-00017", "2026/03/01/26-00017-abc.wav"},
		{"", "2026/03/01/no-ticket-abc.wav"},
	} {
		if got, want := recordingPath(root, at, c.ticket, "abc"), filepath.Join(root, filepath.FromSlash(c.want)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the disk was asked: %v", err)
	}
}

// TestNoFolderNoRecording: a folder that cannot be made costs the recording, not the call.
func TestNoFolderNoRecording(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, setup{people: []string{"ivan"}, cfg: func(c *Config) { c.Recordings = filepath.Join(file, "recordings") }})
	r.answers("ivan", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 500 * time.Millisecond}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Detail.Recording.Path != "" {
		t.Errorf("outcome %s, recording %+v", o.Result, o.Detail.Recording)
	}
	if n := r.counted("vahta_hotline_recording_failures_total"); n != 1 {
		t.Errorf("%v recordings have failed", n)
	}
}

// TestRecordingsAreShed: a disk that fills ends the recording that runs as a good file, keeps the talk, begins no
// other one; with room again the next call is recorded.
func TestRecordingsAreShed(t *testing.T) {
	t.Parallel()
	disk := &space{mib: 1000}
	r := newRig(t, setup{people: []string{"ivan"}, free: disk.free})
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Tone: 700, Keys: []phone.Key{{Digits: "1"}}}})
	call := func(during func(*phone.Session)) dispatch.Outcome {
		s := r.dial(phone.Options{Talk: phone.Talk{Tone: 440}})
		r.wait(s, phone.Answered)
		ended := len(r.outcomes(0))
		during(s)
		s.Hangup()
		r.wait(s, phone.Ended)
		r.wait(r.incoming(r.eng["ivan"], ended+1), phone.Ended)
		return r.outcomes(ended + 1)[ended]
	}
	heard := func(s *phone.Session) {
		if err := s.WaitHeard(t.Context(), 700, 500*time.Millisecond); err != nil {
			t.Error(err)
		}
	}
	cut := call(func(s *phone.Session) {
		heard(s)
		disk.set(100)
		r.turned(true)
		heard(s)
	})
	if rec := cut.Detail.Recording; cut.Result != dispatch.CallServed || rec.Path == "" || rec.Duration >= cut.Detail.Talk {
		t.Errorf("outcome %s, recording %+v of %s", cut.Result, rec, cut.Detail.Talk)
	} else if f, err := os.Open(rec.Path); err != nil {
		t.Error(err)
	} else {
		defer f.Close()
		if both, err := media.DecodeChannels(f); err != nil || len(both) != 2 || len(both[0]) == 0 {
			t.Errorf("%d channels: %v", len(both), err)
		}
	}
	if none := call(heard); none.Result != dispatch.CallServed || none.Detail.Recording.Path != "" {
		t.Errorf("outcome %s, recording %+v", none.Result, none.Detail.Recording)
	}
	if n := r.counted("vahta_hotline_recordings_shed_total"); n != 2 {
		t.Errorf("%v recordings were shed", n)
	}
	disk.set(1000)
	r.turned(false)
	if again := call(heard); again.Detail.Recording.Path == "" {
		t.Error("not recorded although there is room")
	}
}

// turned waits until the hotline has seen the disk and has ended what it ends.
func (r *rig) turned(short bool) {
	r.Helper()
	disk := r.hotline.disk
	disk.look() // now, and not at the next tick
	if got := disk.short(); got != short {
		r.Errorf("the disk is short: %v", got)
	}
	r.hotline.shedRecordings()
}

// counted is the sum of a counter over its labels.
func (r *rig) counted(name string) (n float64) {
	r.Helper()
	families, err := r.figures.Gather()
	r.must(err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}
