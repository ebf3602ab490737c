package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// pair opens two stores on one file, as two processes do.
func pair(t *testing.T) (a, b *SQL) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vahta.db")
	return at(t, path), at(t, path)
}

// The calls of a dead node go to one heir each, however many ask at once.
func TestTakeOverRace(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	ctx := t.Context()
	must(t, a.Beat(ctx, dispatch.Node{ID: "dead", Until: t0.Add(time.Second)}, t0))
	const calls = 40
	for n := range calls {
		must(t, a.Commit(ctx, served(n+1, "dead")))
	}
	var mu sync.Mutex
	heirs := map[string]string{}
	var wg sync.WaitGroup
	for i, s := range []*SQL{a, b, a, b} {
		heir := fmt.Sprint("n", i)
		wg.Go(func() {
			list, err := s.TakeOver(ctx, heir, false, t0.Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, c := range list {
				if other := heirs[c.ID]; other != "" {
					t.Errorf("call %s was given to %s and %s", c.ID, other, heir)
				}
				heirs[c.ID] = heir
			}
		})
	}
	wg.Wait()
	if len(heirs) != calls {
		t.Errorf("%d calls have an heir, want %d", len(heirs), calls)
	}
	want(t, b.Beat(ctx, dispatch.Node{ID: "dead", Until: t0}, t0), dispatch.ErrTakenOver)
	must(t, a.Beat(ctx, dispatch.Node{ID: "dead", Until: t0}, t0))
}

// What an impatient node was given is not lost to it.
func TestLateAnswersAreOwed(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	must(t, s.Beat(ctx, dispatch.Node{ID: "dead", Until: t0.Add(time.Second)}, t0))
	must(t, s.Commit(ctx, served(1, "dead")))
	// As if the writer had done the work for a caller who had just gone.
	must(t, s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := s.takeOver(ctx, w, "heir", false, t0.Add(time.Minute))
		return err
	}))
	list, err := s.TakeOver(ctx, "heir", false, t0.Add(time.Minute))
	must(t, err)
	if len(list) != 1 || list[0].ID != "call-1" {
		t.Errorf("handed again: %+v", list)
	}
	if list, err := s.TakeOver(ctx, "heir", false, t0.Add(time.Minute)); err != nil || len(list) != 0 {
		t.Errorf("handed a third time: %+v %v", list, err)
	}
	s.owed.tell("dead")
	want(t, s.Beat(ctx, dispatch.Node{ID: "dead", Until: t0}, t0), dispatch.ErrTakenOver)
	must(t, s.Beat(ctx, dispatch.Node{ID: "dead", Until: t0}, t0))
}

// Environment of the processes of TestProcessesShare.
const (
	sharePath  = "VAHTA_TEST_SHARE_PATH"
	shareFirst = "VAHTA_TEST_SHARE_FIRST"
	shareCount = 60
)

// TestShareWriter is a process of TestProcessesShare.
func TestShareWriter(t *testing.T) {
	path := os.Getenv(sharePath)
	if path == "" {
		t.Skip("runs only as a process of TestProcessesShare")
	}
	first, err := strconv.Atoi(os.Getenv(shareFirst))
	must(t, err)
	s := at(t, path)
	var mu sync.Mutex
	var worst time.Duration
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := g; n < shareCount; n += 4 {
				began := time.Now()
				c := opening(first + n)
				c.ID = fmt.Sprint("change-", first+n)
				if err := s.Commit(t.Context(), c); err != nil {
					t.Error(err)
				}
				epoch, err := s.RaiseEpoch(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				worst = max(worst, time.Since(began))
				fmt.Println("epoch", epoch)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	must(t, s.Health())
	fmt.Println("worst", worst)
}

// Processes that share a file race to make it, and write at once: nobody is
// refused, nothing is lost, epochs rise through all of them.
func TestProcessesShare(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	const processes = 3
	path := filepath.Join(t.TempDir(), "vahta.db")
	var mu sync.Mutex
	epochs := map[string]bool{}
	var wg sync.WaitGroup
	for p := range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestShareWriter$", "-test.v")
			cmd.Env = append(os.Environ(), sharePath+"="+path, shareFirst+"="+strconv.Itoa(1+p*shareCount))
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Error(err)
				return
			}
			for lines := bufio.NewScanner(out); lines.Scan(); {
				text := lines.Text()
				if epoch, ok := strings.CutPrefix(text, "epoch "); ok {
					mu.Lock()
					if epochs[epoch] {
						t.Errorf("epoch %s twice", epoch)
					}
					epochs[epoch] = true
					mu.Unlock()
				} else {
					t.Logf("process %d: %s", p, text)
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("process %d: %v", p, err)
			}
		})
	}
	wg.Wait()
	if len(epochs) != processes*shareCount {
		t.Errorf("%d epochs", len(epochs))
	}
	all := make([]int, 0, processes*shareCount)
	for n := range processes * shareCount {
		all = append(all, n+1)
	}
	verify(t, path, all)
}

// Two stores of one process commit at once, one stops, and the other goes on:
// the locks of a database are per process.
func TestPairShares(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vahta.db")
	a := at(t, path)
	must(t, a.Commit(t.Context(), opening(1)))
	cfg := Default()
	cfg.Path = path
	b, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	var wg sync.WaitGroup
	for i, s := range []*SQL{a, b} {
		wg.Go(func() {
			for n := range 30 {
				if err := s.Commit(t.Context(), opening(100*(i+1)+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	_, err = a.Load(t.Context(), "t229")
	must(t, err)
	stop()
	must(t, errors.Join(<-ended, b.Close()))
	must(t, a.Commit(t.Context(), opening(2)))
	must(t, a.Health())
	if !locked(t, path) {
		t.Error("the second store has ended the first one's locks")
	}
	// Another process that closes the file now must not take its companions away.
	verifyAlone(t, path)
	if part, moved := a.files.Load().moved(path); moved {
		t.Errorf("%s was taken away from an open database", filepath.Base(part))
	}
	must(t, a.Commit(t.Context(), opening(3)))
	must(t, a.Health())
}

// locked reports whether this process holds a lock on the file.
func locked(t *testing.T, path string) bool {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("no inode")
	}
	locks, err := os.ReadFile("/proc/locks")
	must(t, err)
	for line := range strings.Lines(string(locks)) {
		if strings.Contains(line, fmt.Sprintf(" %d ", os.Getpid())) && strings.Contains(line, fmt.Sprintf(":%d ", sys.Ino)) {
			return true
		}
	}
	return false
}

// verifyAlone reads the database in a process of its own.
func verifyAlone(t *testing.T, path string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestShareReader$")
	cmd.Env = append(os.Environ(), sharePath+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("reader: %v\n%s", err, out)
	}
}

// TestShareReader is the process of verifyAlone.
func TestShareReader(t *testing.T) {
	path := os.Getenv(sharePath)
	if path == "" {
		t.Skip("runs only as a process of TestPairShares")
	}
	verify(t, path, []int{1, 2})
}
