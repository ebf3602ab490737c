package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"github.com/butlerspb/vahta/sip/phone"
)

// What all worlds have in common.
const (
	hotline   = "hotline"
	ourNumber = "+74957770000"
	// RTP ports: the phones have those below.
	firstPort = 16384
	portsEach = 4000
)

// plan says what a world is made of.
type plan struct {
	nodes     int
	engineers int
	answer    phone.Answer // what the engineers do
	trusted   bool         // their answer accepts, no key
	shared    bool         // each takes any number of calls at once
	redis     string       // URL; empty = none
	record    string       // a database that the nodes share; empty = each its own, in its data folder
	data      string       // folder of the nodes' data; empty = the drill's
	nofile    int
	hooks     bool           // events are received
	more      map[string]any // laid over the configuration
}

// world is the nodes and phones of one drill.
type world struct {
	*rig
	plan      plan
	operator  *phone.Phone // callers, and clients who are called back
	engineers []*phone.Phone
	nodes     []*node
	hooks     *hooks
	contacts  int        // made so far
	all       []*contact // of the faults that are over
}

// newWorld opens the phones and writes the configurations. No node runs yet.
func (r *rig) newWorld(ctx context.Context, p plan) (*world, error) {
	w := &world{rig: r, plan: p}
	var err error
	if w.operator, err = r.phone(ctx, "operator", phone.Answer{}); err != nil {
		return nil, err
	}
	for i := range p.engineers {
		e, err := r.phone(ctx, fmt.Sprintf("engineer%d", i+1), p.answer)
		if err != nil {
			return nil, err
		}
		w.engineers = append(w.engineers, e)
	}
	if p.hooks {
		if w.hooks, err = r.newHooks(ctx); err != nil {
			return nil, err
		}
	}
	for i := range p.nodes {
		n, err := w.newNode(ctx, i)
		if err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
	}
	return w, nil
}

// phone opens a phone for the time of the drill.
func (r *rig) phone(ctx context.Context, name string, a phone.Answer) (*phone.Phone, error) {
	c := phone.Default()
	c.Name, c.Deaf = name, true
	c.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelError})).With("phone", name)
	p, stop, err := phone.Start(context.WithoutCancel(ctx), c)
	if err != nil {
		return nil, err
	}
	r.atEnd(func() {
		if err := stop(); err != nil {
			r.say("phone %s: %v", name, err)
		}
	})
	return p, p.Answer(a)
}

// start starts all nodes.
func (w *world) start(ctx context.Context) error {
	for _, n := range w.nodes {
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stop stops all nodes in good order.
func (w *world) stop(ctx context.Context) error {
	var errs []error
	for _, n := range w.nodes {
		errs = append(errs, n.stop(ctx))
	}
	return errors.Join(errs...)
}

func (w *world) newNode(ctx context.Context, i int) (*node, error) {
	n := &node{rig: w.rig, name: string(rune('a' + i)), nofile: w.plan.nofile}
	var err error
	if n.sip, err = freePort(ctx); err != nil {
		return nil, err
	}
	if n.http, err = freePort(ctx); err != nil {
		return nil, err
	}
	base := w.plan.data
	if base == "" {
		base = w.dir
	}
	n.dir = filepath.Join(base, "data-"+n.name)
	if err := os.MkdirAll(n.dir, 0o750); err != nil {
		return nil, err
	}
	if n.record = w.plan.record; n.record == "" {
		n.record = filepath.Join(n.dir, "vahta.db")
	}
	b, err := json.MarshalIndent(w.configuration(n, i), "", " ") // JSON is YAML, too
	if err != nil {
		return nil, err
	}
	n.file = filepath.Join(w.dir, n.name+".yaml")
	if err := os.WriteFile(n.file, b, 0o600); err != nil {
		return nil, err
	}
	w.atEnd(n.kill)
	return n, nil
}

// obj is a mapping of the configuration.
type obj = map[string]any

func (w *world) configuration(n *node, i int) obj {
	var people []obj
	var ids []string
	for j, e := range w.engineers {
		id := fmt.Sprintf("e%d", j+1)
		ids = append(ids, id)
		people = append(people, obj{
			"id": id, "name": fmt.Sprintf("Engineer %d", j+1), "shared": w.plan.shared,
			"devices": []obj{{"kind": "softphone", "uri": e.URI(), "trusted": w.plan.trusted}},
		})
	}
	at := w.operator.Addr("udp")
	listen := fmt.Sprintf("127.0.0.1:%d", n.sip)
	c := obj{
		"data": n.dir, "drain": "5s", "log": obj{"level": "INFO", "format": "json"},
		"vault": obj{"enabled": false}, // the drills listen to what was recorded
		"http":  obj{"listen": fmt.Sprintf("127.0.0.1:%d", n.http)},
		"sip":   obj{"listen": []obj{{"transport": "udp", "addr": listen}, {"transport": "tcp", "addr": listen}}, "rate": 100000, "burst": 200000},
		"media": obj{"bind": "127.0.0.1", "min_port": firstPort + i*portsEach, "max_port": firstPort + (i+1)*portsEach - 2, "drain": "200ms", "shards": 1},
		"trunks": obj{"operators": []obj{{
			"name": "operator", "host": "127.0.0.1", "port": at.Port(), "sources": []string{at.String()}, "did": "ruri",
			"number": ourNumber, "no_options": true,
		}}},
		"lines": []obj{{
			"id": "main", "dids": []string{hotline}, "language": "en", "rounds": 3, "ring_time": "10s", "answer_after": "1m",
			"ladder": []obj{{"people": ids}},
		}},
		"people": people, "schedules": []obj{}, "clients": []obj{},
		"hotline":    obj{"key_pause": "100ms", "last_pause": "100ms", "min_round": "100ms", "person_backoff": "50ms"},
		"dispatch":   obj{"call_back": obj{"prefixes": []string{callerPrefix}}},
		"escalation": obj{"steps": []obj{{"delay": "0s", "targets": []string{"chain"}}}, "pause": "2s", "ack_timeout": "30s"},
	}
	if w.plan.nodes > 1 || w.plan.redis != "" {
		c["node"] = n.name
	}
	if w.plan.record != "" {
		c["store"] = obj{"path": w.plan.record}
	}
	if w.plan.redis != "" {
		c["redis"] = obj{"url": w.plan.redis}
	}
	if w.hooks != nil {
		c["webhooks"] = obj{"endpoints": []obj{{"name": "oracle", "url": w.hooks.url, "secrets": []string{hookSecret}}}}
	}
	maps.Copy(c, w.plan.more)
	return c
}

// calm waits until no call is left on any node.
func (w *world) calm(ctx context.Context) error {
	_, err := until(ctx, callLimit, "the nodes to be without calls", func() bool {
		for _, n := range w.nodes {
			if s, err := n.status(ctx); err != nil || s.Calls > 0 {
				return false
			}
		}
		return true
	})
	return err
}

// crashes are the ends of nodes that nobody wished.
func (w *world) crashes() []string {
	var out []string
	for _, n := range w.nodes {
		crashed, _ := n.ends()
		out = append(out, crashed...)
	}
	return out
}
