package wire

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Transport names a transport protocol.
type Transport string

// Transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Flow names where a message came from or goes to. A zero Local means the
// first listener of the transport.
type Flow struct {
	Transport     Transport
	Local, Remote netip.AddrPort
	// Profile is, for TLS, the profile by which a connection is opened; "" trusts whom the system trusts.
	Profile string
	// Kept allows no new connection: what is sent goes by the one that is open already, as to a phone behind NAT. If it
	// is gone, the request fails with ErrUnreachable at once. UDP has no connections and takes no notice.
	Kept bool
	// Accepted says that the connection was opened by its peer: once it is gone nobody can be reached at Remote, and what is
	// sent goes to Instead, by the profile, or fails with ErrUnreachable at once. UDP takes no notice.
	Accepted bool
	Instead  netip.AddrPort
}

// Header is one header field as name and value.
type Header struct{ Name, Value string }

// message is what requests and responses have in common.
type message struct {
	data *sip.MessageData
	flow Flow
	at   time.Time
}

// Request is a SIP request. It is not safe for concurrent mutation.
type Request struct {
	message
	sip *sip.Request
	uri URI
}

// Response is a SIP response. It is not safe for concurrent mutation.
type Response struct {
	message
	sip *sip.Response
}

// NewRequest returns a request with no headers yet. Edge.Send and Edge.SendAck
// refuse it when the URI cannot stand in a request line.
func NewRequest(m Method, uri URI) *Request {
	r := &Request{sip: sip.NewRequest(sip.RequestMethod(m), sip.Uri{}), uri: uri}
	r.data = &r.sip.MessageData
	return r
}

// wrapRequest makes a Request of what the parser delivered.
func wrapRequest(m *sip.Request, flow Flow, at time.Time) *Request {
	r := &Request{sip: m, message: message{data: &m.MessageData, flow: flow, at: at}}
	r.uri, _ = parseURI(m.Recipient.String()) // a faulty one is refused by validate
	return r
}

func wrapResponse(m *sip.Response, flow Flow, at time.Time) *Response {
	return &Response{sip: m, message: message{data: &m.MessageData, flow: flow, at: at}}
}

// NewResponse builds an answer to a request: it copies Via (with received and
// rport filled in, RFC 3581), From, To, Call-ID and CSeq, and Record-Route into
// answers that can create a dialog. An empty reason means the standard one. A To
// tag is added by ServerTx.Respond when SetToTag was not called.
func NewResponse(to *Request, status int, reason string) *Response {
	if reason == "" {
		reason = StatusText(status)
	}
	m := sip.NewResponse(status, cleanReason(reason))
	r := &Response{sip: m, message: message{data: &m.MessageData, flow: to.flow, at: to.at}}
	top := true
	for _, h := range to.data.Headers() {
		if !copied(h, to.sip.Method, status) {
			continue
		}
		h = sip.HeaderClone(h)
		if via, ok := h.(*sip.ViaHeader); ok && top {
			markReceived(via, to.flow.Remote)
			top = false
		}
		m.AppendHeader(h)
	}
	m.SetBody(nil)
	return r
}

func copied(h sip.Header, method sip.RequestMethod, status int) bool {
	switch h := h.(type) {
	case *sip.ViaHeader, *sip.FromHeader, *sip.ToHeader, *sip.CallIDHeader, *sip.CSeqHeader:
		return true
	case *sip.MaxForwardsHeader, *sip.ContentLengthHeader, *sip.ContentTypeHeader:
		return false
	default:
		dialog := method == sip.INVITE || method == sip.SUBSCRIBE || method == sip.REFER
		if status > 100 && status < 300 && dialog {
			return strings.EqualFold(h.Name(), "Record-Route")
		}
		return status == StatusTrying && strings.EqualFold(h.Name(), "Timestamp")
	}
}

func markReceived(via *sip.ViaHeader, from netip.AddrPort) {
	if !from.IsValid() {
		return
	}
	if v, ok := via.Params.Get("rport"); ok && v == "" {
		via.Params.Add("rport", portText(from.Port()))
		via.Params.Add("received", from.Addr().String())
		return
	}
	if host := from.Addr().String(); host != via.Host {
		via.Params.Add("received", host)
	}
}

// cleanReason drops what must not stand on a status line.
func cleanReason(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s)
}

// Method returns the request's method.
func (r *Request) Method() Method { return string(r.sip.Method) }

// URI returns the Request-URI.
func (r *Request) URI() URI { return r.uri }

// Status returns the status code.
func (r *Response) Status() int { return r.sip.StatusCode }

// Reason returns the reason phrase.
func (r *Response) Reason() string { return r.sip.Reason }

// Method returns the method that is answered, from CSeq.
func (r *Response) Method() Method {
	if c := r.data.CSeq(); c != nil {
		return string(c.MethodName)
	}
	return ""
}

// SetToTag sets the To tag of the answer.
func (r *Response) SetToTag(tag string) {
	to := r.data.To()
	if to == nil || strings.ContainsFunc(tag, isControl) {
		return
	}
	to.Params.Remove("tag")
	to.Params.Add("tag", tag)
}

