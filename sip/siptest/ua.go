package siptest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds each wait of a test tool: longer than Timer B and H (64*T1 = 32
// s, RFC 3261 §17) so that give-up behaviour can be awaited, on a busy machine.
const patience = 90 * time.Second

// patient is the test's context with that bound.
func patient(tb testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(tb.Context(), patience)
}

// UAConfig describes a raw user agent.
type UAConfig struct {
	Transport string         // "udp" (default) or "tcp"
	Peer      netip.AddrPort // where Send goes
	User      string         // user part of its address; default "raw"
	Addr      netip.Addr     // where it listens; default 127.0.0.1
}

// UA sends handcrafted SIP and records what comes in. It answers nothing, it
// acknowledges nothing and it retransmits nothing by itself.
type UA struct {
	// set at NewUA
	tb    testing.TB
	cfg   UAConfig
	id    string // part of all tokens of this UA
	udp   *net.UDPConn
	ln    net.Listener
	count atomic.Int64

	log Log[Message]

	mu    sync.Mutex
	out   net.Conn     // guarded by mu; the TCP connection to the peer
	conns []net.Conn   // guarded by mu; all TCP connections
	taken map[int]bool // guarded by mu; messages that Expect has given away
	wg    sync.WaitGroup
}

// NewUA opens a raw UA for the time of the test.
func NewUA(tb testing.TB, cfg UAConfig) *UA {
	tb.Helper()
	if cfg.Transport == "" {
		cfg.Transport = "udp"
	}
	if cfg.User == "" {
		cfg.User = "raw"
	}
	if !cfg.Addr.IsValid() {
		cfg.Addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	u := &UA{
		tb: tb, cfg: cfg, taken: map[int]bool{},
		id: rand.Text()[:8],
	}
	var err error
	if cfg.Transport == "tcp" {
		u.ln, err = net.Listen("tcp", netip.AddrPortFrom(cfg.Addr, 0).String())
	} else {
		u.udp, err = listen(cfg.Addr)
	}
	if err != nil {
		tb.Fatalf("open a raw SIP UA: %v", err)
	}
	if u.ln != nil {
		u.wg.Go(u.accept)
	} else {
		u.wg.Go(u.readUDP)
	}
	tb.Cleanup(u.close)
	return u
}

func (u *UA) close() {
	if u.ln != nil {
		_ = u.ln.Close()
	} else {
		_ = u.udp.Close()
	}
	u.mu.Lock()
	for _, c := range u.conns {
		_ = c.Close()
	}
	u.mu.Unlock()
	u.wg.Wait()
}

// Addr is where the UA listens.
func (u *UA) Addr() netip.AddrPort {
	if u.ln != nil {
		return u.ln.Addr().(*net.TCPAddr).AddrPort()
	}
	return localAddr(u.udp)
}

// SetPeer changes where Send goes, before anything is sent.
func (u *UA) SetPeer(peer netip.AddrPort) { u.cfg.Peer = peer }

// URI is the UA's own address as SIP writes it.
func (u *UA) URI() string {
	uri := "sip:" + u.cfg.User + "@" + u.Addr().String()
	if u.ln != nil {
		uri += ";transport=tcp"
	}
	return uri
}

// token is a fresh identifier.
func (u *UA) token(prefix string) string {
	return prefix + u.id + "-" + strconv.FormatInt(u.count.Add(1), 36)
}

// Send fills in the template, sends it to the peer and returns what was sent.
// A template is SIP text with lines ending in LF or CRLF; these words in it are
// replaced:
//
//	[branch] [call_id] [tag]   a fresh token at each Send, unless set gives one
//	[cseq]                     the number of this Send, from 1
//	[local] [peer]             host:port of the UA and of the peer
//	[user] [transport]         of the UA, transport in capitals
//	[len]                      the length of the body
//
// set adds or overrides words: pairs of name and value.
func (u *UA) Send(template string, set ...string) string {
	u.tb.Helper()
	text := u.Expand(template, set...)
	u.SendRaw([]byte(text))
	return text
}

// Expand is the text that Send sends.
func (u *UA) Expand(template string, set ...string) string {
	if !strings.Contains(template, "\r\n") {
		template = strings.ReplaceAll(template, "\n", "\r\n")
	}
	if !strings.Contains(template, "\r\n\r\n") {
		template = strings.TrimRight(template, "\r\n") + "\r\n\r\n"
	}
	words := []string{}
	for i := 0; i+1 < len(set); i += 2 {
		words = append(words, "["+set[i]+"]", set[i+1])
	}
	words = append(words,
		"[branch]", u.token("z9hG4bK"), "[call_id]", u.token("call"), "[tag]", u.token("tag"),
		"[cseq]", strconv.FormatInt(u.count.Load(), 10), "[local]", u.Addr().String(), "[peer]", u.cfg.Peer.String(),
		"[user]", u.cfg.User, "[transport]", strings.ToUpper(u.cfg.Transport))
	text := strings.NewReplacer(words...).Replace(template)
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	return strings.ReplaceAll(text, "[len]", strconv.Itoa(len(body)))
}

// SendRaw sends bytes to the peer as they are.
func (u *UA) SendRaw(raw []byte) {
	u.tb.Helper()
	if err := u.write(raw); err != nil {
		u.tb.Fatalf("raw UA sends to %s %s: %v", u.cfg.Transport, u.cfg.Peer, err)
	}
}

func (u *UA) write(raw []byte) error {
	if u.udp != nil {
		_, err := u.udp.WriteToUDPAddrPort(raw, u.cfg.Peer)
		return err
	}
	conn, err := u.dial()
	if err != nil {
		return err
	}
	_, err = conn.Write(raw)
	return err
}

// dial is the TCP connection to the peer, opened at the first use.
func (u *UA) dial() (net.Conn, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out != nil {
		return u.out, nil
	}
	conn, err := net.Dial("tcp", u.cfg.Peer.String())
	if err != nil {
		return nil, err
	}
	u.out = conn
	u.conns = append(u.conns, conn)
	u.wg.Go(func() { u.readTCP(conn) })
	return conn, nil
}

// Hangup closes the TCP connection to the peer, as a phone does that loses its
// network. The next Send opens a new one.
func (u *UA) Hangup() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out != nil {
		_ = u.out.Close()
		u.out = nil
	}
}

func (u *UA) readUDP() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := u.udp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		u.record(append([]byte(nil), buf[:n]...), func(raw []byte) error {
			_, err := u.udp.WriteToUDPAddrPort(raw, from)
			return err
		})
	}
}

