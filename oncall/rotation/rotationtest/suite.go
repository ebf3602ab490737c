// Package rotationtest holds the suite every rotation passes. It relies on no instant expiry: after time was moved it asks
// only whether a claim that was not renewed is gone, and before that only about claims with most of their life left.
package rotationtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// Full is all that a rotation of the product can do.
type Full interface {
	rotation.Rotation
	rotation.Values
	rotation.Bus
}

// Subject is one fresh rotation under test.
type Subject struct {
	Rotation Full
	// Advance moves the rotation's time.
	Advance func(time.Duration)
}

// ttl is the life of the suite's claims, long enough that a slow machine loses none by accident.
const ttl = time.Minute

// past is a wait after which an unrenewed claim must be gone.
const past = ttl + time.Second

// Suite runs the whole suite; fresh returns an empty rotation each time.
func Suite(t *testing.T, fresh func(t *testing.T) Subject) {
	t.Helper()
	tests := map[string]func(*testing.T, Subject){
		"first free candidate":              firstFree,
		"repeat of an attempt":              repeatedAttempt,
		"tried are passed over":             triedArePassedOver,
		"bad requests":                      badRequests,
		"ended context":                     endedContext,
		"release frees":                     releaseFrees,
		"stale release does nothing":        staleRelease,
		"expiry and renewal":                expiryAndRenewal,
		"tokens only grow":                  tokensGrow,
		"R6 two accept in the same moment":  acceptOnce,
		"accept after the winner let go":    acceptAgain,
		"accept holds while it is renewed":  acceptHolds,
		"least recently assigned":           leastRecentlyAssigned,
		"away is last but never excluded":   awayIsLast,
		"eight claim at once, nobody twice": concurrentClaims,
		"one attempt at once is one claim":  concurrentAttempt,
		"names of any bytes":                anyBytes,
		"values live and end":               values,
		"values by kind":                    valuesByKind,
		"bad keys of values":                badKeys,
		"messages reach all who listen":     messages,
		"a slow listener is told":           slowListener,
		"a listener that panics goes on":    brokenListener,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
	t.Run("model", func(t *testing.T) { model(t, fresh) })
}

func request(call, attempt string, candidates ...string) rotation.ClaimRequest {
	return rotation.ClaimRequest{Call: call, Attempt: attempt, Track: "primary", Candidates: candidates, TTL: ttl}
}

// must claims and fails the test when nobody was free.
func must(t *testing.T, s Subject, req rotation.ClaimRequest) rotation.Claim {
	t.Helper()
	c, ok, err := s.Rotation.Claim(t.Context(), req)
	if err != nil || !ok {
		t.Fatalf("claim %v: ok %v, err %v", req, ok, err)
	}
	return c
}

// mustNot claims and fails the test when somebody was free.
func mustNot(t *testing.T, s Subject, req rotation.ClaimRequest) {
	t.Helper()
	if c, ok, err := s.Rotation.Claim(t.Context(), req); err != nil || ok {
		t.Fatalf("claim %v gave %v, ok %v, err %v", req, c, ok, err)
	}
}

func release(t *testing.T, s Subject, c rotation.Claim) {
	t.Helper()
	if err := s.Rotation.Release(t.Context(), c); err != nil {
		t.Fatalf("release: %v", err)
	}
}

func firstFree(t *testing.T, s Subject) {
	a := must(t, s, request("call1", "1", "anna", "boris"))
	b := must(t, s, request("call2", "1", "anna", "boris"))
	if a.Person != "anna" || b.Person != "boris" {
		t.Errorf("got %s and %s", a.Person, b.Person)
	}
	if a.Call != "call1" || a.Attempt != "1" || !s.Rotation.Valid(t.Context(), a) || !s.Rotation.Valid(t.Context(), b) {
		t.Errorf("claims %+v, %+v", a, b)
	}
	mustNot(t, s, request("call3", "1", "anna", "boris"))
}

func repeatedAttempt(t *testing.T, s Subject) {
	a := must(t, s, request("call", "1", "anna", "boris"))
	if again := must(t, s, request("call", "1", "boris", "anna")); again != a {
		t.Errorf("repeat gave %+v, want %+v", again, a)
	}
	if next := must(t, s, request("call", "2", "anna", "boris")); next.Person != "boris" {
		t.Errorf("another attempt of the call got %s", next.Person)
	}
}

func triedArePassedOver(t *testing.T, s Subject) {
	req := request("call", "1", "anna", "boris")
	req.Tried = []string{"anna"}
	if c := must(t, s, req); c.Person != "boris" {
		t.Errorf("got %s", c.Person)
	}
}

func badRequests(t *testing.T, s Subject) {
	for _, req := range []rotation.ClaimRequest{request("", "1", "anna"), request("call", "", "anna"), request("call", "1")} {
		if _, ok, err := s.Rotation.Claim(t.Context(), req); ok || !errors.Is(err, rotation.ErrBadRequest) {
			t.Errorf("claim %+v: ok %v, err %v", req, ok, err)
		}
	}
}

func endedContext(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok, err := s.Rotation.Claim(ctx, request("call", "1", "anna")); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("claim: ok %v, err %v", ok, err)
	}
	must(t, s, request("call", "2", "anna")) // nothing was taken
}

