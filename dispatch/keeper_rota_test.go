package dispatch_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// anna is her name on this node.
func (n *node) anna() string {
	p, _ := n.dir.Load().Roster.Person("anna")
	return p.Name
}

// renamed is the company with anna under another name: another rota in the file.
func renamed(name string) dispatch.Source {
	src := source()
	src.Roster.People[0].Name = name
	return src
}

// rename is an edit of anna's name by a person, straight in the record.
func rename(t *testing.T, s dispatch.Rotas, name string, at time.Time) dispatch.RotaVersion {
	t.Helper()
	anna := person("anna")
	anna.Name = name
	body, err := json.Marshal(anna)
	must(t, err)
	_, records, err := s.Rota(t.Context())
	must(t, err)
	put := edit.Record{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Body: body}
	for _, r := range records {
		if r.Key == put.Key {
			put.Revision = r.Revision
		}
	}
	v, err := s.CommitRota(t.Context(), dispatch.RotaChange{
		Put: []edit.Record{put}, By: edit.Author{Person: "boris", Channel: "cli"}, At: at, Edit: []byte(`{"reason":"test"}`),
	})
	must(t, err)
	return v
}

func TestFileSeedsTheRotaOnce(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, renamed("one"))
	v, err := s.RotaVersion(t.Context())
	must(t, err)
	if v.Revision != 1 || !v.EditedAt.IsZero() || a.anna() != "one" || !a.dir.Load().Rota.Same(v) {
		t.Errorf("seeded: %+v, anna is %s, in force %+v", v, a.anna(), a.dir.Load().Rota)
	}
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{})
	must(t, err)
	if len(log) != 1 || log[0].By.Person != "file" || log[0].Node != "a" || !strings.Contains(log[0].Reason, "configuration file") || log[0].At.IsZero() {
		t.Errorf("log %+v", log)
	}
	if got := a.dir.Load().Revisions["person anna"]; got != 1 {
		t.Errorf("revision of anna: %d", got)
	}
	b := keep(t, s, t.TempDir(), "b")
	if b.load(t, renamed("two")); b.anna() != "one" || !strings.Contains(b.log.String(), "vahta oncall import") {
		t.Errorf("another file: %s, log %s", b.anna(), b.log)
	}
	must(t, b.Force(t.Context(), renamed("three")))
	must(t, a.Refresh(t.Context()))
	if a.anna() != "one" || b.anna() != "one" || strings.Count(b.log.String(), "vahta oncall import") != 2 {
		t.Errorf("a reload: %s, %s, log %s", a.anna(), b.anna(), b.log)
	}
	if static := b.dir.Load().Roster.Static; len(static) != 1 {
		t.Errorf("static numbers %v", static)
	}
}

func TestRotaWithoutTheStore(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	s.Fail(errors.New("locked"))
	a := keep(t, s, folder, "a")
	if a.load(t, renamed("one")); a.anna() != "one" || a.Status().Rota.From != "configuration" {
		t.Errorf("the first start: %s, %+v", a.anna(), a.Status())
	}
	a = keep(t, s, folder, "a")
	if a.load(t, renamed("two")); a.anna() != "two" {
		t.Errorf("a second start with an edited file: %s", a.anna())
	}
	s.Fail(nil)
	must(t, a.Refresh(t.Context()))
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 1 || a.anna() != "two" || a.Status().Rota.From != "store" {
		t.Errorf("when the store comes: %+v, %v, %s", v, err, a.anna())
	}
	rename(t, s, "three", time.Now())
	must(t, a.Refresh(t.Context()))
	s.Fail(errors.New("locked"))
	a = keep(t, s, folder, "a")
	if a.load(t, renamed("four")); a.anna() != "three" || a.Status().Rota.From != "local copy" || a.Status().Rota.Version.Revision != 2 {
		t.Errorf("a start with a local copy: %s, %+v", a.anna(), a.Status().Rota)
	}
	if !a.dir.Agreed().IsZero() {
		t.Error("the record has agreed without being asked")
	}
}

