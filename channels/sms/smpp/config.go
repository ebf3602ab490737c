package smpp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
)

// Secret is a password. It prints as ***.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "***" }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the secret from everything that prints a configuration.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// UnmarshalText takes the secret from a configuration file.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(strings.TrimSpace(string(b)))
	return nil
}

// Config is one account with a message centre.
type Config struct {
	Name      string      // of the account, in logs and metrics
	Addresses []string    // host:port; each gets Binds connections
	TLS       *tls.Config // nil = plain TCP
	Binds     int         // connections to each address

	SystemID     string
	Password     Secret
	SystemType   string
	AddressRange string // the numbers that are served; most centres want it empty

	Source string // the sender that recipients see: a number, a short code or a name
	// SourceKind and RecipientKind stand in for what ParseAddress makes of the
	// form of an address; nil = it is right. Centres differ about short codes.
	SourceKind    *Kind
	RecipientKind *Kind
	ServiceType   string // most centres want it empty

	Alphabet text.Coding // what the centre means by data_coding 0
	Latin1   bool        // send Latin-1 where it holds the text and GSM does not
	Way      text.Way    // how long texts go out
	MaxParts int         // of one text
	Receipts bool        // ask for delivery receipts
	Tag      bool        // send user_message_reference; some centres refuse what they do not know

	Window  int     // messages that wait for their response at once, per bind
	Inbound int     // messages that wait to be stored at once, per bind
	Rate    float64 // messages a second, per bind

	DialTimeout     time.Duration
	BindTimeout     time.Duration
	ResponseTimeout time.Duration // then a message is Unsure
	EnquireEvery    time.Duration // of silence, then the peer is asked
	EnquireTimeout  time.Duration // then it is given up; a write may take as long
	StoreTimeout    time.Duration // for Deps.Receive
	DrainTimeout    time.Duration // for the last responses at the end
	UnbindTimeout   time.Duration
	BackoffMin      time.Duration // between tries to connect
	BackoffMax      time.Duration
	Stable          time.Duration // a link that has stood for so long is tried again at BackoffMin
}

// Kind is what an address is (§5.2.5, §5.2.6).
type Kind struct{ TON, NPI uint8 }

// Default is a configuration that lacks only the account.
func Default() Config {
	return Config{
		Binds: 1, Alphabet: text.GSM, Way: text.Header8, MaxParts: 10, Receipts: true,
		Window: 10, Inbound: 100, Rate: 10,
		DialTimeout: 10 * time.Second, BindTimeout: 10 * time.Second, ResponseTimeout: 30 * time.Second,
		EnquireEvery: 30 * time.Second, EnquireTimeout: 10 * time.Second, StoreTimeout: 10 * time.Second,
		DrainTimeout: 5 * time.Second, UnbindTimeout: 2 * time.Second,
		BackoffMin: time.Second, BackoffMax: time.Minute, Stable: 30 * time.Second,
	}
}

// Validate says all that is wrong.
func (c Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Name == "" {
		fail("name: is empty; it is how logs and metrics call the account")
	}
	if len(c.Addresses) == 0 {
		fail("addresses: none; write host:port of the message centre")
	}
	for i, a := range c.Addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			fail("addresses[%d]: %w", i, err)
		}
	}
	if _, err := c.bindPDU().Append(nil); err != nil {
		fail("system_id, password, system_type, address_range: %w", err)
	}
	if c.SystemID == "" {
		fail("system_id: is empty")
	}
	if _, err := ParseAddress(c.Source); err != nil {
		fail("source: %w", err)
	}
	if _, err := (pdu.PDU{Command: pdu.SubmitSM, Body: &pdu.Message{Service: c.ServiceType}}).Append(nil); err != nil {
		fail("service_type: %w", err)
	}
	between := func(name string, v, low, high int) {
		if v < low || v > high {
			fail("%s: %d is not between %d and %d", name, v, low, high)
		}
	}
	between("binds", c.Binds, 1, 16)
	between("max_parts", c.MaxParts, 1, text.MaxParts)
	between("window", c.Window, 1, 1000)
	between("inbound", c.Inbound, 1, 10000)
	if !(c.Rate >= 0.1 && c.Rate <= 10000) {
		fail("rate: %g is not between 0.1 and 10000 messages a second", c.Rate)
	}
	if c.Alphabet != text.GSM && c.Alphabet != text.Latin1 && c.Alphabet != text.ASCII {
		fail("alphabet: %s is no default alphabet; write gsm, latin1 or ascii", c.Alphabet)
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"dial_timeout", c.DialTimeout},
		{"bind_timeout", c.BindTimeout},
		{"response_timeout", c.ResponseTimeout},
		{"enquire_every", c.EnquireEvery},
		{"enquire_timeout", c.EnquireTimeout},
		{"store_timeout", c.StoreTimeout},
		{"drain_timeout", c.DrainTimeout},
		{"unbind_timeout", c.UnbindTimeout},
		{"backoff_min", c.BackoffMin},
		{"stable", c.Stable},
	} {
		if d.d <= 0 {
			fail("%s: %s is not positive", d.name, d.d)
		}
	}
	if c.BackoffMax < c.BackoffMin {
		fail("backoff_max: %s is less than backoff_min, %s", c.BackoffMax, c.BackoffMin)
	}
	return errors.Join(errs...)
}

func (c Config) bindPDU() pdu.PDU {
	return pdu.PDU{Command: pdu.BindTransceiver, Body: &pdu.Bind{
		SystemID: c.SystemID, Password: string(c.Password), SystemType: c.SystemType, Version: pdu.Version34, Range: c.AddressRange,
	}}
}
