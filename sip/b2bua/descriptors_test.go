//go:build linux

package b2bua

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// few is how many descriptors the child may open; childEnv makes a test binary the child.
const (
	few      = 256
	childEnv = "VAHTA_TEST_FEW_DESCRIPTORS"
)

// TestFewDescriptorsChild is no test: it is the process that TestDescriptors starts. It answers each call with music, and
// takes every descriptor that is left, or gives them back, as its input says.
func TestFewDescriptorsChild(t *testing.T) { //nolint:paralleltest // has a process of its own
	if os.Getenv(childEnv) == "" {
		t.Skip("started by TestDescriptors")
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: few, Max: few}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	r := newRig(t, rigOptions{
		trunks: func(c *trunk.Config) { c.Phones = append(c.Phones, "127.0.0.0/8") },
		media:  func(c *media.PoolConfig) { c.MinPort, c.MaxPort = 9000, 10998 },
		log:    log,
		deps: func(d *Deps) {
			d.Log = log
			d.Pressure = func() Pressure { return Pressure{Share: float64(opened()) / few, Why: "descriptors"} }
		},
		begin: func(_ *rig, c *Call) {
			c.A().Ring()
			c.Post(func() {
				if c.A().Answer() == nil {
					c.A().Play(media.Looping(media.HoldMusic()))
				}
			})
		},
	})
	fmt.Println("serving", r.at, r.tcp)
	var taken []*os.File
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "take":
			for {
				f, err := os.Open(os.DevNull)
				if err != nil {
					break
				}
				taken = append(taken, f)
			}
		case "release":
			for _, f := range taken {
				_ = f.Close()
			}
			taken = nil
		}
		var use unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
			t.Fatal(err)
		}
		cpu := time.Duration(use.Utime.Nano() + use.Stime.Nano())
		fmt.Println("done", in.Text(), opened(), cpu.Milliseconds())
	}
}

// opened is how many descriptors this process has open.
func opened() int64 {
	info, err := os.Stat("/proc/self/fd")
	if err != nil {
		return 0
	}
	return info.Size()
}

// child is the process with few descriptors as its parent sees it.
type child struct {
	testing.TB
	in    io.Writer
	lines siptest.Log[string]
	sip   netip.AddrPort
	tcp   netip.AddrPort
}

func startChild(t *testing.T) *child {
	t.Helper()
	if opened() == 0 {
		t.Skip("this kernel does not tell how many descriptors are open")
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "-test.run=^TestFewDescriptorsChild$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{TB: t, in: in}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines.Add(s.Text())
		}
	}()
	t.Cleanup(func() {
		_ = in.Close() // it ends by itself
		<-read
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("the child: %v\n%s", err, strings.Join(c.lines.All(), "\n"))
		}
	})
	var at, tcp string
	if _, err := fmt.Sscanf(c.line("serving "), "serving %s %s", &at, &tcp); err != nil {
		t.Fatal(err)
	}
	c.sip, c.tcp = netip.MustParseAddrPort(at), netip.MustParseAddrPort(tcp)
	return c
}

// line waits for a line of the child that holds these words.
func (c *child) line(words string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	got, err := c.lines.Wait(ctx, func(s string) bool { return strings.Contains(s, words) })
	if err != nil {
		c.Fatalf("the child never said %q; it said:\n%s", words, strings.Join(c.lines.All(), "\n"))
	}
	return got
}

// tell gives the child a command and returns its open descriptors and the processor time it has used.
func (c *child) tell(command string) (opened int, cpu time.Duration) {
	c.Helper()
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.Fatal(err)
	}
	var ms int64
	if _, err := fmt.Sscanf(c.line("done "+command), "done "+command+" %d %d", &opened, &ms); err != nil {
		c.Fatal(err)
	}
	return opened, time.Duration(ms) * time.Millisecond
}

// dial opens a TCP connection from an address.
func (c *child) dial(from string) net.Conn {
	c.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from + ":0")), Timeout: patience}
	conn, err := d.DialContext(c.Context(), "tcp4", c.tcp.String())
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = conn.Close() })
	return conn
}

// options sends an OPTIONS by TCP; answered tells how long its answer took.
func (c *child) options(conn net.Conn) {
	c.Helper()
	_, err := fmt.Fprintf(conn, "OPTIONS sip:112@%s SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bK%d\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:112@x>\r\n"+
		"Call-ID: %s\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", c.tcp, conn.LocalAddr(), time.Now().UnixNano(), conn.LocalAddr())
	if err != nil {
		c.Fatal(err)
	}
}

func (c *child) answered(conn net.Conn) time.Duration {
	c.Helper()
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(patience))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "SIP/2.0 ") {
		c.Fatalf("no answer by TCP: %q, %v", line, err)
	}
	return time.Since(began)
}

// call dials in by UDP and returns the answered call with its sound, or the status of the refusal.
func (c *child) call(user string) (*siptest.UA, *siptest.Call, *siptest.RTP, int) {
	c.Helper()
	ua, sound := siptest.NewUA(c, siptest.UAConfig{User: user, Peer: c.sip}), siptest.NewRTP(c)
	call := ua.NewCall("sip:84957770000@" + c.sip.String())
	call.Invite(sound.SDP())
	final := ua.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
	call.Learn(final).Ack(final)
	if final.Status == 200 {
		sound.Learn(final.Body)
		sound.Tone(400)
	}
	return ua, call, sound, final.Status
}

// TestDescriptors runs a process that may open 256 descriptors out of them: by its own doing first, then by hundreds of
// idle TCP connections. A live call goes on all the time, UDP is answered all the time, and TCP at once when there is room.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	c := startChild(t)
	ua, live, sound, status := c.call("live")
	if status != 200 {
		t.Fatalf("the first call hears %d", status)
	}
	heardNow(t, sound)

	// Not one descriptor is left.
	if n, _ := c.tell("take"); n < few {
		t.Fatalf("%d descriptors are open", n)
	}
	waiting := c.dial("127.0.0.2")
	c.options(waiting)
	c.line("connection not accepted")
	_, before := c.tell("look")
	heardNow(t, sound)
	if _, _, _, status := c.call("late"); status != 503 {
		t.Errorf("a call without descriptors hears %d", status)
	}
	if got := ua.Ping(); got.Status != 503 {
		t.Errorf("OPTIONS without descriptors is answered %d", got.Status)
	}
	began := time.Now()
	for range 50 { // a second of sound while accepting fails
		heardNow(t, sound)
	}
	if _, after := c.tell("look again"); after-before > time.Since(began)/2 {
		t.Errorf("accepting without descriptors costs %s of processor time in %s", after-before, time.Since(began))
	}
	c.tell("release")
	if took := c.answered(waiting); took > 5*time.Second {
		t.Errorf("TCP is accepted %s after there is room", took)
	}

	// Idle connections take their share and no more.
	for i := range 400 {
		c.dial(fmt.Sprintf("127.0.0.%d", 10+i%8))
	}
	heardNow(t, sound)
	fresh := c.dial("127.0.0.3")
	c.options(fresh)
	c.answered(fresh)
	if n, _ := c.tell("count"); n > few/2 {
		t.Errorf("%d of %d descriptors are open with 400 idle connections", n, few)
	}
	ua2, second, sound2, status := c.call("second")
	if status != 200 {
		t.Fatalf("a call behind idle connections hears %d", status)
	}
	heardNow(t, sound2)
	heardNow(t, sound)
	for _, end := range []struct {
		ua   *siptest.UA
		call *siptest.Call
	}{{ua, live}, {ua2, second}} {
		end.call.Bye()
		end.ua.ExpectStatus(200, "BYE")
	}
}
