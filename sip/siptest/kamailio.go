package siptest

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
)

//go:embed testdata/kamailio/kamailio.cfg
var kamailioConfig string

//go:embed testdata/kamailio/tls.cfg
var kamailioTLS string

// Kamailio describes an operator's proxy, run by Debian's kamailio: a registrar with digest, a proxy that asks for a
// password and records its route, over UDP, TCP and TLS.
//
// A call to DID goes to whoever has registered as User, with R-URI rewritten to his contact and P-Asserted-Identity
// added; a call to anything else needs the password and goes to Gateway by UDP.
type Kamailio struct {
	IP        string // where it listens; default 127.0.0.1. Give each of several its own, such as 127.0.0.2
	Domain    string // realm and SIP domain; default "op.test"
	User      string // the account; default "login"
	Password  string // default "secret"
	Algorithm string // "MD5" (default) or "SHA-256"
	DID       string // default "+74957770000"
	Open      bool   // calls out need no password
	DropACK   bool   // no ACK passes
	// Challenges are whole WWW-Authenticate headers that stand beside the real one.
	Challenges []string
	MinExpires int // seconds; less is refused with 423; default 30
	Gateway    netip.AddrPort
	Cert, Key  string // of its TLS side; "" = none
}

// KamailioRun is Kamailio at work, on ports that outlive a Stop.
type KamailioRun struct {
	tb   testing.TB
	cfg  Kamailio
	dir  string
	port uint16 // UDP and TCP; the next one is TLS
	log  Log[string]
	*child
}

// StartKamailio runs Kamailio until the test ends. It is reachable when StartKamailio returns.
func StartKamailio(tb testing.TB, cfg Kamailio) *KamailioRun {
	tb.Helper()
	for _, d := range []struct {
		setting *string
		value   string
	}{{&cfg.IP, "127.0.0.1"}, {&cfg.Domain, "op.test"}, {&cfg.User, "login"}, {&cfg.Password, "secret"}, {&cfg.Algorithm, "MD5"}, {&cfg.DID, "+74957770000"}} {
		if *d.setting == "" {
			*d.setting = d.value
		}
	}
	if cfg.MinExpires == 0 {
		cfg.MinExpires = 30
	}
	k := &KamailioRun{tb: tb, cfg: cfg, dir: tb.TempDir(), port: freePorts(tb, 2)}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("kamailio at %s:\n%s", k.Addr("udp"), strings.Join(k.Log(), "\n"))
		}
	})
	k.Start()
	return k
}

// Start starts it again after Stop: same ports, no memory of registrations, certificates read anew.
func (k *KamailioRun) Start() {
	k.tb.Helper()
	if k.child != nil {
		for _, line := range k.out.All() {
			k.log.Add(line)
		}
	}
	data := struct {
		Kamailio
		Dir     string
		UDP     netip.AddrPort
		TLS     netip.AddrPort
		Modules string
		HasTLS  bool
	}{k.cfg, k.dir, k.Addr("udp"), k.Addr("tls"), kamailioModules(k.tb), k.cfg.Cert != ""}
	for name, text := range map[string]string{"kamailio.cfg": kamailioConfig, "tls.cfg": kamailioTLS} {
		var out strings.Builder
		if err := template.Must(template.New(name).Parse(text)).Execute(&out, data); err != nil {
			k.tb.Fatalf("write %s: %v", name, err)
		}
		writeFile(k.tb, filepath.Join(k.dir, name), []byte(out.String()))
	}
	k.child = startGroup(k.tb, "kamailio", "kamailio kamailio-tls-modules", k.dir,
		"-DD", "-E", "-f", filepath.Join(k.dir, "kamailio.cfg"), "-Y", k.dir, "-w", k.dir, "-m", "32", "-M", "4")
	k.awaitPort("udp", k.port)
	k.awaitPort("tcp", k.port)
	if data.HasTLS {
		k.awaitPort("tcp", k.port+1)
	}
	k.Wait("ready", func(line string) bool { return strings.Contains(line, "rig ready") })
}

// kamailioModules is where Debian keeps them; it depends on the architecture.
func kamailioModules(tb testing.TB) string {
	tb.Helper()
	found, err := filepath.Glob("/usr/lib/*/kamailio/modules/tls.so")
	if err != nil || len(found) == 0 {
		tb.Fatal("kamailio's TLS module is not installed; run: apt-get install -y kamailio kamailio-tls-modules")
	}
	return filepath.Dir(found[0]) + string(os.PathSeparator)
}

// Stop kills all of its processes at once.
func (k *KamailioRun) Stop() { k.kill() }

// SetGateway changes where calls out go, at the next Start.
func (k *KamailioRun) SetGateway(addr netip.AddrPort) { k.cfg.Gateway = addr }

// SetPassword changes the account's password, at the next Start.
func (k *KamailioRun) SetPassword(password string) { k.cfg.Password = password }

// Addr is where it listens for a transport.
func (k *KamailioRun) Addr(transport string) netip.AddrPort {
	port := k.port
	if transport == "tls" {
		port++
	}
	return netip.AddrPortFrom(netip.MustParseAddr(k.cfg.IP), port)
}

// Log is what it has told, all starts together: "rig REGISTER login tls", "rig INVITE in +7495… from 127.0.0.1:5060", and so on.
func (k *KamailioRun) Log() []string { return append(k.log.All(), k.out.All()...) }

// Told counts the lines of this start's log that hold all of the words.
func (k *KamailioRun) Told(words ...string) int {
	n := 0
	for _, line := range k.out.All() {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			n++
		}
	}
	return n
}

// Wait waits for a line of this start's log.
func (k *KamailioRun) Wait(what string, match func(line string) bool) string {
	k.tb.Helper()
	ctx, cancel := context.WithTimeout(k.tb.Context(), patience)
	defer cancel()
	line, err := k.out.Wait(ctx, match)
	if err != nil {
		k.tb.Fatalf("kamailio has not told %q: %v\n%s", what, err, k.text())
	}
	return line
}

// WaitFor waits for a line that holds all of the words.
func (k *KamailioRun) WaitFor(words ...string) string {
	k.tb.Helper()
	return k.Wait(strings.Join(words, " "), func(line string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	})
}

// String names it in messages.
func (k *KamailioRun) String() string { return fmt.Sprintf("kamailio at %s", k.Addr("udp")) }
