package send

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/email/loop"
)

// Config says how mails leave.
type Config struct {
	// From is who writes, such as "ButlerSPB <help@butlerspb.example>"; answers and bounces go there. Empty: no mail is written.
	From string `yaml:"from"`
	// Accounts are submission servers, the first one preferred.
	Accounts []Account `yaml:"accounts"`
	// Limits bound what Vahta writes by itself.
	Limits loop.Limits `yaml:"automatic"`
	// LargestFile is how many bytes the files of one mail have together; what goes beyond is named in the text.
	LargestFile int64 `yaml:"largest_files"`
}

// Account is a submission server and who we are there.
type Account struct {
	Name     string        `yaml:"name"`
	Host     string        `yaml:"host"`
	Port     int           `yaml:"port"` // 0 = 587, or 465 with tls: tls
	TLS      Security      `yaml:"tls"`
	CA       string        `yaml:"ca"` // file with the server's own authority; empty = the system's
	User     string        `yaml:"user"`
	Password Secret        `yaml:"password"`
	OAuth    OAuth         `yaml:"oauth"`   // instead of the password
	From     string        `yaml:"from"`    // when the server lets us write from another address only; empty = that of all
	Timeout  time.Duration `yaml:"timeout"` // of one try; 0 = 10 s
}

// Security says how a connection is encrypted.
type Security string

// The ways of encryption.
const (
	SecurityStartTLS Security = "starttls" // the default
	SecurityTLS      Security = "tls"
	SecurityNone     Security = "none" // on this machine only
)

// OAuth gets tokens for XOAUTH2, with a refresh token or, without one, by the client's own credentials.
type OAuth struct {
	TokenURL     string `yaml:"token_url"` // empty = no OAuth
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	RefreshToken Secret `yaml:"refresh_token"`
	Scope        string `yaml:"scope"`
}

// Secret prints as ***.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// UnmarshalText takes the secret from a configuration file.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(strings.TrimSpace(string(b)))
	return nil
}

// The defaults and bounds.
const (
	defaultTimeout = 10 * time.Second
	leastTimeout   = time.Second
	mostTimeout    = 25 * time.Second // the outbox gives a try 30 s
	defaultFiles   = 20 << 20         // bytes; base64 makes 27 MB of it, most servers take 25 to 35
	mostFiles      = 100 << 20
	submissionPort = 587
	submissionsTLS = 465
	maxPort        = 65535
)

// Default returns a configuration that writes no mail.
func Default() Config { return Config{Limits: loop.Default(), LargestFile: defaultFiles} }

// Enabled reports whether mails are written.
func (c Config) Enabled() bool { return c.From != "" }

// Address is where answers go, without a name, in lower case; empty = no mail is written. It names this Vahta in the header of its
// mails.
func (c Config) Address() string {
	a, err := mail.ParseAddress(c.From)
	if err != nil {
		return ""
	}
	return strings.ToLower(a.Address)
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if c.From == "" {
		if len(c.Accounts) > 0 {
			faults = append(faults, errors.New("from: want the address that mails come from, such as help@example.net"))
		}
	} else {
		if _, err := mail.ParseAddress(c.From); err != nil {
			faults = append(faults, fmt.Errorf("from: %q is no address", c.From))
		}
		if len(c.Accounts) == 0 {
			faults = append(faults, errors.New("accounts: want at least one submission server"))
		}
	}
	if err := c.Limits.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("automatic.%w", err))
	}
	if c.LargestFile < 0 || c.LargestFile > mostFiles {
		faults = append(faults, fmt.Errorf("largest_files: %d, want up to %d", c.LargestFile, mostFiles))
	}
	seen := map[string]bool{}
	for i, a := range c.Accounts {
		if a.Name == "" || seen[a.Name] {
			faults = append(faults, fmt.Errorf("accounts[%d].name: %q is empty or used twice", i, a.Name))
		}
		seen[a.Name] = true
		for _, err := range a.faults() {
			faults = append(faults, fmt.Errorf("accounts[%d].%w", i, err))
		}
	}
	return errors.Join(faults...)
}

func (a Account) faults() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if a.Host == "" || strings.ContainsAny(a.Host, ":/ ") && net.ParseIP(a.Host) == nil {
		fault("host: %q, want the server's name alone", a.Host)
	}
	if a.Port < 0 || a.Port > maxPort {
		fault("port: %d is none", a.Port)
	}
	switch a.TLS {
	case "", SecurityStartTLS, SecurityTLS:
	case SecurityNone:
		if !local(a.Host) {
			fault("tls: none sends mails in the open; only a server on this machine may have it")
		}
	default:
		fault("tls: %q, want starttls, tls or none", a.TLS)
	}
	if a.From != "" {
		if _, err := mail.ParseAddress(a.From); err != nil {
			fault("from: %q is no address", a.From)
		}
	}
	if a.Timeout != 0 && (a.Timeout < leastTimeout || a.Timeout > mostTimeout) {
		fault("timeout: %v, want %v to %v", a.Timeout, leastTimeout, mostTimeout)
	}
	return append(faults, a.credentials()...)
}

// credentials are what is wrong with how we prove who we are.
func (a Account) credentials() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if (a.Password != "" || a.OAuth.TokenURL != "") && a.User == "" {
		fault("user: want the name that goes with the password or the token")
	}
	if a.User != "" && a.Password == "" && a.OAuth.TokenURL == "" {
		fault("password: want one for %q, or oauth", a.User)
	}
	if a.OAuth != (OAuth{}) {
		u, err := url.Parse(a.OAuth.TokenURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
			fault("oauth.token_url: want https:// and a host")
		}
		if a.Password != "" {
			fault("oauth: there is a password too; remove one of them")
		}
		if a.OAuth.ClientID == "" || a.OAuth.ClientSecret == "" && a.OAuth.RefreshToken == "" {
			fault("oauth: want client_id, and client_secret or refresh_token")
		}
	}
	return faults
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// filled puts the defaults in.
func (a Account) filled() Account {
	if a.TLS == "" {
		a.TLS = SecurityStartTLS
	}
	if a.Port == 0 {
		if a.Port = submissionPort; a.TLS == SecurityTLS {
			a.Port = submissionsTLS
		}
	}
	if a.Timeout == 0 {
		a.Timeout = defaultTimeout
	}
	return a
}
