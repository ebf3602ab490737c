package rotation

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Times of the background.
const (
	probeEvery = time.Second            // while Redis answers
	retryFirst = 250 * time.Millisecond // while it does not
	retryMost  = 2 * time.Second        // when it keeps failing right after it came back
	steady     = 10 * time.Second       // after so long an answering Redis counts as sound
	healBudget = 2 * time.Second        // for all that is written on return
	looseFor   = 3 * time.Second        // an unanswered request may still arrive so late
	epochWait  = 500 * time.Millisecond // for the record, when no call waits
)

// Run keeps in touch with Redis until ctx ends, then closes the connections: it hears the other nodes, notices when Redis
// fails or has forgotten something though nobody asks, and brings this node back to it.
func (s *Switch) Run(ctx context.Context) error {
	if s.redis == nil {
		<-ctx.Done()
		return nil
	}
	defer func() { _ = s.redis.Close() }()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { _ = s.redis.Run(ctx) })

	retry := retryFirst
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
			if !s.shared.Load() { // it has just fallen: let it come to itself
				s.renumber(ctx)
				timer.Reset(retry)
				continue
			}
		case <-timer.C:
		}
		next := probeEvery
		guarded(s.log, "look after Redis", func() { next = s.beat(ctx, &retry) })
		timer.Reset(next)
	}
}

// beat looks after Redis once and returns when to do it again.
func (s *Switch) beat(ctx context.Context, retry *time.Duration) time.Duration {
	if s.shared.Load() {
		if s.sound() {
			*retry = retryFirst
		}
		if err := s.probe(ctx); err != nil && ctx.Err() == nil {
			s.fall(err)
			return *retry
		}
		return probeEvery
	}
	if err := s.heal(ctx); err != nil {
		if ctx.Err() == nil {
			s.fall(err)
		}
		return *retry
	}
	*retry = min(2**retry, retryMost)
	return probeEvery
}

// sound reports whether Redis has answered for a while.
func (s *Switch) sound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Sub(s.status.Since) > steady
}

// renumber gives the claims that this node grants alone an epoch of the record, once for each fall.
func (s *Switch) renumber(ctx context.Context) {
	s.mu.Lock()
	due := s.record != nil && !s.renumbered
	s.renumbered = true
	s.mu.Unlock()
	if !due {
		return
	}
	s.memory.startAfter(localStart(s.recordedEpoch(ctx) - 1))
}

// recordedEpoch is nextEpoch for the background, which has time.
func (s *Switch) recordedEpoch(ctx context.Context) uint64 {
	ctx, cancel := context.WithTimeout(ctx, epochWait)
	defer cancel()
	next, err := s.nextEpoch(ctx)
	if err != nil {
		s.log.Warn("this node counts its epochs on from what it knows", "err", err)
	}
	return next
}

// probe asks Redis whether it takes writes and remembers, and writes what it does not know yet. One failure is forgiven:
// the calls themselves forgive none.
func (s *Switch) probe(ctx context.Context) error {
	rewound, err := s.look(ctx)
	if err != nil {
		rewound, err = s.look(ctx)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healBudget)
	defer cancel()
	if rewound {
		return s.redis.recoverEpoch(ctx)
	}
	s.mu.Lock()
	raised := epochOf(s.redis.known.get()) > s.adopted
	s.mu.Unlock()
	return s.share(ctx, raised)
}

func (s *Switch) look(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	began := time.Now()
	rewound, err := s.redis.lookEpoch(ctx)
	s.metrics.asked("probe", time.Since(began), err)
	return rewound, err
}

// heal turns back to Redis if it answers: a new epoch, then everything that happened without it.
func (s *Switch) heal(ctx context.Context) error {
	if _, err := s.look(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healBudget)
	defer cancel()
	if err := s.redis.raiseTo(ctx, s.recordedEpoch(ctx)); err != nil {
		return err
	}
	s.mu.Lock()
	since := s.status.Since
	s.mu.Unlock()
	if err := s.share(ctx, true); err != nil {
		return err
	}
	if err := s.redis.mergeTurns(ctx, s.memory.turnsSince(since)); err != nil {
		return err
	}
	s.rise()
	if err := s.redis.publish(ctx, topicEpoch, ofMessage, nil); err != nil {
		return err
	}
	return s.share(ctx, false) // what was granted meanwhile
}

// share brings Redis up to date: what it may hold though nobody does, what this node holds, and what it has missed. all
// says that it may have forgotten what it knew.
func (s *Switch) share(ctx context.Context, all bool) error {
	epoch := epochOf(s.redis.known.get())
	if err := s.takeBack(ctx); err != nil {
		return err
	}
	if err := s.writeClaims(ctx, s.memory.holdings(all)); err != nil {
		return err
	}
	if err := s.shareValues(ctx, all); err != nil {
		return err
	}
	s.mu.Lock()
	if all {
		s.adopted = max(s.adopted, epoch)
	}
	missed := s.missed
	s.missed = map[Topic]struct{}{}
	s.mu.Unlock()
	for topic := range missed {
		if err := s.redis.publish(ctx, topic, ofGap, nil); err != nil {
			s.mu.Lock()
			s.missed[topic] = struct{}{}
			s.mu.Unlock()
			return err
		}
	}
	return nil
}

// writeClaims writes what this node holds to Redis.
func (s *Switch) writeClaims(ctx context.Context, held []holdingCopy) error {
	lost, err := s.redis.adopt(ctx, held)
	if err != nil {
		for _, h := range held { // it may have taken some
			s.loosen(h.claim.Call, h.claim.Attempt)
		}
		return err
	}
	s.memory.lose(lost...)
	for _, c := range s.memory.setShared(held) { // let go while it was written
		if err := s.redis.Release(ctx, c); err != nil {
			s.loosen(c.Call, c.Attempt)
			return err
		}
	}
	return nil
}

// takeBack frees what Redis holds for attempts that were let go, or that got nobody, while it did not answer.
func (s *Switch) takeBack(ctx context.Context) error {
	s.mu.Lock()
	loose := maps.Clone(s.loose)
	s.mu.Unlock()
	for a, since := range loose {
		h, _ := s.memory.attempt(a.call, a.name)
		if err := s.redis.forget(ctx, a.call, a.name, h.claim); err != nil {
			return fmt.Errorf("take a claim back: %w", err)
		}
		if s.now().Sub(since) < looseFor { // the request itself may arrive after this one: look again
			continue
		}
		s.mu.Lock()
		if s.loose[a].Equal(since) { // not let go again meanwhile
			delete(s.loose, a)
		}
		s.mu.Unlock()
	}
	return nil
}

// shareValues writes the values that changed without Redis, and after it may have forgotten some, those of this node.
func (s *Switch) shareValues(ctx context.Context, all bool) error {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = map[string]struct{}{}
	s.mu.Unlock()
	err := s.writeValues(ctx, all, dirty)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key := range dirty {
			s.dirty[key] = struct{}{}
		}
	}
	return err
}

func (s *Switch) writeValues(ctx context.Context, all bool, dirty map[string]struct{}) error {
	if !all && len(dirty) == 0 {
		return nil
	}
	gone := make(map[string]struct{}, len(dirty))
	for key := range dirty {
		gone[key] = struct{}{}
	}
	for _, v := range s.memory.own() {
		_, changed := dirty[v.key]
		if !changed && !all {
			continue
		}
		delete(gone, v.key)
		if err := s.redis.put(ctx, v.key, v.body, v.left, !changed); err != nil {
			return err
		}
	}
	for key := range gone {
		if err := s.redis.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
