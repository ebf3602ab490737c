package selftest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ReadHistories reads what a server has kept of its lines; nothing when there is no file.
func ReadHistories(path string) ([]History, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read results of self-tests: %w", err)
	}
	var list []History
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read results of self-tests in %s: %w; remove the file, the next tests write it anew", path, err)
	}
	return list, nil
}

// keep writes the histories; a file that cannot be written costs no test.
func (t *Tester) keep() {
	if t.deps.File == "" {
		return
	}
	data, err := json.MarshalIndent(t.Histories(), "", "  ")
	if err == nil {
		err = replace(t.deps.File, data)
	}
	if err != nil {
		t.log.Error("the results of self-tests could not be kept", "err", err)
	}
}

// replace writes a file so that a crash leaves the old one or the new one.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first fault is the one to tell
	}
	return err
}
