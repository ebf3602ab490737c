package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/siptest"
)

// torture reads the messages of RFC 4475, which sipgo's module carries.
func torture(tb testing.TB) map[string][]byte {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		tb.Skipf("sipgo's module, which carries the messages, is not at hand: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "sip", "testdata", "torture", "*", "*.dat"))
	if err != nil || len(files) < 40 {
		tb.Fatalf("%d messages: %v", len(files), err)
	}
	messages := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		messages[filepath.Base(filepath.Dir(f))+"/"+strings.TrimSuffix(filepath.Base(f), ".dat")] = data
	}
	return messages
}

var callIDHeader = regexp.MustCompile(`(?im)^(?:call-id|i)[ \t]*:[ \t\r\n]*(\S+)`)

// liberal are messages with a fault that leaves no doubt who calls whom: a caller is not turned away for them.
func liberal() []string {
	return []string{
		"invalid/inv2543", // by the book of 1999 (RFC 4475 section 3.4.1)
		"invalid/baddate", // its Date is in the wrong zone (section 3.1.2.12: may be ignored)
	}
}

// TestTorture sends the messages of RFC 4475 to a line that takes every number. It answers a good message after each, and
// none of the invalid ones is a call or a ticket.
func TestTorture(t *testing.T) {
	t.Parallel()
	messages := torture(t)
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *config.Config) {
				c.Lines = append(c.Lines, dispatch.Line{ID: "any", Ladder: nobody(), Rounds: 1})
			})
			alive := r.raw(t, "alive")
			byCall := map[string]string{}
			for name, data := range messages {
				ua := siptest.NewUA(t, siptest.UAConfig{Transport: transport, Peer: r.addr(transport)})
				ua.SendRaw(data)
				if transport == "tcp" { // a stream that has gone wrong is closed; others are served
					ua.Hangup()
				}
				alive.Ping()
				if id := callIDHeader.FindSubmatch(data); id != nil {
					byCall[string(id[1])] = name
				}
			}
			again := siptest.NewUA(t, siptest.UAConfig{Transport: transport, Peer: r.addr(transport)})
			again.Ping()
			until(t, "the engine is empty", func() bool { return r.app.Engine().Active() == 0 })
			calls, err := r.app.Dispatcher().ListCalls(t.Context(), dispatch.CallFilter{Limit: 1000})
			r.must(err)
			for _, c := range calls {
				c, err := r.app.Dispatcher().Call(t.Context(), c.ID)
				r.must(err)
				id := c.Detail.Legs[0].CallID // of the INVITE
				name := byCall[id]
				t.Logf("%s became a call: %s", name, c.Result)
				if transport == "tcp" && strings.HasPrefix(id, "dblreq.") {
					continue // behind the first request: on a stream a message of its own, in a datagram to be ignored
				}
				if name == "" || strings.HasPrefix(name, "invalid/") && !slices.Contains(liberal(), name) {
					t.Errorf("%q (%s) made a ticket", name, id)
				}
			}
			if n := r.figure("vahta_call_panics_total"); n != 0 {
				t.Errorf("%v panics", n)
			}
		})
	}
}
