package monitor_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
)

// serve runs a program of Debian's until the test ends. What it printed is told when the test has failed.
func serve(tb testing.TB, name string, args ...string) {
	tb.Helper()
	var out strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = tb.TempDir(), &out, &out
	if err := cmd.Start(); err != nil {
		tb.Fatalf("%s (deploy/test-deps.sh installs it): %v", name, err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if tb.Failed() {
			tb.Logf("%s:\n%s", name, out.String())
		}
	})
}

// free is an address that nobody listens on.
func free(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func config(tb testing.TB, name, text string) string {
	tb.Helper()
	name = filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}

// TestPrometheus: an alert of a real Prometheus comes through a real Alertmanager, and so does the word that it is over.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer target.Close()
	r := newRig(t)
	came := make(chan struct{}, 1000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.server.ServeHTTP(w, req)
		came <- struct{}{}
	}))
	defer srv.Close()
	am := free(t)
	serve(t, "prometheus-alertmanager", "--web.listen-address="+am, "--cluster.listen-address=", "--storage.path="+t.TempDir(),
		"--config.file="+config(t, "alertmanager.yml", `
route: {receiver: vahta, group_by: [alertname, instance], group_wait: 1s, group_interval: 1s}
receivers:
  - name: vahta
    webhook_configs:
      - {url: '`+srv.URL+`/in/alertmanager', send_resolved: true, http_config: {authorization: {credentials: `+tokenE+`}}}
`))
	rules := config(t, "rules.yml", `
groups: [{name: g, interval: 1s, rules: [{alert: Down, expr: up == 0, labels: {severity: critical}, annotations: {summary: 'Касса не отвечает'}}]}]
`)
	serve(t, "prometheus", "--web.listen-address="+free(t), "--storage.tsdb.path="+t.TempDir(), "--config.file="+config(t, "prometheus.yml", `
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: ['`+rules+`']
alerting: {alertmanagers: [{static_configs: [{targets: ['`+am+`']}]}]}
scrape_configs: [{job_name: till, static_configs: [{targets: ['`+strings.TrimPrefix(target.URL, "http://")+`']}]}]
`))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var keys []string
	for _, want := range []alarm.State{alarm.Firing, alarm.Resolved} {
		for got := alarm.State(""); got != want; {
			select {
			case <-came:
			case <-ctx.Done():
				t.Fatalf("no word that it is %s; %d signals are stored", want, len(r.stored()))
			}
			stored := r.stored()
			if len(stored) == 0 {
				t.Fatal("what came was refused")
			}
			a, err := alarm.Alertmanager(stored[len(stored)-1].Raw)
			if err != nil {
				t.Fatal(err)
			}
			if got = a.State; got == want {
				keys = append(keys, a.Key)
				if !slices.Equal(a.Labels["job"], []string{"till"}) || !strings.Contains(a.Title+a.Text, "Касса не отвечает") {
					t.Errorf("%+v", a)
				}
			}
		}
		up.Store(true)
	}
	if keys[0] != keys[1] {
		t.Errorf("the recovery is of %q, the alert of %q", keys[1], keys[0])
	}
}
