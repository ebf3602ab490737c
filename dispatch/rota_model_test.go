package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// restorable is a record that somebody restores from older copies: an older one
// is made by playing its changes again.
type restorable struct {
	is atomic.Pointer[store.Memory]

	mu      sync.Mutex
	changes []dispatch.RotaChange // guarded by mu
}

func (r *restorable) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	r.mu.Lock() // so that changes are noted in their order
	defer r.mu.Unlock()
	v, err := r.is.Load().CommitRota(ctx, c)
	if err == nil {
		r.changes = append(r.changes, c)
	}
	return v, err
}

// restore puts the copy of the time after n changes in the record's place.
func (r *restorable) restore(t *testing.T, n int) {
	t.Helper()
	fresh := store.NewMemory()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.changes[:n] {
		_, err := fresh.CommitRota(t.Context(), c)
		must(t, err)
	}
	r.changes = r.changes[:n:n]
	r.is.Store(fresh)
}

func (r *restorable) edits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.changes)
}

func (r *restorable) RotaVersion(ctx context.Context) (dispatch.RotaVersion, error) {
	return r.is.Load().RotaVersion(ctx)
}

func (r *restorable) Rota(ctx context.Context) (dispatch.RotaVersion, []edit.Record, error) {
	return r.is.Load().Rota(ctx)
}

func (r *restorable) RotaHistory(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	return r.is.Load().RotaHistory(ctx, f)
}

func (r *restorable) Nodes(ctx context.Context) ([]dispatch.Node, error) {
	return r.is.Load().Nodes(ctx)
}

func (r *restorable) SaveDefinition(ctx context.Context, v dispatch.Version, body []byte) error {
	return r.is.Load().SaveDefinition(ctx, v, body)
}

func (r *restorable) Definition(ctx context.Context) (dispatch.Version, []byte, error) {
	return r.is.Load().Definition(ctx)
}

func (r *restorable) DefinitionVersion(ctx context.Context) (dispatch.Version, error) {
	return r.is.Load().DefinitionVersion(ctx)
}

func (r *restorable) KnownDefinition(ctx context.Context, hash string) (bool, error) {
	return r.is.Load().KnownDefinition(ctx, hash)
}

// town is some nodes on one record, and what was done to them.
type town struct {
	*testing.T

	record *restorable
	nodes  []*resident
	said   []string
	random *rand.Rand
}

// resident is a node that stops and starts on one folder.
type resident struct {
	*node

	name, folder string
	stop         func() // nil: it does not run
	best         time.Time
}

func (w *town) say(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf("%s  ", time.Now().Format("15:04:05.000"))+fmt.Sprintf(format, args...))
}

func (w *town) start(r *resident) {
	r.node = keep(w.T, w.record, r.folder, r.name)
	r.load(w.T, renamed("seed"))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = func() {
		cancel()
		must(w.T, <-ended)
		r.stop = nil
	}
}

// step is one thing that happens.
func (w *town) step() {
	r := w.nodes[w.random.IntN(len(w.nodes))]
	switch w.random.IntN(9) {
	case 0:
		if r.stop != nil {
			w.say("%s stops", r.name)
			r.stop()
		}
	case 1, 2:
		if r.stop == nil {
			w.say("%s starts", r.name)
			w.start(r)
		}
	case 3:
		n := w.random.IntN(w.record.edits() + 1)
		w.say("the record is restored as it was after %d of %d changes", n, w.record.edits())
		w.record.restore(w.T, n)
	case 4:
		w.say("the record is away")
		w.record.is.Load().Fail(errors.New("away"))
	case 5:
		w.say("the record is back")
		w.record.is.Load().Fail(nil)
	case 6, 7:
		if v, err := w.record.RotaVersion(w.Context()); err == nil && v.Revision > 0 {
			skew := time.Duration(w.random.IntN(7200)-3600) * time.Second // of the clock of whoever edits
			v = rename(w.T, w.record, fmt.Sprintf("edit %d", w.random.IntN(1000)), time.Now().Add(skew))
			w.say("edited: revision %d at %s", v.Revision, v.EditedAt.Format("15:04:05.000000"))
			if r.stop != nil && w.random.IntN(2) == 0 {
				_ = r.Follow(w.Context())
			}
		}
	default:
		d := time.Duration(w.random.IntN(8000)) * time.Millisecond
		w.say("%s pass", d)
		wait(d)
	}
	synctest.Wait()
	w.check()
}

// check holds that no node goes back behind an edit it has seen.
func (w *town) check() {
	for _, r := range w.nodes {
		if r.node == nil {
			continue
		}
		at := r.dir.Load().Rota.EditedAt
		if at.Before(r.best) {
			w.fail("%s went back from an edit of %s to one of %s", r.name, r.best, at)
		}
		r.best = at
	}
}

func (w *town) fail(format string, args ...any) {
	w.Helper()
	for _, r := range w.nodes {
		if r.node != nil {
			w.Logf("%s said\n%s", r.name, r.log)
			if r.stop != nil {
				r.stop()
			}
		}
	}
	w.Fatalf("%s after\n%s", fmt.Sprintf(format, args...), strings.Join(w.said, "\n"))
}

// TestNodesConverge stops and starts nodes, edits by clocks that differ, takes
// the record away and restores it from older copies, at random. Then everything
// is put right: within five seconds all nodes and the record have one rota, the
// one that was edited last of all that any of them knew.
func TestNodesConverge(t *testing.T) {
	t.Parallel()
	runs := 25
	if testing.Short() {
		runs = 8
	}
	for seed := range runs {
		synctest.Test(t, func(t *testing.T) {
			w := &town{T: t, record: &restorable{}, random: rand.New(rand.NewPCG(uint64(seed), 5))}
			w.record.is.Store(store.NewMemory())
			for i := range 2 + seed%2 {
				r := &resident{name: string(rune('a' + i)), folder: t.TempDir()}
				w.nodes = append(w.nodes, r)
				w.start(r)
			}
			for range 40 {
				w.step()
			}
			w.settle(seed)
			for _, r := range w.nodes {
				r.stop()
			}
		})
	}
}

func (w *town) settle(seed int) {
	w.say("all is put right")
	last := map[string]time.Time{} // content of all versions that anybody knows, and when it was edited
	note := func(v dispatch.RotaVersion) {
		if v.Revision > 0 && last[v.Hash].Before(v.EditedAt) {
			last[v.Hash] = v.EditedAt
		}
	}
	w.record.is.Load().Fail(nil)
	v, err := w.record.RotaVersion(w.Context())
	must(w.T, err)
	note(v)
	for _, r := range w.nodes {
		note(r.dir.Load().Rota)
	}
	for _, r := range w.nodes {
		if r.stop == nil {
			w.start(r)
		}
	}
	wait(5 * time.Second)
	synctest.Wait()
	w.check()
	if v, err = w.record.RotaVersion(w.Context()); err != nil || v.Revision == 0 {
		w.fail("seed %d: the record has %+v, %v", seed, v, err)
	}
	for _, r := range w.nodes {
		if is := r.dir.Load().Rota; !is.Same(v) {
			w.fail("seed %d: %s works with %+v, the record has %+v", seed, r.name, is, v)
		}
	}
	for hash, at := range last {
		if at.After(last[v.Hash]) {
			w.fail("seed %d: an edit of %s (%.8s) was lost to one of %s (%.8s)", seed, at, hash, last[v.Hash], v.Hash)
		}
	}
	must(w.T, w.record.is.Load().VerifyRota(w.Context()))
}
