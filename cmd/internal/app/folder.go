package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName is the file in the data folder that the serving process holds locked. The kernel releases it when the process
// ends, however it ends.
const lockName = "vahta.lock"

// takeFolder makes the data folder when it is missing and takes it for this process alone, wherever the database lies.
func takeFolder(data string) (*os.File, error) {
	if err := os.MkdirAll(data, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w; create it, or name another with the setting data", err)
	}
	path := filepath.Join(data, lockName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w; let the user that runs vahta write to it", err)
	}
	return lock(f, "another vahta serves from this folder: stop it or name another folder with the setting data")
}

// lock takes the file for this process, or closes it and says what to do.
func lock(f *os.File, advice string) (*os.File, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w; %s", f.Name(), err, advice), f.Close())
	}
	return f, nil
}

// errNameTaken says that another process serves the database under this node's name.
var errNameTaken = errors.New("the node's name is taken")

// takeName takes the node's name among those who share the database: another process with that name would end this one's
// live calls as if they were its own from before. Any error but errNameTaken says that the folder takes no such file now,
// which proves nothing of the other.
func takeName(database, node string) (*os.File, error) {
	f, err := os.OpenFile(fmt.Sprintf("%s.node-%s", database, node), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take the name of node %q: %w", node, err)
	}
	f, err = lock(f, fmt.Sprintf("another vahta serves this database as node %q: give each its own name with the setting node", node))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNameTaken, err)
	}
	return f, nil
}
