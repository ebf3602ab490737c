package trunk

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

// Operator is one trunk, recognised by its source addresses. What it leaves out its profile says, and what that leaves
// out the defaults.
type Operator struct {
	Name string `yaml:"name"`
	// Profile is a known operator's way of doing things, one of [Profiles]; "" = none.
	Profile string `yaml:"profile"`
	// Host is the name or address of its SBC. A name without a port is looked up by NAPTR and SRV (RFC 3263).
	Host string `yaml:"host"`
	// Port, when given, is used with the addresses of Host alone; 0 = what DNS says, else the transport's default.
	Port int `yaml:"port"`
	// Transport is udp, tcp or tls; "" = what DNS says, else udp.
	Transport wire.Transport `yaml:"transport"`
	// TLS says whom we trust and who we are; its server_name is Host unless it says otherwise.
	TLS wire.TLSProfile `yaml:"tls"`
	// Local is the address of ours that the operator is spoken to from, one that sip.listen binds; "" = the system's choice.
	Local string `yaml:"local"`
	// OutboundProxy is where requests go in place of Host: host, host:port, or a SIP URI with ;transport=.
	OutboundProxy string `yaml:"outbound_proxy"`
	Auth          Auth   `yaml:"auth"`
	// Register says whether we register with the operator.
	Register Register `yaml:"register"`
	// Sources are addresses, CIDRs or address:port pairs its calls come from. Host itself always counts.
	Sources []string `yaml:"sources"`
	// DID says where the called number stands.
	DID DIDSource `yaml:"did"`
	// Number is our own number on this trunk, shown as the caller on outgoing calls. Empty: the
	// trunk is used for incoming calls only.
	Number string `yaml:"number"`
	// Domain is the host part of From, To and Request-URI; empty = Host.
	Domain string `yaml:"domain"`
	// Plan is the form in which the operator wants numbers.
	Plan Plan `yaml:"plan"`
	// Identity says how callers are told, in both directions.
	Identity Identity `yaml:"identity"`
	// Media says what sound the operator gets and gives.
	Media `yaml:",inline"`
	// Reliable is how 100rel (RFC 3262) is used: auto, require or off.
	Reliable dialog.Reliability `yaml:"reliable"`
	// Timer is how session timers (RFC 4028) are used.
	Timer dialog.SessionTimer `yaml:"timer"`
	// NoOptions turns probing off for operators that dislike it.
	NoOptions bool `yaml:"no_options"`
	// MaxChannels limits calls in both directions; 0 = no limit.
	MaxChannels int `yaml:"max_channels"`
	// CallsPerSecond limits starts of calls in both directions; 0 = no limit.
	CallsPerSecond float64 `yaml:"calls_per_second"`
	// SelfTest says how a call through the operator comes back to us.
	SelfTest SelfTest `yaml:"self_test"`
}

// SelfTest is how a call through an operator to our own number comes back.
type SelfTest struct {
	Off    bool   `yaml:"off"`    // tested only by command
	Number string `yaml:"number"` // what is dialled; "" = the operator's number
	Caller string `yaml:"caller"` // what such a call shows as the caller, or anonymous; "" = the operator's number
}

// Auth is our account at an operator that asks for a password.
type Auth struct {
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	Realm    string `yaml:"realm"` // "" = whatever realm the operator names
}

// Media is what is agreed on a leg's sound.
type Media struct {
	// Codecs in order of preference, such as [pcma, pcmu]; empty = all we have.
	Codecs []string `yaml:"codecs"`
	// DTMF is how keys are sent: auto, rfc4733, info or inband; "" = auto.
	DTMF string `yaml:"dtmf"`
	// SRTP is off, offered or required; "" = off.
	SRTP string `yaml:"srtp"`
}

// Values of [Media].DTMF.
const (
	DTMFAuto    = "auto"    // RFC 4733 where the peer takes it, else in band
	DTMFRFC4733 = "rfc4733" // telephone events only
	DTMFInfo    = "info"    // SIP INFO
	DTMFInband  = "inband"  // tones
)

// Values of [Media].SRTP.
const (
	SRTPOff      = "off"
	SRTPOffered  = "offered"  // RTP/AVP with keys: a peer that knows them encrypts
	SRTPRequired = "required" // RTP/SAVP: no sound without encryption
)

// codecNames are the codecs we have.
func codecNames() []string { return []string{"pcma", "pcmu"} }

func (o Operator) validate(path string) error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s.%s: "+format, append([]any{path, field}, args...)...))
	}
	profiles()[o.Profile].fill(&o)
	if o.Name == "" {
		fault("name", "is empty; logs, metrics and reports need a name")
	}
	if _, ok := profiles()[o.Profile]; !ok && o.Profile != "" {
		fault("profile", "%q is unknown; use %s, or leave it empty", o.Profile, strings.Join(Profiles(), ", "))
	}
	o.reach(fault)
	for i, s := range o.Sources {
		if _, err := parseSource(s); err != nil {
			fault("sources", "entry %d: %w", i, err)
		}
	}
	if err := o.DID.validate(); err != nil {
		fault("did", "%w", err)
	}
	oneOf(fault, "plan", string(o.Plan), string(PlanE164), string(PlanNational8), string(PlanPlain7))
	o.Identity.validate(fault)
	o.Media.validate(fault)
	if err := o.Timer.Validate(); err != nil {
		fault("timer", "%w", err)
	}
	if o.Auth.User == "" && (o.Auth.Password != "" || o.Auth.Realm != "") {
		fault("auth.user", "is empty; write the login that the operator gave, or remove auth")
	}
	if o.Auth.User != "" && o.Auth.Password == "" {
		fault("auth.password", "is empty; write the operator's password, best as file:/path")
	}
	if o.Identity.CLI == CLILogin && o.Auth.User == "" {
		fault("identity.cli", "login is shown as the caller, but auth.user is empty")
	}
	o.Register.validate(fault, o.Auth)
	if o.MaxChannels < 0 {
		fault("max_channels", "%d is negative; 0 means no limit", o.MaxChannels)
	}
	if o.SelfTest != (SelfTest{}) && o.Number == "" {
		fault("self_test", "the operator has no number of ours, so no call leaves by it; set number, or remove self_test")
	}
	if o.CallsPerSecond < 0 {
		fault("calls_per_second", "%v is negative; 0 means no limit", o.CallsPerSecond)
	}
	return errors.Join(faults...)
}

