package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/butlerspb/vahta/channels/sms"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// centre is npm's message centre in a process of its own.
type centre struct {
	in   io.Writer
	port int

	mu   sync.Mutex
	said []map[string]any
}

func startCentre(t *testing.T) *centre {
	t.Helper()
	modules, err := filepath.Abs("../../../.cache/peers/smpp/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "node", "../../../channels/sms/smpp/testdata/peers/smsc.js") // the end of its input ends it
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the message centre, run make deps: %v", err)
	}
	c := &centre{in: in}
	var wg sync.WaitGroup
	wg.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			e := map[string]any{}
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Errorf("the message centre says %q: %v", lines.Text(), err)
				continue
			}
			c.mu.Lock()
			c.said = append(c.said, e)
			c.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		in.Close()
		wg.Wait()
		_ = cmd.Wait() // it ends by the end of its input
	})
	until(t, "the message centre listens", func() bool {
		for _, e := range c.all("listening") {
			c.port = int(e["port"].(float64))
		}
		return c.port != 0
	})
	return c
}

// all is what it has said of a kind.
func (c *centre) all(event string) (list []map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.said {
		if e["event"] == event {
			list = append(list, e)
		}
	}
	return list
}

// sent are the texts that went out through it.
func (c *centre) sent() (list []string) {
	for _, e := range c.all("text") {
		list = append(list, e["text"].(string))
	}
	return list
}

