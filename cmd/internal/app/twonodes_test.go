package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
	"github.com/butlerspb/vahta/sip/phone"
)

// toneCaller and toneEngineer are what the parties say, in hertz.
const toneCaller, toneEngineer = 440, 700

// TestTwoNodes: two processes on one Redis and one record serve one company.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	phones, people := engineers(t, accepting(), accepting(), accepting())
	company := people + "lines:\n" + ladder("crowd", ", rounds: 100", 3)
	redis := redistest.Start(t, redistest.Options{})
	c := newCluster(t, redis.URL(), company)
	a, b := c.node("a"), c.node("b")

	for _, step := range []struct {
		name string
		run  func(t *testing.T, a, b *node)
	}{
		{"nobody is rung for two calls at once", crowd},
		{"a call on one node is seen on the other", seen},
		{"a changed directory is in force on both", changed},
		{"a node drains while its call goes on", drained},
		{"both are restarted under calls", rolled},
	} {
		t.Log(step.name)
		step.run(t, a, b)
	}
	checkOneAtATime(t, phones)
}

// crowd lets callers on both nodes want the same three engineers.
func crowd(t *testing.T, a, b *node) {
	t.Helper()
	const callers = 10
	var talks []*phone.Session
	for i := range callers {
		n := []*node{a, b}[i%2]
		talks = append(talks, n.dial("crowd", fmt.Sprintf("+7916100%04d", i), phone.Options{Talk: phone.Talk{Tone: toneCaller}}))
	}
	var all sync.WaitGroup
	for i, s := range talks {
		all.Go(func() {
			if err := s.WaitHeard(within(t), toneEngineer, 200*time.Millisecond); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			s.Hangup()
			<-s.Done()
		})
	}
	all.Wait()
	until(t, "both nodes list all calls as served", func() bool {
		return served(a, "+7916100") == callers && served(b, "+7916100") == callers
	})
}

// served counts the served calls of callers whose number begins so.
func served(n *node, prefix string) int {
	n.Helper()
	return len(slices.DeleteFunc(n.calls(), func(c dispatch.CallRecord) bool {
		return c.Result != dispatch.CallServed || c.EndedAt.IsZero() || !strings.HasPrefix(string(c.Caller), prefix)
	}))
}

func seen(t *testing.T, a, b *node) {
	t.Helper()
	s := a.talk("crowd", "+79162000001")
	until(t, "the other node lists the call, with the node that serves it", func() bool {
		return slices.ContainsFunc(b.calls(), func(c dispatch.CallRecord) bool {
			return c.Caller == "+79162000001" && c.Node == a.id && c.EndedAt.IsZero() && c.AcceptedBy != ""
		})
	})
	s.Hangup()
	<-s.Done()
}

// talk is a caller who has been joined with an engineer.
func (n *node) talk(line, from string) *phone.Session {
	n.Helper()
	s := n.dial(line, from, phone.Options{Talk: phone.Talk{Tone: toneCaller}})
	if err := s.WaitHeard(within(n.TB), toneEngineer, 200*time.Millisecond); err != nil {
		n.Fatalf("node %s: %v\n%s", n.id, err, s.Trace())
	}
	return s
}

// changed puts another line in force by one node's file.
func changed(t *testing.T, a, b *node) {
	t.Helper()
	old := a.company
	a.company += ladder("late", "", 3)
	a.configure()
	a.signal(syscall.SIGHUP)
	a.said("configuration reloaded")
	version := func(n *node) any { return n.status()["directory"].(map[string]any)["version"].(map[string]any)["hash"] }
	untilWithin(t, 5*time.Second, "both nodes have one directory", func() bool { return version(a) == version(b) })
	s := b.talk("late", "+79163000001")
	s.Hangup()
	<-s.Done()

	// A node that starts with the file of yesterday takes what is in force, and says how to force the file.
	b.company = old
	b.signal(syscall.SIGTERM)
	b.gone()
	b.start()
	b.said("SIGHUP")
	b.company = a.company
	s = b.talk("late", "+79163000002")
	s.Hangup()
	<-s.Done()
}

func drained(t *testing.T, a, b *node) {
	t.Helper()
	s := a.talk("crowd", "+79164000001")
	a.signal(syscall.SIGTERM)
	until(t, "the node says that it drains", func() bool {
		code, text := a.get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "draining")
	})
	late := a.dial("crowd", "+79164000002", phone.Options{})
	if e := wait(t, late, phone.Ended); e.Status != http.StatusServiceUnavailable {
		t.Errorf("a new call on the draining node ended with %d, want 503", e.Status)
	}
	other := b.talk("crowd", "+79164000002")
	before := len(s.Received())
	until(t, "the conversation goes on", func() bool { return len(s.Received()) > before+8000 })
	for _, x := range []*phone.Session{s, other} {
		x.Hangup()
		<-x.Done()
	}
	a.gone()
	until(t, "both calls are on record as served", func() bool { return served(b, "+7916400000") == 2 })
	a.start()
}

