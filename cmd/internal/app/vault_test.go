package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// A recorded call is sealed when it has ended: the file on the disk is no sound. The API plays it back to whoever may, and the audit
// has that. A month after the ticket was closed, as the contract says, a start removes it.
func TestRecordingLives(t *testing.T) { //nolint:tparallel // the second start comes after the first
	t.Parallel()
	dir := t.TempDir()
	var cfg config.Config
	var path string
	if !t.Run("call", func(t *testing.T) { cfg, path = recordedCall(t, dir) }) { // its app ends with it
		return
	}
	later := func() time.Time { return time.Now().Add(31 * 24 * time.Hour) }
	operator := startPhone(t, "operator", "udp", accepting())
	r := startRigIn(t, cfg, operator, func(log *slog.Logger) (*app.App, error) {
		return app.NewIn(context.Background(), cfg, log, app.Outside{Today: later})
	})
	until(t, "the recording is gone", func() bool {
		left, err := filepath.Glob(path + "*")
		return err == nil && len(left) == 0
	})
	r.audited(dispatch.ActExpire, "recording "+filepath.Base(path))
}

// recordedCall has a call recorded, sealed and played back, and its ticket closed.
func recordedCall(t *testing.T, dir string) (cfg config.Config, path string) {
	t.Helper()
	web := siptest.ClosedPort(t)
	r := newRig(t, func(c *config.Config) {
		c.Data, c.Hotline.Recordings, c.HTTP.Listen, c.Vault.Enabled = dir, filepath.Join(dir, "recordings"), web.String(), true
		c.Clients = []client.Organisation{{
			ID: "romashka", Name: "Ромашка", Contract: client.Contract{Retention: client.Retention{RecordingDays: 30}},
			Contacts: []client.Contact{{ID: "petrov", Name: "Пётр Петров", Numbers: []string{"+79160000001"}}},
		}}
	})
	engineer := startPhone(t, "engineer", "udp", accepting())
	l := r.line(t, nil, engineer.URI())
	caller := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
	if err := caller.WaitHeard(within(t), 700, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := incoming(t, engineer, 1).WaitHeard(within(t), 440, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	caller.Hangup()
	wait(t, caller, phone.Ended)
	rec := l.settled(dispatch.CallServed, "1 accepted") // and the ticket is closed
	path = rec.call.Detail.Recording.Path
	until(t, "the recording is sealed", func() bool {
		_, err := os.Stat(path)
		return errors.Is(err, os.ErrNotExist)
	})
	sealed, err := os.ReadFile(path + vault.Sealed)
	r.must(err)
	if _, err := phone.DecodeWAV(sealed); err == nil || bytes.Contains(sealed, []byte("RIFF")) {
		t.Error("what lies on the disk can be heard")
	}
	channels, err := phone.DecodeWAV(r.recording(web.String(), rec.call.ID))
	if err != nil || len(channels) != 2 || phone.ToneTime(channels[0], 440) < 300*time.Millisecond || phone.ToneTime(channels[1], 700) < 300*time.Millisecond {
		t.Fatalf("%d channels were heard, and not both talkers: %v", len(channels), err)
	}
	r.audited(dispatch.ActListen, "recording "+filepath.Base(path))
	return r.cfg, path
}

// recording asks the API for the recording of a call.
func (r *rig) recording(web, id string) []byte {
	r.Helper()
	tokens, done, err := desk.OpenTokens(r.Context(), r.cfg.Data, r.cfg.Database(), func(context.Context, *store.SQL) desk.Tokens {
		r.Error("the server was not asked")
		return nil
	})
	r.must(err)
	defer func() { r.must(done()) }()
	made, err := tokens.Add(r.Context(), portal.NewToken{Name: "ear", Scopes: []string{"recordings:read"}, By: "test"})
	r.must(err)
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+web+"/api/v1/calls/"+id+"/recording?reason=complaint", nil)
	r.must(err)
	req.Header.Set("Authorization", "Bearer "+made.Secret)
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	r.must(err)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") || resp.Header.Get("Content-Type") != "audio/wav" {
		r.Fatalf("%d %v %.300q", resp.StatusCode, resp.Header, body)
	}
	return body
}

// audited fails unless the audit has one such line.
func (r *rig) audited(act dispatch.AuditAct, object string) {
	r.Helper()
	audit, done, err := desk.OpenAudit(r.Context(), r.cfg.Data, r.cfg.Database())
	r.must(err)
	defer func() { r.must(done()) }()
	trail, err := audit.AuditTrail(r.Context(), dispatch.AuditFilter{Act: act})
	r.must(err)
	if len(trail) != 1 || trail[0].Object != object {
		r.Errorf("the audit of %s: %+v", act, trail)
	}
}
