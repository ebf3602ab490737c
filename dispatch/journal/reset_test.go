package journal

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// heldDisk holds its next syncs, each until it is let go.
type heldDisk struct {
	*platter

	held chan chan struct{}
}

func (d *heldDisk) Sync() error {
	select {
	case let := <-d.held:
		<-let
	default:
	}
	return d.platter.Sync()
}

// Somebody waits for a record while the file is being emptied: no sync runs
// beside the emptying, and what was emptied counts as kept.
func TestWaitWhileTheFileIsEmptied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &heldDisk{platter: newPlatter(t, 4096), held: make(chan chan struct{}, 3)}
		f, _, _ := mustOpen(t, d)
		must(t, f.wait(t.Context(), f.put([]byte("one"))))
		n := f.put([]byte("two")) // nobody has waited for it yet
		head, other, record := make(chan struct{}), make(chan struct{}), make(chan struct{})
		d.held <- head
		d.held <- other
		d.held <- record
		reset, wait := make(chan error, 1), make(chan error, 1)
		go func() { reset <- f.reset(t.Context()) }()
		synctest.Wait() // the head is being written
		go func() { wait <- f.wait(t.Context(), n) }()
		synctest.Wait()
		close(head)
		close(other)
		must(t, <-reset)
		close(record)
		must(t, <-wait)
		must(t, f.wait(t.Context(), f.put([]byte("three"))))
		_, list, lost := mustOpen(t, d.crash(func() bool { return false }))
		if bodies(list) != "three" || lost != 0 {
			t.Errorf("read %q, %d lost", bodies(list), lost)
		}
	})
}

// brokenDisk panics at a sync once it is told to.
type brokenDisk struct {
	*platter

	broken bool
}

func (d *brokenDisk) Sync() error {
	if d.broken {
		panic("the driver of the disk")
	}
	return d.platter.Sync()
}

// A panic of the disk while the file is emptied is an error of that round: the
// next one is not held up by it.
func TestPanicWhileTheFileIsEmptied(t *testing.T) {
	t.Parallel()
	d := &brokenDisk{platter: newPlatter(t, 4096)}
	f, _, _ := mustOpen(t, d)
	must(t, f.wait(t.Context(), f.put([]byte("one"))))
	d.broken = true
	if err := f.reset(t.Context()); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Fatalf("emptied: %v", err)
	}
	if err := f.writeHead(t.Context(), func(*head) {}); err == nil {
		t.Fatal("the head was written")
	}
	d.broken = false
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	must(t, f.wait(soon, f.put([]byte("two"))))
	must(t, f.reset(soon))
	if _, list, _ := mustOpen(t, d.crash(func() bool { return false })); len(list) != 0 {
		t.Errorf("read %q", bodies(list))
	}
}
