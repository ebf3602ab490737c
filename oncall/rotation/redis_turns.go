package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Order returns the candidates by turn, or as given when Redis does not answer.
func (r *Redis) Order(ctx context.Context, track string, candidates []string) []string {
	ordered, err := r.order(ctx, track, candidates)
	if err != nil {
		return slices.Clone(candidates)
	}
	return ordered
}

func (r *Redis) order(ctx context.Context, track string, candidates []string) ([]string, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	away := make([]string, len(candidates))
	for i, person := range candidates {
		away[i] = keyAway(person)
	}
	pipe := r.client.Pipeline()
	turns := pipe.ZMScore(ctx, keyTurn(track), candidates...)
	gone := pipe.MGet(ctx, away...)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	type rank struct {
		person string
		away   int
		turn   float64
	}
	ranks := make([]rank, len(candidates))
	for i, person := range candidates {
		ranks[i] = rank{person, flag(gone.Val()[i] != nil), turns.Val()[i]}
	}
	slices.SortStableFunc(ranks, func(a, b rank) int { return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.turn, b.turn)) })
	ordered := make([]string, len(ranks))
	for i, one := range ranks {
		ordered[i] = one.person
	}
	return ordered, nil
}

// SetPresence notes what a person says.
func (r *Redis) SetPresence(ctx context.Context, person string, p Presence) error {
	var err error
	if p == Away {
		err = r.client.Set(ctx, keyAway(person), "1", PresenceTTL).Err()
	} else {
		err = r.client.Del(ctx, keyAway(person)).Err()
	}
	if err != nil {
		return fmt.Errorf("set presence: %w", err)
	}
	return nil
}

// mergeTurns adds assignments that were made without Redis; the later one of each person counts.
func (r *Redis) mergeTurns(ctx context.Context, turns map[string]map[string]time.Time) error {
	if len(turns) == 0 {
		return nil
	}
	pipe := r.client.Pipeline()
	for track, people := range turns {
		var scores []redis.Z
		for person, at := range people {
			scores = append(scores, redis.Z{Score: float64(at.UnixMicro()), Member: person})
		}
		pipe.ZAddGT(ctx, keyTurn(track), scores...)
		pipe.PExpire(ctx, keyTurn(track), turnTTL)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("merge turns: %w", err)
	}
	return nil
}
