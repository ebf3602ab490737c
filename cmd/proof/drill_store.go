package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// The store drills. Calls come in all the time: some before the fault, most
// during it, some after it. Every one is to be answered, and afterwards the
// record is to hold each exactly once.

// storeFault is one way in which the store refuses.
type storeFault struct {
	name    string
	begin   func(context.Context, *world) error
	end     func(context.Context, *world) error
	restart bool // the node comes up while the fault is there
}

// storedWithin is the goal of the store drills: whole again so long after the return.
const storedWithin = 60 * time.Second

// quick is an engineer whose phone is answered at once and who talks for a moment.
func quick(talk time.Duration) phone.Answer {
	a := phone.Answering(50*time.Millisecond, phone.Talk{Tone: 700, For: talk})
	return a
}

func (r *rig) storeDrill(ctx context.Context, p plan, f storeFault) error {
	p.nodes, p.engineers, p.answer, p.trusted = max(1, p.nodes), 12, quick(500*time.Millisecond), true
	w, err := r.newWorld(ctx, p)
	if err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	if p.redis != "" {
		if err := w.shared(ctx); err != nil {
			return err
		}
	}
	rate, before, during, after := times(r, 5.0, 4.0), times(r, 5*time.Second, time.Second), times(r, 40*time.Second, 2*time.Second), times(r, 5*time.Second, time.Second)
	all, err := w.load(ctx, rate, before)
	if err != nil {
		return err
	}
	if f.restart {
		if err := w.rest(ctx, all); err != nil {
			return err
		}
	}
	if err := f.begin(ctx, w); err != nil {
		return fmt.Errorf("begin the fault: %w", err)
	}
	r.say("the fault begins")
	if f.restart {
		if err := w.start(ctx); err != nil {
			return errors.Join(err, f.end(ctx, w))
		}
	}
	faulty := time.Now()
	list, err := w.load(ctx, rate, during)
	all = append(all, list...)
	if err := errors.Join(err, f.end(ctx, w)); err != nil {
		return fmt.Errorf("end the fault: %w", err)
	}
	returned := time.Now()
	r.say("the fault ends")
	list, err = w.load(ctx, rate, after)
	if err != nil {
		return err
	}
	all = append(all, list...)
	if err := ended(ctx, all); err != nil {
		r.say("%v", err)
	}
	return r.judgeStore(ctx, w, f, all, faulty, returned)
}

// rest lets the calls end and stops the nodes.
func (w *world) rest(ctx context.Context, list []*contact) error {
	if err := ended(ctx, list); err != nil {
		return err
	}
	if err := w.calm(ctx); err != nil {
		return err
	}
	return w.stop(ctx)
}

func (r *rig) judgeStore(ctx context.Context, w *world, f storeFault, all []*contact, faulty, returned time.Time) error {
	name := "store " + f.name
	r.none(name+": calls not answered", unanswered(all))
	r.known(name+": calls made during the fault", float64(len(waits(all, faulty, returned))), "count", fmt.Sprintf("of %d", len(all)))
	during := waits(all, faulty, returned)
	r.known(name+": INVITE->180 p99 during the fault", ms(percentile(during, 0.99)), "ms", "")
	var last faults
	var readErr error
	_, err := until(ctx, times(r, storedWithin, 20*time.Second), "the record to be whole", func() bool {
		var rec record
		if rec, readErr = readRecord(ctx, w.nodes[0].record); readErr != nil {
			return false
		}
		last = audit(all, rec)
		return last.total() == 0
	})
	took := time.Since(returned)
	if readErr != nil {
		return readErr
	}
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	r.none(name+": contacts without a ticket", last.missing)
	r.none(name+": contacts with two tickets", last.doubled)
	r.none(name+": tickets without their whole story", last.incomplete)
	r.none(name+": numbers out of order", last.disorder)
	if len(last.disorder) > 0 {
		r.say("numbers in the order of opening: %v", last.numbers)
	}
	r.known(name+": numbers swapped within a second", float64(last.swapped), "pairs", "")
	r.atMost(name+": whole again after return", took.Seconds(), storedWithin.Seconds(), "s", "")
	r.none(name+": two calls at one phone", w.doubles())
	r.none(name+": nodes that ended by themselves", w.crashes())
	if err := w.stop(ctx); err != nil {
		return err
	}
	r.none(name+": integrity_check", integrity(ctx, w.nodes[0].record))
	return nil
}

// storeLocked: another program has the database for itself.
func storeLocked(ctx context.Context, r *rig) error { return r.locked(ctx, "locked", plan{}) }

// storeLockedPair: the same under two nodes that share the record and a Redis,
// which alone is left to say who is being rung.
func storeLockedPair(ctx context.Context, r *rig) error {
	server, dir, err := r.newRedis(ctx)
	if err != nil {
		return err
	}
	return r.locked(ctx, "locked, two nodes", plan{nodes: 2, redis: server.URL(), record: filepath.Join(dir, "vahta.db")})
}

func (r *rig) locked(ctx context.Context, name string, p plan) error {
	var h *holder
	return r.storeDrill(ctx, p, storeFault{
		name: name,
		begin: func(ctx context.Context, w *world) (err error) {
			h, err = hold(context.WithoutCancel(ctx), w.nodes[0].record)
			return err
		},
		end: func(context.Context, *world) error { return h.release() },
	})
}

// storeAway: the file and its companions are moved to another folder, and back.
func storeAway(ctx context.Context, r *rig) error {
	move := func(from, to string) error {
		var errs []error
		for _, tail := range []string{"", "-wal", "-shm"} {
			if _, err := os.Stat(from + tail); errors.Is(err, os.ErrNotExist) {
				continue
			}
			errs = append(errs, os.Rename(from+tail, to+tail))
		}
		return errors.Join(errs...)
	}
	hidden := ""
	return r.storeDrill(ctx, plan{}, storeFault{
		name: "file away",
		begin: func(_ context.Context, w *world) error {
			dir, err := r.newDir("hidden")
			if err != nil {
				return err
			}
			hidden = filepath.Join(dir, "vahta.db")
			return move(w.nodes[0].record, hidden)
		},
		end: func(_ context.Context, w *world) error { return move(hidden, w.nodes[0].record) },
	})
}

// storeFull: record, journal and recordings lie on one disk, and it is full.
func storeFull(ctx context.Context, r *rig) error {
	disk, err := r.newDir("disk")
	if err != nil {
		return err
	}
	if err := r.mountTmpfs(disk, 256); err != nil {
		return err
	}
	balloon := filepath.Join(disk, "balloon")
	return r.storeDrill(ctx, plan{data: disk}, storeFault{
		name:  "disk full",
		begin: func(context.Context, *world) error { return fill(balloon) },
		end:   func(context.Context, *world) error { return os.Remove(balloon) },
	})
}

// fill writes a file until the disk takes no more, down to the last byte.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	return f.Close()
}