// A file without people begins no rota; one that has some later does.
func TestEmptyFileSeedsNothing(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	bare := source()
	bare.Roster.People, bare.Clients = nil, nil
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, bare)
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if st := a.Status(); len(st.Misfits) == 0 || !strings.Contains(a.log.String(), "do not fit") {
		t.Errorf("a ladder of nobody: %+v, log %s", st, a.log)
	}
	if err := a.Force(t.Context(), bare); err == nil || !strings.Contains(err.Error(), `no person "anna"`) {
		t.Errorf("forced: %v", err)
	}
	must(t, a.Force(t.Context(), renamed("one")))
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 1 || a.anna() != "one" || len(a.Status().Misfits) > 0 {
		t.Errorf("%+v, %v, %s, %v", v, err, a.anna(), a.Status().Misfits)
	}
}

// previous is a definition as an earlier version has put it in force, with
// people in it.
func previous(t *testing.T, s dispatch.Definitions, src dispatch.Source) (dispatch.Version, []byte) {
	t.Helper()
	body, err := json.Marshal(src)
	must(t, err)
	v := dispatch.Version{Hash: hashOf(body), MadeAt: time.Now().UTC().Truncate(time.Microsecond), Node: "old"}
	must(t, s.SaveDefinition(t.Context(), v, body))
	return v, body
}

// An upgrade changes nobody's duty, whatever the file says; lines are those of
// the file, which is a new one by its form.
func TestUpgradeFromARecordWithPeopleInTheDefinition(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	old := named("in force")
	old.Roster.People[0].Name = "one"
	previous(t, s, old)
	file := named("edited")
	file.Roster.People[0].Name = "two"
	a := keep(t, s, t.TempDir(), "a")
	if got := a.load(t, file); got != "edited" || a.anna() != "one" {
		t.Errorf("%s, %s", got, a.anna())
	}
	if said := a.log.String(); !strings.Contains(said, "an upgrade") || !strings.Contains(said, "vahta oncall import") {
		t.Errorf("log %s", said)
	}
	_, body, err := s.Definition(t.Context())
	must(t, err)
	if strings.Contains(string(body), "anna@") {
		t.Errorf("people are still in the definition: %s", body)
	}
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{})
	must(t, err)
	if len(log) != 1 || !strings.Contains(log[0].Reason, "earlier version") {
		t.Errorf("log %+v", log)
	}
	rename(t, s, "three", time.Now())
	old.Lines[0].Name = "by an old node" // which still runs, and is reloaded
	previous(t, s, old)
	must(t, a.Refresh(t.Context()))
	if a.title() != "by an old node" || a.anna() != "three" {
		t.Errorf("%s, %s", a.title(), a.anna())
	}
	must(t, a.Refresh(t.Context()))
	if a.title() != "by an old node" {
		t.Errorf("asked again: %s", a.title())
	}
}

// The local copy of an earlier version is used while the store is away.
func TestUpgradeWithoutTheStore(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	old := named("in force")
	old.Roster.People[0].Name = "one"
	v, body := previous(t, s, old)
	a := keep(t, s, folder, "a")
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%d\n%q\n%s\n", v.Hash, v.MadeAt.UnixMicro(), v.Node, "of then")
	sum.Write(body)
	raw, err := json.Marshal(map[string]any{"version": v, "configured": "of then", "body": body, "sum": hex.EncodeToString(sum.Sum(nil))})
	must(t, err)
	must(t, os.WriteFile(a.file, raw, 0o600))
	s.Fail(errors.New("locked"))
	for range 2 { // the second start finds what the first has written
		a = keep(t, s, folder, "a")
		if got := a.load(t, renamed("two")); got != "in force" || a.anna() != "one" {
			t.Fatalf("%s, %s, log %s", got, a.anna(), a.log)
		}
	}
	s.Fail(nil)
	must(t, a.Refresh(t.Context()))
	if got := a.anna(); got != "one" {
		t.Errorf("with the store: %s", got)
	}
}

