package rotation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// pair is two nodes; the way of the first one to Redis can be cut.
type pair struct {
	server *redistest.Server
	proxy  *toxiproxy.Proxy
	a, b   *rotation.Switch
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{server: redistest.Start(t, redistest.Options{})}
	p.proxy = proxy(t, p.server)
	var epochs record
	p.a, _ = newSwitch(t, quick("redis://"+p.proxy.Listen), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	p.b, _ = newSwitch(t, patient(p.server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	return p
}

func (p *pair) cut(t *testing.T) {
	t.Helper()
	p.proxy.Stop()
	waitMode(t, p.a, rotation.ModeMemory)
}

func (p *pair) join(t *testing.T) {
	t.Helper()
	if err := p.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	waitMode(t, p.a, rotation.ModeRedis)
}

func lost(t *testing.T, s *rotation.Switch, c rotation.Claim) {
	t.Helper()
	eventually(t, fmt.Sprintf("claim of %s is lost", c.Call), func() bool {
		return !s.Valid(t.Context(), c) && errors.Is(s.Renew(t.Context(), c), rotation.ErrLost)
	})
	if won, err := s.Accept(t.Context(), c); err != nil || won {
		t.Errorf("a stale token was accepted: %v, %v", won, err)
	}
}

func kept(t *testing.T, s *rotation.Switch, c rotation.Claim) {
	t.Helper()
	if err := s.Renew(t.Context(), c); err != nil || !s.Valid(t.Context(), c) {
		t.Errorf("claim %+v was lost: %v", c, err)
	}
}

func TestNodesShareClaims(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	first := claim(t, p.a, "1", "anna", "boris")
	second := claim(t, p.b, "2", "anna", "boris")
	if first.Person == second.Person || second.Token <= first.Token {
		t.Errorf("claims %+v and %+v", first, second)
	}
	busy(t, p.a, "3", "anna", "boris")
	for person, want := range map[string]bool{first.Person: true, second.Person: true, "vera": false} {
		if got, err := p.a.Claimed(t.Context(), person); err != nil || got != want {
			t.Errorf("%s is claimed: %v, %v", person, got, err)
		}
	}
	if err := p.b.Release(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if c := claim(t, p.a, "3", "anna", "boris"); c.Person != second.Person {
		t.Errorf("claim %+v", c)
	}
	if order := p.b.Order(t.Context(), "primary", []string{"boris", "anna", "vera"}); fmt.Sprint(order) != "[vera anna boris]" {
		t.Errorf("the other node orders %v", order)
	}
	if err := p.a.SetPresence(t.Context(), "vera", rotation.Away); err != nil {
		t.Fatal(err)
	}
	if order := p.b.Order(t.Context(), "primary", []string{"boris", "anna", "vera"}); fmt.Sprint(order) != "[anna boris vera]" {
		t.Errorf("the other node orders %v", order)
	}
}

// TestReturnHigherToken: both nodes have claimed the same person while they could not talk.
func TestReturnHigherToken(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.cut(t)
	mine, low := claim(t, p.a, "mine", "anna"), claim(t, p.a, "low", "boris")
	theirs := claim(t, p.b, "theirs", "anna")
	for range 3 { // later than what the first node began with
		if err := p.b.Raise(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	high := claim(t, p.b, "high", "boris")
	if mine.Token <= theirs.Token || low.Token >= high.Token {
		t.Fatalf("tokens %#x, %#x, %#x, %#x", mine.Token, theirs.Token, low.Token, high.Token)
	}
	p.join(t)
	lost(t, p.b, theirs)
	lost(t, p.a, low)
	kept(t, p.a, mine)
	kept(t, p.b, high)
}

// TestReturnBridge: two people who talk keep their claim, whatever was granted meanwhile.
func TestReturnBridge(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.cut(t)
	mine, ringing := claim(t, p.a, "mine", "anna"), claim(t, p.a, "ringing", "boris")
	accept(t, p.a, mine)
	theirs := claim(t, p.b, "theirs", "boris")
	accept(t, p.b, theirs)
	for range 3 {
		if err := p.b.Raise(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	later := claim(t, p.b, "later", "anna")
	p.join(t)
	lost(t, p.b, later)
	lost(t, p.a, ringing)
	kept(t, p.a, mine)
	kept(t, p.b, theirs)
	if won, err := p.a.Accept(t.Context(), mine); err != nil || !won {
		t.Errorf("a repeat of the accept key: %v, %v", won, err)
	}
}

func TestReturnMergesTurnsAndValues(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	put := func(s *rotation.Switch, key, body string) {
		t.Helper()
		if err := s.Put(t.Context(), key, []byte(body), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	put(p.a, "binding/old", "1")
	put(p.b, "binding/theirs", "1")
	if all, err := p.a.All(t.Context(), "binding"); err != nil || len(all) != 2 {
		t.Errorf("values %q, %v", all, err)
	}
	claim(t, p.a, "0", "boris")
	p.cut(t)
	claim(t, p.a, "1", "anna")
	claim(t, p.b, "1", "vera")
	put(p.a, "binding/new", "2")
	if err := p.a.Delete(t.Context(), "binding/old"); err != nil {
		t.Fatal(err)
	}
	if v, err := p.a.Get(t.Context(), "binding/theirs"); err != nil || string(v) != "1" {
		t.Errorf("what was read before is %q, %v", v, err)
	}
	put(p.b, "binding/theirs", "2")
	p.join(t)
	for _, s := range []*rotation.Switch{p.a, p.b} {
		all, err := s.All(t.Context(), "binding")
		if err != nil || len(all) != 2 || string(all["new"]) != "2" || string(all["theirs"]) != "2" {
			t.Errorf("values %q, %v", all, err)
		}
		order := s.Order(t.Context(), "primary", []string{"vera", "anna", "boris", "gleb"})
		if order[0] != "gleb" || order[1] != "boris" {
			t.Errorf("order %v", order)
		}
	}
}

// TestRenewWhileAway: renewals count wherever they are made, and a claim outlives an outage that is longer than its life.
func TestRenewWhileAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Now: c.now}, rotation.ModeRedis)
	talks, quiet := claim(t, s, "talks", "anna"), claim(t, s, "quiet", "boris")
	pass := func() {
		t.Helper()
		c.advance(rotation.DefaultTTL * 2 / 3)
		if err := s.Renew(t.Context(), talks); err != nil {
			t.Fatalf("renew: %v", err)
		}
	}
	pass()
	server.Kill()
	waitMode(t, s, rotation.ModeMemory)
	for range 5 {
		pass()
	}
	if !s.Valid(t.Context(), talks) || s.Valid(t.Context(), quiet) {
		t.Error("the renewed claim must live, the other must not")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitMode(t, s, rotation.ModeRedis)
	kept(t, s, talks)
	busy(t, s, "next", "anna")
	claim(t, s, "next", "boris")
}

// ear hears a topic.
func ear(t *testing.T, s *rotation.Switch, topic rotation.Topic) <-chan []byte {
	t.Helper()
	heard := make(chan []byte, 1000)
	t.Cleanup(s.Listen(topic, func(m []byte) { heard <- m }))
	return heard
}

// hears waits for a message; nil waits for the sign of a gap, which may come twice.
func hears(t *testing.T, heard <-chan []byte, want []byte) {
	t.Helper()
	for {
		select {
		case m := <-heard:
			if (m == nil) == (want == nil) && string(m) == string(want) {
				return
			}
			if m != nil {
				t.Fatalf("heard %q, want %q", m, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("did not hear %q", want)
		}
	}
}

func bothListen(t *testing.T, s *redistest.Server) {
	t.Helper()
	eventually(t, "both listen", func() bool {
		list, err := s.Client().Do(t.Context(), "CLIENT", "LIST", "TYPE", "pubsub").Text()
		return err == nil && strings.Count(list, " psub=1 ") == 2
	})
}

func TestNodesHearEachOther(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	a, b := ear(t, p.a, rotation.TopicEvents), ear(t, p.b, rotation.TopicEvents)
	bothListen(t, p.server)
	say := func(m string) {
		t.Helper()
		if err := p.a.Publish(t.Context(), rotation.TopicEvents, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []string{"1", "2\x00\xff", "3"} { // each once, in order, here and there
		say(m)
		hears(t, a, []byte(m))
		hears(t, b, []byte(m))
	}
	p.cut(t)
	say("4")
	hears(t, a, []byte("4"))
	p.join(t)
	hears(t, b, nil) // the others have missed one
	hears(t, a, nil) // and so may this node
	bothListen(t, p.server)
	say("5")
	hears(t, b, []byte("5"))
	if err := p.server.Client().Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	hears(t, b, nil)
	hears(t, a, []byte("5"))
}
