package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// served starts a server of its own, for tests that hurt it, and a store on it.
func ownServer(t *testing.T, opts pgtest.Options) (*pgtest.Server, string) {
	t.Helper()
	server := pgtest.Start(t, opts)
	name, err := server.Database(t.Context())
	must(t, err)
	return server, server.URL(name)
}

// insist commits a change with an ID until the store says that it is there.
func insist(ctx context.Context, s *SQL, c dispatch.Change) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := s.Commit(limited, c)
		cancel()
		if err == nil || errors.Is(err, dispatch.ErrRepeated) || !Away(err) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// The server is killed five times while 16 callers commit. Whoever repeats a change of unknown fate by its ID has it there
// once; the log of each ticket is whole.
func TestPostgresKilledWhileCommitting(t *testing.T) {
	t.Parallel()
	server, url := ownServer(t, pgtest.Options{})
	s := openPostgres(t, url)
	ctx := t.Context()
	const callers, each = 16, 25
	for g := range callers {
		must(t, s.Commit(ctx, opening(g+1)))
	}
	var wg sync.WaitGroup
	half := make(chan struct{}, callers*each)
	for g := range callers {
		wg.Go(func() {
			for n := range each {
				c := note(g+1, fmt.Sprintf("key-%d", n))
				c.ID = fmt.Sprintf("change-%d-%d", g, n)
				if err := insist(ctx, s, c); err != nil && !errors.Is(err, dispatch.ErrRepeated) {
					t.Error(err)
				}
				half <- struct{}{}
			}
		})
	}
	for range 5 {
		for range callers * each / 8 {
			<-half
		}
		must(t, server.Restart(ctx))
	}
	wg.Wait()
	for g := range callers {
		id := fmt.Sprintf("t%d", g+1)
		must(t, s.Verify(ctx, id))
		log, err := s.Events(ctx, id)
		must(t, err)
		if len(log) != 1+each {
			t.Errorf("ticket %s has %d events, want %d", id, len(log), 1+each)
		}
	}
	must(t, s.Health())
}

