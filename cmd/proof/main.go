package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	var code int
	if os.Getenv(mountsVar) == "" {
		code = withMounts(ctx)
	} else {
		code = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(code)
}

// options are what the flags say.
type options struct {
	only        string
	seed        uint64
	short, list bool
	keep        bool
	binary      string
	worker      string
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("proof", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.only, "only", "", "run the drills whose name begins so; several with commas")
	f.Uint64Var(&o.seed, "seed", 0, "repeat the choices of a run; 0 takes a new seed")
	f.BoolVar(&o.short, "short", false, "a few seconds of each drill, to see that the drills themselves work")
	f.BoolVar(&o.list, "list", false, "list the drills")
	f.BoolVar(&o.keep, "keep", false, "keep the folders of the drills")
	f.StringVar(&o.binary, "vahta", filepath.Join("bin", "vahta"), "the program that is put to the proof")
	f.StringVar(&o.worker, "worker", "", "used by the drills themselves")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	return o, nil
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, out, log io.Writer) int {
	o, err := parse(args, log)
	if err != nil {
		return 2
	}
	if o.worker != "" {
		if err := work(ctx, o.worker, out); err != nil {
			fmt.Fprintln(log, "worker:", err)
			return 1
		}
		return 0
	}
	if o.list {
		for _, d := range drills() {
			fmt.Fprintf(out, "%-20s %s\n", d.name, d.about)
		}
		return 0
	}
	s := &sheet{out: out}
	if err := runDrills(ctx, o, s, log); err != nil {
		fmt.Fprintln(log, "proof:", err)
		return 1
	}
	if s.failed() {
		return 1
	}
	return 0
}

// drill is one fault, or one family of them.
type drill struct {
	name, about string
	mounts      bool // needs a mount namespace
	run         func(context.Context, *rig) error
}

// drills are all of them, in the order in which they are run.
func drills() []drill {
	return []drill{
		{name: "redis", about: "Redis killed, stopped, slow, flushed, restored older; Sentinel failover; two nodes", run: redisDrill},
		{name: "store-locked", about: "another program holds the database", run: storeLocked},
		{name: "store-locked-pair", about: "the same under two nodes", run: storeLockedPair},
		{name: "store-readonly", about: "the database can no longer be written to", run: storeReadOnly},
		{name: "store-readonly-start", about: "the node comes up on a disk that is mounted read-only", mounts: true, run: storeReadOnlyStart},
		{name: "store-full", about: "the disk of the record, the journal and the recordings is full", mounts: true, run: storeFull},
		{name: "store-away", about: "the database file is moved away, and back", run: storeAway},
		{name: "kill", about: "kill -9 at random points of ring, whisper, talk and recording", run: killDrill},
		{name: "desk-kill", about: "kill -9 of a desk that eight clients push signals, notes and acknowledgements to", run: deskKills},
		{name: "desk-postgres", about: "the same on PostgreSQL, whose server is killed and started again", run: deskPostgres},
		{name: "desk-pair", about: "two desks on one PostgreSQL: each page once, one frozen, one killed", run: deskPair},
		{name: "flood", about: "10,000 alarms in a minute from one source, then from fifty clients, with an emergency and a call in their middle", run: floodDrill},
		{name: "descriptors", about: "256 descriptors and more idle TCP connections than that", run: descriptors},
		{name: "claims", about: "claims in memory and in Redis, contested by eight processes", run: claimFigures},
		{name: "journal", about: "appending to the journal", run: journalFigures},
		{name: "flat", about: "memory and goroutines over many calls", run: flat},
	}
}

func (o options) wants(name string) bool {
	if o.only == "" {
		return true
	}
	for prefix := range strings.SplitSeq(o.only, ",") {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// runDrills runs what is asked for, one after another: they would disturb each
// other's figures.
func runDrills(ctx context.Context, o options, s *sheet, log io.Writer) error {
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return fmt.Errorf("find %s: %w", o.binary, err)
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("the program under proof is missing: %w; run `make build`", err)
	}
	for _, tool := range []string{"sqlite3", "redis-server", "redis-sentinel", "sox", "prlimit"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("a drill needs %s: %w; run `make deps`", tool, err)
		}
	}
	if os.Getenv(mountsVar) == mountsOwn {
		if err := loopback(); err != nil {
			return fmt.Errorf("bring up the network of the drills: %w", err)
		}
	}
	fmt.Fprintf(log, "seed %d\n", o.seed)
	ran := 0
	for _, d := range drills() {
		if !o.wants(d.name) {
			continue
		}
		ran++
		if err := runDrill(ctx, d, o, binary, s, log); err != nil {
			return err
		}
	}
	if ran == 0 {
		return fmt.Errorf("no drill begins with %q; -list shows them", o.only)
	}
	return nil
}

// runDrill gives one drill its folder and its share of the seed. A drill that
// cannot be run is a figure that does not hold.
func runDrill(ctx context.Context, d drill, o options, binary string, s *sheet, log io.Writer) (err error) {
	name := fnv.New64a()
	_, _ = name.Write([]byte(d.name))
	dir, err := os.MkdirTemp("", "vahta-proof-")
	if err != nil {
		return fmt.Errorf("make a folder for drill %s: %w", d.name, err)
	}
	r := &rig{
		rng: rand.New(rand.NewPCG(o.seed, name.Sum64())), //nolint:gosec // repeatable on purpose
		dir: dir, binary: binary, short: o.short, sheet: s, log: log, drill: d.name, seed: o.seed,
	}
	defer func() {
		r.close()
		if o.keep || err != nil {
			fmt.Fprintf(log, "%s: left in %s\n", d.name, dir)
			return
		}
		err = os.RemoveAll(dir)
	}()
	began := time.Now()
	r.say("begins")
	if d.mounts {
		if why := os.Getenv(mountsVar); why != mountsOwn {
			s.add(figure{Name: d.name, Unit: "run", Goal: "runs", Note: fmt.Sprintf("%v: mount: %s", errHere, why)})
			return nil
		}
	}
	if err := d.run(ctx, r); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return fmt.Errorf("drill %s: %w", d.name, context.Cause(ctx))
		}
		r.say("could not be run to its end: %v", err)
		s.add(figure{Name: d.name, Unit: "run", Goal: "runs", Note: err.Error()})
	}
	r.say("took %s", time.Since(began).Round(time.Second))
	return nil
}
