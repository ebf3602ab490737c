package locate

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Config says whom to ask and how long answers hold.
type Config struct {
	// Servers are name servers, address or address:port, tried in this order; empty = those of /etc/resolv.conf.
	Servers []string `yaml:"servers"`
	// Timeout is how long one name server may take; two rounds are made.
	Timeout time.Duration `yaml:"timeout"`
	// MinTTL and MaxTTL bound how long an answer is held before it is asked for again.
	MinTTL time.Duration `yaml:"min_ttl"`
	MaxTTL time.Duration `yaml:"max_ttl"`
}

// Default asks the system's name servers.
func Default() Config {
	return Config{Timeout: time.Second, MinTTL: 10 * time.Second, MaxTTL: time.Hour}
}

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for i, s := range c.Servers {
		if _, err := serverAddr(s); err != nil {
			fault("servers[%d]: %w", i, err)
		}
	}
	if c.Timeout <= 0 {
		fault("timeout: %s is not a positive duration", c.Timeout)
	}
	if c.MinTTL < time.Second {
		fault("min_ttl: %s is too short; 1s is the least", c.MinTTL)
	}
	if c.MaxTTL < c.MinTTL {
		fault("max_ttl: %s is below min_ttl (%s)", c.MaxTTL, c.MinTTL)
	}
	return errors.Join(faults...)
}

// dnsPort is where name servers listen, RFC 1035 §4.2.
const dnsPort = 53

// serverAddr completes a name server's address.
func serverAddr(s string) (string, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return net.JoinHostPort(addr.String(), strconv.Itoa(dnsPort)), nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Port() != 0 {
		return ap.String(), nil
	}
	return "", fmt.Errorf("%q is no address or address:port of a name server, such as 192.0.2.53", s)
}
