package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
)

// The replay.
const (
	replayEvery = time.Second      // between two tries while the SQL store refuses
	workers     = 32               // changes under way at once: they share the SQL store's transactions
	bringTime   = 3 * time.Second  // for one change; nobody waits for it
	healTime    = 10 * time.Second // for the dispatcher to follow: the SQL store may go away again meanwhile
	maxFails    = 3                // refusals of one change, by a store that takes others
)

// Run brings to the SQL store what it has missed, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	timer := time.NewTimer(replayEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.kick:
		case <-timer.C:
		}
		s.guarded(ctx)
		timer.Reset(replayEvery)
	}
}

// guarded does a round; a panic costs this round only.
func (s *Store) guarded(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("the journal's replay panicked; it is tried again", "err", fmt.Sprint(p))
		}
	}()
	s.round(ctx)
}

// round does what is due: it replays while the journal is away, and tells the
// dispatcher when it is back.
func (s *Store) round(ctx context.Context) {
	s.mu.Lock()
	in, away := s.inner, s.passage == nil
	if away {
		s.seed() // what changes that were in flight have told the dispatcher since
	}
	s.mu.Unlock()
	if away && in != nil {
		s.replay(ctx, in)
	}
	s.mu.Lock()
	heal := s.heal && s.passage != nil
	s.mu.Unlock()
	if !heal || s.deps.Healed == nil {
		return
	}
	follow, cancel := context.WithTimeoutCause(ctx, healTime, errBudget)
	defer cancel()
	if err := s.deps.Healed(follow); err != nil {
		if ctx.Err() == nil {
			s.log.Error("the dispatcher could not follow the database after its return; it is tried again", "err", err)
		}
		return
	}
	s.mu.Lock()
	s.heal = false
	s.mu.Unlock()
}

// replay brings all that is pending to the SQL store, also what comes
// meanwhile, and then lets changes pass. It gives up when the store refuses.
func (s *Store) replay(ctx context.Context, in Inner) {
	for ctx.Err() == nil {
		todo := s.todo()
		if len(todo) == 0 {
			if s.probe(ctx, in) != nil || s.finish(ctx) {
				return
			}
			continue
		}
		e, err := s.bring(ctx, in, todo)
		s.forget()
		if err == nil {
			continue
		}
		if ctx.Err() != nil || !s.poison(ctx, in, e, err) {
			return
		}
	}
}

// todo returns what the SQL store has not got, in order.
func (s *Store) todo() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > s.of {
		s.of = len(s.pending)
	}
	return append([]*entry(nil), s.pending...)
}

// forget lets go of what the SQL store has.
func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make([]*entry, 0, len(s.pending))
	for _, e := range s.pending {
		if !e.done {
			left = append(left, e)
		}
	}
	s.pending = left
}

// bring applies the entries, those of one lane in order. It returns the first
// entry that the store refused, with the refusal.
func (s *Store) bring(ctx context.Context, in Inner, todo []*entry) (refusedEntry *entry, err error) {
	var lanes [workers][]*entry
	for _, e := range todo {
		h := fnv.New32a()
		_, _ = h.Write([]byte(e.lane)) // a hash takes everything
		n := h.Sum32() % workers
		lanes[n] = append(lanes[n], e)
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var first sync.Once
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			for _, e := range lane {
				if work.Err() != nil {
					return
				}
				if fault := s.safely(work, in, e); fault != nil {
					first.Do(func() { refusedEntry, err = e, fault })
					stop()
					return
				}
				s.mu.Lock()
				e.done, s.answers = true, true
				s.mu.Unlock()
				s.metrics.brought()
			}
		})
	}
	all.Wait()
	if err != nil {
		s.mu.Lock()
		s.answers = false
		if ctx.Err() == nil {
			s.why = err
		}
		s.mu.Unlock()
	}
	return refusedEntry, err
}

// safely applies an entry; one that makes the program panic is set aside.
func (s *Store) safely(ctx context.Context, in Inner, e *entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = nil
			s.aside(ctx, in, e, fmt.Errorf("applying it panicked: %v", p))
		}
	}()
	return s.apply(ctx, in, e)
}

// probe asks the SQL store to take a change of no effect.
func (s *Store) probe(ctx context.Context, in Inner) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bringTime, errBudget)
	defer cancel()
	err := in.Commit(ctx, dispatch.Change{ID: uuid.Must(uuid.NewV7()).String()})
	if refused(err) {
		s.mu.Lock()
		s.answers, s.why = false, err
		s.mu.Unlock()
		return err
	}
	return nil
}

// poison sets aside a change that the SQL store refuses while it takes others.
// It reports whether the replay can go on at once.
func (s *Store) poison(ctx context.Context, in Inner, e *entry, why error) bool {
	if s.probe(ctx, in) != nil {
		return false
	}
	if e.fails++; e.fails < maxFails {
		return false
	}
	body, err := encode(e.change, e.at)
	s.setAside(ctx, in, e.change, body, errors.Join(why, err))
	s.mu.Lock()
	e.done = true
	s.mu.Unlock()
	s.forget()
	return true
}

// finish empties the file and lets changes pass again, unless one has come meanwhile.
func (s *Store) finish(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	if err := s.file.reset(ctx); err != nil {
		s.log.Error("the journal could not be emptied; it is tried again", "err", err)
		return true
	}
	s.log.Warn("the database takes changes again and has all that it missed",
		"took", s.now().Sub(s.since).Round(time.Millisecond).String(), "changes", s.of)
	s.pass()
	return true
}

// setAside keeps a change that can never be applied: in the .rejected file,
// in the log, and in the log of its ticket when there is one.
func (s *Store) setAside(ctx context.Context, in Inner, c dispatch.Change, body []byte, why error) {
	id := ticketOf(c)
	s.mu.Lock()
	if to, known := s.touched[id]; known {
		id = to.ID
	}
	s.reject(body, id, why)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, bringTime)
	defer cancel()
	if _, err := in.Load(ctx, id); err != nil {
		return // it has no ticket, and stands in the .rejected file
	}
	note := dispatch.Remark(c.ID+"/rejected", id, fmt.Sprintf("A change from the time the record was away could not be applied: %v", why), s.now())
	if err := in.Commit(ctx, note); err != nil && !errors.Is(err, dispatch.ErrRepeated) {
		s.log.Error("the ticket's log could not be told of a change that was set aside", "ticket", id, "err", err)
	}
}
