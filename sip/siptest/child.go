package siptest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is a foreign program that runs for the time of a test.
type child struct {
	tb   testing.TB
	name string
	cmd  *exec.Cmd
	out  Log[string] // lines of stdout and stderr
	done chan struct{}

	group bool // it forks, and leads a process group
}

// startChild runs a program in dir. A missing program fails the test with the
// command that installs it: what cannot be tested must not look tested.
func startChild(tb testing.TB, program, debian, dir string, args ...string) *child {
	tb.Helper()
	return start(tb, false, nil, program, debian, dir, args...)
}

// startTalking is startChild for a program that is typed to.
func startTalking(tb testing.TB, program, debian, dir string, args ...string) (*child, *os.File) {
	tb.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		tb.Fatalf("open a pipe for %s: %v", program, err)
	}
	defer func() { _ = out.Close() }() // the program has its own
	tb.Cleanup(func() { _ = in.Close() })
	return start(tb, false, out, program, debian, dir, args...), in
}

// startGroup is startChild for a program that forks: killing it kills all of its processes.
func startGroup(tb testing.TB, program, debian, dir string, args ...string) *child {
	tb.Helper()
	return start(tb, true, nil, program, debian, dir, args...)
}

func start(tb testing.TB, group bool, stdin *os.File, program, debian, dir string, args ...string) *child {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Fatalf("%s is not installed; run: apt-get install -y %s", program, debian)
	}
	c := &child{tb: tb, name: program, group: group, cmd: exec.Command(path, args...), done: make(chan struct{})}
	c.cmd.Dir = dir
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: group}
	out, in, err := os.Pipe()
	if err != nil {
		tb.Fatalf("open a pipe for %s: %v", program, err)
	}
	c.cmd.Stdout, c.cmd.Stderr = in, in
	if stdin != nil {
		c.cmd.Stdin = stdin
	}
	if err := c.cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", path, err)
	}
	_ = in.Close()
	go c.follow(out)
	tb.Cleanup(c.kill)
	return c
}

// follow reads the program's output to its end and collects its exit.
func (c *child) follow(out *os.File) {
	defer close(c.done)
	defer func() { _ = out.Close() }()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		c.out.Add(lines.Text())
	}
	_ = c.cmd.Wait() // the exit status is in ProcessState
}

// wait returns the exit code, or ends the test when the program does not end.
func (c *child) wait() int {
	c.tb.Helper()
	ctx, cancel := patient(c.tb)
	defer cancel()
	select {
	case <-c.done:
	case <-ctx.Done():
		c.tb.Fatalf("%s did not end in %v; its output:\n%s", c.name, patience, c.text())
	}
	return c.cmd.ProcessState.ExitCode()
}

func (c *child) kill() {
	if c.group {
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // likewise
	}
	_ = c.cmd.Process.Kill() // it may have ended by itself
	<-c.done
}

// text is the end of the program's output.
func (c *child) text() string {
	lines := c.out.All()
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// awaitPort waits until the program has bound a port. It reads the kernel's
// table: a probe packet would be traffic to the program.
func (c *child) awaitPort(network string, port uint16) {
	c.tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := patient(c.tb)
	defer cancel()
	for !bound(c.cmd.Process.Pid, network, port) {
		select {
		case <-tick.C:
		case <-c.done:
			c.tb.Fatalf("%s ended before it opened %s port %d; its output:\n%s", c.name, network, port, c.text())
		case <-ctx.Done():
			c.tb.Fatalf("%s has not opened %s port %d in %v; its output:\n%s", c.name, network, port, patience, c.text())
		}
	}
}

// tcpListen is the state of a listening socket in /proc/net/tcp.
const tcpListen = "0A"

// bound tells whether a socket is bound to that port where a process lives, in its network namespace.
func bound(pid int, network string, port uint16) bool {
	for _, file := range []string{network, network + "6"} {
		table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, file))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(table)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || network == "tcp" && fields[3] != tcpListen {
				continue
			}
			if _, hex, ok := strings.Cut(fields[1], ":"); ok {
				if n, err := strconv.ParseUint(hex, 16, 16); err == nil && uint16(n) == port {
					return true
				}
			}
		}
	}
	return false
}

// ClosedPort is a loopback address at which nobody listens: a datagram to it is
// answered by ICMP, a connection by RST.
func ClosedPort(tb testing.TB) netip.AddrPort {
	tb.Helper()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), freePorts(tb, 1))
}

// freePorts finds n consecutive ports, the first even, that are free for UDP and
// TCP on the loopback interface now.
func freePorts(tb testing.TB, n int) uint16 {
	tb.Helper()
	for range 100 {
		probe, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			tb.Fatalf("find a free port: %v", err)
		}
		first := localAddr(probe).Port() &^ 1
		_ = probe.Close()
		if int(first)+n < 65536 && allFree(first, n) {
			return first
		}
	}
	tb.Fatalf("find %d free ports in a row on 127.0.0.1: none in 100 tries", n)
	return 0
}

func allFree(first uint16, n int) bool {
	for i := range n {
		if errors.Join(tryBind("udp", first+uint16(i)), tryBind("tcp", first+uint16(i))) != nil {
			return false
		}
	}
	return true
}

func tryBind(network string, port uint16) error {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	if network == "udp" {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
		if err != nil {
			return fmt.Errorf("bind %s: %w", addr, err)
		}
		return conn.Close()
	}
	ln, err := net.Listen("tcp", addr.String())
	if err != nil {
		return fmt.Errorf("bind %s: %w", addr, err)
	}
	return ln.Close()
}
