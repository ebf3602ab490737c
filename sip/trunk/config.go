package trunk

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/butlerspb/vahta/sip/wire"
)

// DIDSource says where an operator writes which of our numbers was called.
type DIDSource string

// Where the called number is read from.
const (
	DIDFromRURI      DIDSource = "ruri"      // user part of the Request-URI
	DIDFromTo        DIDSource = "to"        // user part of To
	DIDFromDiversion DIDSource = "diversion" // topmost Diversion (RFC 5806), else the Request-URI
)

// Config names all peers.
type Config struct {
	// Operators in order of preference for outgoing calls.
	Operators []Operator `yaml:"operators"`
	// Phones are hosts, addresses or CIDRs of softphones that may send to us.
	Phones []string `yaml:"phones"`
	// ProbeEvery is the interval of OPTIONS to each operator.
	ProbeEvery time.Duration `yaml:"probe_every"`
	// ResolveEvery is the interval at which host names are looked up again.
	ResolveEvery time.Duration `yaml:"resolve_every"`
	// TrunkProgress is how long an operator may stay silent (no 1xx) before the next is tried.
	TrunkProgress time.Duration `yaml:"trunk_progress"`
	// PhoneProgress is how long a softphone may stay silent (no 1xx).
	PhoneProgress time.Duration `yaml:"phone_progress"`
}

// Operator is one trunk, recognised by its source addresses.
type Operator struct {
	Name      string         `yaml:"name"`
	Host      string         `yaml:"host"`      // name or address of its SBC
	Port      int            `yaml:"port"`      // 0 = 5060
	Transport wire.Transport `yaml:"transport"` // "" = udp
	// Sources are addresses, CIDRs or address:port pairs its calls come from. Host itself always counts.
	Sources []string `yaml:"sources"`
	// DID says where the called number stands.
	DID DIDSource `yaml:"did"`
	// Number is our own number on this trunk, shown as the caller on outgoing calls. Empty: the
	// trunk is used for incoming calls only.
	Number string `yaml:"number"`
	// Domain is the host part of From and To; empty = Host.
	Domain string `yaml:"domain"`
	// Plan is the form in which the operator wants numbers.
	Plan Plan `yaml:"plan"`
	// AssertIdentity adds P-Asserted-Identity with Number to outgoing calls.
	AssertIdentity bool `yaml:"assert_identity"`
	// NoOptions turns probing off for operators that dislike it.
	NoOptions bool `yaml:"no_options"`
	// MaxChannels limits calls in both directions; 0 = no limit.
	MaxChannels int `yaml:"max_channels"`
	// CallsPerSecond limits starts of calls in both directions; 0 = no limit.
	CallsPerSecond float64 `yaml:"calls_per_second"`
}

// Default has no peers and the intervals of the field.
func Default() Config {
	return Config{
		ProbeEvery:    8 * time.Second,
		ResolveEvery:  time.Minute,
		TrunkProgress: 3 * time.Second,
		PhoneProgress: 2 * time.Second,
	}
}

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for field, d := range map[string]time.Duration{
		"probe_every": c.ProbeEvery, "resolve_every": c.ResolveEvery,
		"trunk_progress": c.TrunkProgress, "phone_progress": c.PhoneProgress,
	} {
		if d <= 0 {
			fault("%s: %s is not a positive duration", field, d)
		}
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

func (o Operator) validate(path string) error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s.%s: "+format, append([]any{path, field}, args...)...))
	}
	if o.Name == "" {
		fault("name", "is empty; logs, metrics and reports need a name")
	}
	if !hostLike(o.Host) {
		fault("host", "%q is neither a host name nor an address", o.Host)
	}
	if o.Port < 0 || o.Port > 65535 {
		fault("port", "%d is no port", o.Port)
	}
	if o.Transport != "" && o.Transport != wire.UDP && o.Transport != wire.TCP {
		fault("transport", "%q is unknown; use udp or tcp", o.Transport)
	}
	for i, s := range o.Sources {
		if _, err := parseSource(s); err != nil {
			fault("sources", "entry %d: %w", i, err)
		}
	}
	switch o.DID {
	case "", DIDFromRURI, DIDFromTo, DIDFromDiversion:
	default:
		fault("did", "%q is unknown; use ruri, to or diversion", o.DID)
	}
	switch o.Plan {
	case "", PlanE164, PlanNational8, PlanPlain7:
	default:
		fault("plan", "%q is unknown; use e164, national8 or plain7", o.Plan)
	}
	if o.MaxChannels < 0 {
		fault("max_channels", "%d is negative; 0 means no limit", o.MaxChannels)
	}
	if o.CallsPerSecond < 0 {
		fault("calls_per_second", "%v is negative; 0 means no limit", o.CallsPerSecond)
	}
	return errors.Join(faults...)
}

// withDefaults fills what the operator left out.
func (o Operator) withDefaults() Operator {
	if o.Port == 0 {
		o.Port = sipPort
	}
	if o.Transport == "" {
		o.Transport = wire.UDP
	}
	if o.DID == "" {
		o.DID = DIDFromRURI
	}
	if o.Plan == "" {
		o.Plan = PlanE164
	}
	if o.Domain == "" {
		o.Domain = o.Host
	}
	return o
}

// sipPort is the default port of SIP over UDP and TCP, RFC 3261 §19.1.2.
const sipPort = 5060

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

// hostLike reports whether s can be an address or a DNS name.
func hostLike(s string) bool {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-._", r) && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) < 0
}
