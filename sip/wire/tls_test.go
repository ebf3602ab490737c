package wire

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// nextYear is an end of a certificate that no test lives to see.
func nextYear() time.Time { return time.Now().Add(365 * 24 * time.Hour) }

// tlsEdge is an edge that listens by TLS on an address of its own, with a certificate for that address and a name.
func tlsEdge(t *testing.T, ca *siptest.Authority, ip string, h Handler, change func(*Config)) *Edge {
	t.Helper()
	cert, key := ca.Issue(nextYear(), ip, "sip.example.org")
	return startEdge(t, ip, h, func(c *Config) {
		c.Listen = []Listen{{Transport: TLS, Addr: ip + ":0", TLS: ListenTLS{Cert: cert, Key: key}}}
		if change != nil {
			change(c)
		}
	})
}

// asks sends an OPTIONS and returns what came of it.
func asks(t *testing.T, e *Edge, to Flow) ClientEvent {
	t.Helper()
	events := make(chan ClientEvent, 8)
	if _, err := e.Send(newRequest(t, e, OPTIONS, to.Remote), to, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	return want(t, events)
}

func profiles(t *testing.T, e *Edge, set map[string]TLSProfile) {
	t.Helper()
	if err := e.SetProfiles(set); err != nil {
		t.Fatal(err)
	}
}

// Both sides reuse the connection: requests of either go by the one that is open.
func TestTLSCallBothWaysByOneConnection(t *testing.T) {
	t.Parallel()
	for version, code := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			ca := siptest.NewAuthority(t, "test")
			h := newRecorder()
			h.react = answer(StatusOK)
			last := map[string]string{"1.2": "1", "1.3": "3"}[version]
			far := tlsEdge(t, ca, "127.0.76."+last, h, nil)
			far.streams[0].own.config.MaxVersion = code
			back := newRecorder()
			back.react = answer(StatusOK)
			near := tlsEdge(t, ca, "127.0.76."+last+"0", back, nil)
			profiles(t, near, map[string]TLSProfile{"op": {CA: ca.File, ServerName: "sip.example.org", MinVersion: "1.2"}})
			to := Flow{Transport: TLS, Remote: far.Addr(TLS), Profile: "op"}
			if ev := asks(t, near, to); ev.Err != nil || ev.Response.Status() != 200 {
				t.Fatalf("got %+v", ev)
			}
			came := want(t, h.requests).Request()
			if via := came.Header("Via"); !strings.HasPrefix(via, "SIP/2.0/TLS 127.0.76."+last+"0:") {
				t.Errorf("Via is %q", via)
			}
			if came.Flow().Local != far.Addr(TLS) {
				t.Errorf("came in by %s", came.Flow().Local)
			}
			there := came.Flow()
			there.Kept = true
			if ev := asks(t, far, there); ev.Err != nil || ev.Response.Status() != 200 {
				t.Fatalf("on the way back: %+v", ev)
			}
			if f := want(t, back.requests).Request().Flow(); f.Profile != "op" || f.Remote != to.Remote {
				t.Errorf("on the way back by %+v", f)
			}
			asks(t, near, to)
			if n, m := near.connections(), far.connections(); n != 1 || m != 1 {
				t.Errorf("%d and %d connections, want one", n, m)
			}
			if got := far.streams[0].connections(func(c *streamConn) bool {
				state := c.Conn.(*tls.Conn).ConnectionState()
				return state.Version == code && state.NegotiatedProtocol == "" && state.ServerName == "sip.example.org"
			}); got != 1 {
				t.Error("not the version, or a protocol was negotiated, or no name was asked for")
			}
		})
	}
}

func (s *streamSocket) connections(is func(*streamConn) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byName {
		if is(c) {
			n++
		}
	}
	return n
}

