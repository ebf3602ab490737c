//go:build unix

package pressure

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// fileLimit is RLIMIT_NOFILE; the runtime has raised the soft limit to the hard one.
func (m *machine) fileLimit() int64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || uint64(l.Cur) > math.MaxInt32 { //nolint:unconvert // signed on some systems
		return 0
	}
	return int64(l.Cur)
}

// exhausted reports whether a file was not opened because no descriptor is left, in the process or in the system.
func exhausted(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

// disk tells how much may still be written below a folder by an ordinary user, and the size of its file system.
func (m *machine) disk(folder string) (free, size int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, fmt.Errorf("ask for free space of %s: %w", folder, err)
	}
	block := int64(s.Bsize) //nolint:unconvert // 32 bits on some systems
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil
}