// Of two versions that of the later human edit wins.
func TestRecordRestoredOlder(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		record func(t *testing.T, s *store.Memory) // what the restored record has
		want   string
		says   string
	}{
		"an empty one": {func(*testing.T, *store.Memory) {}, "mine", "older than this node's"},
		"seeded anew by another file": {func(t *testing.T, s *store.Memory) {
			t.Helper()
			keep(t, s, t.TempDir(), "b").load(t, renamed("seed"))
		}, "mine", "older than this node's"},
		"before my edit": {func(t *testing.T, s *store.Memory) {
			t.Helper()
			keep(t, s, t.TempDir(), "b").load(t, renamed("seed"))
			rename(t, s, "theirs", began)
		}, "mine", "older than this node's"},
		"edited later, by fewer edits": {func(t *testing.T, s *store.Memory) {
			t.Helper()
			keep(t, s, t.TempDir(), "b").load(t, renamed("seed"))
			rename(t, s, "theirs", began.Add(2*time.Hour))
		}, "theirs", "edited since"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after, folder := store.NewMemory(), store.NewMemory(), t.TempDir()
			a := keep(t, before, folder, "a")
			a.load(t, renamed("seed"))
			rename(t, before, "first", began.Add(-time.Hour))
			mine := rename(t, before, "mine", began.Add(time.Hour))
			must(t, a.Refresh(t.Context()))
			c.record(t, after)
			a = keep(t, after, folder, "a") // the record was restored while the node was down
			a.load(t, renamed("seed"))
			v, err := after.RotaVersion(t.Context())
			must(t, err)
			if a.anna() != c.want || !strings.Contains(a.log.String(), c.says) || !a.dir.Load().Rota.Same(v) {
				t.Errorf("anna is %s, want %s; log %s", a.anna(), c.want, a.log)
			}
			if c.want != "mine" {
				return
			}
			if v.Revision <= mine.Revision || !v.EditedAt.Equal(mine.EditedAt) || v.Hash != mine.Hash {
				t.Errorf("written back as %+v, was %+v", v, mine)
			}
			if got := gauge(t, a.metrics, "vahta_rota_restores_total"); got != 1 {
				t.Errorf("vahta_rota_restores_total %v", got)
			}
			log, err := after.RotaHistory(t.Context(), dispatch.RotaFilter{Limit: 1})
			must(t, err)
			if log[0].By.Channel != "node" || log[0].By.Person != "a" || len(log[0].Edit) > 0 || !strings.Contains(log[0].Reason, "restored older") {
				t.Errorf("log %+v", log[0])
			}
			must(t, after.VerifyRota(t.Context()))
		})
	}
}

// A rota that this version can not read replaces nothing, and is not written over.
func TestUnreadableRotaReplacesNothing(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, renamed("one"))
	put := edit.Record{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: 1, Body: []byte(`{"id":"anna","name":"two","telepathy":true}`)}
	v, err := s.CommitRota(t.Context(), dispatch.RotaChange{Put: []edit.Record{put}, At: time.Now(), Edit: []byte("{}")})
	must(t, err)
	if err := a.Refresh(t.Context()); err == nil || a.anna() != "one" || !strings.Contains(a.Status().Rota.Fault, "newer version") {
		t.Errorf("%v, %s, %+v", err, a.anna(), a.Status().Rota)
	}
	if now, err := s.RotaVersion(t.Context()); err != nil || !now.Same(v) {
		t.Errorf("the record has %+v, %v", now, err)
	}
	must(t, a.Force(t.Context(), named("lines go on")))
	if a.title() != "lines go on" || a.anna() != "one" {
		t.Errorf("%s, %s", a.title(), a.anna())
	}
}

// onDuty is the company whose line has the schedule "duty" of one person.
func onDuty(who string) dispatch.Source {
	src := source()
	zone, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		panic(err)
	}
	src.Roster.Schedules = []oncall.Schedule{{ID: "duty", Name: "duty", Zone: zone, Tracks: []oncall.Track{{
		ID: "primary", Layers: []oncall.Layer{{ID: "all", Members: []oncall.Member{{who}}}},
	}}}}
	src.Lines[0].Schedule, src.Lines[0].Ladder = "duty", nil
	return src
}

