package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

func suiteChangeID(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	c := opening(1)
	c.ID = "one"
	failing := c
	failing.Was = 7
	want(t, s.Commit(ctx, failing), dispatch.ErrConflict)
	must(t, s.Commit(ctx, c)) // the change that failed is not remembered
	err := s.Commit(ctx, c)
	want(t, err, dispatch.ErrRepeated)
	if repeat, ok := errors.AsType[*dispatch.RepeatedError](err); ok {
		t.Errorf("%v: the signal was looked at before the ID", repeat)
	}
	other := note(1, "")
	other.ID = "one"
	want(t, s.Commit(ctx, other), dispatch.ErrRepeated)
	log, err := s.Events(ctx, "t1")
	must(t, err)
	if len(log) != 1 {
		t.Errorf("a repeated change wrote: %+v", log)
	}
	must(t, s.Commit(ctx, note(1, "")))
	must(t, s.Commit(ctx, note(1, ""))) // no ID, nothing remembered
}

func suiteForget(t *testing.T, s record) {
	t.Helper()
	for i := range 3 {
		must(t, s.Commit(t.Context(), dispatch.Change{ID: fmt.Sprint(i)}))
	}
	must(t, s.Forget(t.Context(), time.Now().Add(-time.Hour)))
	want(t, s.Commit(t.Context(), dispatch.Change{ID: "1"}), dispatch.ErrRepeated)
	must(t, s.Forget(t.Context(), time.Now().Add(time.Hour)))
	must(t, s.Commit(t.Context(), dispatch.Change{ID: "1"}))
}

// seek is an assignment of anna, for half a minute.
func seek(call string, token uint64, now time.Time) dispatch.Assignment {
	return dispatch.Assignment{Person: "anna", Call: call, Attempt: call + "/1", Node: "a", Token: token, Until: now.Add(30 * time.Second)}
}

func suiteAssign(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	first := seek("c1", 10, now)
	want(t, s.Confirm(ctx, first, now), dispatch.ErrStale)
	must(t, s.Assign(ctx, first, now))
	must(t, s.Assign(ctx, first, now))
	must(t, s.Confirm(ctx, first, now))
	want(t, s.Assign(ctx, seek("c2", 11, now), now), dispatch.ErrAssigned)
	want(t, s.Assign(ctx, seek("c2", 9, now), now), dispatch.ErrAssigned)
	must(t, s.Confirm(ctx, first, now))
	again := first
	again.Attempt, again.Token = "c1/2", 12
	must(t, s.Assign(ctx, again, now)) // the same call's next attempt
	want(t, s.Confirm(ctx, first, now), dispatch.ErrStale)
	want(t, s.Assign(ctx, first, now), dispatch.ErrStale)
	must(t, s.Unassign(ctx, first)) // no longer the open one
	must(t, s.Confirm(ctx, again, now))
	must(t, s.Unassign(ctx, again))
	must(t, s.Unassign(ctx, again))
	want(t, s.Confirm(ctx, again, now), dispatch.ErrStale)
	want(t, s.Assign(ctx, again, now), dispatch.ErrStale) // released is not open again
	must(t, s.Extend(ctx, []dispatch.Assignment{again}))
	want(t, s.Confirm(ctx, again, now), dispatch.ErrStale)
	must(t, s.Assign(ctx, seek("c2", 13, now), now))
	boris := seek("c3", 1, now)
	boris.Person = "boris"
	must(t, s.Assign(ctx, boris, now))
}

