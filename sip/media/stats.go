package media

import (
	"net/netip"
	"time"
)

// Stats are the figures of a stream.
type Stats struct {
	Codec   string         // "PCMA" or "PCMU"; "" before Apply
	Remote  netip.AddrPort // where RTP goes
	Latched bool           // the far end's source is known

	In  Flow // what we received
	Out Flow // what we sent; loss and jitter as the far end reports them by RTCP, zero if it does not

	RTT     time.Duration // round trip by RTCP (RFC 3550 §6.4.1); 0 = not known
	Refused uint64        // packets from a source we do not believe

	Suite         string // of SRTP; "" is plain RTP
	Undecryptable uint64 // packets from where the far end is that the agreed key does not open
	Replayed      uint64 // packets that were received before, or are too old to tell
}

// Flow is one direction of a stream.
type Flow struct {
	Packets, Bytes uint64  // Bytes without the RTP header
	Lost           uint64  // packets that never came
	LossPercent    float64 // of the packets expected
	JitterMs       float64 // interarrival jitter (RFC 3550 §6.4.1)
	MOS            float64 // 1..4.4, see MOS; 0 without packets
}

// reception does the receiver's side of RFC 3550: A.1 (sequence numbers), A.3 (loss), A.8 (jitter).
type reception struct {
	packets, octets uint64
	refused         uint64
	undecryptable   uint64
	replayed        uint64

	started  bool
	base     uint16
	top      uint16 // highest sequence number
	cycles   uint32 // of 2^16
	received uint64 // since base
	bad      uint32 // a jump is believed when the next packet follows it
	transit  uint32
	timed    bool
	lastTS   uint32
	jitter   float64 // samples

	earlier  struct{ expected, received uint64 } // of the SSRCs before this one
	reported struct{ expected, received uint64 } // at the last RTCP report
}

const (
	maxDropout  = 3000    // RFC 3550 A.1
	maxMisorder = 100     // RFC 3550 A.1
	noBad       = 1 << 17 // no jump seen
)

// restart begins the count of a new SSRC or source.
func (r *reception) restart(h header) {
	r.earlier.expected += r.expected()
	r.earlier.received += r.received
	r.started, r.received, r.cycles, r.timed = true, 0, 0, false
	r.base, r.top, r.bad = h.seq, h.seq, noBad
	r.reported.expected, r.reported.received = 0, 0
}

// take counts a packet.
func (r *reception) take(h header, now time.Duration, octets int) {
	if !r.started {
		r.restart(h)
	}
	r.packets++
	r.octets += uint64(octets)
	delta := h.seq - r.top
	switch {
	case delta < maxDropout:
		if h.seq < r.top {
			r.cycles += 1 << 16
		}
		r.top = h.seq
	case delta <= 1<<16-1-maxMisorder: // a jump: two in a row mean the far end restarted
		if uint32(h.seq) != r.bad {
			r.bad = uint32(h.seq + 1)
			return
		}
		r.restart(h)
	}
	r.received++
	r.time(h, now)
}

// time updates the jitter. Packets of one timestamp (telephone events) are not timed.
func (r *reception) time(h header, now time.Duration) {
	transit := uint32(now/sampleTime) - h.ts
	if r.timed && h.ts == r.lastTS {
		return
	}
	if r.timed {
		d := int32(transit - r.transit)
		if d < 0 {
			d = -d
		}
		if d < jumpLimit { // else the source restarted its clock
			r.jitter += (float64(d) - r.jitter) / 16
		}
	}
	r.transit, r.timed, r.lastTS = transit, true, h.ts
}

// expected is how many packets the SSRC has sent as far as we can tell.
func (r *reception) expected() uint64 {
	if !r.started {
		return 0
	}
	return uint64(r.extended()) - uint64(r.base) + 1
}

func (r *reception) extended() uint32 { return r.cycles + uint32(r.top) }

func (r *reception) lost() (lost, expected uint64) {
	expected = r.earlier.expected + r.expected()
	if got := r.earlier.received + r.received; got < expected {
		lost = expected - got
	}
	return lost, expected
}

// fraction is the loss since the last report, in 1/256 (RFC 3550 A.3).
func (r *reception) fraction() uint8 {
	expected, received := r.expected()-r.reported.expected, r.received-r.reported.received
	r.reported.expected, r.reported.received = r.expected(), r.received
	if expected == 0 || received >= expected {
		return 0
	}
	return uint8(min(255, (expected-received)<<8/expected))
}

func (s *Stream) stats() Stats {
	lost, expected := s.in.lost()
	st := Stats{
		Remote: s.remote.ap, Latched: s.latch.locked, RTT: s.report.rtt, Refused: s.in.refused,
		In:  Flow{Packets: s.in.packets, Bytes: s.in.octets, Lost: lost, JitterMs: s.in.jitter / samplesPerMs},
		Out: Flow{Packets: s.out.packets, Bytes: s.out.octets, Lost: s.report.farLost, JitterMs: s.report.farJitter / samplesPerMs},
	}
	st.Undecryptable, st.Replayed = s.in.undecryptable, s.in.replayed
	if s.secure != nil {
		st.Suite = s.secure.suite.String()
	}
	if s.deal.applied {
		st.Codec = [...]string{lawA: "PCMA", lawU: "PCMU"}[s.deal.law]
	}
	st.In.judge(expected, st.RTT)
	if s.report.farKnown {
		st.Out.judge(st.Out.Packets, st.RTT)
	}
	return st
}

func (f *Flow) judge(expected uint64, rtt time.Duration) {
	if expected == 0 {
		return
	}
	f.LossPercent = 100 * float64(f.Lost) / float64(expected)
	f.MOS = MOS(f.LossPercent, f.JitterMs, rtt)
}

// MOS estimates how a listener would judge a G.711 call, 1 (bad) to 4.4 (toll quality), from the share of lost packets,
// the jitter and the round trip. It is the E-model of ITU-T G.107 in a simplified form: default values for everything
// but delay and loss, random loss, packet loss concealment as in G.113 (Ie = 0, Bpl = 25.1), a jitter buffer of twice
// the jitter plus one frame. It is a figure to compare calls by, not a measurement of sound.
func MOS(lossPercent, jitterMs float64, rtt time.Duration) float64 {
	const (
		r0      = 93.2  // G.107: basic signal to noise ratio with all defaults
		bpl     = 25.1  // G.113 appendix I: robustness of G.711 with concealment, random loss
		frameMs = 20    // packetisation
		knee    = 177.3 // ms; from here on delay disturbs a dialogue
	)
	delay := float64(rtt)/float64(time.Millisecond)/2 + frameMs + 2*jitterMs
	id := 0.024 * delay
	if delay > knee {
		id += 0.11 * (delay - knee)
	}
	r := r0 - id - 95*lossPercent/(lossPercent+bpl)
	if r <= 0 {
		return 1
	}
	return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
}
