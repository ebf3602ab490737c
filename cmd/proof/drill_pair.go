package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// The pair drill. Two desks share one PostgreSQL database, with one mailbox and
// one set of timers between them. Each page goes out once, whoever sends it;
// when one of them is killed the other goes on; one that was frozen sends, when
// it thaws, no page about what has been taken meanwhile.

// pager remembers the pages that went out.
type pager struct {
	mu  sync.Mutex
	out []told // guarded by mu
}

func (p *pager) take(t told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, t)
}

// paged counts the pages by ticket, of those after since (µs).
func (p *pager) paged(since int64) map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string]int{}
	for _, t := range p.out {
		if t.At > since {
			m[t.Ticket]++
		}
	}
	return m
}

// doubled are tries of a page that went out more than once.
func (p *pager) doubled() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[string]bool{}
	for _, t := range p.out {
		key := fmt.Sprintf("page %s of ticket %s, try %d", t.Page, t.Ticket, t.Try)
		if seen[key] {
			list = append(list, key)
		}
		seen[key] = true
	}
	return list
}

// pairDrill runs the two desks.
type pairDrill struct {
	*rig
	pages pager
	url   string
	nodes [2]*deskProcess
	made  int
}

func deskPair(ctx context.Context, r *rig) error {
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
	d := &pairDrill{rig: r, url: server.URL(name)}
	for i := range d.nodes {
		if err := d.start(ctx, i); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context) error{d.both, d.frozen, d.killed} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	for _, p := range d.nodes {
		p.stop()
	}
	return d.judge(ctx)
}

func (d *pairDrill) start(ctx context.Context, i int) (err error) {
	data, err := d.newDir("desk")
	if err != nil {
		return err
	}
	d.nodes[i], err = startDesk(ctx, deskSpec{Place: d.url, Data: data, Node: fmt.Sprint("n", i+1), Paging: true}, d.pages.take)
	return err
}

// open opens tickets through a desk, each from a source of its own.
func (d *pairDrill) open(ctx context.Context, p *deskProcess, n int) (tickets []string, err error) {
	for range n {
		d.made++
		t, err := d.insist(ctx, p, asked{Do: askOpen, Key: fmt.Sprint("ticket-", d.made), By: deskPeople[1]})
		if err != nil {
			return nil, fmt.Errorf("open a ticket: %w", err)
		}
		tickets = append(tickets, t.Ticket)
	}
	return tickets, nil
}

// insist asks, under the same key, until a desk has done it: a database that is slow for a moment makes it refuse what a
// sender can repeat.
func (d *pairDrill) insist(ctx context.Context, p *deskProcess, a asked) (told, error) {
	for began := time.Now(); ; {
		t, err := p.ask(a)
		if err != nil || t.Err == "" {
			return t, err
		}
		if time.Since(began) > pageWithin {
			return t, errors.New(t.Err)
		}
		if err := pause(ctx, look); err != nil {
			return t, err
		}
	}
}

// takeAll acknowledges tickets.
func (d *pairDrill) takeAll(ctx context.Context, p *deskProcess, tickets []string) error {
	for _, id := range tickets {
		if _, err := d.insist(ctx, p, asked{Do: askTake, Key: "take-" + id, Ticket: id, By: deskPeople[0]}); err != nil {
			return fmt.Errorf("take ticket %s: %w", id, err)
		}
	}
	return nil
}

// How soon a page must go out: in general, and when a process that has just
// claimed it was killed, whose lease must lapse first.
const (
	pageWithin  = 30 * time.Second
	leaseLapses = 3 * time.Minute
)

// recorded waits until a desk has brought all that it was told to the record: what only its journal knows, the other can not.
func (d *pairDrill) recorded(ctx context.Context, p *deskProcess) error {
	_, err := until(ctx, pageWithin, "everything to be on record", func() bool {
		t, err := p.ask(asked{Do: askReady})
		return err == nil && t.Err == ""
	})
	return err
}

// rung waits until each ticket has been paged, and returns how long that took.
func (d *pairDrill) rung(ctx context.Context, tickets []string, limit time.Duration) (time.Duration, error) {
	return until(ctx, limit, "every ticket to be paged", func() bool {
		paged := d.pages.paged(0)
		for _, id := range tickets {
			if paged[id] == 0 {
				return false
			}
		}
		return true
	})
}

