package rotation

import "context"

// GrantAlone is what this node does while Redis does not answer.
func (s *Switch) GrantAlone(req ClaimRequest) (Claim, bool) { return s.memory.claim(req, true) }

// WriteLate writes a claim to Redis as it was some time ago.
func (s *Switch) WriteLate(ctx context.Context, c Claim) error {
	return s.writeClaims(ctx, []holdingCopy{{claim: c, left: c.TTL}})
}
