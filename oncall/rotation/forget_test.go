package rotation_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// TestForgets lets Redis forget while it goes on answering: this node's claims hold, and no token comes twice.
func TestForgets(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(ctx context.Context, s *redistest.Server, snapshot []byte) error{
		"flushed":        func(ctx context.Context, s *redistest.Server, _ []byte) error { return s.Flush(ctx) },
		"restored older": func(ctx context.Context, s *redistest.Server, old []byte) error { return s.Restore(ctx, old) },
		"started empty":  func(ctx context.Context, s *redistest.Server, _ []byte) error { return s.Restore(ctx, nil) },
		"epoch gone": func(ctx context.Context, s *redistest.Server, _ []byte) error {
			return s.Client().Del(ctx, "{vahta}:epoch").Err()
		},
		"counter gone": func(ctx context.Context, s *redistest.Server, _ []byte) error {
			return s.Client().Del(ctx, "{vahta}:fence").Err()
		},
		"scripts gone": func(ctx context.Context, s *redistest.Server, _ []byte) error {
			return s.Client().ScriptFlush(ctx).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, redistest.Options{})
			var epochs record
			s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
			o, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
			claim(t, s, "early", "early")
			snapshot, err := server.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mine, theirs := claim(t, s, "talks", "anna"), claim(t, o, "rings", "boris")
			accept(t, s, mine)
			if err := forget(t.Context(), server, snapshot); err != nil {
				t.Fatal(err)
			}
			// right after: neither node rings whom it rings already, and tokens are above all older ones
			next := claim(t, s, "next", "anna", "vera")
			wanted := []string{"boris", "gleb"}
			if name == "flushed" { // the first who notices writes his claims before anything is granted
				wanted = []string{"anna", "boris", "gleb"}
			}
			other := claim(t, o, "other", wanted...)
			if next.Person != "vera" || other.Person != "gleb" {
				t.Errorf("got %s and %s while anna and boris are busy", next.Person, other.Person)
			}
			top := max(mine.Token, theirs.Token)
			if next.Token <= top || other.Token <= top || next.Token == other.Token {
				t.Errorf("tokens %d and %d after %d", next.Token, other.Token, top)
			}
			if !s.Valid(t.Context(), mine) || !o.Valid(t.Context(), theirs) || s.Renew(t.Context(), mine) != nil {
				t.Error("claims were lost")
			}
			// and soon both know of each other again
			waitMode(t, s, rotation.ModeRedis)
			waitMode(t, o, rotation.ModeRedis)
			eventually(t, "each knows the other's claims", func() bool {
				return o.Valid(t.Context(), mine) && s.Valid(t.Context(), theirs) && o.Valid(t.Context(), next) && s.Valid(t.Context(), other)
			})
			busy(t, s, "last", "anna", "boris", "vera", "gleb")
			busy(t, o, "last", "anna", "boris", "vera", "gleb")
		})
	}
}

// TestOthersAreTold: a node that asks nothing writes its claims again as soon as another one has noticed a flush, not
// only when it looks itself, once a second.
func TestOthersAreTold(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	var epochs record
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	o, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	bothListen(t, server)
	theirs := claim(t, o, "talks", "anna")
	const rounds = 6
	var waited time.Duration
	for i := range rounds {
		if err := server.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		claim(t, s, fmt.Sprint("notices", i), fmt.Sprint("engineer", i))
		eventually(t, "the claim is back", func() bool { return s.Valid(t.Context(), theirs) })
		waited += time.Since(began)
	}
	if waited > rounds*time.Second/3 {
		t.Errorf("claims were back after %s on average", waited/rounds)
	}
}
