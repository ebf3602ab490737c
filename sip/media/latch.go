package media

import (
	"net/netip"
	"time"
)

const (
	probation     = 4 // consecutive packets another source must send before it is believed
	ssrcProbation = 3 // consecutive packets of a new SSRC from the locked source
)

// latch decides whose packets are believed. It is pure: packets and time come in, a verdict goes out.
//
// Before it is locked, the first valid packet from the address of the SDP (any port: symmetric RTP) locks it. A private
// address in the SDP is a phone behind NAT: then the address that its signalling comes from is let in after probation, no
// other one. After long silence any address is, if the configuration says so. Once locked, one source (address,
// port and SSRC) is believed until the next offer/answer; a NAT that changes the port is followed after silence.
type latch struct {
	cfg    LatchConfig
	sdp    netip.AddrPort
	signal netip.Addr     // where the far end's signalling comes from; zero = not known
	source netip.AddrPort // locked to, if locked
	ssrc   uint32
	locked bool
	open   bool          // locked, but offer/answer has taken place since: another port of the SDP address may take over
	armed  time.Duration // when looking began
	last   time.Duration // when the locked source last sent

	trial trial
}

// trial is a source on probation.
type trial struct {
	source netip.AddrPort
	ssrc   uint32
	next   uint16
	count  int
}

// verdict is what the latch says of a packet.
type verdict uint8

const (
	refused   verdict = iota // not from the source we believe
	accepted                 // from the source we believe
	locked                   // this packet locked the latch: send to its source from now on
	ssrcMoved                // same source, new SSRC: the far end restarted its stream
)

// rearm starts to look again after offer/answer; true when the address to send to is now the SDP's.
func (l *latch) rearm(now time.Duration, sdp netip.AddrPort) bool {
	same := l.sdp == sdp && l.locked
	l.sdp, l.armed, l.trial = sdp, now, trial{}
	if same {
		l.open = true
		return false
	}
	l.locked, l.open = false, false
	return true
}

// admit judges a packet. The common case is two compares.
func (l *latch) admit(now time.Duration, src netip.AddrPort, ssrc uint32, seq uint16) verdict {
	if l.locked && src == l.source {
		if ssrc == l.ssrc {
			l.last, l.open = now, false
			l.trial.count = 0
			return accepted
		}
		if l.onTrial(src, ssrc, seq) < ssrcProbation {
			return refused
		}
		l.lock(now, src, ssrc)
		return ssrcMoved
	}
	if !l.sdp.IsValid() { // nothing agreed yet: nobody is believed
		return refused
	}
	switch {
	case (!l.locked || l.open) && src.Addr() == l.sdp.Addr(): // the far end itself
	case l.locked: // the same host behind a NAT that has changed its mind
		due := l.open || l.cfg.RelatchAfter > 0 && now-l.last >= l.cfg.RelatchAfter
		if src.Addr() != l.source.Addr() || !due || l.onTrial(src, ssrc, seq) < probation {
			return refused
		}
	case !l.foreign(now, src.Addr()), l.onTrial(src, ssrc, seq) < probation:
		return refused
	}
	l.lock(now, src, ssrc)
	return locked
}

// possible reports whether a packet from an address could be believed, now or after probation. It changes nothing.
func (l *latch) possible(now time.Duration, src netip.AddrPort) bool {
	switch {
	case !l.sdp.IsValid():
		return false
	case l.locked && src == l.source, (!l.locked || l.open) && src.Addr() == l.sdp.Addr():
		return true
	case l.locked:
		return src.Addr() == l.source.Addr() && (l.open || l.cfg.RelatchAfter > 0 && now-l.last >= l.cfg.RelatchAfter)
	}
	return l.foreign(now, src.Addr())
}

// foreign reports whether an address that is not the SDP's may be put on probation.
func (l *latch) foreign(now time.Duration, src netip.Addr) bool {
	a := l.sdp.Addr()
	private := a.IsPrivate() || a.IsLinkLocalUnicast() || isCGNAT(a)
	if a.IsUnspecified() { // on hold the old way: nobody is expected
		return false
	}
	return l.cfg.Private && private && src == l.signal || l.cfg.SilentAfter > 0 && now-l.armed >= l.cfg.SilentAfter
}

// isCGNAT tells shared address space (RFC 6598).
func isCGNAT(a netip.Addr) bool {
	b := a.As16()
	return a.Is4() && b[12] == 100 && b[13]&0xC0 == 64
}

// onTrial counts consecutive packets of one source and SSRC; only one source is on trial at a time.
func (l *latch) onTrial(src netip.AddrPort, ssrc uint32, seq uint16) int {
	t := &l.trial
	if t.count == 0 || t.source != src || t.ssrc != ssrc || t.next != seq {
		*t = trial{source: src, ssrc: ssrc}
	}
	t.next = seq + 1
	t.count++
	return t.count
}

func (l *latch) lock(now time.Duration, src netip.AddrPort, ssrc uint32) {
	l.source, l.ssrc, l.locked, l.open, l.last, l.trial = src, ssrc, true, false, now, trial{}
}

// believes reports whether RTCP from src may be read: from the locked address, else from the SDP's.
func (l *latch) believes(src netip.AddrPort) bool {
	if l.locked {
		return src.Addr() == l.source.Addr()
	}
	return l.sdp.IsValid() && src.Addr() == l.sdp.Addr()
}
