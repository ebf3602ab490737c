package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
)

// errBudget is why the journal is away when the SQL store does not answer.
var errBudget = errors.New("the database did not answer in time")

// Commit implements dispatch.Store.
func (s *Store) Commit(ctx context.Context, c dispatch.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.ID == "" {
		c.ID = uuid.Must(uuid.NewV7()).String() // before the first try, so that no try counts twice
	}
	whole := context.WithoutCancel(ctx)
	for tried := false; ; tried = true {
		asking := ctx
		if tried {
			asking = whole // the store has used up the caller's time
		}
		p, in := s.passing()
		if p == nil && turnsBack(c) {
			return errSender
		}
		if p == nil {
			again, err := s.keep(ctx, c)
			if again && err == nil {
				continue
			}
			return verdict(err, c, tried)
		}
		began := time.Now()
		err := p.ask(asking, s.cfg.Budget, func(ctx context.Context) error { return in.Commit(ctx, c) })
		if !refused(err) {
			if err == nil {
				s.passed(ctx, c)
			}
			return verdict(err, c, tried)
		}
		if asking.Err() != nil && !errors.Is(err, errAsleep) && (errors.Is(ctx.Err(), context.Canceled) || time.Since(began) < min(s.cfg.Budget, defaultBudget)/2) {
			return err // the caller has left; that says nothing of the store
		}
		s.turnAway(ctx, p, err)
	}
}

// verdict gives the caller of a change that was tried before the answer he
// would have had then: what it repeats is its own first try.
func verdict(err error, c dispatch.Change, tried bool) error {
	if err == nil || !tried {
		return err
	}
	if r, ok := errors.AsType[*dispatch.RepeatedError](err); ok {
		if r.Taken == c.Taken {
			return nil
		}
		return err
	}
	if errors.Is(err, dispatch.ErrRepeated) {
		return nil
	}
	return err
}

// refused reports whether an error is the store's refusal and not the change's
// own fault.
func refused(err error) bool {
	return err != nil && !errors.Is(err, dispatch.ErrConflict) && !errors.Is(err, dispatch.ErrRepeated) && !errors.Is(err, dispatch.ErrNotFound)
}

// passing returns the passage and the SQL store while changes go to it.
func (s *Store) passing() (*passage, Inner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passage, s.inner
}

// errAsleep is why an answer did not come in time: this process stood still,
// which says nothing of the SQL store. It must be asked again, for while we
// slept others may have acted on what our memory still shows as it was.
var errAsleep = errors.New("this process was frozen while it waited for the database")

// asleepFrom is how much later than its end a wait must return for that: far
// beyond what a busy machine delays us.
const asleepFrom = time.Second

// ask asks the SQL store for as long as the budget, the caller and the passage last.
func (p *passage) ask(ctx context.Context, budget time.Duration, do func(context.Context) error) (err error) {
	began := time.Now()
	defer func() {
		if refused(err) && time.Since(began) > budget+asleepFrom {
			err = fmt.Errorf("%w: %w", errAsleep, err)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, budget, errBudget)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel) //nolint:contextcheck // the passage ends all asking, whoever asks
	defer stop()
	return do(ctx)
}

// turnAway ends the passage: from now on the file takes the changes, also of
// those who are waiting for the SQL store. After a sleep of ours it does
// nothing: who was refused asks again.
func (s *Store) turnAway(ctx context.Context, p *passage, why error) {
	if errors.Is(why, errAsleep) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passage != p {
		return // somebody else was first
	}
	s.passage = nil
	s.since, s.why, s.answers = s.now(), why, false
	s.doubts()
	s.deaf = !errors.Is(why, errBudget) && !errors.Is(why, context.DeadlineExceeded) // slow is not silent
	s.makeOverlay(ctx)
	p.end()
	s.metrics.turned()
	s.log.Error("the database takes no changes: calls are kept in the journal until it does", "err", why.Error())
	s.wake()
}

// appendTime bounds the wait for the journal's own disk.
const appendTime = 2 * time.Second

