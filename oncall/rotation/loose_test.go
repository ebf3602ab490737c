package rotation_test

import (
	"fmt"
	"testing"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// TestOnlyWhatRedisMayHoldIsTakenBack: of all that was claimed and let go while Redis was away, it is asked on return only
// for what it may hold.
func TestOnlyWhatRedisMayHoldIsTakenBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	var epochs record
	s, _ := newSwitch(t, quick(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	shared := claim(t, s, "shared", "anna")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	tried := claim(t, s, "tried", "boris") // it may grant this one later
	waitMode(t, s, rotation.ModeMemory)
	for i := range 100 {
		if err := s.Release(t.Context(), claim(t, s, fmt.Sprint("alone", i), "vera")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []rotation.Claim{shared, tried} {
		if err := s.Release(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if loose := s.Loose(); len(loose) != 2 || loose[0] != "shared" || loose[1] != "tried" {
		t.Errorf("%d attempts are to be taken back: %q, want shared and tried", len(loose), loose)
	}
	if err := server.Cont(); err != nil {
		t.Fatal(err)
	}
	waitMode(t, s, rotation.ModeRedis)
	eventually(t, "nobody is held any more", func() bool {
		keys, err := server.Client().Keys(t.Context(), "{vahta}:claim:*").Result()
		return err == nil && len(keys) == 0 && len(s.Loose()) == 0
	})
}

// TestHalfWrittenClaimIsTakenBack: Redis may have taken a claim though it did not answer when it was written.
func TestHalfWrittenClaimIsTakenBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, _ := newSwitch(t, quick(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	server.Kill()
	waitMode(t, s, rotation.ModeMemory)
	c := claim(t, s, "1", "anna")
	if err := s.WriteLate(t.Context(), c); err == nil {
		t.Fatal("written to nobody")
	}
	if err := s.Release(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if loose := s.Loose(); len(loose) != 1 || loose[0] != "1" {
		t.Errorf("to be taken back: %q, want 1", loose)
	}
}
