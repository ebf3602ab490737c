package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// contestants is how many ask at once, and people how many they ask for: fewer,
// so that some hear that nobody is free.
const (
	contestants = 8
	people      = 4
)

// contest is what a worker process is told.
type contest struct {
	URL    string `json:"url"`
	Name   string `json:"name"`
	Claims int    `json:"claims"`
}

// heard is what a worker tells.
type heard struct {
	Took   []time.Duration `json:"took"` // of each claim
	Free   int             `json:"free"` // claims that were granted
	Fallen int             `json:"fallen"`
}

func claimFigures(ctx context.Context, r *rig) error {
	claims := times(r, 5000, 200)
	memory, err := claimsInMemory(ctx, claims)
	if err != nil {
		return err
	}
	r.claimFigure("claim in memory, 8 contestants", memory, 1)
	dir, err := r.newDir("redis")
	if err != nil {
		return err
	}
	server, err := redistest.Launch(ctx, dir, redistest.Options{})
	if err != nil {
		return err
	}
	r.atEnd(server.Close)
	one, err := r.workers(ctx, server.URL(), 1, claims)
	if err != nil {
		return err
	}
	r.claimFigure("claim in Redis, 1 process", one, 20)
	many, err := r.workers(ctx, server.URL(), contestants, claims)
	if err != nil {
		return err
	}
	r.claimFigure("claim in Redis, 8 processes", many, 100)
	return nil
}

// claimFigure tells the percentiles; the goal is of p99, in milliseconds.
func (r *rig) claimFigure(name string, h heard, goal float64) {
	note := fmt.Sprintf("%d claims, %d granted, %d without Redis", len(h.Took), h.Free, h.Fallen)
	r.known(name+": p50", ms(percentile(h.Took, 0.5)), "ms", note)
	r.atMost(name+": p99", ms(percentile(h.Took, 0.99)), goal, "ms", note)
}

func claimsInMemory(ctx context.Context, claims int) (heard, error) {
	m := rotation.NewMemory(time.Now)
	var mu sync.Mutex
	var all heard
	var errs []error
	var done sync.WaitGroup
	for i := range contestants {
		done.Go(func() {
			h, err := claimOften(ctx, m, contest{Name: strconv.Itoa(i), Claims: claims})
			mu.Lock()
			defer mu.Unlock()
			all.Took, all.Free = append(all.Took, h.Took...), all.Free+h.Free
			errs = append(errs, err)
		})
	}
	done.Wait()
	return all, errors.Join(errs...)
}

// claimOften claims and releases, as often as it is told.
func claimOften(ctx context.Context, c rotation.Claims, t contest) (heard, error) {
	var candidates []string
	for i := range people {
		candidates = append(candidates, fmt.Sprintf("e%d", i+1))
	}
	var h heard
	for i := range t.Claims {
		began := time.Now()
		claim, free, err := c.Claim(ctx, rotation.ClaimRequest{
			Call: fmt.Sprintf("%s-%d", t.Name, i), Attempt: "1", Candidates: candidates, Track: "main",
		})
		h.Took = append(h.Took, time.Since(began))
		if err != nil {
			return h, err
		}
		if !free {
			continue
		}
		h.Free++
		if claim.Local {
			h.Fallen++
		}
		if err := c.Release(ctx, claim); err != nil {
			return h, err
		}
	}
	return h, nil
}

// workers runs processes that contest for the same people.
func (r *rig) workers(ctx context.Context, url string, processes, claims int) (heard, error) {
	self, err := os.Executable()
	if err != nil {
		return heard{}, err
	}
	var mu sync.Mutex
	var all heard
	var errs []error
	var done sync.WaitGroup
	for i := range processes {
		done.Go(func() {
			spec, err := json.Marshal(contest{URL: url, Name: fmt.Sprintf("w%d", i), Claims: claims})
			var out, fault bytes.Buffer
			if err == nil {
				cmd := exec.CommandContext(ctx, self, "-worker", string(spec)) //nolint:gosec // ourselves
				cmd.Stdout, cmd.Stderr = &out, &fault
				err = cmd.Run()
			}
			var h heard
			if err == nil {
				err = json.Unmarshal(out.Bytes(), &h)
			}
			mu.Lock()
			defer mu.Unlock()
			all.Took, all.Free, all.Fallen = append(all.Took, h.Took...), all.Free+h.Free, all.Fallen+h.Fallen
			if err != nil {
				errs = append(errs, fmt.Errorf("contestant %d: %w: %s", i, err, fault.String()))
			}
		})
	}
	done.Wait()
	return all, errors.Join(errs...)
}

// work is the life of a worker process.
func work(ctx context.Context, spec string, out io.Writer) error {
	if is, err := deskWork(ctx, spec, out); is {
		return err
	}
	var t contest
	if err := json.Unmarshal([]byte(spec), &t); err != nil {
		return err
	}
	c := rotation.Default()
	c.URL = t.URL
	s, err := rotation.New(c, rotation.Deps{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	defer running.Wait()
	defer cancel()
	if _, err := until(ctx, 10*time.Second, "Redis to answer", func() bool { return s.Status().Mode.String() == "redis" }); err != nil {
		return err
	}
	h, err := claimOften(ctx, s, t)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(h)
}
