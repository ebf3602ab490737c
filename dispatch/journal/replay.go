package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
)

// The replay.
const (
	replayEvery = time.Second      // between two tries while the SQL store refuses
	settleEvery = time.Second / 4  // the same when a page waits to be settled there
	workers     = 32               // changes under way at once: they share the SQL store's transactions
	bringTime   = 3 * time.Second  // for one question of the replay; nobody waits for it
	healTime    = 10 * time.Second // for the dispatcher to follow: the SQL store may go away again meanwhile
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
		timer.Reset(s.pause())
	}
}

// pause is how long Run rests.
func (s *Store) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.pending, func(e *entry) bool { return settles(e.change) }) {
		return settleEvery
	}
	return replayEvery
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
		s.alone()
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
// When the store refuses one change and takes others, only the lane of that one
// waits for the next replay: a refusal is the store's and passes with its cause.
func (s *Store) replay(ctx context.Context, in Inner) {
	in = unhurried{in}
	held := map[string]bool{}
	for again := false; ctx.Err() == nil; again = true {
		todo := s.todo(held)
		if len(todo) == 0 {
			if len(held) > 0 || s.probe(ctx, in) != nil || s.finish(ctx) {
				return
			}
			continue
		}
		var last *gate
		if again && len(held) == 0 && len(todo) <= few {
			last = s.close() // they would come for ever
		}
		e, err := s.bring(ctx, in, todo)
		s.forget()
		if err == nil && last != nil && s.finish(ctx) {
			return
		}
		s.open(last)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || s.probe(ctx, in) != nil {
			return
		}
		held[e.lane] = true
	}
}

// unhurried gives each question of the replay its own time: a slow store gets
// everything in the end.
type unhurried struct{ Inner }

func (u unhurried) Commit(ctx context.Context, c dispatch.Change) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bringTime, errBudget)
	defer cancel()
	return u.Inner.Commit(ctx, c)
}

func (u unhurried) CommitAll(ctx context.Context, list []dispatch.Change) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bringTime, errBudget)
	defer cancel()
	return u.Inner.CommitAll(ctx, list)
}

func (u unhurried) Load(ctx context.Context, id string) (dispatch.Case, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bringTime, errBudget)
	defer cancel()
	return u.Inner.Load(ctx, id)
}

func (u unhurried) Reserve(ctx context.Context, year, n int) (uint32, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bringTime, errBudget)
	defer cancel()
	return u.Inner.Reserve(ctx, year, n)
}

// settles reports whether the SQL store, without the change, would have a person
// called who need not be: another node may ask it at any moment.
func settles(c dispatch.Change) bool {
	taken := c.Ticket != nil && !c.Ticket.NeedsPage()
	return c.Delivery != nil && c.Delivery.Notice.Kind != dispatch.NoticeEvent ||
		slices.ContainsFunc(c.Drop, func(k dispatch.TimerKey) bool { return k.Kind == dispatch.TimerPage }) ||
		taken && slices.ContainsFunc(c.Timers, func(t dispatch.Timer) bool { return t.Kind == dispatch.TimerPage })
}