func anyBytes(t *testing.T, s Subject) {
	odd := []string{"a:b", "a", ":b", "{x}", "}{", "\x00", "имя", "a b\n", "\xff\xfe", "%d'\""}
	var claims []rotation.Claim
	for i, name := range odd {
		req := request("call"+name, name, odd[i])
		req.Track = name
		claims = append(claims, must(t, s, req))
	}
	for i, c := range claims {
		if c.Person != odd[i] || !s.Rotation.Valid(t.Context(), c) || !accept(t, s, c) {
			t.Errorf("claim %+v of %q is not sound", c, odd[i])
		}
	}
	// call and attempt do not run into one another
	a, b := must(t, s, request("x:y", "z", "anna")), must(t, s, request("x", "y:z", "boris"))
	if a.Person != "anna" || b.Person != "boris" {
		t.Errorf("got %+v and %+v", a, b)
	}
	release(t, s, a)
	if !s.Rotation.Valid(t.Context(), b) {
		t.Error("a release touched the claim of another call")
	}
}

func releaseFrees(t *testing.T, s Subject) {
	a := must(t, s, request("call1", "1", "anna"))
	release(t, s, a)
	if s.Rotation.Valid(t.Context(), a) {
		t.Error("valid after release")
	}
	if err := s.Rotation.Renew(t.Context(), a); !errors.Is(err, rotation.ErrLost) {
		t.Errorf("renew after release: %v", err)
	}
	must(t, s, request("call2", "1", "anna"))
}

func staleRelease(t *testing.T, s Subject) {
	stale := must(t, s, request("call1", "1", "anna"))
	release(t, s, stale)
	current := must(t, s, request("call2", "1", "anna"))
	release(t, s, stale)
	if !s.Rotation.Valid(t.Context(), current) || s.Rotation.Valid(t.Context(), stale) {
		t.Error("a stale release touched the later claim")
	}
	mustNot(t, s, request("call3", "1", "anna"))
}

func expiryAndRenewal(t *testing.T, s Subject) {
	kept, lost := must(t, s, request("call1", "1", "anna")), must(t, s, request("call2", "1", "boris"))
	s.Advance(ttl / 2)
	if err := s.Rotation.Renew(t.Context(), kept); err != nil {
		t.Fatalf("renew: %v", err)
	}
	s.Advance(past - ttl/2)
	if !s.Rotation.Valid(t.Context(), kept) || s.Rotation.Valid(t.Context(), lost) {
		t.Error("the renewed claim must live, the other must not")
	}
	if err := s.Rotation.Renew(t.Context(), lost); !errors.Is(err, rotation.ErrLost) {
		t.Errorf("renew of a claim that ran out: %v", err)
	}
	must(t, s, request("call3", "1", "boris"))
	mustNot(t, s, request("call3", "2", "anna"))
}

func tokensGrow(t *testing.T, s Subject) {
	var last uint64
	for i := range 5 {
		c := must(t, s, request("call", fmt.Sprint(i), "anna"))
		if c.Token <= last {
			t.Fatalf("token %d after %d", c.Token, last)
		}
		last = c.Token
		if i%2 == 0 {
			release(t, s, c)
		} else {
			s.Advance(past)
		}
	}
}

func accept(t *testing.T, s Subject, c rotation.Claim) bool {
	t.Helper()
	won, err := s.Rotation.Accept(t.Context(), c)
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	return won
}

