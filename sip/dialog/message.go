package dialog

import (
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// What every INVITE, its answers and refusals of unknown methods say of us.
const (
	allow     = wire.Allow
	sdpType   = "application/sdp"
	supported = tag100rel + ", " + tagTimer
	causeAck  = 102 // Q.850: recovery on timer expiry
)

// ReasonQ850 is a Reason header with an ISDN cause (RFC 3326, RFC 4497).
func ReasonQ850(cause int, text string) wire.Header { return reason("Q.850", cause, text) }

// ReasonSIP is a Reason header with a SIP status (RFC 3326).
func ReasonSIP(status int, text string) wire.Header { return reason("SIP", status, text) }

func reason(protocol string, cause int, text string) wire.Header {
	value := protocol + ";cause=" + strconv.Itoa(cause)
	if text != "" {
		value += `;text="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return wire.Header{Name: "Reason", Value: value}
}

// parseReason finds the Q.850 cause and the first text in Reason headers.
func parseReason(values []string) (q850 int, text string) {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			protocol, params, _ := strings.Cut(one, ";")
			for p := range strings.SplitSeq(params, ";") {
				k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
				switch {
				case strings.EqualFold(k, "cause") && strings.EqualFold(strings.TrimSpace(protocol), "Q.850"):
					if n, err := strconv.Atoi(v); err == nil && n > 0 && n < 128 {
						q850 = n
					}
				case strings.EqualFold(k, "text") && text == "":
					text = strings.Trim(v, `"`)
				}
			}
		}
	}
	return q850, text
}

// part is what requests and responses have in common here.
type part interface {
	ContentType() string
	Body() []byte
	Part(contentType string) []byte
}

// description returns the SDP of a message, also out of a multipart body; nil
// when there is none. A body without a type is taken for one.
func description(m part) []byte {
	if len(m.Body()) == 0 {
		return nil
	}
	if m.ContentType() == "" {
		return m.Body()
	}
	return m.Part(sdpType)
}

// contact is our Contact on a flow.
func contact(e edge, flow wire.Flow, user string) string {
	host, port := e.AdvertisedOn(flow)
	if host == "" { // no listener of that kind: the far end answers on the connection it has
		host = "client.invalid"
	}
	t := flow.Transport
	uri := wire.URI{Scheme: "sip", User: user, Host: host, Port: port}
	if t != wire.UDP && t != "" {
		uri.Params = wire.Params{{Name: "transport", Value: string(t)}}
	}
	return "<" + uri.String() + ">"
}

// builder sets headers and keeps the first refusal.
type builder struct {
	req *wire.Request
	err error
}

func (b *builder) add(name, value string) {
	if err := b.req.Add(name, value); err != nil && b.err == nil {
		b.err = err
	}
}

func (b *builder) all(headers []wire.Header) {
	for _, h := range headers {
		b.add(h.Name, h.Value)
	}
}

// request builds a request within the dialog (RFC 3261 §12.2.1.1).
func (s *State) request(m wire.Method, cseq uint32, headers []wire.Header) (*wire.Request, error) {
	uri, routes := s.routing()
	b := builder{req: wire.NewRequest(m, uri)}
	for _, r := range routes {
		b.add("Route", r)
	}
	b.add("From", s.Local)
	b.add("To", s.Remote)
	b.add("Call-ID", s.CallID)
	b.add("CSeq", cseqValue(cseq, m))
	if m == wire.INVITE || m == wire.UPDATE {
		b.add("Contact", s.Contact)
		b.add("Allow", allow)
	}
	b.all(headers)
	return b.req, b.err
}

// initial builds the INVITE that starts the dialog, more goes with it this time.
func (s *State) initial(o *Outgoing, more []wire.Header) (*wire.Request, error) {
	uri, routes := s.routing()
	b := builder{req: wire.NewRequest(wire.INVITE, uri)}
	for _, r := range routes {
		b.add("Route", r)
	}
	b.add("From", s.Local)
	b.add("To", s.Remote)
	b.add("Call-ID", s.CallID)
	b.add("CSeq", cseqValue(s.InviteCSeq, wire.INVITE))
	b.add("Contact", s.Contact)
	b.add("Allow", allow)
	b.all(more)
	b.all(o.Headers)
	if len(o.SDP) > 0 {
		b.req.SetBody(sdpType, o.SDP)
	}
	return b.req, b.err
}

// respond builds an answer of this dialog with its tag and, where the answer
// refreshes the target, its contact.
func (s *State) respond(req *wire.Request, status int, reason string, headers []wire.Header) *wire.Response {
	res := wire.NewResponse(req, status, reason)
	if status > wire.StatusTrying {
		res.SetToTag(s.LocalTag)
	}
	refreshes := req.Method() == wire.INVITE || req.Method() == wire.UPDATE
	if refreshes && status > wire.StatusTrying && status < 300 {
		_ = res.Add("Contact", s.Contact) // built from checked parts
		_ = res.Add("Allow", allow)
	}
	for _, h := range headers {
		if err := res.Add(h.Name, h.Value); err != nil {
			continue // a header that must not be sent is left out, the answer stands
		}
	}
	return res
}
