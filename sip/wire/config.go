package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Listen is one listening socket.
type Listen struct {
	// Transport is "udp", "tcp" or "tls".
	Transport Transport `yaml:"transport"`
	// Addr is the address to bind, "host:port"; port 0 lets the system choose.
	Addr string `yaml:"addr"`
	// Advertise is what goes into Via and Contact, "host" or "host:port"; empty
	// means the bound address (for a wildcard: the machine's first address).
	Advertise string `yaml:"advertise"`
	// TLS are the certificates of a listener for "tls".
	TLS ListenTLS `yaml:"tls"`
}

// Config holds the edge's listeners and limits.
type Config struct {
	// Listen are the sockets; at least one.
	Listen []Listen `yaml:"listen"`
	// UserAgent is sent in requests; empty sends none. It is never sent to
	// unknown sources, which hear nothing at all.
	UserAgent string `yaml:"user_agent"`
	// DSCP marks what is sent (RFC 2474), 0 to 63; 24 is CS3, the class of signalling (RFC 4594).
	DSCP int `yaml:"dscp"`
	// Extensions are the option tags that Require may name (RFC 3261 section
	// 8.2.2.3); everything else is answered 420.
	Extensions []string `yaml:"extensions"`
	// MaxDatagram is the largest datagram that is read, in bytes.
	MaxDatagram int `yaml:"max_datagram"`
	// MaxStream is the largest message on a stream, in bytes.
	MaxStream int `yaml:"max_stream"`
	// MaxHeaders is the largest number of header lines in a message.
	MaxHeaders int `yaml:"max_headers"`
	// MaxURI is the longest Request-URI, in bytes.
	MaxURI int `yaml:"max_uri"`
	// Rate is how many messages per second one source address may send.
	Rate int `yaml:"rate"`
	// Burst is how many messages it may send at once.
	Burst int `yaml:"burst"`
	// MaxSources bounds the table of token buckets.
	MaxSources int `yaml:"max_sources"`
	// RecvBuffer is the receive buffer of a UDP socket, in bytes.
	RecvBuffer int `yaml:"recv_buffer"`
	// ConnsPerIP is how many TCP connections one address may hold, three quarters of MaxConns at most.
	ConnsPerIP int `yaml:"conns_per_ip"`
	// MaxConns is how many accepted TCP connections a listener may hold; 0 = a quarter of the descriptors that the process
	// may open, 1024 at most. Never more than half of them: the rest is for calls. When all are taken, the oldest
	// connection that has never sent a request makes room.
	MaxConns int `yaml:"max_conns"`
	// FirstMessage is how long a new connection may take for its first message,
	// and any connection for a message that has begun.
	FirstMessage time.Duration `yaml:"first_message"`
	// Idle is how long a connection may be silent.
	Idle time.Duration `yaml:"idle"`
	// WriteTimeout bounds one write to a connection.
	WriteTimeout time.Duration `yaml:"write_timeout"`
	// DialTimeout bounds the opening of a connection.
	DialTimeout time.Duration `yaml:"dial_timeout"`
}

// Default returns the limits of a production edge, without listeners.
func Default() Config {
	return Config{
		DSCP:         24,
		MaxDatagram:  16 << 10,         // room for a long INVITE with SDP; torture messages are below 4 KiB
		MaxStream:    64 << 10,         // sipgo's own limit for a stream message
		MaxHeaders:   128,              // a call through five proxies has about 40
		MaxURI:       1 << 10,          // RFC 4475 longreq stays below it
		Rate:         2000,             // messages per second and source: an operator sends from one address
		Burst:        4000,             // two seconds of the above
		MaxSources:   4096,             // about 400 KiB
		RecvBuffer:   4 << 20,          // half a second of datagrams at 10,000 per second
		ConnsPerIP:   64,               // phones behind one NAT
		MaxConns:     0,                // by the number of descriptors
		FirstMessage: 10 * time.Second, // slow-loris bound
		Idle:         15 * time.Minute, // longer than CRLF keep-alives (RFC 5626: up to 840 s over TCP)
		WriteTimeout: 2 * time.Second,
		DialTimeout:  3 * time.Second, // as long as a trunk may stay silent before the next one is tried
	}
}

// Validate reports all faults of the configuration at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(path, text string) { faults = append(faults, fmt.Errorf("%s: %s", path, text)) }
	if len(c.Listen) == 0 {
		fault("listen", "name at least one socket, such as {transport: udp, addr: \"0.0.0.0:5060\"}")
	}
	for i, l := range c.Listen {
		if err := l.validate(); err != nil {
			faults = append(faults, fmt.Errorf("listen[%d].%w", i, err))
		}
	}
	for _, n := range []struct {
		path     string
		got, min int
		max      int
	}{
		{"dscp", c.DSCP, 0, 63},
		{"max_datagram", c.MaxDatagram, 1 << 10, maxReadSize},
		{"max_stream", c.MaxStream, 1 << 10, 64 << 10},
		{"max_headers", c.MaxHeaders, 16, 1024},
		{"max_uri", c.MaxURI, 64, 8 << 10},
		{"rate", c.Rate, 1, 1 << 20},
		{"burst", c.Burst, 1, 1 << 20},
		{"max_sources", c.MaxSources, 1, 1 << 20},
		{"recv_buffer", c.RecvBuffer, 64 << 10, 256 << 20},
		{"conns_per_ip", c.ConnsPerIP, 1, 1 << 16},
		{"max_conns", c.MaxConns, 0, 1 << 16},
	} {
		if n.got < n.min || n.got > n.max {
			fault(n.path, fmt.Sprintf("%d is outside %d to %d", n.got, n.min, n.max))
		}
	}
	for _, d := range []struct {
		path string
		got  time.Duration
	}{
		{"first_message", c.FirstMessage},
		{"idle", c.Idle},
		{"write_timeout", c.WriteTimeout},
		{"dial_timeout", c.DialTimeout},
	} {
		if d.got <= 0 {
			fault(d.path, "must be longer than 0")
		}
	}
	return errors.Join(faults...)
}

func (l Listen) validate() error {
	if l.Transport != UDP && l.Transport != TCP && l.Transport != TLS {
		return fmt.Errorf("transport: %q is unknown; use udp, tcp or tls", printable(string(l.Transport)))
	}
	if l.Transport != TLS && l.TLS != (ListenTLS{}) {
		return errors.New("tls: belongs to a listener whose transport is tls")
	}
	if err := l.TLS.validate(); err != nil {
		return fmt.Errorf("tls.%w", err)
	}
	addr, err := netip.ParseAddrPort(l.Addr)
	if err != nil {
		return fmt.Errorf("addr: %q is not ip:port, such as 0.0.0.0:5060", printable(l.Addr))
	}
	if _, _, err := splitAdvertise(l.Advertise, addr.Port()); err != nil {
		return fmt.Errorf("advertise: %w", err)
	}
	return nil
}

// splitAdvertise reads "host" or "host:port".
func splitAdvertise(s string, port uint16) (string, uint16, error) {
	if s == "" {
		return "", port, nil
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String(), port, nil
	}
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("port of %q is not a number of 1 to 65535", printable(s))
		}
		host, port = h, uint16(n)
	}
	if _, err := parseURI("sip:" + host); err != nil && !isIP(host) {
		return "", 0, fmt.Errorf("%q is not host or host:port", printable(s))
	}
	return host, port, nil
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// maxReadSize is sipgo's read buffer (sip.TransportBufferReadSize).
const maxReadSize = 32 << 10
