package sms

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/text"
)

// Config is the section sms of the configuration.
type Config struct {
	Accounts []Account     `yaml:"accounts"`  // with message centres, the first one preferred
	MaxParts int           `yaml:"max_parts"` // of one text; what is longer is cut
	PerDay   int           `yaml:"per_day"`   // texts that leave within 24 hours, from all nodes
	Every    time.Duration `yaml:"every"`     // what Vahta writes by itself goes to one number once in this time
	Timeout  time.Duration `yaml:"timeout"`   // of one try by one account
}

// Account is one with a message centre, by SMPP 3.4.
type Account struct {
	Name         string      `yaml:"name"`
	Addresses    []string    `yaml:"addresses"` // host:port
	TLS          bool        `yaml:"tls"`
	CA           string      `yaml:"ca"` // file with the centre's own authority; empty = the system's
	SystemID     string      `yaml:"system_id"`
	Password     smpp.Secret `yaml:"password"`
	SystemType   string      `yaml:"system_type"`
	AddressRange string      `yaml:"address_range"`
	ServiceType  string      `yaml:"service_type"`
	Source       string      `yaml:"source"` // what recipients see: a number, a short code or a name
	Alphabet     string      `yaml:"alphabet"`
	Parts        string      `yaml:"parts"`
	Binds        int         `yaml:"binds"`
	Window       int         `yaml:"window"`
	Rate         float64     `yaml:"rate"` // messages a second
}

// Default returns a configuration without accounts.
func Default() Config {
	return Config{MaxParts: 3, PerDay: 500, Every: time.Hour, Timeout: 10 * time.Second}
}

// Enabled reports whether there is an account.
func (c Config) Enabled() bool { return len(c.Accounts) > 0 }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.MaxParts < 1 || c.MaxParts > maxParts {
		fault("max_parts: %d is not between 1 and %d", c.MaxParts, maxParts)
	}
	if c.PerDay < 1 || c.PerDay > maxPerDay {
		fault("per_day: %d is not between 1 and %d", c.PerDay, maxPerDay)
	}
	if c.Every < time.Minute || c.Every > day {
		fault("every: %s is not between 1m and 24h", c.Every)
	}
	if c.Timeout < time.Second || c.Timeout > 25*time.Second {
		fault("timeout: %s is not between 1s and 25s", c.Timeout)
	}
	names := map[string]bool{}
	for i, a := range c.Accounts {
		if names[a.Name] {
			fault("accounts[%d].name: %q is used twice", i, a.Name)
		}
		names[a.Name] = true
		conf, err := a.config(c)
		if err == nil {
			err = conf.Validate()
		}
		if err != nil {
			fault("accounts[%d]: %w", i, err)
		}
	}
	return errors.Join(faults...)
}

const (
	maxParts  = 10
	lookAgain = 4 * time.Second // after an outage clients wait: a centre that is back is found within this time
	maxPerDay = 10_000
	day       = 24 * time.Hour
)

// alphabets are what a centre may mean by its default alphabet.
func alphabets() map[string]text.Coding {
	return map[string]text.Coding{"": text.GSM, "gsm": text.GSM, "latin1": text.Latin1, "ascii": text.ASCII}
}

// ways are how the parts of a long text are told to belong together.
func ways() map[string]text.Way {
	return map[string]text.Way{"": text.Header8, "udh8": text.Header8, "udh16": text.Header16, "sar": text.SAR, "payload": text.Payload}
}

// config is what the account's client works by.
func (a Account) config(c Config) (smpp.Config, error) {
	conf := smpp.Default()
	conf.Name, conf.Addresses, conf.SystemID, conf.Password = a.Name, a.Addresses, a.SystemID, a.Password
	conf.SystemType, conf.AddressRange, conf.ServiceType, conf.Source = a.SystemType, a.AddressRange, a.ServiceType, a.Source
	conf.MaxParts, conf.BackoffMax = c.MaxParts, lookAgain
	var ok bool
	if conf.Alphabet, ok = alphabets()[a.Alphabet]; !ok {
		return conf, fmt.Errorf("alphabet: %q, want gsm, latin1 or ascii", a.Alphabet)
	}
	if conf.Way, ok = ways()[a.Parts]; !ok {
		return conf, fmt.Errorf("parts: %q, want udh8, udh16, sar or payload", a.Parts)
	}
	if a.Binds != 0 {
		conf.Binds = a.Binds
	}
	if a.Window != 0 {
		conf.Window = a.Window
	}
	if a.Rate != 0 {
		conf.Rate = a.Rate
	}
	if !a.TLS {
		return conf, nil
	}
	conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(a.Addresses) > 0 {
		if host, _, err := net.SplitHostPort(a.Addresses[0]); err == nil {
			conf.TLS.ServerName = host
		}
	}
	if a.CA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(a.CA)
	if err != nil {
		return conf, fmt.Errorf("ca: %w", err)
	}
	conf.TLS.RootCAs = x509.NewCertPool()
	if !conf.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return conf, fmt.Errorf("ca: there is no certificate in %s", a.CA)
	}
	return conf, nil
}
