package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// storeReadOnly: the files of the record cannot be written to any more, not even
// through descriptors that are open (chattr +i), and no file can be made beside them.
func storeReadOnly(ctx context.Context, r *rig) error {
	set := func(w *world, on bool) error {
		path := w.nodes[0].record
		var errs []error
		for _, one := range []string{path, path + "-wal", path + "-shm", filepath.Dir(path)} {
			if _, err := os.Stat(one); err == nil {
				errs = append(errs, immutable(one, on))
			}
		}
		return errors.Join(errs...)
	}
	dir := filepath.Join(r.dir, "data-a", "record")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return r.storeDrill(ctx, plan{record: filepath.Join(dir, "vahta.db")}, storeFault{
		name: "read-only",
		begin: func(_ context.Context, w *world) error {
			r.atEnd(func() { _ = set(w, false) }) // else the folder could not be removed
			return set(w, true)
		},
		end: func(_ context.Context, w *world) error { return set(w, false) },
	})
}

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// immutable sets or clears the flag of that name of a file or folder.
func immutable(path string, on bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return fmt.Errorf("%w: make %s read-only: %w", errHere, path, err)
	}
	if on {
		flags |= immutableFlag
	} else {
		flags &^= immutableFlag
	}
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags); err != nil {
		return fmt.Errorf("%w: make %s read-only: %w", errHere, path, err)
	}
	return nil
}

// storeReadOnlyStart: the record's folder is a mount that may only be read when the
// node comes up. (A mount cannot be made so under a program that writes there:
// the kernel refuses.) The rest of the data folder can be written.
func storeReadOnlyStart(ctx context.Context, r *rig) error {
	disk := filepath.Join(r.dir, "data-a", "record")
	if err := os.MkdirAll(disk, 0o750); err != nil {
		return err
	}
	if err := r.mountTmpfs(disk, 64); err != nil {
		return err
	}
	remount := func(flags uintptr) error { return unix.Mount("", disk, "", unix.MS_REMOUNT|flags, "size=64m") }
	return r.storeDrill(ctx, plan{record: filepath.Join(disk, "vahta.db")}, storeFault{
		name:    "read-only at start",
		restart: true,
		begin: func(_ context.Context, w *world) error {
			if _, err := os.Stat(w.nodes[0].record); err != nil {
				return err
			}
			return remount(unix.MS_RDONLY)
		},
		end: func(context.Context, *world) error { return remount(0) },
	})
}
