package sms

import (
	"cmp"
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

// kept is a part that waits in the spool for the others.
type kept struct {
	Account string    `json:"account"`
	At      time.Time `json:"at"` // when it came
	Raw     []byte    `json:"raw"`

	id string // its file's name: what it says
}

// spool keeps parts of texts in a folder, each in a file that is synced.
type spool struct{ dir string }

const partFile = ".part"

// keep makes a part durable. One that is there already keeps the time at which it came first.
func (s spool) keep(p kept) error {
	path := filepath.Join(s.dir, p.id+partFile)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("keep a part of an SMS: %w", err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("keep a part of an SMS: %w", err)
	}
	if err := written(path+".new", b); err != nil {
		return fmt.Errorf("keep a part of an SMS: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keep a part of an SMS: %w", err)
	}
	return s.sync()
}

// written writes a file that survives a loss of power.
func written(path string, b []byte) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}

// sync makes the names of the folder durable.
func (s spool) sync() (err error) {
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("sync the spool of SMS: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}

// drop forgets parts. One that stays by a fault is handed over again after a restart, as the same signal.
func (s spool) drop(ids []string) error {
	var faults []error
	for _, id := range ids {
		if err := os.Remove(filepath.Join(s.dir, id+partFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// load reads the parts that are kept, by the time at which they came. A file that can not be read is named and left where it is.
func (s spool) load() (list []kept, err error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var faults []error
	if err != nil {
		return nil, fmt.Errorf("read the spool of SMS: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), partFile)
		if !ok {
			continue // a write that broke off; its part was not acknowledged
		}
		b, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		p := kept{id: id}
		if err == nil {
			err = json.Unmarshal(b, &p)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("read part %s of an SMS: %w", e.Name(), err))
			continue
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b kept) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.id, b.id)) })
	return list, errors.Join(faults...)
}

// nameOf names what was said: a repeat has the same name.
func nameOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
