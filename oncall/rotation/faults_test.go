package rotation_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// record is the epoch as the record of the product keeps it.
type record struct{ epoch atomic.Uint64 }

func (r *record) raise(context.Context) (uint64, error) { return r.epoch.Add(1), nil }

func ask(call string, people ...string) rotation.ClaimRequest {
	return rotation.ClaimRequest{Call: call, Attempt: "1", Track: "primary", Candidates: people}
}

// claim claims and fails the test when nobody was free.
func claim(t *testing.T, s rotation.Rotation, call string, people ...string) rotation.Claim {
	t.Helper()
	c, ok, err := s.Claim(t.Context(), ask(call, people...))
	if err != nil || !ok {
		t.Fatalf("claim for %s: ok %v, err %v", call, ok, err)
	}
	return c
}

// busy fails the test when one of the people can be claimed.
func busy(t *testing.T, s rotation.Rotation, call string, people ...string) {
	t.Helper()
	if c, ok, err := s.Claim(t.Context(), ask(call, people...)); err != nil || ok {
		t.Fatalf("claim for %s gave %+v, ok %v, err %v; all are busy", call, c, ok, err)
	}
}

func accept(t *testing.T, s rotation.Rotation, c rotation.Claim) {
	t.Helper()
	if won, err := s.Accept(t.Context(), c); err != nil || !won {
		t.Fatalf("accept %+v: won %v, err %v", c, won, err)
	}
}

// quick is a configuration with the budget of the product.
func quick(url string) rotation.Config {
	return rotation.Config{URL: url, Budget: rotation.DefaultBudget}
}

// proxy puts a proxy with faults before the server.
func proxy(t *testing.T, s *redistest.Server) *toxiproxy.Proxy {
	t.Helper()
	p := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", s.Addr())
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func toxic(t *testing.T, p *toxiproxy.Proxy, json string) {
	t.Helper()
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(json)); err != nil {
		t.Fatal(err)
	}
}

