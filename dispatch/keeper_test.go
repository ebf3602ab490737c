package dispatch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// node keeps the directory of one node in a test.
type node struct {
	*dispatch.Keeper

	dir     *dispatch.Directory
	log     *bytes.Buffer
	file    string
	metrics *prometheus.Registry
	told    [][]byte // what was published
	changed int
}

// bodies are what a Keeper follows.
type bodies interface {
	dispatch.Definitions
	dispatch.Rotas
	Nodes(ctx context.Context) ([]dispatch.Node, error)
}

// keep makes a node whose local copy lies in folder; two with one folder are
// one node before and after a restart.
func keep(t *testing.T, s bodies, folder, name string) *node {
	t.Helper()
	n := &node{log: &bytes.Buffer{}, file: filepath.Join(folder, "directory.json"), metrics: prometheus.NewRegistry()}
	var err error
	n.Keeper, err = dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: s, Rotas: s, Nodes: s, File: n.file, Node: name,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
		Publish: func(_ context.Context, m []byte) error {
			n.told = append(n.told, m)
			return nil
		},
		Changed: func(*dispatch.Snapshot) { n.changed++ },
		Log:     slog.New(slog.NewTextHandler(n.log, nil)), Registerer: n.metrics,
	})
	must(t, err)
	return n
}

// load starts the node with a configuration and says what its line is called then.
func (n *node) load(t *testing.T, src dispatch.Source) string {
	t.Helper()
	var err error
	n.dir, err = n.Load(t.Context(), src)
	must(t, err)
	return n.title()
}

func (n *node) title() string {
	l, _ := n.dir.Load().Line("main")
	return l.Name
}

// named is the company with its line under another name: another definition.
func named(name string) dispatch.Source {
	src := source()
	src.Lines[0].Name = name
	return src
}

func TestDirectoryAtTheStart(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	if got := a.load(t, named("one")); got != "one" || len(a.told) == 0 {
		t.Errorf("a new store: %s", got)
	}
	b := keep(t, s, t.TempDir(), "b")
	if got := b.load(t, named("two")); got != "two" {
		t.Errorf("an edited file: %s", got)
	}
	must(t, a.Refresh(t.Context()))
	if got := a.title(); got != "two" {
		t.Errorf("the other node has %s", got)
	}
	c := keep(t, s, t.TempDir(), "c")
	if got := c.load(t, named("one")); got != "two" || !strings.Contains(c.log.String(), "SIGHUP") {
		t.Errorf("an old file: %s, log %s", got, c.log)
	}
	must(t, c.Force(t.Context(), named("one")))
	must(t, a.Refresh(t.Context()))
	if c.title() != "one" || a.title() != "one" {
		t.Errorf("forced: %s, %s", c.title(), a.title())
	}
	if st := a.Status(); st.Version.Node != "c" || st.From != "store" || st.Confirmed.IsZero() || st.Stale || st.Version != a.dir.Version() {
		t.Errorf("status %+v", st)
	}
	if a.changed != 3 {
		t.Errorf("told of %d snapshots, want 3", a.changed)
	}
	bad := source()
	bad.Lines = nil
	if err := c.Force(t.Context(), bad); err == nil || c.title() != "one" {
		t.Error("a faulty configuration is in force")
	}
	if _, err := keep(t, s, t.TempDir(), "d").Load(t.Context(), bad); err == nil {
		t.Error("a node starts with a faulty configuration")
	}
}

func TestDirectoryWithoutTheStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file   string // the configuration at the second start
		damage bool
		want   string
		then   string // when the store is back
	}{
		"the local copy":                 {file: "one", want: "two", then: "two"},
		"the file was edited since":      {file: "three", want: "three", then: "three"},
		"a damaged copy is no copy":      {file: "one", damage: true, want: "one", then: "two"},
		"an edited file, a damaged copy": {file: "three", damage: true, want: "three", then: "three"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, folder := store.NewMemory(), t.TempDir()
			keep(t, s, t.TempDir(), "b").load(t, named("one"))
			keep(t, s, t.TempDir(), "b").load(t, named("two"))
			a := keep(t, s, folder, "a")
			if got := a.load(t, named("one")); got != "two" {
				t.Fatalf("first start: %s", got)
			}
			info, err := os.Stat(a.file)
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
			if c.damage {
				raw, err := os.ReadFile(a.file)
				must(t, err)
				raw[len(raw)/2] ^= 1
				must(t, os.WriteFile(a.file, raw, 0o600))
			}
			s.Fail(errors.New("locked"))
			a = keep(t, s, folder, "a")
			if got := a.load(t, named(c.file)); got != c.want {
				t.Errorf("without the store: %s, want %s", got, c.want)
			}
			if said := strings.Contains(a.log.String(), "level=ERROR"); said != c.damage {
				t.Errorf("log: %s", a.log)
			}
			if st := a.Status(); !st.Confirmed.IsZero() || st.Pending != "start" || st.Fault == "" {
				t.Errorf("status %+v", st)
			}
			s.Fail(nil)
			must(t, a.Refresh(t.Context()))
			if got := a.title(); got != c.then {
				t.Errorf("with the store: %s, want %s", got, c.then)
			}
			if st := a.Status(); st.Confirmed.IsZero() || st.Pending != "" || st.Fault != "" {
				t.Errorf("status %+v", st)
			}
			if left, _ := filepath.Glob(a.file + ".*"); len(left) > 0 != c.damage { // what can not be read is kept, and nothing else
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// Every byte of the local copy counts.
func TestDamagedCopyIsNeverUsed(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	keep(t, s, t.TempDir(), "b").load(t, named("one"))
	keep(t, s, t.TempDir(), "b").load(t, named("two"))
	a := keep(t, s, folder, "a")
	a.load(t, named("one"))
	whole, err := os.ReadFile(a.file)
	must(t, err)
	s.Fail(errors.New("locked"))
	for i := 0; i < len(whole); i += 97 {
		for what, raw := range map[string][]byte{
			"cut":     whole[:i],
			"flipped": append(append(bytes.Clone(whole[:i]), whole[i]^4), whole[i+1:]...),
		} {
			must(t, os.WriteFile(a.file, raw, 0o600))
			n := keep(t, s, folder, "a")
			if got := n.load(t, named("one")); got == "two" {
				continue // a name in the JSON that nobody reads
			} else if got != "one" || !strings.Contains(n.log.String(), "level=ERROR") {
				t.Fatalf("%s at %d: %s, log %s", what, i, got, n.log)
			}
		}
	}
}

// Forced while the store is away: in force here at once, and for all when it is
// back.
func TestForceWithoutTheStore(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a, b := keep(t, s, t.TempDir(), "a"), keep(t, s, t.TempDir(), "b")
	a.load(t, named("one"))
	b.load(t, named("one"))
	s.Fail(errors.New("locked"))
	must(t, a.Force(t.Context(), named("two")))
	if st := a.Status(); a.title() != "two" || st.Pending != "force" {
		t.Errorf("%s, %+v", a.title(), st)
	}
	s.Fail(nil)
	must(t, a.Refresh(t.Context()))
	must(t, b.Refresh(t.Context()))
	if b.title() != "two" || a.title() != "two" {
		t.Errorf("%s, %s", a.title(), b.title())
	}
}

// meddler lets somebody force a directory while the store is being asked.
type meddler struct {
	*store.Memory
	meddle func() // nil = not this time
}

func (m *meddler) DefinitionVersion(ctx context.Context) (dispatch.Version, error) {
	v, err := m.Memory.DefinitionVersion(ctx)
	if f := m.meddle; f != nil {
		m.meddle = nil
		f()
	}
	return v, err
}

// What was forced while the store was being asked is not undone by its answer.
func TestForceDuringARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &meddler{Memory: store.NewMemory()}
		a := keep(t, s, t.TempDir(), "a")
		a.load(t, named("one"))
		forced := make(chan error, 1)
		s.meddle = func() {
			go func() { forced <- a.Force(t.Context(), named("two")) }()
			synctest.Wait() // it is in force here, and waits for its turn to ask
		}
		must(t, a.Refresh(t.Context()))
		must(t, <-forced)
		if got := a.title(); got != "two" {
			t.Errorf("%s is in force", got)
		}
		must(t, a.Refresh(t.Context()))
		if got := a.title(); got != "two" || a.Status().Pending != "" {
			t.Errorf("%s is in force, %+v", got, a.Status())
		}
	})
}

