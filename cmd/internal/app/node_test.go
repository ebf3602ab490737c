package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// binary builds the program once for all tests that need processes of it; TestMain removes it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vahta-test-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "vahta")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, "github.com/butlerspb/vahta/cmd/vahta").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// built is the folder of the binary, for TestMain.
var built string

// cluster is what the nodes of one test share.
type cluster struct {
	testing.TB
	record  string       // the database
	redis   string       // its URL, "" = none
	client  *phone.Phone // behind the operator
	company string       // people, lines, clients and further settings, YAML
	nodes   []*node
}

// node is one process of the product.
type node struct {
	*cluster
	id, dir string
	cmd     *exec.Cmd
	log     *siptest.Log[map[string]any] // what it said since it was started last
	ended   chan struct{}                // closed when the process has ended; err is set
	err     error
	callers int // who have called by reaches

	mu        sync.Mutex
	sip, http string // guarded by mu: where it listens since its last start
}

func newCluster(tb testing.TB, redis, company string) *cluster {
	tb.Helper()
	c := &cluster{TB: tb, redis: redis, company: company, record: filepath.Join(tb.TempDir(), "vahta.db")}
	c.client = startPhone(tb, "client", "udp", phone.Ringing())
	return c
}

// node makes and starts a node.
func (c *cluster) node(id string) *node {
	c.Helper()
	n := &node{cluster: c, id: id, dir: c.TempDir()}
	c.nodes = append(c.nodes, n)
	n.start()
	c.Cleanup(func() {
		if c.Failed() {
			for _, l := range n.log.All() {
				if l["level"] != "DEBUG" {
					c.Log(id, l)
				}
			}
		}
		n.kill()
	})
	return n
}

// file is the path of the node's configuration.
func (n *node) file() string { return filepath.Join(n.dir, "vahta.yaml") }

// configure writes the node's file. Redis and the arbiter get more time than in life: a busy machine is no fault of theirs.
func (n *node) configure() {
	n.Helper()
	text := fmt.Sprintf(`
node: %s
data: %s/data
store: {path: %q}
journal: {size: 4, budget: 2s}
redis: {url: %q, budget: 1s}
drain: 30s
log: {format: json}
http: {listen: "127.0.0.1:0"}
sip: {listen: [{transport: udp, addr: "127.0.0.1:0"}]}
media: {drain: 1ms, shards: 1}
trunks:
  phone_progress: 8s
  operators: [{name: op, host: 127.0.0.1, port: %d, number: "+74957770000", no_options: true}]
hotline: {key_pause: 50ms, last_pause: 50ms, min_round: 50ms, retry_busy: 200ms, person_backoff: 200ms, arbiter_budget: 2s}
dispatch: {commit_budget: 2s, call_back: {prefixes: ["+7916"]}}
%s`, n.id, n.dir, n.record, n.redis, n.client.Addr("udp").Port(), n.company)
	if err := os.WriteFile(n.file(), []byte(text), 0o600); err != nil {
		n.Fatal(err)
	}
}

// start runs the process until it takes calls.
func (n *node) start() {
	n.Helper()
	n.launch()
	n.ready()
}

// launch runs the process.
func (n *node) launch() {
	n.Helper()
	program, err := binary()
	if err != nil {
		n.Fatal(err)
	}
	n.configure()
	n.cmd = exec.CommandContext(context.Background(), program, "serve", "-c", n.file()) // ended by kill
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := n.cmd.StderrPipe()
	if err != nil {
		n.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		n.Fatal(err)
	}
	log, ended := &siptest.Log[map[string]any]{}, make(chan struct{})
	n.log, n.ended = log, ended
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			entry := map[string]any{}
			if json.Unmarshal(lines.Bytes(), &entry) != nil {
				entry["msg"] = lines.Text()
			}
			log.Add(entry)
		}
		n.err = n.cmd.Wait()
	}()
}

// ready waits until the process takes calls.
func (n *node) ready() {
	n.Helper()
	up := n.said("taking calls")
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sip, _ = up["listen"].(string)
	n.http, _ = up["http"].(string)
}

// said waits for a line of the node's log.
func (n *node) said(words string) map[string]any {
	n.Helper()
	ctx, cancel := context.WithCancelCause(within(n.TB))
	ended := n.ended
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-ended:
			cancel(errors.New("the process has ended"))
		case <-stop:
		}
	}()
	line, err := n.log.Wait(ctx, func(l map[string]any) bool {
		msg, _ := l["msg"].(string)
		return strings.Contains(msg, words)
	})
	if err != nil {
		n.Fatalf("node %s never said %q: %v", n.id, words, err)
	}
	return line
}