// A server that hangs is noticed, costs no caller more than his patience, and is used again when it answers.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	server, url := ownServer(t, pgtest.Options{})
	cfg, book := At(url), &logbook{}
	s, err := Open(t.Context(), cfg, Deps{Log: slog.New(slog.NewTextHandler(book, nil))})
	must(t, err)
	s.hang = 100 * time.Millisecond
	run(t, s)
	must(t, s.Commit(t.Context(), opening(1)))
	_, err = s.Load(t.Context(), "t1")
	must(t, err)
	must(t, server.Hang())
	err = s.Commit(within(t, 300*time.Millisecond), opening(2))
	if !Away(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("commit to a hanging server: %v", err)
	}
	if _, err := s.Load(within(t, 300*time.Millisecond), "t1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("question to a hanging server: %v", err)
	}
	if s.Health() == nil {
		t.Error("healthy while the server hangs")
	}
	must(t, server.Thaw())
	eventually(t, "the store does not notice that the server answers again", func() bool { return s.Health() == nil })
	must(t, s.Commit(t.Context(), opening(3)))
	if n := book.count("the database takes no changes now"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// A node that freezes in the middle of a transaction holds the others up for idleAtMost, and has changed nothing.
func TestPostgresFrozenWriter(t *testing.T) {
	t.Parallel()
	url := servers.URL(t)
	frozen, other := openPostgres(t, url), openPostgres(t, url)
	ctx := t.Context()
	must(t, other.Commit(ctx, opening(1)))
	in, goOn := make(chan struct{}), make(chan struct{})
	result := make(chan error, 1)
	go func() {
		result <- frozen.submit(ctx, func(ctx context.Context, w *writer) error {
			if _, err := w.exec(ctx, `UPDATE tickets SET org = 'frozen'`); err != nil {
				return err
			}
			select {
			case <-in:
			default:
				close(in)
			}
			<-goOn
			_, err := w.exec(ctx, `UPDATE tickets SET org = 'thawed'`)
			return err
		})
	}()
	<-in
	began := time.Now()
	must(t, insist(ctx, other, dispatch.Change{ID: "x", Events: note(1, "a").Events}))
	t.Logf("the other node waited %v", time.Since(began))
	close(goOn)
	if err := <-result; !Away(err) {
		t.Errorf("the thawed node's change: %v", err)
	}
	got, err := other.Tickets(ctx, dispatch.TicketFilter{Org: "frozen"})
	must(t, err)
	late, err := other.Tickets(ctx, dispatch.TicketFilter{Org: "thawed"})
	must(t, err)
	if len(got)+len(late) != 0 {
		t.Errorf("the thawed node has changed %d tickets", len(got)+len(late))
	}
	must(t, frozen.Commit(ctx, opening(2)))
}

// Two nodes write to one log at once: no line is lost, the chain is whole. Each timer and notice is claimed by one of them.
func TestPostgresTwoNodes(t *testing.T) {
	t.Parallel()
	url := servers.URL(t)
	nodes := []*SQL{openPostgres(t, url), openPostgres(t, url)}
	ctx := t.Context()
	const timers = 60
	for n := range timers {
		c := opening(n + 1)
		c.Notices = []dispatch.Notice{{ID: fmt.Sprint("notice-", n), Kind: dispatch.NoticePage, Channel: "voice", DueAt: t0}}
		must(t, nodes[n%2].Commit(ctx, c))
	}
	var mu sync.Mutex
	fired := map[string]int{}
	count := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		fired[what]++
	}
	now := t0.Add(time.Hour)
	var wg sync.WaitGroup
	for i, s := range nodes {
		wg.Go(func() {
			for n := range 40 {
				if err := s.Commit(ctx, note(1, fmt.Sprintf("%d-%d", i, n))); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 12 {
				due, err := s.ClaimTimers(ctx, now, time.Minute, 10)
				if err != nil {
					t.Error(err)
				}
				for _, timer := range due {
					count("timer " + timer.Ticket)
				}
				pages, err := s.ClaimNotices(ctx, dispatch.NoticePage, now, time.Minute, 10)
				if err != nil {
					t.Error(err)
				}
				for _, n := range pages {
					count(n.ID)
				}
			}
		})
	}
	wg.Wait()
	must(t, nodes[0].Verify(ctx, "t1"))
	log, err := nodes[1].Events(ctx, "t1")
	must(t, err)
	if len(log) != 81 {
		t.Errorf("%d lines in the log, want 81", len(log))
	}
	if len(fired) != 2*timers {
		t.Errorf("%d timers and notices were claimed, want %d", len(fired), 2*timers)
	}
	for what, n := range fired {
		if n != 1 {
			t.Errorf("%s was claimed %d times", what, n)
		}
	}
}

// A statement whose failure nobody tells has undone the transaction: it is not acknowledged.
func TestPostgresSwallowedFault(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, servers.URL(t))
	err := s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO counters (name, value) VALUES ('a', 1)`)
		_, _ = w.exec(ctx, `INSERT INTO counters (name, value) VALUES ('a', 2)`)
		return err
	})
	if !errors.Is(err, errAborted) || !Away(err) {
		t.Errorf("got %v", err)
	}
	must(t, s.Commit(t.Context(), opening(1)))
	must(t, s.Health())
}

// What the server undoes for the sake of another transaction is tried again.
func TestPostgresUndoneIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{codeDeadlock, codeSerialize} {
		url := servers.URL(t)
		s := openPostgres(t, url)
		must(t, servers.Server().ExecIn(t.Context(), url[strings.LastIndexByte(url, '/')+1:strings.IndexByte(url, '?')], `
			CREATE SEQUENCE tries;
			CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'undone' USING ERRCODE = '`+code+`'; END IF;
				RETURN NEW;
			END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION refuse()`))
		must(t, s.Commit(t.Context(), opening(1)))
		log, err := s.Events(t.Context(), "t1")
		must(t, err)
		if len(log) != 1 {
			t.Errorf("%s: %d events", code, len(log))
		}
	}
}

// What telephones send as text is kept in the same words by all stores, and the chains over it are whole.
func TestNoText(t *testing.T) {
	t.Parallel()
	const dirty, clean = "anna\x00\xff\xfeя", "anna\uFFFD\uFFFDя"
	stores := map[string]record{"sqlite": open(t), "memory": NewMemory(), "postgres": openPostgres(t, servers.URL(t))}
	for name, s := range stores {
		ctx := t.Context()
		c := opening(1)
		c.Signal.Key = dirty
		c.Calls[0].CallerName = dirty
		c.Events[0].By = dirty
		must(t, s.Commit(ctx, c))
		want(t, s.Commit(ctx, c), dispatch.ErrRepeated)
		log, err := s.Events(ctx, "t1")
		must(t, err)
		if log[0].By != clean {
			t.Errorf("%s: %q", name, log[0].By)
		}
		if v, is := s.(*SQL); is {
			must(t, v.Verify(ctx, "t1"))
			call, err := s.Call(ctx, "call-1")
			must(t, err)
			if call.CallerName != clean {
				t.Errorf("%s: caller %q", name, call.CallerName)
			}
			if _, err := s.Call(ctx, dirty); !errors.Is(err, dispatch.ErrNotFound) {
				t.Errorf("%s: a call that cannot be: %v", name, err)
			}
		}
		edited := editBy(0, rec(edit.Override, "one", 0, `{"id":"one","note":"\u0000"}`))
		edited.Reason, edited.Node = dirty, dirty
		_, err = s.CommitRota(ctx, edited)
		must(t, err)
		must(t, s.VerifyRota(ctx))
	}
}

// The order of texts is that of their bytes, whatever the locale of the database.
func TestPostgresOrder(t *testing.T) {
	t.Parallel()
	_ = servers.URL(t) // starts it
	server := servers.Server()
	must(t, server.Exec(t.Context(), `CREATE DATABASE icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ru-RU'`))
	s := openPostgres(t, server.URL("icu"))
	ids := []string{"b", "A", "_", "a", "B", "я", "Ё", "-", "ё", "Я"}
	for _, id := range ids {
		_, err := s.CommitRota(t.Context(), editBy(0, rec(edit.Override, id, 0, `{"id":"`+id+`"}`)))
		must(t, err)
	}
	_, records, err := s.Rota(t.Context())
	must(t, err)
	var got []string
	for _, r := range records {
		got = append(got, r.ID)
	}
	if !slices.IsSorted(got) || len(got) != len(ids) {
		t.Errorf("order %q", got)
	}
	must(t, s.VerifyRota(t.Context()))
}

