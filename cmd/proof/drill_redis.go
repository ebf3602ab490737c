package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// The Redis drills: two nodes on one Redis and one record, five calls a second
// to both in turn. Redis is hurt behind a proxy, so that its address stays.

// Goals of the Redis drills.
const (
	slowerBy     = 100 * time.Millisecond // p99 of INVITE->180 with the fault, beyond that without
	normalWithin = 5 * time.Second        // after the return
)

// redisFault is one way in which Redis fails, and comes back.
type redisFault struct {
	name       string
	begin, end func(context.Context) error
	at         time.Duration // how long the fault lasts
	after      time.Duration // how long calls go on after it; 0 = 15 s
}

// newRedis starts a server that ends with the drill, in a folder of its own.
func (r *rig) newRedis(ctx context.Context) (*redistest.Server, string, error) {
	dir, err := r.newDir("redis")
	if err != nil {
		return nil, "", err
	}
	server, err := redistest.Launch(ctx, dir, redistest.Options{})
	if err != nil {
		return nil, "", err
	}
	r.atEnd(server.Close)
	return server, dir, nil
}

func redisDrill(ctx context.Context, r *rig) error {
	server, _, err := r.newRedis(ctx)
	if err != nil {
		return err
	}
	proxy, err := r.newProxy(server.Addr())
	if err != nil {
		return err
	}
	w, err := r.pair(ctx, "redis://"+proxy.Listen)
	if err != nil {
		return err
	}
	if err := w.shared(ctx); err != nil {
		return err
	}
	for i, f := range redisFaults(r, server, proxy) {
		if r.short && i > 1 {
			break
		}
		if err := w.redisFault(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := r.judgeRedis(ctx, w); err != nil {
		return err
	}
	if r.short {
		return nil
	}
	return failover(ctx, r)
}

// redisFaults are the faults of a single Redis.
func redisFaults(r *rig, server *redistest.Server, proxy *proxy) []redisFault {
	var older []byte
	nothing := func(context.Context) error { return nil }
	long := times(r, 25*time.Second, 2*time.Second)
	return []redisFault{
		{name: "killed", at: long, begin: func(context.Context) error { server.Kill(); return nil }, end: server.Restart},
		{name: "slow by 2 s", at: long, begin: func(context.Context) error { return proxy.slow(2 * time.Second) }, end: proxy.quick},
		{name: "flushed", at: time.Second, begin: server.Flush, end: nothing},
		{name: "stopped", at: long, begin: func(context.Context) error { return server.Stop() }, end: func(context.Context) error { return server.Cont() }},
		{name: "restored older", at: 5 * time.Second, begin: func(ctx context.Context) (err error) {
			older, err = server.Snapshot(ctx)
			return err
		}, end: func(ctx context.Context) error { return server.Restore(ctx, older) }},
	}
}

// pair is two nodes that share Redis and record.
func (r *rig) pair(ctx context.Context, url string) (*world, error) {
	dir, err := r.newDir("record")
	if err != nil {
		return nil, err
	}
	if os.Getenv(mountsVar) == mountsOwn { // whoever else uses the machine's disk is no part of these figures
		if err := r.mountTmpfs(dir, 1024); err != nil {
			return nil, err
		}
	}
	w, err := r.newWorld(ctx, plan{
		nodes: 2, engineers: 16, answer: quick(500 * time.Millisecond), trusted: true, redis: url,
		record: filepath.Join(dir, "vahta.db"), data: dir,
	})
	if err != nil {
		return nil, err
	}
	return w, w.start(ctx)
}

// shared waits until all nodes say that Redis answers.
func (w *world) shared(ctx context.Context) error {
	_, err := until(ctx, 30*time.Second, "the nodes to use Redis", func() bool { return w.mode(ctx) == "redis" })
	return err
}

// mode is how the rotation of the nodes is: of the worst one.
func (w *world) mode(ctx context.Context) string {
	for _, n := range w.nodes {
		if s, err := n.status(ctx); err != nil {
			return err.Error()
		} else if s.Rotation.Mode != "redis" {
			return s.Rotation.Mode
		}
	}
	return "redis"
}

// redisFault makes calls all the time: before the fault, during it and after it.
func (w *world) redisFault(ctx context.Context, f redisFault) error {
	before, after := times(w.rig, 10*time.Second, time.Second), times(w.rig, 15*time.Second, 2*time.Second)
	if f.after > 0 {
		after = f.after
	}
	began := time.Now()
	beat := newMetronome()
	defer beat.stop()
	var list []*contact
	loaded := make(chan error, 1)
	go func() {
		var err error
		list, err = w.load(ctx, 5, before+f.at+after)
		loaded <- err
	}()
	if err := pause(ctx, before); err != nil {
		return errors.Join(err, <-loaded)
	}
	faulty := time.Now()
	if err := f.begin(ctx); err != nil {
		return errors.Join(err, <-loaded)
	}
	w.say("Redis %s", f.name)
	err := pause(ctx, f.at)
	if err := errors.Join(err, f.end(ctx)); err != nil {
		return errors.Join(err, <-loaded)
	}
	returned := time.Now()
	w.say("Redis is back; the nodes say %q", w.mode(ctx))
	if err := pause(ctx, 10*look); err != nil { // what has not been noticed yet cannot be healed yet
		return errors.Join(err, <-loaded)
	}
	_, err = until(ctx, 30*time.Second, "the nodes to use Redis again", func() bool { return w.mode(ctx) == "redis" })
	healed := time.Now()
	if err != nil {
		w.say("%v", err)
	}
	if err := <-loaded; err != nil {
		return err
	}
	if err := ended(ctx, list); err != nil {
		w.say("%v", err)
	}
	w.judgeRedisFault(ctx, f.name, list, []time.Time{began, faulty, returned, healed}, beat)
	return ctx.Err()
}

// judgeRedisFault makes the figures of one fault; at are its beginning, the
// fault, the return and the healing.
func (w *world) judgeRedisFault(ctx context.Context, fault string, list []*contact, at []time.Time, beat *metronome) {
	name := "redis " + fault
	w.all = append(w.all, list...)
	w.none(name+": calls not answered", unanswered(list))
	during := waits(list, at[1], at[3])
	quiet := append(waits(list, at[0], at[1]), waits(list, at[3], time.Now())...)
	with, without := percentile(during, 0.99), percentile(quiet, 0.99)
	w.atMost(name+": INVITE->180 p99 more than without", ms(with-without), ms(slowerBy), "ms",
		fmt.Sprintf("%.1f ms of %d calls, without %.1f ms of %d; timers of this machine were late by up to %.1f ms meanwhile",
			ms(with), len(during), ms(without), len(quiet), ms(beat.late(at[1], at[3]))))
	for _, c := range list {
		if d, ok := c.rang(); ok && d > without+slowerBy {
			w.say("rang late: %s", c.story())
		}
	}
	w.atMost(name+": normal after return", at[3].Sub(at[2]).Seconds(), normalWithin.Seconds(), "s", "the nodes say "+w.mode(ctx))
	w.none(name+": two calls at one phone", w.doublesSince(at[0]))
}

// judgeRedis holds the record against all calls of a pair and stops it.
func (r *rig) judgeRedis(ctx context.Context, w *world) error {
	if err := w.calm(ctx); err != nil {
		return err
	}
	var last faults
	var readErr error
	_, err := until(ctx, times(r, storedWithin, 20*time.Second), "the record to be whole", func() bool {
		var rec record
		if rec, readErr = readRecord(ctx, w.nodes[0].record); readErr != nil {
			return false
		}
		last = audit(w.all, rec)
		return last.total() == 0
	})
	if readErr != nil {
		return readErr
	}
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	r.none("redis: contacts without a ticket", last.missing)
	r.none("redis: contacts with two tickets", last.doubled)
	r.none("redis: tickets without their whole story", last.incomplete)
	r.none("redis: numbers out of order", last.disorder)
	r.known("redis: numbers swapped within a second", float64(last.swapped), "pairs", "")
	r.none("redis: nodes that ended by themselves", w.crashes())
	return w.stop(ctx)
}

// failover: the master dies among 200 claims, and three sentinels choose another.
func failover(ctx context.Context, r *rig) error {
	dir, err := r.newDir("sentinels")
	if err != nil {
		return err
	}
	s, err := redistest.LaunchSentinels(ctx, dir)
	if err != nil {
		return err
	}
	r.atEnd(s.Close)
	w, err := r.pair(ctx, s.URL())
	if err != nil {
		return err
	}
	if err := w.shared(ctx); err != nil {
		return err
	}
	old := s.Master.Addr()
	var killed, chosen time.Time
	err = w.redisFault(ctx, redisFault{
		name: "failover by Sentinel", after: times(r, 30*time.Second, 5*time.Second), // 200 calls
		begin: func(context.Context) error { s.Master.Kill(); killed = time.Now(); return nil },
		end: func(ctx context.Context) error {
			_, err := until(ctx, 30*time.Second, "the sentinels to name another master", func() bool {
				now, err := s.MasterAddr(ctx)
				return err == nil && now != old
			})
			chosen = time.Now()
			return err
		},
	})
	if err != nil {
		return err
	}
	r.known("redis failover by Sentinel: another master named", chosen.Sub(killed).Seconds(), "s", fmt.Sprintf("%d calls", len(w.all)))
	return r.judgeRedis(ctx, w)
}
