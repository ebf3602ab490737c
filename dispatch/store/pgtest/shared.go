package pgtest

import (
	"context"
	"sync"
)

// Shared is one server for all tests of a package, started by the first that asks. TestMain closes it.
type Shared struct {
	// Prepare is done to the first database, of which all others are copies; nil = they are empty.
	Prepare func(ctx context.Context, url string) error

	once sync.Once
	s    *Server
	err  error
}

// URL makes a new database on the shared server and names it.
func (h *Shared) URL(tb TB) string {
	tb.Helper()
	return h.copyOf(tb, prepared)
}

// Empty makes a new database with nothing in it and names it.
func (h *Shared) Empty(tb TB) string {
	tb.Helper()
	return h.copyOf(tb, "template0")
}

// prepared is the database that others are copies of.
const prepared = "prepared"

func (h *Shared) copyOf(tb TB, template string) string {
	tb.Helper()
	h.once.Do(func() { h.err = h.start(context.WithoutCancel(tb.Context())) })
	if h.err != nil {
		tb.Fatal(h.err)
	}
	name, err := h.s.Copy(tb.Context(), template)
	if err != nil {
		tb.Fatal(err)
	}
	return h.s.URL(name)
}

func (h *Shared) start(ctx context.Context) (err error) {
	if h.s, err = Launch(ctx, Options{}); err != nil {
		return err
	}
	err = h.s.Exec(ctx, "CREATE DATABASE "+prepared)
	if err == nil && h.Prepare != nil {
		err = h.Prepare(ctx, h.s.URL(prepared))
	}
	return err
}

// Server is the shared server; nil before the first URL.
func (h *Shared) Server() *Server { return h.s }

// Close ends the server, if one was started.
func (h *Shared) Close() {
	if h.s != nil {
		h.s.Close()
	}
}
