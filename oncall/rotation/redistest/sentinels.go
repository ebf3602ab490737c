package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// master is the name that the sentinels know their master by.
const master = "vahta"

// Sentinels are three redis-sentinels that watch a master with one replica.
type Sentinels struct {
	Master, Replica *Server // as they began; after a failover the roles are changed
	sentinels       []*Server
}

// StartSentinels launches a master, its replica and three sentinels; all end with the test.
func StartSentinels(tb TB, args ...string) *Sentinels {
	tb.Helper()
	s, err := LaunchSentinels(tb.Context(), tb.TempDir(), args...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// LaunchSentinels starts a master, its replica and three sentinels that see a dead master after one second. args are of
// both servers. It waits until a failover is possible.
func LaunchSentinels(ctx context.Context, dir string, args ...string) (_ *Sentinels, err error) {
	s := &Sentinels{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	sub := func(name string) string {
		path := filepath.Join(dir, name)
		if e := os.MkdirAll(path, 0o700); e != nil && err == nil {
			err = e
		}
		return path
	}
	if s.Master, err = Launch(ctx, sub("master"), Options{Args: args}); err != nil {
		return s, err
	}
	if s.Replica, err = Launch(ctx, sub("replica"), Options{ReplicaOf: s.Master, Args: args}); err != nil {
		return s, err
	}
	if err = s.Replica.until(ctx, func() bool {
		info, err := s.Replica.client.Info(ctx, "replication").Result()
		return err == nil && contains(info, "master_link_status:up")
	}); err != nil {
		return s, err
	}
	for i := range 3 {
		one, err := launchSentinel(ctx, sub("sentinel"+strconv.Itoa(i)), s.Master)
		if err != nil {
			return s, err
		}
		s.sentinels = append(s.sentinels, one)
	}
	for _, one := range s.sentinels {
		if err = one.until(ctx, func() bool { return ready(ctx, one) }); err != nil {
			return s, fmt.Errorf("the sentinels do not find each other: %w", err)
		}
	}
	return s, nil
}

// ready reports whether a sentinel knows the replica and the two others.
func ready(ctx context.Context, s *Server) bool {
	c := redis.NewSentinelClient(&redis.Options{Addr: s.addr, DisableIdentity: true})
	defer func() { _ = c.Close() }()
	m, err := c.Master(ctx, master).Result()
	return err == nil && m["num-slaves"] == "1" && m["num-other-sentinels"] == "2" && m["flags"] == "master"
}

func launchSentinel(ctx context.Context, dir string, m *Server) (*Server, error) {
	binary, err := exec.LookPath("redis-sentinel")
	if err != nil {
		return nil, ErrMissing
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	host, masterPort, _ := net.SplitHostPort(m.addr)
	conf := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
logfile %s
sentinel monitor %s %s %s 2
sentinel down-after-milliseconds %[4]s 1000
sentinel failover-timeout %[4]s 6000
sentinel parallel-syncs %[4]s 1
`, port, dir, filepath.Join(dir, "redis.log"), master, host, masterPort), 0o600); err != nil {
		return nil, err
	}
	s := &Server{binary: binary, dir: dir, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), args: []string{conf}}
	s.client = redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	if err := s.run(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// URL is what a configuration names.
func (s *Sentinels) URL() string {
	var addrs []string
	for _, one := range s.sentinels {
		addrs = append(addrs, one.addr)
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + master
}

// MasterAddr asks the sentinels who is the master now.
func (s *Sentinels) MasterAddr(ctx context.Context) (string, error) {
	var last error
	for _, one := range s.sentinels {
		c := redis.NewSentinelClient(&redis.Options{Addr: one.addr, DisableIdentity: true})
		pair, err := c.GetMasterAddrByName(ctx, master).Result()
		_ = c.Close()
		if err == nil {
			return net.JoinHostPort(pair[0], pair[1]), nil
		}
		last = err
	}
	return "", fmt.Errorf("ask the sentinels: %w", last)
}

// Close ends all of them.
func (s *Sentinels) Close() {
	for _, one := range append(s.sentinels, s.Replica, s.Master) {
		if one != nil {
			one.Close()
		}
	}
}

func contains(info, line string) bool { return strings.Contains(info, line) }

// tail is the end of a log.
func tail(log []byte) []byte {
	if lines := bytes.Split(bytes.TrimSpace(log), []byte("\n")); len(lines) > 5 {
		return bytes.Join(lines[len(lines)-5:], []byte("\n"))
	}
	return log
}

// Signal sends a signal to the process.
func (s *Server) Signal(sig syscall.Signal) error { return s.cmd.Process.Signal(sig) }
