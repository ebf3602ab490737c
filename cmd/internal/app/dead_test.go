package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestNodeDies: a node is killed in a conversation. The other one marks the ticket, pages, and rings the client back
// within ten seconds, three times when he does not answer.
func TestNodeDies(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes, and waits between the tries")
	}
	// The claim of the one who talked outlives his node by up to 30 s: his phone, too, does not know yet. The other is free.
	phones, people := engineers(t, accepting(), accepting())
	c := newCluster(t, redistest.Start(t, redistest.Options{}).URL(), people+"lines:\n"+ladder("main", "", 2))
	a, b := c.node("a"), c.node("b")
	s := a.talk("main", "+79160000001")
	until(t, "the acceptance is on record", func() bool {
		calls := b.calls()
		return len(calls) == 1 && calls[0].AcceptedBy != ""
	})
	if err := c.client.Answer(phone.Refusing(486)); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	a.kill()
	first := incoming(t, c.client, 1)
	if took := first.Request().ReceivedAt().Sub(died); took > 10*time.Second {
		t.Errorf("the client was rung back %s after the node died, want 10s", took)
	} else {
		t.Logf("the client was rung back after %s", took.Round(10*time.Millisecond))
	}
	if to := first.Request().URI().User; to != "+79160000001" {
		t.Errorf("rung back at %q", to)
	}
	page := incoming(t, phones[1], 1)
	if took := page.Request().ReceivedAt().Sub(died); took > 10*time.Second {
		t.Errorf("the engineer was paged %s after the node died", took)
	}
	list := b.tickets()
	if len(list) != 1 || !list[0].OwesCall() {
		t.Fatalf("the ticket does not say that the client waits for a call: %+v", list)
	}
	for _, shown := range []string{b.command("ticket", "list"), b.command("ticket", "show", list[0].Number.String())} {
		if !strings.Contains(shown, "CALL BACK") {
			t.Errorf("the desk is not told to call back:\n%s", shown)
		}
	}
	if calls := b.calls(); calls[len(calls)-1].Result != dispatch.CallBroken {
		t.Errorf("the call that was cut is on record as %q", calls[len(calls)-1].Result)
	}
	s.Hangup()
	wait(t, incoming(t, c.client, 3), phone.Ended) // three tries in vain, and a fourth that succeeds
	if err := c.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: toneCaller})); err != nil {
		t.Fatal(err)
	}
	again := incoming(t, c.client, 4)
	if err := again.WaitHeard(within(t), toneEngineer, 200*time.Millisecond); err != nil {
		t.Errorf("the client who was rung back hears no engineer: %v\n%s", err, again.Trace())
	}
	again.Hangup()
	<-again.Done()
	until(t, "the client has been talked to", func() bool { return !b.tickets()[0].OwesCall() })
	if n := len(b.tickets()); n != 1 {
		t.Errorf("%d tickets of one contact", n)
	}
	t.Log(b.timeline(list[0]))
}

// TestRedisDies: the conversation goes on, the next calls are served, and Redis is used again when it is back.
func TestRedisDies(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	phones, people := engineers(t, accepting(), accepting())
	redis := redistest.Start(t, redistest.Options{})
	c := newCluster(t, redis.URL(), people+"lines:\n"+ladder("main", ", rounds: 100", 2))
	a := c.node("a")
	mode := func() any { return a.status()["rotation"].(map[string]any)["mode"] }
	until(t, "Redis is used", func() bool { return mode() == "redis" })
	s := a.talk("main", "+79160000001")
	redis.Kill()
	before := len(s.Received())
	next := a.talk("main", "+79160000002")
	until(t, "the conversation goes on", func() bool { return len(s.Received()) > before+8000 })
	if m := mode(); m != "memory" {
		t.Errorf("without Redis the rotation is %q", m)
	}
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	untilWithin(t, 5*time.Second, "Redis is used again", func() bool { return mode() == "redis" })
	for _, x := range []*phone.Session{s, next} {
		x.Hangup()
		<-x.Done()
	}
	last := a.talk("main", "+79160000003")
	last.Hangup()
	<-last.Done()
	until(t, "all calls are on record", func() bool { return served(a, "+7916") == 3 })
	checkOneAtATime(t, phones)
	var degraded []string
	for _, call := range a.calls() {
		detail, err := a.desk().Call(within(t), call.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(detail.Detail.Degraded) > 0 {
			degraded = append(degraded, string(call.Caller)+" "+strings.Join(detail.Detail.Degraded, " "))
		}
	}
	if len(degraded) != 1 || !strings.HasPrefix(degraded[0], "+79160000002 rotation") {
		t.Errorf("calls marked as degraded: %q, want the one without Redis", degraded)
	}
}

// TestDamagedRecordIsRefused: what waiting does not mend is told at once.
func TestDamagedRecordIsRefused(t *testing.T) {
	t.Parallel()
	_, people := engineers(t)
	c := newCluster(t, "", strings.Replace(people, "people:\n", "people: [{id: e1, name: E, devices: [{kind: softphone, uri: \"sip:e1@127.0.0.1\"}]}]\n", 1)+"lines:\n"+ladder("main", "", 1))
	c.record = "vahta.db"
	n := &node{cluster: c, id: "a", dir: t.TempDir()}
	data := filepath.Join(n.dir, "data")
	if err := os.MkdirAll(data, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "vahta.db"), []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	n.launch()
	select {
	case <-n.ended:
		if n.err == nil {
			t.Error("it ended without an error")
		}
	case <-time.After(patience):
		n.kill()
		t.Fatal("it serves on a file that is no database")
	}
}
