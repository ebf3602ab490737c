package siptest

import (
	"net/netip"
	"os/exec"
	"strconv"
	"testing"
)

// Sipvicious runs a tool of Debian's sipvicious (svmap, svwar, svcrack) against a SIP port, and returns what it printed. It is ended
// after 25 s: a tool that has heard answers and then hears none waits for ever. On loopback it comes from 127.0.0.1: its option for another source is not heeded by all tools.
func Sipvicious(tb testing.TB, tool string, at netip.AddrPort, args ...string) string {
	tb.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		tb.Fatalf("%s is not installed; run: apt-get install -y sipvicious", tool)
	}
	home := tb.TempDir() // sessions are kept in ~/.sipvicious
	tb.Setenv("HOME", home)
	words := append([]string{"25", tool, "-p", strconv.Itoa(int(at.Port()))}, args...)
	c := startChild(tb, "timeout", "coreutils", home, append(words, at.Addr().String())...)
	c.wait()
	return c.text()
}
