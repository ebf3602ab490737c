package dispatch

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var errDead = errors.New("the process was killed")

// registry is the counter and the tickets that several nodes share.
type registry struct {
	Store

	counter map[int]uint32
	used    map[int]map[uint32]int // by year and number: by how many tickets
}

func newRegistry() *registry {
	return &registry{counter: map[int]uint32{}, used: map[int]map[uint32]int{}}
}

func (r *registry) commit(year int, n uint32) int {
	if r.used[year] == nil {
		r.used[year] = map[uint32]int{}
	}
	r.used[year][n]++
	return r.used[year][n]
}

// seat is one node on the registry, with its own kept blocks. It dies at an
// operation, before or after its effect.
type seat struct {
	*registry

	blocks []Block
	away   bool
	left   int // operations until it dies; negative = never
	after  bool
}

// op counts an operation on durable things.
func (s *seat) op(do func()) error {
	if s.left == 0 {
		return errDead
	}
	if s.left--; s.left == 0 {
		if s.after {
			do()
		}
		return errDead
	}
	do()
	return nil
}

func (s *seat) Reserve(_ context.Context, year, n int) (first uint32, err error) {
	if s.away {
		return 0, ErrAway
	}
	err = s.op(func() { first = s.counter[year] + 1; s.counter[year] += uint32(n) })
	return first, err
}

func (s *seat) Release(_ context.Context, year int, first, end uint32) error {
	if s.away {
		return ErrAway
	}
	return s.op(func() {
		if s.counter[year] == end-1 {
			s.counter[year] = first - 1
		}
	})
}

func (s *seat) LastNumber(_ context.Context, year int, first, end uint32) (last uint32, err error) {
	if s.away {
		return 0, ErrAway
	}
	err = s.op(func() {
		for n := range s.used[year] {
			if n >= first && n < end {
				last = max(last, n)
			}
		}
	})
	return last, err
}

func (s *seat) Keep(_ context.Context, blocks []Block) error {
	return s.op(func() { s.blocks = append([]Block(nil), blocks...) })
}

func (s *seat) Kept() []Block { return s.blocks }

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// Kills at any operation, starts without the store, clean stops, two nodes and
// a turn of the year: no number is ever given to two tickets.
func TestNoNumberTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRegistry()
		seats := []*seat{{registry: r, left: -1}, {registry: r, left: -1}}
		nodes := []*numbers{newNumbers(seats[0], time.UTC), newNumbers(seats[1], time.UTC)}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			i := rapid.IntRange(0, 1).Draw(rt, "node")
			s, n := seats[i], nodes[i]
			n.least, n.size = 3, min(n.size, 6) // small blocks meet their ends
			at := noon
			if rapid.IntRange(0, 9).Draw(rt, "late") == 0 {
				at = noon.AddDate(1, 0, 0)
			}
			switch rapid.SampledFrom([]string{"take", "take", "take", "fill", "away", "doom", "kill", "stop"}).Draw(rt, "op") {
			case "take":
				for range rapid.IntRange(1, 8).Draw(rt, "tickets") {
					num, err := n.take(t.Context(), at)
					if err != nil {
						continue
					}
					if rapid.IntRange(0, 9).Draw(rt, "lost") == 0 {
						continue // its ticket was not stored
					}
					if r.commit(2000+num.Year, num.Seq) > 1 {
						rt.Fatalf("number %v was given twice", num)
					}
				}
			case "fill":
				_ = n.fill(t.Context(), at.Year())
			case "away":
				s.away = !s.away
			case "doom":
				s.left, s.after = rapid.IntRange(1, 4).Draw(rt, "in"), rapid.Bool().Draw(rt, "after")
			case "stop":
				_ = n.giveBack(t.Context())
				s.left = -1
				nodes[i] = newNumbers(s, time.UTC)
			case "kill":
				s.left = -1
				nodes[i] = newNumbers(s, time.UTC)
			}
		}
	})
}

