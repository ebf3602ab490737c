package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// filled makes a file with something of everything in it.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vahta.db")
	s, err := Open(t.Context(), At(path), Deps{})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for n := range 30 {
		c := opening(n + 1)
		c.ID = fmt.Sprint("change-", n)
		c.Signal.Raw = []byte{0, 0xff, byte(n)}
		c.Notices = []dispatch.Notice{{ID: fmt.Sprint("notice-", n), Kind: dispatch.NoticePage, Channel: "voice", DueAt: t0}}
		must(t, s.Commit(t.Context(), c))
		must(t, s.Commit(t.Context(), note(n+1, "")))
	}
	must(t, s.Assign(t.Context(), seek("c1", 1, t0), t0))
	_, err = s.CommitRota(t.Context(), editBy(0, rec(edit.Override, "one", 0, `{"id":"one"}`)))
	must(t, err)
	must(t, s.AddToken(t.Context(), dispatch.Token{Hash: "h", Name: "crm", Created: t0}))
	must(t, s.SaveDefinition(t.Context(), dispatch.Version{Hash: "x", MadeAt: t0, Node: "a"}, []byte{1, 0, 2}))
	// as an older program left it: not text
	err = s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE calls SET caller_name = CAST(x'41ff' AS TEXT) WHERE id = 'call-1'`)
		return err
	})
	stop()
	must(t, errors.Join(err, <-ended, s.Close()))
	return path
}

// A copy answers every question as the file does, is told as it goes, and refuses to go anywhere but to an empty database.
func TestCopy(t *testing.T) {
	t.Parallel()
	path, url := filled(t), servers.URL(t)
	var last CopyStep
	steps := 0
	made, err := Copy(t.Context(), path, url, func(s CopyStep) {
		if s.Rows < last.Rows || s.Rows > s.Total {
			t.Errorf("step %+v after %+v", s, last)
		}
		last, steps = s, steps+1
	})
	must(t, err)
	if last.Rows != last.Total || !last.Checking || steps == 0 || made.Rows*2 != last.Total || made.Mended != 1 || made.Tables < 20 {
		t.Errorf("made %+v, last of %d steps %+v", made, steps, last)
	}
	_, err = Copy(t.Context(), path, url, nil)
	if err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a second copy: %v", err)
	}
	was, is := at(t, path), openPostgres(t, url)
	ctx := t.Context()
	same := func(what string, ask func(s *SQL) (any, error)) {
		t.Helper()
		a, err := ask(was)
		must(t, err)
		b, err := ask(is)
		must(t, err)
		one, err := json.Marshal(a)
		must(t, err)
		other, err := json.Marshal(b)
		must(t, err)
		if string(one) != string(other) || len(one) < 5 {
			t.Errorf("%s:\n%s\n%s", what, one, other)
		}
	}
	same("tickets", func(s *SQL) (any, error) { return s.Tickets(ctx, dispatch.TicketFilter{}) })
	same("log", func(s *SQL) (any, error) { return s.Events(ctx, "t7") })
	same("calls", func(s *SQL) (any, error) {
		c, err := s.Calls(ctx, dispatch.CallFilter{})
		for i := range c {
			c[i].CallerName = asText(c[i].CallerName)
		}
		return c, err
	})
	same("rota", func(s *SQL) (any, error) { _, r, err := s.Rota(ctx); return r, err })
	same("tokens", func(s *SQL) (any, error) { return s.ListTokens(ctx) })
	same("a definition", func(s *SQL) (any, error) { _, b, err := s.Definition(ctx); return b, err })
	same("a signal", func(s *SQL) (any, error) {
		sig, _, err := s.Signal(ctx, dispatch.SignalID{Channel: dispatch.ChannelCall, Key: "call-9"})
		return sig, err
	})
	same("claimed notices", func(s *SQL) (any, error) { return s.ClaimNotices(ctx, dispatch.NoticePage, t0, 1, 100) })
	must(t, is.VerifyRota(ctx))
	for n := range 30 {
		must(t, is.Verify(ctx, fmt.Sprintf("t%d", n+1)))
	}
	want(t, is.Commit(ctx, dispatch.Change{ID: "change-3", Open: "t1"}), dispatch.ErrRepeated)
	must(t, is.Commit(ctx, note(3, "")))
}

// A copy that fails leaves nothing; a record that somebody serves is not copied.
func TestCopyRefused(t *testing.T) {
	t.Parallel()
	path, url := filled(t), servers.URL(t)
	ctx, stop := context.WithCancel(t.Context())
	_, err := Copy(ctx, path, url, func(CopyStep) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a copy that was broken off: %v", err)
	}
	cfg := At(path)
	cfg.Exclusive = true
	server, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	if _, err := Copy(t.Context(), path, url, nil); err == nil || !strings.Contains(err.Error(), "another vahta serves") {
		t.Errorf("a copy of a file that is served: %v", err)
	}
	must(t, server.Close())
	for from, to := range map[string]string{path + ".gone": url, path: path, url: url} {
		if _, err := Copy(t.Context(), from, to, nil); err == nil {
			t.Errorf("copied %s to %s", from, to)
		}
	}
	made, err := Copy(t.Context(), path, url, nil)
	must(t, err)
	if made.Rows == 0 {
		t.Error("nothing was copied")
	}
}

// Every way in which two tables may differ is seen.
func TestTally(t *testing.T) {
	t.Parallel()
	sum := func(rows ...[]any) *tally {
		var s tally
		for _, r := range rows {
			s.add(r)
		}
		return &s
	}
	a, b := []any{int64(1), "x", []byte{0}}, []any{int64(2), "", nil}
	if !sum(a, b).equal(sum(b, a)) {
		t.Error("the order counts")
	}
	for _, other := range []*tally{
		sum(a), sum(a, a), sum(a, b, b), sum(a, []any{int64(2), nil, nil}), sum(a, []any{int64(2), "", ""}), sum([]any{int64(1), "x", []byte{1}}, b),
		sum([]any{"1", "x", []byte{0}}, b), sum([]any{int64(2), "x", []byte{0}}, []any{int64(1), "", nil}),
	} {
		if sum(a, b).equal(other) {
			t.Error("a difference is not seen")
		}
	}
}
