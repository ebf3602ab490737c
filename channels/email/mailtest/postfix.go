// Package mailtest starts Debian's Postfix for tests: a submission server with STARTTLS on loopback that keeps mails for one domain
// in mailboxes. It needs root, as Postfix does. For tests only.
package mailtest

import (
	"context"
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
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Domain is where the mailboxes are.
const Domain = "client.example"

// patience bounds a wait for a program of others.
const patience = 60 * time.Second

// Postfix is one server.
type Postfix struct {
	Port int
	CA   string // file with the authority of its certificate

	tb   testing.TB
	home string
	mail string

	mu sync.Mutex
	up bool // guarded by mu
}

// StartPostfix starts a server with mailboxes of these names. It ends with the test.
func StartPostfix(tb testing.TB, boxes ...string) *Postfix {
	tb.Helper()
	for _, tool := range []string{"postfix", "postconf"} {
		if _, err := exec.LookPath(tool); err != nil {
			tb.Fatalf("%s is missing, install it with deploy/test-deps.sh: %v", tool, err)
		}
	}
	home, err := os.MkdirTemp("", "vahta-postfix-") //nolint:usetesting // Postfix's own user must get in
	must(tb, err)
	p := &Postfix{tb: tb, home: home, mail: filepath.Join(home, "mail"), Port: freePort(tb)}
	tb.Cleanup(func() {
		p.Stop()
		if tb.Failed() {
			tb.Logf("postfix said:\n%s", p.log())
		}
		must(tb, os.RemoveAll(home))
	})
	who, err := user.Lookup("postfix")
	must(tb, err)
	uid, err := strconv.Atoi(who.Uid)
	must(tb, err)
	gid, err := strconv.Atoi(who.Gid)
	must(tb, err)
	must(tb, os.Chmod(home, 0o755))
	for _, folder := range []string{"conf", "queue", "data", "mail"} {
		must(tb, os.Mkdir(filepath.Join(home, folder), 0o755))
	}
	for _, folder := range []string{"data", "mail"} {
		must(tb, os.Chown(filepath.Join(home, folder), uid, gid))
	}
	p.certify()
	var table strings.Builder
	for _, box := range boxes {
		fmt.Fprintf(&table, " {%s@%s = %s/}", box, Domain, box)
	}
	must(tb, os.WriteFile(filepath.Join(home, "conf", "main.cf"), []byte(p.main(table.String(), uid, gid)), 0o644))
	must(tb, os.WriteFile(filepath.Join(home, "conf", "master.cf"), []byte(p.master()), 0o644))
	p.Start()
	return p
}

func (p *Postfix) main(boxes string, uid, gid int) string {
	return strings.NewReplacer("HOME", p.home, "DOMAIN", Domain, "BOXES", boxes, "UID", strconv.Itoa(uid), "GID", strconv.Itoa(gid)).Replace(`compatibility_level = 3.6
queue_directory = HOME/queue
data_directory = HOME/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.DOMAIN
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = HOME/log
maillog_file_prefixes = HOME
virtual_mailbox_domains = DOMAIN
virtual_mailbox_base = HOME/mail
virtual_mailbox_maps = inline:{BOXES }
virtual_uid_maps = static:UID
virtual_gid_maps = static:GID
virtual_minimum_uid = 1
smtpd_tls_cert_file = HOME/cert.pem
smtpd_tls_key_file = HOME/key.pem
smtpd_tls_security_level = encrypt
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
local_recipient_maps =
message_size_limit = 52428800
virtual_mailbox_limit = 0
`)
}

func (p *Postfix) master() string {
	lines := []string{fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd", p.Port), "postlog unix-dgram n - n - 1 postlogd"}
	lines = append(lines,
		"pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr",
		"rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce",
		"verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap", "smtp unix - - n - - smtp",
		"error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard", "virtual unix - n n - - virtual",
		"anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "showq unix n - n - - showq",
	)
	return strings.Join(lines, "\n") + "\n"
}

// Start starts the server, or starts it again; it answers when Start returns.
func (p *Postfix) Start() {
	p.tb.Helper()
	p.run("start")
	p.mu.Lock()
	p.up = true
	p.mu.Unlock()
	until(p.tb, "Postfix answers", func() bool {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(p.tb.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)))
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }()
		hello := make([]byte, 3)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		n, _ := c.Read(hello)
		return string(hello[:n]) == "220"
	})
}

// Stop stops the server; nobody answers its port then.
func (p *Postfix) Stop() {
	p.tb.Helper()
	p.mu.Lock()
	up := p.up
	p.up = false
	p.mu.Unlock()
	if up {
		p.run("stop")
	}
}

func (p *Postfix) run(verb string) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "postfix", "-c", filepath.Join(p.home, "conf"), verb)
	cmd.WaitDelay = time.Second // its daemons keep the pipe
	if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil && !strings.Contains(err.Error(), exec.ErrWaitDelay.Error()) {
		p.tb.Fatalf("postfix %s: %v\n%s\n%s", verb, err, out, p.log())
	}
}

// Mails are the mails in a mailbox, in no order.
func (p *Postfix) Mails(box string) (mails []string) {
	p.tb.Helper()
	for _, folder := range []string{"new", "cur"} {
		list, err := filepath.Glob(filepath.Join(p.mail, box, folder, "*"))
		must(p.tb, err)
		for _, file := range list {
			b, err := os.ReadFile(file)
			must(p.tb, err)
			mails = append(mails, string(b))
		}
	}
	return mails
}

// Await waits for so many mails in a mailbox and returns them.
func (p *Postfix) Await(box string, n int) (mails []string) {
	p.tb.Helper()
	until(p.tb, fmt.Sprintf("%d mails for %s", n, box), func() bool {
		mails = p.Mails(box)
		return len(mails) >= n
	})
	return mails
}

func (p *Postfix) log() string {
	b, err := os.ReadFile(filepath.Join(p.home, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// certify makes an authority that is the server's certificate itself.
func (p *Postfix) certify() {
	p.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(p.tb, err)
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx." + Domain}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	must(p.tb, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(p.tb, err)
	p.CA = filepath.Join(p.home, "cert.pem")
	must(p.tb, os.WriteFile(p.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	must(p.tb, os.WriteFile(filepath.Join(p.home, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

func freePort(tb testing.TB) int {
	tb.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, err)
	defer func() { must(tb, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

func until(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	const look = 50 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	end := time.Now().Add(patience)
	for !done() {
		if time.Now().After(end) {
			tb.Fatalf("still waiting after %v: %s", patience, what)
		}
		<-tick.C
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
