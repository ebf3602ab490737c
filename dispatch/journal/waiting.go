package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Waiting returns how many changes the file at path holds, without opening it
// for use: a node may be at work with it. They are what the database lacks, or
// some of them while they are brought to it. No file is no change.
func Waiting(path string) (changes int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look into the journal: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, errors.Join(fmt.Errorf("look into the journal: %w", err), f.Close())
	}
	_, list, _, err := openFile(osDisk{f, info.Size()}, nil)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("look into the journal %s: %w", path, err), f.Close())
	}
	return len(list), f.Close()
}
