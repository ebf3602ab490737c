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
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Archive is what the vault asks of calls and tickets.
type Archive interface {
	Call(ctx context.Context, id string) (dispatch.CallRecord, error)
	Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error)
	Load(ctx context.Context, ticketID string) (dispatch.Case, error)
	Signal(ctx context.Context, id dispatch.SignalID) (dispatch.Signal, dispatch.Taken, error)
}

// Audit takes what is removed, before it is.
type Audit interface {
	WriteAudit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error)
}

// Term is how long things of an organisation are kept after the ticket was
// closed; 0 = for good. While Hold is set nothing is removed.
type Term struct {
	Recordings, Attachments time.Duration
	Hold                    bool
}

// Terms returns the term of an organisation by its id.
type Terms func(org string) Term

// feedRoom is how many unread events of the feed wait; what is missed is found
// by the next look through the folder.
const feedRoom = 64

// again is how soon a vault that is locked is tried anew.
const again = 5 * time.Second

// Run seals recordings when their calls have ended, and removes what has been
// kept long enough, until ctx ends.
func (v *Vault) Run(ctx context.Context, feed *dispatch.Feed) error {
	sub := feed.Subscribe(feedRoom)
	defer sub.Close()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-sub.Events():
			if !ok {
				return nil
			}
			if v.cfg.Enabled && e.Kind == string(ticket.KindCallEnded) && e.Call != "" {
				v.ended(ctx, e.Call)
			}
			v.adoptWaiting(ctx)
		case <-next.C:
			v.Tidy(ctx)
			next.Reset(v.cfg.Every)
			if v.Locked() != nil {
				next.Reset(again)
			}
		}
	}
}

// ended seals the recording of a call that has ended.
func (v *Vault) ended(ctx context.Context, call string) {
	if v.deps.Archive == nil {
		return
	}
	c, err := v.deps.Archive.Call(ctx, call)
	if err != nil || c.Detail.Recording.Path == "" || !v.inside(c.Detail.Recording.Path) {
		return // the next look finds what there is
	}
	if err := v.SealCall(ctx, c); err != nil && ctx.Err() == nil {
		v.log.Error("a recording lies open on the disk; it is tried again", "call_id", call, "err", err)
	}
}

// SealCall seals the recording of a call by the key of its ticket's organisation.
func (v *Vault) SealCall(ctx context.Context, c dispatch.CallRecord) error {
	return v.Seal(ctx, c.Detail.Recording.Path, v.orgOf(ctx, c.Ref.Number))
}

// ReadCall opens the recording of a call.
func (v *Vault) ReadCall(ctx context.Context, c dispatch.CallRecord) (*Reader, error) {
	if c.Detail.Recording.Path == "" {
		return nil, fmt.Errorf("call %s has no recording: %w", c.ID, dispatch.ErrNotFound)
	}
	if at := c.Detail.Recording.Erased; !at.IsZero() {
		return nil, fmt.Errorf("the recording of call %s was erased on %s: %w", c.ID, at.Format(time.DateOnly), dispatch.ErrNotFound)
	}
	r, err := v.Read(ctx, c.Detail.Recording.Path, v.orgOf(ctx, c.Ref.Number))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the recording of call %s is not on this node: the time for which it is kept is over, or node %q has it: %w", c.ID, c.Node, dispatch.ErrNotFound)
	}
	return r, err
}

// HasCall reports whether the recording of a call lies in the folder of this node, sealed or not.
func (v *Vault) HasCall(c dispatch.CallRecord) bool {
	path := c.Detail.Recording.Path
	if path == "" || !v.inside(path) {
		return false
	}
	for _, name := range []string{path, path + Sealed, path + Sealed + ".part"} {
		if _, err := os.Stat(name); err == nil {
			return true
		}
	}
	return false
}

// EraseCall destroys the recording of a call, sealed or not. Whoever asks has written it into the audit.
func (v *Vault) EraseCall(c dispatch.CallRecord) error {
	if !v.HasCall(c) {
		return fmt.Errorf("erase the recording of call %s: it does not lie in the folder of this node: %w", c.ID, dispatch.ErrNotFound)
	}
	return v.Remove(c.Detail.Recording.Path)
}

// orgOf returns whose a ticket is; empty = nobody knows.
func (v *Vault) orgOf(ctx context.Context, number string) string {
	t, err := v.ticketOf(ctx, number)
	if err != nil {
		return ""
	}
	return t.Client.Org
}

func (v *Vault) ticketOf(ctx context.Context, number string) (ticket.Ticket, error) {
	if v.deps.Archive == nil {
		return ticket.Ticket{}, dispatch.ErrNotFound
	}
	n, err := ticket.ParseNumber(number)
	if err != nil {
		return ticket.Ticket{}, err
	}
	return v.deps.Archive.Find(ctx, n)
}

