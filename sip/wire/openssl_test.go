package wire

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// openssl runs OpenSSL's tool; its standard input stays open until the test ends.
func openssl(t *testing.T, args ...string) (in io.Writer, out *bufio.Reader) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("THERE IS NO openssl, nothing is proved: apt-get install openssl")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = r.Close()
		_ = cmd.Wait()
	})
	return stdin, bufio.NewReader(r)
}

// until reads lines until one has a text in it.
func until(t *testing.T, out *bufio.Reader, text string) string {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		var all strings.Builder
		for {
			line, err := out.ReadString('\n')
			all.WriteString(line)
			if strings.Contains(line, text) || err != nil {
				found <- all.String()
				return
			}
		}
	}()
	select {
	case all := <-found:
		if !strings.Contains(all, text) {
			t.Fatalf("%q is not in %q", text, all)
		}
		return all
	case <-time.After(patience):
		t.Fatalf("%q did not come", text)
		return ""
	}
}

// A client that is not Go's gets an answer by both versions, sees our certificate and no negotiated protocol.
func TestTLSWithOpenSSLAsClient(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = answer(StatusOK)
	e := tlsEdge(t, ca, "127.0.76.31", h, nil)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		in, out := openssl(t, "s_client", version, "-alpn", "sip/2,http/1.1", "-CAfile", ca.File, "-verify_return_error",
			"-servername", "sip.example.org", "-connect", e.Addr(TLS).String())
		shown := until(t, out, "Verify return code")
		if !strings.Contains(shown, "Verification: OK") || !strings.Contains(shown, "No ALPN negotiated") {
			t.Errorf("%s: %s", version, shown)
		}
		text := requestText(OPTIONS, "127.0.0.1:5061", "TLS", "x", "openssl"+version, "b"+version, 1)
		if _, err := io.WriteString(in, text); err != nil {
			t.Fatal(err)
		}
		until(t, out, "SIP/2.0 200 OK")
	}
	in, out := openssl(t, "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", e.Addr(TLS).String())
	_, _ = io.WriteString(in, "x")
	until(t, out, "alert") // nothing below 1.2
}

// A server that is not Go's: a good certificate, then an expired one.
func TestTLSWithOpenSSLAsServer(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	near := startEdge(t, "127.0.76.32", newRecorder(), func(c *Config) { c.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.32:0"}} })
	profiles(t, near, map[string]TLSProfile{"op": {CA: ca.File, ServerName: "sip.example.org"}})
	for name, c := range map[string]struct {
		port  int
		until time.Time
		want  string
	}{"good": {5061, nextYear(), ""}, "expired": {5062, time.Now().Add(-time.Minute), "has expired"}} {
		cert, key := ca.Issue(c.until, "sip.example.org")
		addr := fmt.Sprintf("127.0.76.33:%d", c.port)
		in, out := openssl(t, "s_server", "-accept", addr, "-cert", cert, "-key", key)
		until(t, out, "ACCEPT")
		to := Flow{Transport: TLS, Remote: netip.MustParseAddrPort(addr), Profile: "op"}
		events := make(chan ClientEvent, 4)
		req := newRequest(t, near, OPTIONS, to.Remote)
		tx, err := near.Send(req, to, func(ev ClientEvent) { events <- ev })
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" {
			if ev := want(t, events); !isErr(ev.Err, ErrUnreachable) || !strings.Contains(ev.Err.Error(), c.want) {
				t.Errorf("%s: %+v", name, ev)
			}
			continue
		}
		until(t, out, "Call-ID: "+req.CallID())
		reply := respondTo(tx.Request().sip.String(), "200 OK", "b")
		if _, err := io.WriteString(in, reply); err != nil {
			t.Fatal(err)
		}
		if ev := want(t, events); ev.Err != nil || ev.Response.Status() != 200 {
			t.Errorf("%s: %+v", name, ev)
		}
	}
}
