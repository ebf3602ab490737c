package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// diskCase names the case a process of its own runs: it may mount and set
// limits without anybody else noticing.
const diskCase = "VAHTA_TEST_DISK"

// TestDisk runs the cases that need a disk of their own.
func TestDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(diskCase) != "" {
		t.Skip("is one itself")
	}
	for _, name := range []string{"full", "readonly", "limit", "full at start", "immutable"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskCase$", "-test.v")
			cmd.Env = append(os.Environ(), diskCase+"="+name)
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.EPERM) {
				t.Skip("needs the right to mount")
			}
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestDiskCase")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestDiskCase is a process of TestDisk.
func TestDiskCase(t *testing.T) {
	switch name := os.Getenv(diskCase); name {
	case "":
		t.Skip("runs only as a process of TestDisk")
	case "full":
		diskFull(t)
	case "readonly":
		diskReadOnly(t)
	case "limit":
		diskLimit(t)
	case "immutable":
		diskImmutable(t)
	case "full at start":
		diskFullAtStart(t)
	default:
		t.Fatal(name)
	}
}

// stuff leaves no room in a folder.
func stuff(t *testing.T, dir string) (empty func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "ballast"))
	must(t, err)
	for chunk := make([]byte, 1<<12); err == nil; {
		_, err = f.Write(chunk)
	}
	want(t, err, syscall.ENOSPC)
	must(t, f.Close())
	return func() { must(t, os.Remove(f.Name())) }
}

// commitUntilRefused returns the tickets that were acknowledged.
func commitUntilRefused(t *testing.T, s *SQL, first int) (acked []int, err error) {
	t.Helper()
	for n := first; n < first+5000; n++ {
		c := opening(n)
		c.Signal.Raw = make([]byte, 8<<10)
		if err := s.Commit(t.Context(), c); err != nil {
			_, missing := s.Load(t.Context(), c.Ticket.ID)
			want(t, missing, dispatch.ErrNotFound)
			return acked, err
		}
		acked = append(acked, n)
	}
	t.Fatal("never refused")
	return nil, nil
}

// recovers holds a store to what it promises of a disk that comes back: while
// it is away all is refused and known, afterwards all is there.
func recovers(t *testing.T, s *SQL, acked []int, heal func()) {
	t.Helper()
	for n := range 5 {
		if err := s.Commit(t.Context(), opening(900_000+n)); err == nil {
			acked = append(acked, 900_000+n) // a small one may fit in
		} else if !Away(err) || s.Health() == nil {
			t.Errorf("%v, health %v", err, s.Health())
		}
	}
	heal()
	eventually(t, "not well by itself", func() bool { return s.Health() == nil })
	c := opening(950_000)
	c.Signal.Raw = make([]byte, 8<<10)
	must(t, s.Commit(t.Context(), c))
	must(t, s.IntegrityCheck(t.Context()))
	for _, n := range append(acked, 950_000) {
		_, err := s.Load(t.Context(), opening(n).Ticket.ID)
		must(t, err)
	}
}

func diskFull(t *testing.T) {
	t.Helper()
	dir := mounted(t, "size=3m")
	s := at(t, filepath.Join(dir, "vahta.db"))
	must(t, s.Commit(t.Context(), opening(1)))
	empty := stuff(t, dir)
	acked, err := commitUntilRefused(t, s, 2)
	if !Away(err) || s.Health() == nil {
		t.Fatalf("%v, health %v", err, s.Health())
	}
	recovers(t, s, acked, empty)
}

// diskLimit makes writes fail as those of a broken disk do.
func diskLimit(t *testing.T) {
	t.Helper()
	s := at(t, filepath.Join(t.TempDir(), "vahta.db"))
	must(t, s.Commit(t.Context(), opening(1)))
	var was syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 600 << 10, Max: was.Max}))
	acked, err := commitUntilRefused(t, s, 2)
	if !Away(err) || s.Health() == nil {
		t.Fatalf("%v, health %v", err, s.Health())
	}
	t.Log(err)
	recovers(t, s, acked, func() { must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was)) })
}

func diskReadOnly(t *testing.T) {
	t.Helper()
	dir := mounted(t, "size=3m")
	cfg := Default()
	cfg.Path = filepath.Join(dir, "vahta.db")
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	must(t, s.Close())
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	_, err = Open(t.Context(), cfg, Deps{})
	want(t, err, ErrNotNow)
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=3m"))
	must(t, at(t, cfg.Path).Commit(t.Context(), opening(1)))
}

func diskFullAtStart(t *testing.T) {
	t.Helper()
	dir := mounted(t, "size=1m")
	empty := stuff(t, dir)
	cfg := Default()
	cfg.Path = filepath.Join(dir, "vahta.db")
	for range 3 {
		_, err := Open(t.Context(), cfg, Deps{})
		want(t, err, ErrNotNow)
	}
	empty()
	must(t, at(t, cfg.Path).Commit(t.Context(), opening(1)))
}

// diskImmutable takes the right to write away under the open descriptors. A
// write to the shared memory is then a fault of the memory, which the driver
// takes for one of the disk; the race detector does not outlive it.
func diskImmutable(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vahta.db")
	s := at(t, path)
	must(t, s.Commit(t.Context(), opening(1)))
	chattr := func(flag string) error {
		args := []string{flag, path, path + "-wal"}
		if !raced {
			args = append(args, path+"-shm")
		}
		return exec.CommandContext(context.WithoutCancel(t.Context()), "chattr", args...).Run()
	}
	if err := chattr("+i"); err != nil {
		t.Log("this file system knows no such flag:", err)
		return
	}
	t.Cleanup(func() { _ = chattr("-i") }) // else the folder can not be removed
	for n := range 3 {
		if err := s.Commit(t.Context(), opening(2+n)); !Away(err) || s.Health() == nil {
			t.Errorf("%v, health %v", err, s.Health())
		}
	}
	_, err := s.Load(t.Context(), "t1")
	must(t, err)
	must(t, chattr("-i"))
	eventually(t, "not writable again", func() bool { return s.Commit(t.Context(), opening(10)) == nil })
	recovers(t, s, []int{1, 10}, func() {})
}
