package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// look is how often something is read that nobody announces.
const look = 20 * time.Millisecond

// rig is what one drill works with.
type rig struct {
	rng    *rand.Rand // used by the drill's own goroutine only
	seed   uint64
	dir    string
	binary string
	short  bool
	sheet  *sheet
	log    io.Writer
	drill  string

	mu     sync.Mutex
	ends   []func() // guarded by mu; run in reverse at the end
	folder int      // guarded by mu
}

func (r *rig) say(format string, args ...any) {
	fmt.Fprintf(r.log, "%s %s: %s\n", time.Now().Format("15:04:05.000"), r.drill, fmt.Sprintf(format, args...))
}

// atEnd runs f when the drill is over.
func (r *rig) atEnd(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, f)
}

func (r *rig) close() {
	r.mu.Lock()
	ends := r.ends
	r.ends = nil
	r.mu.Unlock()
	for _, f := range slices.Backward(ends) {
		f()
	}
}

// newDir makes a folder within the drill's own.
func (r *rig) newDir(name string) (string, error) {
	r.mu.Lock()
	r.folder++
	path := filepath.Join(r.dir, fmt.Sprintf("%s-%d", name, r.folder))
	r.mu.Unlock()
	return path, os.MkdirAll(path, 0o750)
}

// times picks the length of a part of the drill.
func times[T any](r *rig, full, short T) T {
	if r.short {
		return short
	}
	return full
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errHere says that this machine does not let the drill do what it needs.
var errHere = errors.New("not possible here")

// errLate says that something awaited did not come.
var errLate = errors.New("did not come in time")

// until waits for what nobody announces and returns how long that took.
func until(ctx context.Context, limit time.Duration, what string, ok func() bool) (time.Duration, error) {
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			return limit, fmt.Errorf("wait %s for %s: %w", limit, what, errLate)
		}
		if err := pause(ctx, look); err != nil {
			return time.Since(began), err
		}
	}
	return time.Since(began), nil
}

// freePort is a port that was free a moment ago, for both UDP and TCP.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	for range 50 {
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		p, err := lc.ListenPacket(ctx, "udp", fmt.Sprintf("127.0.0.1:%d", port))
		_ = l.Close()
		if err == nil {
			return port, p.Close()
		}
	}
	return 0, errors.New("find a free port: none is free for UDP and TCP")
}

// mountTmpfs mounts a small disk that can become full.
func (r *rig) mountTmpfs(path string, megabytes int) error {
	if err := unix.Mount("proof", path, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		return fmt.Errorf("%w: mount a disk of %d MB: %w", errHere, megabytes, err)
	}
	r.atEnd(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
	return nil
}
