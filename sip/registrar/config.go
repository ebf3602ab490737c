package registrar

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/digest"
)

// Config says which phones may register and how.
type Config struct {
	// Enabled lets unknown addresses send a REGISTER; without it there are no accounts.
	Enabled bool `yaml:"enabled"`
	// Domain is what phones are told to register at, host or host:port; phones that are set up by a link need it.
	Domain string `yaml:"domain"`
	// Realm stands in challenges and in every HA1: another one makes all phones get new settings. Empty = "vahta".
	Realm string `yaml:"realm"`
	// Algorithms are offered to phones, strongest first; accounts have an HA1 for each. A phone that answers none of several
	// is offered the last alone when it asks again.
	Algorithms []digest.Algorithm `yaml:"algorithms"`
	// Transport is what phones are told to use: udp, tcp or tls.
	Transport string `yaml:"transport"`
	// SRTP is how their sound goes over TLS: required, offered or off. Without TLS it is offered at most.
	SRTP string `yaml:"srtp"`
	// Expires is the longest life of a binding, and what phones are told.
	Expires time.Duration `yaml:"expires"`
	// MinExpires is the shortest life that a phone may ask for.
	MinExpires time.Duration `yaml:"min_expires"`
	// MaxContacts is how many phones one account has; a further one takes the place of the oldest.
	MaxContacts int `yaml:"max_contacts"`
	// MaxCalls is how many calls of its own an account may have at a time; calls to a hotline are none.
	MaxCalls int `yaml:"max_calls"`
	// Ping is the mean time between two OPTIONS; NAT boxes forget a UDP way after as little as 30 s.
	Ping time.Duration `yaml:"ping"`
	// Refresh is how often the accounts are read again; a revocation at another node takes that long at most.
	Refresh time.Duration `yaml:"refresh"`
	// Listen is an HTTP listener that serves links and nothing else; "" = http.listen serves them, beside probes and metrics.
	Listen string `yaml:"listen"`
	// PublicURL is where phones reach the listener of links, such as https://vahta.example.net; "" = no links.
	PublicURL string `yaml:"public_url"`
	// LinkLife is how long a one-time link is good.
	LinkLife time.Duration `yaml:"link_life"`
}

// Bounds of the settings.
const (
	maxExpires  = 120 * time.Second // a phone that is gone is known to be after two minutes
	maxLinkLife = 15 * time.Minute
	maxRefresh  = 30 * time.Second // a revocation counts everywhere within a minute
)

// Default returns the settings of everything that the configuration leaves out.
func Default() Config {
	return Config{
		Realm: "vahta", Algorithms: algorithms(), Transport: "tls", SRTP: "required", Expires: maxExpires, MinExpires: 30 * time.Second, MaxContacts: 5, MaxCalls: 2,
		Ping: 27 * time.Second, Refresh: 5 * time.Second, LinkLife: maxLinkLife,
	}
}

// Validate reports all faults of the configuration at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Realm == "" || strings.ContainsAny(c.Realm, "\"\\\r\n:") {
		fault("realm: %q is no realm; write a word such as vahta, without quotes and colons", c.Realm)
	}
	if len(c.Algorithms) == 0 || slices.ContainsFunc(c.Algorithms, func(a digest.Algorithm) bool { return !slices.Contains(algorithms(), a) }) {
		fault("algorithms: %v; use SHA-256, MD5, or both in this order", c.Algorithms)
	}
	switch c.Transport {
	case "udp", "tcp", "tls":
	default:
		fault("transport: %q is unknown; use udp, tcp or tls", c.Transport)
	}
	switch c.SRTP {
	case "required", "offered", "off":
	default:
		fault("srtp: %q is unknown; use required, offered or off", c.SRTP)
	}
	if c.Expires < 30*time.Second || c.Expires > maxExpires {
		fault("expires: %s is out of range; use 30s to %s", c.Expires, maxExpires)
	}
	if c.MinExpires < time.Second || c.MinExpires > c.Expires {
		fault("min_expires: %s is out of range; use 1s to expires (%s)", c.MinExpires, c.Expires)
	}
	if c.MaxContacts < 1 || c.MaxContacts > 20 {
		fault("max_contacts: %d is out of range; use 1 to 20", c.MaxContacts)
	}
	if c.MaxCalls < 1 || c.MaxCalls > 100 {
		fault("max_calls: %d is out of range; use 1 to 100", c.MaxCalls)
	}
	if c.Ping < time.Second || c.Ping > c.Expires {
		fault("ping: %s is out of range; use 1s to expires (%s)", c.Ping, c.Expires)
	}
	if c.Refresh < time.Second || c.Refresh > maxRefresh {
		fault("refresh: %s is out of range; use 1s to %s", c.Refresh, maxRefresh)
	}
	if c.LinkLife < time.Minute || c.LinkLife > maxLinkLife {
		fault("link_life: %s is out of range; use 1m to %s", c.LinkLife, maxLinkLife)
	}
	return errors.Join(append(faults, c.validateAddresses()...)...)
}

func (c Config) validateAddresses() (faults []error) {
	if c.Domain != "" {
		if _, err := domainURI(c.Domain); err != nil {
			faults = append(faults, fmt.Errorf("domain: %q is no host or host:port: %w", c.Domain, err))
		}
	}
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			faults = append(faults, fmt.Errorf("listen: %q is no address:port: %w", c.Listen, err))
		} else if c.PublicURL == "" {
			faults = append(faults, errors.New("public_url: is empty; links need it to be served by listen"))
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			faults = append(faults, fmt.Errorf("public_url: %q is no address; write it as https://vahta.example.net", c.PublicURL))
		} else if c.Domain == "" {
			faults = append(faults, errors.New("domain: is empty; phones that are set up by public_url must be told where to register"))
		}
	}
	return faults
}

// Warnings tells what is allowed but not safe.
func (c Config) Warnings() (list []error) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" {
		return nil
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && (addr.IsPrivate() || addr.IsLoopback()) {
		return nil
	}
	return []error{errors.New("public_url: is not https; the secret of a phone crosses the network in clear text")}
}
