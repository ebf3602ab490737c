package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// The flood is one of alarms, each of a trouble of its own, and all Critical.
const (
	floodSenders = 16
	floodClients = 50
	pagesBorne   = 5 // by one engineer within a quarter of an hour
	pagedWithin  = 5 * time.Second
)

// floodDrill: alarms of one source, then of fifty clients. What was acknowledged
// is stored and has a ticket; engineers are paged no more than they bear; in the
// middle of each flood a person of another client reports an emergency and is
// paged for at once, and somebody calls and is served as ever.
func floodDrill(ctx context.Context, r *rig) error {
	answer := phone.Accepting(50*time.Millisecond, "1", 100*time.Millisecond)
	answer.Talk.For = time.Second
	var clients []obj
	for i := range floodClients {
		clients = append(clients, obj{"id": fmt.Sprintf("client-%d", i), "name": fmt.Sprintf("Client %d", i), "contract": obj{"first_contact": "10m"}})
	}
	for i := range 2 {
		clients = append(clients, obj{"id": fmt.Sprintf("other-%d", i), "name": "Another client", "contacts": []obj{{
			"id": "ivan", "name": "Ivan", "addresses": []string{fmt.Sprintf("email:ivan@other-%d.example", i)},
		}}})
	}
	w, err := r.newWorld(ctx, plan{nodes: 1, engineers: 4, answer: answer, more: obj{"clients": clients}})
	if err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	f := &flooding{world: w, node: w.nodes[0]}
	if err := f.token(ctx); err != nil {
		return err
	}
	calm, err := f.callOnce(ctx)
	if err != nil {
		return err
	}
	f.figures("before the flood", calm)
	began := time.Now()
	for i, of := range []string{"of one source", "of fifty clients"} {
		if err := f.phase(ctx, i, of); err != nil {
			return err
		}
	}
	if err := pause(ctx, times(r, 3*time.Minute, 3*time.Second)); err != nil {
		return err
	}
	f.judge(ctx, time.Since(began))
	r.none("flood: nodes that ended by themselves", w.crashes())
	return w.stop(ctx)
}

// flooding is the drill under way.
type flooding struct {
	*world
	node   *node
	secret string
	called []string // numbers of the callers

	mu    sync.Mutex
	taken []string        // guarded by mu; keys that were acknowledged
	slow  []time.Duration // guarded by mu; how long an acknowledgement took
	later int             // guarded by mu; signals that were asked to come again
	odd   []string        // guarded by mu; other answers
}

// token makes a token that may bring signals.
func (f *flooding) token(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, f.binary, "token", "add", "-c", f.node.file, "--name", "flood", "--scope", "signals:send") //nolint:gosec // our own words
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("make a token: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	for word := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(word, "vt_") || len(word) >= len("vt_")+32 {
			f.secret = strings.Trim(word, `"',`)
		}
	}
	if f.secret == "" {
		return fmt.Errorf("make a token: no secret in %q", out)
	}
	return nil
}

// send brings one signal.
func (f *flooding) send(ctx context.Context, key string, signal obj) error {
	body, err := json.Marshal(signal)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/api/v1/signals", f.node.http), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+f.secret)
	req.Header.Set("Idempotency-Key", key)
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	if resp.StatusCode == http.StatusServiceUnavailable {
		f.later++ // nothing was promised: who sends it comes again
		return nil
	}
	if err != nil || resp.StatusCode/100 != 2 {
		f.odd = append(f.odd, fmt.Sprintf("%s: %s %s", key, resp.Status, bytes.TrimSpace(answer)))
		return nil
	}
	f.taken, f.slow = append(f.taken, "flood:"+key), append(f.slow, time.Since(began))
	return nil
}