func (c *centre) tell(t *testing.T, line map[string]any) {
	t.Helper()
	b, err := json.Marshal(line)
	if err == nil {
		_, err = c.in.Write(append(b, '\n'))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestShortMessages: three parts in any order open one ticket of the client who wrote them, he hears its number and what an engineer writes,
// and words that come once more tell nothing new.
func TestShortMessages(t *testing.T) {
	t.Parallel()
	const trouble = "Сервер 1С не отвечает с семи утра, склад стоит, машины ждут под погрузкой. Позвоните Марине на проходную: она откроет серверную. Ключ от стойки № 4 лежит в сейфе, код знает охрана."
	smsc := startCentre(t)
	r := newRig(t, func(cfg *config.Config) {
		cfg.SMS.Accounts = []sms.Account{{
			Name: "main", Addresses: []string{"127.0.0.1:" + strconv.Itoa(smsc.port)}, SystemID: "vahta", Password: "secret", Source: "4217",
		}}
		cfg.Clients = []client.Organisation{{
			ID: "romashka", Name: "Ромашка", Contacts: []client.Contact{{ID: "olga", Name: "Ольга", Numbers: []string{"+79001234567"}}},
		}}
	})
	until(t, "the account is bound", func() bool { return len(smsc.all("bound")) > 0 })
	smsc.tell(t, map[string]any{"cmd": "deliver", "text": trouble, "order": []int{3, 1, 2}, "ref": 9})
	d := r.app.Dispatcher()
	var signals []dispatch.SignalRecord
	until(t, "the text has a ticket", func() (done bool) {
		var err error
		signals, err = d.ListSignals(t.Context(), dispatch.SignalFilter{Channel: dispatch.ChannelSMS})
		r.must(err)
		return len(signals) == 1 && signals[0].Taken.Ticket != ""
	})
	number := signals[0].Taken.Number
	until(t, "the client hears the number", func() bool {
		list := smsc.sent()
		return len(list) == 1 && strings.Contains(list[0], number)
	})
	ref := dispatch.Ref{ID: signals[0].Taken.Ticket, Number: number}
	log, err := d.Events(t.Context(), ref)
	r.must(err)
	opened := false
	for _, e := range log {
		if b, ok := e.Body.(ticket.Opened); ok {
			opened = b.Client.Org == "romashka" && strings.Contains(b.Text, "код знает охрана") && strings.HasPrefix(b.Text, "Сервер 1С")
		}
	}
	if !opened {
		t.Errorf("the ticket does not hold the client's words: %+v", log[0])
	}
	_, err = d.Tell(t.Context(), ref, dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI}, dispatch.Word{Purpose: ticket.ForReply, Text: "Выезжаю, буду через час."})
	r.must(err)
	until(t, "the client reads the engineer's words", func() bool {
		list := smsc.sent()
		return len(list) == 2 && list[1] == number+": Выезжаю, буду через час."
	})
	smsc.tell(t, map[string]any{"cmd": "deliver", "text": trouble, "order": []int{1, 2, 3}, "ref": 9})
	until(t, "the centre's repeats are answered", func() bool { return len(smsc.all("deliver_resp")) == 6 })
	smsc.tell(t, map[string]any{"cmd": "deliver", "text": "Спасибо, ждём", "order": []int{1}, "ref": 10})
	until(t, "what is said next is a word of its own", func() bool {
		signals, err := d.ListSignals(t.Context(), dispatch.SignalFilter{Channel: dispatch.ChannelSMS})
		r.must(err)
		for _, s := range signals {
			if s.Taken.Ticket != "" && s.Taken.Ticket != ref.ID {
				t.Errorf("signal %s has a ticket of its own", s.Key)
			}
		}
		return len(signals) == 2 && signals[0].Taken.Ticket != ""
	})
}

// TestShortMessagesOutage: what is said while the message centre is away, or answers slowly, arrives once it is back, and what the client
// writes then is taken.
func TestShortMessagesOutage(t *testing.T) {
	t.Parallel()
	smsc := startCentre(t)
	line := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", "127.0.0.1:"+strconv.Itoa(smsc.port))
	if err := line.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Stop)
	r := newRig(t, func(cfg *config.Config) {
		cfg.SMS.Accounts = []sms.Account{{Name: "main", Addresses: []string{line.Listen}, SystemID: "vahta", Password: "secret", Source: "4217"}}
		cfg.Clients = []client.Organisation{{ID: "romashka", Name: "Ромашка"}}
	})
	until(t, "the account is bound", func() bool { return len(smsc.all("bound")) == 1 })
	d, by := r.app.Dispatcher(), dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI}
	ref, err := d.Open(t.Context(), by, dispatch.NewTicket{
		Line: "first", Org: "romashka", From: ticket.Contact{Channel: string(dispatch.ChannelSMS), Address: "+79001234567"}, Text: "всё стоит",
	})
	r.must(err)
	say := func(text string) {
		_, err := d.Tell(t.Context(), ref, by, dispatch.Word{Purpose: ticket.ForReply, Text: text})
		r.must(err)
	}
	heard := func(text string) bool {
		return slices.ContainsFunc(smsc.sent(), func(s string) bool { return strings.HasSuffix(s, text) })
	}
	_, err = line.Toxics.AddToxicJson(strings.NewReader(`{"name":"slow","type":"latency","attributes":{"latency":700}}`))
	r.must(err)
	say("Медленно.")
	until(t, "a slow centre takes it", func() bool { return heard("Медленно.") })
	r.must(line.Toxics.RemoveToxic(t.Context(), "slow"))

	line.Stop()
	until(t, "the link is lost", func() bool { return len(smsc.all("closed")) > 0 })
	say("Пока нет связи.")
	if heard("Пока нет связи.") {
		t.Error("it went out without a link")
	}
	r.must(line.Start())
	until(t, "the account is bound again", func() bool { return len(smsc.all("bound")) == 2 })
	until(t, "what was said arrives", func() bool { return heard("Пока нет связи.") })
	smsc.tell(t, map[string]any{"cmd": "deliver", "text": "Снова на связи", "order": []int{1}, "ref": 3})
	until(t, "the client is heard", func() bool {
		signals, err := d.ListSignals(t.Context(), dispatch.SignalFilter{Channel: dispatch.ChannelSMS})
		r.must(err)
		return len(signals) == 1 && signals[0].Taken.Ticket != ""
	})
}