// TestFaults breaks Redis in every way: the node goes on, waits at most once, loses none of its claims, and is back
// within 5 s.
func TestFaults(t *testing.T) {
	t.Parallel()
	type rig struct {
		server *redistest.Server
		proxy  *toxiproxy.Proxy
	}
	config := func(key, value string) func(*testing.T, *rig) {
		return func(t *testing.T, r *rig) {
			t.Helper()
			if err := r.server.Client().ConfigSet(t.Context(), key, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(do func(r *rig, ctx context.Context) error) func(*testing.T, *rig) {
		return func(t *testing.T, r *rig) {
			t.Helper()
			if err := do(r, t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, fault := range map[string]struct{ inject, mend func(*testing.T, *rig) }{
		"killed": {
			check(func(r *rig, _ context.Context) error { r.server.Kill(); return nil }),
			check(func(r *rig, ctx context.Context) error { return r.server.Restart(ctx) }),
		},
		"stopped": {
			check(func(r *rig, _ context.Context) error { return r.server.Stop() }),
			check(func(r *rig, _ context.Context) error { return r.server.Cont() }),
		},
		"slow by 2 s": {
			func(t *testing.T, r *rig) {
				t.Helper()
				toxic(t, r.proxy, `{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":2000}}`)
			},
			check(func(r *rig, ctx context.Context) error { return r.proxy.Toxics.RemoveToxic(ctx, "slow") }),
		},
		"answers lost": {
			func(t *testing.T, r *rig) {
				t.Helper()
				toxic(t, r.proxy, `{"name":"lost","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
			},
			check(func(r *rig, ctx context.Context) error { return r.proxy.Toxics.RemoveToxic(ctx, "lost") }),
		},
		"takes no writes": {config("min-replicas-to-write", "1"), config("min-replicas-to-write", "0")},
		"out of memory":   {config("maxmemory", "1"), config("maxmemory", "0")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rig{server: redistest.Start(t, redistest.Options{})}
			r.proxy = proxy(t, r.server)
			var epochs record
			reg := prometheus.NewRegistry()
			var lines lineCount
			s, _ := newSwitch(t, quick("redis://"+r.proxy.Listen), rotation.Deps{
				Epoch: epochs.raise, Registerer: reg, Log: slog.New(slog.NewTextHandler(&lines, nil)),
			}, rotation.ModeRedis)
			lines.n.Store(0)

			talks, gone := claim(t, s, "talks", "anna"), claim(t, s, "gone", "boris")
			accept(t, s, talks)
			if talks.Local {
				t.Error("a claim of Redis is marked as local")
			}
			goroutines := runtime.NumGoroutine()
			fault.inject(t, r)

			var waited []time.Duration
			var last rotation.Claim
			for i := range 20 {
				began := time.Now()
				c := claim(t, s, fmt.Sprint("call", i), "anna", "vera", "gleb") // anna talks
				if c.Person == "anna" || c.Token <= last.Token || c.Token <= talks.Token {
					t.Errorf("claim %+v after %+v", c, last)
				}
				waited = append(waited, time.Since(began))
				if i < 19 {
					if err := s.Release(t.Context(), c); err != nil {
						t.Errorf("release: %v", err)
					}
				}
				last = c
			}
			if last.Token>>40 <= talks.Token>>40 {
				t.Errorf("token %#x granted alone is of the epoch of %#x", last.Token, talks.Token)
			}
			if !last.Local || s.Status().Mode != rotation.ModeMemory {
				t.Errorf("claim %+v in mode %s, want a local one", last, s.Status().Mode)
			}
			slices.Sort(waited)
			if waited[19] > 3*rotation.DefaultBudget || waited[18] > rotation.DefaultBudget*9/10 { // a busy machine adds some
				t.Errorf("waited %v, %v; only one may wait, and no longer than the budget", waited[19], waited[18])
			}
			for range 200 { // what must not pile up while Redis hangs
				s.Order(t.Context(), "primary", []string{"anna"})
			}
			if n := runtime.NumGoroutine() - goroutines; n > 200 { // other tests run too
				t.Errorf("%d goroutines more", n)
			}
			if err := s.Release(t.Context(), gone); err != nil {
				t.Errorf("release: %v", err)
			}
			if err := s.Renew(t.Context(), talks); err != nil || !s.Valid(t.Context(), talks) {
				t.Errorf("a live bridge has lost its claim: %v", err)
			}
			if won, err := s.Accept(t.Context(), last); err != nil || !won {
				t.Errorf("accept: %v, %v", won, err)
			}

			second := ask("talks", "zoe")
			second.Attempt = "2"
			c, ok, err := s.Claim(t.Context(), second)
			if won, again := s.Accept(t.Context(), c); err != nil || again != nil || !ok || won {
				t.Errorf("a call that somebody has accepted: claim %v, %v, accepted again %v, %v", ok, err, won, again)
			}
			if err := s.Release(t.Context(), c); err != nil {
				t.Errorf("release: %v", err)
			}

			fault.mend(t, r)
			began := time.Now()
			waitMode(t, s, rotation.ModeRedis)
			if n, err := r.server.Client().Exists(t.Context(), "{vahta}:claim:anna", "{vahta}:claim:"+last.Person).Result(); err != nil || n != 2 {
				t.Errorf("Redis decides again and knows %d of 2 claims, %v", n, err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("back after %s", took)
			}
			if n := lines.n.Load(); n != 2 {
				t.Errorf("%d lines in the log, want one for each turn", n)
			}
			// another node sees all of it in Redis
			o, _ := newSwitch(t, patient(r.server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
			eventually(t, "claims written", func() bool { return o.Valid(t.Context(), talks) && o.Valid(t.Context(), last) })
			busy(t, o, "other", "anna", last.Person)
			eventually(t, "what Redis granted without being heard is taken back", func() bool {
				keys, err := r.server.Client().Keys(t.Context(), "{vahta}:claim:*").Result()
				return err == nil && len(keys) == 2
			})
			if c := claim(t, o, "other", "boris"); c.Token <= last.Token {
				t.Errorf("token %d after %d", c.Token, last.Token)
			}
			if !s.Valid(t.Context(), talks) || !s.Valid(t.Context(), last) {
				t.Error("claims were lost on the way back")
			}
			if got := gauge(t, reg); got != 1 {
				t.Errorf("the metric says %v", got)
			}
		})
	}
}

// lineCount counts what is logged.
type lineCount struct{ n atomic.Int64 }

func (l *lineCount) Write(p []byte) (int, error) {
	l.n.Add(1)
	return len(p), nil
}

// gauge finds the metric of the mode.
func gauge(t *testing.T, reg *prometheus.Registry) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "vahta_rotation_shared" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("no vahta_rotation_shared")
	return 0
}

func TestAbsentAtStart(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	server.Kill()
	var epochs record
	s, _ := newSwitch(t, quick(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeMemory)
	first := claim(t, s, "first", "anna")
	if !first.Local {
		t.Errorf("claim %+v is not local", first)
	}
	if err := s.Put(t.Context(), "binding/anna", []byte("here"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitMode(t, s, rotation.ModeRedis)
	o, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: epochs.raise}, rotation.ModeRedis)
	eventually(t, "the claim is shared", func() bool { return o.Valid(t.Context(), first) })
	if v, err := o.Get(t.Context(), "binding/anna"); err != nil || string(v) != "here" {
		t.Errorf("the value is %q, %v", v, err)
	}
	if c := claim(t, s, "second", "boris"); c.Local || c.Token <= first.Token {
		t.Errorf("claim %+v after %+v", c, first)
	}
}

// TestIdleNodeNoticesRestore: a node that has not seen the tokens that were forgotten gives none of them again.
func TestIdleNodeNoticesRestore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, stop := newSwitch(t, patient(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	idle, err := rotation.NewRedis(patient(server.URL()), rotation.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	claim(t, idle, "early", "early")
	snapshot, err := server.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	claim(t, s, "1", "anna")
	last := claim(t, s, "2", "boris")
	stop()
	if err := server.Restore(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	if c := claim(t, idle, "3", "anna"); c.Token <= last.Token {
		t.Errorf("token %#x after %#x", c.Token, last.Token)
	}
}
