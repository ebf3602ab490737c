package siptest

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// DNSMode is how a [DNSServer] behaves.
type DNSMode uint8

// Ways of a name server, good and bad.
const (
	DNSAnswers   DNSMode = iota
	DNSSilent            // takes every question and says nothing
	DNSFails             // SERVFAIL
	DNSRefuses           // REFUSED
	DNSNoEDNS            // FORMERR to questions with EDNS, as old servers do
	DNSTruncates         // cuts every answer off over UDP; over TCP it is whole
	DNSBareAlias         // says only the CNAME, not where it leads
	DNSLies              // answers another question than was asked
	DNSRefers            // names other servers, as one that does not resolve does
)

// DNSServer is a name server on loopback, UDP and TCP, with a zone that tests change while it runs.
type DNSServer struct {
	tb   testing.TB
	addr netip.AddrPort
	log  Log[string]

	mu   sync.Mutex
	zone []dns.RR // guarded by mu
	mode DNSMode  // guarded by mu
}

// StartDNS starts a name server with a zone in the form of zone files, one record each:
//
//	op.test. 60 IN NAPTR 10 10 "S" "SIP+D2U" "" _sip._udp.op.test.
//	_sip._udp.op.test. 60 IN SRV 10 60 5060 a.op.test.
//	a.op.test. 60 IN A 127.0.0.1
func StartDNS(tb testing.TB, records ...string) *DNSServer {
	tb.Helper()
	s := &DNSServer{tb: tb}
	s.Set(records...)
	conn, stream := s.listen()
	var running sync.WaitGroup
	servers := []*dns.Server{{PacketConn: conn, Handler: dns.HandlerFunc(s.serve)}, {Listener: stream, Handler: dns.HandlerFunc(s.serve)}}
	for _, server := range servers {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		running.Go(func() { _ = server.ActivateAndServe() })
		<-started
	}
	tb.Cleanup(func() {
		for _, server := range servers {
			_ = server.Shutdown()
		}
		running.Wait()
	})
	return s
}

// listen opens UDP and TCP on one port; somebody else may have either.
func (s *DNSServer) listen() (*net.UDPConn, net.Listener) {
	s.tb.Helper()
	var err error
	for range 100 {
		var conn *net.UDPConn
		if conn, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			break
		}
		s.addr = localAddr(conn)
		var stream net.Listener
		if stream, err = net.Listen("tcp", s.addr.String()); err == nil {
			return conn, stream
		}
		_ = conn.Close()
	}
	s.tb.Fatalf("start a name server: %v", err)
	return nil, nil
}

// Addr is where the server listens.
func (s *DNSServer) Addr() string { return s.addr.String() }

// Set replaces the zone.
func (s *DNSServer) Set(records ...string) {
	s.tb.Helper()
	zone := make([]dns.RR, 0, len(records))
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil || rr == nil {
			s.tb.Fatalf("zone record %q: %v", text, err)
		}
		zone = append(zone, rr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone = zone
}

// Mode changes the server's ways.
func (s *DNSServer) Mode(m DNSMode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = m
}

// Asked are the questions so far, as "udp A a.op.test".
func (s *DNSServer) Asked() []string { return s.log.All() }

// serve answers one question.
func (s *DNSServer) serve(w dns.ResponseWriter, request *dns.Msg) {
	if len(request.Question) != 1 {
		return
	}
	s.mu.Lock()
	zone, mode := s.zone, s.mode
	s.mu.Unlock()
	q := request.Question[0]
	network := w.LocalAddr().Network()
	s.log.Add(network + " " + dns.TypeToString[q.Qtype] + " " + strings.ToLower(strings.TrimSuffix(q.Name, ".")))
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.RecursionAvailable = true
	switch {
	case mode == DNSSilent:
		return
	case mode == DNSFails:
		reply.Rcode = dns.RcodeServerFailure
	case mode == DNSRefuses:
		reply.Rcode = dns.RcodeRefused
	case mode == DNSNoEDNS && request.IsEdns0() != nil:
		reply.Rcode = dns.RcodeFormatError
	case mode == DNSTruncates && network == "udp":
		reply.Truncated = true
	case mode == DNSRefers:
		reply.Ns = append(reply.Ns, &dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: "a.root."})
	default:
		fill(reply, zone, q, mode != DNSBareAlias)
	}
	if mode == DNSLies {
		reply.Question[0].Name = "other." + q.Name
	}
	_ = w.WriteMsg(reply) // the asker may have gone
}

// fill writes the answer to a question, along aliases if chase is set, or that there is none.
func fill(reply *dns.Msg, zone []dns.RR, q dns.Question, chase bool) {
	name, exists := q.Name, false
	for range len(zone) + 1 {
		next := ""
		for _, rr := range zone {
			if !strings.EqualFold(rr.Header().Name, name) {
				continue
			}
			exists = true
			if rr.Header().Rrtype == q.Qtype {
				reply.Answer = append(reply.Answer, rr)
			} else if alias, ok := rr.(*dns.CNAME); ok && !slices.Contains(reply.Answer, rr) {
				reply.Answer = append(reply.Answer, rr)
				next = alias.Target
			}
		}
		if next == "" || !chase {
			break
		}
		name = next
	}
	if len(reply.Answer) > 0 {
		return
	}
	if !exists {
		reply.Rcode = dns.RcodeNameError
	}
	reply.Ns = append(reply.Ns, &dns.SOA{
		Hdr: dns.RR_Header{Name: "test.", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 2},
		Ns:  "ns.test.", Mbox: "root.test.", Serial: 1, Refresh: 60, Retry: 60, Expire: 60, Minttl: 2,
	})
}