func acceptOnce(t *testing.T, s Subject) {
	var claims []rotation.Claim
	for _, person := range []string{"anna", "boris", "vera", "gleb"} {
		claims = append(claims, must(t, s, request("call", "all/"+person, person)))
	}
	other := must(t, s, request("other", "1", "zoe"))
	won := make([]bool, len(claims))
	var wg sync.WaitGroup
	for i, c := range claims {
		wg.Go(func() {
			var err error
			if won[i], err = s.Rotation.Accept(t.Context(), c); err != nil {
				t.Errorf("accept: %v", err)
			}
		})
	}
	wg.Wait()
	winner := slices.Index(won, true)
	if winner < 0 || slices.Index(won[winner+1:], true) >= 0 {
		t.Fatalf("winners %v, want exactly one", won)
	}
	if !accept(t, s, claims[winner]) {
		t.Error("a repeat of the winner's accept lost")
	}
	if !accept(t, s, other) {
		t.Error("another call's accept lost")
	}
}

func acceptAgain(t *testing.T, s Subject) {
	a, b := must(t, s, request("call", "1", "anna")), must(t, s, request("call", "2", "boris"))
	if !accept(t, s, a) || accept(t, s, b) {
		t.Fatal("the first must win, the second must not")
	}
	release(t, s, a)
	if accept(t, s, a) {
		t.Error("a released claim won")
	}
	if !accept(t, s, b) {
		t.Error("the call can not be accepted after its winner let go")
	}
}

func acceptHolds(t *testing.T, s Subject) {
	a, b := must(t, s, request("call", "1", "anna")), must(t, s, request("call", "2", "boris"))
	if !accept(t, s, a) {
		t.Fatal("the first must win")
	}
	for _, d := range []time.Duration{ttl / 2, past - ttl/2} {
		s.Advance(d)
		for _, c := range []rotation.Claim{a, b} {
			if err := s.Rotation.Renew(t.Context(), c); err != nil {
				t.Fatalf("renew: %v", err)
			}
		}
	}
	if accept(t, s, b) || !accept(t, s, a) {
		t.Error("the winner has changed")
	}
}

func leastRecentlyAssigned(t *testing.T, s Subject) {
	people := []string{"anna", "boris", "vera"}
	var got []string
	for i := range 6 {
		c := must(t, s, request("call", fmt.Sprint(i), s.Rotation.Order(t.Context(), "primary", people)...))
		got = append(got, c.Person)
		release(t, s, c)
	}
	if want := append(slices.Clone(people), people...); !slices.Equal(got, want) {
		t.Errorf("turns %v, want %v", got, want)
	}
	if got := s.Rotation.Order(t.Context(), "another track", people); !slices.Equal(got, people) {
		t.Errorf("a track without turns orders %v", got)
	}
}

func awayIsLast(t *testing.T, s Subject) {
	people := []string{"anna", "boris"}
	say := func(p rotation.Presence) {
		t.Helper()
		if err := s.Rotation.SetPresence(t.Context(), "anna", p); err != nil {
			t.Fatal(err)
		}
	}
	order := func(want ...string) {
		t.Helper()
		if got := s.Rotation.Order(t.Context(), "primary", people); !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	}
	say(rotation.Away)
	order("boris", "anna")
	say(rotation.Available)
	order("anna", "boris")
	say(rotation.Away)
	s.Advance(rotation.PresenceTTL + time.Second)
	order("anna", "boris")
	say(rotation.Away)
	must(t, s, request("call", "1", "anna"))
}

// workers is how many goroutines claim at once.
const workers = 8

func concurrentClaims(t *testing.T, s Subject) {
	people := []string{"anna", "boris", "vera"}
	const calls = 40
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		held = map[string]uint64{}
	)
	for w := range workers {
		wg.Go(func() {
			for n := range calls {
				c, ok, err := s.Rotation.Claim(t.Context(), request(fmt.Sprintf("call%d-%d", w, n), "1", people...))
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if !ok {
					continue
				}
				mu.Lock()
				if token, taken := held[c.Person]; taken {
					t.Errorf("%s claimed with %d while %d is live", c.Person, c.Token, token)
				}
				held[c.Person] = c.Token
				mu.Unlock()

				mu.Lock()
				delete(held, c.Person)
				mu.Unlock()
				if err := s.Rotation.Release(t.Context(), c); err != nil {
					t.Errorf("release: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func concurrentAttempt(t *testing.T, s Subject) {
	claims := make([]rotation.Claim, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var err error
			if claims[w], _, err = s.Rotation.Claim(t.Context(), request("call", "1", "anna", "boris", "vera")); err != nil {
				t.Errorf("claim: %v", err)
			}
		})
	}
	wg.Wait()
	for _, c := range claims {
		if c != claims[0] || c.Token == 0 {
			t.Errorf("one attempt got %+v and %+v", c, claims[0])
		}
	}
}
