package media

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRecordingHasItsHeaderFromTheStart: a process that is killed while it makes a recording leaves no file of that name
// without a header; nor does a full disk.
func TestRecordingHasItsHeaderFromTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "call.wav")
	full := errors.New("the disk is full")
	_, err := create(path, func(*os.File) error {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the name is there before the header: %v", err)
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	r, err := NewRecorder(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewRecorder(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second recording of the same name: %v", err)
	}
	if _, err := r.Close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 1 || left[0] != path {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestRecordingMakesItsFolder: whoever asks for a recording waits for no disk to make the folder first.
func TestRecordingMakesItsFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"2026/03/01/one.wav", "2026/03/01/two.wav", "2026/03/02/one.wav"} {
		r, err := NewRecorder(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Close(); err != nil {
			t.Error(err)
		}
		recording(t, filepath.Join(root, name))
	}
	if _, err := NewRecorder(filepath.Join(root, "2026/03/01/one.wav/no-folder/x.wav")); err == nil {
		t.Error("a recording below a file is made")
	}
}