func suiteExpiry(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	first := seek("c1", 1, now)
	must(t, s.Assign(ctx, first, now))
	must(t, s.Confirm(ctx, first, now.Add(30*time.Second-time.Microsecond)))
	want(t, s.Confirm(ctx, first, now.Add(30*time.Second)), dispatch.ErrStale)
	longer := first
	longer.Until = now.Add(time.Minute)
	must(t, s.Extend(ctx, nil))
	must(t, s.Extend(ctx, []dispatch.Assignment{seek("c9", 9, now), longer, first})) // an older end moves nothing back
	must(t, s.Confirm(ctx, first, now.Add(59*time.Second)))
	want(t, s.Assign(ctx, seek("c2", 2, now), now.Add(59*time.Second)), dispatch.ErrAssigned)
	later := now.Add(time.Minute)
	second := seek("c2", 2, later)
	must(t, s.Assign(ctx, second, later))
	want(t, s.Confirm(ctx, first, later), dispatch.ErrStale)
	longer.Until = later.Add(time.Hour)
	must(t, s.Extend(ctx, []dispatch.Assignment{longer})) // stale: passed over
	must(t, s.Confirm(ctx, second, later))
	want(t, s.Confirm(ctx, longer, later), dispatch.ErrStale)
	// Told too late, but nobody got her meanwhile.
	second.Until = later.Add(2 * time.Minute)
	must(t, s.Extend(ctx, []dispatch.Assignment{second}))
	want(t, s.Assign(ctx, seek("c3", 3, later), later.Add(time.Minute)), dispatch.ErrAssigned)
}

// While the store was away nobody extended; the caller's key comes before anybody else asks for her.
func suiteReopened(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	first := seek("c1", 1, now)
	must(t, s.Assign(ctx, first, now))
	later := now.Add(time.Hour)
	want(t, s.Confirm(ctx, first, later), dispatch.ErrStale) // asks for no time to come
	first.Until = later.Add(30 * time.Second)
	for _, stranger := range []dispatch.Assignment{seek("c2", 1, later), seek("c1", 2, later), seek("c2", 2, later)} {
		want(t, s.Confirm(ctx, stranger, later), dispatch.ErrStale)
	}
	must(t, s.Confirm(ctx, first, later))
	want(t, s.Assign(ctx, seek("c2", 2, later), later.Add(29*time.Second)), dispatch.ErrAssigned) // she talks
	must(t, s.Unassign(ctx, first))
	want(t, s.Confirm(ctx, first, later), dispatch.ErrStale)
	later = later.Add(time.Hour)
	second := seek("c2", 2, later)
	must(t, s.Assign(ctx, second, later))
	later = later.Add(time.Hour)
	first.Until = later.Add(time.Hour)
	want(t, s.Confirm(ctx, first, later), dispatch.ErrStale) // another got her, though his has run out too
	second.Until = later.Add(time.Second)
	must(t, s.Confirm(ctx, second, later))
}

func suiteTokens(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	high := uint64(1)<<63 | 5 // beyond what SQL takes for a number above zero
	for _, token := range []uint64{1, 2, 1<<31 + 1, 1<<32 + 1, 1<<40 | 1, 1<<63 - 1, high, 1<<64 - 1} {
		a := seek(fmt.Sprint("c", token), token, now)
		must(t, s.Assign(ctx, a, now))
		must(t, s.Confirm(ctx, a, now))
		must(t, s.Unassign(ctx, a))
		for _, old := range []uint64{token, token - 1, 0} {
			want(t, s.Assign(ctx, seek("other", old, now), now), dispatch.ErrStale)
		}
	}
}

