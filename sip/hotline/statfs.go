//go:build unix

package hotline

import (
	"fmt"
	"os"
	"syscall"
)

// freeSpace returns the bytes that we may still write on the file system of a folder.
func freeSpace(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("ask free space: %w", &os.PathError{Op: "statfs", Path: folder, Err: err})
	}
	return s.Bavail * uint64(s.Bsize), nil
}
