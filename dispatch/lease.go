package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Nodes keeps which nodes are alive, and hands the calls of a dead one to a
// living one.
type Nodes interface {
	// Beat says that the node lives until n.Until, and what it works with. It
	// returns ErrTakenOver when another node has taken over its calls since its
	// last beat, once; the beat counts all the same.
	Beat(ctx context.Context, n Node, now time.Time) error
	// Leave ends the node's lease: it has stopped in good order.
	Leave(ctx context.Context, node string) error
	// TakeOver finds nodes whose lease has ended and gives their calls without
	// an end to the node heir. A call is handed out once, to one heir. What heir
	// itself left open before its last start is handed out too when it says own.
	TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]CallRecord, error)
	// Nodes lists all nodes that are known, by name.
	Nodes(ctx context.Context) ([]Node, error)
}

// Node is one serving process as the store knows it.
type Node struct {
	ID    string
	Until time.Time   // end of its lease; the past means dead, zero means stopped in good order
	Rota  RotaVersion // what it works with; the zero value = none, or a node that does not say
}

// ErrTakenOver says that a node was believed dead and its calls were taken over.
var ErrTakenOver = errors.New("the calls of this node were taken over by another one")

// How nodes watch each other. A node that has not said for lease that it lives
// is dead; every living one looks for the dead every beat.
const (
	beatEvery   = time.Second
	nodeLease   = 4 * time.Second
	leaveBudget = time.Second // longest wait for the store at the stop
	riseBudget  = time.Second // longest wait for it at the start: callers wait; beats and watch make up for it
)

// life is what a node knows of itself among others.
type life struct {
	id      string
	nodes   Nodes // nil = it is alone
	started time.Time

	mu      sync.Mutex
	beaten  time.Time // guarded by mu; the last beat that succeeded
	steady  time.Time // guarded by mu; since when beats have succeeded without a break
	owed    []orphan  // guarded by mu; calls that still have to be ended
	own     bool      // guarded by mu; what this node left open is to be looked for
	refused bool      // guarded by mu; the log says that beats fail
	thawed  time.Time // guarded by mu; when this node learnt that its calls were taken over, while conversations may have lived on
}

// wall is the present by the clock on the wall, which nodes share: leases are
// compared by it. A monotonic reading would hide that the clock was set, or
// stood while this machine did, and living nodes would be held for dead.
func (d *Dispatcher) wall() time.Time { return d.now().Round(0) }

// rise finds the calls that an earlier process of this node left open, and
// those of dead nodes, and says that this node lives. open are the store's open
// calls; without Nodes all of them are ours.
func (d *Dispatcher) rise(ctx context.Context, open []CallRecord, now time.Time) {
	if d.life.nodes == nil {
		d.owe(open, true)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, riseBudget)
	defer cancel()
	if err := d.takeOver(ctx, true, now); err != nil {
		d.life.own = true
		d.log.Warn("calls that were left open can not be looked for yet; it is tried again", "node", d.life.id, "err", err)
	}
	err := d.life.nodes.Beat(ctx, d.living(now), now)
	switch {
	case errors.Is(err, ErrTakenOver):
		d.log.Info("another node has taken over the calls that this one left open", "node", d.life.id)
	case err != nil:
		d.unbeaten(err)
		return
	}
	d.life.beaten, d.life.steady = now, now
}

// living is what this node says of itself.
func (d *Dispatcher) living(now time.Time) Node {
	return Node{ID: d.life.id, Until: now.Add(nodeLease), Rota: d.dir.Load().Rota}
}

// beats says every second that this node lives, until ctx ends.
func (d *Dispatcher) beats(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		d.survive(func() { d.beat(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// beat says once that this node lives.
func (d *Dispatcher) beat(ctx context.Context) {
	now := d.wall()
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	err := d.life.nodes.Beat(ctx, d.living(now), now)
	lost := errors.Is(err, ErrTakenOver)
	if err != nil && !lost {
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			d.unbeaten(err)
		}
		return
	}
	d.life.mu.Lock()
	gap := now.Sub(d.life.beaten)
	if gap < 0 || gap >= nodeLease/2 {
		d.life.steady = now
	}
	if lost && gap < shortFreeze {
		d.life.thawed = now
	}
	d.life.beaten = now
	told := d.life.refused
	d.life.refused = false
	d.life.mu.Unlock()
	if told {
		d.log.Info("the store knows again that this node lives", "node", d.life.id)
	}
	if lost {
		d.metrics.takenOver()
		d.log.Error("this node was believed dead: another one has ended its calls on record, raised pages and rings the callers back; was it frozen, or cut off from the store?", "node", d.life.id)
		d.missedEvents()
	}
}

func (d *Dispatcher) unbeaten(err error) {
	d.life.mu.Lock()
	told := d.life.refused
	d.life.refused = true
	d.life.mu.Unlock()
	if !told {
		d.log.Warn("the store can not be told that this node lives", "node", d.life.id, "err", err)
	}
}

// leave ends this node's lease in good order.
func (d *Dispatcher) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveBudget)
	defer cancel()
	if err := d.life.nodes.Leave(ctx, d.life.id); err != nil {
		d.log.Warn("the store could not be told that this node stops in good order", "node", d.life.id, "err", err)
	}
}
