package rotation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// selfSigned writes a certificate of localhost and its key.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, DNSNames: []string{"redis.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestRedisByTLS(t *testing.T) {
	t.Parallel()
	cert, key := selfSigned(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	redistest.Start(t, redistest.Options{Args: []string{
		"--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, // it asks for a certificate too
	}})
	cfg := patient("rediss://127.0.0.1:" + port)
	cfg.TLS = rotation.TLS{CAFile: cert, CertFile: cert, KeyFile: key, Name: "redis.test"}
	s, _ := newSwitch(t, cfg, rotation.Deps{}, rotation.ModeRedis)
	if c := claim(t, s, "call", "anna"); c.Local {
		t.Errorf("claim %+v is local", c)
	}
	cfg.TLS.CAFile = "" // the system knows no such authority
	newSwitch(t, cfg, rotation.Deps{}, rotation.ModeMemory)
	refused, err := rotation.NewRedis(cfg, rotation.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Close()
	if _, _, err := refused.Claim(t.Context(), ask("call", "anna")); err == nil {
		t.Error("a stranger's certificate was trusted")
	}
}

// TestClusterFaults: a Cluster that hangs or restarts costs no more than a single server.
func TestClusterFaults(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{Cluster: true})
	s, _ := newSwitch(t, quick(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	talks := claim(t, s, "talks", "anna")
	for name, fault := range map[string]struct{ inject, mend func() error }{
		"stopped": {server.Stop, server.Cont},
		"killed":  {func() error { server.Kill(); return nil }, func() error { return server.Restart(t.Context()) }},
	} {
		if err := fault.inject(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c := claim(t, s, name, "boris", "vera")
		if took := time.Since(began); took > rotation.DefaultBudget+150*time.Millisecond || !c.Local {
			t.Errorf("%s: claim %+v after %s", name, c, took)
		}
		if err := fault.mend(); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		waitMode(t, s, rotation.ModeRedis)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: back after %s", name, took)
		}
		kept(t, s, talks)
	}
}
