package rotation

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// known is the highest token that this node has seen of the shared counter.
type known struct{ token atomic.Uint64 }

func (k *known) get() uint64 { return k.token.Load() }

// seen notes a token.
func (k *known) seen(token uint64) {
	for {
		old := k.token.Load()
		if token <= old || k.token.CompareAndSwap(old, token) {
			return
		}
	}
}

// recordBudget bounds what asking the record for an epoch may take of a claim's time.
const recordBudget = 50 * time.Millisecond

// grace is how long the other nodes have to write their claims again before the first of a new epoch is granted.
const grace = 20 * time.Millisecond

// topicEpoch tells the other nodes that a new epoch has begun because claims may be lost.
const topicEpoch Topic = "epoch"

// lookEpoch asks whether claims may have been forgotten. It fails too when the server takes no writes.
func (r *Redis) lookEpoch(ctx context.Context) (rewound bool, err error) {
	return r.epoch(ctx, 0)
}

// epoch runs the script: raise to an epoch, or only look with 0.
func (r *Redis) epoch(ctx context.Context, raise uint64) (rewound bool, err error) {
	known := r.known.get()
	reply, err := r.scripts.epoch.Run(ctx, r.client, []string{keyEpoch, keyFence, keyProbe},
		epochOf(known), known&counterMask, raise, ms(probeTTL)).Slice()
	if err != nil {
		return false, fmt.Errorf("look at the epoch: %w", err)
	}
	if len(reply) != 2 {
		return false, fmt.Errorf("look at the epoch: reply %v", reply)
	}
	text, _ := reply[1].(string)
	now, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return false, fmt.Errorf("look at the epoch: %w", err)
	}
	if rewound = reply[0] == int64(1); !rewound {
		r.known.seen(now << EpochShift)
	}
	return rewound, nil
}

// nextEpoch is one above all this node knows of, and above all of the record when that answers soon.
func (r *Redis) nextEpoch(ctx context.Context) uint64 {
	next := epochOf(r.known.get()) + 1
	if r.record == nil {
		return next
	}
	ctx, cancel := context.WithTimeout(ctx, recordBudget)
	defer cancel()
	recorded, err := r.record(ctx)
	if err != nil {
		r.log.Warn("the epoch could not be raised in the record, this node counts on from what it knows", "err", err)
		return next
	}
	return max(next, recorded)
}

// raiseTo begins an epoch, unless a later one holds already.
func (r *Redis) raiseTo(ctx context.Context, epoch uint64) error {
	_, err := r.epoch(ctx, epoch)
	return err
}

// Raise puts all tokens to come above those that were given.
func (r *Redis) Raise(ctx context.Context) error { return r.raiseTo(ctx, r.nextEpoch(ctx)) }

// recoverEpoch raises the epoch after claims may have been forgotten, once for all who notice it at the same time, and has
// this node's claims written again before the next is made.
func (r *Redis) recoverEpoch(ctx context.Context) error {
	select {
	case r.raising <- struct{}{}:
		defer func() { <-r.raising }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the epoch: %w", context.Cause(ctx))
	}
	if rewound, err := r.lookEpoch(ctx); err != nil || !rewound {
		return err
	}
	if err := r.Raise(ctx); err != nil {
		return err
	}
	r.log.Warn("Redis may have forgotten claims, a new epoch of tokens has begun", "epoch", epochOf(r.known.get()))
	if r.forgot == nil {
		return nil
	}
	if err := r.forgot(ctx); err != nil {
		return err
	}
	if err := r.publish(ctx, topicEpoch, ofMessage, nil); err != nil {
		return err
	}
	select { // the others write their claims again; the record decides between nodes that do not hear it
	case <-time.After(grace):
	case <-ctx.Done():
	}
	return nil
}
