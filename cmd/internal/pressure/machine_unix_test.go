//go:build unix

package pressure

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoDescriptorLeft: a process that cannot even open the list of its descriptors has used all of them.
func TestNoDescriptorLeft(t *testing.T) { //nolint:paralleltest // leaves the process no descriptor
	m := tree(t, map[string]string{"proc/self/fd": ""}) // a size of 0, as before Linux 6.2
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = 100
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var held []*os.File
	var err error
	for err == nil {
		var f *os.File
		if f, err = os.Open(os.DevNull); err == nil {
			held = append(held, f)
		}
	}
	used := m.files()
	for _, f := range held {
		_ = f.Close()
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if used != 100 || len(held) == 0 {
		t.Errorf("%d of 100 descriptors count as used after %d more and %v", used, len(held), err)
	}
}
