package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// A line that was altered, taken out or put in is found, and so is a record that no edit made.
func TestVerifyRotaFindsTampering(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"an author":             `UPDATE rota_edits SET author = '{"person":"vera","channel":"cli"}' WHERE revision = 2`,
		"an instant":            `UPDATE rota_edits SET at = at - 1 WHERE revision = 2`,
		"a reason":              `UPDATE rota_edits SET reason = '' WHERE revision = 3`,
		"what was":              `UPDATE rota_edits SET before = after WHERE revision = 2`,
		"what came":             `UPDATE rota_edits SET after = before WHERE revision = 2`,
		"the content":           `UPDATE rota_edits SET content = (SELECT content FROM rota_edits WHERE revision = 1) WHERE revision = 2`,
		"a line less":           `DELETE FROM rota_edits WHERE revision = 2`,
		"the last line less":    `DELETE FROM rota_edits WHERE revision = 6`,
		"lines that cancel":     `DELETE FROM rota_edits WHERE revision IN (4, 5)`,
		"the first line less":   `DELETE FROM rota_edits WHERE revision = 1`,
		"all lines less":        `DELETE FROM rota_edits`,
		"another number":        `UPDATE rota SET body = '{"id":"anna","name":"Mallory"}' WHERE id = 'anna'`,
		"another revision":      `UPDATE rota SET revision = 1 WHERE id = 'anna'`,
		"a record less":         `DELETE FROM rota WHERE id = 'anna'`,
		"a record more":         `INSERT INTO rota VALUES ('person', 'mallory', 3, '{"id":"mallory"}')`,
		"a removed one is back": `UPDATE rota SET body = '{"id":"boris"}' WHERE id = 'boris'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			must(t, s.VerifyRota(t.Context()))
			commitRota(t, s, editBy(0, person("anna", 0, "Anna"), person("boris", 0, "Boris")))
			commitRota(t, s, editBy(1, person("anna", 1, "Anya")))
			commitRota(t, s, editBy(2, rec(edit.Person, "boris", 1, "")))
			for i, was := range []string{"Ann", "Anya", "Anna"} {
				commitRota(t, s, editBy(3, person("anna", []int64{2, 4, 5}[i], was)))
			}
			must(t, s.VerifyRota(t.Context()))
			must(t, s.submit(t.Context(), func(ctx context.Context, w *writer) error {
				n, err := w.exec(ctx, query)
				if err == nil && n == 0 {
					err = errors.New("nothing was altered")
				}
				return err
			}))
			if err := s.VerifyRota(t.Context()); err == nil || !strings.Contains(err.Error(), "verify") {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

// Both stores make the same of the same edits, lines and hashes included, and of each edit that is taken back the content is the
// one before it.
func TestRotaTwins(t *testing.T) {
	t.Parallel()
	s := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := NewMemory()
		if err := emptyRota(s); err != nil {
			rt.Fatal(err)
		}
		for n := range rapid.IntRange(1, 12).Draw(rt, "edits") {
			c := drawRotaChange(rt, m, n)
			got, err := s.CommitRota(context.Background(), c)
			same, twin := m.CommitRota(context.Background(), c)
			if got != same || (err == nil) != (twin == nil) || err != nil && err.Error() != twin.Error() {
				rt.Fatalf("edit %d: %+v %v, the twin %+v %v", n, got, err, same, twin)
			}
			_, theirs, err := s.Rota(context.Background())
			version, ours, twin := m.Rota(context.Background())
			if err != nil || twin != nil || dispatch.HashRota(theirs) != dispatch.HashRota(ours) || len(ours) > 0 && version.Hash != dispatch.HashRota(ours) {
				rt.Fatalf("edit %d: %+v %v, the twin %+v %v", n, theirs, err, ours, twin)
			}
		}
		log, err := s.RotaHistory(context.Background(), dispatch.RotaFilter{})
		twins, twin := m.RotaHistory(context.Background(), dispatch.RotaFilter{})
		if fmt.Sprint(log, err) != fmt.Sprint(twins, twin) {
			rt.Fatalf("logs differ:\n%+v\n%+v", log, twins)
		}
		if err := errors.Join(s.VerifyRota(context.Background()), m.VerifyRota(context.Background())); err != nil {
			rt.Fatal(err)
		}
	})
}

// emptyRota makes the rota as it was before the first edit.
func emptyRota(s *SQL) error {
	return s.submit(context.Background(), func(ctx context.Context, w *writer) error {
		for _, table := range []string{"rota", "rota_edits", "rota_edited"} {
			if _, err := w.exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
}

func drawRotaChange(t *rapid.T, s dispatch.Rotas, n int) dispatch.RotaChange {
	version, list, err := s.Rota(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	there := map[edit.Key]int64{}
	for _, r := range list {
		there[r.Key] = r.Revision
	}
	c := dispatch.RotaChange{At: t0.Add(time.Duration(rapid.IntRange(-9, 9).Draw(t, "at")) * time.Second), By: edit.Author{Person: "olga"}, Node: "a"}
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 3, rapid.ID).Draw(t, "ids") {
		k := edit.Key{Kind: rapid.SampledFrom([]edit.Kind{edit.Person, edit.Override}).Draw(t, "kind"), ID: id}
		r := edit.Record{Key: k, Revision: there[k] + rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 1}).Draw(t, "off")}
		if rapid.IntRange(0, 3).Draw(t, "remove") > 0 {
			r.Body = fmt.Appendf(nil, `{"n": %d}`, rapid.IntRange(0, n).Draw(t, "n"))
		}
		c.Put = append(c.Put, r)
	}
	if rapid.IntRange(0, 4).Draw(t, "whole") == 0 {
		c.Whole = &version
		c.Kept = dispatch.RotaVersion{Revision: rapid.Int64Range(0, 40).Draw(t, "kept"), EditedAt: t0}
	}
	return c
}

// Environment of the victim of TestRotaKill.
const rotaCrashPath = "VAHTA_TEST_ROTA_CRASH_PATH"

// TestRotaCrashWriter is the victim of TestRotaKill: it edits from several goroutines, two records and a new one each time, and
// prints each revision after its commit has returned.
func TestRotaCrashWriter(t *testing.T) {
	path := os.Getenv(rotaCrashPath)
	if path == "" {
		t.Skip("runs only as the victim of TestRotaKill")
	}
	s := at(t, path)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				me := fmt.Sprintf("g%d", g)
				at := map[string]int64{}
				_, list, err := s.Rota(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range list {
					at[r.ID] = r.Revision
				}
				v, err := s.CommitRota(t.Context(), editBy(0, person(me, at[me], strconv.Itoa(n)), person(me+"-twin", at[me+"-twin"], strconv.Itoa(n)),
					rec(edit.Override, fmt.Sprintf("%s-%d-%d", me, os.Getpid(), n), 0, "{}")))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				fmt.Println("acked", v.Revision, v.Hash)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestRotaKill kills a process that edits; every acknowledged edit is there whole, the chain is sound, and twins are alike.
func TestRotaKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "vahta.db")
	acked := map[int64]string{}
	const rounds = 10
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestRotaCrashWriter$")
		cmd.Env = append(os.Environ(), rotaCrashPath+"="+path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		enough := len(acked) + 5 + 7*round
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var revision int64
			var hash string
			if n, _ := fmt.Sscanf(lines.Text(), "acked %d %s", &revision, &hash); n < 2 || len(hash) < 64 {
				continue // the last line, cut by the kill
			}
			if acked[revision] = hash; len(acked) == enough {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // killed, as asked
		cancel()
		if len(acked) < enough {
			t.Fatalf("the victim ended by itself after %d edits", len(acked))
		}
		verifyRotaFile(t, path, acked)
	}
	t.Logf("%d kills, %d acknowledged edits, none lost", rounds, len(acked))
}

func verifyRotaFile(t *testing.T, path string, acked map[int64]string) {
	t.Helper()
	cfg := Default()
	cfg.Path = path
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.VerifyRota(t.Context()))
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{Limit: 1 << 20})
	must(t, err)
	for _, e := range log {
		if hash, told := acked[e.Revision]; told && hash != e.Content {
			t.Fatalf("edit %d was acknowledged as %s and is %s", e.Revision, hash, e.Content)
		}
	}
	if last := log[0].Revision; int64(len(log)) != last || last < int64(len(acked)) {
		t.Fatalf("%d edits, the last is %d, %d were acknowledged", len(log), last, len(acked))
	}
	_, list := rotaOf(t, s)
	bodies := map[string]string{}
	for _, r := range list {
		bodies[r.ID] = strings.ReplaceAll(string(r.Body), "-twin", "")
	}
	for id, body := range bodies {
		if twin, has := bodies[id+"-twin"]; has && twin != body {
			t.Errorf("%s is %s, its twin %s", id, body, twin)
		}
	}
}

// Two processes edit one record: one wins, and the other is told what is there.
func TestRotaPair(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	commitRota(t, a, editBy(0, person("anna", 0, "Anna")))
	at := int64(1)
	for round := range 20 {
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i, s := range []*SQL{a, b} {
			wg.Go(func() {
				_, results[i] = s.CommitRota(t.Context(), editBy(0, person("anna", at, fmt.Sprintf("%d by %d", round, i))))
			})
		}
		wg.Wait()
		won := 0
		if results[0] != nil {
			won = 1
		}
		they, lost := errors.AsType[*dispatch.RotaConflict](results[1-won])
		if results[won] != nil || !lost {
			t.Fatalf("round %d: %v", round, results)
		}
		if body := fmt.Sprintf(`{"id":"anna","name":"%d by %d"}`, round, won); string(they.Theirs[0].Body) != body {
			t.Errorf("told %s, want %s", they.Theirs[0].Body, body)
		}
		at = they.Theirs[0].Revision
	}
	must(t, b.VerifyRota(t.Context()))
}

// A database of the release before rotas is opened with its nodes and phones, and takes a rota.
func TestUpgradeToRota(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vahta.db")
	db, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)"))
	must(t, err)
	provider, err := newProvider(db, engineSQLite)
	must(t, err)
	_, err = provider.UpTo(t.Context(), 3)
	must(t, err)
	for _, query := range []string{
		`INSERT INTO nodes VALUES ('a', 1772330400000000, 0)`,
		`INSERT INTO definitions VALUES ('h', 1, 1772330400000000, 'a', x'7b7d')`,
		`INSERT INTO phone_accounts VALUES ('anna', 'anna', 'vahta', 1, '{}', 1772330400000000, 0, '', 0)`,
	} {
		_, err := db.ExecContext(t.Context(), query)
		must(t, err)
	}
	must(t, db.Close())
	s := at(t, path)
	nodes, err := s.Nodes(t.Context())
	must(t, err)
	if len(nodes) != 1 || nodes[0].ID != "a" || !nodes[0].Until.Equal(t0) || nodes[0].Rota != (dispatch.RotaVersion{}) {
		t.Errorf("nodes %+v", nodes)
	}
	if v, body, err := s.Definition(t.Context()); err != nil || v.Hash != "h" || string(body) != "{}" {
		t.Errorf("definition %+v %s %v", v, body, err)
	}
	if phones, err := s.PhoneAccounts(t.Context()); err != nil || len(phones) != 1 {
		t.Errorf("phones %+v %v", phones, err)
	}
	if v, list := rotaOf(t, s); v != (dispatch.RotaVersion{}) || len(list) != 0 {
		t.Errorf("never seeded: %+v %+v", v, list)
	}
	seed := editBy(0, person("anna", 0, "Anna"))
	seed.Whole = &dispatch.RotaVersion{}
	commitRota(t, s, seed)
	must(t, s.Beat(t.Context(), dispatch.Node{ID: "a", Until: t0, Rota: dispatch.RotaVersion{Revision: 1}}, t0))
	must(t, s.IntegrityCheck(t.Context()))

	// and back: the down migration loses the rota and nothing else
	db, err = sql.Open("sqlite", dsn(filepath.Join(t.TempDir(), "down.db"), "journal_mode(WAL)"))
	must(t, err)
	defer func() { must(t, db.Close()) }()
	provider, err = newProvider(db, engineSQLite)
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	_, err = provider.DownTo(t.Context(), 3)
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
}

// A store that can not be asked says so in the way that the shells know.
func TestRotaAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	commitRota(t, s, editBy(0, person("anna", 0, "Anna")))
	hold, entered, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.submit(t.Context(), func(context.Context, *writer) error { close(entered); <-hold; return nil })
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	c := editBy(0, person("anna", 1, "Anya"))
	_, err := s.CommitRota(ctx, c)
	want(t, err, dispatch.ErrAway)
	if v, _ := rotaOf(t, s); v.Revision != 1 { // a look does not wait for the writer
		t.Errorf("version %+v", v)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.CommitRota(gone, c); !errors.Is(err, context.Canceled) || errors.Is(err, dispatch.ErrAway) {
		t.Errorf("who leaves by himself: %v", err)
	}
	close(hold)
	<-ended
	commitRota(t, s, c)
}
