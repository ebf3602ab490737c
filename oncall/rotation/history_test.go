package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// One operation on one person, as the history keeps it. A call claims one person once, so it names the claim.
type operation struct{ what, person, call string }

// answer is what came back; unknown: an error, and it may have happened or not.
type answer struct {
	unknown bool
	ok      bool
	token   uint64
}

// lock is a person as the model keeps him: who has him, and the highest token that is known to have been given.
type lock struct {
	holder string
	won    bool
	token  uint64
}

// model is the lock with fencing tokens that the claims of one person are.
func model() porcupine.Model {
	return (&porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			by := map[string][]porcupine.Operation{}
			for _, o := range history {
				person := o.Input.(operation).person
				by[person] = append(by[person], o)
			}
			var parts [][]porcupine.Operation
			for _, part := range by {
				parts = append(parts, part)
			}
			return parts
		},
		Init: func() []any { return []any{lock{}} },
		Step: func(state, input, output any) []any {
			return step(state.(lock), input.(operation), output.(answer))
		},
		Equal: func(a, b any) bool { return a == b },
	}).ToModel()
}

// step returns the states that the answer allows.
func step(s lock, o operation, a answer) []any {
	free, mine := s.holder == "", s.holder == o.call
	then := s
	possible := false // that it had an effect
	switch o.what {
	case "claim":
		if possible = free || mine; free {
			then = lock{holder: o.call, token: max(s.token, a.token)}
		}
		switch {
		case a.unknown:
		case !a.ok:
			if free || mine {
				return nil
			}
			return []any{s}
		case !possible || (free && a.token <= s.token):
			return nil
		default:
			return []any{then}
		}
	case "accept", "renew":
		if possible = mine; mine && o.what == "accept" {
			then.won = true
		}
		if !a.unknown && a.ok != mine {
			return nil
		}
	case "release":
		if possible = mine; mine {
			then = lock{token: s.token}
		}
	}
	switch {
	case possible && a.unknown:
		return []any{s, then}
	case possible:
		return []any{then}
	}
	return []any{s}
}

// history collects operations.
type history struct {
	began time.Time
	mu    sync.Mutex
	list  []porcupine.Operation // guarded by mu
}

func (h *history) do(client int, o operation, act func() answer) answer {
	call := time.Since(h.began).Nanoseconds()
	a := act()
	done := time.Since(h.began).Nanoseconds()
	if a.unknown {
		done = math.MaxInt64 // it may happen at any time from now on
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, porcupine.Operation{ClientId: client, Input: o, Call: call, Output: a, Return: done})
	return a
}

// client claims, renews, accepts and releases, now and then with an answer that gets lost.
func (h *history) client(ctx context.Context, id int, r *rotation.Redis, people []string, seed uint64) {
	random := rand.New(rand.NewPCG(seed, uint64(id)))
	for n := range 120 {
		call, person := fmt.Sprintf("%d-%d", id, n), people[random.IntN(len(people))]
		within := func(act func(ctx context.Context) answer) func() answer {
			return func() answer {
				budget := time.Second
				if random.IntN(40) == 0 {
					budget = time.Duration(20+random.IntN(150)) * time.Microsecond // about when the answer comes
				}
				ctx, cancel := context.WithTimeout(ctx, budget)
				defer cancel()
				return act(ctx)
			}
		}
		var c rotation.Claim
		got := h.do(id, operation{"claim", person, call}, within(func(ctx context.Context) answer {
			var ok bool
			var err error
			c, ok, err = r.Claim(ctx, rotation.ClaimRequest{Call: call, Attempt: "1", Candidates: []string{person}, TTL: time.Minute})
			return answer{unknown: err != nil, ok: ok, token: c.Token}
		}))
		if got.unknown { // asked again, as a caller may: the same claim
			got = h.do(id, operation{"claim", person, call}, func() answer {
				var ok bool
				var err error
				c, ok, err = r.Claim(ctx, rotation.ClaimRequest{Call: call, Attempt: "1", Candidates: []string{person}, TTL: time.Minute})
				return answer{unknown: err != nil, ok: ok, token: c.Token}
			})
		}
		if !got.ok {
			continue
		}
		h.do(id, operation{"accept", person, call}, within(func(ctx context.Context) answer {
			won, err := r.Accept(ctx, c)
			return answer{unknown: err != nil, ok: won}
		}))
		h.do(id, operation{"renew", person, call}, within(func(ctx context.Context) answer {
			err := r.Renew(ctx, c)
			return answer{unknown: err != nil && !errors.Is(err, rotation.ErrLost), ok: err == nil}
		}))
		for {
			if a := h.do(id, operation{"release", person, call}, within(func(ctx context.Context) answer {
				return answer{unknown: r.Release(ctx, c) != nil}
			})); !a.unknown {
				break
			}
		}
		if random.IntN(4) == 0 { // a stale token
			h.do(id, operation{"renew", person, call}, within(func(ctx context.Context) answer {
				err := r.Renew(ctx, c)
				return answer{unknown: err != nil && !errors.Is(err, rotation.ErrLost), ok: err == nil}
			}))
		}
	}
}

// TestHistory lets clients of several nodes contend and has porcupine judge what they saw.
func TestHistory(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	h := &history{began: time.Now()}
	var wg sync.WaitGroup
	for id := range 8 {
		r, err := rotation.NewRedis(patient(server.URL()), rotation.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		wg.Go(func() { h.client(t.Context(), id, r, []string{"anna", "boris", "vera"}, seed) })
	}
	wg.Wait()
	unknown, granted := 0, 0
	for _, o := range h.list {
		if a := o.Output.(answer); a.unknown {
			unknown++
		} else if a.ok && o.Input.(operation).what == "claim" {
			granted++
		}
	}
	t.Logf("%d operations, %d claims granted, %d answers unknown", len(h.list), granted, unknown)
	if granted < 100 || unknown == 0 {
		t.Errorf("%d claims granted, %d unknown: too tame to say anything", granted, unknown)
	}
	if result, _ := porcupine.CheckOperationsVerbose(model(), h.list, time.Minute); result != porcupine.Ok {
		t.Errorf("porcupine says %s", result)
	}
}

// TestHistoryModel: the judge is not asleep.
func TestHistoryModel(t *testing.T) {
	t.Parallel()
	op := func(from, to int64, what, call string, a answer) porcupine.Operation {
		return porcupine.Operation{Input: operation{what, "anna", call}, Call: from, Output: a, Return: to}
	}
	granted := func(token uint64) answer { return answer{ok: true, token: token} }
	for name, bad := range map[string][]porcupine.Operation{
		"two hold one":        {op(0, 1, "claim", "1", granted(1)), op(2, 3, "claim", "2", granted(2))},
		"a token comes twice": {op(0, 1, "claim", "1", granted(1)), op(2, 3, "release", "1", answer{}), op(4, 5, "claim", "2", granted(1))},
		"a stale one renews":  {op(0, 1, "claim", "1", granted(1)), op(2, 3, "release", "1", answer{}), op(4, 5, "renew", "1", answer{ok: true})},
		"refused though free": {op(0, 1, "claim", "1", answer{})},
	} {
		if result := porcupine.CheckOperationsTimeout(model(), bad, time.Minute); result != porcupine.Illegal {
			t.Errorf("%s: %s", name, result)
		}
	}
}
