package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/store/pgtest"
)

// The desk drill. Eight clients push signals, notes and acknowledgements, and
// read, while the process that serves them is killed over and over, or the
// PostgreSQL server beneath it. They repeat what was cut off, by its key.
// Whatever was acknowledged must be there once, and one order of all acts must
// explain all answers.

const deskClients = 8

// deskWork serves a worker that is a desk; is = false when it is another one.
func deskWork(ctx context.Context, spec string, out io.Writer) (is bool, err error) {
	var s deskSpec
	if err := json.Unmarshal([]byte(spec), &s); err != nil || !s.Desk {
		return false, nil //nolint:nilerr // it is for another worker
	}
	return true, serveDesk(ctx, s, os.Stdin, out)
}

// deskKills kills the process on an SQLite file.
func deskKills(ctx context.Context, r *rig) error {
	data, err := r.newDir("desk")
	if err != nil {
		return err
	}
	spec := deskSpec{Place: filepath.Join(data, "vahta.db"), Data: data}
	return r.deskDrill(ctx, "desk, kill -9", spec, times(r, 200, 10), func(ctx context.Context, p *deskProcess) (*deskProcess, error) {
		p.kill()
		return startDesk(ctx, spec, nil)
	})
}

// deskPostgres kills the server, and every third time the process with it.
func deskPostgres(ctx context.Context, r *rig) error {
	server, err := pgtest.Launch(ctx, pgtest.Options{Durable: !r.short})
	if errors.Is(err, pgtest.ErrMissing) {
		return fmt.Errorf("%w: %w", errHere, err)
	}
	if err != nil {
		return err
	}
	r.atEnd(server.Close)
	name, err := server.Database(ctx)
	if err != nil {
		return err
	}
	data, err := r.newDir("desk")
	if err != nil {
		return err
	}
	spec := deskSpec{Place: server.URL(name), Data: data}
	round := 0
	return r.deskDrill(ctx, "desk, PostgreSQL restarted", spec, times(r, 60, 4), func(ctx context.Context, p *deskProcess) (*deskProcess, error) {
		round++
		with := round%3 == 0
		if with {
			p.kill()
		}
		if err := server.Restart(ctx); err != nil || !with {
			return p, err
		}
		return startDesk(ctx, spec, nil)
	})
}

// deskDrill lets the clients live while hurt is done to the desk, over and over.
func (r *rig) deskDrill(ctx context.Context, name string, spec deskSpec, times int, hurt func(context.Context, *deskProcess) (*deskProcess, error)) error {
	p, err := startDesk(ctx, spec, nil)
	if err != nil {
		return err
	}
	c := newCrowd()
	c.serve(p)
	living, stop := context.WithCancel(ctx)
	defer stop()
	var clients sync.WaitGroup
	for n := range deskClients {
		rng := rand.New(rand.NewPCG(r.seed, uint64(n))) //nolint:gosec // a seed repeats it
		clients.Go(func() { c.live(living, n, rng) })
	}
	const atLeast, atMost = 20 * time.Millisecond, 400 * time.Millisecond
	for i := range times {
		if err := pause(ctx, atLeast+time.Duration(r.rng.Int64N(int64(atMost-atLeast)))); err != nil {
			return err
		}
		next, err := hurt(ctx, p)
		if err != nil {
			return fmt.Errorf("%s, time %d: %w", name, i+1, err)
		}
		if next != p {
			c.serve(next)
		}
		p = next
		if (i+1)%20 == 0 {
			r.say("%d times", i+1)
		}
	}
	if err := pause(ctx, atMost); err != nil {
		return err
	}
	stop()
	finished := make(chan struct{})
	go func() { clients.Wait(); close(finished) }()
	took, err := until(ctx, time.Minute, "everything to be on record", func() bool {
		t, err := p.ask(asked{Do: askReady})
		return err == nil && t.Err == ""
	})
	r.none(name+": not all on record in time", ofErr(err))
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	<-finished
	p.stop()
	j, err := c.judge(ctx, spec.Place)
	if err != nil {
		return err
	}
	r.known(name+": times", float64(times), "count", fmt.Sprintf("seed %d; %d acts of %d clients, %d tickets, %d notes", r.seed, len(c.history), deskClients, j.tickets, j.notes))
	r.atLeast(name+": notes on record", float64(j.notes), float64(times), "count", "the clients did get through")
	r.known(name+": all on record after the last", took.Seconds(), "s", "")
	r.none(name+": acknowledged things lost", j.lost)
	r.none(name+": things doubled", j.doubled)
	r.none(name+": logs and files that are not whole", j.broken)
	r.checkOrder(name+": answers that no order explains", c.history)
	return nil
}
