package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// The kill drill. Calls are under way in all phases when the process is killed
// and started again at once, over and over. What Vahta had acknowledged must be
// on record once, and every call that was cut must have been followed up.

// killAnswer is an engineer who is whispered to before he presses the key.
func killAnswer() phone.Answer {
	a := phone.Accepting(300*time.Millisecond, "1", 400*time.Millisecond)
	a.Talk.Tone, a.Talk.For = 700, 2*time.Second
	return a
}

// window is how long after the first INVITE the kill may come: ring 0.3 s,
// whisper 0.4 s, then talk and recording, and the end.
const window = 2600 * time.Millisecond

func killDrill(ctx context.Context, r *rig) error {
	w, err := r.newWorld(ctx, plan{nodes: 1, engineers: 10, answer: killAnswer(), hooks: true})
	if err != nil {
		return err
	}
	if err := w.operator.Answer(quick(800 * time.Millisecond)); err != nil { // clients who are called back
		return err
	}
	n := w.nodes[0]
	if err := n.start(ctx); err != nil {
		return err
	}
	kills := times(r, 200, 3)
	var all []*contact
	var boots []time.Duration
	for i := range kills {
		list, err := w.killOnce(ctx, n)
		all = append(all, list...)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := n.start(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", i+1, err)
		}
		boots = append(boots, time.Since(began))
		if (i+1)%20 == 0 {
			r.say("%d kills, %d calls", i+1, len(all))
		}
	}
	r.known("kill -9: kills", float64(kills), "count", fmt.Sprintf("%d calls, seed %d", len(all), r.seed))
	r.known("kill -9: start until ready p99", ms(percentile(boots, 0.99)), "ms", "")
	return r.judgeKills(ctx, w, all)
}

// killOnce places three calls at random instants, kills the node at another one
// and lets the callers notice.
func (w *world) killOnce(ctx context.Context, n *node) ([]*contact, error) {
	var list []*contact
	at := time.Duration(w.rng.Int64N(int64(window)))
	late := []time.Duration{0, time.Duration(w.rng.Int64N(int64(window))), time.Duration(w.rng.Int64N(int64(window)))}
	began := time.Now()
	for time.Since(began) < at {
		for i, d := range late {
			if d >= 0 && time.Since(began) >= d {
				late[i] = -1
				list = append(list, w.call(ctx, n, 0))
			}
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return list, err
		}
	}
	n.kill()
	return list, nil
}

// judgeKills waits until the line has followed everything up, stops it and
// holds the record against the oracle.
func (r *rig) judgeKills(ctx context.Context, w *world, all []*contact) error {
	n := w.nodes[0]
	for _, c := range all {
		if c.session != nil {
			c.session.Hangup()
		}
	}
	var rec record
	var left []string
	limit := times(r, 3*time.Minute, 90*time.Second)
	took, err := until(ctx, limit, "every cut call to be followed up", func() bool {
		var err error
		if rec, err = readRecord(ctx, n.record); err != nil {
			left = []string{err.Error()}
			return false
		}
		left = unfollowed(rec)
		s, err := n.status(ctx)
		return len(left) == 0 && err == nil && s.Calls == 0
	})
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	r.none("kill -9: cut calls that were neither paged nor called back", left)
	r.known("kill -9: followed up after the last kill", took.Seconds(), "s", "")
	if err := n.stop(ctx); err != nil {
		return err
	}
	if rec, err = readRecord(ctx, n.record); err != nil {
		return err
	}
	lost, doubled := acknowledged(all, w.hooks.seen(), rec)
	r.none("kill -9: acknowledged things lost", lost)
	r.none("kill -9: acknowledged things doubled", doubled)
	r.none("kill -9: integrity_check", integrity(ctx, n.record))
	played, bad := plays(ctx, filepath.Join(n.dir, "recordings"))
	r.none("kill -9: recordings that do not play", bad)
	r.known("kill -9: recordings played", float64(played), "count", "")
	r.none("kill -9: ends that were not ours", w.crashes())
	back, most, each := 0, 0, map[string]int{}
	for _, s := range w.operator.Sessions() {
		if s.Incoming() {
			number := s.Request().URI().User
			back, each[number] = back+1, each[number]+1
			most = max(most, each[number])
		}
	}
	r.known("kill -9: calls to clients that were cut", float64(back), "count",
		fmt.Sprintf("as the operator saw them; %d clients, at most %d calls to one", len(each), most))
	broken := 0
	for _, c := range rec.calls {
		if c.Result == "broken" {
			broken++
		}
	}
	r.atLeast("kill -9: calls that were cut", float64(broken), times(r, 50.0, 1.0), "count", "the drill meets what it is for")
	return nil
}

