package locate

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fakeDNS is an Asker whose zone can change and which can be away.
type fakeDNS struct {
	mu    sync.Mutex
	zone  zone
	ttl   time.Duration
	away  bool
	hang  map[string]bool // questions that are never answered, until the caller gives up
	asked map[string]int
	panic bool
	slow  string // a question that takes a moment
}

func newDNS(z zone, ttl time.Duration) *fakeDNS {
	return &fakeDNS{zone: z, ttl: ttl, asked: map[string]int{}, hang: map[string]bool{}}
}

func (d *fakeDNS) Ask(ctx context.Context, q Question) (Answer, error) {
	name := q.Kind.String() + " " + q.Name
	d.mu.Lock()
	d.asked[name]++
	hang, away, broken, records, ttl := d.hang[name], d.away, d.panic, d.zone[name], d.ttl
	slow := d.slow == name
	d.mu.Unlock()
	if slow {
		time.Sleep(100 * time.Millisecond)
	}
	if broken {
		panic("poisoned answer")
	}
	if hang {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}
	if away {
		return Answer{}, errors.New("no name server answers")
	}
	return Answer{Records: records, TTL: ttl}, nil
}

func (d *fakeDNS) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *fakeDNS) count(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[name]
}

// running starts a Locator in the bubble; it ends with the test.
func running(t *testing.T, deps Deps, queries ...Query) *Locator {
	t.Helper()
	deps.Log = slog.New(slog.DiscardHandler)
	l, err := New(Default(), deps)
	if err != nil {
		t.Fatal(err)
	}
	l.Watch(queries)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = l.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	return l
}

func first(l *Locator, q Query) string {
	if targets := l.Targets(q); len(targets) > 0 {
		return targets[0].Transport + " " + targets[0].Addr.String()
	}
	return ""
}

var op = Query{Host: "op.example", Transport: UDP}

func opZone() zone {
	return zone{"SRV _sip._udp.op.example": {srv(1, 1, 5060, "s1.op.example")}, "A s1.op.example": a("192.0.2.1")}
}

// A name is asked for at once, and again before its time is over: what is read is never older than its time to live.
func TestRFC3263RefreshedBeforeItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), 5*time.Minute)
		l := running(t, Deps{Asker: d}, op)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Fatalf("at once: %q", got)
		}
		d.change(func() { d.zone["A s1.op.example"] = a("192.0.2.2") })
		time.Sleep(5*time.Minute - time.Second)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.2:5060" {
			t.Errorf("within its time to live: %q", got)
		}
		time.Sleep(24 * time.Hour)
		if n := d.count("A s1.op.example"); n < 24*12 || n > 24*17 { // every 3.75 minutes
			t.Errorf("%d questions in a day", n)
		}
	})
}

// Times to live are bounded both ways.
func TestRFC3263BoundedTTL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ttl        time.Duration
		least, top int
	}{{0, 250, 500}, {48 * time.Hour, 2, 3}} {
		synctest.Test(t, func(t *testing.T) {
			d := newDNS(opZone(), tt.ttl)
			running(t, Deps{Asker: d}, op)
			time.Sleep(time.Hour)
			if n := d.count("A s1.op.example"); n < tt.least || n > tt.top {
				t.Errorf("a time to live of %s is asked %d times in an hour", tt.ttl, n)
			}
		})
	}
}

// While DNS is away the last answers stay, for days; it is asked now and then, and believed as soon as it is back.
func TestRFC3263StaleAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), time.Minute)
		reg := prometheus.NewRegistry()
		l := running(t, Deps{Asker: d, Registerer: reg}, op)
		synctest.Wait()
		d.change(func() { d.away = true })
		time.Sleep(4 * 24 * time.Hour)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Errorf("after four days without DNS: %q", got)
		}
		if s := l.Status()[0]; !s.Stale || !strings.Contains(s.Problem, "no name server answers") {
			t.Errorf("status = %+v", s)
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if n := f.GetMetric()[0].GetGauge().GetValue(); f.GetName() == "vahta_dns_stale_names" && n != 1 {
				t.Errorf("%v stale names are counted", n)
			}
		}
		d.change(func() { d.away, d.zone["A s1.op.example"] = false, a("192.0.2.9") })
		time.Sleep(lastRetry)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.9:5060" {
			t.Errorf("DNS is back: %q", got)
		}
		if s := l.Status()[0]; s.Stale || s.Problem != "" {
			t.Errorf("status = %+v", s)
		}
	})
}

// An answer that there is nothing is held for its time and does not take the last servers away.
func TestRFC3263NegativeAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), time.Minute)
		l := running(t, Deps{Asker: d}, op, Query{Host: "nobody.example", Port: 5060})
		synctest.Wait()
		d.change(func() { d.zone = zone{} })
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Errorf("the last servers are gone: %q", got)
		}
		if n := d.count("A nobody.example"); n > 24*60*2 {
			t.Errorf("what is not there was asked for %d times in a day", n)
		}
		for _, s := range l.Status() {
			if s.Problem == "" {
				t.Errorf("no problem with %s", s.Query.Host)
			}
		}
	})
}

// A name that DNS leads to this machine only has no address, and the status says what to do.
func TestRFC3263LeadsInward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := running(t, Deps{Asker: newDNS(zone{"A sip.op.example": a("127.0.0.1")}, time.Minute)}, Query{Host: "sip.op.example", Port: 6379})
		synctest.Wait()
		if s := l.Status()[0]; len(s.Plan) > 0 || !strings.Contains(s.Problem, "/etc/hosts") {
			t.Errorf("status = %+v", s)
		}
	})
}