// CallID returns the Call-ID.
func (m *message) CallID() string {
	if h := m.data.CallID(); h != nil {
		return string(*h)
	}
	return ""
}

// CSeq returns the sequence number.
func (m *message) CSeq() uint32 {
	if h := m.data.CSeq(); h != nil {
		return h.SeqNo
	}
	return 0
}

// From returns the From address, zero when it is missing or unreadable.
func (m *message) From() NameAddr { return m.nameAddr("From") }

// To returns the To address, zero when it is missing or unreadable.
func (m *message) To() NameAddr { return m.nameAddr("To") }

func (m *message) nameAddr(name string) NameAddr {
	n, _ := parseNameAddr(m.Header(name))
	return n
}

// FromTag returns the From tag without parsing the whole address.
func (m *message) FromTag() string {
	if h := m.data.From(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

// ToTag returns the To tag without parsing the whole address.
func (m *message) ToTag() string {
	if h := m.data.To(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

func tagOf(p sip.HeaderParams) string {
	for _, kv := range p {
		if strings.EqualFold(strings.TrimSpace(kv.K), "tag") {
			return strings.TrimSpace(kv.V)
		}
	}
	return ""
}

// Contact returns the first contact and whether there is a readable one.
func (m *message) Contact() (NameAddr, bool) {
	list := m.list("Contact")
	if len(list) == 0 {
		return NameAddr{}, false
	}
	n, err := parseNameAddr(list[0])
	return n, err == nil
}

// Contacts returns all contacts that can be read, in order.
func (m *message) Contacts() []NameAddr {
	var out []NameAddr
	for _, s := range m.list("Contact") {
		if n, err := parseNameAddr(s); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// RecordRoute returns the Record-Route values, one element per hop.
func (m *message) RecordRoute() []string { return m.list("Record-Route") }

// Route returns the Route values, one element per hop.
func (m *message) Route() []string { return m.list("Route") }

// Branch returns the branch of the topmost Via.
func (m *message) Branch() string {
	if via := m.data.Via(); via != nil {
		branch, _ := via.Params.Get("branch")
		return branch
	}
	return ""
}

// Header returns the first value of that header, "" when there is none. Compact
// and long names mean the same.
func (m *message) Header(name string) string {
	long, short := bothForms(name)
	for _, h := range m.data.Headers() {
		if named(h, long, short) {
			return h.Value()
		}
	}
	return ""
}

// Headers returns all values of that header in order, each as it was written.
func (m *message) Headers(name string) []string {
	long, short := bothForms(name)
	var out []string
	for _, h := range m.data.Headers() {
		if named(h, long, short) {
			out = append(out, h.Value())
		}
	}
	return out
}

// list returns the comma separated elements of all headers of that name.
func (m *message) list(name string) []string {
	var out []string
	for _, v := range m.Headers(name) {
		for v != "" {
			var one string
			if one, v = cutUnquoted(v, ','); strings.TrimSpace(one) != "" {
				out = append(out, strings.TrimSpace(one))
			}
		}
	}
	return out
}

// Body returns the body; it must not be changed.
func (m *message) Body() []byte { return m.data.Body() }

// ContentType returns the media type in lower case without parameters.
func (m *message) ContentType() string {
	mt, _, _ := strings.Cut(m.Header("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mt))
}

// Flow returns where the message came from.
func (m *message) Flow() Flow { return m.flow }

// Arrived says where a request came from. The edge does so itself; a network in memory does it here.
func (r *Request) Arrived(by Flow) { r.flow = by }

// ReceivedAt returns when the message was read from the socket.
func (m *message) ReceivedAt() time.Time { return m.at }

// SetBody sets the body with its type and Content-Length. An empty body removes
// Content-Type.
func (m *message) SetBody(contentType string, body []byte) {
	m.remove("Content-Type")
	if len(body) > 0 {
		ct := sip.ContentTypeHeader(cleanReason(contentType))
		m.data.AppendHeader(&ct)
	}
	m.data.SetBody(body)
}

// Set replaces all headers of that name by one. It refuses names that are not
// tokens and values with control characters, so nothing that a caller wrote can
// become a header of its own.
func (m *message) Set(name, value string) error {
	h, err := makeHeader(name, value)
	if err != nil {
		return err
	}
	m.remove(name)
	m.data.AppendHeader(h)
	return nil
}

// Add appends a header. It refuses what Set refuses.
func (m *message) Add(name, value string) error {
	h, err := makeHeader(name, value)
	if err != nil {
		return err
	}
	m.data.AppendHeader(h)
	return nil
}

// Remove removes all headers of that name.
func (m *message) Remove(name string) { m.remove(name) }

func (m *message) remove(name string) {
	long, short := bothForms(name)
	var found []string
	for _, h := range m.data.Headers() {
		if named(h, long, short) && !slices.Contains(found, h.Name()) {
			found = append(found, h.Name())
		}
	}
	for _, exact := range found {
		for m.data.RemoveHeader(exact) {
			continue
		}
	}
}
