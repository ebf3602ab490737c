package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// TB is what Start needs of a test; *testing.T and *testing.B have it. Programs must not link the testing package.
type TB interface {
	Helper()
	Context() context.Context
	TempDir() string
	Fatal(args ...any)
	Cleanup(f func())
}

// Options say what kind of server it is. The zero value is a single one that saves nothing by itself.
type Options struct {
	// Cluster makes it a Cluster of one node that has all slots.
	Cluster bool
	// ReplicaOf makes it a replica of another one.
	ReplicaOf *Server
	// Args are further arguments of redis-server, such as "--maxmemory", "10mb".
	Args []string
}

// Server is a running redis-server.
type Server struct {
	binary string
	args   []string
	dir    string
	addr   string
	opts   Options
	client *redis.Client
	cmd    *exec.Cmd
	exited chan struct{}
	own    bool // dir is ours to remove
}

// quiet keeps the library from writing to stderr while a server starts or is away.
type quiet struct{}

// Printf does nothing.
func (quiet) Printf(context.Context, string, ...any) {}

var silence = sync.OnceFunc(func() { redis.SetLogger(quiet{}) }) //nolint:gochecknoglobals // the library's logger is one per process

// startTime bounds how long a server may take until it answers; a busy machine needs some.
const startTime = 15 * time.Second

// ErrMissing says that the programs are not installed.
var ErrMissing = errors.New("redis-server is not installed: run `make deps`")

// Start launches a server that ends with the test.
func Start(tb TB, opts Options) *Server {
	tb.Helper()
	s, err := Launch(tb.Context(), tb.TempDir(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Launch starts a server with its files in dir ("" = a new temporary folder) and waits until it answers. Close it.
func Launch(ctx context.Context, dir string, opts Options) (*Server, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrMissing
	}
	silence()
	own := dir == ""
	if own {
		if dir, err = os.MkdirTemp("", "redis"); err != nil {
			return nil, err
		}
	}
	for try := 0; ; try++ {
		s, err := launch(ctx, binary, dir, opts)
		if err == nil {
			s.own = own
			return s, nil
		}
		if try == 4 || ctx.Err() != nil { // somebody else may have taken the port
			return nil, err
		}
	}
}

func launch(ctx context.Context, binary, dir string, opts Options) (*Server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{binary: binary, dir: dir, opts: opts, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	s.args = []string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no",
		"--logfile", filepath.Join(dir, "redis.log"), "--daemonize", "no", "--repl-diskless-sync-delay", "0",
	}
	if opts.Cluster {
		bus, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		s.args = append(s.args, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus), "--cluster-config-file", "nodes.conf")
	}
	if m := opts.ReplicaOf; m != nil {
		host, port, _ := net.SplitHostPort(m.addr)
		s.args = append(s.args, "--replicaof", host+" "+port)
	}
	s.args = append(s.args, opts.Args...)
	s.client = redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	if err := s.run(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if opts.Cluster {
		if err := s.client.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
			s.Close()
			return nil, fmt.Errorf("give the cluster its slots: %w", err)
		}
		if err := s.until(ctx, func() bool {
			info, err := s.client.ClusterInfo(ctx).Result()
			return err == nil && contains(info, "cluster_state:ok")
		}); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// run starts the process and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.binary, s.args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return s.until(ctx, func() bool { return s.client.Ping(ctx).Err() == nil })
}

// until asks often until it is so.
func (s *Server) until(ctx context.Context, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis-server at %s does not answer: %w", s.addr, context.Cause(ctx))
		case <-s.exited:
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			return fmt.Errorf("redis-server has ended: %s", tail(log))
		case <-tick.C:
		}
	}
	return nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.addr }

// URL is what a configuration names.
func (s *Server) URL() string {
	if s.opts.Cluster {
		return "redis+cluster://" + s.addr
	}
	return "redis://" + s.addr
}

// Client speaks to the server past everything under test. It is closed with the server.
func (s *Server) Client() *redis.Client { return s.client }

// Stop lets the process hang (SIGSTOP): its connections stay, nothing is answered.
func (s *Server) Stop() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Cont lets it go on.
func (s *Server) Cont() error { return s.cmd.Process.Signal(syscall.SIGCONT) }

// Kill ends the process at once (SIGKILL) and waits for its end. What it had not saved is lost.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

// Restart starts the process again after Kill, at the same address and with what is in its folder.
func (s *Server) Restart(ctx context.Context) error {
	s.Kill()
	return s.run(ctx)
}

// Flush forgets everything (FLUSHALL).
func (s *Server) Flush(ctx context.Context) error { return s.client.FlushAll(ctx).Err() }

// Snapshot saves what there is and returns it.
func (s *Server) Snapshot(ctx context.Context) ([]byte, error) {
	if err := s.client.Save(ctx).Err(); err != nil {
		return nil, fmt.Errorf("save: %w", err)
	}
	return os.ReadFile(filepath.Join(s.dir, "dump.rdb"))
}

// Restore kills the server and starts it with an older snapshot; nil: with nothing.
func (s *Server) Restore(ctx context.Context, snapshot []byte) error {
	s.Kill()
	file := filepath.Join(s.dir, "dump.rdb")
	if snapshot == nil {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return s.run(ctx)
	}
	if err := os.WriteFile(file, snapshot, 0o600); err != nil {
		return err
	}
	return s.run(ctx)
}

// Close ends the server. It may be called again.
func (s *Server) Close() {
	s.Kill()
	_ = s.client.Close()
	if s.own {
		_ = os.RemoveAll(s.dir)
	}
}

// freePort returns a TCP port nobody listens at now.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
