package dispatch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// localCopy is the file that a node keeps of the directory: what is in force,
// and which configuration the node had when it was written.
type localCopy struct {
	Version    Version `json:"version"`
	Configured string  `json:"configured"` // hash of the configuration's own definition
	Body       []byte  `json:"body"`       // as Encode made it
	Sum        string  `json:"sum"`        // SHA-256 of all above
}

// errDamaged says that a local copy is not what was written.
var errDamaged = errors.New("the file is damaged: its checksum does not fit")

func (c localCopy) sum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%q\n%s\n", c.Version.Hash, c.Version.MadeAt.UnixMicro(), c.Version.Node, c.Configured)
	h.Write(c.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// readCopy reads a local copy; errors.Is(err, os.ErrNotExist) when there is none.
func readCopy(path string) (c localCopy, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return localCopy{}, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	if c.Sum != c.sum() || hashOf(c.Body) != c.Version.Hash {
		return localCopy{}, errDamaged
	}
	return c, nil
}

// writeCopy replaces a local copy at once: after a crash there is the old one
// or the new one.
func writeCopy(path string, c localCopy) (err error) {
	c.Sum = c.sum()
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// hashOf names a body.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
