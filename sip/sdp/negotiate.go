package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ErrNotAcceptable is wrapped by the errors of [Answer] and [Conclude]: the two
// have no audio in common, or all of it would go to a group or to everybody. A
// UAS answers 488 (RFC 3261 §21.4.26).
var ErrNotAcceptable = errors.New("no acceptable audio")

// Local is what our side offers or allows.
type Local struct {
	Addr      netip.AddrPort // where we receive RTP; RTCP is the next port
	Codecs    []Codec        // in order of preference, telephone-event among them
	PTime     int            // ms per packet we prefer to receive; 0 means 20
	Direction Direction      // what we wish; an answer never exceeds the offer
	Origin    Origin         // session id and version
	Security  Security       // whether media is encrypted
	Crypto    []Crypto       // our keys, of NewCrypto, in order of preference; the same ones for all of a session
}

// Agreement is what both sides settled on, seen from ours.
type Agreement struct {
	Remote      netip.AddrPort // where to send RTP; the zero value means: send nothing
	RemoteRTCP  netip.AddrPort // where to send RTCP; the zero value means: send nothing
	Blocked     Blocked        // why Remote is zero
	Codec       Codec          // the codec of both ways, with the payload type to send
	RecvPT      uint8          // the payload type the far end sends it with
	EventPT     uint8          // telephone-event to send, 0 = none
	RecvEventPT uint8          // telephone-event to expect, 0 = none
	EventClock  int            // clock of both in Hz, the codec's own where offered
	PTime       int            // ms per packet to send: 10, 20, 30 or 40
	Direction   Direction      // ours
	Held        bool           // the far end holds us
	Crypto      *CryptoPair    // the keys of SRTP; nil means plain RTP
}

// Blocked says why nothing may be sent to the address the far end named.
type Blocked uint8

// The reasons, in the order they are looked for.
const (
	NotBlocked         Blocked = iota
	BlockedUnspecified         // 0.0.0.0 or ::, the hold of RFC 2543
	BlockedNoAddress           // no c= line, or a host name
	BlockedMulticast           // multicast or broadcast
	BlockedPort                // port 0
	BlockedScope               // loopback or link-local, and we are not there
	BlockedFamily              // IPv6 where we receive on IPv4, or the other way round
)

// String is a short reason for logs.
func (b Blocked) String() string {
	switch b {
	case NotBlocked:
		return "not blocked"
	case BlockedUnspecified:
		return "unspecified address"
	case BlockedNoAddress:
		return "no address"
	case BlockedMulticast:
		return "multicast address"
	case BlockedPort:
		return "port 0"
	case BlockedScope:
		return "loopback or link-local address"
	case BlockedFamily:
		return "address of the other family"
	}
	return "blocked(" + strconv.Itoa(int(b)) + ")"
}

// Offer describes one audio line with all our codecs.
func Offer(l Local) *Session {
	s := frame(l)
	s.Media = []Media{audioLine(l, l.proto(), l.Codecs, l.ptime(), l.Direction, l.cryptoAttrs())}
	return s
}

// Reoffer is an offer within a dialog: last is the description we sent before
// (offer or answer), whose lines keep their number and order (RFC 3264 §8).
func Reoffer(last *Session, l Local) *Session {
	s := Offer(l)
	if last == nil {
		return s
	}
	first := s.Media[0]
	s.Media = make([]Media, 0, len(last.Media)+1)
	placed := false
	for i := range last.Media {
		m := &last.Media[i]
		if !placed && audio(m) {
			placed = true
			s.Media = append(s.Media, audioLine(l, m.Proto, l.Codecs, l.ptime(), l.Direction, l.reuse(m)))
			continue
		}
		s.Media = append(s.Media, refused(m))
	}
	if !placed {
		s.Media = append(s.Media, first)
	}
	return s
}

// Answer takes the first audio line both can use and refuses all others; a line with keys is preferred to one without
// where keys are wanted. The answer uses the offer's payload types and names one codec, the first of ours that was offered.
func Answer(offer *Session, l Local) (*Session, Agreement, error) {
	i, pair, codec := pick(offer, l)
	if i < 0 {
		return nil, Agreement{}, fmt.Errorf("answer an offer of %d lines, srtp %s: %w", len(offer.Media), l.Security, ErrNotAcceptable)
	}
	m := &offer.Media[i]
	a := Agreement{Codec: codec, RecvPT: codec.PT, PTime: sendPTime(m, l), Crypto: pair}
	picked := []Codec{codec}
	if ev, ok := commonEvent(l.Codecs, m.Codecs(), codec.Clock); ok {
		a.EventPT, a.RecvEventPT, a.EventClock = ev.PT, ev.PT, ev.Clock
		picked = append(picked, ev)
	}
	a.settle(offer, m, l)
	var keys []Attr
	if pair != nil {
		keys = []Attr{pair.Send.attr()}
	}
	s := frame(l)
	s.Media = make([]Media, len(offer.Media))
	for j := range offer.Media {
		s.Media[j] = refused(&offer.Media[j])
	}
	s.Media[i] = audioLine(l, m.Proto, picked, a.PTime, a.Direction, keys)
	return s, a, nil
}

