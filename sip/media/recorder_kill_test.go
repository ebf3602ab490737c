package media

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	childFile = "VAHTA_TEST_RECORD" // set in the child: the file to record
	childTime = 10 * time.Second    // recorded before the child is killed
)

// recorderChild is the process that TestRecordingSurvivesKill kills: it records ten seconds of its own time, says so,
// and waits.
func recorderChild() bool {
	path := os.Getenv(childFile)
	if path == "" {
		return false
	}
	r, err := NewRecorder(path)
	if err != nil {
		fmt.Println(err)
		return true
	}
	var left, right track
	for i := range uint32(childTime / frameTime) {
		at := time.Duration(i+1) * frameTime
		r.write(Left, &left, at, i*frameSamples, payloadOf(1), lawA)
		r.write(Right, &right, at, i*frameSamples, payloadOf(2), lawA)
		_ = r.advance(at)
		r.settle()
	}
	fmt.Println("ready")
	hold := make(chan os.Signal, 1)
	signal.Notify(hold, syscall.SIGTERM)
	<-hold
	return true
}

// settle lets the writer finish: a test's time runs faster than a disk.
func (r *Recorder) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.writing {
		r.idle.Wait()
	}
}

func TestRecordingSurvivesKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "call.wav")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	left, right := recording(t, path)
	if min := (childTime - time.Second) / sampleTime; len(left) < int(min) || len(left) != len(right) {
		t.Fatalf("%d samples left, %d right, want at least %d", len(left), len(right), min)
	}
	for i := range left {
		if left[i] != 1 || right[i] != 2 {
			t.Fatalf("sample %d is %d/%d", i, left[i], right[i])
		}
	}
	if sox, err := exec.LookPath("sox"); err == nil {
		if out, err := exec.CommandContext(t.Context(), sox, path, "-n", "stat").CombinedOutput(); err != nil {
			t.Errorf("sox: %v\n%s", err, out)
		}
	}
}