// One process serves a database that nodes do not share; those that share it have a name each. A name is free when its
// process has ended, however it ended.
func TestPostgresServesOnce(t *testing.T) {
	t.Parallel()
	url := servers.URL(t)
	with := func(exclusive bool, node string) (*SQL, error) {
		cfg := At(url)
		cfg.Exclusive, cfg.Node, cfg.OpenWait = exclusive, node, 100*time.Millisecond
		return Open(t.Context(), cfg, Deps{})
	}
	a, err := with(true, "")
	must(t, err)
	if _, err := with(true, ""); !errors.Is(err, ErrServed) || errors.Is(err, ErrNotNow) {
		t.Errorf("a second one: %v", err)
	}
	must(t, a.Close())
	one, err := with(false, "one")
	must(t, err)
	two, err := with(false, "two")
	must(t, err)
	if _, err := with(false, "one"); !errors.Is(err, ErrServed) {
		t.Errorf("a second node of one name: %v", err)
	}
	must(t, errors.Join(one.Close(), two.Close()))
	again, err := with(false, "one")
	must(t, err)
	must(t, again.Close())
}

// Errors of Open say whether to wait or to act, and never the password.
func TestPostgresOpenNowOrNever(t *testing.T) {
	t.Parallel()
	server, url := ownServer(t, pgtest.Options{})
	const secret = "tr0ub4dor"
	refused := func(name, url string, forNow bool, says string) {
		t.Helper()
		s, err := Open(t.Context(), At(url), Deps{})
		if err == nil {
			t.Fatal(name, ": opened", s.Close())
		}
		if errors.Is(err, ErrNotNow) != forNow || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, for now: %v", name, err, errors.Is(err, ErrNotNow))
		}
	}
	refused("no such database", server.URL("nothing"), false, "does not exist")
	refused("no such role", strings.Replace(url, "vahta@", "stranger:"+secret+"@", 1), false, "stranger")
	refused("no address", "postgres://vahta:"+secret+"%zz@127.0.0.1/x", false, "url: want")
	s, err := Open(t.Context(), At(url), Deps{})
	must(t, err)
	_, err = s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
	must(t, errors.Join(err, s.Close()))
	refused("a newer schema", url, false, "a newer vahta")
	server.Kill()
	refused("no server", strings.Replace(url, "vahta@", "vahta:"+secret+"@", 1), true, "check that the server runs")
}

// A database of the first release is opened with all that is in it.
func TestPostgresUpgrade(t *testing.T) {
	t.Parallel()
	url := servers.Empty(t)
	p, err := parseURL(url)
	must(t, err)
	db := openDB(p)
	provider, err := newProvider(db, enginePostgres)
	must(t, err)
	_, err = provider.UpTo(t.Context(), 1)
	must(t, err)
	c := opening(1)
	e, err := encode(c)
	must(t, err)
	for _, q := range []string{
		fmt.Sprintf(`INSERT INTO tickets VALUES ('t1', 26, 1, 'new', 1, 'critical', 'number:+78120000001', '', %d, 1, '%s')`, micros(t0), e.state),
		fmt.Sprintf(`INSERT INTO signals VALUES ('call', 'call-1', %d, '\x7b7d', '', 't1', 'VH-26-000014', 0)`, micros(t0)),
		fmt.Sprintf(`INSERT INTO calls VALUES ('call-1', 't1', 'VH', 'main', '', '', '', '', %d, 0, '', 0, '', '', '{}')`, micros(t0)),
		fmt.Sprintf(`INSERT INTO timers VALUES ('t1', 'page', %d, 1, '', 0)`, micros(t0)),
		`INSERT INTO counters VALUES ('ticket-numbers-2026', 50)`,
	} {
		_, err := db.ExecContext(t.Context(), q)
		must(t, err)
	}
	must(t, db.Close())
	s := openPostgres(t, url)
	b, err := s.Board(t.Context())
	must(t, err)
	if len(b.Cases) != 1 || len(b.Calls) != 1 || b.Calls[0].ID != "call-1" || len(b.Cases[0].Timers) != 1 {
		t.Fatalf("board %+v", b)
	}
	want(t, s.Commit(t.Context(), opening(1)), dispatch.ErrRepeated)
	if first, err := s.Reserve(t.Context(), 2026, 1); err != nil || first != 51 {
		t.Errorf("next number %d, %v", first, err)
	}
	must(t, s.Commit(t.Context(), dispatch.Change{Events: []ticket.Event{{Ticket: "t1", At: t0, By: "anna", Body: ticket.Noted{Text: "x"}}}}))
}
