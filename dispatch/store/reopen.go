package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// reopenEvery is the least time between two tries to open a file that was put
// in the place of a deleted one.
const reopenEvery = 500 * time.Millisecond

// errAnew says that a new connection of the writer had the old fault: SQLite
// shares what it knows of a file among all connections of a process, also that
// it could only be read when one of them was opened. All are opened anew.
var errAnew = errors.New("the connections are to be opened anew")

// ready implements database: a connection to the file at the path.
func (f file) ready(ctx context.Context, w *writer) error {
	err := f.gone()
	if f.write == nil && err == nil {
		err = errGone // a try to open it again has stopped half-way
	}
	if f.stale && err == nil {
		err = errAnew
	}
	if err != nil && !f.unused(w) {
		w.drop()
		if err := f.reopen(ctx, err); err != nil && (f.write == nil || !errors.Is(err, errAnew)) {
			return err
		}
	}
	if w.conn != nil {
		return nil
	}
	if err := w.connect(ctx, f.write); err != nil {
		return err
	}
	// Were there no other connections, SQLite has made new companions.
	opened, err := look(f.cfg.Path)
	if err != nil {
		w.drop()
		return err
	}
	if os.SameFile(opened[0], f.files.Load()[0]) {
		f.files.Store(opened)
	}
	return nil
}

// unused reports that no connection of this process is open and that the
// database is still the same file: SQLite removes the companions with the last
// connection and makes them again.
func (s *SQL) unused(w *writer) bool {
	f := s.files.Load()
	if f == nil || s.stale || s.write == nil || w.conn != nil || s.read.Load().Stats().OpenConnections > 0 {
		return false
	}
	info, err := os.Stat(s.cfg.Path)
	return err == nil && os.SameFile(info, f[0])
}

// reopen opens the file that stands at the path in place of the one that was
// deleted. It must be a database of vahta: an empty one would hide the loss.
func (s *SQL) reopen(ctx context.Context, gone error) error {
	info, err := os.Stat(s.cfg.Path)
	if err != nil || info.Size() == 0 || time.Since(s.tried) < reopenEvery {
		return gone
	}
	s.tried = time.Now()
	alone, err := enterOpen(ctx, s.cfg.Path, reopenEvery)
	if err != nil {
		return errors.Join(gone, err)
	}
	defer alone.Close() //nolint:errcheck // nothing was written to it
	if err := s.detach(); err != nil {
		return errors.Join(gone, err)
	}
	was := s.files.Load()
	replaced := was != nil && !os.SameFile(info, was[0])
	if replaced {
		if err := s.setAside(was); err != nil {
			return errors.Join(gone, err)
		}
	}
	s.files.Store(nil)
	if err := s.attach(ctx); err != nil {
		if s.write != nil {
			err = errors.Join(err, s.write.Close())
			s.write = nil
		}
		return errors.Join(gone, err)
	}
	s.stale = false
	if replaced {
		s.log.Warn("the database file was replaced and is opened anew; what was stored in the lost one alone is not in it", "path", s.cfg.Path)
	}
	return nil
}

// detach closes all connections. As long as one is open, SQLite in this process
// would use its companions for the new ones too. When only companions are lost,
// the last to close brings what they hold into the database.
func (s *SQL) detach() error {
	if s.write != nil {
		_ = s.write.Close() // of the lost file
		s.write = nil
	}
	read := s.read.Load()
	_ = read.Close() // readers that come meanwhile are refused
	again, enough := time.NewTicker(busyStep), time.NewTimer(reopenEvery)
	defer again.Stop()
	defer enough.Stop()
	for read.Stats().OpenConnections > 0 {
		select {
		case <-again.C:
		case <-enough.C:
			return errors.New("a question to the lost database has not ended")
		}
	}
	return nil
}

// setAside moves the companions of the lost file out of the way of the new one:
// they hold pages of the old one, which would damage it.
func (s *SQL) setAside(was *files) error {
	for i, part := range parts[1:] {
		p := s.cfg.Path + part
		if info, err := os.Stat(p); err != nil || !os.SameFile(info, was[i+1]) {
			continue // put there together with the new file
		}
		if err := os.Rename(p, fmt.Sprintf("%s.lost-%s", p, s.now().UTC().Format("20060102T150405"))); err != nil {
			return fmt.Errorf("move the companion of the lost database away: %w", err)
		}
	}
	return nil
}