// pick chooses the line of an offer, its keys and its codec; -1 when none will do.
func pick(offer *Session, l Local) (line int, pair *CryptoPair, codec Codec) {
	line = -1
	for i := range offer.Media {
		m := &offer.Media[i]
		if !audio(m) || offer.toMany(m) {
			continue
		}
		keys, ok := l.protect(m)
		if !ok || line >= 0 && keys == nil {
			continue
		}
		c, ok := firstCommon(l.Codecs, m.Codecs())
		if !ok {
			continue
		}
		if line, pair, codec = i, keys, c; keys != nil || l.Security == SecurityOff {
			break
		}
	}
	return line, pair, codec
}

// Conclude reads the answer to our own offer. We send with the answer's payload
// types and receive with the offer's (RFC 3264 §6.1).
func Conclude(offer, answer *Session, l Local) (Agreement, error) {
	for i := range answer.Media {
		if i >= len(offer.Media) || !audio(&offer.Media[i]) || !audio(&answer.Media[i]) {
			continue
		}
		m := &answer.Media[i]
		pair, ok := l.concludeCrypto(&offer.Media[i], m)
		if !ok || answer.toMany(m) {
			continue
		}
		ours, theirs := offer.Media[i].Codecs(), answerCodecs(m, &offer.Media[i])
		codec, ok := firstCommon(theirs, ours) // ours, in the order of the answer
		if !ok {
			continue
		}
		a := Agreement{RecvPT: codec.PT, PTime: sendPTime(m, l), Crypto: pair}
		a.Codec, _ = firstCommon([]Codec{codec}, theirs)
		if ev, ok := commonEvent(theirs, ours, codec.Clock); ok {
			back, _ := commonEvent(ours, theirs, ev.Clock)
			a.RecvEventPT, a.EventPT, a.EventClock = ev.PT, back.PT, ev.Clock
		}
		a.settle(answer, m, l)
		return a, nil
	}
	return Agreement{}, fmt.Errorf("conclude with an answer of %d lines, srtp %s: %w", len(answer.Media), l.Security, ErrNotAcceptable)
}

// settle fills where to send and which way media flows.
func (a *Agreement) settle(s *Session, m *Media, l Local) {
	addr, dir := s.Addr(m), s.Direction(m)
	a.Blocked = blocked(addr, m.Port, l.Addr.Addr())
	zero := a.Blocked == BlockedUnspecified
	a.Held = zero || !dir.Receives()
	if zero {
		dir = direction(dir.Sends(), false)
	}
	a.Direction = l.Direction.meet(dir.Reverse())
	if a.Blocked != NotBlocked {
		return
	}
	a.Remote = netip.AddrPortFrom(addr, m.Port)
	rtcp := remoteRTCP(m, a.Remote)
	if blocked(rtcp.Addr(), rtcp.Port(), l.Addr.Addr()) == NotBlocked {
		a.RemoteRTCP = rtcp
	}
}

// blocked judges a target. Loopback and link-local targets are let through only
// to somebody who stands there himself, so that no peer can aim us inward.
func blocked(addr netip.Addr, port uint16, own netip.Addr) Blocked {
	switch {
	case !addr.IsValid():
		return BlockedNoAddress
	case addr.IsUnspecified():
		return BlockedUnspecified
	case toMany(addr):
		return BlockedMulticast
	case port == 0:
		return BlockedPort
	case addr.IsLoopback() && !own.IsLoopback(),
		addr.IsLinkLocalUnicast() && !own.IsLinkLocalUnicast():
		return BlockedScope
	case own.IsValid() && own.Unmap().Is4() != addr.Is4():
		return BlockedFamily
	}
	return NotBlocked
}

// toMany says whether a line sends media to a group or to everybody: no hold is
// spelled so, hence such a line is as good as absent.
func (s *Session) toMany(m *Media) bool { return toMany(s.Addr(m)) }

