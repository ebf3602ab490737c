package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

func act(n int, what dispatch.AuditAct, by string) dispatch.AuditEntry {
	return dispatch.AuditEntry{
		At: t0.Add(time.Duration(n) * time.Minute), By: by, Channel: "cli", From: "10.0.0.1", Act: what, Object: "recording a.wav",
		Ticket: "VH-26-000001-7", Reason: "проверка", Detail: "x", Node: "a",
	}
}

func suiteAudit(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	head, err := s.VerifyAudit(ctx)
	must(t, err)
	if head != (dispatch.AuditEntry{}) {
		t.Errorf("an empty audit has the head %+v", head)
	}
	var all []dispatch.AuditEntry // newest first
	for n, e := range []dispatch.AuditEntry{act(1, dispatch.ActListen, "anna"), act(2, dispatch.ActExport, "boris"), act(3, dispatch.ActListen, "boris")} {
		kept, err := s.WriteAudit(ctx, e)
		must(t, err)
		if kept.Seq != int64(n)+1 || kept.Hash == "" || n > 0 && kept.Prev != all[0].Hash {
			t.Errorf("line %d is kept as %+v", n+1, kept)
		}
		all = append([]dispatch.AuditEntry{kept}, all...)
	}
	for name, c := range map[string]struct {
		f    dispatch.AuditFilter
		want []dispatch.AuditEntry
	}{
		"all":        {dispatch.AuditFilter{}, all},
		"an act":     {dispatch.AuditFilter{Act: dispatch.ActListen}, []dispatch.AuditEntry{all[0], all[2]}},
		"a person":   {dispatch.AuditFilter{By: "boris"}, all[:2]},
		"a ticket":   {dispatch.AuditFilter{Ticket: "VH-26-000002-6"}, nil},
		"since":      {dispatch.AuditFilter{Since: t0.Add(2 * time.Minute)}, all[:2]},
		"the last":   {dispatch.AuditFilter{Limit: 1}, all[:1]},
		"the former": {dispatch.AuditFilter{Before: 3, Limit: 1}, all[1:2]},
	} {
		got, err := s.AuditTrail(ctx, c.f)
		must(t, err)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	head, err = s.VerifyAudit(ctx)
	must(t, err)
	if head != all[0] {
		t.Errorf("the head is %+v", head)
	}
	odd := act(4, dispatch.ActExport, "a\x00b\xff")
	kept, err := s.WriteAudit(ctx, odd)
	must(t, err)
	if kept.By != "a\uFFFDb\uFFFD" {
		t.Errorf("by %q", kept.By)
	}
	_, err = s.VerifyAudit(ctx)
	must(t, err)
	for _, bare := range []dispatch.AuditEntry{{}, {At: t0, By: "anna"}, {At: t0, Act: dispatch.ActLogin}, {By: "anna", Act: dispatch.ActLogin}} {
		_, err := s.WriteAudit(ctx, bare)
		want(t, err, dispatch.ErrConflict)
	}
}

// Lines of many at once make one chain.
func suiteAuditRace(t *testing.T, s record) {
	t.Helper()
	var wg sync.WaitGroup
	for n := range 30 {
		wg.Go(func() {
			_, err := s.WriteAudit(t.Context(), act(n, dispatch.ActLogin, "anna"))
			must(t, err)
		})
	}
	wg.Wait()
	head, err := s.VerifyAudit(t.Context())
	must(t, err)
	if head.Seq != 30 {
		t.Errorf("the head is line %d", head.Seq)
	}
}

// A line that was altered or taken out is found.
func TestVerifyAuditFindsTampering(t *testing.T) {
	t.Parallel()
	s := open(t)
	for n := range 4 {
		_, err := s.WriteAudit(t.Context(), act(n, dispatch.ActListen, "anna"))
		must(t, err)
	}
	for _, query := range []string{
		`UPDATE audit SET author = 'boris' WHERE seq = 2`, `UPDATE audit SET at = at + 1 WHERE seq = 2`, `UPDATE audit SET channel = '' WHERE seq = 2`,
		`UPDATE audit SET source = '' WHERE seq = 2`, `UPDATE audit SET act = 'login' WHERE seq = 2`, `UPDATE audit SET object = '' WHERE seq = 2`,
		`UPDATE audit SET ticket = '' WHERE seq = 2`, `UPDATE audit SET reason = '' WHERE seq = 2`, `UPDATE audit SET detail = '' WHERE seq = 2`,
		`UPDATE audit SET node = '' WHERE seq = 2`, `UPDATE audit SET prev = '' WHERE seq = 2`, `DELETE FROM audit WHERE seq = 2`,
		`DELETE FROM audit WHERE seq = 1`,
	} {
		undo := errors.New("undo")
		err := s.submit(t.Context(), func(ctx context.Context, w *writer) error {
			n, err := w.exec(ctx, query)
			if err != nil || n != 1 {
				t.Errorf("%s: %d rows, %v", query, n, err)
			}
			rows, err := w.rows(ctx, `SELECT seq, at, author, channel, source, act, object, ticket, reason, detail, node, prev, hash FROM audit ORDER BY seq`)
			must(t, err)
			defer rows.Close()
			var log []dispatch.AuditEntry
			for rows.Next() {
				var e dispatch.AuditEntry
				var at int64
				must(t, rows.Scan(&e.Seq, &at, &e.By, &e.Channel, &e.From, &e.Act, &e.Object, &e.Ticket, &e.Reason, &e.Detail, &e.Node, &e.Prev, &e.Hash))
				e.At = instant(at)
				log = append(log, e)
			}
			if _, err := dispatch.VerifyAudit(log); err == nil || !strings.Contains(err.Error(), "line ") {
				t.Errorf("%s is not found: %v", query, err)
			}
			return undo
		})
		want(t, err, undo)
	}
	_, err := s.VerifyAudit(t.Context())
	must(t, err)
}

// All that can be wrong with the tickets is told at once, each by name.
func TestVerifyTicketsFindsTampering(t *testing.T) {
	t.Parallel()
	s := open(t)
	for n := 1; n <= 5; n++ {
		must(t, s.Commit(t.Context(), opening(n)))
		must(t, s.Commit(t.Context(), note(n, "a")))
	}
	asked := 0
	n, err := s.VerifyTickets(t.Context(), func(done, all int) { asked = done })
	must(t, err)
	if n != 5 || asked != 5 {
		t.Errorf("%d tickets, told of %d", n, asked)
	}
	must(t, s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		for _, query := range []string{
			`UPDATE events SET author = 'boris' WHERE ticket = 't2' AND seq = 2`,
			`DELETE FROM events WHERE ticket = 't3' AND seq = 1`,
			`DELETE FROM tickets WHERE id = 't4'`,
			`UPDATE tickets SET state = replace(state, '"stage":"new"', '"stage":"closed"') WHERE id = 't5'`,
		} {
			if n, err := w.exec(ctx, query); err != nil || n != 1 {
				t.Errorf("%s: %d rows, %v", query, n, err)
			}
		}
		return nil
	}))
	n, err = s.VerifyTickets(t.Context(), func(int, int) {})
	if n != 5 || err == nil {
		t.Fatalf("%d tickets, %v", n, err)
	}
	for _, part := range []string{"t2: line 2", "t3: line 1", "t4: there is a log, and no ticket", "stored as closed, and its log says new"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not told: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "t1") {
		t.Errorf("a sound ticket is accused: %v", err)
	}
}
