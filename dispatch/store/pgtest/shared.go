package pgtest

import (
	"context"
	"sync"
)

// Shared is one server for all tests of a package, started by the first that asks. TestMain closes it.
type Shared struct {
	once sync.Once
	s    *Server
	err  error
}

// URL makes a new database on the shared server and names it.
func (h *Shared) URL(tb TB) string {
	tb.Helper()
	h.once.Do(func() { h.s, h.err = Launch(context.WithoutCancel(tb.Context()), Options{}) })
	if h.err != nil {
		tb.Fatal(h.err)
	}
	name, err := h.s.Database(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return h.s.URL(name)
}

// Server is the shared server; nil before the first URL.
func (h *Shared) Server() *Server { return h.s }

// Close ends the server, if one was started.
func (h *Shared) Close() {
	if h.s != nil {
		h.s.Close()
	}
}
