package accept_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/channels/email/accept"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf keeps mails, unless it is away for a mailbox.
type shelf struct {
	mu   sync.Mutex
	kept []accept.Mail
	away map[string]bool
}

func (s *shelf) take(_ context.Context, m accept.Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[m.Mailbox] {
		return errors.New("the store is away")
	}
	s.kept = append(s.kept, m)
	return nil
}

func (s *shelf) mails() []accept.Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

// serve runs a server until the end of the test.
func serve(t *testing.T, s *shelf, change func(*accept.Config)) (addr string, stop func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := accept.Default()
	cfg.Listen = l.Addr().String()
	cfg.Mailboxes = []accept.Mailbox{{Address: "help@desk.example"}, {Address: "Fire@desk.example"}}
	if change != nil {
		change(&cfg)
	}
	server, err := accept.New(cfg, accept.Deps{Take: s.take})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return cfg.Listen, stop
}

// dial speaks to a server, by LMTP or SMTP.
func dial(t *testing.T, addr string, lmtp bool) *smtp.Client {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	client := smtp.NewClient(c)
	if lmtp {
		client = smtp.NewClientLMTP(c)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// code is the answer's; 250 for none.
func code(err error) int {
	var refused *smtp.SMTPError
	switch {
	case err == nil:
		return 250
	case errors.As(err, &refused):
		return refused.Code
	}
	return 0
}

// hand gives a mail to a server and returns its answers for each mailbox.
func hand(t *testing.T, c *smtp.Client, lmtp bool, raw string, to ...string) map[string]int {
	t.Helper()
	if err := c.Mail("ivan@client.example", nil); err != nil {
		t.Fatal(err)
	}
	answers := map[string]int{}
	for _, a := range to {
		if err := c.Rcpt(a, nil); err != nil {
			t.Fatal(err)
		}
		answers[a] = 250
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	if !lmtp {
		err := w.Close()
		for a := range answers {
			answers[a] = code(err)
		}
		return answers
	}
	_, err = w.CloseWithLMTPResponse()
	if faults, ok := errors.AsType[smtp.LMTPDataError](err); ok {
		for a, f := range faults {
			answers[a] = f.Code
		}
	} else if err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestAMailIsAnsweredWhenItIsKept: each mailbox has the bytes as they were sent and is answered for itself; where they are not kept the
// sender is told to come again.
func TestAMailIsAnsweredWhenItIsKept(t *testing.T) {
	t.Parallel()
	raw := "From: ivan@client.example\r\nSubject: 1C\r\n\r\n.starts with a dot\r\n..two\r\n\xcf\xf0\xe8\r\n" + strings.Repeat("x", 100_000) + "\r\n"
	for _, protocol := range []accept.Protocol{accept.LMTP, accept.SMTP} {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			s := &shelf{away: map[string]bool{"Fire@desk.example": true}}
			lmtp := protocol == accept.LMTP
			addr, _ := serve(t, s, func(c *accept.Config) { c.Protocol = protocol })
			c := dial(t, addr, lmtp)
			want := map[string]int{"HELP+tag@desk.example": 250, "fire@DESK.example": 451}
			if !lmtp { // one answer for all
				want["HELP+tag@desk.example"] = 451
			}
			got := hand(t, c, lmtp, raw, "HELP+tag@desk.example", "fire@DESK.example")
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("answered %v, want %v", got, want)
			}
			kept := s.mails()
			if len(kept) != 1 {
				t.Fatalf("kept %d mails", len(kept))
			}
			m := kept[0]
			if m.Mailbox != "help@desk.example" || m.To != "HELP+tag@desk.example" || m.From != "ivan@client.example" || !bytes.Equal(m.Raw, []byte(raw)) {
				t.Errorf("kept for %q (%q) from %q: %d bytes of %d", m.Mailbox, m.To, m.From, len(m.Raw), len(raw))
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	addr, _ := serve(t, s, func(c *accept.Config) { c.Largest = 1 << 20 })
	c := dial(t, addr, true)
	if err := c.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"nobody@desk.example", "help@else.example", "helpdesk@desk.example"} {
		if err := c.Rcpt(to, nil); code(err) != 550 {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := hand(t, c, true, strings.Repeat("0123456789abcde\r\n", 1<<16), "help@desk.example"); got["help@desk.example"] != 552 {
		t.Errorf("a mail too large is answered by %v", got)
	}
	if got := hand(t, c, true, "Subject: small\r\n\r\nx\r\n", "help@desk.example"); got["help@desk.example"] != 250 || len(s.mails()) != 1 {
		t.Errorf("the next one by %v, %d are kept", got, len(s.mails()))
	}
}

// TestABrokenMailIsNotKept: the sender goes away in the middle of a mail.
func TestABrokenMailIsNotKept(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	addr, stop := serve(t, s, nil)
	c := dial(t, addr, true)
	if err := errors.Join(c.Mail("ivan@client.example", nil), c.Rcpt("help@desk.example", nil)); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("Subject: half\r\n\r\nthe fir")); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	stop() // waits for the connection
	if n := len(s.mails()); n != 0 {
		t.Errorf("%d halves are kept", n)
	}
}

func TestStrangersAreHungUpOn(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &shelf{}, func(c *accept.Config) { c.From = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	if err := dial(t, addr, true).Hello("x"); err == nil {
		t.Error("a stranger was greeted")
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	good := accept.Default()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	good.Listen, good.Mailboxes = "127.0.0.1:2424", []accept.Mailbox{{Address: "help@desk.example"}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*accept.Config){
		"protocol":             func(c *accept.Config) { c.Protocol = "uucp" },
		"largest":              func(c *accept.Config) { c.Largest = 64 << 20 },
		"listen":               func(c *accept.Config) { c.Listen = "here" },
		"mailboxes: want":      func(c *accept.Config) { c.Mailboxes = nil },
		"from":                 func(c *accept.Config) { c.From = nil },
		"mailboxes[0].address": func(c *accept.Config) { c.Mailboxes = []accept.Mailbox{{Address: "help+x@desk.example"}} },
		"there twice": func(c *accept.Config) {
			c.Mailboxes = append(c.Mailboxes, accept.Mailbox{Address: "HELP@desk.example"})
		},
	} {
		c := good
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestAnIdleConnectionDoesNotHoldTheEnd: mail servers keep connections for the next mail.
func TestAnIdleConnectionDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, &shelf{}, nil)
	c := dial(t, addr, true)
	if err := c.Hello("mx"); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := c.Noop(); err == nil {
		t.Error("the connection is there after the end")
	}
}
