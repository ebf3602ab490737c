package rotation

import (
	"context"
	"errors"
)

// Claim takes the first free candidate.
func (s *Switch) Claim(ctx context.Context, req ClaimRequest) (Claim, bool, error) {
	if s.redis == nil {
		return s.memory.Claim(ctx, req)
	}
	if err := req.Validate(); err != nil {
		return Claim{}, false, err
	}
	if errors.Is(ctx.Err(), context.Canceled) { // a deadline is no reason: memory takes no time
		return Claim{}, false, ctx.Err()
	}
	for range tries {
		if h, ok := s.memory.attempt(req.Call, req.Attempt); ok && !h.shared {
			return h.claim, true, nil // granted by this node alone, and Redis does not know it yet
		}
		c, ok, retry, err := s.claim(ctx, req)
		if err != nil || !retry {
			return c, ok, err
		}
	}
	return Claim{}, false, nil
}

// claim asks Redis, else memory; retry says that the person was taken by this node meanwhile.
func (s *Switch) claim(ctx context.Context, req ClaimRequest) (c Claim, ok, retry bool, err error) {
	tried := s.shared.Load()
	narrowed := req
	narrowed.Candidates = s.memory.free(req) // those whom this node rings, whatever Redis remembers
	answered, err := s.ask(ctx, "claim", func(ctx context.Context) (err error) {
		c, ok, err = s.redis.acquire(ctx, narrowed)
		return err
	})
	if !answered || err != nil {
		if tried {
			s.loosen(req.Call, req.Attempt) // Redis may have granted it all the same
		}
		if err != nil {
			return Claim{}, false, false, err
		}
		c, ok = s.memory.claim(req, true)
		return c, ok, false, nil
	}
	if !ok {
		return Claim{}, false, false, nil
	}
	if !s.memory.mirror(c, req.Track) {
		return Claim{}, false, true, s.Release(ctx, c)
	}
	s.noticeEpoch(c)
	return c, true, false, nil
}

// noticeEpoch has all claims written again when another node has raised the epoch: Redis may have forgotten them.
func (s *Switch) noticeEpoch(c Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epochOf(c.Token) > s.adopted {
		s.poke()
	}
}

// loosen remembers an attempt that Redis may hold though nobody does.
func (s *Switch) loosen(call, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.loose) < looseMost { // the rest run out by themselves
		s.loose[attempt{call, name}] = s.now()
	}
	if s.status.Mode == ModeRedis {
		s.poke()
	}
}

// looseMost bounds what is remembered to be taken back.
const looseMost = 4096

// settle does an operation on a claim and mends what Redis has forgotten: absent there and live here, it is written again.
func (s *Switch) settle(ctx context.Context, op string, c Claim, do func(ctx context.Context) (state, error)) (is state, answered bool, err error) {
	answered, err = s.ask(ctx, op, func(ctx context.Context) error {
		if is, err = do(ctx); err != nil || is != absent {
			return err
		}
		h, held := s.memory.holding(c)
		if !held {
			return nil
		}
		if err := s.writeClaims(ctx, []holdingCopy{h}); err != nil {
			return err
		}
		if is, err = do(ctx); is == absent {
			is = other
		}
		return err
	})
	if answered && err == nil && (is == absent || is == other) {
		s.memory.lose(c)
	}
	return is, answered, err
}

// Renew gives a live claim its TTL again.
func (s *Switch) Renew(ctx context.Context, c Claim) error {
	if s.redis == nil {
		return s.memory.Renew(ctx, c)
	}
	is, answered, err := s.settle(ctx, "renew", c, func(ctx context.Context) (state, error) { return s.redis.renew(ctx, c) })
	switch {
	case err != nil:
		return err
	case answered && is != live:
		return ErrLost
	}
	err = s.memory.Renew(context.WithoutCancel(ctx), c)
	if answered {
		return nil // claims of other nodes are not in memory
	}
	return err
}

// Release ends a claim. When Redis does not answer it is told later, unless it has never heard of the claim.
func (s *Switch) Release(ctx context.Context, c Claim) error {
	ctx = context.WithoutCancel(ctx)
	alone := s.memory.end(c)
	if s.redis == nil {
		return nil
	}
	answered, err := s.ask(ctx, "release", func(ctx context.Context) error { return s.redis.Release(ctx, c) })
	if !answered && !alone {
		s.loosen(c.Call, c.Attempt)
	}
	return err
}

// Valid reports whether the claim is live.
func (s *Switch) Valid(ctx context.Context, c Claim) bool {
	if s.redis == nil {
		return s.memory.Valid(ctx, c)
	}
	is, answered, err := s.settle(ctx, "valid", c, func(ctx context.Context) (state, error) { return s.redis.look(ctx, c) })
	if !answered || err != nil {
		return s.memory.Valid(ctx, c)
	}
	return is == live
}

// Claimed reports whether a person has a live claim, of this node or of another.
func (s *Switch) Claimed(ctx context.Context, person string) (bool, error) {
	if mine, err := s.memory.Claimed(ctx, person); mine || err != nil || s.redis == nil {
		return mine, err
	}
	var theirs bool
	_, err := s.ask(ctx, "claimed", func(ctx context.Context) (err error) {
		theirs, err = s.redis.Claimed(ctx, person)
		return err
	})
	return theirs, err
}

// Accept makes the claim the winner of its call unless another live claim is.
func (s *Switch) Accept(ctx context.Context, c Claim) (bool, error) {
	if s.redis == nil {
		return s.memory.Accept(ctx, c)
	}
	is, answered, err := s.settle(ctx, "accept", c, func(ctx context.Context) (state, error) { return s.redis.accept(ctx, c) })
	switch {
	case err != nil:
		return false, err
	case !answered:
		return s.memory.Accept(context.WithoutCancel(ctx), c)
	case is == won:
		s.memory.setWon(c)
	}
	return is == won, nil
}

// Order returns the candidates by turn.
func (s *Switch) Order(ctx context.Context, track string, candidates []string) []string {
	if s.redis == nil {
		return s.memory.Order(ctx, track, candidates)
	}
	var ordered []string
	answered, err := s.ask(ctx, "order", func(ctx context.Context) (err error) {
		ordered, err = s.redis.order(ctx, track, candidates)
		return err
	})
	if !answered || err != nil {
		return s.memory.Order(ctx, track, candidates)
	}
	return ordered
}

// SetPresence notes what a person says. Without Redis only this node knows; it is to be repeated anyway.
func (s *Switch) SetPresence(ctx context.Context, person string, p Presence) error {
	if err := s.memory.SetPresence(ctx, person, p); err != nil || s.redis == nil {
		return err
	}
	_, err := s.ask(ctx, "presence", func(ctx context.Context) error { return s.redis.SetPresence(ctx, person, p) })
	return err
}
