package locate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// edns is the UDP size that we offer: what passes every network unfragmented (DNS flag day 2020).
	edns = 1232
	// rounds is how often all name servers are tried.
	rounds = 2
	// maxAliases bounds a chain of CNAMEs.
	maxAliases = 8
	// hostsTTL is how long an entry of the hosts file holds.
	hostsTTL = 30 * time.Second

	resolvConf = "/etc/resolv.conf"
	hostsFile  = "/etc/hosts"
)

// Client asks name servers, and the hosts file before them. Methods may be called concurrently.
type Client struct {
	servers []string // given by the configuration; empty = the system's
	timeout time.Duration
	resolv  string // path of resolv.conf
	hosts   string // path of the hosts file

	mu     sync.Mutex
	system systemConf // guarded by mu: what resolv.conf says
	good   string     // guarded by mu: the server that answered last
}

// systemConf is resolv.conf as it was read.
type systemConf struct {
	changed time.Time // of the file
	servers []string
	search  []string
	dots    int // names with as many dots are complete
}

// NewClient asks the name servers of the configuration, or those of the system.
func NewClient(cfg Config) *Client {
	c := &Client{timeout: cfg.Timeout, resolv: resolvConf, hosts: hostsFile}
	for _, s := range cfg.Servers {
		if addr, err := serverAddr(s); err == nil { // Validate refused the others
			c.servers = append(c.servers, addr)
		}
	}
	return c
}

// Ask answers a question. Short names of hosts are tried under the system's search list first.
func (c *Client) Ask(ctx context.Context, q Question) (Answer, error) {
	system := c.conf()
	if q.Kind == KindA || q.Kind == KindAAAA {
		if answer, ok := c.fromHosts(q); ok {
			return answer, nil
		}
	}
	var last Answer
	for _, name := range system.names(q) {
		answer, err := c.resolve(ctx, Question{name, q.Kind}, system)
		if err != nil || len(answer.Records) > 0 {
			return answer, err
		}
		last = answer
	}
	return last, nil
}

// names are the complete names to ask for, in order.
func (s systemConf) names(q Question) []string {
	short := (q.Kind == KindA || q.Kind == KindAAAA) && strings.Count(q.Name, ".") < s.dots
	var out []string
	for _, suffix := range s.search {
		if short && strings.Trim(suffix, ".") != "" {
			out = append(out, q.Name+"."+strings.Trim(strings.ToLower(suffix), "."))
		}
	}
	return append(out, q.Name)
}

// conf reads resolv.conf when it has changed.
func (c *Client) conf() systemConf {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changed time.Time
	if info, err := os.Stat(c.resolv); err == nil {
		changed = info.ModTime()
	}
	if c.system.servers != nil && changed.Equal(c.system.changed) {
		return c.system
	}
	s := systemConf{changed: changed, servers: c.servers, dots: 1}
	if conf, err := dns.ClientConfigFromFile(c.resolv); err == nil {
		s.search, s.dots = conf.Search, conf.Ndots
		for _, addr := range conf.Servers {
			if len(c.servers) == 0 {
				s.servers = append(s.servers, net.JoinHostPort(addr, conf.Port))
			}
		}
	}
	if len(s.servers) == 0 {
		s.servers = []string{"127.0.0.1:53"} // resolv.conf(5): the name server on the local machine
	}
	c.system = s
	return s
}

// fromHosts looks a name up in the hosts file.
func (c *Client) fromHosts(q Question) (Answer, bool) {
	text, err := os.ReadFile(c.hosts)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Answer{}, false
	}
	return readHosts(string(text), q)
}

// resolve asks for one complete name and follows aliases that the name server does not follow itself.
func (c *Client) resolve(ctx context.Context, q Question, system systemConf) (Answer, error) {
	seen := map[string]bool{}
	var ttl time.Duration
	for range maxAliases {
		if seen[q.Name] {
			return Answer{}, fmt.Errorf("the alias %s leads in a circle", q.Name)
		}
		seen[q.Name] = true
		msg, err := c.exchange(ctx, q, system)
		if err != nil {
			return Answer{}, err
		}
		answer, alias, err := read(q, msg)
		if err != nil {
			return Answer{}, err
		}
		if ttl > 0 {
			answer.TTL = min(answer.TTL, ttl)
		}
		if alias == "" {
			return answer, nil
		}
		q.Name, ttl = alias, max(answer.TTL, time.Second)
	}
	return Answer{}, fmt.Errorf("more than %d aliases follow each other", maxAliases)
}

// exchange tries the name servers, the one that answered last first, until one answers.
func (c *Client) exchange(ctx context.Context, q Question, system systemConf) (*dns.Msg, error) {
	c.mu.Lock()
	good := c.good
	c.mu.Unlock()
	servers := make([]string, 0, len(system.servers)+1)
	for _, s := range system.servers {
		if s == good {
			servers = append([]string{s}, servers...)
		} else {
			servers = append(servers, s)
		}
	}
	var faults []error
	for range rounds {
		faults = faults[:0]
		for _, server := range servers {
			msg, err := c.one(ctx, q, server)
			if err == nil {
				c.mu.Lock()
				c.good = server
				c.mu.Unlock()
				return msg, nil
			}
			faults = append(faults, fmt.Errorf("%s: %w", server, err))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	return nil, errors.Join(faults...)
}

// one asks one name server: by UDP, and by TCP when the answer was cut off.
func (c *Client) one(ctx context.Context, q Question, server string) (*dns.Msg, error) {
	var last error
	for _, extended := range []bool{true, false} { // a server that knows no EDNS answers FORMERR (RFC 6891 §7)
		request := new(dns.Msg)
		request.SetQuestion(dns.Fqdn(q.Name), typeOf(q.Kind))
		if extended {
			request.SetEdns0(edns, false)
		}
		msg, err := c.send(ctx, request, server, "udp")
		if err == nil && msg.Truncated {
			msg, err = c.send(ctx, request, server, "tcp")
		}
		if err != nil {
			return nil, err
		}
		switch msg.Rcode {
		case dns.RcodeSuccess, dns.RcodeNameError:
			return msg, nil
		}
		last = fmt.Errorf("answers %s", cmp.Or(dns.RcodeToString[msg.Rcode], fmt.Sprint(msg.Rcode)))
		if msg.Rcode != dns.RcodeFormatError && msg.Rcode != dns.RcodeNotImplemented {
			break
		}
	}
	return nil, last
}

func (c *Client) send(ctx context.Context, request *dns.Msg, server, network string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	client := dns.Client{Net: network, Timeout: c.timeout, UDPSize: edns}
	msg, _, err := client.ExchangeContext(ctx, request, server)
	if err != nil {
		return nil, err
	}
	if !msg.Response || len(msg.Question) != 1 || // dns.Client has compared the numbers
		!strings.EqualFold(msg.Question[0].Name, request.Question[0].Name) || msg.Question[0].Qtype != request.Question[0].Qtype {
		return nil, errors.New("the answer belongs to another question")
	}
	return msg, nil
}

func typeOf(k Kind) uint16 {
	switch k {
	case KindNAPTR:
		return dns.TypeNAPTR
	case KindSRV:
		return dns.TypeSRV
	case KindA:
		return dns.TypeA
	case KindAAAA:
		return dns.TypeAAAA
	}
	return dns.TypeNone
}