func takes(t *testing.T, n *numbers, count int) (last uint32) {
	t.Helper()
	for range count {
		num, err := n.take(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		last = num.Seq
		n.keeper.(*seat).commit(2026, last)
	}
	return last
}

// After a kill the numbers go on right behind the last one in use.
func TestNumbersGoOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := &seat{registry: newRegistry(), left: -1}
	want := uint32(0)
	for range 5 {
		n := newNumbers(s, time.UTC)
		if err := n.fill(t.Context(), 2026); err != nil {
			t.Fatal(err)
		}
		want += 300
		if last := takes(t, n, 300); last != want {
			t.Fatalf("last number %d, want %d", last, want)
		}
	}
}

// Without the store a start uses the block that was reserved ahead; when
// nothing is left, it says so.
func TestNumbersWithoutTheStore(t *testing.T) {
	t.Parallel()
	s := &seat{registry: newRegistry(), left: -1}
	n := newNumbers(s, time.UTC)
	takes(t, n, 10)
	if err := n.fill(t.Context(), 2026); err != nil {
		t.Fatal(err)
	}
	s.away = true
	n = newNumbers(s, time.UTC)
	if err := n.fill(t.Context(), 2026); err != nil {
		t.Fatal(err)
	}
	const part = minKept / parts
	if last := takes(t, n, minKept); last != part+minKept {
		t.Errorf("last number %d", last)
	}
	n = newNumbers(s, time.UTC) // killed again, and still no store
	if last := takes(t, n, minKept-part); last != 2*minKept {
		t.Errorf("last number %d", last)
	}
	if _, err := n.take(t.Context(), noon); !errors.Is(err, ErrAway) {
		t.Errorf("took a number nobody reserved: %v", err)
	}
	s.away = false
	if last := takes(t, n, 1); last != 2*minKept+1 {
		t.Errorf("last number %d", last)
	}
}

// After a clean stop the rest of the block is there, also without the store,
// and nothing of it is given before it is begun anew.
func TestNumbersAfterACleanStop(t *testing.T) {
	t.Parallel()
	s := &seat{registry: newRegistry(), left: -1}
	want := uint32(0)
	for i := range 4 {
		s.away = i == 1 || i == 3
		n := newNumbers(s, time.UTC)
		if err := n.fill(t.Context(), 2026); err != nil {
			t.Fatal(err)
		}
		want += 10
		if last := takes(t, n, 10); last != want {
			t.Fatalf("start %d: last number %d, want %d", i, last, want)
		}
		if err := n.giveBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		want++ // a call that is still under way
		if last := takes(t, n, 1); last != want {
			t.Fatalf("start %d: last number %d, want %d", i, last, want)
		}
		if i%2 == 0 { // else it is killed now, in a block that it has begun again
			if err := n.giveBack(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else if i == 1 {
			s.away = false
		}
	}
	if s.counter[2026] != 2*minKept {
		t.Errorf("%d numbers were reserved", s.counter[2026])
	}
}

// The turn of the year while the store is away: the old year's numbers go on.
func TestNumbersAtTheTurnOfTheYear(t *testing.T) {
	t.Parallel()
	s := &seat{registry: newRegistry(), left: -1}
	n := newNumbers(s, time.UTC)
	takes(t, n, 10)
	if err := n.fill(t.Context(), 2026); err != nil {
		t.Fatal(err)
	}
	s.away = true
	for i := range 2*minKept - 10 {
		if num, err := n.take(t.Context(), noon.AddDate(1, 0, 0)); err != nil || num.Year != 26 || num.Seq != uint32(11+i) {
			t.Fatalf("number %v %v", num, err)
		}
	}
	s.away = false
	if num, err := n.take(t.Context(), noon.AddDate(1, 0, 0)); err != nil || num.Year != 27 || num.Seq != 1 {
		t.Errorf("number %v %v", num, err)
	}
}

// Blocks grow while ten minutes use them up, and shrink again.
func TestBlocksGrow(t *testing.T) {
	t.Parallel()
	s := &seat{registry: newRegistry(), left: -1}
	n := newNumbers(s, time.UTC)
	at := noon
	for range 3000 {
		if _, err := n.take(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		at = at.Add(200 * time.Millisecond)
		if err := n.fill(t.Context(), 2026); err != nil {
			t.Fatal(err)
		}
	}
	ready := uint32(0)
	for _, b := range n.blocks {
		ready += b.End - b.next
	}
	if ready < 3000 {
		t.Errorf("%d numbers are ready after ten minutes of 5 calls a second", ready)
	}
}
