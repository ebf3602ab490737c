package app_test

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestAlarmsOfAZabbix: a problem opens the client's emergency, wakes whoever is on duty, and Zabbix hears its number; the recovery that
// brings the number back is noted there and closes nothing.
func TestAlarmsOfAZabbix(t *testing.T) {
	const token = "zabbix-token-0123456789"
	web := siptest.ClosedPort(t)
	engineer := startPhone(t, "engineer", "udp", phone.Accepting(20*time.Millisecond, "1", 300*time.Millisecond))
	r := newRig(t, func(c *config.Config) {
		c.HTTP.Listen = web.String()
		c.Clients = append(c.Clients, client.Organisation{ID: "romashka", Name: "Ромашка"})
		c.Monitor.Sources = []monitor.Source{{ID: "zbx", Kind: monitor.Zabbix, Tokens: []monitor.Secret{token}, Line: "line-1"}}
	})
	l := r.line(t, nil, engineer.URI())
	send := func(name string) string {
		body, err := os.ReadFile("../../../channels/monitor/alarm/testdata/" + name + ".json")
		r.must(err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+web.String()+"/in/zabbix", strings.NewReader(string(body)))
		r.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		r.must(err)
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		r.must(err)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s is answered by %d %s", name, resp.StatusCode, answer)
		}
		return string(answer)
	}
	answer := send("zabbix_problem")
	l.event(ticket.KindAcknowledged, 1)
	tickets := l.tickets()
	if len(tickets) != 1 || tickets[0].Priority != ticket.Critical || tickets[0].Client.Org != "romashka" {
		t.Fatalf("the line has the tickets %+v", tickets)
	}
	tk := tickets[0]
	if !strings.Contains(answer, `"__vahta_ticket":"`+tk.Number.String()+`"`) {
		t.Errorf("Zabbix heard %s", answer)
	}
	send("zabbix_recovery")
	until(t, "the recovery is noted", func() bool {
		events, err := r.app.Dispatcher().Events(t.Context(), dispatch.Ref{ID: tk.ID})
		r.must(err)
		return slices.ContainsFunc(events, func(e ticket.Event) bool {
			b, ok := e.Body.(ticket.Signalled)
			return ok && b.Recovery
		})
	})
	if tk := l.tickets()[0]; !tk.Open() {
		t.Error("the recovery has closed the ticket")
	}
	l.close(tk)
}
