package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// A store that comes and goes under eight writers, with the replay running:
// each line is there once, in the order of its writer, and is found again by
// whoever asks right after.
func TestFlapping(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			luck := rand.New(rand.NewPCG(seed, 1))
			in := newFaulty()
			s, _ := start(t, config(t), Deps{}, in)
			const writers, notes = 8, 40
			for n := 1; n <= writers; n++ {
				must(t, s.Commit(t.Context(), opening(n)))
			}
			stop := make(chan struct{})
			var flap, write sync.WaitGroup
			flap.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(time.Duration(luck.IntN(300)) * time.Millisecond):
						in.set([]fault{none, slow, before, after, hang, late, later}[luck.IntN(7)])
					}
				}
			})
			want := make([][]string, writers+1)
			for n := 1; n <= writers; n++ {
				pause := rand.New(rand.NewPCG(seed, uint64(n)))
				want[n] = []string{"opened"}
				write.Go(func() {
					for i := range notes {
						text := fmt.Sprint("line ", i)
						must(t, s.Commit(t.Context(), note(n, text)))
						want[n] = append(want[n], text)
						time.Sleep(time.Duration(pause.IntN(60)) * time.Millisecond)
					}
				})
			}
			write.Wait()
			close(stop)
			flap.Wait()
			in.set(none)
			settled(t, s)
			for n := 1; n <= writers; n++ {
				if got := lines(t, in, n); !slices.Equal(got, want[n]) {
					t.Errorf("seed %d, ticket %d: %v", seed, n, got)
				}
			}
		})
	}
}

func TestVerdictOfASecondTry(t *testing.T) {
	t.Parallel()
	c := opening(1)
	same, other := &dispatch.RepeatedError{Taken: c.Taken}, &dispatch.RepeatedError{Taken: dispatch.Taken{Ticket: "t9"}}
	for _, row := range []struct {
		err   error
		tried bool
		want  error
	}{
		{nil, true, nil},
		{dispatch.ErrRepeated, false, dispatch.ErrRepeated},
		{dispatch.ErrRepeated, true, nil},
		{same, false, same},
		{same, true, nil},
		{other, true, other},
		{dispatch.ErrConflict, true, dispatch.ErrConflict},
	} {
		if got := verdict(row.err, c, row.tried); !errors.Is(got, row.want) || (got == nil) != (row.want == nil) {
			t.Errorf("%v, tried %v: %v", row.err, row.tried, got)
		}
	}
}
