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
	"github.com/butlerspb/vahta/dispatch/ticket"
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
	mux.HandleFunc("POST /tickets/{id}/decide", answer(func(r *http.Request, c Decision) (any, error) {
		return nil, d.Decide(r.Context(), r.PathValue("id"), c)
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
}

func answer[In any](do func(*http.Request, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
			http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
			return
		}
		var out reply
		value, err := do(r, in)
		if err == nil {
			out.Value, err = json.Marshal(value)
		}
		if err != nil {
			out = reply{Error: err.Error(), NotFound: errors.Is(err, dispatch.ErrNotFound)}
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
	if rep.NotFound {
		return out, &remoteError{rep.Error}
	}
	if rep.Error != "" {
		return out, errors.New(rep.Error)
	}
	return out, json.Unmarshal(rep.Value, &out)
}

// remoteError is a "not found" that crossed the socket.
type remoteError struct{ text string }

func (e *remoteError) Error() string        { return e.text }
func (e *remoteError) Is(target error) bool { return target == dispatch.ErrNotFound }

// Tickets implements Desk.
func (r *Remote) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	return ask[[]ticket.Ticket](ctx, r, "/tickets", f)
}

// Ticket implements Desk.
func (r *Remote) Ticket(ctx context.Context, idOrNumber, language string) (View, error) {
	return ask[View](ctx, r, "/tickets/"+url.PathEscape(idOrNumber), language)
}

// Decide implements Desk.
func (r *Remote) Decide(ctx context.Context, idOrNumber string, d Decision) error {
	_, err := ask[any](ctx, r, "/tickets/"+url.PathEscape(idOrNumber)+"/decide", d)
	return err
}

// Calls implements Desk.
func (r *Remote) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	return ask[[]dispatch.CallRecord](ctx, r, "/calls", f)
}

// Call implements Desk.
func (r *Remote) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	return ask[dispatch.CallRecord](ctx, r, "/calls/"+url.PathEscape(id), struct{}{})
}
