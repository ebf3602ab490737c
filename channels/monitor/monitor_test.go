package monitor_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/route"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// t0 is when everything here happens.
var t0 = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

const (
	tokenZ  = "zabbix-token-0123456789"
	tokenG  = "grafana-token-0123456789"
	tokenA  = "alertmanager-token-0123456789"
	tokenA2 = "alertmanager-next-0123456789"
	tokenE  = "each-token-0123456789"
	hmacKey = "a key of grafana"
)

func zone(tb testing.TB, name string) oncall.Zone {
	tb.Helper()
	var z oncall.Zone
	if err := z.UnmarshalText([]byte(name)); err != nil {
		tb.Fatal(err)
	}
	return z
}

func match(tb testing.TB, s string) []route.Matcher {
	tb.Helper()
	var m route.Matcher
	if err := m.UnmarshalText([]byte(s)); err != nil {
		tb.Fatal(err)
	}
	return []route.Matcher{m}
}

func sources(tb testing.TB) monitor.Config {
	tb.Helper()
	c := monitor.Config{
		Sources: []monitor.Source{
			{ID: "zbx", Kind: monitor.Zabbix, Tokens: []monitor.Secret{tokenZ}, Zone: zone(tb, "Europe/Moscow"), Line: "main"},
			{ID: "graf", Kind: monitor.Grafana, Tokens: []monitor.Secret{tokenG}, Key: hmacKey, SignedAt: "X-Signed-At"},
			{ID: "am", Kind: monitor.Alertmanager, Tokens: []monitor.Secret{tokenA, tokenA2}, From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Org: "mebel"},
			{ID: "each", Kind: monitor.Alertmanager, Tokens: []monitor.Secret{tokenE}, Each: true},
			{ID: "own", Kind: monitor.Generic, Tokens: []monitor.Secret{"own-token-0123456789"}, Mapping: alarm.Mapping{Title: []string{"what"}}},
		},
		Table: route.Table{
			Rules: []route.Rule{{Match: match(tb, `host_group=~"Ромашка/.*"`), Org: "romashka"}, {Match: match(tb, "alertname=HighLoad"), Category: ticket.ServiceDown}},
			Windows: []route.Window{
				{Match: match(tb, "instance=db1"), From: t0.Add(-time.Hour), To: t0.Add(time.Hour), Why: "переезд"},
			},
		},
	}
	if err := c.Validate(); err != nil {
		tb.Fatal(err)
	}
	return c
}

// desk remembers signals as a store does: once by their names.
type desk struct {
	mu     sync.Mutex
	kept   map[string]dispatch.Signal
	order  []string
	away   error
	number string
}

func (d *desk) Receive(_ context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away != nil {
		return dispatch.SignalID{}, d.away
	}
	if err := sig.Validate(); err != nil {
		return dispatch.SignalID{}, err
	}
	if _, ok := d.kept[sig.Key]; !ok {
		d.kept[sig.Key] = sig
		d.order = append(d.order, sig.Key)
	}
	return sig.ID(), nil
}

func (d *desk) Intake(context.Context, dispatch.SignalID) (dispatch.Opened, error) {
	if d.number == "" {
		return dispatch.Opened{}, errors.New("later")
	}
	return dispatch.Opened{Ref: dispatch.Ref{ID: "t", Number: d.number}}, nil
}

type rig struct {
	*desk
	server *monitor.Server
	now    time.Time
}

func newRig(tb testing.TB) *rig {
	tb.Helper()
	r := &rig{desk: &desk{kept: map[string]dispatch.Signal{}}, now: t0}
	r.server = monitor.New(sources(tb), monitor.Deps{
		Receiver: r.desk, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler),
		Link: func(number string) string { return "https://vahta.example/tickets/" + number },
	})
	return r
}

