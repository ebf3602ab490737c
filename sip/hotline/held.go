package hotline

import (
	"slices"
	"sync"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// held are the claims of this node: what is to be renewed, what is known of
// each, and what decides when the rotation does not answer.
type held struct {
	mu     sync.Mutex
	claims map[claimKey]heldClaim // guarded by mu
	top    uint64                 // guarded by mu: highest token seen
}

// claimKey names a claim.
type claimKey struct{ call, attempt string }

func keyOf(c rotation.Claim) claimKey { return claimKey{c.Call, c.Attempt} }

// heldClaim is one claim and what is known of it.
type heldClaim struct {
	claim    rotation.Claim
	own      bool // granted by held itself: the rotation has never heard of it
	assigned bool // the arbiter has it as the person's open assignment
	lost     bool // it is somebody else's by now: nobody new is dialled on it
}

func newHeld() *held { return &held{claims: map[claimKey]heldClaim{}} }

// add keeps a claim. One that was there before keeps what is known of it.
func (h *held) add(c rotation.Claim, assigned bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.claims[keyOf(c)]
	if one.claim.Token != c.Token || one.claim.Person != c.Person {
		one = heldClaim{}
	}
	one.claim, one.assigned = c, assigned
	h.claims[keyOf(c)] = one
	h.top = max(h.top, c.Token)
}

// remove forgets a claim; false means that it was not held, or not any more.
func (h *held) remove(c rotation.Claim) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one, ok := h.claims[keyOf(c)]; !ok || one.claim.Token != c.Token {
		return false
	}
	delete(h.claims, keyOf(c))
	return true
}

// get returns what is known of a claim: nothing when it is not held.
func (h *held) get(c rotation.Claim) heldClaim {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one := h.claims[keyOf(c)]; one.claim.Token == c.Token {
		return one
	}
	return heldClaim{}
}

// change notes something about a claim that is held; false when it is not.
func (h *held) change(c rotation.Claim, f func(*heldClaim)) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.claims[keyOf(c)]
	if !ok || one.claim.Token != c.Token {
		return false
	}
	f(&one)
	h.claims[keyOf(c)] = one
	return true
}

// lose notes that nobody new may be dialled on the claim.
func (h *held) lose(c rotation.Claim) { h.change(c, func(one *heldClaim) { one.lost = true }) }

// assign notes that the arbiter has the claim.
func (h *held) assign(c rotation.Claim) bool {
	return h.change(c, func(one *heldClaim) { one.assigned = true })
}

// lost reports whether the claim is known to be somebody else's.
func (h *held) lost(c rotation.Claim) bool { return h.get(c).lost }

func (h *held) list() []heldClaim {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]heldClaim, 0, len(h.claims))
	for _, one := range h.claims {
		out = append(out, one)
	}
	return out
}

// local grants the first candidate whom this node has not claimed, with a token
// above all that it has seen, and above floor.
func (h *held) local(req rotation.ClaimRequest, floor uint64) (rotation.Claim, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := make(map[string]bool, len(h.claims))
	for _, one := range h.claims {
		taken[one.claim.Person] = true
	}
	i := slices.IndexFunc(req.Candidates, func(p string) bool { return !taken[p] && !slices.Contains(req.Tried, p) })
	if i < 0 {
		return rotation.Claim{}, false
	}
	h.top = max(h.top, floor) + 1
	c := rotation.Claim{
		Call: req.Call, Attempt: req.Attempt, Person: req.Candidates[i], Token: h.top, TTL: rotation.DefaultTTL, Local: true,
	}
	h.claims[keyOf(c)] = heldClaim{claim: c, own: true}
	return c, true
}