// unfollowed are calls without an end, and calls that were cut and after which
// nobody's phone was rung: neither an engineer's by a page or for the client,
// nor the client's own. Calls back that were cut count like any other.
func unfollowed(rec record) []string {
	rung := map[string]int64{} // by ticket: when somebody was last
	for _, e := range rec.events {
		page := e.Kind == "attempted" && e.Page != 0
		if page || e.Kind == "acknowledged" || e.Kind == "accepted" || e.Kind == "recall_tried" {
			rung[e.Ticket] = max(rung[e.Ticket], e.At)
		}
	}
	x := rec.index()
	var out []string
	for _, c := range slices.Concat(rec.calls, rec.recalls) {
		switch {
		case c.Ended == 0:
			out = append(out, fmt.Sprintf("call %s of %s has no end", c.ID, c.Caller))
		case c.Result == "broken" && rung[c.Ticket] < c.Ended:
			out = append(out, fmt.Sprintf("call %s of %s was cut and nobody heard of it: %s", c.ID, c.Caller, kinds(x.events[c.Ticket])))
		}
	}
	for _, t := range rec.tickets {
		if t.Acked == "" {
			out = append(out, fmt.Sprintf("nobody has taken ticket %d of %s: %s", t.Seq, t.Caller, kinds(x.events[t.ID])))
		}
	}
	return out
}

// acknowledged compares what was acknowledged to somebody outside with the record.
func acknowledged(all []*contact, seen []hook, rec record) (lost, doubled []string) {
	x := rec.index()
	byID := map[string]recordedTicket{}
	numbers := map[[2]int64]bool{}
	for _, t := range rec.tickets {
		byID[t.ID] = t
		key := [2]int64{int64(t.Year), t.Seq}
		if numbers[key] {
			doubled = append(doubled, fmt.Sprintf("ticket number %d", t.Seq))
		}
		numbers[key] = true
	}
	for _, c := range all {
		if _, ok := c.answered(); ok && len(x.tickets[c.number]) == 0 {
			lost = append(lost, "a 200 without a ticket: "+c.story())
		}
		if n := len(x.tickets[c.number]); n > 1 {
			doubled = append(doubled, fmt.Sprintf("%d tickets: %s", n, c.story()))
		}
	}
	l, d := events(seen, byID, x)
	lost, doubled = append(lost, l...), append(doubled, d...)
	for _, list := range x.calls {
		for _, c := range list {
			events := x.events[c.Ticket]
			if a, e := count(events, "accepted", c.ID), count(events, "call_ended", c.ID); a > 1 || e > 1 {
				doubled = append(doubled, fmt.Sprintf("call %s: accepted %d times, ended %d times", c.ID, a, e))
			}
		}
	}
	return lost, doubled
}

// events holds what a receiver has seen against the logs of the tickets.
func events(seen []hook, byID map[string]recordedTicket, x index) (lost, doubled []string) {
	kinds := map[string]string{
		"call.accepted": "accepted", "call.outcome": "call_ended", "ticket.acknowledged": "acknowledged", "ticket.page_raised": "page_raised",
	}
	first := map[string]string{}
	for _, h := range seen {
		t, ok := byID[h.Ticket.ID]
		if !ok {
			lost = append(lost, fmt.Sprintf("event %s told of ticket %s, which is not on record", h.Type, h.Ticket.Number))
			continue
		}
		if kind := kinds[h.Type]; kind != "" && count(x.events[t.ID], kind, h.Data.Call) == 0 {
			lost = append(lost, fmt.Sprintf("event %s of ticket %s is not in its log", h.Type, h.Ticket.Number))
		}
		if h.Type != "ticket.opened" && h.Type != "call.accepted" && h.Type != "call.outcome" {
			continue
		}
		key := h.Type + " " + h.Ticket.ID + " " + h.Data.Call
		if other, ok := first[key]; ok {
			doubled = append(doubled, fmt.Sprintf("event %s of ticket %s came as %s and as %s", h.Type, h.Ticket.Number, other, h.ID))
		}
		first[key] = h.ID
	}
	return lost, doubled
}

// plays lets sox read every recording to its end.
func plays(ctx context.Context, folder string) (played int, bad []string) {
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".wav") {
			return err
		}
		played++
		out, err := exec.CommandContext(ctx, "sox", path, "-n", "stat").CombinedOutput() //nolint:gosec // a file of the drill
		if err != nil || strings.Contains(string(out), "WARN") {
			bad = append(bad, fmt.Sprintf("%s: %v %s", path, err, out))
		}
		return nil
	})
	if err != nil {
		bad = append(bad, err.Error())
	}
	return played, bad
}
