package rotation

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is the rotation of a single node. Its size is bounded by the number of people it has heard of.
type Memory struct {
	// set at New
	now func() time.Time

	// guarded by mu
	mu       sync.Mutex
	token    uint64
	people   map[string]*holding         // person → live or run-out claim
	attempts map[attempt]*holding        // the same claims by call and attempt
	assigned map[string]map[string]turn  // track → person → last assignment
	away     map[string]time.Time        // person → end of the statement
	values   map[string]map[string]value // kind → name → value

	hub hub
}

var _ Rotation = (*Memory)(nil)

type attempt struct{ call, name string }

// turn is when somebody was last assigned. Tokens order what one clock reading can not.
type turn struct {
	at    time.Time
	token uint64
}

// holding is a claim as Memory keeps it.
type holding struct {
	claim  Claim
	until  time.Time
	won    bool
	shared bool // Redis knows it; of a Switch
}

// NewMemory returns an empty rotation that judges lifetimes by now; nil means time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{
		now:      now,
		people:   map[string]*holding{},
		attempts: map[attempt]*holding{},
		assigned: map[string]map[string]turn{},
		away:     map[string]time.Time{},
		values:   map[string]map[string]value{},
	}
}

// StartEpoch puts the tokens to come above all of earlier epochs. Going back does nothing.
func (m *Memory) StartEpoch(epoch uint64) { m.startAfter(epoch << EpochShift) }

// startAfter puts the tokens to come above one. Going back does nothing.
func (m *Memory) startAfter(token uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = max(m.token, token)
}

// Instant reports true.
func (m *Memory) Instant() bool { return true }

// Claim takes the first free candidate.
func (m *Memory) Claim(ctx context.Context, req ClaimRequest) (Claim, bool, error) {
	if err := req.Validate(); err != nil {
		return Claim{}, false, err
	}
	if err := ctx.Err(); err != nil {
		return Claim{}, false, err
	}
	c, ok := m.claim(req, false)
	return c, ok, nil
}

// claim takes the first free candidate; local marks the claim.
func (m *Memory) claim(req ClaimRequest, local bool) (Claim, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if h := m.attempts[attempt{req.Call, req.Attempt}]; h != nil && now.Before(h.until) {
		return h.claim, true
	}
	for _, person := range req.Candidates {
		if h := m.people[person]; (h == nil || !now.Before(h.until)) && !slices.Contains(req.Tried, person) {
			m.token++
			ttl := req.TTL
			if ttl <= 0 {
				ttl = DefaultTTL
			}
			c := Claim{Call: req.Call, Attempt: req.Attempt, Person: person, Token: m.token, TTL: ttl, Local: local}
			m.take(c, req.Track, now)
			return c, true
		}
	}
	return Claim{}, false
}

// take records a claim on a free person.
func (m *Memory) take(c Claim, track string, now time.Time) *holding {
	m.drop(m.people[c.Person])
	m.drop(m.attempts[attempt{c.Call, c.Attempt}])
	h := &holding{claim: c, until: now.Add(c.TTL)}
	m.people[c.Person] = h
	m.attempts[attempt{c.Call, c.Attempt}] = h
	if track != "" {
		if m.assigned[track] == nil {
			m.assigned[track] = map[string]turn{}
		}
		m.assigned[track][c.Person] = turn{now, c.Token}
	}
	return h
}

// drop forgets a holding; nil is allowed.
func (m *Memory) drop(h *holding) {
	if h != nil {
		delete(m.people, h.claim.Person)
		delete(m.attempts, attempt{h.claim.Call, h.claim.Attempt})
	}
}

// live returns the holding of a claim that is still the current one, or nil.
func (m *Memory) live(c Claim) *holding {
	h := m.people[c.Person]
	if h == nil || h.claim.Token != c.Token || h.claim.Call != c.Call || !m.now().Before(h.until) {
		return nil
	}
	return h
}

// Renew gives a live claim its TTL again.
func (m *Memory) Renew(ctx context.Context, c Claim) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.live(c)
	if h == nil {
		return ErrLost
	}
	h.until = m.now().Add(h.claim.TTL)
	return nil
}

// Release ends a claim. It works with an ended ctx too: a call that was cancelled must still let go.
func (m *Memory) Release(_ context.Context, c Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(m.live(c))
	return nil
}

// Valid reports whether the claim is live.
func (m *Memory) Valid(_ context.Context, c Claim) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live(c) != nil
}

// Claimed reports whether a person has a live claim.
func (m *Memory) Claimed(_ context.Context, person string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.people[person]
	return h != nil && m.now().Before(h.until), nil
}

// Accept makes the claim the winner of its call unless another live claim is.
func (m *Memory) Accept(ctx context.Context, c Claim) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.live(c)
	if h == nil {
		return false, nil
	}
	now := m.now()
	for _, other := range m.people {
		if other != h && other.won && other.claim.Call == c.Call && now.Before(other.until) {
			return false, nil
		}
	}
	h.won = true
	return true, nil
}

// Order returns the candidates by turn.
func (m *Memory) Order(_ context.Context, track string, candidates []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	turns := m.assigned[track]
	ordered := slices.Clone(candidates)
	slices.SortStableFunc(ordered, func(a, b string) int {
		if awayA, awayB := now.Before(m.away[a]), now.Before(m.away[b]); awayA != awayB {
			if awayA {
				return 1
			}
			return -1
		}
		return cmp.Compare(turns[a].token, turns[b].token)
	})
	return ordered
}

// SetPresence notes what a person says.
func (m *Memory) SetPresence(ctx context.Context, person string, p Presence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	maps.DeleteFunc(m.away, func(_ string, until time.Time) bool { return !now.Before(until) })
	if p == Away {
		m.away[person] = now.Add(PresenceTTL)
	} else {
		delete(m.away, person)
	}
	return nil
}