func (u *UA) accept() {
	for {
		conn, err := u.ln.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		u.conns = append(u.conns, conn)
		u.mu.Unlock()
		u.wg.Go(func() { u.readTCP(conn) })
	}
}

// readTCP cuts the stream into messages by Content-Length, RFC 3261 §18.3.
func (u *UA) readTCP(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		raw, err := readFramed(in)
		if err != nil {
			return
		}
		u.record(raw, func(raw []byte) error { _, err := conn.Write(raw); return err })
	}
}

func readFramed(in *bufio.Reader) ([]byte, error) {
	var head bytes.Buffer
	for !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")) {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if head.Len() == 0 && len(bytes.TrimSpace(line)) == 0 {
			continue // keep-alive between messages
		}
		head.Write(line)
	}
	m, err := ParseMessage(head.Bytes())
	if err != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(m.Get("Content-Length"))
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	return append(head.Bytes(), body...), nil
}

func (u *UA) record(raw []byte, reply func([]byte) error) {
	m, err := ParseMessage(raw)
	if err != nil {
		return // keep-alive
	}
	m.At, m.reply = time.Now(), reply
	u.log.Add(m)
}

// Expect returns the first message that match accepts and that no Expect has
// returned before. It ends the test when none comes.
func (u *UA) Expect(match func(*Message) bool) Message {
	u.tb.Helper()
	ctx, cancel := patient(u.tb)
	defer cancel()
	from := 0
	for {
		m, at, err := u.log.WaitFrom(ctx, from, func(m Message) bool { return match(&m) })
		if err != nil {
			u.tb.Fatalf("raw UA %s: no such message came: %v; so far:\n%s", u.cfg.User, err, u.Trace())
		}
		if u.take(at) {
			return m
		}
		from = at + 1
	}
}

// ExpectRequest is Expect for a request of that method.
func (u *UA) ExpectRequest(method string) Message {
	u.tb.Helper()
	return u.Expect(func(m *Message) bool { return m.Is(method) })
}

// ExpectStatus is Expect for a response with that status to that method.
func (u *UA) ExpectStatus(status int, method string) Message {
	u.tb.Helper()
	return u.Expect(func(m *Message) bool { return m.Answers(status, method) })
}

func (u *UA) take(at int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.taken[at] {
		return false
	}
	u.taken[at] = true
	return true
}

// Seen tells how many messages that match accepts have come so far. For "none
// came" let a later message be the fence: [UA.Ping], then Seen.
func (u *UA) Seen(match func(*Message) bool) int {
	return u.log.Count(func(m Message) bool { return match(&m) })
}

// Ping sends OPTIONS and waits for its answer: whatever the peer had sent
// before on this path has then arrived.
func (u *UA) Ping() Message {
	u.tb.Helper()
	id := u.token("ping")
	u.Send(`OPTIONS sip:[peer] SIP/2.0
Via: SIP/2.0/[transport] [local];branch=[branch]
Max-Forwards: 70
From: <sip:[user]@[local]>;tag=[tag]
To: <sip:[peer]>
Call-ID: [id]
CSeq: 1 OPTIONS
Content-Length: 0
`, "id", id)
	return u.Expect(func(m *Message) bool { return m.CallID() == id })
}

// Trace is the record of received messages, whole.
func (u *UA) Trace() string {
	var b strings.Builder
	for _, m := range u.log.All() {
		fmt.Fprintf(&b, "--- %s %s\n%s\n", m.At.Format("15:04:05.000"), m.Summary(), m.Raw)
	}
	return b.String()
}

// Reply is what an answer of the raw UA carries beside the copied headers.
type Reply struct {
	ToTag   string   // appended to To when the request had none
	SDP     string   // body
	Headers []string // whole lines
}

// Answer sends a response to a request on the path it came by.
func (u *UA) Answer(to Message, status int, reason string, r Reply) {
	u.tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reason)
	for _, f := range to.Header {
		switch longName(f.Name) {
		case "via", "from", "call-id", "cseq", "record-route":
			fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
		case "to":
			value := f.Value
			if r.ToTag != "" && param(value, "tag") == "" {
				value += ";tag=" + r.ToTag
			}
			fmt.Fprintf(&b, "To: %s\r\n", value)
		}
	}
	fmt.Fprintf(&b, "Contact: <%s>\r\n", u.URI())
	writeTail(&b, r.Headers, "application/sdp", r.SDP)
	if err := to.reply([]byte(b.String())); err != nil {
		u.tb.Fatalf("raw UA answers %d to %s: %v", status, to.Method, err)
	}
}

// writeTail writes the last headers and the body.
func writeTail(b *strings.Builder, headers []string, contentType, body string) {
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: " + contentType + "\r\n")
	}
	fmt.Fprintf(b, "Content-Length: %d\r\n\r\n%s", len(body), body)
}
