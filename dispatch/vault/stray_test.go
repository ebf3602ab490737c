package vault

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// deafIndex is an index that takes no entries.
type deafIndex struct{ dispatch.Attachments }

func (deafIndex) AddAttachment(context.Context, dispatch.Attachment) error { return dispatch.ErrAway }

// lose keeps a file whose entry can not be written, and returns where it lies.
func (r *rig) lose(ticketID, org, content string) string {
	r.Helper()
	deps := r.deps
	deps.Files = deafIndex{r.mem}
	v, err := New(r.cfg, deps)
	r.must(err)
	r.must(v.Open(r.Context()))
	a, err := v.Put(r.Context(), ticketID, org, "акт.txt", strings.NewReader(content))
	if !errors.Is(err, dispatch.ErrAway) {
		r.Errorf("kept without an entry: %v", err)
	}
	path := v.path(a)
	r.must(os.Chtimes(path, r.now, r.now))
	return path
}

// A file whose entry could not be written is found by the next look, belongs to
// its ticket again, and goes when the contract says, as any other does.
func TestFileWithoutAnEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	r.call("c1", "RIFF", true)
	r.term.Attachments = 24 * time.Hour
	path := r.lose("t1", "romashka", "договор")
	half := filepath.Join(r.cfg.Files, ".in-1")
	r.must(os.WriteFile(half, []byte("x"), 0o600))
	r.must(os.Chtimes(half, r.now, r.now))
	after := r.opened()
	after.Tidy(ctx)
	entries := func() []dispatch.Attachment {
		list, err := r.mem.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: "t1"})
		r.must(err)
		return list
	}
	if len(entries()) != 0 || !r.there(half) {
		t.Error("what is being written was taken for lost")
	}
	r.now = t0.Add(settled)
	after.Tidy(ctx)
	list := entries()
	if len(list) != 1 || list[0].Org != "romashka" || list[0].Bytes != int64(len("договор")) || !strings.HasPrefix(list[0].Type, "text/plain") || r.there(half) {
		t.Fatalf("entries %+v, half a file is there: %v", list, r.there(half))
	}
	_, f, err := after.GetFile(ctx, "t1", list[0].Hash)
	r.must(err)
	got, err := io.ReadAll(f)
	r.must(errors.Join(err, f.Close()))
	if string(got) != "договор" {
		t.Errorf("%q", got)
	}
	r.close(r.now)
	r.now = r.now.Add(25 * time.Hour)
	after.Tidy(ctx)
	if r.there(path) || entries()[0].Erased.IsZero() {
		t.Error("it does not expire")
	}
}

// What belongs to no ticket, or was erased, goes, and the audit says why; without
// the audit nothing goes.
func TestStrayFilesGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ticket      string
		first, then func(r *rig) // before the file is there, and after
		after       time.Duration
		why         string // empty = it stays
	}{
		"of a ticket that may come":     {"t9", nil, nil, 24 * time.Hour, ""},
		"of a ticket that is nowhere":   {"t9", nil, nil, stageAge, "its ticket is not on record"},
		"of which an entry says erased": {"t1", func(r *rig) { r.erased("договор") }, nil, settled, "it was erased"},
		"without an audit":              {"t9", nil, func(r *rig) { r.deps.Audit = failing{} }, stageAge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.call("c1", "RIFF", true)
			if c.first != nil {
				c.first(r)
			}
			path := r.lose(c.ticket, "romashka", "договор")
			if c.then != nil {
				c.then(r)
			}
			r.now = t0.Add(c.after)
			r.opened().Tidy(t.Context())
			log, err := r.mem.AuditTrail(t.Context(), dispatch.AuditFilter{Act: dispatch.ActExpire})
			r.must(err)
			said := len(log) == 1 && strings.Contains(log[0].Reason, c.why)
			if gone := !r.there(path); gone != (c.why != "") || gone && !said {
				t.Errorf("gone %v, audit %+v", gone, log)
			}
		})
	}
}

// What can not be opened any more has an entry, too, so that its time ends.
func TestStrayOfADestroyedKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.call("c1", "RIFF", true)
	r.lose("t1", "romashka", "договор")
	r.must(r.v.Destroy(t.Context(), "romashka"))
	r.now = t0.Add(settled)
	r.opened().Tidy(t.Context())
	list, err := r.mem.ListAttachments(t.Context(), dispatch.AttachmentFilter{Ticket: "t1"})
	r.must(err)
	if len(list) != 1 || list[0].Type != unknownType {
		t.Errorf("%+v", list)
	}
}

// erased keeps a file of the ticket and erases it.
func (r *rig) erased(content string) {
	r.Helper()
	a, err := r.v.Put(r.Context(), "t1", "romashka", "акт.txt", strings.NewReader(content))
	r.must(err)
	r.must(r.v.Erase(r.Context(), a))
}
