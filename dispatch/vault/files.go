package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var errNoFiles = errors.New("this vault keeps no attachments")

// hashDigits are those of a SHA-256.
const hashDigits = 2 * sha256.Size

// Put keeps a file of a ticket and returns its entry: the name is what the
// sender calls it, the type is judged by the content.
func (v *Vault) Put(ctx context.Context, ticketID, org, name string, content io.Reader) (dispatch.Attachment, error) {
	a, err := v.put(ctx, ticketID, org, name, content)
	if err != nil {
		return a, fmt.Errorf("keep attachment %q: %w", name, err)
	}
	return a, nil
}

func (v *Vault) put(ctx context.Context, ticketID, org, name string, content io.Reader) (a dispatch.Attachment, err error) {
	if v.deps.Files == nil {
		return a, errNoFiles
	}
	k, err := v.key(ctx, org)
	if err != nil {
		return a, err
	}
	if err := os.MkdirAll(v.cfg.Files, 0o700); err != nil {
		return a, err
	}
	tmp, err := os.CreateTemp(v.cfg.Files, ".in-*")
	if err != nil {
		return a, err
	}
	part := tmp.Name()
	defer func() { err = errors.Join(err, remove(part)) }()
	if err := tmp.Close(); err != nil {
		return a, err
	}
	look := &head{}
	in := &counter{Reader: io.TeeReader(io.LimitReader(content, v.cfg.Largest+1), look)}
	sum, err := encrypt(part, in, k.recipient)
	if err != nil {
		return a, err
	}
	if in.n > v.cfg.Largest {
		return a, fmt.Errorf("%w: at most %d bytes", ErrTooLarge, v.cfg.Largest)
	}
	if err := verify(part, k.identity, sum); err != nil {
		return a, err
	}
	a = dispatch.Attachment{
		Hash: hex.EncodeToString(sum), Org: org, Ticket: ticketID, Name: baseName(name), Type: http.DetectContentType(look.kept), Bytes: in.n,
		At: v.now().UTC().Truncate(time.Microsecond),
	}
	path := v.path(a)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return a, err
	}
	v.work.Lock()
	err = os.Rename(part, path)
	v.work.Unlock()
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err == nil {
		err = v.deps.Files.AddAttachment(ctx, a)
	}
	return a, err
}

// path is where a file lies: by ticket, so that each is sealed by the key of its
// own client, whatever others have sent.
func (v *Vault) path(a dispatch.Attachment) string {
	return filepath.Join(v.cfg.Files, a.Hash[:2], owner(a.Ticket)+"-"+a.Hash+Sealed)
}

// GetFile opens an attachment of a ticket and returns its entry with it.
func (v *Vault) GetFile(ctx context.Context, ticketID, hash string) (dispatch.Attachment, *Reader, error) {
	if v.deps.Files == nil {
		return dispatch.Attachment{}, nil, errNoFiles
	}
	list, err := v.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: ticketID, Hash: hash})
	if err == nil && (len(list) == 0 || len(hash) != hashDigits || !list[0].Erased.IsZero()) {
		err = dispatch.ErrNotFound
	}
	if err != nil {
		return dispatch.Attachment{}, nil, fmt.Errorf("open attachment %s: %w", hash, err)
	}
	a := list[0]
	r, err := v.Read(ctx, strings.TrimSuffix(v.path(a), Sealed), a.Org)
	return a, r, err
}

// Erase removes an attachment; its entry stays, and says so.
func (v *Vault) Erase(ctx context.Context, a dispatch.Attachment) error {
	if v.deps.Files == nil {
		return errNoFiles
	}
	if err := v.Remove(strings.TrimSuffix(v.path(a), Sealed)); err != nil {
		return err
	}
	return v.deps.Files.EraseAttachment(ctx, a.Ticket, a.Hash, v.now().UTC())
}

// everything is more than a record holds.
const everything = 1 << 30

// tidyFiles removes attachments that have been kept long enough.
func (v *Vault) tidyFiles(ctx context.Context) error {
	if v.deps.Files == nil || v.deps.Terms == nil || v.deps.Archive == nil || v.deps.Audit == nil {
		return nil
	}
	list, err := v.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Limit: everything})
	if err != nil {
		return err
	}
	var faults []error
	for _, a := range list {
		if !a.Erased.IsZero() {
			continue
		}
		if id, ok := staged(a); ok {
			done, err := v.adopt(ctx, a)
			if faults = append(faults, err); !done {
				v.await(id)
			}
			continue
		}
		c, err := v.deps.Archive.Load(ctx, a.Ticket)
		if errors.Is(err, dispatch.ErrNotFound) {
			continue
		}
		if err == nil && v.over(c.Ticket, filesOf) {
			err = v.expireFile(ctx, a, c.Ticket)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (v *Vault) expireFile(ctx context.Context, a dispatch.Attachment, t ticket.Ticket) error {
	if err := v.expire(ctx, "attachment "+a.Hash, t); err != nil {
		return err
	}
	return v.Erase(ctx, a)
}

// baseName is a sender's name for a file without the folders in it.
func baseName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	const longest = 200
	if r := []rune(name); len(r) > longest {
		name = string(r[:longest])
	}
	if name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}

// head keeps the beginning of what is written to it.
type head struct{ kept []byte }

func (h *head) Write(p []byte) (int, error) {
	const enough = 512 // what http.DetectContentType looks at
	if left := enough - len(h.kept); left > 0 {
		h.kept = append(h.kept, p[:min(left, len(p))]...)
	}
	return len(p), nil
}

// counter counts what is read through it.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
