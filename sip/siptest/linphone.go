package siptest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// LinphoneRun is Debian's linphonec 5.1 at work, as it was set up by a remote
// provisioning address and by nothing else.
type LinphoneRun struct {
	*child
	rc string // its settings file
	in io.WriteCloser
}

// StartLinphone runs linphonec for the time of the test with the address it
// fetches its settings from, or with the settings file that an earlier run left.
// ca is whom it trusts, a PEM file; its TLS matches names in certificates, not
// addresses. Where there is no way into the world it gives up after five seconds.
func StartLinphone(tb testing.TB, provisioning, rc, ca string) *LinphoneRun {
	tb.Helper()
	dir := tb.TempDir()
	if rc == "" {
		rc = filepath.Join(dir, "linphonerc")
		writeFile(tb, rc, fmt.Appendf(nil, "[misc]\nconfig-uri=%s\n\n[net]\nmtu=1300\n\n[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nroot_ca=%s\n", provisioning, ca))
	}
	for _, folder := range []string{".local/share/linphone", ".config/linphone"} { // it dies without, instead of making them
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			tb.Fatalf("make a folder for linphonec: %v", err)
		}
	}
	tb.Setenv("HOME", dir)
	r := &LinphoneRun{rc: rc}
	r.child, r.in = startTalking(tb, "linphonec", "linphone-cli", dir, "-c", rc, "-d", "5", "-l", filepath.Join(dir, "log"))
	tb.Cleanup(func() {
		if tb.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			tb.Logf("linphonec:\n%s\n%s", r.text(), lastLines(string(log), 200))
		}
	})
	return r
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Settings is the path of its settings file; it is written when linphonec quits.
func (r *LinphoneRun) Settings() string { return r.rc }

// Command types a command, such as "answer", "terminate", "quit".
func (r *LinphoneRun) Command(line string) {
	r.tb.Helper()
	if _, err := fmt.Fprintln(r.in, line); err != nil {
		r.tb.Fatalf("type %q to linphonec: %v", line, err)
	}
}

// Says waits until a line of its output, past or to come, holds the words.
func (r *LinphoneRun) Says(words string) string {
	r.tb.Helper()
	ctx, cancel := patient(r.tb)
	defer cancel()
	line, err := r.out.Wait(ctx, func(s string) bool { return strings.Contains(s, words) })
	if err != nil {
		r.tb.Fatalf("linphonec does not say %q: %v; its output:\n%s", words, err, r.text())
	}
	return line
}

// Quit ends linphonec in good order.
func (r *LinphoneRun) Quit() {
	r.tb.Helper()
	r.Command("quit")
	r.wait()
}
