package journal

import (
	"path/filepath"
	"testing"

	"github.com/butlerspb/vahta/dispatch/store"
)

// Somebody looks into the file while a node works with it.
func TestWaiting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	if n, err := Waiting(path); n != 0 || err != nil {
		t.Errorf("no file: %d, %v", n, err)
	}
	cfg := Default()
	cfg.Path, cfg.Size = path, 1
	s, err := Open(cfg, Deps{Overlay: func() Overlay { return store.NewMemory() }})
	must(t, err)
	defer s.Close()
	if n, err := Waiting(path); n != 0 || err != nil {
		t.Errorf("an empty file: %d, %v", n, err)
	}
	for _, b := range []string{"one", "two"} {
		must(t, s.file.wait(t.Context(), s.file.put([]byte(b))))
	}
	if n, err := Waiting(path); n != 2 || err != nil {
		t.Errorf("two records: %d, %v", n, err)
	}
}