// faultFunc notes what is wrong with a field.
type faultFunc func(field, format string, args ...any)

// reach checks how the operator is spoken to.
func (o Operator) reach(fault faultFunc) {
	if !hostLike(o.Host) {
		fault("host", "%q is neither a host name nor an address", o.Host)
	}
	if o.Port < 0 || o.Port > 65535 {
		fault("port", "%d is no port", o.Port)
	}
	oneOf(fault, "transport", string(o.Transport), "udp", "tcp", "tls")
	if err := o.TLS.Validate(); err != nil {
		fault("tls", "%w", err)
	}
	if o.TLS.ServerName != "" && !hostLike(o.TLS.ServerName) {
		fault("tls.server_name", "%q is neither a host name nor an address", o.TLS.ServerName)
	}
	if o.TLS != (wire.TLSProfile{}) && (o.Transport == wire.UDP || o.Transport == wire.TCP) {
		fault("tls", "is set, but transport is %s; write transport: tls", o.Transport)
	}
	if o.Local != "" {
		if _, err := netip.ParseAddr(o.Local); err != nil {
			fault("local", "%q is no IP address; write one that sip.listen binds", o.Local)
		}
	}
	if o.OutboundProxy != "" {
		if _, err := parseProxy(o.OutboundProxy); err != nil {
			fault("outbound_proxy", "%w", err)
		}
	}
}

func (m Media) validate(fault faultFunc) {
	for i, c := range m.Codecs {
		switch {
		case !slices.Contains(codecNames(), strings.ToLower(c)):
			fault("codecs", "%q is unknown; there are %s", c, strings.Join(codecNames(), ", "))
		case slices.Contains(m.Codecs[:i], c):
			fault("codecs", "%q stands there twice", c)
		}
	}
	oneOf(fault, "dtmf", m.DTMF, DTMFAuto, DTMFRFC4733, DTMFInfo, DTMFInband)
	oneOf(fault, "srtp", m.SRTP, SRTPOff, SRTPOffered, SRTPRequired)
}

// oneOf checks a word; empty is always good.
func oneOf(fault faultFunc, field, got string, known ...string) {
	if got != "" && !slices.Contains(known, got) {
		last := len(known) - 1
		fault(field, "%q is unknown; use %s or %s", got, strings.Join(known[:last], ", "), known[last])
	}
}

// withDefaults fills what the operator and its profile left out.
func (o Operator) withDefaults() Operator {
	if p, ok := profiles()[o.Profile]; ok {
		p.fill(&o)
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
	o.Identity = o.Identity.withDefaults()
	o.Register = o.Register.withDefaults(&o)
	return o
}

// proxy is an outbound proxy, RFC 3261 §8.1.2.
type proxy struct {
	host      string
	port      int            // 0 = what DNS says
	transport wire.Transport // "" = the operator's
}

// parseProxy reads host, host:port or a SIP URI.
func parseProxy(s string) (proxy, error) {
	if rest, isURI := strings.CutPrefix(s, "sip:"); isURI {
		u, err := wire.ParseURI("sip:" + strings.TrimSuffix(rest, ";lr"))
		if err != nil || u.User != "" {
			return proxy{}, fmt.Errorf("%q is no SIP address; write host, host:port or sip:host;transport=tcp", s)
		}
		p := proxy{host: u.Host, port: u.Port}
		if t, ok := u.Params.Get("transport"); ok {
			p.transport = wire.Transport(strings.ToLower(t))
		}
		if !slices.Contains([]wire.Transport{"", "udp", "tcp", "tls"}, p.transport) || !hostLike(p.host) {
			return proxy{}, fmt.Errorf("%q: the transport is udp, tcp or tls, the host a name or an address", s)
		}
		return p, nil
	}
	if hostLike(s) {
		return proxy{host: s}, nil
	}
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil || n < 1 || n > 65535 || !hostLike(host) {
		return proxy{}, fmt.Errorf("%q is no proxy; write host, host:port or sip:host;transport=tcp", s)
	}
	return proxy{host: host, port: n}, nil
}

// sipPort is the default port of SIP over UDP and TCP, RFC 3261 §19.1.2; sipsPort that over TLS.
const (
	sipPort  = 5060
	sipsPort = 5061
)

// defaultPort is where a transport is served unless somebody says otherwise.
func defaultPort(t wire.Transport) uint16 {
	if t == "tls" {
		return sipsPort
	}
	return sipPort
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