// both lets both desks open tickets.
func (d *pairDrill) both(ctx context.Context) error {
	var tickets []string
	for range times(d.rig, 20, 2) {
		for _, p := range d.nodes {
			more, err := d.open(ctx, p, 1)
			if err != nil {
				return err
			}
			tickets = append(tickets, more...)
		}
	}
	took, err := d.rung(ctx, tickets, pageWithin)
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	d.none("two desks: tickets that are not paged", ofErr(err))
	d.known("two desks: all tickets paged", took.Seconds(), "s", fmt.Sprintf("%d tickets", len(tickets)))
	return d.takeAll(ctx, d.nodes[0], tickets)
}

// frozen stops one desk while pages are due, takes the tickets through the other, and lets it go on.
func (d *pairDrill) frozen(ctx context.Context) error {
	one, other := d.nodes[0], d.nodes[1]
	tickets, err := d.open(ctx, one, times(d.rig, 6, 2))
	if err != nil {
		return err
	}
	if err := one.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	stopped := time.Now()
	late, err := d.open(ctx, other, 2)
	if err == nil {
		_, err = d.rung(ctx, late, pageWithin)
	}
	if err == nil {
		err = d.takeAll(ctx, other, append(tickets, late...))
	}
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	d.none("one desk is frozen: the other does not page", ofErr(err))
	if err := d.recorded(ctx, other); err != nil {
		return err
	}
	if err := pause(ctx, times(d.rig, 60*time.Second, 6*time.Second)-time.Since(stopped)); err != nil {
		return err
	}
	thawed := time.Now().UnixMicro()
	if err := one.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	if err := pause(ctx, times(d.rig, 15*time.Second, 4*time.Second)); err != nil {
		return err
	}
	var stale []string
	for id, n := range d.pages.paged(thawed) {
		stale = append(stale, fmt.Sprintf("ticket %s was paged %d times after it had been taken", id, n))
	}
	d.none("one desk thaws: stale pages", stale)
	after, err := d.open(ctx, one, 1)
	if err == nil {
		_, err = d.rung(ctx, after, pageWithin)
	}
	d.none("one desk thaws: it does not work again", ofErr(err))
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	return d.takeAll(ctx, one, after)
}

func ofErr(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// killed kills one desk that has just opened tickets: the other goes on, and pages about them.
func (d *pairDrill) killed(ctx context.Context) error {
	one, other := d.nodes[0], d.nodes[1]
	tickets, err := d.open(ctx, one, times(d.rig, 6, 2))
	if err != nil {
		return err
	}
	one.kill()
	fresh, err := d.open(ctx, other, 2)
	if err == nil {
		_, err = d.rung(ctx, fresh, pageWithin)
	}
	d.none("one desk is killed: the other does not page", ofErr(err))
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	if !d.short {
		took, err := d.rung(ctx, tickets, leaseLapses)
		if err != nil && !errors.Is(err, errLate) {
			return err
		}
		d.none("one desk is killed: its tickets are not paged", ofErr(err))
		d.known("one desk is killed: the other has paged its tickets", took.Seconds(), "s", "what it had claimed comes again when the lease lapses")
	}
	if err := d.takeAll(ctx, other, append(tickets, fresh...)); err != nil {
		return err
	}
	return d.start(ctx, 0)
}

// judge holds the record against what the pagers have seen.
func (d *pairDrill) judge(ctx context.Context) (err error) {
	d.none("two desks: pages that went out twice", d.pages.doubled())
	db, err := store.Open(ctx, store.At(d.url), store.Deps{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	all, err := db.Tickets(ctx, dispatch.TicketFilter{Limit: 10 * d.made})
	if err != nil {
		return err
	}
	var broken, twice []string
	for _, t := range all {
		if err := db.Verify(ctx, t.ID); err != nil {
			broken = append(broken, err.Error())
		}
		log, err := db.Events(ctx, t.ID)
		if err != nil {
			return err
		}
		raised := 0
		for _, e := range log {
			if p, is := e.Body.(ticket.PageRaised); is && !p.Again {
				raised++
			}
		}
		if raised > 1 {
			twice = append(twice, fmt.Sprintf("the paging of ticket %s was raised %d times", t.Number, raised))
		}
	}
	d.none("two desks: timers that fired twice", twice)
	d.none("two desks: logs that are not whole", broken)
	if len(all) != d.made {
		broken = append(broken, fmt.Sprintf("%d tickets where %d were opened", len(all), d.made))
	}
	d.none("two desks: tickets missing or doubled", broken)
	return nil
}