// A certificate that is no good makes that one peer unreachable, at once and with a reason that helps.
func TestTLSBadCertificatesAreUnreachableWithACause(t *testing.T) {
	t.Parallel()
	ca, other := siptest.NewAuthority(t, "ours"), siptest.NewAuthority(t, "other")
	h := newRecorder()
	h.react = answer(StatusOK)
	good := tlsEdge(t, ca, "127.0.76.5", h, nil)
	cert, key := ca.Issue(time.Now().Add(-time.Hour), "127.0.76.6", "sip.example.org")
	expired := startEdge(t, "127.0.76.6", h, func(c *Config) {
		c.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.6:0", TLS: ListenTLS{Cert: cert, Key: key}}}
	})
	plain := startEdge(t, "127.0.76.7", h, nil)
	near := tlsEdge(t, ca, "127.0.76.8", newRecorder(), nil)
	profiles(t, near, map[string]TLSProfile{
		"good": {CA: ca.File, ServerName: "sip.example.org"}, "other": {CA: other.File, ServerName: "sip.example.org"},
		"named": {CA: ca.File, ServerName: "sip.elsewhere.example"}, "any": {Insecure: true},
	})
	for name, c := range map[string]struct {
		to      netip.AddrPort
		profile string
		want    string
	}{
		"expired":          {expired.Addr(TLS), "good", "has expired"},
		"another's signer": {good.Addr(TLS), "other", "tls.ca of the operator"},
		"another name":     {good.Addr(TLS), "named", "tls.server_name of the operator"},
		"the system's":     {good.Addr(TLS), "", "tls.ca of the operator"},
		"no such profile":  {good.Addr(TLS), "nobody", "there is no TLS profile"},
		"no TLS at all":    {plain.Addr(TCP), "good", "TLS with"},
	} {
		ev := asks(t, near, Flow{Transport: TLS, Remote: c.to, Profile: c.profile})
		if !isErr(ev.Err, ErrUnreachable) || !strings.Contains(fmt.Sprint(ev.Err), c.want) {
			t.Errorf("%s: %v", name, ev.Err)
		}
		if ev := asks(t, near, Flow{Transport: TLS, Remote: good.Addr(TLS), Profile: "good"}); ev.Err != nil {
			t.Errorf("after %s the good peer got %v", name, ev.Err)
		}
	}
	if ev := asks(t, near, Flow{Transport: TLS, Remote: expired.Addr(TLS), Profile: "any"}); ev.Err != nil {
		t.Errorf("a phone that takes any certificate got %v", ev.Err)
	}
	ca.Renew(cert, key, nextYear(), "127.0.76.6", "sip.example.org")
	if err := expired.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	if ev := asks(t, near, Flow{Transport: TLS, Remote: expired.Addr(TLS), Profile: "good"}); ev.Err != nil {
		t.Errorf("after the renewal: %v", ev.Err)
	}
}

func TestTLSClientCertificate(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = answer(StatusOK)
	far := tlsEdge(t, ca, "127.0.76.11", h, func(c *Config) { c.Listen[0].TLS.ClientCA = ca.File })
	near := startEdge(t, "127.0.76.12", newRecorder(), func(c *Config) {
		c.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.12:0"}} // opens only
	})
	cert, key := ca.Issue(nextYear(), "vahta.example.org")
	profiles(t, near, map[string]TLSProfile{
		"shown": {CA: ca.File, Cert: cert, Key: key, MinVersion: "1.3"}, "bare": {CA: ca.File},
	})
	if ev := asks(t, near, Flow{Transport: TLS, Remote: far.Addr(TLS), Profile: "bare"}); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("without a certificate: %+v", ev)
	}
	if ev := asks(t, near, Flow{Transport: TLS, Remote: far.Addr(TLS), Profile: "shown"}); ev.Err != nil {
		t.Errorf("with one: %v", ev.Err)
	}
	if via := want(t, h.requests).Request().Header("Via"); !strings.HasPrefix(via, "SIP/2.0/TLS 127.0.76.12:5061;") {
		t.Errorf("a listener that only opens connections names itself %q", via)
	}
}

