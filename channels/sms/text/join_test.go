package text

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// epoch is when the tests begin.
var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func piece(id string, seq, total uint8, data string) Piece {
	return Piece{ID: id, From: "79001234567", To: "4217", Concat: Concat{Ref: 7, Total: total, Seq: seq}, Data: []byte(data)}
}

func whole(text string, ids []string, missing ...int) Whole {
	return Whole{From: "79001234567", To: "4217", Text: text, IDs: ids, Missing: missing}
}

type added struct {
	after   time.Duration // since the beginning
	piece   Piece
	want    []Whole
	verdict Verdict
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		adds []added
		end  time.Duration // when Expire is asked; 0 = never
		rest []Whole
	}{
		{"alone", []added{{0, piece("a", 1, 1, "x"), []Whole{whole("x", []string{"a"})}, Complete}}, 0, nil},
		{"in another order", []added{
			{0, piece("c", 3, 3, "z"), nil, Waits},
			{0, piece("a", 1, 3, "x"), nil, Waits},
			{0, piece("b", 2, 3, "y"), []Whole{whole("xyz", []string{"a", "b", "c"})}, Complete},
		}, 0, nil},
		{"repeats before and after the end", []added{
			{0, piece("a", 1, 2, "x"), nil, Waits},
			{0, piece("a2", 1, 2, "x"), nil, Repeat},
			{0, piece("b", 2, 2, "y"), []Whole{whole("xy", []string{"a", "b"})}, Complete},
			{0, piece("b2", 2, 2, "y"), nil, Repeat},
			{0, piece("a3", 1, 2, "x"), nil, Repeat},
		}, time.Hour, nil},
		{"the rest does not come", []added{
			{0, piece("a", 1, 4, "x"), nil, Waits},
			{0, piece("d", 4, 4, "w"), nil, Waits},
		}, 2 * time.Minute, []Whole{whole("x … w", []string{"a", "d"}, 2, 3)}},
		{"not yet", []added{{0, piece("b", 2, 2, "y"), nil, Waits}}, 2*time.Minute - 1, nil},
		{"the reference comes round amid a text", []added{
			{0, piece("a", 1, 2, "x"), nil, Waits},
			{0, piece("a2", 1, 2, "new "), []Whole{whole("x … ", []string{"a"}, 2)}, Waits},
			{0, piece("b2", 2, 2, "text"), []Whole{whole("new text", []string{"a2", "b2"})}, Complete},
		}, 0, nil},
		{"a gateway that numbers all texts alike", []added{
			{0, piece("a", 1, 2, "ALARM "), nil, Waits},
			{0, piece("b", 2, 2, "one"), []Whole{whole("ALARM one", []string{"a", "b"})}, Complete},
			{0, piece("a2", 1, 2, "ALARM "), nil, Repeat},
			{0, piece("b2", 2, 2, "two"), []Whole{whole("ALARM two", []string{"a2", "b2"})}, Complete},
		}, time.Hour, nil},
		{"the same long after", []added{
			{0, piece("a", 1, 2, "x"), nil, Waits},
			{0, piece("b", 2, 2, "y"), []Whole{whole("xy", []string{"a", "b"})}, Complete},
			{10 * time.Minute, piece("a2", 1, 2, "x"), nil, Waits},
			{10 * time.Minute, piece("b2", 2, 2, "y"), []Whole{whole("xy", []string{"a2", "b2"})}, Complete},
		}, 0, nil},
		{"another alphabet amid a text", []added{
			{0, Piece{ID: "a", Concat: Concat{7, true, 2, 1}, Data: []byte("x")}, nil, Waits},
			{0, Piece{ID: "b", Concat: Concat{7, true, 2, 2}, Coding: UCS2, Data: []byte("\x04\x1f")}, []Whole{{Text: "xП", IDs: []string{"a", "b"}}}, Complete},
		}, 0, nil},
		{"a sender that tears characters", []added{
			{0, Piece{ID: "a", Concat: Concat{7, true, 2, 1}, Coding: UCS2, Data: []byte("\xd8\x3d")}, nil, Waits},
			{0, Piece{ID: "b", Concat: Concat{7, true, 2, 2}, Coding: UCS2, Data: []byte("\xdd\x25")}, []Whole{{Text: "🔥", IDs: []string{"a", "b"}}}, Complete},
		}, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := NewJoiner(DefaultBounds())
			for i, a := range tt.adds {
				now := epoch.Add(a.after)
				if early := j.Expire(now); len(early) > 0 {
					t.Errorf("before step %d: %+v", i, early)
				}
				got, verdict := j.Add(now, a.piece)
				if d := cmp.Diff(a.want, got); d != "" || verdict != a.verdict {
					t.Errorf("step %d: %v %s", i, verdict, d)
				}
			}
			if tt.end > 0 {
				if d := cmp.Diff(tt.rest, j.Expire(epoch.Add(tt.end))); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestJoinLatePart(t *testing.T) {
	t.Parallel()
	j := NewJoiner(DefaultBounds())
	j.Add(epoch, piece("a", 1, 3, "x"))
	if at, ok := j.Next(); !ok || !at.Equal(epoch.Add(2*time.Minute)) {
		t.Fatalf("Next = %v %t", at, ok)
	}
	j.Expire(epoch.Add(2 * time.Minute))
	if _, ok := j.Next(); ok {
		t.Error("nothing is kept, and Next has a time")
	}
	got, verdict := j.Add(epoch.Add(3*time.Minute), piece("b", 2, 3, "y"))
	want := Whole{From: "79001234567", To: "4217", Text: "y", IDs: []string{"b"}, Missing: []int{3}, Late: true}
	if d := cmp.Diff([]Whole{want}, got); d != "" || verdict != Complete {
		t.Errorf("%v %s", verdict, d)
	}
}

func TestJoinMakesRoom(t *testing.T) {
	t.Parallel()
	b := DefaultBounds()
	b.Texts, b.Octets = 2, 10
	j := NewJoiner(b)
	open := func(ref uint16, data string) []Whole {
		out, _ := j.Add(epoch, Piece{ID: fmt.Sprint(ref), Concat: Concat{ref, true, 2, 1}, Data: []byte(data)})
		return out
	}
	if got := append(open(1, "x"), open(2, "y")...); got != nil {
		t.Fatalf("within bounds: %+v", got)
	}
	if got := open(3, "z"); len(got) != 1 || got[0].IDs[0] != "1" {
		t.Errorf("a third text: %+v", got)
	}
	if got := open(4, "0123456789"); len(got) != 2 || got[0].IDs[0] != "2" || got[1].IDs[0] != "3" {
		t.Errorf("a text that needs all room: %+v", got)
	}
}

// Whatever comes in, what is kept is bounded, and each piece is given out once,
// is a repeat, or is still kept.
func TestJoinLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := Bounds{Wait: time.Minute, Remember: 5 * time.Minute, Texts: rapid.IntRange(1, 4).Draw(t, "texts"), Octets: rapid.IntRange(3, 40).Draw(t, "octets")}
		j := NewJoiner(b)
		now := epoch
		given, repeats, ids := map[string]int{}, map[string]bool{}, []string{}
		take := func(ws []Whole) {
			for _, w := range ws {
				for _, id := range w.IDs {
					given[id]++
				}
			}
		}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, 5 * time.Minute}).Draw(t, "later"))
			if rapid.Bool().Draw(t, "expire") {
				take(j.Expire(now))
			}
			total := rapid.Uint8Range(1, 4).Draw(t, "total")
			p := Piece{
				ID:     fmt.Sprint(i),
				Concat: Concat{Ref: rapid.Uint16Range(0, 2).Draw(t, "ref"), Total: total, Seq: rapid.Uint8Range(0, 5).Draw(t, "seq")},
				Data:   []byte(strings.Repeat(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "data"), rapid.IntRange(0, 3).Draw(t, "n"))),
			}
			ws, v := j.Add(now, p)
			ids = append(ids, p.ID)
			repeats[p.ID] = v == Repeat
			take(ws)
			sum, again := 0, 0
			for _, s := range j.open {
				for _, p := range s.pieces {
					if p != nil {
						sum += len(p.Data)
					}
				}
			}
			for _, s := range j.done {
				for _, p := range s.pieces {
					if p != nil {
						again += len(p.Data)
					}
				}
			}
			if sum != j.octets || again != j.again || sum > b.Octets || again > b.Octets || len(j.open) > b.Texts || len(j.done) > b.Texts {
				t.Fatalf("keeps %d (%d counted) and %d (%d counted) octets of %d and %d texts", sum, j.octets, again, j.again, len(j.open), len(j.done))
			}
		}
		take(j.Expire(now.Add(time.Minute)))
		for _, id := range ids {
			if given[id] > 1 || given[id] == 0 && !repeats[id] {
				t.Fatalf("piece %s was given out %d times, repeat %t; all: %v", id, given[id], repeats[id], slices.Sorted(slices.Values(ids)))
			}
		}
	})
}
