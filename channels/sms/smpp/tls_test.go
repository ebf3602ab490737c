package smpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// Over TLS the centre must be who it says: the name is that of the address.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t, "smsc.example")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &centre{}
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			k := &link{of: c, conn: tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}), turn: make(chan struct{}, 1)}
			c.wg.Go(k.serve)
		}
	})
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}
	conf := testConfig()
	conf.Addresses, conf.TLS = []string{"smsc.example:3550"}, &tls.Config{RootCAs: pool}
	r := startWith(t, conf, c, dial)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := r.Send(ctx, Message{Ref: "a", To: "+79001234567", Text: "x"}); err != nil {
		t.Error(err)
	}
	r.stop()
	<-r.ended

	conf.Addresses = []string{"other.example:3550"}
	why := make(chan string, 100)
	client, err := New(conf, Deps{Log: slog.New(tellErr{why}), Receive: r.receive, Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	select {
	case s := <-why:
		if !strings.Contains(s, "smsc.example") || !strings.Contains(s, "agree on TLS") {
			t.Errorf("a stranger: %s", s)
		}
	case <-time.After(patience):
		t.Error("nothing is said of a stranger")
	}
	cancel()
	<-ended
	l.Close()
	c.wg.Wait()
	for _, p := range c.heard[2:] {
		if p.Command == pdu.BindTransceiver {
			t.Errorf("the password went to a stranger: %v", c.commands())
		}
	}
}

// tellErr hands on the errors that are logged.
type tellErr struct{ to chan<- string }

func (h tellErr) Enabled(context.Context, slog.Level) bool { return true }
func (h tellErr) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h tellErr) WithGroup(string) slog.Handler            { return h }
func (h tellErr) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" {
			h.to <- a.Value.String()
		}
		return true
	})
	return nil
}
