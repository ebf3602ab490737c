package wire

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// A look at the files that hangs on a slow disk does not bring an old certificate back into force after a renewal.
func TestTLSReloadWhileFilesAreReadSlowly(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	dir := t.TempDir()
	signers, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	slow, file := filepath.Join(dir, "slow"), filepath.Join(dir, "ca")
	if err := syscall.Mkfifo(slow, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(slow, file); err != nil { // read last
		t.Fatal(err)
	}
	cert, key := ca.Issue(time.Now().Add(time.Hour), "old.example.org")
	c := newCredentials("listener", cert, key, file)
	tick, renewal := make(chan error, 1), make(chan error, 1)
	go func() { tick <- c.refresh(false) }()
	w, err := os.OpenFile(slow, os.O_WRONLY, 0) // waits until the tick has come to it
	if err != nil {
		t.Fatal(err)
	}
	ca.Renew(cert, key, nextYear(), "new.example.org")
	if err := os.WriteFile(file+".new", signers, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	go func() { renewal <- c.refresh(true) }()
	var renewed error
	select {
	case renewed = <-renewal: // it did not wait: the tick ends last
		renewal <- renewed
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := w.Write(signers); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, done := range []chan error{tick, renewal} {
		if err := want(t, done); err != nil {
			t.Error(err)
		}
	}
	if err := c.refresh(false); err != nil {
		t.Error(err)
	}
	if got := c.report(time.Now())[0].Subject; !strings.Contains(got, "new.example.org") {
		t.Errorf("%s is in force for good", got)
	}
}
