package app

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// The doctor reads every certificate that the server would use and says which need somebody's hand.
func TestTLSDoctorReadsCertificates(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := siptest.NewAuthority(t, "operators")
	good, goodKey := ca.Issue(now.Add(90*24*time.Hour), "sip.example.org")
	soon, soonKey := ca.Issue(now.Add(5*24*time.Hour), "sip.example.org")
	past, pastKey := ca.Issue(now.Add(-time.Hour), "sip.example.org")
	bad := ca.File + ".bad"
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.SIP.Listen = []wire.Listen{
		{Transport: wire.UDP, Addr: "127.0.0.1:0"},
		{Transport: wire.TLS, Addr: "127.0.0.1:5061", TLS: wire.ListenTLS{Cert: good, Key: goodKey}},
		{Transport: wire.TLS, Addr: "127.0.0.2:5061", TLS: wire.ListenTLS{Cert: past, Key: pastKey}},
	}
	c.Trunks.Operators = []trunk.Operator{
		{Name: "one", TLS: wire.TLSProfile{CA: ca.File, Cert: soon, Key: soonKey}}, {Name: "two", TLS: wire.TLSProfile{CA: bad}}, {Name: "three"},
	}
	want := map[string]string{good: "", past: "expired on", soon: "in 4 day(s)", ca.File: "", bad: "must be PEM"}
	for _, f := range examineCertificates(c, now) {
		found := false
		for file, text := range want {
			if !strings.Contains(f.Text, file+" ") && !strings.Contains(f.Text, file+":") {
				continue
			}
			found = true
			delete(want, file)
			if f.OK != (text == "") || !strings.Contains(f.Text, text) {
				t.Errorf("%s: %v, %q", file, f.OK, f.Text)
			}
		}
		if !found {
			t.Errorf("nobody asked for %+v", f)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}
