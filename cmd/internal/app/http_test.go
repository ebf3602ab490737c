package app_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestSlowReadersDoNotShutTheProbes: more connections than there may be, all with answers that nobody reads.
func TestSlowReadersDoNotShutTheProbes(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			_, _ = w.Write(make([]byte, 16<<20)) // more than sockets hold
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Serve(l, h, 100*time.Millisecond)(ctx) }()
	for range app.MaxHTTP + 6 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := fmt.Fprint(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 3)); err != nil {
			t.Fatal(err)
		}
	}
	if status := get(t, "http://"+l.Addr().String()+"/livez"); status != http.StatusOK {
		t.Errorf("/livez: %d", status)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLinksHaveAListenerOfTheirOwn: what the world reaches shows neither figures nor states.
func TestLinksHaveAListenerOfTheirOwn(t *testing.T) {
	web, links := siptest.ClosedPort(t), siptest.ClosedPort(t)
	setUp, _ := registering(t, "127.0.0.1", func(c *config.Config) {
		c.HTTP.Listen, c.Phones.Listen = web.String(), links.String()
		c.Phones.Domain, c.Phones.PublicURL = "localhost", "http://"+links.String()
	})
	newRig(t, setUp)
	for url, want := range map[string]int{
		"http://" + links.String() + "/provision/x": http.StatusOK,
		"http://" + links.String() + "/metrics":     http.StatusNotFound,
		"http://" + links.String() + "/status":      http.StatusNotFound,
		"http://" + links.String() + "/livez":       http.StatusNotFound,
		"http://" + web.String() + "/provision/x":   http.StatusNotFound,
		"http://" + web.String() + "/livez":         http.StatusOK,
	} {
		if status := get(t, url); status != want {
			t.Errorf("%s: %d, want %d", url, status, want)
		}
	}
}

// get asks for a page and returns its status.
func get(t *testing.T, url string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
