package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// hookSecret signs the events; the drills do not check signatures, tests of the webhooks do.
const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" //nolint:gosec // of no worth

// hook is one event as a receiver outside has seen it.
type hook struct {
	ID     string    // webhook-id: a repeat has the same
	At     time.Time // when it came
	Type   string    `json:"type"`
	Ticket struct {
		ID     string `json:"id"`
		Number string `json:"number"`
		Caller string `json:"caller"`
	} `json:"ticket"`
	Data struct {
		Call    string `json:"call"`
		Attempt string `json:"attempt"`
		Person  string `json:"person"`
		Result  string `json:"result"`
	} `json:"data"`
}

// hooks receives events and acknowledges each.
type hooks struct {
	url string

	mu   sync.Mutex
	list []hook // guarded by mu
	bad  int    // guarded by mu; bodies that are no event
}

func (r *rig) newHooks(ctx context.Context) (*hooks, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("receive events: %w", err)
	}
	h := &hooks{url: "http://" + l.Addr().String() + "/events"}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.say("receiver of events: %v", err)
		}
	}()
	r.atEnd(func() { _ = s.Close() })
	return h, nil
}

// ServeHTTP takes one event. What it answers with 200 it will hold against Vahta.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := hook{ID: r.Header.Get("webhook-id"), At: time.Now()}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.bad++
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	h.list = append(h.list, e)
}

// seen are the events so far, repeats left out.
func (h *hooks) seen() []hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(h.list), func(e hook) bool {
		repeat := known[e.ID]
		known[e.ID] = true
		return repeat
	})
}
