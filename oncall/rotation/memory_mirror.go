package rotation

import (
	"bytes"
	"slices"
	"time"
)

// What a Switch needs of its memory: it keeps there every claim of this node, also those that Redis has granted, so that
// they outlive Redis.

// holdingCopy is a claim with what is left of its life.
type holdingCopy struct {
	claim  Claim
	left   time.Duration
	won    bool
	shared bool
}

// copyOf returns what is live of a holding.
func (m *Memory) copyOf(h *holding) (holdingCopy, bool) {
	if h == nil {
		return holdingCopy{}, false
	}
	left := h.until.Sub(m.now())
	return holdingCopy{h.claim, left, h.won, h.shared}, left > 0
}

// holding returns a claim if it is live.
func (m *Memory) holding(c Claim) (holdingCopy, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.copyOf(m.live(c))
}

// attempt returns the live claim of an attempt.
func (m *Memory) attempt(call, name string) (holdingCopy, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.copyOf(m.attempts[attempt{call, name}])
}

// holdings returns all live claims, or only those that Redis does not know.
func (m *Memory) holdings(all bool) []holdingCopy {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []holdingCopy
	for _, h := range m.people {
		if c, ok := m.copyOf(h); ok && (all || !h.shared) {
			list = append(list, c)
		}
	}
	return list
}

// free returns the candidates whom no other attempt of this node holds.
func (m *Memory) free(req ClaimRequest) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	return slices.DeleteFunc(slices.Clone(req.Candidates), func(person string) bool {
		h := m.people[person]
		return h != nil && now.Before(h.until) && (h.claim.Call != req.Call || h.claim.Attempt != req.Attempt)
	})
}

// mirror notes a claim that Redis has granted. False: this node has granted the person to somebody else meanwhile.
func (m *Memory) mirror(c Claim, track string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if h := m.people[c.Person]; h != nil && now.Before(h.until) {
		if h.claim.Call != c.Call || h.claim.Attempt != c.Attempt {
			return false
		}
		if h.claim.Token == c.Token { // a repeat: its life is as it was
			h.shared = true
			return true
		}
	}
	m.take(c, track, now).shared = true
	return true
}

// setShared notes that Redis knows the claims, and returns those that are no longer live.
func (m *Memory) setShared(list []holdingCopy) (ended []Claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range list {
		if h := m.live(c.claim); h != nil {
			h.shared = true
		} else {
			ended = append(ended, c.claim)
		}
	}
	return ended
}

// end ends a claim. Alone says that it was live and Redis has never taken it.
func (m *Memory) end(c Claim) (alone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.live(c)
	m.drop(h)
	return h != nil && !h.shared
}

// setWon notes that the accept key of a claim counted.
func (m *Memory) setWon(c Claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.live(c); h != nil {
		h.won = true
	}
}

// lose forgets claims that another node has now. Who talks keeps his: it runs out when it is not renewed.
func (m *Memory) lose(list ...Claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range list {
		if h := m.live(c); h != nil && !h.won {
			m.drop(h)
		}
	}
}

// epoch returns the epoch of the tokens given here.
func (m *Memory) epoch() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return epochOf(m.token)
}

// turnsSince returns the assignments from an instant on: track → person → when.
func (m *Memory) turnsSince(since time.Time) map[string]map[string]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := map[string]map[string]time.Time{}
	for track, people := range m.assigned {
		for person, t := range people {
			if t.at.Before(since) {
				continue
			}
			if list[track] == nil {
				list[track] = map[string]time.Time{}
			}
			list[track][person] = t.at
		}
	}
	return list
}

// keep notes a value that another node has put.
func (m *Memory) keep(kind, name string, v leased) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values[kind] == nil {
		m.values[kind] = map[string]value{}
	}
	old := m.values[kind][name]
	own := old.own && bytes.Equal(old.body, v.body)
	m.values[kind][name] = value{v.body, m.now().Add(v.left), own}
}

// owned is a value that this node has put.
type owned struct {
	key string
	leased
}

// own returns the live values that this node has put.
func (m *Memory) own() []owned {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var list []owned
	for kind, values := range m.values {
		for name, v := range values {
			if v.own && now.Before(v.until) {
				list = append(list, owned{kind + "/" + name, leased{v.body, v.until.Sub(now)}})
			}
		}
	}
	return list
}
