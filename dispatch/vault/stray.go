package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// settled is how old a file must be before it counts as one whose entry was not
// written: the entry follows the file within moments.
const settled = time.Hour

// unknownType is the media type of what can not be opened.
const unknownType = "application/octet-stream"

// stray is a sealed file that no entry names.
type stray struct {
	path  string
	owner string // a ticket, or what stands for a signal
	hash  string
	at    time.Time // last change
}

// tidyStrays sees to files that no entry names: what is half written, and sealed
// files whose entry could not be written. Nobody could open those, and no term
// would ever end for them.
func (v *Vault) tidyStrays(ctx context.Context) error {
	if v.deps.Files == nil || v.deps.Archive == nil {
		return nil
	}
	files, err := v.sealedFiles(ctx)
	if err != nil || len(files) == 0 {
		return err
	}
	list, err := v.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Limit: everything})
	if err != nil {
		return err
	}
	named := map[string]bool{} // by path; false = erased
	for _, a := range list {
		named[v.path(a)] = named[v.path(a)] || a.Erased.IsZero()
	}
	var faults []error
	for _, f := range files {
		if alive, known := named[f.path]; !known || !alive {
			faults = append(faults, v.tendStray(ctx, f, known))
		}
	}
	return errors.Join(faults...)
}

// sealedFiles are those that lie there for a while; what is half written for as
// long is removed.
func (v *Vault) sealedFiles(ctx context.Context) (files []stray, err error) {
	err = filepath.WalkDir(v.cfg.Files, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // made with the first file, or removed meanwhile
		}
		if err != nil || d.IsDir() || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		info, err := d.Info()
		if err != nil || v.now().Sub(info.ModTime()) < settled {
			return nil //nolint:nilerr // it is gone, or too young
		}
		if strings.HasPrefix(d.Name(), ".in-") {
			return remove(path) // a crash has left it half written
		}
		if name, ok := strings.CutSuffix(d.Name(), Sealed); ok {
			if i := strings.LastIndexByte(name, '-'); i > 0 && len(name)-i-1 == hashDigits {
				files = append(files, stray{path, name[:i], name[i+1:], info.ModTime()})
			}
		}
		return nil
	})
	return files, err
}

// tendStray gives a file to its ticket, or removes it: it was erased once, or its
// ticket is nowhere.
func (v *Vault) tendStray(ctx context.Context, f stray, erased bool) error {
	if erased {
		return v.expireStray(ctx, f, "it was erased, and kept anew without an entry")
	}
	c, err := v.deps.Archive.Load(ctx, f.owner)
	if errors.Is(err, dispatch.ErrNotFound) {
		if v.now().Sub(f.at) < stageAge {
			return nil // its ticket may still be on its way
		}
		return v.expireStray(ctx, f, "no entry names it, and its ticket is not on record")
	}
	if err != nil {
		return err
	}
	a := dispatch.Attachment{
		Hash: f.hash, Org: c.Ticket.Client.Org, Ticket: f.owner, Name: "found-" + f.hash[:8], At: f.at.UTC().Truncate(time.Microsecond),
	}
	a.Type, a.Bytes, err = v.examine(ctx, f, a.Org)
	if errors.Is(err, ErrDestroyed) { // nobody can open it; its time ends all the same
		a.Type, err = unknownType, nil
	}
	if err == nil {
		err = v.deps.Files.AddAttachment(ctx, a)
	}
	if err != nil {
		return fmt.Errorf("keep %s, which no entry names: %w", filepath.Base(f.path), err)
	}
	v.log.Warn("a file whose entry was lost is an attachment of its ticket again", "ticket", c.Ticket.Number.String(), "file", a.Name)
	return nil
}

// examine opens a file and tells its type and size. What is in it must be what its
// name says.
func (v *Vault) examine(ctx context.Context, f stray, org string) (media string, bytes int64, err error) {
	in, err := v.Read(ctx, strings.TrimSuffix(f.path, Sealed), org)
	if err != nil {
		return "", 0, err
	}
	look, sum := &head{}, sha256.New()
	bytes, err = io.Copy(io.MultiWriter(look, sum), in)
	if err = errors.Join(err, in.Close()); err != nil {
		return "", 0, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.hash {
		return "", 0, errors.New("what is in it is not what its name says; the disk may be failing")
	}
	return http.DetectContentType(look.kept), bytes, nil
}

// expireStray removes a file after it was written into the audit.
func (v *Vault) expireStray(ctx context.Context, f stray, why string) error {
	if v.deps.Audit == nil {
		return nil
	}
	_, err := v.deps.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: v.now().UTC(), By: "vahta", Act: dispatch.ActExpire, Object: "attachment " + f.hash, Reason: why, Node: v.deps.Node,
	})
	if err != nil {
		return fmt.Errorf("write the removal of attachment %s into the audit: %w", f.hash, err)
	}
	v.work.Lock()
	defer v.work.Unlock()
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove attachment %s: %w", f.hash, err)
	}
	return nil
}
