package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// Environment of the re-executed test binary.
const (
	crashPath  = "VAHTA_TEST_CRASH_PATH"
	crashFirst = "VAHTA_TEST_CRASH_FIRST"
)

// TestCrashWriter is the victim of TestKill: it commits from 16 goroutines and
// prints each number after its commit has returned, until it is killed.
func TestCrashWriter(t *testing.T) {
	path := os.Getenv(crashPath)
	if path == "" {
		t.Skip("runs only as the victim of TestKill")
	}
	first, err := strconv.Atoi(os.Getenv(crashFirst))
	must(t, err)
	cfg := Default()
	cfg.Path = path
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	run(t, s)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for n := first + g; ; n += 16 {
				if err := s.Commit(t.Context(), opening(n)); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				fmt.Println("acked", n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKill kills a writing process 20 times; every acknowledged ticket must be
// there and the file sound.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "vahta.db")
	var acked []int
	for round := range 20 {
		got := crash(t, path, 1+round*100_000, 20+13*round)
		acked = append(acked, got...)
		verify(t, path, got)
	}
	verify(t, path, acked)
	t.Logf("20 kills, %d acknowledged tickets, none lost", len(acked))
}

// crash runs the victim until it has acknowledged enough, kills it, and
// returns all it acknowledged.
func crash(t *testing.T, path string, first, enough int) []int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashWriter$")
	cmd.Env = append(os.Environ(), crashPath+"="+path, crashFirst+"="+strconv.Itoa(first))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var acked []int
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "acked ")
		if !ok {
			t.Errorf("victim: %s", lines.Text())
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			continue // the last line, cut by the kill
		}
		if acked = append(acked, n); len(acked) == enough {
			must(t, cmd.Process.Kill())
		}
	}
	_ = cmd.Wait() // killed, as asked
	if len(acked) < enough {
		t.Fatalf("the victim ended by itself after %d tickets", len(acked))
	}
	return acked
}

func verify(t *testing.T, path string, acked []int) {
	t.Helper()
	cfg := Default()
	cfg.Path = path
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.IntegrityCheck(t.Context()))
	for _, n := range acked {
		id := fmt.Sprintf("t%d", n)
		c, err := s.Load(t.Context(), id)
		if err != nil || len(c.Timers) != 1 {
			t.Fatalf("acknowledged ticket %d: %+v %v", n, c, err)
		}
		must(t, s.Verify(t.Context(), id))
		if _, taken, err := s.Signal(t.Context(), dispatch.SignalID{Channel: dispatch.ChannelCall, Key: fmt.Sprintf("call-%d", n)}); err != nil || taken.Ticket != id {
			t.Fatalf("signal of ticket %d: %+v %v", n, taken, err)
		}
	}
}
