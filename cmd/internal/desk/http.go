package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// maxBody bounds a request on the socket, in bytes: a note is short.
const maxBody = 64 << 10

// Handler serves a desk on the control socket, and the phones; nil: none may register.
func Handler(d Desk, p Phones, t Toll) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tickets", answer(func(r *http.Request, f dispatch.TicketFilter) (any, error) {
		return d.Tickets(r.Context(), f)
	}))
	mux.HandleFunc("POST /tickets/{id}", answer(func(r *http.Request, language string) (any, error) {
		return d.Ticket(r.Context(), r.PathValue("id"), language)
	}))
	mux.HandleFunc("POST /calls", answer(func(r *http.Request, f dispatch.CallFilter) (any, error) {
		return d.Calls(r.Context(), f)
	}))
	mux.HandleFunc("POST /calls/{id}", answer(func(r *http.Request, _ struct{}) (any, error) {
		return d.Call(r.Context(), r.PathValue("id"))
	}))
	handlePhones(mux, p)
	handleToll(mux, t)
	return mux
}

// reply is the envelope of every answer.
type reply struct {
	Error    string          `json:"error,omitempty"`
	NotFound bool            `json:"not_found,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	// What callers branch on when a rota is edited.
	Refusal  *edit.Refusal          `json:"refusal,omitempty"`
	Conflict *dispatch.RotaConflict `json:"conflict,omitempty"`
	Away     bool                   `json:"away,omitempty"`
}

// failed says what went wrong.
func failed(err error) reply {
	out := reply{Error: err.Error(), NotFound: errors.Is(err, dispatch.ErrNotFound), Away: errors.Is(err, rota.ErrAway)}
	errors.As(err, &out.Refusal)
	errors.As(err, &out.Conflict)
	return out
}

// err returns what went wrong, as the other side had it.
func (r reply) err() error {
	switch {
	case r.Refusal != nil:
		return r.Refusal
	case r.Conflict != nil:
		return r.Conflict
	case r.NotFound:
		return &remoteError{r.Error, dispatch.ErrNotFound}
	case r.Away:
		return &remoteError{r.Error, rota.ErrAway}
	case r.Error != "":
		return errors.New(r.Error)
	}
	return nil
}

func answer[In any](do func(*http.Request, In) (any, error)) http.HandlerFunc {
	return answerUpTo(maxBody, do)
}

// answerUpTo answers requests of up to so many bytes.
func answerUpTo[In any](most int64, do func(*http.Request, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&in); err != nil {
			http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
			return
		}
		var out reply
		value, err := do(r, in)
		if err == nil {
			out.Value, err = json.Marshal(value)
		}
		if err != nil {
			out = failed(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // the command has gone away; there is nobody to tell
	}
}

// Remote is a desk behind the control socket of a running server.
type Remote struct{ client *http.Client }

// Dial returns a desk on the socket, or an error when no server listens there.
func Dial(ctx context.Context, socket string) (*Remote, error) {
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	probe, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the running server: %w", err)
	}
	_ = probe.Close() // it only showed that somebody listens
	return &Remote{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}}, nil
}

var _ Desk = (*Remote)(nil)

func ask[Out any](ctx context.Context, r *Remote, path string, in any) (out Out, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("ask the running server: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vahta"+path, bytes.NewReader(body))
	if err != nil {
		return out, fmt.Errorf("ask the running server: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return out, fmt.Errorf("ask the running server: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // a body that was read
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		return out, fmt.Errorf("ask the running server: %s %s", resp.Status, text)
	}
	var rep reply
	if err := json.NewDecoder(resp.Body).Decode(&rep); err != nil {
		return out, fmt.Errorf("ask the running server: %w", err)
	}
	if err := rep.err(); err != nil {
		return out, err
	}
	return out, json.Unmarshal(rep.Value, &out)
}

// remoteError is an error that crossed the socket, with what it is.
type remoteError struct {
	text string
	is   error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.is }

// Tickets implements Desk.
func (r *Remote) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	return ask[[]ticket.Ticket](ctx, r, "/tickets", f)
}

// Ticket implements Desk.
func (r *Remote) Ticket(ctx context.Context, idOrNumber, language string) (View, error) {
	return ask[View](ctx, r, "/tickets/"+url.PathEscape(idOrNumber), language)
}

// Calls implements Desk.
func (r *Remote) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	return ask[[]dispatch.CallRecord](ctx, r, "/calls", f)
}

// Call implements Desk.
func (r *Remote) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	return ask[dispatch.CallRecord](ctx, r, "/calls/"+url.PathEscape(id), struct{}{})
}
