package siptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Authority signs certificates for a test. Its files live as long as the test.
type Authority struct {
	tb   testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	dir  string
	n    atomic.Int64

	// File is its own certificate, PEM.
	File string
}

// NewAuthority makes an authority with a key of its own.
func NewAuthority(tb testing.TB, name string) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, dir: tb.TempDir()}
	a.key = newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	a.File = filepath.Join(a.dir, "ca.crt")
	writePEM(tb, a.File, "CERTIFICATE", der)
	return a
}

// Issue signs a certificate for names and addresses, good until a time, for both sides of a connection, and returns the
// files.
func (a *Authority) Issue(until time.Time, hosts ...string) (cert, key string) {
	a.tb.Helper()
	stem := filepath.Join(a.dir, fmt.Sprint(a.n.Add(1)))
	cert, key = stem+".crt", stem+".key"
	a.Renew(cert, key, until, hosts...)
	return cert, key
}

// Renew writes a new certificate with a new key into files.
func (a *Authority) Renew(cert, key string, until time.Time, hosts ...string) {
	a.tb.Helper()
	mine := newKey(a.tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hosts[0]},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, mine.Public(), a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(mine)
	if err != nil {
		a.tb.Fatal(err)
	}
	writePEM(a.tb, key, "PRIVATE KEY", pkcs8)
	writePEM(a.tb, cert, "CERTIFICATE", der)
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func writePEM(tb testing.TB, file, kind string, der []byte) {
	tb.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
}