// What is in force changes with the files; a bad one changes nothing and is told of.
func TestTLSReload(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	log := &syncBuffer{}
	cert, key := ca.Issue(time.Now().Add(48*time.Hour), "127.0.76.13")
	cfg := Default()
	cfg.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.13:0", TLS: ListenTLS{Cert: cert, Key: key}}}
	e, err := New(cfg, Deps{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e.SetHandler(newRecorder())
	e.SetAdmission(func(netip.AddrPort) Class { return Peer })
	runEdge(t, e)
	shown := func() time.Time {
		t.Helper()
		c, err := tls.Dial("tcp4", e.Addr(TLS).String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].NotAfter
	}
	first := shown()
	if err := os.WriteFile(cert, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.lookTLS()
	if got := shown(); !got.Equal(first) {
		t.Errorf("a bad file brought %s into force", got)
	}
	if infos := e.Certificates(); len(infos) != 1 || infos[0].Problem == "" || !infos[0].NotAfter.Equal(first) || infos[0].File != cert {
		t.Errorf("certificates are %+v", infos)
	}
	if err := e.ReloadTLS(); err == nil || !strings.Contains(err.Error(), cert) || !strings.Contains(err.Error(), "stays in force") {
		t.Errorf("reload says %v", err)
	}
	if !strings.Contains(log.String(), "changed certificate not taken") {
		t.Error("the log does not say so")
	}
	ca.Renew(cert, key, nextYear(), "127.0.76.13")
	e.lookTLS()
	if got := shown(); !got.After(first) {
		t.Errorf("after the renewal %s is shown", got)
	}
	infos := e.Certificates()
	if len(infos) != 1 || infos[0].Problem != "" || infos[0].Name != "listener 127.0.76.13:0" || !strings.Contains(infos[0].Subject, "127.0.76.13") {
		t.Errorf("certificates are %+v", infos)
	}
}

// One operator's bad file leaves the others as they are, its own old one in force, and is seen when it becomes good.
func TestTLSProfilesStandAlone(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = answer(StatusOK)
	far := tlsEdge(t, ca, "127.0.76.21", h, nil)
	near := startEdge(t, "127.0.76.22", newRecorder(), func(c *Config) { c.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.22:0"}} })
	good, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "late.crt")
	set := map[string]TLSProfile{"good": {CA: ca.File}, "late": {CA: file}}
	try := func(profile, want string) {
		t.Helper()
		ev := asks(t, near, Flow{Transport: TLS, Remote: far.Addr(TLS), Profile: profile})
		if want == "" && ev.Err != nil || want != "" && (!isErr(ev.Err, ErrUnreachable) || !strings.Contains(ev.Err.Error(), want)) {
			t.Errorf("%s: %v", profile, ev.Err)
		}
		for _, c := range far.streams[0].all() { // the next one is to open a connection
			_ = c.Close()
		}
		for near.connections() > 0 {
			<-time.After(time.Millisecond)
		}
	}
	if err := near.SetProfiles(set); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a profile without its file: %v", err)
	}
	try("good", "")
	try("late", file)
	if infos := near.Certificates(); len(infos) != 2 || infos[1].Problem == "" || infos[1].File != file {
		t.Errorf("certificates are %+v", infos)
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	near.lookTLS()
	try("late", "")
	if err := os.WriteFile(file, []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := near.SetProfiles(set); err == nil {
		t.Error("a bad file is not told of")
	}
	try("late", "")
	if infos := near.Certificates(); len(infos) != 2 || infos[1].Problem == "" {
		t.Errorf("certificates are %+v", infos)
	}
}

func (s *streamSocket) all() (all []*streamConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byName {
		all = append(all, c)
	}
	return all
}

func TestTLSListenerNeedsItsFiles(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.14:0", TLS: ListenTLS{Cert: "/nowhere/a.crt", Key: "/nowhere/a.key"}}}
	e, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "/nowhere/a.crt") {
		t.Errorf("got %v", err)
	}
	for name, l := range map[string]Listen{
		"half a pair":              {Transport: TLS, Addr: "127.0.0.1:0", TLS: ListenTLS{Cert: "x"}},
		"signers without a pair":   {Transport: TLS, Addr: "127.0.0.1:0", TLS: ListenTLS{ClientCA: "x"}},
		"certificates without TLS": {Transport: TCP, Addr: "127.0.0.1:0", TLS: ListenTLS{Cert: "x", Key: "y"}},
	} {
		cfg.Listen = []Listen{l}
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "tls") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever does not begin with a client hello hears nothing, and whoever does not go on is dropped.
func TestTLSScannersHearNothing(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	e := tlsEdge(t, ca, "127.0.76.15", newRecorder(), func(c *Config) { c.FirstMessage = 300 * time.Millisecond })
	for name, text := range map[string]string{
		"SIP":             goodInvite,
		"HTTP":            "GET / HTTP/1.0\r\n\r\n",
		"nothing":         "",
		"an alert":        "\x15\x03\x01\x00\x02\x02\x28",
		"a broken record": "\x16\x03\x01\xff\xff" + strings.Repeat("x", 100),
		"no hello":        "\x16\x03\x01\x00\x04\x02\x00\x00\x00",
		"half a hello":    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		conn, err := net.Dial("tcp4", e.Addr(TLS).String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(text))
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		b := make([]byte, 100)
		if n, err := conn.Read(b); n > 0 || isTimeout(err) {
			t.Errorf("%s: heard %q, %v", name, b[:n], err)
		}
		_ = conn.Close()
	}
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error) //nolint:errorlint // a test
	return ok && ne.Timeout()
}

func TestTLSReady(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	e := tlsEdge(t, ca, "127.0.76.16", newRecorder(), func(c *Config) { c.Listen[0].TLS.ClientCA = ca.File })
	if err := e.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// The same address with two profiles is two connections.
func TestTLSConnectionsAreKeptApartByProfile(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = answer(StatusOK)
	far := tlsEdge(t, ca, "127.0.76.17", h, nil)
	near := tlsEdge(t, ca, "127.0.76.18", newRecorder(), nil)
	profiles(t, near, map[string]TLSProfile{"one": {CA: ca.File}, "two": {CA: ca.File, ServerName: "sip.example.org"}})
	for _, profile := range []string{"one", "two", "one", "two"} {
		if ev := asks(t, near, Flow{Transport: TLS, Remote: far.Addr(TLS), Profile: profile}); ev.Err != nil {
			t.Errorf("%s: %v", profile, ev.Err)
		}
	}
	if n := near.connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestTLSMuteSwallowsUntilItHears(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer func() { _ = a.Close() }()
	_ = a.SetDeadline(time.Now().Add(patience))
	m := &mute{Conn: a}
	if n, err := m.Write([]byte("alert")); n != 5 || err != nil {
		t.Errorf("swallowed %d, %v", n, err)
	}
	m.heard.Store(true)
	go func() { _, _ = m.Write([]byte("hello")) }()
	got := make([]byte, 16)
	if n, _ := b.Read(got); !bytes.Equal(got[:n], []byte("hello")) {
		t.Errorf("sent %q", got[:n])
	}
	_ = b.Close()
}
