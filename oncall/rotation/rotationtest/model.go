package rotationtest

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// machine compares a rotation with the simplest possible one: a map of live claims. Time only ever moves past every life,
// so the model need not know when exactly a claim ends.
type machine struct {
	ctx     context.Context //nolint:containedctx // one test's own
	subject Subject
	live    map[string]rotation.Claim // by person
	winner  map[string]rotation.Claim // by call
	made    []rotation.Claim
	token   uint64
}

func model(t *testing.T, fresh func(t *testing.T) Subject) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{
			ctx: t.Context(), subject: fresh(t),
			live: map[string]rotation.Claim{}, winner: map[string]rotation.Claim{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"claim":   m.claim,
			"release": m.release,
			"renew":   m.renew,
			"accept":  m.accept,
			"expire":  m.expire,
			"":        m.check,
		})
	})
}

func (m *machine) claim(t *rapid.T) {
	req := rotation.ClaimRequest{
		Call:       rapid.SampledFrom([]string{"c1", "c2", "c3"}).Draw(t, "call"),
		Attempt:    rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "attempt"),
		Candidates: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"anna", "boris", "vera", "gleb"}), 1, 4, rapid.ID[string]).Draw(t, "candidates"),
		TTL:        ttl,
	}
	want, repeat := m.expected(req)
	got, ok, err := m.subject.Rotation.Claim(m.ctx, req)
	switch {
	case err != nil:
		t.Fatalf("claim: %v", err)
	case ok != (want != ""):
		t.Fatalf("claim %+v: %+v, ok %v, want %q", req, got, ok, want)
	case !ok:
		return
	case got.Person != want || (repeat && got != m.live[want]) || (!repeat && got.Token <= m.token):
		t.Fatalf("claim %+v gave %+v, want %q, token above %d unless repeated (%v)", req, got, want, m.token, repeat)
	}
	if !repeat {
		m.live[got.Person], m.token = got, got.Token
		m.made = append(m.made, got)
	}
}

// expected returns whom the request must get, empty for nobody, and whether by repetition.
func (m *machine) expected(req rotation.ClaimRequest) (person string, repeat bool) {
	for person, c := range m.live {
		if c.Call == req.Call && c.Attempt == req.Attempt {
			return person, true
		}
	}
	for _, person := range req.Candidates {
		if _, taken := m.live[person]; !taken {
			return person, false
		}
	}
	return "", false
}

// any draws a claim that was ever made, live or stale.
func (m *machine) any(t *rapid.T) (c rotation.Claim, live bool) {
	if len(m.made) == 0 {
		t.Skip("no claim yet")
	}
	c = rapid.SampledFrom(m.made).Draw(t, "claim")
	return c, m.live[c.Person] == c
}

func (m *machine) release(t *rapid.T) {
	c, live := m.any(t)
	if err := m.subject.Rotation.Release(m.ctx, c); err != nil {
		t.Fatalf("release: %v", err)
	}
	if live {
		delete(m.live, c.Person)
		if m.winner[c.Call] == c {
			delete(m.winner, c.Call)
		}
	}
}

func (m *machine) renew(t *rapid.T) {
	c, live := m.any(t)
	if err := m.subject.Rotation.Renew(m.ctx, c); (err == nil) != live || (err != nil && !errors.Is(err, rotation.ErrLost)) {
		t.Fatalf("renew %+v: %v, live %v", c, err, live)
	}
}

func (m *machine) accept(t *rapid.T) {
	c, live := m.any(t)
	winner, taken := m.winner[c.Call]
	want := live && (!taken || winner == c)
	if won, err := m.subject.Rotation.Accept(m.ctx, c); err != nil || won != want {
		t.Fatalf("accept %+v: won %v, err %v, want %v", c, won, err, want)
	}
	if want {
		m.winner[c.Call] = c
	}
}

func (m *machine) expire(*rapid.T) {
	m.subject.Advance(past)
	clear(m.live)
	clear(m.winner)
}

// check holds after every step: exactly the live claims are valid.
func (m *machine) check(t *rapid.T) {
	for _, c := range m.made {
		if valid := m.subject.Rotation.Valid(m.ctx, c); valid != (m.live[c.Person] == c) {
			t.Fatalf("claim %+v is valid: %v", c, valid)
		}
		_, taken := m.live[c.Person]
		if claimed, err := m.subject.Rotation.Claimed(m.ctx, c.Person); err != nil || claimed != taken {
			t.Fatalf("%s is claimed: %v, %v", c.Person, claimed, err)
		}
	}
}
