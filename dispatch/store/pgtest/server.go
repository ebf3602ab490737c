package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// TB is what Start needs of a test; *testing.T and *testing.B have it. Programs must not link the testing package.
type TB interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Cleanup(f func())
}

// ErrMissing says that the programs are not installed.
var ErrMissing = errors.New("postgres is not installed: run `make deps`")

const (
	startTime = 30 * time.Second // until a server answers; a busy machine needs some
	owner     = "vahta"          // the server's superuser, without a password: it listens at this machine alone
)

// Options say what kind of server it is. The zero value does not wait for the disk, as tests want it.
type Options struct {
	Durable  bool     // fsync, as in production: for figures and drills of the disk
	Settings []string // further settings, such as "log_statement=all"
}

// Server is a running PostgreSQL.
type Server struct {
	bin, dir, data string

	port   int
	opts   Options
	who    *syscall.Credential // nil = who we are
	cmd    *exec.Cmd
	exited chan struct{}
	made   atomic.Int64 // databases
}

// Start launches a server that ends with the test.
func Start(tb TB, opts Options) *Server {
	tb.Helper()
	s, err := Launch(tb.Context(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Launch starts a server in a new temporary folder and waits until it answers. Close it.
func Launch(ctx context.Context, opts Options) (_ *Server, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // short: the path of a socket has 107 bytes
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, data: filepath.Join(dir, "data"), opts: opts}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.who, err = credential(); err != nil {
		return nil, err
	}
	if s.who != nil {
		if err := os.Chown(dir, int(s.who.Uid), int(s.who.Gid)); err != nil {
			return nil, err
		}
	}
	if s.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	setup := s.command(ctx, "initdb", "-D", s.data, "-U", owner, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := setup.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, s.run(ctx)
}

// programs finds the folder of the server's programs, which Debian keeps off the path.
func programs() (string, error) {
	if at, err := exec.LookPath("initdb"); err == nil {
		if at, err = filepath.EvalSymlinks(at); err == nil {
			return filepath.Dir(at), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return "", ErrMissing
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

func version(bin string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	if err != nil {
		return 0
	}
	return n
}

// credential is whom the server runs as.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // as who we are
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user for PostgreSQL, which refuses to run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
}

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: s.who, Setpgid: true}
	return cmd
}

// run starts the process and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	args := []string{"-D", s.data, "-k", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}
	settings := slices.Clone(s.opts.Settings)
	if !s.opts.Durable {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=on")
	}
	for _, one := range append(settings, "max_connections=200", "shared_buffers=64MB", "unix_socket_permissions=0777") {
		args = append(args, "-c", one)
	}
	cmd := s.command(context.WithoutCancel(ctx), "postgres", args...)
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Start()
	_ = log.Close() // the server has its own
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return s.until(ctx, func() bool { return s.Exec(ctx, "SELECT 1") == nil })
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "postgres.log") }

// until asks often until it is so.
func (s *Server) until(ctx context.Context, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres in %s does not answer: %w: %s", s.dir, context.Cause(ctx), s.Log())
		case <-s.exited:
			return fmt.Errorf("postgres has ended: %s", s.Log())
		case <-tick.C:
		}
	}
	return nil
}

// Log is the end of what the server has written.
func (s *Server) Log() string {
	text, _ := os.ReadFile(s.logFile())
	const end = 2000
	return string(text[max(0, len(text)-end):])
}

// Addr is where the server listens over TCP.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL names a database over TCP, as a configuration does.
func (s *Server) URL(database string) string { return s.URLAt(s.Addr(), database) }

// URLAt names a database of the server that is reached at another address, such as a proxy's.
func (s *Server) URLAt(addr, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(owner), Host: addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Database makes a new database and returns its name.
func (s *Server) Database(ctx context.Context) (string, error) { return s.Copy(ctx, "template0") }

// Copy makes a copy of a database to which nobody is connected and returns its name.
func (s *Server) Copy(ctx context.Context, template string) (string, error) {
	name := "db" + strconv.FormatInt(s.made.Add(1), 10)
	return name, s.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

// Exec runs statements in the server's own database, past everything under test.
func (s *Server) Exec(ctx context.Context, statements string) error {
	return s.ExecIn(ctx, "postgres", statements)
}

// ExecIn is Exec in another database.
func (s *Server) ExecIn(ctx context.Context, database, statements string) error {
	conn, err := s.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left on it
	if _, err = conn.Exec(ctx, statements); err != nil {
		return fmt.Errorf("%s: %w", strings.SplitN(statements, "\n", 2)[0], err)
	}
	return nil
}

// Connect opens a connection of the caller's own, over the socket.
func (s *Server) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s database=%s sslmode=disable", s.dir, s.port, owner, database))
}

// Hang stops the server and all its processes (SIGSTOP): connections stay, nothing is answered. Go on with Thaw.
func (s *Server) Hang() error { return s.signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

// signal reaches all processes of the server, the first one first. Each of the others is the leader of a session of its own.
func (s *Server) signal(sig syscall.Signal) error {
	if err := s.cmd.Process.Signal(sig); err != nil {
		return err
	}
	for _, pid := range s.children() {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// children are the processes that serve the connections and the disk.
func (s *Server) children() []int {
	var list []int
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		const parent = 1 // behind the state
		if len(fields) > parent && fields[parent] == strconv.Itoa(s.cmd.Process.Pid) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				list = append(list, pid)
			}
		}
	}
	return list
}

// Kill ends the server and all its processes at once, as a crash of the machine would but for the page cache, and waits
// for its end.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGSTOP) // it would mend what it sees die
	children := s.children()
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	for _, pid := range children { // as long as one has the shared memory, no other server starts
		s.gone(pid)
	}
}

// gone waits for the end of a process that was killed.
func (s *Server) gone(pid int) {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Restart starts the server again, killed before unless it is, at the same address and with what is on the disk.
func (s *Server) Restart(ctx context.Context) error {
	s.Kill()
	const tries = 5
	for n := 1; ; n++ { // a process that began while it was killed may have to see that itself
		err := s.run(ctx)
		if err == nil || n == tries || ctx.Err() != nil || !strings.Contains(err.Error(), "shared memory") {
			return err
		}
		s.Kill()
	}
}

// Close ends the server and removes its files. It may be called again.
func (s *Server) Close() {
	s.Kill()
	_ = os.RemoveAll(s.dir)
}

// freePort returns a TCP port nobody listens at now.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // only its number is wanted
	return l.Addr().(*net.TCPAddr).Port, nil
}
