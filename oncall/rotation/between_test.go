package rotation_test

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// TestGrantedMeanwhile: Redis grants somebody whom this node has granted alone while the answer was under way.
func TestGrantedMeanwhile(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	p := proxy(t, server)
	s, _ := newSwitch(t, patient("redis://"+p.Listen), rotation.Deps{}, rotation.ModeRedis)
	toxic(t, p, `{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":200}}`)
	got := make(chan rotation.Claim)
	go func() {
		c, _, _ := s.Claim(t.Context(), ask("shared", "anna", "boris"))
		got <- c
	}()
	eventually(t, "Redis has granted", func() bool {
		n, err := server.Client().Exists(t.Context(), "{vahta}:claim:anna").Result()
		return err == nil && n == 1
	})
	alone, ok := s.GrantAlone(ask("alone", "anna"))
	if !ok {
		t.Fatal("not granted")
	}
	if c := <-got; c.Person != "boris" {
		t.Errorf("claim %+v, anna is taken by %+v", c, alone)
	}
	kept(t, s, alone)
}

// TestReleasedMeanwhile: a claim that was let go while it was being written again does not stay behind.
func TestReleasedMeanwhile(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	c := claim(t, s, "1", "anna")
	if err := s.Release(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteLate(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	claim(t, s, "2", "anna")
}

// TestCallerGone: who does not wait any more says nothing about Redis.
func TestCallerGone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, ok, err := s.Claim(ctx, ask("call", "anna")); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("claim: %v, %v", ok, err)
	}
	if mode := s.Status().Mode; mode != rotation.ModeRedis {
		t.Errorf("mode %s after a caller who went away", mode)
	}
	if err := server.Cont(); err != nil {
		t.Fatal(err)
	}
	// what Redis may have granted to him is taken back
	eventually(t, "anna is free", func() bool {
		c, ok, err := s.Claim(t.Context(), ask("next", "anna"))
		return err == nil && ok && c.Person == "anna"
	})
}

// TestNoTimeLeft: who comes too late is served by this node, and says nothing about Redis.
func TestNoTimeLeft(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	c, ok, err := s.Claim(ctx, ask("late", "anna"))
	if err != nil || !ok || !c.Local || s.Status().Mode != rotation.ModeRedis {
		t.Errorf("claim %+v, ok %v, err %v, mode %s", c, ok, err, s.Status().Mode)
	}
	eventually(t, "the claim is in Redis", func() bool {
		n, err := server.Client().Exists(t.Context(), "{vahta}:claim:anna").Result()
		return err == nil && n == 1
	})
	if won, err := s.Accept(t.Context(), c); err != nil || !won {
		t.Errorf("accept: %v, %v", won, err)
	}
}

func TestRaise(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	nowhere := url.URL{Scheme: "unix", Path: filepath.Join(t.TempDir(), "redis.sock")}
	for name, where := range map[string]struct {
		cfg  rotation.Config
		mode rotation.Mode
	}{
		"single": {rotation.Default(), rotation.ModeSingle},
		"redis":  {patient(server.URL()), rotation.ModeRedis},
		"memory": {patient(nowhere.String()), rotation.ModeMemory},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var epochs record
			s, _ := newSwitch(t, where.cfg, rotation.Deps{Epoch: epochs.raise}, where.mode)
			before := claim(t, s, "1", "anna")
			epochs.epoch.Store(1000) // other nodes have gone far
			if err := s.Raise(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c := claim(t, s, "2", "boris"); c.Token>>40 != 1001 || c.Token <= before.Token || s.Status().Epoch != 1001 {
				t.Errorf("token %#x after %#x, status %+v, want epoch 1001", c.Token, before.Token, s.Status())
			}
		})
	}
}

// TestBrokenRecord: a panic in the background costs one round of it.
func TestBrokenRecord(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	var epochs record
	var asked atomic.Int64
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{Epoch: func(ctx context.Context) (uint64, error) {
		if asked.Add(1) == 1 {
			panic("broken")
		}
		return epochs.raise(ctx)
	}}, rotation.ModeRedis)
	if c := claim(t, s, "call", "anna"); c.Local || asked.Load() < 2 {
		t.Errorf("claim %+v after %d epochs", c, asked.Load())
	}
}
