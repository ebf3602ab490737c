package wire

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// credentials are the PEM files of one listener or profile and what was made of them last. Files that cannot be used leave
// in force what was made of those before.
type credentials struct {
	// set when made
	name          string
	cert, key, ca string
	base          *tls.Config // what does not come from files; nil for a listener

	reading sync.Mutex // held from the look at the files until what they say is in force: who looks later wins

	// guarded by mu
	mu     sync.Mutex
	tried  [3]stamp // the files as they were looked at last
	config *tls.Config
	infos  []CertInfo
	bad    *fileError // why the files are not in force as they are now
}

// stamp tells whether a file has changed.
type stamp struct {
	size int64
	at   time.Time
}

func newCredentials(name, cert, key, ca string) *credentials {
	return &credentials{name: name, cert: cert, key: key, ca: ca}
}

// loaded tells whether something is in force.
func (c *credentials) loaded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config != nil
}

// server returns what a listener is to use now.
func (c *credentials) server() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config == nil || len(c.config.Certificates) == 0 {
		return nil, errors.New("no certificate")
	}
	return c.config, nil
}

// client returns what connections are to be opened with now.
func (c *credentials) client() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config == nil {
		return nil, fmt.Errorf("%s cannot be used: %w", c.name, c.bad)
	}
	return c.config, nil
}

// inherit keeps in force what was so under the same name.
func (c *credentials) inherit(before *credentials) {
	if before == nil {
		return
	}
	before.mu.Lock()
	config, infos := before.config, before.infos
	before.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config, c.infos = config, infos
}

// refresh reads the files if they have changed or anyway.
func (c *credentials) refresh(anyway bool) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	now := [3]stamp{stampOf(c.cert), stampOf(c.key), stampOf(c.ca)}
	c.mu.Lock()
	same := now == c.tried
	c.tried = now
	c.mu.Unlock()
	if same && !anyway {
		return nil
	}
	config, infos, bad := c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bad = bad; bad != nil {
		return fmt.Errorf("%s: %w", c.name, bad)
	}
	c.config, c.infos = config, infos
	return nil
}

func stampOf(file string) stamp {
	if file == "" {
		return stamp{}
	}
	info, err := os.Stat(file)
	if err != nil {
		return stamp{size: -1}
	}
	return stamp{info.Size(), info.ModTime()}
}

// fileError is what is wrong with one file.
type fileError struct {
	file string
	err  error
}

// Error names the file and the fault.
func (f *fileError) Error() string { return "read " + f.file + ": " + f.err.Error() }

// Unwrap returns the fault.
func (f *fileError) Unwrap() error { return f.err }

func (c *credentials) read() (*tls.Config, []CertInfo, *fileError) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.base != nil {
		config = c.base.Clone()
	}
	var infos []CertInfo
	if c.cert != "" {
		pair, info, bad := readPair(c.cert, c.key)
		if bad != nil {
			return nil, nil, bad
		}
		config.Certificates = []tls.Certificate{pair}
		info.Name = c.name
		infos = append(infos, info)
	}
	if c.ca == "" {
		return config, infos, nil
	}
	pool, info, bad := readSigners(c.ca)
	if bad != nil {
		return nil, nil, bad
	}
	info.Name = c.name + " ca"
	if c.base != nil {
		config.RootCAs = pool
	} else {
		config.ClientCAs, config.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return config, append(infos, info), nil
}

// readPair reads a certificate with its key.
func readPair(cert, key string) (tls.Certificate, CertInfo, *fileError) {
	none := tls.Certificate{}
	certPEM, err := os.ReadFile(cert)
	if err != nil {
		return none, CertInfo{}, &fileError{cert, bare(err)}
	}
	keyPEM, err := os.ReadFile(key)
	if err != nil {
		return none, CertInfo{}, &fileError{key, bare(err)}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return none, CertInfo{}, &fileError{cert, fmt.Errorf("%w; the files must be PEM and belong together", err)}
	}
	leaf := pair.Leaf
	if leaf == nil {
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return none, CertInfo{}, &fileError{cert, err}
		}
	}
	return pair, CertInfo{File: cert, Subject: leaf.Subject.String(), NotAfter: leaf.NotAfter}, nil
}

// readSigners reads the certificates of those whom we trust.
func readSigners(file string) (*x509.CertPool, CertInfo, *fileError) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, CertInfo{}, &fileError{file, bare(err)}
	}
	pool, info := x509.NewCertPool(), CertInfo{File: file}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, CertInfo{}, &fileError{file, err}
		}
		pool.AddCert(one)
		if info.NotAfter.IsZero() || one.NotAfter.Before(info.NotAfter) {
			info.Subject, info.NotAfter = one.Subject.String(), one.NotAfter
		}
	}
	if info.NotAfter.IsZero() {
		return nil, CertInfo{}, &fileError{file, errors.New("there is no certificate in it; it must be PEM")}
	}
	return pool, info, nil
}

// bare takes the name of the file out of an error that will name it anyway.
func bare(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}

// report returns what is in force, with what is wrong with it now.
func (c *credentials) report(now time.Time) []CertInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]CertInfo, 0, len(c.infos)+1)
	told := c.bad == nil
	for _, info := range c.infos {
		switch {
		case c.bad != nil && c.bad.file == info.File:
			info.Problem, told = c.bad.err.Error(), true
		case now.After(info.NotAfter):
			info.Problem = "expired on " + info.NotAfter.UTC().Format(time.DateTime) + " UTC"
		}
		out = append(out, info)
	}
	if !told { // a key, or what never was in force
		out = append(out, CertInfo{Name: c.name, File: c.bad.file, Problem: c.bad.err.Error()})
	}
	return out
}
