package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
)

// TestArbiterHolds plays random histories of calls that want the same people
// against both stores. After each step: at most one assignment of a person is
// confirmed, no token that was let in was below an earlier one of his, and
// whoever another one followed stays stale.
func TestArbiterHolds(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path, cfg.Gather = filepath.Join(t.TempDir(), "vahta.db"), 0
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	run(t, s)
	for name, a := range map[string]record{"sqlite": s, "memory": NewMemory()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var game atomic.Int64
			rapid.Check(t, func(rt *rapid.T) {
				g := &arbiterGame{t: t, a: a, now: t0, person: fmt.Sprint("p", game.Add(1)), stale: map[dispatch.Assignment]bool{}}
				g.play(rt)
			})
		})
	}
}

// arbiterGame is one history of one person.
type arbiterGame struct {
	t      *testing.T
	a      record
	person string
	now    time.Time

	let   []dispatch.Assignment // all that were let in, in order
	last  dispatch.Assignment   // of them
	open  bool                  // what the rules say of it
	until time.Time
	stale map[dispatch.Assignment]bool
}

func (g *arbiterGame) play(rt *rapid.T) {
	rt.Repeat(map[string]func(*rapid.T){
		"assign": func(rt *rapid.T) {
			g.assign(rt, dispatch.Assignment{
				Person: g.person, Call: rapid.SampledFrom([]string{"c1", "c2", "c3"}).Draw(rt, "call"),
				Attempt: rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "attempt"), Node: "n",
				Token: rapid.Uint64Range(0, 12).Draw(rt, "token"),
				Until: g.now.Add(time.Duration(rapid.IntRange(1, 4).Draw(rt, "ttl")) * time.Second),
			})
		},
		"extend": func(rt *rapid.T) {
			if len(g.let) == 0 {
				return
			}
			a := rapid.SampledFrom(g.let).Draw(rt, "which")
			a.Until = g.now.Add(time.Duration(rapid.IntRange(1, 4).Draw(rt, "ttl")) * time.Second)
			must(g.t, g.a.Extend(g.t.Context(), []dispatch.Assignment{a}))
			if same(a, g.last) && g.open && a.Until.After(g.until) {
				g.until = a.Until
			}
		},
		"confirm": func(rt *rapid.T) {
			if len(g.let) == 0 {
				return
			}
			a := rapid.SampledFrom(g.let).Draw(rt, "which")
			a.Until = g.now.Add(time.Duration(rapid.IntRange(1, 4).Draw(rt, "ttl")) * time.Second)
			ours := same(a, g.last) && g.open
			if err := g.a.Confirm(g.t.Context(), a, g.now); (err == nil) != ours || !ours && !errors.Is(err, dispatch.ErrStale) {
				rt.Fatalf("%+v, last %+v, not released %v: %v", a, g.last, g.open, err)
			}
			if ours && !g.until.After(g.now) { // it had run out
				g.until = a.Until
			}
		},
		"unassign": func(rt *rapid.T) {
			if len(g.let) == 0 {
				return
			}
			a := rapid.SampledFrom(g.let).Draw(rt, "which")
			must(g.t, g.a.Unassign(g.t.Context(), a))
			g.open = g.open && !same(a, g.last)
		},
		"wait": func(rt *rapid.T) { g.now = g.now.Add(time.Duration(rapid.IntRange(1, 3).Draw(rt, "s")) * time.Second) },
		"":     func(rt *rapid.T) { g.check(rt) },
	})
}

func same(a, b dispatch.Assignment) bool {
	return a.Call == b.Call && a.Attempt == b.Attempt && a.Token == b.Token
}

func (g *arbiterGame) assign(rt *rapid.T, a dispatch.Assignment) {
	err := g.a.Assign(g.t.Context(), a, g.now)
	live := g.open && g.until.After(g.now)
	switch {
	case live && same(a, g.last):
		if err != nil {
			rt.Fatalf("the same again: %v", err)
		}
		if a.Until.After(g.until) {
			g.until = a.Until
		}
	case live && a.Call != g.last.Call:
		if !errors.Is(err, dispatch.ErrAssigned) {
			rt.Fatalf("%+v beside %+v: %v", a, g.last, err)
		}
	case a.Token <= g.last.Token:
		if !errors.Is(err, dispatch.ErrStale) {
			rt.Fatalf("%+v after %+v: %v", a, g.last, err)
		}
	default:
		if err != nil {
			rt.Fatalf("%+v after %+v: %v", a, g.last, err)
		}
		if len(g.let) > 0 {
			g.stale[g.last] = true
		}
		g.let, g.last, g.open, g.until = append(g.let, a), a, true, a.Until
	}
}

func (g *arbiterGame) check(rt *rapid.T) {
	confirmed := 0
	for _, a := range g.let {
		err := g.a.Confirm(g.t.Context(), a, g.now)
		switch {
		case err == nil && (g.stale[a] || !same(a, g.last) || !g.open || !g.until.After(g.now)):
			rt.Fatalf("%+v is confirmed at %v", a, g.now)
		case err == nil:
			confirmed++
		case !errors.Is(err, dispatch.ErrStale) || same(a, g.last) && g.open && g.until.After(g.now):
			rt.Fatalf("%+v: %v", a, err)
		}
	}
	if confirmed > 1 {
		rt.Fatalf("%d assignments are open", confirmed)
	}
}

// Of calls on two nodes that want one person at the same time one gets him.
func TestArbiterRace(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	for round := range 10 {
		person := fmt.Sprint("p", round)
		var won atomic.Int64
		var wg sync.WaitGroup
		for i, s := range []*SQL{a, b, a, b, a, b} {
			wg.Go(func() {
				as := dispatch.Assignment{Person: person, Call: fmt.Sprint("c", i), Token: uint64(i + 1), Until: t0.Add(time.Minute)}
				switch err := s.Assign(t.Context(), as, t0); {
				case err == nil:
					won.Add(1)
					if err := s.Confirm(t.Context(), as, t0); err != nil {
						t.Error(err)
					}
				case !errors.Is(err, dispatch.ErrAssigned):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d calls have %s", won.Load(), person)
		}
	}
}
