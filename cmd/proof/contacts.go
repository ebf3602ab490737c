package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// callerPrefix begins the numbers of all callers of the oracle; they may be called back.
const callerPrefix = "+7900"

// patience is how long a caller waits for an answer.
const patience = 30 * time.Second

// contact is one call that the oracle has made.
type contact struct {
	number  string // of the caller; nobody else has it
	node    *node  // whom he called
	at      time.Time
	session *phone.Session // nil when the call could not even be placed
	err     error
}

// rang and answered are the waits for the first 18x and for the 200, from the
// INVITE; false when it never came.
func (c *contact) rang() (time.Duration, bool)     { return c.first(phone.Rang, phone.EarlyMedia) }
func (c *contact) answered() (time.Duration, bool) { return c.first(phone.Answered) }

func (c *contact) first(kinds ...phone.Kind) (time.Duration, bool) {
	if c.session == nil {
		return 0, false
	}
	for _, e := range c.session.Events() {
		if slices.Contains(kinds, e.Kind) && !e.Ours {
			return e.At, true
		}
	}
	return 0, false
}

// story is what became of it, in one line.
func (c *contact) story() string {
	s := fmt.Sprintf("caller %s at %s to node %s at %s:", c.number, c.at.Format("15:04:05.000"), c.node.name, c.node.rig.drill)
	if c.session == nil {
		return s + fmt.Sprintf(" not placed: %v", c.err)
	}
	for _, e := range c.session.Events() {
		s += " " + e.String() + ";"
	}
	return s
}

// call places one call from a new number. The caller stays until the other
// side hangs up, or talk is over.
func (w *world) call(ctx context.Context, n *node, talk time.Duration) *contact {
	w.contacts++
	return w.callFrom(ctx, n, fmt.Sprintf("%s%07d", callerPrefix, w.contacts), talk)
}

func (w *world) callFrom(ctx context.Context, n *node, number string, talk time.Duration) *contact {
	c := &contact{number: number, node: n, at: time.Now()}
	c.session, c.err = w.operator.Dial(ctx, fmt.Sprintf("sip:%s@127.0.0.1:%d", hotline, n.sip), phone.Options{
		From: c.number, NoAnswer: patience, Talk: phone.Talk{Tone: 440, For: talk},
	})
	return c
}

// load places rate calls a second for span, to the nodes in turn, and returns
// at the last one. Its contacts may still be talking.
func (w *world) load(ctx context.Context, rate float64, span time.Duration) ([]*contact, error) {
	var list []*contact
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for end := time.Now().Add(span); time.Now().Before(end); {
		list = append(list, w.call(ctx, w.nodes[len(list)%len(w.nodes)], 0))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return list, context.Cause(ctx)
		}
	}
	return list, nil
}

// callLimit is how long after the last call all are over.
const callLimit = 2 * time.Minute

// ended waits until all contacts are over.
func ended(ctx context.Context, list []*contact) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callLimit, fmt.Errorf("wait %s for the end of the calls: %w", callLimit, errLate))
	defer cancel()
	for _, c := range list {
		if c.session == nil {
			continue
		}
		select {
		case <-c.session.Done():
		case <-ctx.Done():
			return fmt.Errorf("%w; %s", context.Cause(ctx), c.story())
		}
	}
	return nil
}

// unanswered are the contacts that got no 200.
func unanswered(list []*contact) []string {
	var out []string
	for _, c := range list {
		if _, ok := c.answered(); !ok {
			out = append(out, c.story())
		}
	}
	return out
}

// waits are the times from INVITE to ringing of those that began within [from, to).
func waits(list []*contact, from, to time.Time) []time.Duration {
	var out []time.Duration
	for _, c := range list {
		if c.at.Before(from) || !c.at.Before(to) {
			continue
		}
		if d, ok := c.rang(); ok {
			out = append(out, d)
		} else {
			out = append(out, patience)
		}
	}
	return out
}

// noticed is how long after the end of a call the phone may note it: it closes its audio first.
const noticed = 150 * time.Millisecond

// span is how long one INVITE was alive at an engineer's phone.
type span struct{ from, to time.Time }

// doubles are the moments at which an engineer's phone had two INVITEs alive.
// A call whose node was killed meanwhile died with it.
func (w *world) doubles() []string { return w.doublesSince(time.Time{}) }

// doublesSince are those of calls that began since then.
func (w *world) doublesSince(since time.Time) []string {
	var kills []time.Time
	for _, n := range w.nodes {
		_, killed := n.ends()
		kills = append(kills, killed...)
	}
	var out []string
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, e := range w.engineers {
		all.Go(func() {
			found := overlaps(spans(e, kills), since)
			mu.Lock()
			defer mu.Unlock()
			for _, f := range found {
				out = append(out, fmt.Sprintf("engineer %d %s", i+1, f))
			}
		})
	}
	all.Wait()
	return out
}

func spans(p *phone.Phone, kills []time.Time) []span {
	var out []span
	for _, s := range p.Sessions() {
		if !s.Incoming() {
			continue
		}
		one := span{from: s.Request().ReceivedAt(), to: time.Now()}
		for _, e := range s.Events() {
			switch e.Kind { //nolint:exhaustive // the ends are of interest
			case phone.HungUp, phone.Cancelled, phone.Refused, phone.Ended:
				if at := one.from.Add(e.At); at.Before(one.to) {
					one.to = at
				}
			}
		}
		for _, k := range kills {
			if k.After(one.from) && k.Before(one.to) {
				one.to = k
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b span) int { return a.from.Compare(b.from) })
	return out
}

func overlaps(list []span, since time.Time) []string {
	var out []string
	var last span
	for _, s := range list {
		if !s.from.Before(since) && s.from.Before(last.to.Add(-noticed)) {
			out = append(out, fmt.Sprintf("was rung at %s, %s before the call of %s was over",
				s.from.Format("15:04:05.000"), last.to.Sub(s.from).Round(time.Millisecond), last.from.Format("15:04:05.000")))
		}
		if s.to.After(last.to) {
			last = s
		}
	}
	return out
}
