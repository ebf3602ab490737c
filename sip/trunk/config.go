package trunk

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/butlerspb/vahta/sip/locate"
)

// Config names all peers.
type Config struct {
	// Operators in order of preference for outgoing calls.
	Operators []Operator `yaml:"operators"`
	// Phones are hosts, addresses or CIDRs of softphones that may send to us.
	Phones []string `yaml:"phones"`
	// ProbeEvery is the interval of OPTIONS to each operator.
	ProbeEvery time.Duration `yaml:"probe_every"`
	// DNS says how peers' names are looked up.
	DNS locate.Config `yaml:"dns"`
	// TrunkProgress is how long an operator may stay silent (no 1xx), all its targets together, before the next is tried.
	TrunkProgress time.Duration `yaml:"trunk_progress"`
	// TrunkRinging is how long an operator may take from its first answer to ringing before the next is tried, if there
	// is one.
	TrunkRinging time.Duration `yaml:"trunk_ringing"`
	// PhoneProgress is how long a softphone may stay silent (no 1xx).
	PhoneProgress time.Duration `yaml:"phone_progress"`
}

// Default has no peers and the intervals of the field.
func Default() Config {
	return Config{
		ProbeEvery:    8 * time.Second,
		DNS:           locate.Default(),
		TrunkProgress: 3 * time.Second,
		TrunkRinging:  10 * time.Second, // mobiles abroad take up to eight
		PhoneProgress: 2 * time.Second,
	}
}

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for field, d := range map[string]time.Duration{
		"probe_every": c.ProbeEvery, "trunk_progress": c.TrunkProgress, "trunk_ringing": c.TrunkRinging, "phone_progress": c.PhoneProgress,
	} {
		if d <= 0 {
			fault("%s: %s is not a positive duration", field, d)
		}
	}
	if err := c.DNS.Validate(); err != nil {
		fault("dns: %w", err)
	}
	names := make(map[string]bool)
	for i, o := range c.Operators {
		if names[o.Name] {
			fault("operators[%d].name: %q is used twice; give each operator its own name", i, o.Name)
		}
		names[o.Name] = true
		faults = append(faults, o.validate(fmt.Sprintf("operators[%d]", i)))
	}
	for i, p := range c.Phones {
		if _, err := parseSource(p); err != nil && !hostLike(p) {
			fault("phones[%d]: %q is neither an address, a CIDR nor a host name", i, p)
		}
	}
	return errors.Join(faults...)
}

// source is one address list entry: a prefix, and a port when the entry names one.
type source struct {
	prefix netip.Prefix
	port   uint16 // 0 = any
}

func (s source) matches(from netip.AddrPort) bool {
	return s.prefix.Contains(from.Addr()) && (s.port == 0 || s.port == from.Port())
}

// parseSource reads "192.0.2.1", "192.0.2.0/24" or "192.0.2.1:5080".
func parseSource(s string) (source, error) {
	if prefix, err := netip.ParsePrefix(s); err == nil {
		return source{prefix: prefix.Masked()}, nil
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return source{prefix: hostPrefix(addr)}, nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return source{prefix: hostPrefix(ap.Addr()), port: ap.Port()}, nil
	}
	return source{}, fmt.Errorf("%q is no address, CIDR or address:port", s)
}

func hostPrefix(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen())
}
