package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/sip/registrar"
)

// Phones are the accounts of engineers' phones as the commands handle them; a registrar.Provisioner is one.
type Phones interface {
	// List lists the accounts; that of a running server with their phones.
	List(ctx context.Context) ([]registrar.Status, error)
	// Add makes an account of a person.
	Add(ctx context.Context, user, person string) error
	// NewLink gives an account a one-time link.
	NewLink(ctx context.Context, user string) (registrar.Link, error)
	// Reveal gives an account a new secret and shows it.
	Reveal(ctx context.Context, user string) (registrar.Settings, error)
	// Revoke ends an account.
	Revoke(ctx context.Context, user string) error
}

// errNoPhones says that the running server lets no phone register.
var errNoPhones = errors.New("the running server lets no phone register: set phones.enabled and restart it")

// handlePhones serves phones on the control socket; nil answers why there are none.
func handlePhones(mux *http.ServeMux, p Phones) {
	if p == nil {
		mux.HandleFunc("POST /phones/", answer(func(*http.Request, any) (any, error) { return nil, errNoPhones }))
		mux.HandleFunc("POST /phones", answer(func(*http.Request, any) (any, error) { return nil, errNoPhones }))
		return
	}
	mux.HandleFunc("POST /phones", answer(func(r *http.Request, _ struct{}) (any, error) { return p.List(r.Context()) }))
	mux.HandleFunc("POST /phones/{user}/add", answer(func(r *http.Request, person string) (any, error) {
		return nil, p.Add(r.Context(), r.PathValue("user"), person)
	}))
	mux.HandleFunc("POST /phones/{user}/link", answer(func(r *http.Request, _ struct{}) (any, error) {
		return p.NewLink(r.Context(), r.PathValue("user"))
	}))
	mux.HandleFunc("POST /phones/{user}/reveal", answer(func(r *http.Request, _ struct{}) (any, error) {
		return p.Reveal(r.Context(), r.PathValue("user"))
	}))
	mux.HandleFunc("POST /phones/{user}/revoke", answer(func(r *http.Request, _ struct{}) (any, error) {
		return nil, p.Revoke(r.Context(), r.PathValue("user"))
	}))
}

// RemotePhones are the phones of a running server, behind its control socket.
type RemotePhones struct{ remote *Remote }

var _ Phones = RemotePhones{}

// List implements Phones.
func (p RemotePhones) List(ctx context.Context) ([]registrar.Status, error) {
	return ask[[]registrar.Status](ctx, p.remote, "/phones", struct{}{})
}

// Add implements Phones.
func (p RemotePhones) Add(ctx context.Context, user, person string) error {
	_, err := ask[any](ctx, p.remote, "/phones/"+url.PathEscape(user)+"/add", person)
	return err
}

// NewLink implements Phones.
func (p RemotePhones) NewLink(ctx context.Context, user string) (registrar.Link, error) {
	return ask[registrar.Link](ctx, p.remote, "/phones/"+url.PathEscape(user)+"/link", struct{}{})
}

// Reveal implements Phones.
func (p RemotePhones) Reveal(ctx context.Context, user string) (registrar.Settings, error) {
	return ask[registrar.Settings](ctx, p.remote, "/phones/"+url.PathEscape(user)+"/reveal", struct{}{})
}

// Revoke implements Phones.
func (p RemotePhones) Revoke(ctx context.Context, user string) error {
	_, err := ask[any](ctx, p.remote, "/phones/"+url.PathEscape(user)+"/revoke", struct{}{})
	return err
}

// OpenPhones returns the phones of the data folder: the running server's, or else what onRecord makes of the record
// itself, the record at database. The function it returns must be called when done.
func OpenPhones(ctx context.Context, data, database string, onRecord func(dispatch.Phones) Phones) (Phones, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return RemotePhones{r}, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return nil, nil, noRecord(data, database)
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	return onRecord(db), done, nil
}

func noRecord(data, database string) error {
	return fmt.Errorf("no server runs on %s and there is no record %s; check the settings data and store.path, or start one with `vahta serve`", data, database)
}
