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
	"time"
)

// saved is what outlives a restart.
type saved struct {
	Day     string  `json:"day"`
	Minutes float64 `json:"minutes"`
	Money   float64 `json:"money"`
	Stop    Stop    `json:"stop"`
}

// file keeps the last state. Writing never holds a call up: it is done a second later, of the newest state, or by Close.
type file struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex
	next  *saved      // guarded by mu: to be written
	timer *time.Timer // guarded by mu: armed while next is set

	disk sync.Mutex // held while writing
}

// writeAfter gathers what ends within it into one write.
const writeAfter = time.Second

func newFile(path string, log *slog.Logger) *file { return &file{path: path, log: log} }

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
	if f.timer == nil {
		f.timer = time.AfterFunc(writeAfter, func() { _ = f.flush() })
	}
}

// flush writes what waits. A failure is logged, and returned for those who end.
func (f *file) flush() error {
	f.disk.Lock()
	defer f.disk.Unlock()
	f.mu.Lock()
	s := f.next
	f.next = nil
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	f.mu.Unlock()
	if s == nil {
		return nil
	}
	err := replace(f.path, *s)
	if err != nil {
		f.log.Error("toll figures not kept: a restart would forget them", "err", err)
	}
	return err
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

// Close writes what waits to be written.
func (g *Guard) Close() error { return g.file.flush() }