func toMany(addr netip.Addr) bool {
	return addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// remoteRTCP is a=rtcp:<port> [IN IPx <address>] (RFC 3605), else the next port.
func remoteRTCP(m *Media, rtp netip.AddrPort) netip.AddrPort {
	next := netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1) // 65535 wraps to 0: blocked
	value, ok := m.Get("rtcp")
	if !ok {
		return next
	}
	f := strings.Fields(value)
	if len(f) == 0 {
		return next
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil {
		return next
	}
	addr := rtp.Addr()
	if len(f) == 4 {
		if a := parseAddr(f[3]); a.IsValid() {
			addr = a
		}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// audio says whether a line is live audio in a profile we speak.
func audio(m *Media) bool {
	return m.Kind == "audio" && m.Port != 0 && (plainProto(m.Proto) || secureProto(m.Proto))
}

// refused is the line with port 0 (RFC 3264 §6); one format must remain.
func refused(m *Media) Media {
	formats := m.Formats
	if len(formats) > 1 {
		formats = formats[:1]
	}
	if len(formats) == 0 {
		formats = []string{"0"}
	}
	return Media{Kind: m.Kind, Proto: m.Proto, Formats: formats}
}

// firstCommon returns the first audio codec of order that is also in among,
// with the payload type it has there.
func firstCommon(order, among []Codec) (Codec, bool) {
	for _, want := range order {
		if want.IsEvent() || want.isNoise() {
			continue
		}
		for _, c := range among {
			if c.Is(want) {
				return c, true
			}
		}
	}
	return Codec{}, false
}

// commonEvent returns among's telephone-event if order has one too. Events
// share the stream's clock (RFC 4733 §2.1), so another clock is the last resort.
func commonEvent(order, among []Codec, clock int) (Codec, bool) {
	mine := false
	for _, c := range order {
		mine = mine || c.IsEvent()
	}
	if !mine {
		return Codec{}, false
	}
	best, found := Codec{}, false
	for _, c := range among {
		if c.IsEvent() && (!found || c.Clock == clock && best.Clock != clock) {
			best, found = c, true
		}
	}
	return best, found
}

// answerCodecs adds our own meaning of payload types the answer left unnamed.
func answerCodecs(answer, offer *Media) []Codec {
	codecs := make([]Codec, 0, len(answer.Formats))
	for _, f := range answer.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		c, ok := answer.codec(uint8(pt))
		if !ok {
			c, ok = offer.codec(uint8(pt))
		}
		if ok {
			codecs = append(codecs, c)
		}
	}
	return codecs
}

// Packet times that we send, ms; 20 is the default of RFC 3551 §4.2.
const (
	minPTime     = 10
	defaultPTime = 20
	maxPTime     = 40
)

func (l Local) ptime() int {
	if sendable(l.PTime) {
		return l.PTime
	}
	return defaultPTime
}

func sendable(ms int) bool { return ms >= minPTime && ms <= maxPTime && ms%minPTime == 0 }

// sendPTime is the far end's wish where we can meet it, never above its maxptime.
func sendPTime(m *Media, l Local) int {
	ms := l.ptime()
	if want := m.ms("ptime"); sendable(want) {
		ms = want
	}
	if limit := m.ms("maxptime"); limit > 0 && ms > limit {
		ms = max(limit/minPTime*minPTime, minPTime)
	}
	return ms
}

func (m *Media) ms(attr string) int {
	value, _ := m.Get(attr)
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

func frame(l Local) *Session {
	return &Session{Origin: l.Origin, Conn: l.Addr.Addr().Unmap().WithZone("").String()}
}

func audioLine(l Local, proto string, codecs []Codec, ptime int, dir Direction, keys []Attr) Media {
	m := Media{Kind: "audio", Port: l.Addr.Port(), Proto: proto}
	m.Formats = make([]string, 0, len(codecs))
	m.Attrs = append(make([]Attr, 0, 2*len(codecs)+2+len(keys)), keys...)
	for _, c := range codecs {
		pt := strconv.Itoa(int(c.PT))
		m.Formats = append(m.Formats, pt)
		m.Attrs = append(m.Attrs, Attr{"rtpmap", pt + " " + c.Name + "/" + strconv.Itoa(c.Clock)})
		if c.IsEvent() {
			m.Attrs = append(m.Attrs, Attr{"fmtp", pt + " 0-16"})
		}
	}
	m.Attrs = append(m.Attrs, Attr{"ptime", strconv.Itoa(ptime)}, Attr{Name: dir.String()})
	return m
}
