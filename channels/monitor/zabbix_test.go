package monitor_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch"
)

// media is what Zabbix imports.
type media struct {
	Name       string
	Type       string
	Parameters []struct{ Name, Value string }
	Attempts   string
	Interval   string `yaml:"attempt_interval"`
	Tags       string `yaml:"process_tags"`
	Menu       string `yaml:"show_event_menu"`
	MenuURL    string `yaml:"event_menu_url"`
	MenuName   string `yaml:"event_menu_name"`
	Script     string
}

// mediaType reads the media type that we ship.
func mediaType(tb testing.TB) media {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "deploy", "zabbix", "vahta.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Export struct {
			Types []media `yaml:"media_types"`
		} `yaml:"zabbix_export"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil || len(file.Export.Types) != 1 {
		tb.Fatalf("%d media types, %v", len(file.Export.Types), err)
	}
	return file.Export.Types[0]
}

// value is what Zabbix gives to the script: the parameters, with the macros that it knows in their places.
func (m media) value(tb testing.TB, macros map[string]string) string {
	tb.Helper()
	params := map[string]string{}
	for _, p := range m.Parameters {
		params[p.Name] = p.Value
		if v, ok := macros[p.Value]; ok {
			params[p.Name] = v
		}
	}
	return encoded(tb, params)
}

func encoded(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// shim is Zabbix around the script. Duktape opens no connections: a request without an answer is told, and the script is run again
// with its answer.
const shim = `
var asked = null, status = 0;
function HttpRequest() { this.headers = []; this.proxy = ''; }
HttpRequest.prototype.addHeader = function (h) { this.headers.push(h); };
HttpRequest.prototype.setProxy = function (p) { this.proxy = p; };
HttpRequest.prototype.getStatus = function () { return status; };
HttpRequest.prototype.post = function (url, body) {
    asked = {url: url, body: body, headers: this.headers, proxy: this.proxy};
    if (answer === null) { throw 'no answer yet'; }
    status = answer.status;
    return answer.body;
};
var out = {};
try { out.returned = new Function('value', script)(value); } catch (error) { out.thrown = String(error); }
out.asked = asked;
print(JSON.stringify(out));
`

type asked struct {
	URL     string
	Body    string
	Headers []string
	Proxy   string
}

type outcome struct {
	Returned string
	Thrown   string
	Asked    *asked
}

type answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// duk runs the script under Duktape, which is the engine of Zabbix.
func duk(tb testing.TB, script, value string, a *answer) outcome {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "webhook.js")
	program := "var script = " + encoded(tb, script) + ", value = " + encoded(tb, value) + ", answer = " + encoded(tb, a) + ";" + shim
	if err := os.WriteFile(name, []byte(program), 0o600); err != nil {
		tb.Fatal(err)
	}
	b, err := exec.CommandContext(tb.Context(), "duk", name).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			tb.Fatalf("duk: %v: %s", err, exit.Stderr)
		}
		tb.Fatalf("duk (deploy/test-deps.sh installs it): %v", err)
	}
	var out outcome
	if err := json.Unmarshal(b, &out); err != nil {
		tb.Fatalf("duk printed %q: %v", b, err)
	}
	return out
}

// webhook is one try of Zabbix: what the script asks for goes to the endpoint.
func webhook(tb testing.TB, m media, macros map[string]string) outcome {
	tb.Helper()
	value := m.value(tb, macros)
	first := duk(tb, m.Script, value, nil)
	if first.Asked == nil {
		return first
	}
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, first.Asked.URL, strings.NewReader(first.Asked.Body))
	if err != nil {
		tb.Fatal(err)
	}
	for _, h := range first.Asked.Headers {
		name, v, _ := strings.Cut(h, ": ")
		req.Header.Add(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	second := duk(tb, m.Script, value, &answer{resp.StatusCode, string(body)})
	if diff := cmp.Diff(first.Asked, second.Asked); diff != "" {
		tb.Fatalf("the script asks otherwise the second time:\n%s", diff)
	}
	return second
}

// event is what Zabbix knows of a problem that has just begun.
func event(url string, more ...string) map[string]string {
	m := map[string]string{
		"{$VAHTA.URL}": url + "/", "{$VAHTA.TOKEN}": tokenZ, "{$ZABBIX.URL}": "https://zabbix.example",
		"{EVENT.SOURCE}": "0", "{EVENT.VALUE}": "1", "{EVENT.UPDATE.STATUS}": "0", "{EVENT.ID}": "5512", "{TRIGGER.ID}": "22031",
		"{EVENT.NAME}": "Диск C: \"заполнен\"", "{EVENT.NSEVERITY}": "4", "{EVENT.SEVERITY}": "Высокая", "{EVENT.DATE}": "2026.11.22",
		"{EVENT.TIME}": "03:05:10", "{EVENT.TAGSJSON}": `[{"tag":"client","value":"romashka"}]`, "{HOST.NAME}": "Сервер 1С",
		"{HOST.HOST}": "srv-1c", "{HOST.IP}": "10.0.0.5", "{TRIGGER.HOSTGROUP.NAME}": "Windows, Ромашка/1С",
		"{ALERT.MESSAGE}": "Свободно 1.2 ГБ\nиз 80", "{ALERT.SUBJECT}": "Диск", "{EVENT.OPDATA}": "98.5 %", "{TRIGGER.DESCRIPTION}": "*UNKNOWN*",
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// stored is what the desk has, oldest first.
func (d *desk) stored() []dispatch.Signal {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]dispatch.Signal, 0, len(d.order))
	for _, key := range d.order {
		out = append(out, d.kept[key])
	}
	return out
}

// fail makes the desk refuse with err, nil = take again.
func (d *desk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = err
}

// TestZabbixMediaType: the script that we ship brings a problem, its update and its recovery, and takes the ticket's number back.
func TestZabbixMediaType(t *testing.T) {
	t.Parallel()
	m := mediaType(t)
	want := []string{"Vahta", "WEBHOOK", "100", "30s", "YES", "YES", "{EVENT.TAGS.__vahta_url}", "Vahta: {EVENT.TAGS." + alarm.ZabbixTicketTag + "}"}
	if diff := cmp.Diff(want, []string{m.Name, m.Type, m.Attempts, m.Interval, m.Tags, m.Menu, m.MenuURL, m.MenuName}); diff != "" {
		t.Error(diff)
	}
	r := newRig(t)
	r.number = "VH-000042-7"
	srv := httptest.NewServer(r.server)
	defer srv.Close()
	const tags = `{"tags":{"__vahta_ticket":"VH-000042-7","__vahta_url":"https://vahta.example/tickets/VH-000042-7"}}`
	withTicket := []string{"{EVENT.TAGSJSON}", `[{"tag":"client","value":"romashka"},{"tag":"__vahta_ticket","value":"VH-000042-7"}]`}
	steps := []struct {
		name   string
		macros []string
		state  alarm.State
		ticket string
	}{
		{"problem", nil, alarm.Firing, ""},
		{"update", append(withTicket, "{EVENT.UPDATE.STATUS}", "1", "{EVENT.UPDATE.DATE}", "2026.11.22", "{EVENT.UPDATE.TIME}", "03:10:00",
			"{EVENT.UPDATE.NSEVERITY}", "5", "{EVENT.UPDATE.MESSAGE}", "смотрю", "{USER.FULLNAME}", "Иван"), alarm.Updated, "VH-000042-7"},
		{"recovery", append(withTicket, "{EVENT.VALUE}", "0", "{EVENT.RECOVERY.DATE}", "2026.11.22", "{EVENT.RECOVERY.TIME}", "03:20:00"), alarm.Resolved, "VH-000042-7"},
	}
	for i, step := range steps {
		macros := event(srv.URL, step.macros...)
		for range 2 { // an answer that was lost: Zabbix comes again, and it is one signal
			if out := webhook(t, m, macros); out.Thrown != "" || out.Returned != tags {
				t.Fatalf("%s: returned %q, threw %q", step.name, out.Returned, out.Thrown)
			}
		}
		stored := r.stored()
		if len(stored) != i+1 {
			t.Fatalf("%s: %d signals are stored, want %d", step.name, len(stored), i+1)
		}
		raw := stored[i].Raw
		if strings.Contains(string(raw), tokenZ) || strings.Contains(string(raw), `"vahta_`) {
			t.Errorf("%s: the signal keeps what is the script's own: %s", step.name, raw)
		}
		a, err := alarm.Zabbix(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a.State != step.state || a.Key != "trigger/22031" || a.Title != `Диск C: "заполнен"` || strings.Join(a.Tickets, " ") != step.ticket ||
			!slices.Equal(a.Labels["client"], []string{"romashka"}) {
			t.Errorf("%s: %+v", step.name, a)
		}
		if step.state == alarm.Updated && !strings.Contains(a.Text, "Иван: смотрю") {
			t.Errorf("the update says %q", a.Text)
		}
	}
}

