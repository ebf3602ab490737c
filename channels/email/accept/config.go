package accept

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
)

// Config says which mails are taken in, and from whom.
type Config struct {
	// Listen is where our mail server delivers to, such as 127.0.0.1:2424. Empty: no mail is taken in.
	Listen   string   `yaml:"listen"`
	Protocol Protocol `yaml:"protocol"`
	// From are the networks of our own mail servers; all others are hung up on.
	From      []netip.Prefix `yaml:"from"`
	Mailboxes []Mailbox      `yaml:"mailboxes"`
	// Largest is how many bytes a mail may have.
	Largest int64 `yaml:"largest"`
	// Trusted are the names under which our own mail servers write Authentication-Results.
	Trusted []string `yaml:"trusted_servers"`
}

// Mailbox is an address whose mails are taken in, with all that stands behind a +.
type Mailbox struct {
	Address string `yaml:"address"`
	Line    string `yaml:"line"` // the hotline whose people are called; empty = the first
	// Emergency says that people write there when it burns: their mails are critical.
	Emergency bool `yaml:"emergency"`
}

// Protocol is what our mail server speaks to us.
type Protocol string

// The protocols.
const (
	LMTP Protocol = "lmtp" // an answer for each mailbox
	SMTP Protocol = "smtp"
)

// Sizes of a mail in bytes. A signal has 32 MiB at most, and what the server was told stands in it too.
const (
	leastLargest = 1 << 20
	mostLargest  = 32<<20 - 1<<16
)

// Default returns a configuration that takes in no mail.
func Default() Config {
	return Config{
		Protocol: LMTP, Largest: mostLargest,
		From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
}

// Enabled reports whether mails are taken in.
func (c Config) Enabled() bool { return c.Listen != "" }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Protocol != LMTP && c.Protocol != SMTP {
		fault("protocol: %q, want lmtp or smtp", c.Protocol)
	}
	if c.Largest < leastLargest || c.Largest > mostLargest {
		fault("largest: %d, want %d to %d", c.Largest, leastLargest, mostLargest)
	}
	if c.Enabled() {
		if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
			fault("listen: %q, want an address and a port, such as 127.0.0.1:2424", c.Listen)
		}
		if len(c.Mailboxes) == 0 {
			fault("mailboxes: want at least one, such as {address: help@example.net}")
		}
		if len(c.From) == 0 {
			fault("from: want the networks of your mail servers")
		}
	}
	seen := map[string]bool{}
	for i, m := range c.Mailboxes {
		a, err := mail.ParseAddress(m.Address)
		switch {
		case err != nil || a.Address != m.Address || strings.Contains(m.Address, "+"):
			fault("mailboxes[%d].address: %q, want an address alone, without a name and a +", i, m.Address)
		case seen[plain(m.Address)]:
			fault("mailboxes[%d].address: %q is there twice", i, m.Address)
		}
		seen[plain(m.Address)] = true
	}
	return errors.Join(faults...)
}

// Mailbox returns the mailbox of an address, whatever stands behind its +.
func (c Config) Mailbox(address string) (Mailbox, bool) {
	i := slices.IndexFunc(c.Mailboxes, func(m Mailbox) bool { return plain(m.Address) == plain(address) })
	if i < 0 {
		return Mailbox{}, false
	}
	return c.Mailboxes[i], true
}

// plain is an address without its tag, in lower case.
func plain(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}