// phase is one flood with an emergency and a call in its middle.
func (f *flooding) phase(ctx context.Context, nth int, of string) error {
	signals, span := times(f.rig, 10_000, 200), times(f.rig, time.Minute, 4*time.Second)
	work := make(chan int)
	var senders sync.WaitGroup
	for range floodSenders {
		senders.Go(func() {
			for i := range work {
				signal := obj{
					"from": obj{"channel": "monitor", "address": "zabbix"}, "machine": true, "priority": "critical",
					"text": "host is down", "dedup_key": fmt.Sprintf("trigger-%d-%d", nth, i),
				}
				if nth > 0 {
					signal["org"] = fmt.Sprintf("client-%d", i%floodClients)
				}
				if err := f.send(ctx, fmt.Sprintf("%d-%d", nth, i), signal); err != nil && ctx.Err() == nil {
					f.mu.Lock()
					f.odd = append(f.odd, err.Error())
					f.mu.Unlock()
				}
			}
		})
	}
	tick := time.NewTicker(span / time.Duration(signals))
	defer tick.Stop()
	var beside sync.WaitGroup
	var fault error
	for i := range signals {
		if i == signals/2 {
			beside.Go(func() { fault = f.meanwhile(ctx, nth, of) })
		}
		select {
		case work <- i:
		case <-ctx.Done():
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	close(work)
	senders.Wait()
	beside.Wait()
	return errors.Join(fault, ctx.Err())
}

// meanwhile is what must not suffer: an emergency of another client, and a call.
func (f *flooding) meanwhile(ctx context.Context, nth int, of string) error {
	key, sent := fmt.Sprintf("other-%d", nth), time.Now()
	err := f.send(ctx, key, obj{
		"from": obj{"channel": "email", "address": fmt.Sprintf("ivan@other-%d.example", nth)}, "category": "security", "text": "ransomware",
	})
	if err != nil {
		return fmt.Errorf("report an emergency: %w", err)
	}
	var paged time.Duration
	_, err = until(ctx, patience, "a page about the other client", func() bool {
		rows, err := query[struct {
			At int64 `json:"at"`
		}](ctx, f.node.record, fmt.Sprintf(`SELECT MIN(e.at) AS at FROM events e JOIN signals s ON s.ticket = e.ticket
			WHERE s.key = 'flood:%s' AND e.kind = 'attempted' AND e.body LIKE '%%"page":true%%' HAVING MIN(e.at) > 0`, key))
		if err != nil || len(rows) == 0 {
			return false
		}
		paged = time.UnixMicro(rows[0].At).Sub(sent)
		return true
	})
	if err != nil {
		f.none("flood "+of+": emergencies of another client that nobody was paged for", []string{err.Error()})
	} else {
		f.atMost("flood "+of+": page about another client's emergency", paged.Seconds(), pagedWithin.Seconds(), "s", "")
	}
	during, err := f.callOnce(ctx)
	if err != nil {
		return err
	}
	f.figures("during the flood "+of, during)
	return nil
}

// callOnce places one call and waits for its end.
func (f *flooding) callOnce(ctx context.Context) (*contact, error) {
	c := f.call(ctx, f.node, time.Second)
	f.called = append(f.called, c.number)
	return c, ended(ctx, []*contact{c})
}

// figures are the times of one call; that it was answered is judged.
func (f *flooding) figures(when string, c *contact) {
	f.none("flood: calls not answered "+when, unanswered([]*contact{c}))
	if d, ok := c.rang(); ok {
		f.known("flood: INVITE to 180 "+when, ms(d), "ms", "")
	}
	if d, ok := f.firstInvite(c); ok {
		f.known("flood: INVITE to the engineer's INVITE "+when, ms(d), "ms", "with the caller's own set-up")
	}
	if d, ok := c.answered(); ok {
		f.known("flood: INVITE to the answer "+when, ms(d), "ms", "the engineer picks up after 50 ms and presses the key 100 ms later")
	}
}

// firstInvite is the time from the call to the first INVITE at an engineer's phone.
func (f *flooding) firstInvite(c *contact) (first time.Duration, ok bool) {
	for _, e := range f.engineers {
		for _, s := range e.Sessions() {
			if s.Incoming() && s.Request().From().URI.User == c.number {
				if d := s.Request().ReceivedAt().Sub(c.at); !ok || d < first {
					first, ok = d, true
				}
			}
		}
	}
	return first, ok
}

// untaken are the signals that were acknowledged and have no ticket.
func (f *flooding) untaken(ctx context.Context) (lost []string) {
	rows, err := query[struct {
		Key    string `json:"key"`
		Ticket string `json:"ticket"`
	}](ctx, f.node.record, `SELECT key, ticket FROM signals WHERE channel = 'api'`)
	if err != nil {
		return []string{err.Error()}
	}
	has := map[string]bool{}
	for _, r := range rows {
		has[r.Key] = r.Ticket != ""
	}
	for _, key := range f.taken {
		if !has[key] {
			lost = append(lost, key+" was acknowledged and has no ticket")
		}
	}
	return lost
}

// judge holds the record and the phones against what must be true.
func (f *flooding) judge(ctx context.Context, watched time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.none("flood: signals neither acknowledged nor asked to come again", f.odd)
	f.known("flood: signals asked to come again (503)", float64(f.later), "count", "the record did not take them in time; nothing was promised")
	var lost []string
	if _, err := until(ctx, times(f.rig, storedWithin, 20*time.Second), "all that was acknowledged to be taken in", func() bool {
		lost = f.untaken(ctx)
		return len(lost) == 0
	}); err != nil && !errors.Is(err, errLate) {
		lost = append(lost, err.Error())
	}
	f.none("flood: acknowledged signals without a ticket", lost)
	f.known("flood: signals acknowledged", float64(len(f.taken)), "count", "")
	f.known("flood: acknowledgement p50", ms(percentile(f.slow, 0.5)), "ms", "")
	f.known("flood: acknowledgement p99", ms(percentile(f.slow, 0.99)), "ms", "")
	tickets, err := query[struct {
		Tickets float64 `json:"n"`
	}](ctx, f.node.record, `SELECT COUNT(*) AS n FROM tickets`)
	if err == nil && len(tickets) == 1 {
		most := float64(4*(floodClients+1) + len(f.called) + 2) // three of each source, and its storm's
		f.atMost("flood: tickets", tickets[0].Tickets, most, "tickets", "")
	}
	calls, err := query[struct {
		Caller string `json:"caller"`
	}](ctx, f.node.record, `SELECT caller FROM calls WHERE ticket <> ''`)
	var without []string
	for _, number := range f.called {
		if err != nil || !slices.ContainsFunc(calls, func(c struct {
			Caller string `json:"caller"`
		},
		) bool {
			return c.Caller == number
		}) {
			without = append(without, fmt.Sprintf("the caller %s has no ticket (%v)", number, err))
		}
	}
	f.none("flood: callers without a ticket", without)
	most := 0
	for _, e := range f.engineers {
		most = max(most, f.pages(e))
	}
	f.atMost("flood: pages to one engineer within a quarter of an hour", float64(most), pagesBorne, "count", fmt.Sprintf("in %s", watched.Round(time.Second)))
}

// pages is the most pages that a phone got within a quarter of an hour.
func (f *flooding) pages(e *phone.Phone) (most int) {
	var at []time.Time
	for _, s := range e.Sessions() {
		if s.Incoming() && !slices.Contains(f.called, s.Request().From().URI.User) {
			at = append(at, s.Request().ReceivedAt())
		}
	}
	for i, first := range at {
		n := 0
		for _, other := range at[i:] {
			if other.Sub(first) < 15*time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
