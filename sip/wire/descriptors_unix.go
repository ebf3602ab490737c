//go:build unix

package wire

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptors is how many the process may open; 0 = not known. The runtime has raised the soft limit to the hard one.
func descriptors() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || uint64(l.Cur) > math.MaxInt32 { //nolint:unconvert // signed on some systems
		return 0
	}
	return int(l.Cur)
}
