package accept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
)

// Mail is a mail for one mailbox.
type Mail struct {
	Mailbox string // as it is configured
	To      string // as the sender wrote it, with what stands behind a +
	From    string // of the envelope; empty: the null sender
	Raw     []byte // byte for byte; shared with the mail's other mailboxes
}

// Deps is what a server needs.
type Deps struct {
	// Take keeps a mail. Only with nil the sender is told that we have it; the same mail comes again otherwise, and may come again
	// all the same.
	Take func(context.Context, Mail) error
	Log  *slog.Logger

	Registerer prometheus.Registerer // nil = nothing is counted outside
}

// Bounds of a connection.
const (
	readTimeout   = 5 * time.Minute // RFC 5321 4.5.3.2
	writeTimeout  = time.Minute
	takeTimeout   = 30 * time.Second // servers wait ten minutes for an answer
	maxConns      = 64
	maxRecipients = 100
)

// Server takes mails in.
type Server struct {
	// set at New
	cfg     Config
	deps    Deps
	metrics *metrics
}

// New returns a server; Run must follow.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up mail in: %w", err)
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, deps: deps, metrics: newMetrics(deps.Registerer)}, nil
}

// Run serves connections of a listener until ctx ends; then it hangs up on all. A mail that was kept, and whose sender has not
// heard of it, comes again.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	gate := &gate{Listener: netutil.LimitListener(l, maxConns), from: s.cfg.From, log: s.deps.Log, open: map[net.Conn]bool{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return s.session(ctx), nil }))
	server.LMTP, server.Domain = s.cfg.Protocol == LMTP, "vahta"
	server.MaxRecipients, server.MaxMessageBytes = maxRecipients, s.cfg.Largest
	server.MaxLineLength = int(s.cfg.Largest) // mails with endless lines are mails too
	server.ReadTimeout, server.WriteTimeout = readTimeout, writeTimeout
	server.EnableSMTPUTF8, server.EnableBINARYMIME = true, true
	server.ErrorLog = slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	err := server.Serve(gate)
	gate.hangUp()
	_ = server.Shutdown(context.WithoutCancel(ctx)) // waits for the connections, which are closed; the listener is closed already
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("take in mails at %s: %w", s.cfg.Listen, err)
}

func (s *Server) session(ctx context.Context) smtp.Session {
	one := &session{s: s, ctx: ctx}
	if s.cfg.Protocol == LMTP {
		return &each{one}
	}
	return one
}

// session is one connection. It is owned by that connection's goroutine.
type session struct {
	s    *Server
	ctx  context.Context //nolint:containedctx // of the connection; the library passes none
	from string
	to   []Mail // without bytes
}

// Mail implements smtp.Session.
func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	c.from, c.to = from, nil
	return nil
}

// Rcpt implements smtp.Session: only configured mailboxes are there.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	box, ok := c.s.cfg.Mailbox(to)
	if !ok {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox here; see mail.in.mailboxes"}
	}
	c.to = append(c.to, Mail{Mailbox: box.Address, To: to, From: c.from})
	return nil
}

// Data implements smtp.Session: all mailboxes have the mail, or the sender comes again.
func (c *session) Data(r io.Reader) error {
	raw, err := read(r)
	if err != nil {
		return err
	}
	for _, m := range c.to {
		if err := c.take(m, raw); err != nil {
			return err
		}
	}
	return nil
}

// Reset implements smtp.Session.
func (c *session) Reset() { c.from, c.to = "", nil }

// Logout implements smtp.Session.
func (c *session) Logout() error { return nil }

func (c *session) take(m Mail, raw []byte) error {
	m.Raw = raw
	ctx, cancel := context.WithTimeoutCause(c.ctx, takeTimeout, errors.New("a mail was not kept in time"))
	defer cancel()
	err := c.s.deps.Take(ctx, m)
	if err == nil {
		c.s.metrics.count(resultTaken)
		return nil
	}
	c.s.metrics.count(resultAgain)
	c.s.deps.Log.Warn("a mail is not kept, its sender comes again", "mailbox", m.Mailbox, "bytes", len(raw), "err", err)
	return again("not kept yet, try again")
}

// read reads a mail. What is no refusal of the protocol is answered so that the sender comes again.
func read(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(r)
	var refusal *smtp.SMTPError
	switch {
	case err == nil:
		return raw, nil
	case errors.As(err, &refusal):
		return nil, refusal
	}
	return nil, again("the mail broke off")
}

// again is an answer after which the sender tries again.
func again(why string) error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: why}
}

// each answers for each mailbox on its own.
type each struct{ *session }

// LMTPData implements smtp.LMTPSession.
func (c *each) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	raw, err := read(r)
	if err != nil {
		return err
	}
	for _, m := range c.to {
		status.SetStatus(m.To, c.take(m, raw))
	}
	return nil
}

// gate lets our own mail servers in, and knows who is there.
type gate struct {
	net.Listener

	from []netip.Prefix
	log  *slog.Logger

	mu   sync.Mutex
	open map[net.Conn]bool // guarded by mu
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !g.admits(c) {
			g.log.Debug("hung up on one who is none of our mail servers; see mail.in.from", "remote", c.RemoteAddr().String())
			_ = c.Close()
			continue
		}
		known := &conn{Conn: c, gate: g}
		g.mu.Lock()
		g.open[known] = true
		g.mu.Unlock()
		return known, nil
	}
}

func (g *gate) admits(c net.Conn) bool {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	return err == nil && slices.ContainsFunc(g.from, func(p netip.Prefix) bool { return p.Contains(a.Addr().Unmap().WithZone("")) })
}

// hangUp closes all connections; no further one comes.
func (g *gate) hangUp() {
	g.mu.Lock()
	list := make([]net.Conn, 0, len(g.open))
	for c := range g.open {
		list = append(list, c)
	}
	g.mu.Unlock()
	for _, c := range list {
		_ = c.Close()
	}
}

// conn forgets itself when it is closed.
type conn struct {
	net.Conn

	gate *gate
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.open, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}
