package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/sip/phone"
)

// ask asks a probe.
func (r *rig) ask(path string) (int, string) {
	w := httptest.NewRecorder()
	r.app.Health().ServeHTTP(w, httptest.NewRequestWithContext(r.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// TestDraining: from the signal on nobody sends us new calls, and the one in progress goes on to its end.
func TestDraining(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Drain = time.Minute })
	l := r.line(t, nil, startPhone(t, "engineer", "udp", accepting()).URI())
	talk := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
	if err := talk.WaitHeard(within(t), 700, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if code, text := r.ask("/readyz"); code != http.StatusOK {
		t.Fatalf("ready before the stop: %d %s", code, text)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	until(t, "/readyz says that we drain", func() bool {
		code, text := r.ask("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "draining")
	})
	if code, _ := r.ask("/livez"); code != http.StatusOK {
		t.Errorf("/livez is %d while we drain: the machine would be killed", code)
	}
	late := l.dial("udp", phone.Options{})
	if e := wait(t, late, phone.Ended); e.Status != http.StatusServiceUnavailable {
		t.Errorf("a new call ended with %d, want 503", e.Status)
	}
	before := len(talk.Received())
	until(t, "the conversation goes on", func() bool { return len(talk.Received()) > before+8000 }) // another second of it
	select {
	case err := <-stopped:
		t.Fatalf("the app stopped during the conversation: %v", err)
	default:
	}
	talk.Hangup()
	wait(t, talk, phone.Ended)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestOneProcessForOneFolder: also when the record lies elsewhere.
func TestOneProcessForOneFolder(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	r := newRig(t, func(c *config.Config) { c.Store.Path = shared + "/vahta.db" })
	cfg := r.cfg
	_, err := app.New(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "another vahta serves from this folder") {
		t.Errorf("a second process on the folder: %v", err)
	}
}

// TestOneProcessForOneName: two nodes of one name would end each other's live calls.
func TestOneProcessForOneName(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	r := newRig(t, func(c *config.Config) { c.Store.Path, c.Node = shared+"/vahta.db", "a" })
	cfg := r.cfg
	cfg.Data = t.TempDir()
	_, err := app.New(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `as node "a"`) {
		t.Errorf("a second process of the name: %v", err)
	}
}