func (n *node) signal(s syscall.Signal) {
	n.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.Fatalf("signal %s to node %s: %v", s, n.id, err)
	}
}

// kill ends the process at once, as a power cut does.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
}

// gone waits until the process has ended in good order.
func (n *node) gone() {
	n.Helper()
	select {
	case <-n.ended:
		if n.err != nil {
			n.Fatalf("node %s ended with %v", n.id, n.err)
		}
	case <-time.After(patience):
		n.Fatalf("node %s does not end", n.id)
	}
}

// uri is the address of a line at this node.
func (n *node) uri(line string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Replace(n.sip, "sip:", "sip:"+line+"@", 1)
}

// status reads /status.
func (n *node) status() map[string]any {
	n.Helper()
	_, body := n.get("/status")
	var s map[string]any
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		n.Fatalf("status of node %s: %v in %s", n.id, err, body)
	}
	return s
}

func (n *node) web() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.http
}

// get asks a probe of the process.
func (n *node) get(path string) (int, string) {
	n.Helper()
	req, err := http.NewRequestWithContext(within(n.TB), http.MethodGet, "http://"+n.web()+path, nil)
	if err != nil {
		n.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&b); err != nil {
		n.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

// desk asks the node what its commands would ask.
func (n *node) desk() *desk.Remote {
	n.Helper()
	d, err := desk.Dial(within(n.TB), filepath.Join(n.dir, "data", desk.Socket))
	if err != nil {
		n.Fatal(err)
	}
	return d
}

// calls lists all calls that the node knows.
func (n *node) calls() []dispatch.CallRecord {
	n.Helper()
	calls, err := n.desk().Calls(within(n.TB), dispatch.CallFilter{Limit: 10_000})
	if err != nil {
		n.Fatal(err)
	}
	return calls
}

// tickets lists all tickets that the node knows.
func (n *node) tickets() []ticket.Ticket {
	n.Helper()
	list, err := n.desk().Tickets(within(n.TB), dispatch.TicketFilter{Limit: 10_000})
	if err != nil {
		n.Fatal(err)
	}
	return list
}

// timeline is a ticket's log as text.
func (n *node) timeline(t ticket.Ticket) string {
	n.Helper()
	v, err := n.desk().Ticket(within(n.TB), t.ID, "en")
	if err != nil {
		n.Fatal(err)
	}
	return v.Timeline
}

// command runs one of the program's commands on the node's configuration, and returns what it shows.
func (n *node) command(args ...string) string {
	n.Helper()
	program, err := binary()
	if err != nil {
		n.Fatal(err)
	}
	out, err := exec.CommandContext(within(n.TB), program, append(args, "--lang", "en", "-c", n.file())...).CombinedOutput()
	if err != nil {
		n.Fatalf("vahta %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// dial calls a line at the node from a phone of the caller's own.
func (n *node) dial(line, from string, o phone.Options) *phone.Session {
	n.Helper()
	o.From = from
	s, err := startPhone(n.TB, "caller", "udp", phone.Answer{}).Dial(n.Context(), n.uri(line), o)
	if err != nil {
		n.Fatal(err)
	}
	return s
}

// engineers starts phones and returns them with their people as YAML.
func engineers(tb testing.TB, answers ...phone.Answer) ([]*phone.Phone, string) {
	tb.Helper()
	var phones []*phone.Phone
	var text strings.Builder
	text.WriteString("people:\n")
	for i, a := range answers {
		p := startPhone(tb, "engineer", "udp", a)
		phones = append(phones, p)
		fmt.Fprintf(&text, "  - {id: e%d, name: Engineer %d, devices: [{kind: softphone, uri: %q}]}\n", i+1, i+1, p.URI())
	}
	return phones, text.String()
}

// ladder is a line that rings people one after another, as YAML.
func ladder(id, settings string, people int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "  - {id: %s, dids: [%s], language: en, ring_time: 10s, answer_after: 1m%s, ladder: [", id, id, settings)
	for i := range people {
		fmt.Fprintf(&text, "{people: [e%d]},", i+1)
	}
	return text.String() + "]}\n"
}