// keep lets the overlay judge the change and writes it into the file. again is
// true when nothing was done, for the SQL store is back or the file was being emptied.
func (s *Store) keep(ctx context.Context, c dispatch.Change) (again bool, err error) {
	if len(c.Also) > 0 {
		return false, fmt.Errorf("two tickets can not be joined or parted now: %w", dispatch.ErrAway) // they may go their own ways until the replay
	}
	at := s.now()
	body, err := encode(c, at)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	if s.passage != nil {
		s.mu.Unlock()
		return true, nil
	}
	if shut := s.shut; shut != nil {
		s.mu.Unlock()
		return true, s.await(ctx, shut)
	}
	seq, err := s.take(ctx, c, body, at)
	behind := err == nil && s.answers && len(s.pending) > crowded
	s.mu.Unlock()
	if fault := s.settle(ctx, seq); fault != nil {
		return false, fault
	}
	if behind {
		s.linger(ctx)
	}
	return false, err
}

// crowded is how many changes may wait for a SQL store that answers before new
// ones are slowed down.
const crowded = 64

// linger makes the caller of a change that is kept wait a little, so that the
// replay gains on the callers, however many they are. The other half of the
// budget is left to them.
func (s *Store) linger(ctx context.Context) {
	rest := time.NewTimer(s.cfg.Budget / 2)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
}

// await waits until the gate is open.
func (s *Store) await(ctx context.Context, shut *gate) error {
	ctx, cancel := context.WithTimeoutCause(ctx, appendTime, errors.New("its disk does not answer"))
	defer cancel()
	select {
	case <-shut.opened:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the journal to be emptied: %w", context.Cause(ctx))
	}
}

// settle waits until all records up to seq are durable: what they say may be told then.
func (s *Store) settle(ctx context.Context, seq uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendTime)
	defer cancel()
	if err := s.file.wait(ctx, seq); err != nil {
		return fmt.Errorf("write to the journal: %w", err)
	}
	return nil
}

// take judges the change and gives it its place; mu is held. seq names the
// record up to which all must be durable before the answer is given.
func (s *Store) take(ctx context.Context, c dispatch.Change, body []byte, at time.Time) (seq uint64, err error) {
	ctx, s.used = context.WithoutCancel(ctx), true
	if err := s.file.fits(body); err != nil {
		if !s.full {
			s.full = true
			s.log.Error("the journal takes no more changes: calls go on without a record", "err", err.Error())
		}
		return s.file.last(), fmt.Errorf("write to the journal: %w", err)
	}
	err = s.overlay.Commit(ctx, c)
	if errors.Is(err, dispatch.ErrConflict) {
		s.seed() // the dispatcher may know what the SQL store took last
		err = s.overlay.Commit(ctx, c)
	}
	if err != nil {
		return s.file.last(), err
	}
	s.full = false
	s.pending = append(s.pending, &entry{change: c, lane: s.lane(c), at: at})
	s.track(c)
	return s.file.put(body), nil
}

// passed keeps track of a change that the SQL store has taken.
func (s *Store) passed(ctx context.Context, c dispatch.Change) {
	if len(c.Notices) == 0 && c.Delivery == nil && !s.away() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.track(c)
	if s.overlay != nil { // the journal has turned away meanwhile: the overlay learns of it, if it has not yet
		_ = s.overlay.Commit(context.WithoutCancel(ctx), c)
	}
}

func (s *Store) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passage == nil
}

// lane returns what orders the change at the replay: its ticket, and the
// tickets that had the same party before it. mu is held.
func (s *Store) lane(c dispatch.Change) string {
	id := laneOf(c)
	lane, ok := s.lanes[id]
	if !ok {
		lane = id
		if c.Ticket != nil && c.Ticket.Party != "" {
			if of, ok := s.lanes["party:"+c.Ticket.Party]; ok {
				lane = of
			}
		}
		s.lanes[id] = lane
	}
	if c.Ticket != nil && c.Ticket.Party != "" {
		s.lanes["party:"+c.Ticket.Party] = lane
	}
	return lane
}
