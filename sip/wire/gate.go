package wire

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

func (e *Edge) limits(t Transport) limits {
	size := e.cfg.MaxStream
	if t == UDP {
		size = e.cfg.MaxDatagram
	}
	return limits{size: size, headers: e.cfg.MaxHeaders, uri: e.cfg.MaxURI}
}

// insideShare is how many times the allowance of a source its live calls have for themselves: a flood of new
// calls or OPTIONS from a peer's address must not cut off the calls that go on.
const insideShare = 4

// admitted decides by the source whether a message is looked at: Unknown says no.
func (e *Edge) admitted(msg []byte, by Flow, now time.Time) Class {
	class := e.class(by.Remote, by.Local)
	switch class {
	case Unknown:
		e.metrics.refuse(faultUnknownSource)
		e.strange(by.Remote)
	case Guest:
		if !e.guest(msg, by, now) {
			return Unknown
		}
	case Peer:
		from := by.Remote.Addr()
		if e.buckets.take(from, now) || inside(msg) && e.inside.take(from, now) {
			return Peer
		}
		e.metrics.refuse(faultRate)
		return Unknown
	}
	return class
}

// inside tells cheaply whether a message belongs to what goes on already: a response, an ACK, BYE or CANCEL, or a
// request with a To tag.
func inside(msg []byte) bool {
	msg = bytes.TrimLeft(msg, "\r\n")
	for _, start := range [...]string{"SIP/2.0 ", "ACK ", "BYE ", "CANCEL "} {
		if bytes.HasPrefix(msg, []byte(start)) {
			return true
		}
	}
	for line := range bytes.Lines(msg) {
		if len(bytes.TrimSpace(line)) == 0 {
			return false
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if fieldOf(bytes.TrimRight(name, " \t")) == fieldTo {
			return bytes.Contains(bytes.ToLower(value), []byte("tag="))
		}
	}
	return false
}

// class asks what a source is; we are a peer of our own while Ready is asking.
func (e *Edge) class(from, local netip.AddrPort) Class {
	class := Unknown
	if admit := e.admit.Load(); admit != nil {
		class = (*admit)(from)
	}
	if class != Peer && e.probing.Load() > 0 && (from.Addr() == local.Addr() || from.Addr().IsLoopback()) {
		return Peer
	}
	return class
}

// refuse answers a request that the parser never saw, if there is enough of it
// to be answered and the status is not 0.
func (e *Edge) refuse(data []byte, s *scanned, status int, l *link) {
	if status == 0 || !s.answerable() {
		return
	}
	to := l.flow.Remote
	if l.flow.Transport == UDP {
		if port, rport := viaPort(s.via); !rport {
			to = netip.AddrPortFrom(to.Addr(), port)
		}
	}
	e.metrics.sentResponse(status)
	if err := l.out.write(statelessReply(data, s, status, e.NewTag()), to); err != nil {
		e.log.Warn("message not refused", "err", err)
	}
}

// unreachable fails the client transaction whose datagram came back by ICMP, if it has heard nothing yet. quoted is the
// start of that datagram: the method and the branch, which nobody can guess, name the transaction. An ICMP message that
// quotes less is not believed: whoever knows two addresses can forge it.
func (e *Edge) unreachable(quoted []byte) {
	method, branch, ok := quotedRequest(quoted)
	if !ok || method == ACK {
		return
	}
	if tx := e.table.findClient(branch + sip.TxSeperator + method); tx != nil {
		e.boxes.postLast(tx.req.CallID(), func() { tx.unreachable(ErrUnreachable) })
	}
}

// quotedRequest finds method and top branch in the start of a request of ours,
// whose first header is Via.
func quotedRequest(b []byte) (method, branch string, ok bool) {
	line, rest, found := bytes.Cut(b, []byte("\r\n"))
	sp := bytes.IndexByte(line, ' ')
	if !found || sp <= 0 || !isTokenBytes(line[:sp]) {
		return "", "", false
	}
	via, _, found := bytes.Cut(rest, []byte("\r\n"))
	_, value, has := bytes.Cut(via, []byte(";branch="))
	if !found || !has {
		return "", "", false
	}
	if end := bytes.IndexAny(value, ";, \t"); end >= 0 {
		value = value[:end]
	}
	return string(line[:sp]), string(value), len(value) > 0
}
