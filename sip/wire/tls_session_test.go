package wire

import (
	"crypto/tls"
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

// A phone that comes back resumes its session, which costs us no signature.
func TestTLSSessionsAreResumed(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ca := siptest.NewAuthority(t, "test")
			ip := "127.0.76.9" + name[2:]
			h := newRecorder()
			h.react = answer(StatusOK)
			e := tlsEdge(t, ca, ip, h, nil)
			cache := tls.NewLRUClientSessionCache(4)
			for n := range 2 {
				conn, err := tls.Dial("tcp4", e.Addr(TLS).String(), &tls.Config{
					InsecureSkipVerify: true, ServerName: "sip.example.org", MaxVersion: version, ClientSessionCache: cache,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !asked(t, conn, "resumed") { // with 1.3 the ticket comes with the first answer
					t.Fatal("not served")
				}
				if got := conn.ConnectionState().DidResume; got != (n == 1) {
					t.Errorf("connection %d: resumed %v", n, got)
				}
				_ = conn.Close()
			}
		})
	}
}

// An operator that only speaks what its profile forbids is not spoken to.
func TestTLSMinVersionOfAProfile(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	cert, key := ca.Issue(nextYear(), "127.0.76.95")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	old, err := tls.Listen("tcp4", "127.0.76.95:0", &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	versions := make(chan uint16, 4)
	go func() {
		for {
			conn, err := old.Accept()
			if err != nil {
				return
			}
			if c, ok := conn.(*tls.Conn); ok && c.Handshake() == nil {
				versions <- c.ConnectionState().Version
			}
			_ = conn.Close()
		}
	}()
	near := startEdge(t, "127.0.76.96", newRecorder(), func(c *Config) { c.Listen = []Listen{{Transport: TLS, Addr: "127.0.76.96:0"}} })
	profiles(t, near, map[string]TLSProfile{"new": {CA: ca.File, MinVersion: "1.3"}, "old": {CA: ca.File, MinVersion: "1.2"}})
	to := Flow{Transport: TLS, Remote: addrPort(old.Addr()), Profile: "new"}
	if ev := asks(t, near, to); !isErr(ev.Err, ErrUnreachable) || len(versions) > 0 {
		t.Errorf("1.2 was spoken: %v", ev.Err)
	}
	to.Profile = "old"
	if asks(t, near, to); want(t, versions) != tls.VersionTLS12 {
		t.Error("1.2 was not spoken although it may be")
	}
}