// A definition that can not be used replaces nothing.
func TestBadDefinitionReplacesNothing(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, named("one"))
	nobody, err := json.Marshal(dispatch.Source{})
	must(t, err)
	altered, err := json.Marshal(named("altered"))
	must(t, err)
	for name, body := range map[string][]byte{"not JSON": []byte("{"), "faulty": nobody, "another hash": altered} {
		hash := hashOf(body)
		if name == "another hash" {
			hash = strings.Repeat("0", 64)
		}
		must(t, s.SaveDefinition(t.Context(), dispatch.Version{Hash: hash, MadeAt: time.Now(), Node: "x"}, body))
		if err := a.Refresh(t.Context()); err == nil || a.title() != "one" {
			t.Errorf("%s: %v, %s in force", name, err, a.title())
		}
		if st := a.Status(); st.Fault == "" {
			t.Errorf("%s: status %+v", name, st)
		}
	}
	must(t, a.Force(t.Context(), named("two")))
	if st := a.Status(); a.title() != "two" || st.Fault != "" {
		t.Errorf("%s, %+v", a.title(), st)
	}
}

// Run follows a message at once and the store every minute, and raises the
// alarm when nothing was confirmed for 15 minutes.
func TestDirectoryIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, folder := store.NewMemory(), t.TempDir()
		a, b := keep(t, s, folder, "a"), keep(t, s, folder+"/b", "b")
		a.load(t, named("one"))
		b.load(t, named("one"))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		wait(10 * time.Minute)
		must(t, a.Force(t.Context(), named("two")))
		b.Hear(a.told[len(a.told)-1])
		synctest.Wait()
		if got := b.title(); got != "two" {
			t.Errorf("after the message: %s", got)
		}
		must(t, a.Force(t.Context(), named("three")))
		wait(time.Minute + time.Second)
		if got := b.title(); got != "three" {
			t.Errorf("after a minute: %s", got)
		}
		s.Fail(errors.New("locked"))
		wait(20 * time.Minute)
		synctest.Wait()
		if st := b.Status(); !st.Stale || b.title() != "three" || strings.Count(b.log.String(), "15 minutes") != 1 {
			t.Errorf("status %+v, log %s", st, b.log)
		}
		if got := gauge(t, b.metrics, "vahta_directory_stale"); got != 1 {
			t.Errorf("vahta_directory_stale %v", got)
		}
		if got := gauge(t, b.metrics, "vahta_directory_age_seconds"); got < 900 {
			t.Errorf("vahta_directory_age_seconds %v", got)
		}
		s.Fail(nil)
		wait(10 * time.Second)
		synctest.Wait()
		if st := b.Status(); st.Stale || !strings.Contains(b.log.String(), "confirmed again") {
			t.Errorf("status %+v, log %s", st, b.log)
		}
		if strings.Count(b.log.String(), "could not be written") != 1 { // there is no such folder
			t.Errorf("log %s", b.log)
		}
		cancel()
		must(t, <-ended)
	})
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// gauge reads one gauge or counter.
func gauge(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	all, err := r.Gather()
	must(t, err)
	for _, f := range all {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
