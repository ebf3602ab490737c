package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"os"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// account is one submission server.
type account struct {
	Account

	from   *mail.Address
	roots  *x509.CertPool // nil = the system's
	tokens *tokens        // nil = a password, or nothing
	now    func() time.Time
	dial   func(ctx context.Context, network, address string) (net.Conn, error)

	mu      sync.Mutex
	until   time.Time // guarded by mu; it rests until then
	probing bool      // guarded by mu; one mail tries whether it is back
	fault   error     // guarded by mu; nil = the last mail was taken
	last    time.Time // guarded by mu; when it last took a mail
}

// rest is how long a server that was not reached is left alone; it is found again within this time.
const rest = 3 * time.Second

func newAccount(cfg Account, from *mail.Address, now func() time.Time) (*account, error) {
	a := &account{Account: cfg.filled(), from: from, now: now, dial: new(net.Dialer).DialContext}
	if cfg.From != "" {
		own, err := mail.ParseAddress(cfg.From)
		if err != nil {
			return nil, fmt.Errorf("read from %q of account %s: %w", cfg.From, cfg.Name, err)
		}
		a.from = own
	}
	if cfg.CA != "" {
		pem, err := os.ReadFile(cfg.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authority of account %s: %w", cfg.Name, err)
		}
		a.roots = x509.NewCertPool()
		if !a.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the authority of account %s: %s holds no certificate", cfg.Name, cfg.CA)
		}
	}
	if cfg.OAuth.TokenURL != "" {
		a.tokens = &tokens{cfg: cfg.OAuth, client: &http.Client{Timeout: a.Timeout}, now: now}
	}
	return a, nil
}

// enter says whether a mail may be tried here, and if not, how long the account rests. After its rest one mail finds out whether it
// is back.
func (a *account) enter() (wait time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until.IsZero() {
		return 0, true
	}
	if wait := a.until.Sub(a.now()); wait > 0 {
		return min(wait, rest), false // a clock that was set back does not keep it away
	}
	if a.probing {
		return time.Second, false
	}
	a.probing = true
	return 0, true
}

// leave takes what came of a try.
func (a *account) leave(o outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.probing, a.fault = false, err
	switch o {
	case unreached, unwelcome, unsure:
		a.until = now.Add(rest)
	case taken:
		a.fault, a.last = nil, now
		a.until = time.Time{}
	case later, refused, never: // it works, it did not want this one
		a.fault = nil
		a.until = time.Time{}
	}
}

// send makes one try and returns what came of it.
func (a *account) send(ctx context.Context, d draft) (outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, a.Timeout, fmt.Errorf("no end within %v", a.Timeout))
	defer cancel()
	d.reply, d.from = d.from, a.from
	m, err := compose(d)
	if err != nil {
		return never, err
	}
	var token string
	if a.tokens != nil {
		if token, err = a.tokens.get(ctx); err != nil {
			return judge(err), err
		}
	}
	var line conn
	defer line.close()
	stop := context.AfterFunc(ctx, line.close) // the library's own limits begin anew at each step
	defer stop()
	c, err := a.client(token, &line)
	if err != nil {
		return unwelcome, fmt.Errorf("set up account %s: %w", a.Name, err)
	}
	session, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if o := judge(err); o == unwelcome && a.tokens != nil {
			a.tokens.drop(token)
		}
		return judge(err), short(ctx, err)
	}
	err = c.SendWithSMTPClient(session, m)
	if m.IsDelivered() { // what goes wrong after that is not the mail's
		_ = session.Quit()
		return taken, nil
	}
	return judge(err), short(ctx, err)
}

// client is go-mail's side of one connection.
func (a *account) client(token string, line *conn) (*gomail.Client, error) {
	tc := &tls.Config{ServerName: a.Host, RootCAs: a.roots, MinVersion: tls.VersionTLS12}
	opts := []gomail.Option{
		gomail.WithPort(a.Port), gomail.WithTimeout(a.Timeout), gomail.WithoutNoop(), gomail.WithTLSConfig(tc), gomail.WithHELO(helo(a.from)),
		gomail.WithDSNMailReturnType(gomail.DSNMailReturnHeadersOnly),
		gomail.WithDSNRcptNotifyType(gomail.DSNRcptNotifyFailure, gomail.DSNRcptNotifyDelay),
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return line.keep(a.dial(ctx, network, address))
	}
	switch a.TLS {
	case SecurityTLS:
		opts = append(opts, gomail.WithSSL())
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := line.keep(a.dial(ctx, network, address))
			if err != nil {
				return nil, err
			}
			secure := tls.Client(c, tc) // its connection is closed by line, whatever comes of it
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, err
			}
			return secure, nil
		}
	case SecurityNone:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case SecurityStartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	opts = append(opts, gomail.WithDialContextFunc(dial))
	switch {
	case token != "":
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthXOAUTH2), gomail.WithUsername(a.User), gomail.WithPassword(token))
	case a.User != "":
		opts = append(opts, gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin),
			gomail.WithUsername(a.User), gomail.WithPassword(string(a.Password)))
	}
	return gomail.NewClient(a.Host, opts...)
}

// helo is what we call ourselves: the domain that we write from.
func helo(from *mail.Address) string {
	_, domain := split(from.Address)
	return domain
}

// conn is the connection of one try, which ends with it whatever the library does.
type conn struct {
	mu    sync.Mutex
	c     net.Conn // guarded by mu
	ended bool     // guarded by mu
}

func (l *conn) keep(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	l.c = c
	return c, nil
}

func (l *conn) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.c != nil {
		_ = l.c.Close() // it may be closed already
	}
}
