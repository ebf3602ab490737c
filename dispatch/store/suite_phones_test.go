package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

func suitePhones(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	anna := dispatch.PhoneAccount{User: "anna", Person: "anna", Realm: "vahta", Created: t0}
	must(t, s.AddPhone(ctx, dispatch.PhoneAccount{User: "boris", Person: "boris", Realm: "vahta", Created: t0, Hashes: map[string]string{"MD5": "b"}}))
	must(t, s.AddPhone(ctx, anna))
	want(t, s.AddPhone(ctx, anna), dispatch.ErrConflict)
	want(t, s.LinkPhone(ctx, "nobody", "h", t0), dispatch.ErrNotFound)
	want(t, s.RevokePhone(ctx, "nobody", t0), dispatch.ErrNotFound)

	must(t, s.LinkPhone(ctx, "anna", "old", t0.Add(time.Minute)))
	must(t, s.LinkPhone(ctx, "anna", "hash", t0.Add(time.Minute)))
	is := anna
	is.Realm, is.Version, is.Hashes = "other", 1, map[string]string{"MD5": "1", "SHA-256": "2"}
	want(t, s.SpendPhone(ctx, is, "old", t0), dispatch.ErrNotFound)
	want(t, s.SpendPhone(ctx, is, "", t0), dispatch.ErrNotFound)
	want(t, s.SpendPhone(ctx, is, "hash", t0.Add(time.Minute)), dispatch.ErrNotFound) // too old
	boris := is
	boris.User = "boris"
	want(t, s.SpendPhone(ctx, boris, "hash", t0), dispatch.ErrNotFound)
	must(t, s.SpendPhone(ctx, is, "hash", t0.Add(time.Minute-time.Microsecond)))
	want(t, s.SpendPhone(ctx, is, "hash", t0), dispatch.ErrNotFound)

	list, err := s.PhoneAccounts(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.PhoneAccount{is, {User: "boris", Person: "boris", Realm: "vahta", Created: t0, Hashes: map[string]string{"MD5": "b"}}}, list); d != "" {
		t.Error(d)
	}

	must(t, s.LinkPhone(ctx, "anna", "next", t0.Add(time.Hour)))
	must(t, s.RevokePhone(ctx, "anna", t0.Add(time.Second)))
	want(t, s.RevokePhone(ctx, "anna", t0), dispatch.ErrNotFound)
	want(t, s.LinkPhone(ctx, "anna", "x", t0.Add(time.Hour)), dispatch.ErrNotFound)
	want(t, s.SpendPhone(ctx, is, "next", t0), dispatch.ErrNotFound)
	list, err = s.PhoneAccounts(ctx)
	must(t, err)
	if a := list[0]; !a.Revoked.Equal(t0.Add(time.Second)) || len(a.Hashes) != 0 || a.Link != "" {
		t.Errorf("revoked: %+v", a)
	}

	must(t, s.AddPhone(ctx, anna)) // a new phone of hers
	list, err = s.PhoneAccounts(ctx)
	must(t, err)
	if a := list[0]; !a.Revoked.IsZero() || a.Version != 2 || len(a.Hashes) != 0 {
		t.Errorf("begun anew: %+v", a)
	}
}

// Fifty fetches of one link: one phone is set up.
func suitePhoneLinkRace(t *testing.T, s record) {
	t.Helper()
	a := dispatch.PhoneAccount{User: "anna", Person: "anna", Realm: "vahta", Created: t0}
	must(t, s.AddPhone(t.Context(), a))
	must(t, s.LinkPhone(t.Context(), "anna", "hash", t0.Add(time.Minute)))
	a.Version = 1
	var wg sync.WaitGroup
	var spent atomic.Int32
	for range 50 {
		wg.Go(func() {
			if s.SpendPhone(t.Context(), a, "hash", t0) == nil {
				spent.Add(1)
			}
		})
	}
	wg.Wait()
	if n := spent.Load(); n != 1 {
		t.Errorf("the link was spent %d times", n)
	}
}
