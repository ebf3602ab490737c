package rotation

import (
	"context"
	"slices"
)

// GrantAlone is what this node does while Redis does not answer.
func (s *Switch) GrantAlone(req ClaimRequest) (Claim, bool) { return s.memory.claim(req, true) }

// WriteLate writes a claim to Redis as it was some time ago.
func (s *Switch) WriteLate(ctx context.Context, c Claim) error {
	return s.writeClaims(ctx, []holdingCopy{{claim: c, left: c.TTL}})
}

// Loose lists the calls whose attempts are to be taken back from Redis.
func (s *Switch) Loose() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]string, 0, len(s.loose))
	for a := range s.loose {
		list = append(list, a.call)
	}
	slices.Sort(list)
	return list
}
