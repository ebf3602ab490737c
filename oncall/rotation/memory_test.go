package rotation_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/rotationtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that moves only when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	rotationtest.Suite(t, func(*testing.T) rotationtest.Subject {
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		return rotationtest.Subject{Rotation: rotation.NewMemory(c.now), Advance: c.advance}
	})
}

func BenchmarkClaim(b *testing.B) {
	m := rotation.NewMemory(nil)
	var people []string
	for i := range 50 {
		people = append(people, fmt.Sprintf("engineer%02d", i))
	}
	for _, person := range people[:40] { // most are busy
		if _, _, err := m.Claim(b.Context(), rotation.ClaimRequest{Call: "long", Attempt: person, Candidates: []string{person}, TTL: time.Hour}); err != nil {
			b.Fatal(err)
		}
	}
	req := rotation.ClaimRequest{Call: "call", Attempt: "1", Track: "primary", Candidates: people}
	b.ReportAllocs()
	for b.Loop() {
		c, ok, err := m.Claim(b.Context(), req)
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
		if won, err := m.Accept(b.Context(), c); err != nil || !won {
			b.Fatal(won, err)
		}
		if err := m.Release(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}
