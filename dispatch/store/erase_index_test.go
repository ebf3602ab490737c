package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// TestErasureEmptiesTheIndex: what a ticket was found by does not stay in the pages of the index.
func TestErasureEmptiesTheIndex(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path = filepath.Join(t.TempDir(), "vahta.db")
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for n := 1; n <= 2; n++ {
		must(t, s.Commit(ctx, opening(n)))
	}
	must(t, s.Index(ctx, []dispatch.Indexed{
		{TextKey: dispatch.TextKey{Kind: dispatch.TextTicket, Ref: "t1"}, At: t0, Upto: 1, Terms: []string{"zzsecretpetrov", "mail"}},
		{TextKey: dispatch.TextKey{Kind: dispatch.TextTicket, Ref: "t2"}, At: t0, Upto: 1, Terms: []string{"another", "mail"}},
	}))
	is, err := s.Load(ctx, "t1")
	must(t, err)
	must(t, s.EraseTicket(ctx, dispatch.TicketErasure{Ticket: &is.Ticket, Audit: eraser}))
	found, err := s.FindTexts(ctx, dispatch.TextQuestion{Terms: []string{"another"}, Limit: 9})
	must(t, err)
	if len(found) != 1 {
		t.Errorf("the other one: %+v", found)
	}
	stop()
	must(t, errors.Join(<-ended, s.Close()))
	for _, name := range []string{cfg.Path, cfg.Path + "-wal"} {
		raw, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(t, err)
		if bytes.Contains(raw, []byte("secretpetrov")) {
			t.Errorf("%s has the word", filepath.Base(name))
		}
	}
}