// One name that hangs holds up no other, and a name that is added is asked for at once.
func TestRFC3263NamesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := opZone()
		z["A new.example"] = a("192.0.2.77")
		d := newDNS(z, time.Minute)
		d.hang["A dead.example"], d.hang["AAAA dead.example"] = true, true
		dead, added := Query{Host: "dead.example", Port: 5060}, Query{Host: "new.example", Port: 5080, Transport: TCP}
		l := running(t, Deps{Asker: d}, op, dead)
		synctest.Wait()
		if first(l, op) == "" {
			t.Error("a name waits for another")
		}
		l.Watch([]Query{op, dead, added})
		synctest.Wait()
		if got := first(l, added); got != "tcp 192.0.2.77:5080" {
			t.Errorf("a new name: %q", got)
		}
		l.Watch(nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.answers); n > 2 { // the two that hang
			t.Errorf("%d answers are kept for nobody", n)
		}
	})
}

// A restart without DNS goes on with the servers of the last run.
func TestRFC3263RestartWithoutDNS(t *testing.T) {
	t.Parallel()
	for _, slow := range []string{"", "A s1.op.example", "AAAA s1.op.example"} { // which answer comes last must not matter
		restartWithoutDNS(t, slow)
	}
}

func restartWithoutDNS(t *testing.T, slow string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "addresses")
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), time.Minute)
		d.slow = slow
		l := running(t, Deps{Asker: d, File: file}, op)
		time.Sleep(time.Second)
		synctest.Wait()
		if first(l, op) == "" {
			t.Fatal("not resolved")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), time.Minute)
		d.away = true
		l := running(t, Deps{Asker: d, File: file}, op)
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Errorf("before any question: %q", got)
		}
		time.Sleep(3 * 24 * time.Hour)
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Errorf("after three days: %q", got)
		}
		if s := l.Status()[0]; !s.Stale {
			t.Errorf("status = %+v", s)
		}
	})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut off": good[:len(good)-3], "one bit": append(append([]byte(nil), good[:80]...), append([]byte{good[80] ^ 1}, good[81:]...)...), "empty": {}, "no sum": []byte("[]"),
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if list, err := readFile(file); err == nil {
			t.Errorf("%s: %+v was believed", name, list)
		}
	}
}

// A plan of the last run is not thrown away for one that lacks answers, but for one that is complete.
func TestRFC3263PartOfDNSIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "addresses")
		if err := writeFile(file, []memo{{Query: op, Plan: Plan{{Name: "s1", Transport: UDP, Port: 5070, Addrs: []netip.Addr{a("192.0.2.5")[0].Addr}}}, At: time.Now()}}); err != nil {
			t.Fatal(err)
		}
		d := newDNS(zone{"A op.example": a("192.0.2.100"), "SRV _sip._udp.op.example": opZone()["SRV _sip._udp.op.example"], "A s1.op.example": a("192.0.2.1")}, time.Minute)
		d.hang["SRV _sip._udp.op.example"] = true
		l := running(t, Deps{Asker: bounded{d}, File: file}, op)
		time.Sleep(time.Hour)
		if got := first(l, op); got != "udp 192.0.2.5:5070" {
			t.Errorf("without SRV: %q", got)
		}
		d.change(func() { delete(d.hang, "SRV _sip._udp.op.example") })
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := first(l, op); got != "udp 192.0.2.1:5060" {
			t.Errorf("with SRV: %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) { // without a plan of old, an address is better than nothing
		d := newDNS(zone{"A op.example": a("192.0.2.100")}, time.Minute)
		d.hang["SRV _sip._udp.op.example"] = true
		l := running(t, Deps{Asker: bounded{d}}, op)
		time.Sleep(time.Minute)
		if got := first(l, op); got != "udp 192.0.2.100:5060" {
			t.Errorf("without SRV ever: %q", got)
		}
	})
}

// bounded gives up as the real client does.
type bounded struct{ Asker }

func (b bounded) Ask(ctx context.Context, q Question) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return b.Asker.Ask(ctx, q)
}

// Answers that break do not end the watch.
func TestWatchSurvivesPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDNS(opZone(), time.Minute)
		d.panic = true
		l := running(t, Deps{Asker: d}, op)
		time.Sleep(time.Minute)
		d.change(func() { d.panic = false })
		time.Sleep(lastRetry)
		synctest.Wait()
		if first(l, op) == "" {
			t.Error("nothing was asked after the panics")
		}
	})
}

// Changed is told of changes, and of nothing else.
func TestChangedOncePerChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, n := newDNS(opZone(), time.Minute), 0
		running(t, Deps{Asker: d, Changed: func() { n++ }}, op)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n != 1 {
			t.Errorf("%d changes of a name that never changed", n)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	l, err := New(Default(), Deps{Asker: newDNS(opZone(), time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	l.Watch([]Query{op})
	l.Refresh(t.Context())
	if first(l, op) != "udp 192.0.2.1:5060" {
		t.Error("not resolved")
	}
	if got := first(l, Query{Host: "192.0.2.8", Transport: TLS}); got != "tls 192.0.2.8:5061" {
		t.Errorf("a literal that nobody watches: %q", got)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Servers: []string{"dns.example", "192.0.2.1:0", "192.0.2.1", "[2001:db8::1]:5353"}, MaxTTL: -1}.Validate()
	for _, want := range []string{"servers[0]", "servers[1]", "timeout", "min_ttl", "max_ttl"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "servers[2]") || strings.Contains(err.Error(), "servers[3]") {
		t.Errorf("good servers are refused: %v", err)
	}
}

// What /status shows of a name has the names of fields that all of it has, and nothing of what is not there.
func TestStateAsJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(State{Query: Query{Host: "sip.example.net"}, Problem: "A sip.example.net: no such name"})
	if want := `{"query":{"host":"sip.example.net"},"problem":"A sip.example.net: no such name"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