func suiteEpoch(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			var last uint64
			for range 5 {
				e, err := s.RaiseEpoch(ctx)
				if err != nil || e <= last {
					t.Errorf("epoch %d after %d: %v", e, last, err)
				}
				last = e
				mu.Lock()
				if seen[e] {
					t.Errorf("epoch %d twice", e)
				}
				seen[e] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	must(t, s.Assign(ctx, seek("c1", 900<<40|1, t0), t0)) // made by a node that could not ask
	must(t, s.Assign(ctx, dispatch.Assignment{Person: "boris", Call: "c2", Token: 7, Until: t0}, t0))
	const high = 1<<23 + 5 // makes tokens that SQL takes for negative
	for _, above := range []uint64{900, high} {
		if above == high {
			must(t, s.Assign(ctx, dispatch.Assignment{Person: "clara", Call: "c3", Token: high<<40 | 1, Until: t0}, t0))
		}
		e, err := s.RaiseEpoch(ctx)
		must(t, err)
		if e <= above {
			t.Errorf("epoch %d is not above %d, that of a token that was seen", e, above)
		}
	}
}

func suiteKinds(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	kinds := []dispatch.NoticeKind{dispatch.NoticePage, dispatch.NoticeEvent, dispatch.NoticeRecall, dispatch.NoticeShift}
	var c dispatch.Change
	for i, k := range kinds {
		c.Notices = append(c.Notices, dispatch.Notice{ID: string(k), Kind: k, DueAt: t0.Add(time.Duration(i) * time.Second)})
	}
	must(t, s.Commit(ctx, c))
	for i, k := range kinds {
		next, err := s.NextNotice(ctx, k)
		must(t, err)
		got, err := s.ClaimNotices(ctx, k, t0.Add(time.Minute), time.Minute, 10)
		must(t, err)
		if len(got) != 1 || got[0].Kind != k || !next.Equal(t0.Add(time.Duration(i)*time.Second)) {
			t.Errorf("%s: next %v, claimed %+v", k, next, got)
		}
	}
}

func served(n int, node string) dispatch.Change {
	c := opening(n)
	c.Calls[0].Node = node
	c.Calls[0].StartedAt = t0.Add(time.Duration(n) * time.Second)
	return c
}

func suiteCallNode(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	c := served(1, "a")
	must(t, s.Commit(ctx, c))
	moved := c.Calls[0]
	moved.Node, moved.AcceptedBy = "b", "anna"
	must(t, s.Commit(ctx, dispatch.Change{Calls: []dispatch.CallRecord{moved}}))
	got, err := s.Call(ctx, "call-1")
	must(t, err)
	b, err := s.Board(ctx)
	must(t, err)
	list, err := s.Calls(ctx, dispatch.CallFilter{})
	must(t, err)
	for _, got := range []dispatch.CallRecord{got, b.Calls[0], list[0]} {
		if got.Node != "a" || got.AcceptedBy != "anna" {
			t.Errorf("call %+v", got)
		}
	}
}

func suiteTakeOver(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	for _, node := range []string{"a", "b", "c"} {
		must(t, s.Beat(ctx, dispatch.Node{ID: node, Until: now.Add(4 * time.Second)}, now))
	}
	must(t, s.Commit(ctx, served(2, "a")))
	must(t, s.Commit(ctx, served(1, "a")))
	must(t, s.Commit(ctx, served(3, "b")))
	must(t, s.Commit(ctx, served(4, "unknown")))
	ended := served(5, "a")
	ended.Calls[0].EndedAt, ended.Calls[0].Result = now, dispatch.CallServed
	must(t, s.Commit(ctx, ended))
	take := func(heir string, at time.Duration) []dispatch.CallRecord {
		list, err := s.TakeOver(ctx, heir, false, now.Add(at))
		must(t, err)
		return list
	}
	if list := take("c", 3999*time.Millisecond); len(list) != 0 {
		t.Errorf("taken from the living: %+v", list)
	}
	must(t, s.Beat(ctx, dispatch.Node{ID: "c", Until: now.Add(time.Minute)}, now))
	must(t, s.Beat(ctx, dispatch.Node{ID: "b", Until: now.Add(time.Minute)}, now))
	list := take("c", 4*time.Second)
	wanted := []dispatch.CallRecord{served(1, "c").Calls[0], served(2, "c").Calls[0]}
	if d := cmp.Diff(wanted, list); d != "" {
		t.Error(d)
	}
	for _, heir := range []string{"c", "b", "a"} {
		if again := take(heir, 5*time.Second); len(again) != 0 {
			t.Errorf("%s got calls that c has: %+v", heir, again)
		}
	}
	if list := take("b", 2*time.Hour); len(list) != 2 || list[0].Node != "b" { // c died before it had ended them
		t.Errorf("from the dead heir: %+v", list)
	}
	must(t, s.Leave(ctx, "b"))
	must(t, s.Leave(ctx, "never seen"))
	if list := take("a", 0); len(list) != 3 {
		t.Errorf("from one that left calls open: %+v", list)
	}
	nodes, err := s.Nodes(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.Node{{ID: "a", Until: now.Add(4 * time.Second)}, {ID: "b"}, {ID: "c", Until: now.Add(time.Minute)}}, nodes); d != "" {
		t.Error(d)
	}
}

func suiteOwn(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	must(t, s.Commit(ctx, served(1, "a")))
	must(t, s.Commit(ctx, served(2, "")))
	must(t, s.Commit(ctx, served(3, "b")))
	if list, err := s.TakeOver(ctx, "a", false, t0); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	list, err := s.TakeOver(ctx, "a", true, t0)
	must(t, err)
	if len(list) != 2 || list[0].ID != "call-1" || list[1].ID != "call-2" || list[1].Node != "a" {
		t.Errorf("own: %+v", list)
	}
	if list, err := s.TakeOver(ctx, "b", true, t0); err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func suiteTakenOver(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0
	late := now.Add(time.Minute)
	must(t, s.Beat(ctx, dispatch.Node{ID: "a", Until: now.Add(4 * time.Second)}, now))
	must(t, s.Beat(ctx, dispatch.Node{ID: "b", Until: now.Add(4 * time.Second)}, now))
	must(t, s.Commit(ctx, served(1, "a")))
	list, err := s.TakeOver(ctx, "c", false, late)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("taken over: %+v", list)
	}
	must(t, s.Beat(ctx, dispatch.Node{ID: "b", Until: late.Add(4 * time.Second)}, late)) // late, but nothing of it was taken
	want(t, s.Beat(ctx, dispatch.Node{ID: "a", Until: late.Add(4 * time.Second)}, late), dispatch.ErrTakenOver)
	nodes, err := s.Nodes(ctx)
	must(t, err)
	if !nodes[0].Until.Equal(late.Add(4 * time.Second)) {
		t.Errorf("the beat did not count: %+v", nodes)
	}
	must(t, s.Beat(ctx, dispatch.Node{ID: "a", Until: late.Add(4 * time.Second)}, late))
}

func suiteDefinition(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	_, _, err := s.Definition(ctx)
	want(t, err, dispatch.ErrNotFound)
	_, err = s.DefinitionVersion(ctx)
	want(t, err, dispatch.ErrNotFound)
	save := func(hash string, at time.Duration) dispatch.Version {
		v := dispatch.Version{Hash: hash, MadeAt: t0.Add(at), Node: "n-" + hash}
		must(t, s.SaveDefinition(ctx, v, []byte("body of "+hash)))
		return v
	}
	for i, hash := range []string{"x", "y", "y", "x"} { // x comes back
		v := save(hash, time.Duration(i)*time.Minute)
		got, body, err := s.Definition(ctx)
		must(t, err)
		short, err := s.DefinitionVersion(ctx)
		must(t, err)
		if got != v || short != v || string(body) != "body of "+hash {
			t.Errorf("in force %+v %+v %q, want %+v", got, short, body, v)
		}
	}
	for hash, want := range map[string]bool{"x": true, "y": true, "z": false} {
		known, err := s.KnownDefinition(ctx, hash)
		must(t, err)
		if known != want {
			t.Errorf("%s known: %v", hash, known)
		}
	}
}

func suiteLastNumber(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	for _, n := range []int{3, 7, 12} {
		must(t, s.Commit(ctx, opening(n)))
	}
	for _, c := range []struct {
		year       int
		first, end uint32
		want       uint32
	}{{2026, 1, 10, 7}, {26, 1, 10, 7}, {2026, 8, 12, 0}, {2026, 3, 4, 3}, {2026, 8, 1<<32 - 1, 12}, {2025, 1, 100, 0}} {
		got, err := s.LastNumber(ctx, c.year, c.first, c.end)
		must(t, err)
		if got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
