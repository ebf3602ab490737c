package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// private is the mode of the file: it holds personal data.
const private = 0o600

// osDisk is a file of a fixed size.
type osDisk struct {
	*os.File
	size int64
}

// Sync makes written data durable. The size never changes, so data is all there is.
func (d osDisk) Sync() error { return unix.Fdatasync(int(d.Fd())) }

// Size returns the size in bytes.
func (d osDisk) Size() int64 { return d.size }

// openDisk opens the file for this process alone, making it when it is missing
// and enlarging it when size is more than it has.
func openDisk(path string, size int64) (osDisk, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeDisk(path, size); err != nil {
			return osDisk{}, err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR, private)
	if err != nil {
		return osDisk{}, fmt.Errorf("open %s: %w; check the owner of the file", path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return osDisk{}, errors.Join(fmt.Errorf("lock %s: %w; another vahta uses it: give each node a data folder of its own", path, err), f.Close())
	}
	info, err := f.Stat()
	if err != nil {
		return osDisk{}, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	d := osDisk{f, info.Size()}
	if d.size < size {
		if err := zero(f, d.size, size); err != nil && d.size < headRoom+mebibyte/2 {
			return osDisk{}, errors.Join(fmt.Errorf("enlarge %s to %d MiB: %w; make room on the disk", path, size/mebibyte, err), f.Close())
		} else if err == nil {
			d.size = size
		}
	}
	return d, nil
}

// makeDisk makes the file whole or not at all.
func makeDisk(path string, size int64) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".journal-*")
	if err != nil {
		return fmt.Errorf("make %s: %w; give vahta's user the folder", path, err)
	}
	fill := func() error {
		if err := zero(f, 0, size); err != nil {
			return fmt.Errorf("make %s of %d MiB: %w; make room on the disk or set a smaller journal.size", path, size/mebibyte, err)
		}
		for serial := range uint64(2) {
			b, err := encodeHead(head{Serial: serial, Gen: 1})
			if err != nil {
				return err
			}
			if _, err := f.WriteAt(b, int64(serial)*headSize); err != nil {
				return fmt.Errorf("make %s: %w", path, err)
			}
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
		return os.Rename(f.Name(), path)
	}
	if err := errors.Join(fill(), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // renamed, or half made
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// zero takes the room of the file and writes it once, so that a later sync
// finds its blocks in place.
func zero(f *os.File, from, to int64) error {
	if err := unix.Fallocate(int(f.Fd()), 0, from, to-from); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	blank := make([]byte, mebibyte)
	for at := from; at < to; at += mebibyte {
		if _, err := f.WriteAt(blank[:min(mebibyte, to-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// moveDamaged renames a file that cannot be read, so that people can look at it.
func moveDamaged(path string) (string, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
			return to, os.Rename(path, to)
		}
	}
}
