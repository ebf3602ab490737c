package desk

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// Files answers the commands about files of tickets. A ticket is named by its number or id.
type Files interface {
	// List returns the files of a ticket, those that are gone too.
	List(ctx context.Context, ticket string) ([]dispatch.Attachment, error)
	// Save writes a file out, named by its name or the beginning of its hash; by and why are written into the audit before.
	Save(ctx context.Context, ticket, name, by, why string, to io.Writer) (dispatch.Attachment, error)
	// Survey looks at all that the vault keeps on this node; it changes nothing.
	Survey(ctx context.Context) (vault.Survey, error)
}

// LocalFiles is the files of tickets in this process.
type LocalFiles struct {
	Vault   *vault.Vault
	Index   dispatch.Attachments
	Audit   dispatch.Audit
	Tickets interface {
		Ticket(ctx context.Context, idOrNumber string) (ticket.Ticket, error)
	}
	Node string
	Now  func() time.Time // nil = time.Now
}

var _ Files = (*LocalFiles)(nil)

// mostFiles bounds a list: more than a ticket has.
const mostFiles = 10_000

// List implements Files.
func (l *LocalFiles) List(ctx context.Context, name string) ([]dispatch.Attachment, error) {
	t, err := l.Tickets.Ticket(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.Index.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: t.ID, Limit: mostFiles})
}

// Save implements Files.
func (l *LocalFiles) Save(ctx context.Context, number, name, by, why string, to io.Writer) (dispatch.Attachment, error) {
	t, err := l.Tickets.Ticket(ctx, number)
	if err != nil {
		return dispatch.Attachment{}, err
	}
	list, err := l.Index.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: t.ID, Limit: mostFiles})
	if err != nil {
		return dispatch.Attachment{}, err
	}
	a, err := choose(list, name)
	if err != nil {
		return a, fmt.Errorf("ticket %s: %w", t.Number, err)
	}
	if l.Vault.Locked() != nil {
		_ = l.Vault.Open(ctx) // what is wrong is told when the file is opened
	}
	_, in, err := l.Vault.GetFile(ctx, t.ID, a.Hash)
	if err != nil {
		return a, err
	}
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	_, err = l.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: now().UTC(), By: by, Channel: dispatch.ChannelCLI, Act: dispatch.ActOpenFile, Object: "attachment " + a.Hash, Ticket: t.Number.String(), Reason: why, Node: l.Node,
	})
	if err == nil {
		_, err = io.Copy(to, in)
	} else {
		err = fmt.Errorf("nobody opens a file without a line in the audit: %w", err)
	}
	return a, errors.Join(err, in.Close())
}

// Survey implements Files.
func (l *LocalFiles) Survey(ctx context.Context) (vault.Survey, error) {
	if l.Vault.Locked() != nil && l.Vault.KeyMade() {
		_ = l.Vault.Open(ctx) // the survey says what is wrong
	}
	return l.Vault.Survey(ctx)
}

// choose finds a file by its name, or by the beginning of its hash.
func choose(list []dispatch.Attachment, name string) (found dispatch.Attachment, err error) {
	const shortest = 6 // digits of a hash
	n := 0
	for _, a := range list {
		if a.Erased.IsZero() && (a.Name == name || len(name) >= shortest && strings.HasPrefix(a.Hash, name)) {
			found = a
			n++
		}
	}
	switch n {
	case 0:
		return found, fmt.Errorf("it has no file %q; list them without a name: %w", name, dispatch.ErrNotFound)
	case 1:
		return found, nil
	}
	return found, fmt.Errorf("it has %d files %q; name one by its hash", n, name)
}

type (
	fileWish struct {
		Name string `json:"name"`
		By   string `json:"by"`
		Why  string `json:"why"`
	}
	savedFile struct {
		File dispatch.Attachment `json:"file"`
		Data string              `json:"data"` // base64
	}
)

// HandleFiles serves the files of tickets on the control socket besides the rest.
func HandleFiles(rest http.Handler, f Files) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /tickets/{id}/files", answer(func(r *http.Request, _ struct{}) (any, error) { return f.List(r.Context(), r.PathValue("id")) }))
	mux.HandleFunc("POST /vault", answer(func(r *http.Request, _ struct{}) (any, error) { return f.Survey(r.Context()) }))
	mux.HandleFunc("POST /tickets/{id}/files/save", answer(func(r *http.Request, w fileWish) (any, error) {
		var data limited
		a, err := f.Save(r.Context(), r.PathValue("id"), w.Name, w.By, w.Why, &data)
		return savedFile{a, base64.StdEncoding.EncodeToString(data.kept)}, err
	}))
	return mux
}

// RemoteFiles is the files of a running server, behind its control socket.
type RemoteFiles struct{ remote *Remote }

var _ Files = RemoteFiles{}

// List implements Files.
func (f RemoteFiles) List(ctx context.Context, ticket string) ([]dispatch.Attachment, error) {
	return ask[[]dispatch.Attachment](ctx, f.remote, "/tickets/"+url.PathEscape(ticket)+"/files", struct{}{})
}

// Save implements Files.
func (f RemoteFiles) Save(ctx context.Context, ticket, name, by, why string, to io.Writer) (dispatch.Attachment, error) {
	got, err := ask[savedFile](ctx, f.remote, "/tickets/"+url.PathEscape(ticket)+"/files/save", fileWish{name, by, why})
	if err != nil {
		return got.File, err
	}
	_, err = io.Copy(to, base64.NewDecoder(base64.StdEncoding, bytes.NewReader([]byte(got.Data))))
	return got.File, err
}

// Survey implements Files.
func (f RemoteFiles) Survey(ctx context.Context) (vault.Survey, error) {
	return ask[vault.Survey](ctx, f.remote, "/vault", struct{}{})
}

// OpenFiles returns the files of the data folder: through the running server, or else through what onRecord makes of the record
// itself. The function it returns must be called when done.
func OpenFiles(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Files, error)) (Files, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Files { return RemoteFiles{r} }, onRecord)
}
