package alarm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch/route"
)

// read reads a body as the files of testdata are named: source_case.json.
func read(tb testing.TB, name string, body []byte) (alarm.Alarm, error) {
	tb.Helper()
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		tb.Fatal(err)
	}
	switch source, _, _ := strings.Cut(name, "_"); source {
	case "zabbix":
		return alarm.Zabbix(body, moscow)
	case "grafana":
		return alarm.Grafana(body)
	case "alertmanager":
		return alarm.Alertmanager(body)
	case "generic":
		return alarm.Generic(body, mapping())
	}
	tb.Fatalf("%s: nobody reads this", name)
	return alarm.Alarm{}, nil
}

// mapping is that of the manual: a home-made watchdog.
func mapping() alarm.Mapping {
	return alarm.Mapping{
		Key: []string{"check.id"}, Title: []string{"check.title", "check.id"}, Text: []string{"output"}, Severity: []string{"level"},
		State: []string{"state"}, Began: []string{"since"}, Link: []string{"url"},
		Labels: map[string][]string{"host": {"host"}, "host_group": {"groups.#.name"}},
	}
}

func file(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// TestRead: each file of testdata is what a source has sent; here is what it means. Events are only asked to be there: see TestEvent.
func TestRead(t *testing.T) {
	t.Parallel()
	tests := map[string]alarm.Alarm{
		"zabbix_problem": {
			Key: "trigger/22031", State: alarm.Firing, Title: "Диск C: заполнен на 98 %", Text: "Свободно 1.2 ГБ из 80 ГБ\n\nC: 98.5 %\n\nОсвободить место, затем проверить 1С",
			Labels: route.Labels{
				"host": {"Сервер 1С", "srv-1c"}, "ip": {"10.0.0.5"}, "trigger": {"Диск C: заполнен на 98 %"}, "trigger_id": {"22031"},
				"host_group": {"Windows", "Ромашка/1С"}, "client": {"romashka"}, "scope": {"capacity", "performance"},
			},
			Severity: route.High, Began: at("2026-11-22T00:05:10Z"), Links: []string{"https://zabbix.example/tr_events.php?triggerid=22031&eventid=5512"}, Count: 0,
		},
		"zabbix_recovery": {
			Key: "trigger/22031", State: alarm.Resolved, Title: "Диск C: заполнен на 98 %", Text: "Проблема решена за 12m 4s",
			Labels:   route.Labels{"host": {"Сервер 1С"}, "trigger": {"Диск C: заполнен на 98 %"}, "trigger_id": {"22031"}},
			Severity: route.High, Began: at("2026-11-22T00:05:10Z"), Ended: at("2026-11-22T00:17:14Z"), Tickets: []string{"VH-26-000010"},
		},
		"zabbix_update": {
			Key: "event/5512", State: alarm.Updated, Title: "Диск C: заполнен на 98 %", Text: "Иван Сидоров: смотрю",
			Labels:   route.Labels{"host": {"Сервер 1С"}, "trigger": {"Диск C: заполнен на 98 %"}},
			Severity: route.Disaster, // raised by the update
		},
		"zabbix_test": {State: alarm.Test, Labels: route.Labels{}},
		"zabbix_flat": {
			Key: "trigger/16199", State: alarm.Firing, Title: "Unavailable by ICMP ping", Text: "Last three attempts returned timeout.",
			Labels:   route.Labels{"host": {"gw1"}, "ip": {"192.0.2.1"}, "trigger": {"Unavailable by ICMP ping"}, "trigger_id": {"16199"}, "component": {"network"}},
			Severity: route.High,
		},
		"zabbix_formatted": {
			Key: "08d6891a", State: alarm.Resolved, Title: "Gateway is back", Text: "all well", Labels: route.Labels{}, Links: []string{"https://zabbix.example/1"},
		},
		"grafana_firing": {
			Key: `{}:{alertname="HighLoad"}`, State: alarm.Firing, Title: "[FIRING:1] HighLoad (client mebel)", Text: "Load above 20 · db1\nLoad is 23.5 for 5 minutes",
			Labels:   route.Labels{"alertname": {"HighLoad"}, "client": {"mebel"}, "instance": {"db1"}, "severity": {"critical"}},
			Severity: route.Disaster, Began: at("2026-11-22T03:00:00Z"), Links: []string{"https://grafana.example/d/x?viewPanel=1", "https://grafana.example/alerting/abc/edit"}, Count: 1,
		},
		"grafana_test": {
			Key: `{}:{alertname="TestAlert"}`, State: alarm.Test, Title: "[FIRING:1] TestAlert Grafana", Text: "Notification test · Grafana",
			Labels: route.Labels{"alertname": {"TestAlert"}, "instance": {"Grafana"}}, Began: at("2026-11-22T03:00:00Z"), Count: 1,
		},
		"grafana_nodata": {
			Key: `{}:{alertname="DatasourceNoData"}`, State: alarm.Firing, Title: "[FIRING:1] DatasourceNoData", Text: "DatasourceNoData",
			Labels: route.Labels{"alertname": {"DatasourceNoData"}, "rulename": {"Backups"}, "datasource_uid": {"prom"}}, Began: at("2026-11-22T03:00:00Z"), Count: 1,
		},
		"grafana_template": {State: alarm.Firing, Title: "Склад: нет связи", Text: "касса 3", Labels: route.Labels{}},
		"alertmanager_firing": {
			Key: `{}/{severity="critical"}:{alertname="InstanceDown", job="node"}`, State: alarm.Firing, Title: "InstanceDown (2)",
			Text:     "db1 is down · db1:9100\nNo scrape for 5 minutes.\n\n✓ db2 is down · db2:9100",
			Labels:   route.Labels{"alertname": {"InstanceDown"}, "instance": {"db1:9100", "db2:9100"}, "job": {"node"}, "severity": {"critical"}},
			Severity: route.Disaster, Began: at("2026-11-22T02:55:00Z"), Links: []string{"http://prom:9090/graph?g0.expr=up"}, Count: 2,
		},
		"alertmanager_resolved": {
			Key: `{}:{alertname="InstanceDown"}`, State: alarm.Resolved, Title: "InstanceDown", Text: "✓ InstanceDown · db1:9100",
			Labels: route.Labels{"alertname": {"InstanceDown"}, "instance": {"db1:9100"}}, Began: at("2026-11-22T03:00:00Z"), Ended: at("2026-11-22T03:20:00Z"), Count: 1,
		},
		"alertmanager_old": { // version 3: no fingerprint, no groupKey
			Key: "b7910f86ba8b2b325cb78883", State: alarm.Firing, Title: "service_a down", Text: "service_a down",
			Labels: route.Labels{"alertname": {"service_a down"}, "severity": {"warning"}}, Severity: route.Warning, Began: at("2016-08-01T10:27:03Z"), Count: 1,
		},
		"alertmanager_truncated": {
			Key: `{}:{alertname="Flood"}`, State: alarm.Firing, Title: "Flood (501)", Text: "Flood · a",
			Labels: route.Labels{"alertname": {"Flood"}, "instance": {"a"}}, Began: at("2026-11-22T03:00:00Z"), Count: 501,
		},
		"generic_watchdog": {
			Key: "backup-42", State: alarm.Firing, Title: "Копия не сделана", Text: "exit 1", Labels: route.Labels{"host": {"nas1"}, "host_group": {"Ромашка", "Копии"}},
			Severity: route.High, Began: at("2026-11-22T00:00:00Z"), Links: []string{"https://watch.example/42"},
		},
		"generic_over": {Key: "backup-42", State: alarm.Resolved, Title: "backup-42", Labels: route.Labels{}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(t, name, file(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got.Event = ""
			if len(got.Tickets) == 0 {
				got.Tickets = nil
			}
			for _, v := range got.Labels {
				slices.Sort(v)
			}
			for _, v := range want.Labels {
				slices.Sort(v)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("read (-want +got):\n%s", d)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := tests[strings.TrimSuffix(filepath.Base(f), ".json")]; !ok {
			t.Errorf("%s has no line in the table", f)
		}
	}
}

// TestEvent: a retry and the other node of a pair say the same word; what has changed is another one.
func TestEvent(t *testing.T) {
	t.Parallel()
	event := func(name string, change ...string) string {
		a, err := read(t, name, []byte(strings.NewReplacer(change...).Replace(string(file(t, name)))))
		if err != nil {
			t.Fatal(err)
		}
		if a.Event == "" {
			t.Errorf("%s has no event", name)
		}
		return a.Event
	}
	tests := []struct {
		name   string
		change []string
		same   bool
	}{
		{"zabbix_problem", nil, true},
		{"zabbix_problem", []string{"5512", "5513"}, false},             // the trigger went off again
		{"zabbix_problem", []string{"98.5 %", "99.9 %"}, false},         // an escalation step with a later value
		{"zabbix_update", []string{"смотрю", "перезагружаю"}, false},    // another comment
		{"alertmanager_firing", []string{"am1:9093", "am2:9093"}, true}, // the other one of a pair
		{"alertmanager_firing", []string{`"resolved"`, `"firing"`}, false},
		{"alertmanager_firing", []string{"05:55:00", "07:55:00"}, false}, // it is back
		{"grafana_firing", []string{"23.5", "24.5"}, true},               // a value is no news of a group
		{"generic_watchdog", []string{"2026-11-22", "2026-11-23"}, false},
	}
	for _, tt := range tests {
		if got := event(tt.name) == event(tt.name, tt.change...); got != tt.same {
			t.Errorf("%s with %q: same word = %v, want %v", tt.name, tt.change, got, tt.same)
		}
	}
	flap, err := read(t, "zabbix_", []byte(strings.ReplaceAll(string(file(t, "zabbix_problem")), "5512", "5513")))
	if err != nil || flap.Key != "trigger/22031" {
		t.Errorf("a trigger that went off again has the key %q, %v", flap.Key, err)
	}
	if event("zabbix_problem") == event("zabbix_recovery") {
		t.Error("a problem and its recovery are one word")
	}
}

// TestSplit: a group parts into words about one trouble each.
func TestSplit(t *testing.T) {
	t.Parallel()
	parts, err := alarm.Split(file(t, "alertmanager_firing"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range parts {
		a, err := alarm.Alertmanager(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Key+" "+string(a.State)+" "+a.Title)
	}
	if d := cmp.Diff([]string{"f1 firing db1 is down", "f2 resolved db2 is down"}, got); d != "" {
		t.Errorf("parts (-want +got):\n%s", d)
	}
	whole := file(t, "grafana_template")
	if parts, err := alarm.Split(whole); err != nil || len(parts) != 1 || string(parts[0]) != string(whole) {
		t.Errorf("a body without alerts is %q, %v", parts, err)
	}
	if _, err := alarm.Split([]byte("[")); err == nil {
		t.Error("half a JSON was parted")
	}
}

// TestRefused: what says nothing is no alarm; whoever asks makes a ticket for a human of it.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{", "[]", `"x"`, "null", "{}", `{"alerts":[]}`, strings.Repeat(`[`, 100_000)} {
		for _, source := range []string{"alertmanager_", "grafana_", "generic_"} {
			if a, err := read(t, source, []byte(body)); err == nil {
				t.Errorf("%s %.20q was read as %+v", source, body, a)
			}
		}
		if a, err := read(t, "zabbix_", []byte(body)); err == nil && a.State != alarm.Test {
			t.Errorf("zabbix %.20q was read as %+v", body, a)
		}
	}
	if err := (alarm.Mapping{}).Validate(); err == nil {
		t.Error("a mapping without title and text is sound")
	}
}

// FuzzRead: nothing breaks a reader, texts are bounded, and what is read twice is the same.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, source := range []string{"zabbix_", "alertmanager_", "grafana_", "generic_"} {
			a, err := read(t, source, body)
			if err != nil {
				continue
			}
			if len(a.Text) > 70_000 || len(a.Event) > 5000 {
				t.Errorf("%s: text of %d bytes, event of %d", source, len(a.Text), len(a.Event))
			}
			again, err := read(t, source, body)
			if err != nil || again.Key != a.Key || again.Event != a.Event || again.State != a.State {
				t.Errorf("%s: read again as %v %v", source, again, err)
			}
		}
		if parts, err := alarm.Split(body); err == nil {
			for _, p := range parts {
				if !json.Valid(p) {
					t.Errorf("a part is no JSON: %q", p)
				}
			}
		}
	})
}

func BenchmarkAlertmanager(b *testing.B) {
	body := file(b, "alertmanager_firing")
	for b.Loop() {
		if _, err := alarm.Alertmanager(body); err != nil {
			b.Fatal(err)
		}
	}
}