// send posts a body and returns status and answer.
func (r *rig) send(path string, body string, headers ...string) (int, string) {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.RemoteAddr = "192.0.2.7:4711"
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

func sample(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("alarm", "testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// TestAdmission: who may send, and what the others hear. Nothing of theirs is kept.
func TestAdmission(t *testing.T) {
	t.Parallel()
	grafana := sample(t, "grafana_firing")
	stamp := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	sign := func(at, body string) string {
		mac := hmac.New(sha256.New, []byte(hmacKey))
		io.WriteString(mac, at+":"+body)
		return hex.EncodeToString(mac.Sum(nil))
	}
	const header, signature = "X-Signed-At", "X-Grafana-Alerting-Signature"
	tests := []struct {
		name, path, body string
		headers          []string
		want             int
	}{
		{"a token in the path", "/in/zabbix/" + tokenZ, "{}", nil, 200},
		{"a token in the header", "/in/zabbix", "{}", []string{"Authorization", "Bearer " + tokenZ}, 200},
		{"the next token", "/in/alertmanager/" + tokenA2, "{}", nil, 200},
		{"no token", "/in/zabbix", "{}", nil, 401},
		{"a wrong token", "/in/zabbix/zabbix-token-0123456780", "{}", nil, 401},
		{"the token of another kind", "/in/grafana/" + tokenZ, "{}", nil, 401},
		{"no kind", "/in/", "{}", nil, 401},
		{"from elsewhere", "/in/alertmanager/" + tokenA, "{}", []string{"Peer", "198.51.100.1:9"}, 401},
		{"signed", "/in/grafana/" + tokenG, grafana, []string{header, stamp(t0), signature, sign(stamp(t0), grafana)}, 200},
		{"signed 5 minutes ago", "/in/grafana/" + tokenG, grafana, []string{header, stamp(t0.Add(-5 * time.Minute)), signature, sign(stamp(t0.Add(-5*time.Minute)), grafana)}, 200},
		{"signed a second earlier", "/in/grafana/" + tokenG, grafana, []string{header, stamp(t0.Add(-301 * time.Second)), signature, sign(stamp(t0.Add(-301*time.Second)), grafana)}, 401},
		{"signed for another body", "/in/grafana/" + tokenG, grafana + " ", []string{header, stamp(t0), signature, sign(stamp(t0), grafana)}, 401},
		{"signed for another time", "/in/grafana/" + tokenG, grafana, []string{header, stamp(t0.Add(time.Second)), signature, sign(stamp(t0), grafana)}, 401},
		{"not signed", "/in/grafana/" + tokenG, grafana, nil, 401},
		{"what is no JSON is taken, too", "/in/zabbix/" + tokenZ, "<html>", nil, 200},
		{"longer than any batch", "/in/zabbix/" + tokenZ, strings.Repeat(" ", 8<<20+1), nil, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			req := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body))
			req.RemoteAddr = "192.0.2.7:4711"
			for i := 0; i < len(tt.headers); i += 2 {
				req.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			if p := req.Header.Get("Peer"); p != "" {
				req.RemoteAddr = p
			}
			w := httptest.NewRecorder()
			r.server.ServeHTTP(w, req)
			if w.Code != tt.want || (len(r.kept) == 1) != (tt.want == 200) {
				t.Errorf("answered %d, want %d; %d signals are kept", w.Code, tt.want, len(r.kept))
			}
		})
	}
	r := newRig(t)
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/in/zabbix/"+tokenZ, nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered by %d", w.Code)
	}
}

// TestStoredOnce: a retry is the same signal; the same bytes much later, where nothing in them tells, are another one.
func TestStoredOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	steps := []struct {
		after time.Duration
		path  string
		body  string
		kept  int
	}{
		{0, "/in/zabbix/" + tokenZ, sample(t, "zabbix_problem"), 1},
		{time.Second, "/in/zabbix/" + tokenZ, sample(t, "zabbix_problem"), 1},
		{time.Hour, "/in/zabbix/" + tokenZ, sample(t, "zabbix_problem"), 1}, // it carries its event's id
		{0, "/in/zabbix/" + tokenZ, sample(t, "zabbix_recovery"), 2},
		{0, "/in/alertmanager/" + tokenA, sample(t, "alertmanager_firing"), 3},
		{4 * time.Hour, "/in/alertmanager/" + tokenA2, sample(t, "alertmanager_firing"), 3}, // repeat_interval
		{0, "/in/generic/own-token-0123456789", `{"what":"fire"}`, 4},
		{time.Second, "/in/generic/own-token-0123456789", `{"what":"fire"}`, 4},
		{time.Hour, "/in/generic/own-token-0123456789", `{"what":"fire"}`, 5},
		{0, "/in/alertmanager/" + tokenE, sample(t, "alertmanager_firing"), 7}, // each of its two alerts
	}
	for i, s := range steps {
		r.now = r.now.Add(s.after)
		if code, _ := r.send(s.path, s.body); code != http.StatusOK || len(r.kept) != s.kept {
			t.Fatalf("step %d: answered %d, %d signals are kept, want %d: %q", i, code, len(r.kept), s.kept, r.order)
		}
	}
	for key, sig := range r.kept {
		if strings.HasPrefix(key, "zbx/") && !strings.Contains(string(sig.Raw), "event_id") {
			t.Errorf("the bytes of %s are %q", key, sig.Raw)
		}
	}
}

// TestAway: what can not be stored is not acknowledged.
func TestAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.away = errors.New("the database is away")
	if code, _ := r.send("/in/zabbix/"+tokenZ, sample(t, "zabbix_problem")); code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", code)
	}
	r.away = nil
	if code, _ := r.send("/in/zabbix/"+tokenZ, sample(t, "zabbix_problem")); code != http.StatusOK || len(r.kept) != 1 {
		t.Errorf("answered %d, %d are kept", code, len(r.kept))
	}
}

