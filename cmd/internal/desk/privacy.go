package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/privacy"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Privacy answers for what is kept of one person; a *privacy.Privacy is one.
type Privacy interface {
	// Plan says what an erasure would do; nothing is done.
	Plan(ctx context.Context, d privacy.Demand) (privacy.Plan, error)
	Erase(ctx context.Context, d privacy.Demand) (privacy.Erased, error)
	// Takeout writes the archive of a person.
	Takeout(ctx context.Context, d privacy.Demand, language string, to io.Writer) (privacy.Holdings, error)
}

var _ Privacy = (*privacy.Privacy)(nil)

// takeout asks for an archive on the socket.
type takeout struct {
	privacy.Demand

	Language string `json:"language"`
}

// sizes is what the socket tells of an archive, after it.
const sizes = "Vahta-Takeout"

// HandlePrivacy serves what is kept of one person on the control socket besides the rest.
func HandlePrivacy(rest http.Handler, p Privacy) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /privacy/plan", answer(func(r *http.Request, d privacy.Demand) (any, error) { return p.Plan(r.Context(), d) }))
	mux.HandleFunc("POST /privacy/erase", answer(func(r *http.Request, d privacy.Demand) (any, error) { return p.Erase(r.Context(), d) }))
	mux.HandleFunc("POST /privacy/takeout", func(w http.ResponseWriter, r *http.Request) {
		var in takeout
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
			http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
			return
		}
		out := &begun{Writer: w}
		w.Header().Set("Trailer", sizes)
		h, err := p.Takeout(r.Context(), in.Demand, in.Language, out)
		if err == nil {
			var told []byte
			if told, err = json.Marshal(counts{len(h.Tickets), len(h.Recordings), len(h.Files)}); err == nil {
				w.Header().Set(sizes, string(told))
				return
			}
		}
		if !out.yes {
			http.Error(w, err.Error(), http.StatusConflict)
		} // else it breaks off: who reads it misses what comes after
	})
	return mux
}

// begun notes that something was written.
type begun struct {
	io.Writer
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.Writer.Write(p)
}

// counts is how much an archive has.
type counts struct{ Tickets, Recordings, Files int }

// RemotePrivacy is Privacy of a running server, behind its control socket.
type RemotePrivacy struct{ remote *Remote }

var _ Privacy = RemotePrivacy{}

// Plan implements Privacy.
func (p RemotePrivacy) Plan(ctx context.Context, d privacy.Demand) (privacy.Plan, error) {
	return ask[privacy.Plan](ctx, p.remote, "/privacy/plan", d)
}

// Erase implements Privacy.
func (p RemotePrivacy) Erase(ctx context.Context, d privacy.Demand) (privacy.Erased, error) {
	return ask[privacy.Erased](ctx, p.remote, "/privacy/erase", d)
}

// Takeout implements Privacy. Of the holdings only their numbers come over the socket.
func (p RemotePrivacy) Takeout(ctx context.Context, d privacy.Demand, language string, to io.Writer) (h privacy.Holdings, err error) {
	body, err := json.Marshal(takeout{d, language})
	if err != nil {
		return h, fmt.Errorf("ask the running server: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vahta/privacy/takeout", bytes.NewReader(body))
	if err != nil {
		return h, fmt.Errorf("ask the running server: %w", err)
	}
	resp, err := p.remote.client.Do(req)
	if err != nil {
		return h, fmt.Errorf("ask the running server: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // a body that was read
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		return h, &remoteError{text: string(bytes.TrimSpace(text))}
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		return h, fmt.Errorf("take the archive from the running server: %w", err)
	}
	var n counts
	if err := json.Unmarshal([]byte(resp.Trailer.Get(sizes)), &n); err != nil {
		return h, fmt.Errorf("take the archive from the running server: it broke off: %w", err)
	}
	h.Tickets, h.Recordings = make([]privacy.HeldTicket, n.Tickets), make([]privacy.HeldRecording, n.Recordings)
	h.Files = make([]dispatch.Attachment, n.Files)
	return h, nil
}

// OpenPrivacy returns what answers for the people on record: the running server, or else what onRecord makes of the record itself.
// The function it returns must be called when done.
func OpenPrivacy(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Privacy, error)) (Privacy, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Privacy { return RemotePrivacy{r} }, onRecord)
}
