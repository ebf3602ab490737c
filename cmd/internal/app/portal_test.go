package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/siptest"
)

// withRota gives a rig a schedule that Anna has alone, and a scheduler.
func withRota(t *testing.T, c *config.Config) {
	t.Helper()
	moscow, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []oncall.Person{{ID: "anna", Name: "Анна"}, {ID: "vera", Name: "Вера", Roles: []oncall.Role{oncall.Scheduler}}} {
		p.Devices = []oncall.Device{{Kind: oncall.Softphone, URI: "sip:" + p.ID + "@127.0.0.1"}}
		c.People = append(c.People, p)
	}
	c.Schedules = []oncall.Schedule{{ID: "duty", Name: "Дежурство", Zone: moscow, Tracks: []oncall.Track{{
		ID: "primary", Layers: []oncall.Layer{{ID: "all", Members: []oncall.Member{{"anna"}}, From: oncall.NewCivil(2026, 1, 5, 9, 0, 0)}},
	}}}}
}

// TestPortalOfARunningServer: a token made over the control socket opens the API, which edits what the line works with; one that
// is revoked there opens nothing any more.
func TestPortalOfARunningServer(t *testing.T) {
	web, own := siptest.ClosedPort(t), siptest.ClosedPort(t)
	var data, database string
	r := newRig(t, func(c *config.Config) {
		withRota(t, c)
		c.HTTP.Listen, c.Portal.Listen = web.String(), own.String()
		data, database = c.Data, c.Database()
	})
	tokens, done, err := desk.OpenTokens(t.Context(), data, database, func(context.Context, *store.SQL) desk.Tokens {
		t.Fatal("the record is asked beside a running server")
		return nil
	})
	r.must(err)
	defer func() { r.must(done()) }()
	made, err := tokens.Add(t.Context(), portal.NewToken{Name: "vera", Person: "vera", Scopes: []string{"oncall:write"}, By: "test"})
	r.must(err)
	ask := func(method, path, body string) (int, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+own.String()+path, strings.NewReader(body))
		r.must(err)
		req.Header.Set("Authorization", "Bearer "+made.Secret)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		r.must(err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		r.must(err)
		return resp.StatusCode, text
	}
	onDuty := func() string {
		status, text := ask(http.MethodGet, "/api/v1/oncall/who", "")
		var who portal.WhoReply
		if status != http.StatusOK || json.Unmarshal(text, &who) != nil || len(who.Schedules) != 1 || len(who.Schedules[0].Tracks[0].OnDuty) != 1 {
			t.Fatalf("who: %d %s", status, text)
		}
		return who.Schedules[0].Tracks[0].OnDuty[0].Person
	}
	if got := onDuty(); got != "anna" {
		t.Errorf("on duty is %s", got)
	}
	if status, text := ask(http.MethodPost, "/api/v1/oncall/take", `{"schedule": "duty", "for": "1h"}`); status != http.StatusCreated {
		t.Fatalf("take: %d %s", status, text)
	}
	if got := onDuty(); got != "vera" {
		t.Errorf("after the takeover %s is on duty", got)
	}
	if chain := r.app.Dispatcher().Directory().Load().Duty.Chain("duty", past()); chain[0].Duties[0].Person != "vera" {
		t.Errorf("a call would ring %+v", chain[0])
	}
	if v := version(t, ask); v.TZData == "" || v.Hash == "" || v.Revision < 2 {
		t.Errorf("version %+v", v)
	}
	for url, want := range map[string]int{
		"http://" + web.String() + "/api/v1/openapi.json": http.StatusNotFound,
		"http://" + own.String() + "/api/v1/openapi.json": http.StatusOK,
		"http://" + own.String() + "/metrics":             http.StatusNotFound,
		"http://" + own.String() + "/livez":               http.StatusNotFound,
	} {
		if status := get(t, url); status != want {
			t.Errorf("%s: %d, want %d", url, status, want)
		}
	}
	r.must(tokens.Revoke(t.Context(), "vera"))
	if status, _ := ask(http.MethodGet, "/api/v1/oncall/who", ""); status != http.StatusUnauthorized {
		t.Errorf("with a revoked token: %d", status)
	}
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Revoked.IsZero() || list[0].Used.IsZero() {
		t.Errorf("list %+v, %v", list, err)
	}
}

func version(t *testing.T, ask func(method, path, body string) (int, []byte)) (v portal.VersionReply) {
	t.Helper()
	if status, text := ask(http.MethodGet, "/api/v1/oncall/version", ""); status != http.StatusOK || json.Unmarshal(text, &v) != nil {
		t.Errorf("version: %d %s", status, text)
	}
	return v
}

// TestPortalBesideTheProbes: without a listener of its own it answers at http.listen, and switched off nowhere.
func TestPortalBesideTheProbes(t *testing.T) {
	r := newRig(t)
	if status, _ := r.ask("/api/v1/openapi.json"); status != http.StatusOK {
		t.Errorf("beside the probes: %d", status)
	}
	if status, text := r.ask("/api/v1/oncall/who"); status != http.StatusUnauthorized || !strings.Contains(text, "vahta token add") {
		t.Errorf("without a token: %d %s", status, text)
	}
	off := newRig(t, func(c *config.Config) { c.Portal.Enabled = false })
	if status, _ := off.ask("/api/v1/openapi.json"); status != http.StatusNotFound {
		t.Errorf("switched off: %d", status)
	}
}
