package locate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxFile bounds what is read of the file.
const maxFile = 1 << 20

// memo is one plan in the file. The file is the SHA-256 of what follows in hex, a line feed, and a JSON list of these.
type memo struct {
	Query Query     `json:"query"`
	Plan  Plan      `json:"plan"`
	At    time.Time `json:"at"`
}

// encode writes plans as the file holds them.
func encode(list []memo) ([]byte, error) {
	body, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write plans: %w", err)
	}
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(hex.EncodeToString(sum[:])), []byte("\n"), body), nil
}

// decode reads what encode wrote; damage is an error.
func decode(data []byte) ([]memo, error) {
	head, body, _ := bytes.Cut(data, []byte("\n"))
	sum := sha256.Sum256(body)
	if string(head) != hex.EncodeToString(sum[:]) {
		return nil, errors.New("its checksum does not fit")
	}
	var list []memo
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// restore reads the file once. Without it, or with a damaged one, DNS has to answer first.
func (l *Locator) restore() {
	l.load.Do(func() {
		if l.deps.File == "" {
			return
		}
		list, err := readFile(l.deps.File)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.deps.Log.Warn("addresses of the last run are not used", "err", err.Error())
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, m := range list {
			if len(m.Plan) > 0 {
				l.saved[m.Query] = entry{plan: m.Plan, at: m.At}
			}
		}
	})
}

func readFile(path string) ([]memo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("read addresses: %s has %d bytes, more than can be right; remove it", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	list, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %s: %w; it is written anew", path, err)
	}
	return list, nil
}

// save writes the plans that DNS has confirmed. Losing a write costs a look-up after the next restart.
func (l *Locator) save() {
	if l.deps.File == "" {
		return
	}
	l.mu.Lock()
	var list []memo
	for q, e := range l.entries {
		if len(e.plan) > 0 && !e.weak {
			list = append(list, memo{Query: q, Plan: e.plan, At: e.at})
		}
	}
	l.mu.Unlock()
	slices.SortFunc(list, func(a, b memo) int { return strings.Compare(fmt.Sprint(a.Query), fmt.Sprint(b.Query)) })
	if err := writeFile(l.deps.File, list); err != nil {
		l.deps.Log.Warn("addresses are not kept for a restart", "err", err.Error())
	}
}

// writeFile replaces the file as a whole.
func writeFile(path string, list []memo) (err error) {
	data, err := encode(list)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write addresses: %w", err), os.Remove(temp.Name()))
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err = errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