// TestZabbixThrows: whatever is not surely stored makes Zabbix come again.
func TestZabbixThrows(t *testing.T) {
	t.Parallel()
	m := mediaType(t)
	r := newRig(t)
	srv := httptest.NewServer(r.server)
	defer srv.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome") }))
	defer page.Close()
	for _, c := range []struct {
		name   string
		macros map[string]string
		away   error
		says   string
	}{
		{"record away", event(srv.URL), errors.New("disk is full"), "status 503"},
		{"wrong token", event(srv.URL, "{$VAHTA.TOKEN}", "wrong"), nil, "status 401"},
		{"somebody else", event(page.URL), nil, "is not Vahta"},
		{"no address", event("{$VAHTA.URL}"), nil, "{$VAHTA.URL}"},
		{"no token", event(srv.URL, "{$VAHTA.TOKEN}", "{$VAHTA.TOKEN}"), nil, "{$VAHTA.TOKEN}"},
	} {
		r.fail(c.away)
		if out := webhook(t, m, c.macros); !strings.Contains(out.Thrown, c.says) || out.Returned != "" {
			t.Errorf("%s: returned %q, threw %q", c.name, out.Returned, out.Thrown)
		}
	}
	if n := len(r.stored()); n != 0 {
		t.Errorf("%d signals are stored", n)
	}
	r.fail(nil)
	if out := webhook(t, m, event(srv.URL)); out.Returned != `{"tags":{}}` || len(r.stored()) != 1 { // stored, and its ticket comes later
		t.Errorf("back again: returned %q, threw %q, %d stored", out.Returned, out.Thrown, len(r.stored()))
	}
}
