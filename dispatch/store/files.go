package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// parts are the endings of the files that are the database: all of them must
// stay the ones that were opened. SQLite goes on with files that were deleted,
// and a restart would know nothing of what they hold.
var parts = [...]string{"", "-wal", "-shm"} //nolint:gochecknoglobals // a constant table

// files are the parts as they were opened.
type files [len(parts)]os.FileInfo

// look notes the files at the path.
func look(path string) (*files, error) {
	var f files
	for i, part := range parts {
		info, err := os.Stat(path + part)
		if err != nil {
			return nil, fmt.Errorf("look at the database: %w", err)
		}
		f[i] = info
	}
	return &f, nil
}

// moved returns the first part that is no longer the one at the path.
func (f *files) moved(path string) (string, bool) {
	for i, part := range parts {
		if info, err := os.Stat(path + part); err != nil || !os.SameFile(info, f[i]) { //nolint:gosec,nolintlint // the path is the operator's; gosec does not always see it
			return path + part, true
		}
	}
	return "", false
}

// errGone says that changes go to a file that is no longer at its path.
var errGone = errors.New("the file was deleted or replaced while vahta runs")

// gone reports that the files the changes go to are no longer those at the path.
func (f file) gone() error {
	opened := f.files.Load()
	if opened == nil {
		return fmt.Errorf("database %s: %w", f.name, errGone)
	}
	if part, is := opened.moved(f.cfg.Path); is {
		return fmt.Errorf("database %s: %w; put it back, with its companions -wal and -shm or without any", part, errGone)
	}
	return nil
}

// private is the mode of all files of the record: it holds personal data.
const private = 0o600

// restrict makes the database file when it is missing, and closes it and its
// companions to everybody but their owner. SQLite gives the companions that it
// makes later the mode of the file itself. A file that is there is not opened:
// closing it would end the locks that SQLite has on it in this process.
func restrict(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, private)
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, os.ErrExist):
		const mayWrite = 2
		err = syscall.Access(path, mayWrite)
	}
	if err != nil {
		return fmt.Errorf("open database %s: %w; check the owner of the file", path, err)
	}
	for _, part := range parts {
		p := path + part
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm()&^private == 0 {
			continue // there is no such companion now
		}
		if err := os.Chmod(p, private); err != nil && !errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("close database to others: %w", err)
		}
	}
	return nil
}

// prepareFolder makes the folder and proves that files can be made in it.
func prepareFolder(dir string) error {
	const shared = 0o750 // the group may reach the socket of the commands
	if err := os.MkdirAll(dir, shared); err != nil {
		return fmt.Errorf("make data folder %s: %w; make it yourself or name another with the setting data", dir, err)
	}
	f, err := os.CreateTemp(dir, ".vahta-write-test-*")
	if err != nil {
		return fmt.Errorf("write to data folder %s as user id %d: %w; give that user the folder (chown) or name another with the setting data",
			dir, os.Getuid(), err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// lockFile takes the lock that one serving process holds per database. The
// kernel releases it when the process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, fmt.Errorf("open lock %s: %w; check the owner of the file", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w; another vahta serves from this folder: stop it or name another folder with the setting data", path, err), f.Close())
	}
	return f, nil
}

// enterOpen takes the lock under which processes that share a database open it
// one after the other: making the file and moving its schema bear no company.
// Closing the file lets it go.
func enterOpen(ctx context.Context, path string, patience time.Duration) (*os.File, error) {
	path += ".open"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, fmt.Errorf("open lock %s: %w; check the owner of the folder %s", path, err, filepath.Dir(path))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(busyStep)
	defer again.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for %s, which another process holds: %w", path, context.Cause(ctx)), f.Close())
		}
	}
}
