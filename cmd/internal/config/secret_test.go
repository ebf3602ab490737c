package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/deploy"
)

// An operator's password may stand in a file of its own, and shows nowhere.
func TestOperatorPasswords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mtt")
	if err := os.WriteFile(file, []byte("0123hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{"file:" + file, "0123hush"} {
		source := strings.Replace(string(deploy.Sample), `auth: {user: "", password: "", realm: ""}`, `auth: {user: "login", password: "`+written+`", realm: ""}`, 1)
		l, err := Parse("vahta.yaml", []byte(source), nil)
		if err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(l.Warnings(time.Now()), func(f Fault) bool {
			return f.Path == "trunks.operators[0].auth.password" && f.Line > 0 && !strings.Contains(f.Text, "hush")
		})
		if warned == strings.HasPrefix(written, "file:") {
			t.Errorf("%s: a warning: %v", written, warned)
		}
		if got := string(l.Config.Trunks.Operators[0].Auth.Password); got != "0123hush" {
			t.Errorf("%s: the password is %q", written, got)
		}
		text, err := l.Print(true)
		if err != nil || strings.Contains(text, "hush") || !strings.Contains(text, "password: ***") && !strings.Contains(text, `password: "***"`) {
			t.Errorf("%s is printed: %v\n%s", written, err, text)
		}
	}
	source := strings.Replace(string(deploy.Sample), `auth: {user: "", password: "", realm: ""}`, `auth: {user: "login", password: "file:/no/such/file", realm: ""}`, 1)
	if _, err := Parse("vahta.yaml", []byte(source), nil); err == nil || !strings.Contains(err.Error(), "trunks.operators[0].auth.password") || !strings.Contains(err.Error(), "create the file") {
		t.Errorf("a missing file: %v", err)
	}
}

// Certificates and keys that are not there are named before somebody looks for a firewall.
func TestMissingCertificatesAreWarnedOf(t *testing.T) {
	t.Parallel()
	l, err := Parse("vahta.yaml", deploy.Sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(t.TempDir(), "there.pem")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &l.Config
	c.Trunks.Operators[0].TLS.CA, c.Trunks.Operators[0].TLS.Cert, c.Trunks.Operators[0].TLS.Key = "/no/ca.pem", there, "/no/key.pem"
	c.SIP.Listen[0].TLS.Cert, c.SIP.Listen[0].TLS.ClientCA = "/no/cert.pem", there
	var got []string
	for _, w := range c.files() {
		setting, _, _ := strings.Cut(w.Error(), ": ")
		got = append(got, setting)
	}
	if want := []string{"sip.listen[0].tls.cert", "trunks.operators[0].tls.ca", "trunks.operators[0].tls.key"}; !slices.Equal(got, want) {
		t.Errorf("warned of %v, want %v", got, want)
	}
}

// The address of a database shows where it is, and never its password.
func TestAddressHidesThePassword(t *testing.T) {
	t.Parallel()
	const secret = "tr0ub4dor"
	for address, want := range map[Address]string{
		"": "",
		"postgres://vahta:" + secret + "@db.example:5432/vahta?sslmode=verify-full": "postgres://vahta:xxxxx@db.example:5432/vahta?sslmode=verify-full",
		"postgres://db.example/vahta?password=" + secret:                            "postgres://db.example/vahta?password=xxxxx",
		"postgres://vahta:" + secret + "%zz@db.example/vahta":                       "***",
	} {
		text, err := address.MarshalText()
		if err != nil || string(text) != want || address.String() != want || strings.Contains(fmt.Sprintf("%v %+v %#v %s", address, address, address, address), secret) {
			t.Errorf("got %s, %v, want %s", text, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte("postgres://vahta:"+secret+"@db.example/vahta\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Parse("x.yaml", append(withListen(deploy.Demo), []byte("store: {url: \"file:"+path+"\"}\n")...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Config.Database(); got != "postgres://vahta:"+secret+"@db.example/vahta" || l.Config.Shared() {
		t.Errorf("database %q, shared %v", got, l.Config.Shared())
	}
	for _, wrong := range []string{"mysql://db/vahta", "postgres://vahta:%zz@db/vahta"} {
		_, err := Parse("x.yaml", append(withListen(deploy.Demo), []byte("store: {url: \""+wrong+"\"}\n")...), nil)
		if err == nil || !strings.Contains(err.Error(), "store.url") {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}
