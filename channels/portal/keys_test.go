package portal

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// stuck is a record that can be read; whoever writes to it waits while it is full.
type stuck struct {
	dispatch.Tokens

	full  atomic.Bool
	tries atomic.Int32
}

func (s *stuck) UseToken(ctx context.Context, hash string, now time.Time) error {
	s.tries.Add(1)
	if s.full.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Tokens.UseToken(ctx, hash, now)
}

// Nobody waits for the use of a token to be noted: that comes later, once an hour.
func TestUseIsNotedByAndBy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := store.NewMemory()
		full := &stuck{Tokens: r}
		full.full.Store(true)
		k := newKeys(full, time.Now)
		s := &Server{deps: Deps{Log: slog.New(slog.DiscardHandler)}, keys: k}
		secret, hash := newSecret()
		must(t, r.AddToken(t.Context(), dispatch.Token{Hash: hash, Name: "reader", Scopes: []string{"oncall:read"}}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		ask := func() {
			t.Helper()
			began := time.Now()
			if _, err := k.check(t.Context(), secret, false); err != nil || !time.Now().Equal(began) {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		}
		used := func() time.Time {
			found, err := r.FindToken(t.Context(), hash)
			must(t, err)
			return found.Used
		}
		for range 100 {
			ask()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if full.tries.Load() != 1 || !used().IsZero() {
			t.Errorf("tried %d times, used %s", full.tries.Load(), used())
		}
		full.full.Store(false)
		time.Sleep(keysFresh)
		synctest.Wait()
		first := used()
		if full.tries.Load() != 2 || first.IsZero() {
			t.Errorf("tried %d times, used %s", full.tries.Load(), first)
		}
		for range 30 {
			ask()
			time.Sleep(time.Minute)
		}
		if full.tries.Load() != 2 || !used().Equal(first) {
			t.Errorf("tried %d times within the hour, used %s", full.tries.Load(), used())
		}
		time.Sleep(time.Hour)
		ask()
		synctest.Wait()
		if full.tries.Load() != 3 || !used().After(first) {
			t.Errorf("tried %d times, used %s", full.tries.Load(), used())
		}
		cancel()
		must(t, <-ended)
	})
}

// Whoever sends no secret guesses none: behind one proxy that would be held against everybody.
func TestNoSecretIsNoGuess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 2 * maxFailures {
		r.ask(http.MethodGet, "/who", "", "").isProblem(t, http.StatusUnauthorized, "unauthorized")
	}
	secret := r.reader()
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
		if resp := r.ask(http.MethodGet, "/who", "", "", "Authorization", scheme+secret); resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %d %s", scheme, resp.StatusCode, resp.text)
		}
	}
}