// todo returns what the SQL store has not got, without the lanes that are held:
// first the lanes in which a page was delivered or became needless, then the
// others, each in order.
func (s *Store) todo(held map[string]bool) []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > s.of {
		s.of = len(s.pending)
	}
	soon := map[string]bool{}
	for _, e := range s.pending {
		if settles(e.change) {
			soon[e.lane] = true
		}
	}
	var list, rest []*entry
	for _, e := range s.pending {
		switch {
		case held[e.lane]:
		case soon[e.lane]:
			list = append(list, e)
		default:
			rest = append(rest, e)
		}
	}
	return append(list, rest...)
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
	busy := 0
	for _, lane := range lanes {
		if len(lane) > 0 {
			busy++
		}
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var first sync.Once
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			for len(lane) > 0 && work.Err() == nil {
				n, fault := s.next(work, in, lane, together/busy)
				if fault != nil {
					first.Do(func() { refusedEntry, err = lane[0], fault })
					stop()
					return
				}
				s.brought(lane[:n])
				lane = lane[n:]
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

// brought notes that the SQL store has the entries.
func (s *Store) brought(list []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range list {
		e.done = true
		s.metrics.brought()
	}
	s.answers, s.deaf = true, false
}

// next brings the first entries of the lane: as many as fit together, for one
// ticket that many write to must not cost a transaction for each, or else one.
func (s *Store) next(ctx context.Context, in Inner, lane []*entry, most int) (n int, err error) {
	if n = s.alike(lane, most); n > 1 {
		if err = s.bringAll(ctx, in, lane[:n]); err == nil {
			return n, nil
		}
		if ctx.Err() != nil {
			return 0, err
		}
		for _, e := range lane[:n] {
			e.alone = true
		}
		if errors.Is(err, errBudget) {
			return 0, err // it does not answer; or the changes are too much at once
		}
	}
	return 1, s.safely(ctx, in, lane[0])
}

// together is how many changes share one transaction at most, of all workers:
// another node that writes waits for it, and has 200 ms.
const together = 256

// alike counts the entries at the head of the lane, up to most, that can be
// brought together: none has to be decided anew.
func (s *Store) alike(lane []*entry, most int) (n int) {
	for _, e := range lane[:min(len(lane), most)] {
		id := ticketOf(e.change)
		to, differs := s.standsFor(id)
		if e.alone || differs && (to.ID != id || !e.change.Lengthens()) {
			break
		}
		n++
	}
	return n
}

// bringAll brings the entries in one transaction, or none of them.
func (s *Store) bringAll(ctx context.Context, in Inner, list []*entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("applying changes panicked: %v", p) // each by itself shows which
		}
	}()
	changes := make([]dispatch.Change, len(list))
	for i, e := range list {
		changes[i] = s.due(e.change)
	}
	return in.CommitAll(ctx, changes)
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
	err := in.Commit(ctx, dispatch.Change{ID: uuid.Must(uuid.NewV7()).String()})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers = !refused(err); !s.answers {
		s.why = err
		return err
	}
	s.deaf = false
	return nil
}

// few is how many changes are brought while new ones wait.
const few = 256

// gate keeps new changes waiting.
type gate struct {
	opened chan struct{} // closed when they may go on
	sealed bool          // guarded by Store.mu; only the end of the emptying opens it
}

// close lets new changes wait while the last ones are brought. It opens by
// itself before the callers' time is up; when the file fills they wait longer
// rather than to find it full.
func (s *Store) close() *gate {
	limit := s.cfg.Budget / 2
	if used, size := s.file.used(); used > size/2 {
		limit = max(limit, appendTime/2)
	}
	g := &gate{opened: make(chan struct{})}
	s.mu.Lock()
	s.shut = g
	s.mu.Unlock()
	time.AfterFunc(limit, func() { s.open(g) })
	return g
}

// open opens the gate if it is shut and nobody empties the file behind it.
func (s *Store) open(g *gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g != nil && s.shut == g && !g.sealed {
		s.shut = nil
		close(g.opened)
	}
}

// finish empties the file and lets changes pass again, unless one has come meanwhile.
// Changes wait for the end of the emptying; all else goes on.
func (s *Store) finish(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > 0 {
		return false
	}
	if err := s.empty(ctx); err != nil {
		s.log.Error("the journal could not be emptied; it is tried again", "err", err)
		return true
	}
	s.log.Warn("the database takes changes again and has all that it missed",
		"took", s.now().Sub(s.since).Round(time.Millisecond).String(), "changes", s.of)
	s.pass()
	return true
}

// empty empties the file. mu is held, but not while the disk works: nothing is
// put into the file meanwhile.
func (s *Store) empty(ctx context.Context) error {
	g := s.shut
	if g == nil {
		g = &gate{opened: make(chan struct{})}
		s.shut = g
	}
	g.sealed = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.shut = nil
		close(g.opened)
	}()
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	return s.file.reset(ctx)
}
