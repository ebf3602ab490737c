package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

// A place has one holder; whoever comes after him goes on where he stopped, and
// he can not move it any more.
func suitePlaces(t *testing.T, s record) {
	t.Helper()
	ctx, name := t.Context(), "imap/support"
	cursor := []byte{0, 0xff, 'u', '\''}
	took := func(holder string, now time.Time, token int64, cursor []byte) dispatch.Place {
		t.Helper()
		p, err := s.HoldPlace(ctx, name, holder, now, now.Add(30*time.Second))
		must(t, err)
		if d := cmp.Diff(dispatch.Place{Name: name, Holder: holder, Token: token, Until: now.Add(30 * time.Second), Cursor: cursor}, p); d != "" {
			t.Error(d)
		}
		return p
	}
	a := took("a", t0, 1, nil)
	took("a", t0.Add(time.Second), 1, nil)
	end := t0.Add(31 * time.Second)
	must(t, s.MovePlace(ctx, name, a.Token, cursor))
	cursor[2] = 'U' // the caller's own

	p, err := s.HoldPlace(ctx, name, "b", end.Add(-time.Microsecond), end.Add(time.Hour))
	want(t, err, dispatch.ErrConflict)
	if d := cmp.Diff(dispatch.Place{Name: name, Holder: "a", Token: 1, Until: end, Cursor: []byte{0, 0xff, 'u', '\''}}, p); d != "" {
		t.Error(d)
	}
	took("a", end, 1, []byte{0, 0xff, 'u', '\''}) // it ran out, and nobody else took it
	end = end.Add(30 * time.Second)
	b := took("b", end, 2, []byte{0, 0xff, 'u', '\''})

	want(t, s.MovePlace(ctx, name, a.Token, []byte("late")), dispatch.ErrConflict)
	want(t, s.FreePlace(ctx, name, a.Token), dispatch.ErrConflict)
	want(t, s.MovePlace(ctx, name, b.Token+1, []byte("early")), dispatch.ErrConflict)
	must(t, s.MovePlace(ctx, name, b.Token, []byte("2")))
	must(t, s.FreePlace(ctx, name, b.Token))
	must(t, s.FreePlace(ctx, name, b.Token))
	took("b", end, 3, []byte("2")) // what was freed has a new holder, whoever it is
	want(t, s.MovePlace(ctx, name, b.Token, []byte("late")), dispatch.ErrConflict)
	must(t, s.MovePlace(ctx, name, 3, nil))
	must(t, s.FreePlace(ctx, name, 3))
	took("c", end, 4, nil)
}

// Places do not mix, and what nobody has held can not be moved.
func suitePlacesApart(t *testing.T, s record) {
	t.Helper()
	ctx, until := t.Context(), t0.Add(time.Minute)
	want(t, s.MovePlace(ctx, "imap/sales", 0, []byte("1")), dispatch.ErrConflict)
	want(t, s.FreePlace(ctx, "imap/sales", 0), dispatch.ErrConflict)
	for _, name := range []string{"imap/support", "telegram/main", "imap/\xff\x00"} {
		p, err := s.HoldPlace(ctx, name, name+"'s", t0, until)
		must(t, err)
		if p.Token != 1 || p.Cursor != nil {
			t.Errorf("%q: %+v", name, p)
		}
		must(t, s.MovePlace(ctx, name, 1, []byte(name)))
		if p, err = s.HoldPlace(ctx, name, name+"'s", t0, until); err != nil || p.Token != 1 || string(p.Cursor) != name {
			t.Errorf("%q: %+v, %v", name, p, err)
		}
	}
	if err := s.MovePlace(ctx, "imap/support", 1, []byte(strings.Repeat("x", dispatch.MaxCursor+1))); err == nil {
		t.Error("a cursor without end was kept")
	}
	must(t, s.MovePlace(ctx, "imap/support", 1, []byte(strings.Repeat("x", dispatch.MaxCursor))))
	for _, who := range [][2]string{{"", "a"}, {"imap/support", ""}} {
		if p, err := s.HoldPlace(ctx, who[0], who[1], until, until.Add(time.Minute)); err == nil {
			t.Errorf("%q: %+v", who, p)
		}
	}
}

// Of fifty that ask for a place at once, one gets it.
func suitePlaceRace(t *testing.T, s record) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int64{}
	for n := range 50 {
		wg.Go(func() {
			p, err := s.HoldPlace(t.Context(), "telegram/main", fmt.Sprint("n", n), t0, t0.Add(time.Minute))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				got[p.Holder] = p.Token
			} else if !errors.Is(err, dispatch.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("held by %v", got)
	}
	for holder, token := range got {
		if token != 1 {
			t.Errorf("%s has token %d", holder, token)
		}
	}
}
