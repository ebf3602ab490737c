package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// saved is what outlives a restart.
type saved struct {
	Day     string  `json:"day"`
	Minutes float64 `json:"minutes"`
	Money   float64 `json:"money"`
	Stop    Stop    `json:"stop"`
}

// file keeps the last state. Writing never holds a call up: it is done by one goroutine at a time, which takes the newest.
type file struct {
	path string
	log  *slog.Logger

	mu      sync.Mutex
	next    *saved        // guarded by mu: to be written
	writing bool          // guarded by mu
	idle    chan struct{} // guarded by mu: closed when nothing is being written
}

func newFile(path string, log *slog.Logger) *file {
	idle := make(chan struct{})
	close(idle)
	return &file{path: path, log: log, idle: idle}
}

func (f *file) read() (s saved, ok bool) {
	if f.path == "" {
		return saved{}, false
	}
	data, err := os.ReadFile(f.path)
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.log.Error("the day's toll figures are lost, counting begins at nothing", "file", f.path, "err", err)
	}
	return s, err == nil
}

func (f *file) write(s saved) {
	if f.path == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = &s
	if f.writing {
		return
	}
	f.writing, f.idle = true, make(chan struct{})
	go f.drain()
}

func (f *file) drain() {
	for {
		f.mu.Lock()
		s := f.next
		f.next = nil
		if s == nil {
			f.writing = false
			close(f.idle)
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
		if err := replace(f.path, *s); err != nil {
			f.log.Error("toll figures not kept: a restart would forget them", "err", err)
		}
	}
}

// settled waits until nothing is being written.
func (f *file) settled() {
	f.mu.Lock()
	idle := f.idle
	f.mu.Unlock()
	<-idle
}

func replace(path string, s saved) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode toll figures: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".toll-*")
	if err != nil {
		return fmt.Errorf("write toll figures: %w", err)
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write toll figures: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// Close waits until the figures are on disk.
func (g *Guard) Close() error {
	g.file.settled()
	return nil
}
