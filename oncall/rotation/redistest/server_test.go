package redistest_test

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

func TestServerForgetsAndRemembers(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redistest.Options{})
	ctx := t.Context()
	set := func(v string) {
		t.Helper()
		if err := s.Client().Set(ctx, "k", v, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	want := func(v string) {
		t.Helper()
		got, err := s.Client().Get(ctx, "k").Result()
		if got != v || (err != nil && (v != "" || !errors.Is(err, redis.Nil))) {
			t.Fatalf("got %q, %v, want %q", got, err, v)
		}
	}
	set("old")
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	set("new")
	if err := s.Restore(ctx, snapshot); err != nil {
		t.Fatal(err)
	}
	want("old")
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	want("")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(ctx); err != nil { // a stopped process can be killed
		t.Fatal(err)
	}
	want("old")
}

func TestCluster(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redistest.Options{Cluster: true})
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.Addr()}})
	defer c.Close()
	if err := c.Set(t.Context(), "{vahta}:k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinels(t)
	addr, err := s.MasterAddr(t.Context())
	if err != nil || addr != s.Master.Addr() {
		t.Fatalf("master %s, %v, want %s", addr, err, s.Master.Addr())
	}
}
