package siptest

import (
	"fmt"
	"strings"
)

// Call is the dialog state of a raw UA: it numbers requests and remembers tags,
// nothing else. Change its fields to send something wrong.
type Call struct {
	UA *UA

	CallID     string
	LocalAddr  string // address without tag, as in From or To
	RemoteAddr string
	LocalTag   string
	RemoteTag  string
	Target     string // R-URI of the next request
	CSeq       uint32 // of the last request sent
	Routes     []string

	Invited string // the INVITE as sent, to send it again
	Branch  string // its branch, which CANCEL and the ACK of a refusal share
	uri     string // its R-URI
	cseq    uint32 // its CSeq
	request Message
}

// send puts a request on the path of the call: to the UA's peer for a call it
// placed, back where the INVITE came from for a call it received.
func (c *Call) send(text string) {
	c.UA.tb.Helper()
	if c.request.reply == nil {
		c.UA.SendRaw([]byte(text))
		return
	}
	if err := c.request.reply([]byte(text)); err != nil {
		c.UA.tb.Fatalf("raw UA %s sends back to the caller: %v", c.UA.cfg.User, err)
	}
}

// NewCall prepares a call to uri.
func (u *UA) NewCall(uri string) *Call {
	return &Call{
		UA: u, CallID: u.token("call"), LocalTag: u.token("tag"), Target: uri,
		LocalAddr: "<" + u.URI() + ">", RemoteAddr: "<" + uri + ">",
	}
}

// Received is the callee's view of an INVITE that came in.
func (u *UA) Received(invite Message) *Call {
	return &Call{
		UA: u, CallID: invite.CallID(), LocalTag: u.token("tag"), RemoteTag: invite.FromTag(),
		LocalAddr: withoutTag(invite.Get("To")), RemoteAddr: withoutTag(invite.Get("From")),
		Target: inBrackets(invite.Get("Contact")), Routes: invite.Values("Record-Route"), request: invite,
	}
}

// Answer responds to the INVITE that came in.
func (c *Call) Answer(status int, reason, sdp string, headers ...string) {
	c.UA.tb.Helper()
	c.UA.Answer(c.request, status, reason, Reply{ToTag: c.LocalTag, SDP: sdp, Headers: headers})
}

// Invite sends an INVITE, or a re-INVITE once the call knows a remote tag.
func (c *Call) Invite(sdp string, headers ...string) {
	c.UA.tb.Helper()
	c.Prepare(sdp, headers...)
	c.send(c.Invited)
}

// Prepare writes the INVITE into Invited without sending it.
func (c *Call) Prepare(sdp string, headers ...string) {
	c.Branch, c.uri = c.UA.token("z9hG4bK"), c.Target
	c.CSeq++
	c.cseq = c.CSeq
	c.Invited = c.text("INVITE", c.Target, c.Branch, c.CSeq, c.RemoteTag, headers, "application/sdp", sdp)
}

// Cancel sends the CANCEL of the last INVITE.
func (c *Call) Cancel(headers ...string) {
	c.UA.tb.Helper()
	c.send(c.text("CANCEL", c.uri, c.Branch, c.cseq, "", headers, "", ""))
}

// Learn takes tag, target and route set from a response to the INVITE.
func (c *Call) Learn(m Message) *Call {
	c.RemoteTag = m.ToTag()
	if contact := inBrackets(m.Get("Contact")); contact != "" {
		c.Target = contact
	}
	c.Routes = nil
	for _, route := range m.Values("Record-Route") {
		c.Routes = append([]string{route}, c.Routes...)
	}
	return c
}

// Ack acknowledges a final answer: a 2xx in a transaction of its own, a refusal
// in the INVITE's, RFC 3261 §13.2.2.4 and §17.1.1.3.
func (c *Call) Ack(final Message) {
	c.UA.tb.Helper()
	if final.Status >= 300 {
		c.send(c.text("ACK", c.uri, c.Branch, c.cseq, final.ToTag(), nil, "", ""))
		return
	}
	fork := *c
	fork.Learn(final)
	c.send(fork.text("ACK", fork.Target, c.UA.token("z9hG4bK"), c.cseq, fork.RemoteTag, nil, "", ""))
}

// Request sends an in-dialog request.
func (c *Call) Request(method, contentType, body string, headers ...string) string {
	c.UA.tb.Helper()
	c.CSeq++
	text := c.text(method, c.Target, c.UA.token("z9hG4bK"), c.CSeq, c.RemoteTag, headers, contentType, body)
	c.send(text)
	return text
}

// Bye is Request("BYE").
func (c *Call) Bye(headers ...string) {
	c.UA.tb.Helper()
	c.Request("BYE", "", "", headers...)
}

func (c *Call) text(method, uri, branch string, cseq uint32, toTag string, headers []string, contentType, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, uri)
	fmt.Fprintf(&b, "Via: SIP/2.0/%s %s;branch=%s;rport\r\nMax-Forwards: 70\r\n", strings.ToUpper(c.UA.cfg.Transport), c.UA.Addr(), branch)
	if method != "CANCEL" {
		for _, route := range c.Routes {
			fmt.Fprintf(&b, "Route: %s\r\n", route)
		}
	}
	fmt.Fprintf(&b, "From: %s;tag=%s\r\nTo: %s", c.LocalAddr, c.LocalTag, c.RemoteAddr)
	if toTag != "" {
		b.WriteString(";tag=" + toTag)
	}
	fmt.Fprintf(&b, "\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", c.CallID, cseq, method)
	if method != "CANCEL" && method != "ACK" {
		fmt.Fprintf(&b, "Contact: <%s>\r\n", c.UA.URI())
	}
	writeTail(&b, headers, contentType, body)
	return b.String()
}

// withoutTag is an address header without its tag parameter.
func withoutTag(value string) string {
	i := strings.LastIndex(value, ";tag=")
	if i < 0 {
		return value
	}
	rest := ""
	if j := strings.IndexByte(value[i+1:], ';'); j >= 0 {
		rest = value[i+1+j:]
	}
	return value[:i] + rest
}

// inBrackets is the URI of a name-addr.
func inBrackets(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(rest, ">")
		return uri
	}
	uri, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(uri)
}