// TestTags: Zabbix hears the number of the ticket, if there is one within a moment.
func TestTags(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, got := r.send("/in/zabbix/"+tokenZ, sample(t, "zabbix_problem"))
	if want := `{"signals":1}` + "\n"; got != want {
		t.Errorf("without a ticket it hears %s", got)
	}
	r.number = "VH-26-000010"
	_, got = r.send("/in/zabbix/"+tokenZ, sample(t, "zabbix_problem"))
	if want := `{"signals":1,"tags":{"__vahta_ticket":"VH-26-000010","__vahta_url":"https://vahta.example/tickets/VH-26-000010"}}` + "\n"; got != want {
		t.Errorf("it hears %s", got)
	}
	if _, got = r.send("/in/alertmanager/"+tokenA, sample(t, "alertmanager_firing")); strings.Contains(got, "tags") {
		t.Errorf("Alertmanager hears %s", got)
	}
}

// TestDecoder: what the dispatcher is told of an alarm.
func TestDecoder(t *testing.T) {
	t.Parallel()
	decode := sources(t).Decoder(func(org string) bool { return org == "romashka" || org == "mebel" })
	from := func(id string) ticket.Contact { return ticket.Contact{Channel: "monitor", Address: id, Name: id} }
	tests := []struct {
		name, source, body string
		want               dispatch.MessageSignal
		text               []string // parts of it
	}{
		{
			"a severe problem of a client", "zbx", sample(t, "zabbix_problem"), dispatch.MessageSignal{
				From: from("zbx"), Machine: true, OwnKeys: true, Source: "zbx", DedupKey: "trigger/22031", Subject: "Диск C: заполнен на 98 %",
				Occurred: time.Date(2026, 11, 22, 0, 5, 10, 0, time.UTC), Org: "romashka", Line: "main", Priority: ticket.Critical,
			}, []string{"Свободно 1.2 ГБ из 80 ГБ", "host_group: Windows, Ромашка/1С", "https://zabbix.example/tr_events.php"},
		},
		{
			"it is over", "zbx", sample(t, "zabbix_recovery"), dispatch.MessageSignal{
				From: from("zbx"), Machine: true, OwnKeys: true, Source: "zbx", DedupKey: "trigger/22031", Subject: "Диск C: заполнен на 98 %", Recovery: true,
				Occurred: time.Date(2026, 11, 22, 0, 5, 10, 0, time.UTC), Line: "main", Priority: ticket.High, InReplyTo: []string{"VH-26-000010"},
			}, nil,
		},
		{
			"a test button", "zbx", sample(t, "zabbix_test"), dispatch.MessageSignal{
				From: from("zbx"), Machine: true, OwnKeys: true, Source: "zbx", Subject: "Проверка связи с zbx (test)", Warning: true, Line: "main",
			}, nil,
		},
		{
			"the source's own client; a category by a rule", "am", sample(t, "alertmanager_firing"), dispatch.MessageSignal{
				From: from("am"), Machine: true, OwnKeys: true, Source: "am", DedupKey: `{}/{severity="critical"}:{alertname="InstanceDown", job="node"}`,
				Subject: "InstanceDown (2)", Occurred: time.Date(2026, 11, 22, 2, 55, 0, 0, time.UTC), Org: "mebel", Priority: ticket.Critical,
			}, nil,
		},
		{
			"maintenance", "graf", sample(t, "grafana_firing"), dispatch.MessageSignal{
				From: from("graf"), Machine: true, OwnKeys: true, Source: "graf", DedupKey: `{}:{alertname="HighLoad"}`, Subject: "[FIRING:1] HighLoad (client mebel)",
				Occurred: t0, Org: "mebel", Warning: true,
			}, []string{"⏸ 2026-11-22 04:00 UTC переезд"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := decode(dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: tt.source + "/x", At: t0, Raw: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(dispatch.MessageSignal{}, "Text"), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			for _, part := range tt.text {
				if !strings.Contains(got.Text, part) {
					t.Errorf("%q is not in the text:\n%s", part, got.Text)
				}
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
	for _, key := range []string{"gone/x", "zbx/x"} {
		got, err := decode(dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: key, At: t0, Raw: []byte("<html>")})
		if err == nil || got.From.Address == "" {
			t.Errorf("%s: no JSON is %+v, %v", key, got, err)
		}
	}
}

// TestValidate: every fault is named by its field, and no secret is printed.
func TestValidate(t *testing.T) {
	t.Parallel()
	c := monitor.Config{Sources: []monitor.Source{
		{ID: "Zbx!", Kind: "nagios", Tokens: nil, SignedAt: "X"},
		{ID: "a", Kind: monitor.Generic, Tokens: []monitor.Secret{"short"}, Table: route.Table{Rules: []route.Rule{{}}}},
		{ID: "a", Kind: monitor.Zabbix, Tokens: []monitor.Secret{"sixteen/bytes-or-more"}},
	}, Table: route.Table{Windows: []route.Window{{}}}}
	err := c.Validate()
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{
		`sources[0].id: "Zbx!"`, `sources[0].kind: "nagios"`, "sources[0].tokens: 0 of them", "sources[0].signed_at", "sources[1].tokens", "sources[1].mapping",
		"sources[1].routes: rules[0]", `sources[2].id: "a"`, "sources[2].tokens", "routes: maintenance[0].match",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "short\"") || strings.Contains(err.Error(), "sixteen") {
		t.Errorf("a token is printed:\n%v", err)
	}
}
