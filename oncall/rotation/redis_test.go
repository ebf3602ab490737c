package rotation_test

import (
	"context"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
	"github.com/butlerspb/vahta/oncall/rotation/rotationtest"
)

// patient is a configuration that a busy machine does not make fall.
func patient(url string) rotation.Config { return rotation.Config{URL: url, Budget: time.Second} }

// age lets time pass for everything that the server keeps.
var age = redis.NewScript(`
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if string.find(key, ':values:', 1, true) then
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      local ends = tonumber(string.sub(all[i + 1], 1, 16)) - ARGV[1]
      redis.call('HSET', key, all[i], string.format('%016d', ends) .. string.sub(all[i + 1], 17))
    end
  end
  if left > 0 and left <= tonumber(ARGV[1]) then redis.call('DEL', key)
  elseif left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
return 1`)

func advance(t *testing.T, s *redistest.Server, d time.Duration) {
	t.Helper()
	keys, err := s.Client().Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) > 0 {
		if err := age.Run(t.Context(), s.Client(), keys, d.Milliseconds()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs something until the test or its stop ends.
func start(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		work.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(15 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

// waitMode waits until the switch has turned.
func waitMode(t *testing.T, s *rotation.Switch, mode rotation.Mode) {
	t.Helper()
	eventually(t, "mode "+mode.String(), func() bool { return s.Status().Mode == mode })
}

// newSwitch returns a running one that has reached its mode.
func newSwitch(t *testing.T, cfg rotation.Config, deps rotation.Deps, mode rotation.Mode) (*rotation.Switch, func()) {
	t.Helper()
	s, err := rotation.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	stop := start(t, s.Run)
	waitMode(t, s, mode)
	return s, stop
}

func suiteOnRedis(t *testing.T, opts redistest.Options) {
	t.Helper()
	server := redistest.Start(t, opts)
	stop := func() {}
	rotationtest.Suite(t, func(t *testing.T) rotationtest.Subject {
		t.Helper()
		stop()
		if err := server.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := rotation.NewRedis(patient(server.URL()), rotation.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		stop = sync.OnceFunc(func() { _ = r.Close() })
		t.Cleanup(stop)
		return rotationtest.Subject{Rotation: r, Advance: func(d time.Duration) { advance(t, server, d) }}
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	suiteOnRedis(t, redistest.Options{})
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	suiteOnRedis(t, redistest.Options{Cluster: true})
}

func TestSwitchOnRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	stop := func() {}
	rotationtest.Suite(t, func(t *testing.T) rotationtest.Subject {
		t.Helper()
		stop()
		if err := server.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		var s *rotation.Switch
		s, stop = newSwitch(t, patient(server.URL()), rotation.Deps{Now: c.now}, rotation.ModeRedis)
		return rotationtest.Subject{Rotation: s, Advance: func(d time.Duration) {
			c.advance(d)
			advance(t, server, d)
		}}
	})
}

func TestSwitchWithoutRedis(t *testing.T) {
	t.Parallel()
	nowhere := url.URL{Scheme: "unix", Path: filepath.Join(t.TempDir(), "redis.sock")}
	stop := func() {}
	rotationtest.Suite(t, func(t *testing.T) rotationtest.Subject {
		t.Helper()
		stop()
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		var s *rotation.Switch
		s, stop = newSwitch(t, patient(nowhere.String()), rotation.Deps{Now: c.now}, rotation.ModeMemory)
		return rotationtest.Subject{Rotation: s, Advance: c.advance}
	})
}

func TestSwitchAlone(t *testing.T) {
	t.Parallel()
	rotationtest.Suite(t, func(t *testing.T) rotationtest.Subject {
		t.Helper()
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		s, err := rotation.New(rotation.Default(), rotation.Deps{Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		if !s.Instant() || s.Status().Mode != rotation.ModeSingle {
			t.Errorf("without a configured Redis: instant %v, %+v", s.Instant(), s.Status())
		}
		return rotationtest.Subject{Rotation: s, Advance: c.advance}
	})
}
