package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// errCut says that a desk ended before it answered: what was asked may be done or not.
var errCut = errors.New("the desk ended before it answered")

// deskProcess is a desk as its clients see it.
type deskProcess struct {
	spec   deskSpec
	onPage func(told)

	cmd   *exec.Cmd
	ended chan struct{} // closed with the process

	mu   sync.Mutex
	in   io.WriteCloser    // guarded by mu
	next int               // guarded by mu
	open map[int]chan told // guarded by mu; nil = the process has ended
}

// startDesk starts a process and waits until it is ready.
func startDesk(ctx context.Context, spec deskSpec, onPage func(told)) (*deskProcess, error) {
	spec.Desk = true
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, "-worker", string(text)) //nolint:gosec // ourselves
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &deskProcess{spec: spec, onPage: onPage, cmd: cmd, in: in, ended: make(chan struct{}), open: map[int]chan told{}}
	ready := make(chan struct{})
	go p.read(out, ready)
	select {
	case <-ready:
		return p, nil
	case <-p.ended:
		return nil, errors.New("a desk did not start")
	case <-ctx.Done():
		p.kill()
		return nil, ctx.Err()
	}
}

// read hands the answers out until the process ends.
func (p *deskProcess) read(out io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(out)
	const longest = 1 << 20
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var t told
		if json.Unmarshal(lines.Bytes(), &t) != nil {
			break // the last line, cut by a kill
		}
		switch {
		case t.Page != "":
			if p.onPage != nil {
				p.onPage(t)
			}
		case t.ID == 0:
			close(ready)
		default:
			p.mu.Lock()
			answer := p.open[t.ID]
			delete(p.open, t.ID)
			p.mu.Unlock()
			answer <- t
		}
	}
	_ = p.cmd.Wait() // killed, as asked
	p.mu.Lock()
	left := p.open
	p.open = nil
	p.mu.Unlock()
	for _, answer := range left {
		close(answer)
	}
	close(p.ended)
}

// ask asks one thing; errCut when nobody knows whether it was done.
func (p *deskProcess) ask(a asked) (told, error) {
	answer := make(chan told, 1)
	p.mu.Lock()
	if p.open == nil {
		p.mu.Unlock()
		return told{}, errCut
	}
	p.next++
	a.ID = p.next
	p.open[a.ID] = answer
	text, err := json.Marshal(a)
	if err == nil {
		_, err = p.in.Write(append(text, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		return told{}, errCut
	}
	t, whole := <-answer
	if !whole {
		return told{}, errCut
	}
	return t, nil
}

func (p *deskProcess) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop lets it end in good order.
func (p *deskProcess) stop() {
	p.mu.Lock()
	_ = p.in.Close()
	p.mu.Unlock()
	<-p.ended
}

// crowd is eight clients of a desk, and what they remember.
type crowd struct {
	began time.Time

	mu      sync.Mutex
	desk    *deskProcess      // guarded by mu; the one that serves now
	away    chan struct{}     // guarded by mu; closed when there is a new one
	tickets []string          // guarded by mu; acknowledged ones, in order
	busy    map[string]int    // guarded by mu; how often each was chosen
	signals map[string]string // guarded by mu; acknowledged signals; their tickets, "" = nobody said
	history []step            // guarded by mu
}

// step is one thing that was asked, with when and what was said.
type step struct {
	client    int
	from, to  int64 // ns since the drill began
	ask       asked
	answer    told
	uncertain bool // cut off: done or not
}

func newCrowd() *crowd {
	return &crowd{began: time.Now(), away: make(chan struct{}), signals: map[string]string{}, busy: map[string]int{}}
}

// serve names the desk that the clients turn to from now on.
func (c *crowd) serve(p *deskProcess) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.desk = p
	close(c.away)
	c.away = make(chan struct{})
}

// current returns a desk that is not the one that has just ended.
func (c *crowd) current(ctx context.Context, not *deskProcess) (*deskProcess, error) {
	for {
		c.mu.Lock()
		p, changed := c.desk, c.away
		c.mu.Unlock()
		if p != nil && p != not {
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ask asks until somebody has answered, under the same key: a repeat is the
// same act, so all tries together are one step.
func (c *crowd) ask(ctx context.Context, client int, a asked) (told, error) {
	s := step{client: client, ask: a, from: time.Since(c.began).Nanoseconds(), uncertain: true}
	defer func() { c.note(s) }()
	var last *deskProcess
	for {
		p, err := c.current(ctx, last)
		if err != nil {
			return told{}, err
		}
		if a.Do == askRead { // each one is a new question
			s.from = time.Since(c.began).Nanoseconds()
		}
		s.answer, err = p.ask(a)
		s.to, last = time.Since(c.began).Nanoseconds(), nil
		switch {
		case err != nil:
			last = p
		case s.answer.Err == "":
			s.uncertain = false
			return s.answer, nil
		default: // a refusal that may come after the deed: the record was away
			if err := pause(ctx, look); err != nil {
				return told{}, err
			}
		}
	}
}

func (c *crowd) note(s step) {
	if s.ask.Do == askRead && s.uncertain {
		return // says nothing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, s)
}

// live is what one client does until ctx ends.
func (c *crowd) live(ctx context.Context, client int, rng *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		a := c.choose(rng, fmt.Sprintf("%d-%d", client, n))
		t, err := c.ask(ctx, client, a)
		if err != nil {
			return
		}
		c.mu.Lock()
		switch a.Do {
		case askSignal:
			c.signals[a.Key] = t.Ticket
			c.offer(t.Ticket)
		case askOpen:
			c.offer(t.Ticket)
		case askDrop:
			c.signals[a.Key] = ""
		}
		c.mu.Unlock()
	}
}

// offer lets clients choose a ticket, the first time it is heard of; mu is held.
func (c *crowd) offer(id string) {
	if _, known := c.busy[id]; !known {
		c.busy[id] = 0
		c.tickets = append(c.tickets, id)
	}
}

// enough is how many acts a ticket gets before it is left alone.
const enough = 60

// choose draws what a client does next: most of it on the newest tickets, where others are busy too.
func (c *crowd) choose(rng *rand.Rand, key string) asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	const newest = 12
	what := rng.IntN(100)
	switch {
	case what < 15 || len(c.tickets) == 0:
		return asked{Do: askSignal, Key: "signal-" + key}
	case what < 20:
		return asked{Do: askDrop, Key: "signal-" + key}
	case what < 25 || len(c.tickets) < newest/2:
		return asked{Do: askOpen, Key: "open-" + key, By: deskPeople[0]}
	}
	chosen := len(c.tickets) - 1 - rng.IntN(min(newest, len(c.tickets)))
	at := c.tickets[chosen]
	if c.busy[at]++; c.busy[at] > enough { // the checker's work grows with the acts on one ticket
		c.tickets = slices.Delete(c.tickets, chosen, chosen+1)
	}
	by := deskPeople[rng.IntN(len(deskPeople))]
	switch {
	case what < 65:
		return asked{Do: askNote, Key: notePrefix + key, Ticket: at, By: by}
	case what < 75:
		return asked{Do: askTake, Key: "take-" + key, Ticket: at, By: by}
	}
	return asked{Do: askRead, Ticket: at}
}