// rolled restarts the nodes one after the other while callers come all the time. Whoever is refused tries the other node,
// as an operator does.
func rolled(t *testing.T, a, b *node) {
	t.Helper()
	caller := startPhone(t, "callers", "udp", phone.Answer{})
	stop := make(chan struct{})
	var callers sync.WaitGroup
	calls := 0
	callers.Go(func() {
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			first, second := a.uri("crowd"), b.uri("crowd")
			if calls%2 == 1 {
				first, second = second, first
			}
			from := fmt.Sprintf("+7916500%04d", calls)
			calls++
			callers.Go(func() {
				if why := tryOnce(t, caller, first, from); why != "" {
					if again := tryOnce(t, caller, second, from); again != "" {
						t.Errorf("caller %s reached neither node: %s; %s", from, why, again)
					}
				}
			})
		}
	})
	for _, n := range []*node{a, b} {
		n.signal(syscall.SIGTERM)
		n.gone()
		n.start()
		// a few callers more before the other one goes
		have := served(n, "+7916500")
		until(t, "calls are served after the restart", func() bool { return served(n, "+7916500") > have+4 })
	}
	close(stop)
	callers.Wait()
	until(t, "every caller was served once", func() bool { return served(a, "+7916500") == calls })
	tickets := map[string]int{}
	for _, tk := range b.tickets() {
		if strings.HasPrefix(string(tk.Caller), "+7916500") {
			tickets[string(tk.Caller)]++
		}
	}
	if len(tickets) != calls {
		t.Errorf("%d callers have %d tickets", calls, len(tickets))
	}
	for who, n := range tickets {
		if n != 1 {
			t.Errorf("caller %s has %d tickets", who, n)
		}
	}
	t.Logf("%d callers during two restarts", calls)
}

// tryOnce calls until an engineer is heard, and tells why not.
func tryOnce(t *testing.T, p *phone.Phone, uri, from string) string {
	t.Helper()
	s, err := p.Dial(t.Context(), uri, phone.Options{From: from, Talk: phone.Talk{Tone: toneCaller}})
	if err != nil {
		return err.Error()
	}
	defer func() {
		s.Hangup()
		<-s.Done()
	}()
	if err := s.WaitHeard(within(t), toneEngineer, 100*time.Millisecond); err != nil {
		for _, e := range s.Events() {
			if e.Kind == phone.Ended {
				return fmt.Sprintf("ended with %d", e.Status)
			}
		}
		return err.Error()
	}
	return ""
}

// TestFeedsAreJoined: screens of one node see what happens on the other, once and in order, with its name; what they
// miss leaves a gap.
func TestFeedsAreJoined(t *testing.T) {
	t.Parallel()
	record, redis := t.TempDir()+"/vahta.db", redistest.Start(t, redistest.Options{})
	node := func(id string) *rig {
		return newRig(t, func(c *config.Config) {
			c.Node, c.Store.Path, c.Redis.URL, c.Redis.Budget = id, record, redis.URL(), time.Second
		})
	}
	a, b := node("a"), node("b")
	until(t, "both nodes use Redis, and hear what is told there", func() bool {
		clients, err := redis.Client().ClientList(t.Context()).Result()
		a.must(err)
		return strings.Count(clients, "psub=1") == 2 && a.usesRedis() && b.usesRedis()
	})
	l := a.line(t, nil, startPhone(t, "engineer", "udp", accepting()).URI())
	s := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: toneCaller}})
	if err := s.WaitHeard(within(t), toneEngineer, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	s.Hangup()
	ended := func(e dispatch.FeedEvent) bool { return e.Kind == string(ticket.KindCallEnded) }
	if _, err := b.events.Wait(within(t), ended); err != nil {
		t.Fatalf("the end of the call is not seen on the other node: %v; %+v", err, b.events.All())
	}
	if _, err := a.events.Wait(within(t), ended); err != nil {
		t.Fatal(err)
	}
	kinds := func(r *rig) (list []string) {
		for _, e := range r.events.All() {
			if e.Node != "a" {
				t.Errorf("an event of node %q: %+v", e.Node, e)
			}
			list = append(list, e.Kind+" "+e.Call+" "+e.Person)
		}
		return list
	}
	own, others := kinds(a), kinds(b)
	if len(own) < 4 {
		t.Errorf("the node itself saw only %q", own)
	}
	rest := own // the feed is a hint: a busy bus may lose events, but none comes twice or out of order, and the gap shows
	for _, e := range others {
		at := slices.Index(rest, e)
		if at < 0 {
			t.Fatalf("the node itself saw\n%q\nthe other one\n%q", own, others)
		}
		rest = rest[at+1:]
	}
	if seen := b.events.All(); len(others) < len(own) && seen[len(seen)-1].Seq == uint64(len(seen)) {
		t.Errorf("events were lost without a gap: %q of %q", others, own)
	}
	l.noLegLeft()
	l.close(l.read().ticket)
}

func (r *rig) usesRedis() bool {
	_, text := r.ask("/status")
	return strings.Contains(text, `"mode":"redis"`)
}