// Lines that were put in force on one node and a rota that was edited on another
// at the same moment may not fit: both are in force, and the line rings everybody.
func TestLinesAndRotaThatDoNotFit(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, onDuty("anna"))
	_, err := s.CommitRota(t.Context(), dispatch.RotaChange{
		Put: []edit.Record{{Key: edit.Key{Kind: edit.Schedule, ID: "duty"}, Revision: 1}}, At: time.Now(), Edit: []byte("{}"),
	})
	must(t, err)
	must(t, a.Refresh(t.Context()))
	st := a.Status()
	if len(st.Misfits) != 1 || !strings.Contains(st.Misfits[0], `no schedule "duty"`) || !strings.Contains(a.log.String(), "do not fit") {
		t.Errorf("misfits %v, log %s", st.Misfits, a.log)
	}
	if got := gauge(t, a.metrics, "vahta_directory_misfits"); got != 1 {
		t.Errorf("vahta_directory_misfits %v", got)
	}
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Directory: a.dir})
	must(t, err)
	must(t, d.Start(t.Context()))
	plan, err := d.Plan("main", dispatch.Ref{}, time.Now())
	must(t, err)
	rung := 0
	for _, r := range plan.Rungs {
		rung += len(r.Duties)
	}
	if rung != 3 {
		t.Errorf("%d people are rung, want everybody: %+v", rung, plan.Rungs)
	}
	if err := a.Force(t.Context(), onDuty("anna")); err == nil || !strings.Contains(err.Error(), `no schedule "duty"`) {
		t.Errorf("a reload that does not fit: %v", err)
	}
	must(t, a.Force(t.Context(), named("ladder")))
	if st := a.Status(); len(st.Misfits) > 0 {
		t.Errorf("misfits %v", st.Misfits)
	}
}

// An edit on one node reaches the others at once when they can be told, and
// within seconds when not; a node that stays behind is named.
func TestNodesFollowTheRota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, b := keep(t, s, t.TempDir(), "a"), keep(t, s, t.TempDir(), "b")
		a.load(t, renamed("one"))
		b.load(t, renamed("one"))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		wait(time.Minute)
		rename(t, s, "two", time.Now())
		must(t, a.Follow(t.Context()))
		b.Hear(a.told[len(a.told)-1])
		synctest.Wait()
		if a.anna() != "two" || b.anna() != "two" {
			t.Errorf("told: %s, %s", a.anna(), b.anna())
		}
		rename(t, s, "three", time.Now())
		wait(3 * time.Second)
		synctest.Wait()
		if got := b.anna(); got != "three" {
			t.Errorf("not told: %s", got)
		}
		if since := time.Since(b.dir.Agreed()); since > 3*time.Second {
			t.Errorf("the record agreed %s ago", since)
		}

		behind := dispatch.Node{ID: "a", Until: time.Now().Add(time.Hour), Rota: a.dir.Load().Rota}
		must(t, s.Beat(ctx, behind, time.Now()))
		wait(9 * time.Second)
		synctest.Wait()
		if st := b.Status(); len(st.Rota.Differ) != 1 || strings.Count(b.log.String(), "different rotas") != 1 || gauge(t, b.metrics, "vahta_rota_nodes_differ") != 1 {
			t.Errorf("status %+v, log %s", st.Rota, b.log)
		}
		must(t, a.Refresh(ctx))
		behind.Rota = a.dir.Load().Rota
		must(t, s.Beat(ctx, behind, time.Now()))
		wait(4 * time.Second)
		synctest.Wait()
		if st := b.Status(); len(st.Rota.Differ) != 0 || !strings.Contains(b.log.String(), "the same rota again") {
			t.Errorf("status %+v, log %s", st.Rota, b.log)
		}
		s.Fail(errors.New("locked"))
		wait(20 * time.Minute)
		synctest.Wait()
		if st := b.Status(); !st.Rota.Stale || b.anna() != "three" || gauge(t, b.metrics, "vahta_rota_stale") != 1 {
			t.Errorf("status %+v", st.Rota)
		}
		s.Fail(nil)
		cancel()
		must(t, <-ended)
	})
}
