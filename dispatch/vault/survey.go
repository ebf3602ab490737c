package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Survey is how the vault stands on this node.
type Survey struct {
	Enabled    bool      `json:"enabled"`          // recordings are sealed
	Locked     string    `json:"locked,omitempty"` // why nothing can be opened; empty = it can
	Keys       int       `json:"keys"`             // of clients, in force
	Recordings int       `json:"recordings"`
	Files      int       `json:"files"`
	Oldest     time.Time `json:"oldest,omitzero"` // change of a recording
	Clear      int       `json:"clear"`           // recordings of calls that have ended which lie unsealed though they should not
	Overdue    int       `json:"overdue"`         // kept longer than the contract says
	Shut       []string  `json:"shut,omitempty"`  // what can not be opened, at most a few
	ShutAll    int       `json:"shut_all,omitempty"`
	Missing    int       `json:"missing,omitempty"` // files of the index that do not lie here
}

// fewShut is how many names of what can not be opened are told.
const fewShut = 3

// Survey looks at everything that is kept on this node: every sealed file is opened. It changes nothing.
func (v *Vault) Survey(ctx context.Context) (Survey, error) {
	s := Survey{Enabled: v.cfg.Enabled}
	if err := v.Locked(); err != nil {
		s.Locked = err.Error()
	}
	keys, err := v.deps.Keys.ListSealKeys(ctx)
	if err != nil {
		return s, fmt.Errorf("look at the vault: %w", err)
	}
	for _, k := range keys {
		if k.Destroyed.IsZero() {
			s.Keys++
		}
	}
	if err := errors.Join(v.surveyRecordings(ctx, &s), v.surveyFiles(ctx, &s)); err != nil {
		return s, fmt.Errorf("look at the vault: %w", err)
	}
	return s, nil
}

func (v *Vault) surveyRecordings(ctx context.Context, s *Survey) error {
	if v.deps.Recordings == "" || v.deps.Archive == nil {
		return nil
	}
	return filepath.WalkDir(v.deps.Recordings, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil // made with the first recording
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		r, ok := recordingOf(path, d)
		if !ok || strings.HasSuffix(path, ".part") {
			return nil
		}
		return v.surveyRecording(ctx, s, r)
	})
}

func (v *Vault) surveyRecording(ctx context.Context, s *Survey, r recording) error {
	s.Recordings++
	if s.Oldest.IsZero() || r.at.Before(s.Oldest) {
		s.Oldest = r.at
	}
	t, err := v.ticketOf(ctx, r.number)
	if err == nil && v.over(t, recordingsOf) {
		s.Overdue++
	}
	if errors.Is(err, dispatch.ErrAway) {
		return err
	}
	if r.sealed {
		v.try(ctx, s, r.path, t.Client.Org)
		return nil
	}
	if c, err := v.deps.Archive.Call(ctx, r.call); v.cfg.Enabled && err == nil && !c.EndedAt.IsZero() {
		s.Clear++
	}
	return nil
}

func (v *Vault) surveyFiles(ctx context.Context, s *Survey) error {
	if v.deps.Files == nil || v.deps.Archive == nil {
		return nil
	}
	list, err := v.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Limit: everything})
	if err != nil {
		return err
	}
	for _, a := range list {
		if !a.Erased.IsZero() {
			continue
		}
		s.Files++
		if c, err := v.deps.Archive.Load(ctx, a.Ticket); err == nil && v.over(c.Ticket, filesOf) {
			s.Overdue++
		}
		v.try(ctx, s, strings.TrimSuffix(v.path(a), Sealed), a.Org)
	}
	return nil
}

// try opens a sealed file; path is its name in the clear.
func (v *Vault) try(ctx context.Context, s *Survey, path, org string) {
	if s.Locked != "" {
		return
	}
	r, err := v.Read(ctx, path, org)
	if err == nil {
		_ = r.Close() // only opened
		return
	}
	if errors.Is(err, fs.ErrNotExist) {
		s.Missing++
		return
	}
	if s.ShutAll++; len(s.Shut) < fewShut {
		s.Shut = append(s.Shut, filepath.Base(path))
	}
}

func recordingsOf(t Term) time.Duration { return t.Recordings }
func filesOf(t Term) time.Duration      { return t.Attachments }

// KeyMade reports whether the file of the master key is there; to open the
// vault without one makes it, where nothing was sealed yet.
func (v *Vault) KeyMade() bool {
	_, err := os.Stat(v.cfg.Key)
	return err == nil
}
