package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// bootLimit is how long a node may take until it answers calls, on a busy machine.
const bootLimit = 30 * time.Second

// node is one running Vahta, or one that was killed and can be started again
// in the same place.
type node struct {
	rig    *rig
	name   string
	dir    string // its data folder
	file   string // its configuration
	sip    int    // ports
	http   int
	record string // its database
	nofile int    // limit of descriptors; 0 = none of ours
	client http.Client

	mu      sync.Mutex
	cmd     *exec.Cmd     // guarded by mu; nil when it does not run
	gone    chan struct{} // guarded by mu; closed when the process is no more
	ending  bool          // guarded by mu; its end is our wish
	killed  []time.Time   // guarded by mu
	crashed []string      // guarded by mu; ends that nobody wished
}

// start runs the program and returns when it would answer a call.
func (n *node) start(ctx context.Context) error {
	args := []string{n.rig.binary, "serve", "--config", n.file}
	if n.nofile > 0 {
		args = append([]string{"prlimit", "--nofile=" + strconv.Itoa(n.nofile)}, args...)
	}
	log, err := os.OpenFile(filepath.Join(n.rig.dir, n.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start node %s: %w", n.name, err)
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // it outlives this call and is ended by kill or stop
	cmd.Dir, cmd.Stderr, cmd.Stdout = n.rig.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start node %s: %w", n.name, err), log.Close())
	}
	gone := make(chan struct{})
	n.mu.Lock()
	n.cmd, n.gone, n.ending = cmd, gone, false
	n.mu.Unlock()
	go func() {
		err := cmd.Wait()
		_ = log.Close()
		n.mu.Lock()
		if !n.ending {
			n.crashed = append(n.crashed, fmt.Sprintf("node %s ended by itself: %v", n.name, err))
		}
		n.cmd = nil
		n.mu.Unlock()
		close(gone)
	}()
	_, err = until(ctx, bootLimit, "node "+n.name+" to be ready", func() bool {
		select {
		case <-gone:
			return true
		default:
		}
		return n.get(ctx, "/readyz", nil) == nil
	})
	select {
	case <-gone:
		return fmt.Errorf("node %s ended at its start:\n%s", n.name, n.lastLog())
	default:
	}
	return err
}

// signal sends a signal to the process, if it runs.
func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		n.ending = n.ending || s == syscall.SIGKILL || s == syscall.SIGTERM
		_ = n.cmd.Process.Signal(s)
	}
}

// kill is kill -9; it returns when the process is no more.
func (n *node) kill() {
	n.mu.Lock()
	gone, running := n.gone, n.cmd != nil
	if running {
		n.killed = append(n.killed, time.Now())
	}
	n.mu.Unlock()
	n.signal(syscall.SIGKILL)
	if running {
		<-gone
	}
}

// stop ends the node in good order.
func (n *node) stop(ctx context.Context) error {
	n.mu.Lock()
	gone, running := n.gone, n.cmd != nil
	n.mu.Unlock()
	if !running {
		return nil
	}
	n.signal(syscall.SIGTERM)
	select {
	case <-gone:
		return nil
	case <-time.After(bootLimit):
		n.kill()
		return fmt.Errorf("node %s did not stop within %s", n.name, bootLimit)
	case <-ctx.Done():
		n.kill()
		return context.Cause(ctx)
	}
}

func (n *node) pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return 0
	}
	return n.cmd.Process.Pid
}

// ends are the ends of the process that nobody wished, and the instants of kill.
func (n *node) ends() (crashed []string, killed []time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.crashed...), append([]time.Time(nil), n.killed...)
}

// get reads one page of the node's health listener into v, or only whether it is well.
func (n *node) get(ctx context.Context, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", n.http, path), nil)
	if err != nil {
		return err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("node %s answers %s with %s: %s", n.name, path, resp.Status, bytes.TrimSpace(body))
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(body, v)
}

// status is what a node says of itself; what it does not say is empty.
type status struct {
	Ready    string `json:"ready"`
	Calls    int    `json:"calls"`
	Record   string `json:"record"`
	Rotation struct {
		Mode string `json:"mode"`
	} `json:"rotation"`
	Journal struct {
		State   string `json:"state"`
		Pending int    `json:"pending"`
	} `json:"journal"`
}

func (n *node) status(ctx context.Context) (status, error) {
	var s status
	err := n.get(ctx, "/status", &s)
	return s, err
}

// metric reads a figure of the node, summed over its labels.
func (n *node) metric(ctx context.Context, name string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", n.http), nil)
	if err != nil {
		return 0, err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(string(body)) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '{') {
			continue
		}
		fields := strings.Fields(rest)
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("read metric %s: %w", name, err)
		}
		sum += v
	}
	return sum, nil
}

// lastLog is the end of what the node has logged.
func (n *node) lastLog() string {
	b, err := os.ReadFile(filepath.Join(n.rig.dir, n.name+".log"))
	if err != nil {
		return err.Error()
	}
	const shown = 2000
	return string(b[max(0, len(b)-shown):])
}