// inside reports whether a path lies in the folder of recordings.
func (v *Vault) inside(path string) bool {
	if v.deps.Recordings == "" {
		return false
	}
	folder, err := filepath.Abs(v.deps.Recordings)
	if err != nil {
		return false
	}
	if path, err = filepath.Abs(path); err != nil {
		return false
	}
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// recording is a file in the folder of recordings: <ticket number>-<call>.wav.
type recording struct {
	path   string // in the clear
	number string
	call   string
	sealed bool
	at     time.Time // last change
}

// idle is how long nothing was written to a recording whose call nobody has on
// record before it counts as ended.
const idle = 24 * time.Hour

// Tidy looks through the folders once: it seals what lies open of calls that
// have ended, takes away what a crash has left half made, and removes what has
// been kept long enough.
func (v *Vault) Tidy(ctx context.Context) {
	if was := v.Locked(); was != nil {
		if err := v.Open(ctx); err != nil { // the file may be back
			if ctx.Err() == nil && !errors.Is(err, dispatch.ErrAway) && v.Locked().Error() != was.Error() {
				v.log.Error("recordings lie open on the disk until the vault can be opened", "err", err)
			}
			return
		}
	}
	if err := v.tidyRecordings(ctx); err != nil && ctx.Err() == nil {
		v.log.Error("not all recordings were looked at; it is tried again", "err", err)
	}
	if err := v.tidyStrays(ctx); err != nil && ctx.Err() == nil {
		v.log.Error("files that no entry names were not all seen to; it is tried again", "err", err)
	}
	if err := v.tidyFiles(ctx); err != nil && ctx.Err() == nil {
		v.log.Error("not all attachments were looked at; it is tried again", "err", err)
	}
}

func (v *Vault) tidyRecordings(ctx context.Context) error {
	if v.deps.Recordings == "" {
		return nil
	}
	var faults []error
	err := filepath.WalkDir(v.deps.Recordings, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // made with the first recording
		case err != nil:
			return err
		case ctx.Err() != nil:
			return fs.SkipAll
		case d.IsDir():
			return nil
		}
		if r, ok := recordingOf(path, d); ok {
			if err := v.tend(ctx, r); err != nil {
				faults = append(faults, err)
			}
		}
		return nil
	})
	return errors.Join(append(faults, err)...)
}

// recordingOf reads the name of a file; ok is false for what is no recording.
func recordingOf(path string, d fs.DirEntry) (r recording, ok bool) {
	r.path = strings.TrimSuffix(path, ".part")
	r.path, r.sealed = strings.CutSuffix(r.path, Sealed)
	name, ok := strings.CutSuffix(filepath.Base(r.path), ".wav")
	if !ok {
		return r, false
	}
	if strings.HasSuffix(path, ".part") {
		r.sealed = false
	}
	if info, err := d.Info(); err == nil {
		r.at = info.ModTime()
	}
	parts := strings.SplitN(name, "-", 4) // VH-26-004213-CALL, or no-ticket-CALL
	if len(parts) == 4 && parts[0] == "VH" {
		r.number, r.call = strings.Join(parts[:3], "-"), parts[3]
	} else if rest, found := strings.CutPrefix(name, "no-ticket-"); found {
		r.call = rest
	}
	return r, r.call != ""
}

// tend does what one recording needs: it goes when its person asked for that or its time is over, else it is sealed when its call
// has ended.
func (v *Vault) tend(ctx context.Context, r recording) error {
	if v.deps.Archive == nil {
		return nil
	}
	c, err := v.deps.Archive.Call(ctx, r.call)
	switch {
	case errors.Is(err, dispatch.ErrNotFound):
		if !r.sealed && v.now().Sub(r.at) < idle {
			return nil // it may be on record soon
		}
	case err != nil:
		return err
	case !c.Detail.Recording.Erased.IsZero():
		return v.Remove(r.path) // the audit has it since then
	case c.EndedAt.IsZero():
		return nil
	}
	if over, err := v.recordingOver(ctx, r); over || err != nil {
		return err
	}
	if r.sealed || !v.cfg.Enabled {
		return nil
	}
	return v.Seal(ctx, r.path, v.orgOf(ctx, r.number))
}

// recordingOver removes a recording that has been kept long enough.
func (v *Vault) recordingOver(ctx context.Context, r recording) (over bool, err error) {
	t, err := v.ticketOf(ctx, r.number)
	if errors.Is(err, dispatch.ErrNotFound) || r.number == "" {
		return false, nil
	}
	if err != nil || !v.over(t, recordingsOf) {
		return false, err
	}
	if err := v.expire(ctx, "recording "+filepath.Base(r.path), t); err != nil {
		return true, err
	}
	return true, v.Remove(r.path)
}

// over reports whether what belongs to a ticket has been kept long enough.
func (v *Vault) over(t ticket.Ticket, of func(Term) time.Duration) bool {
	if v.deps.Terms == nil || v.deps.Audit == nil || t.Open() {
		return false
	}
	term := v.deps.Terms(t.Client.Org)
	ended := time.Time{}
	for stage, at := range t.Stamps {
		if stage.Final() && at.After(ended) {
			ended = at
		}
	}
	return !term.Hold && of(term) > 0 && !ended.IsZero() && v.now().Sub(ended) >= of(term)
}

// expire writes into the audit that something goes because of its age.
func (v *Vault) expire(ctx context.Context, object string, t ticket.Ticket) error {
	_, err := v.deps.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: v.now().UTC(), By: "vahta", Act: dispatch.ActExpire, Object: object, Ticket: t.Number.String(),
		Reason: "the time for which the contract keeps it is over", Node: v.deps.Node,
	})
	if err != nil {
		return fmt.Errorf("write the removal of %s into the audit: %w", object, err)
	}
	return nil
}
