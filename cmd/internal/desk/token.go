package desk

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Tokens are the tokens of the API and of feeds as the commands handle them; a portal.Issuer is one.
type Tokens interface {
	// Add makes a token and shows its secret, once.
	Add(ctx context.Context, n portal.NewToken) (portal.Issued, error)
	// List lists all tokens, revoked ones too.
	List(ctx context.Context) ([]dispatch.Token, error)
	// Revoke ends a token at once.
	Revoke(ctx context.Context, name string) error
}

var _ Tokens = (*portal.Issuer)(nil)

// HandleTokens serves tokens on the control socket besides the rest.
func HandleTokens(rest http.Handler, t Tokens) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /tokens", answer(func(r *http.Request, _ struct{}) (any, error) { return t.List(r.Context()) }))
	mux.HandleFunc("POST /tokens/add", answer(func(r *http.Request, n portal.NewToken) (any, error) { return t.Add(r.Context(), n) }))
	mux.HandleFunc("POST /tokens/{name}/revoke", answer(func(r *http.Request, _ struct{}) (any, error) {
		return nil, t.Revoke(r.Context(), r.PathValue("name"))
	}))
	return mux
}

// RemoteTokens are the tokens of a running server, behind its control socket.
type RemoteTokens struct{ remote *Remote }

var _ Tokens = RemoteTokens{}

// Add implements Tokens.
func (t RemoteTokens) Add(ctx context.Context, n portal.NewToken) (portal.Issued, error) {
	return ask[portal.Issued](ctx, t.remote, "/tokens/add", n)
}

// List implements Tokens.
func (t RemoteTokens) List(ctx context.Context) ([]dispatch.Token, error) {
	return ask[[]dispatch.Token](ctx, t.remote, "/tokens", struct{}{})
}

// Revoke implements Tokens.
func (t RemoteTokens) Revoke(ctx context.Context, name string) error {
	_, err := ask[any](ctx, t.remote, "/tokens/"+url.PathEscape(name)+"/revoke", struct{}{})
	return err
}

// OpenTokens returns the tokens of the data folder: the running server's, or else what onRecord makes of the record itself, the
// record at database. The function it returns must be called when done.
func OpenTokens(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) Tokens) (Tokens, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return RemoteTokens{r}, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return nil, nil, noRecord(data, database)
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	return onRecord(ctx, db), done, nil
}
