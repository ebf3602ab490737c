package media

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// ntpEpoch is the distance from the Unix epoch to that of NTP, in seconds (RFC 5905 §6).
const ntpEpoch = 2208988800

// reporting is the RTCP side of a stream (RFC 3550 §6.4).
type reporting struct {
	due time.Duration // next report of ours

	lastSR   uint32        // middle 32 bits of the NTP time in the far end's last SR
	lastSRAt time.Duration // when it came

	rtt       time.Duration
	farKnown  bool
	farLost   uint64  // packets of ours the far end misses
	farJitter float64 // samples
}

// ntpTime is the wall clock in NTP's 32.32 format.
func ntpTime(t time.Time) uint64 {
	frac := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return uint64(t.Unix()+ntpEpoch)<<32 | frac
}

// middle are the middle 32 bits of an NTP time: 16.16 seconds.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }

// inputRTCP reads a compound packet: the far end's SR for our next report, and what it says of our stream.
func (s *Stream) inputRTCP(sh *shard, src netip.AddrPort, b []byte) {
	if !s.latch.believes(src) {
		sh.count.foreign++
		return
	}
	if !isRTCP(b) {
		sh.count.invalid++
		return
	}
	if s.secure != nil {
		var ok bool
		if b, ok = s.openRTCP(sh, b); !ok {
			return
		}
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		sh.count.invalid++
		return
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			s.report.lastSR, s.report.lastSRAt = middle(p.NTPTime), sh.now
			s.inputReports(sh, p.Reports)
		case *rtcp.ReceiverReport:
			s.inputReports(sh, p.Reports)
		}
	}
}

func (s *Stream) inputReports(sh *shard, reports []rtcp.ReceptionReport) {
	for _, r := range reports {
		if r.SSRC == s.out.ssrc {
			s.report.take(r, s.pool.start.Add(sh.now))
		}
	}
}

// take reads one reception report about our stream.
func (g *reporting) take(r rtcp.ReceptionReport, now time.Time) {
	g.farKnown = true
	g.farLost = 0
	if r.TotalLost < 1<<23 { // a negative count (duplicates) is no loss
		g.farLost = uint64(r.TotalLost)
	}
	g.farJitter = float64(r.Jitter)
	if r.LastSenderReport == 0 {
		return
	}
	rtt := middle(ntpTime(now)) - r.LastSenderReport - r.Delay
	if d := time.Duration(rtt) * time.Second >> 16; d < time.Minute { // else clocks or peers that lie
		g.rtt = d
	}
}

// tickRTCP sends a report when one is due; the interval varies by half either way (RFC 3550 §6.3.1).
func (s *Stream) tickRTCP(sh *shard) {
	every := s.pool.cfg.RTCP
	if every == 0 || sh.now < s.report.due {
		return
	}
	first := s.report.due == 0
	s.report.due = sh.now + every/2 + rand.N(every) //nolint:gosec // pacing, no secret
	if first || !s.control.ok || s.out.packets == 0 && s.in.packets == 0 {
		return
	}
	s.sendRTCP(sh, s.compound(sh.now))
}

func (s *Stream) sendRTCP(sh *shard, c rtcp.CompoundPacket) {
	b, err := c.Marshal()
	if err == nil && s.secure != nil {
		b, err = s.sealRTCP(sh, b)
	}
	if err != nil || s.rtcp.send(b, &s.control) != nil {
		sh.count.sendErrors++
	}
}

// goodbye tells the far end that our stream has ended, if it has ever begun (RFC 3550 §6.3.7, §6.6).
func (s *Stream) goodbye(sh *shard) {
	if s.pool.cfg.RTCP == 0 || !s.control.ok || s.out.packets == 0 {
		return
	}
	s.sendRTCP(sh, append(s.compound(sh.now), &rtcp.Goodbye{Sources: []uint32{s.out.ssrc}}))
}

// compound is our SR or RR with SDES (RFC 3550 §6.1).
func (s *Stream) compound(now time.Duration) rtcp.CompoundPacket {
	reports := s.in.report(now, &s.report, s.latch.ssrc)
	var head rtcp.Packet = &rtcp.ReceiverReport{SSRC: s.out.ssrc, Reports: reports}
	if s.out.packets > s.out.earlier.packets {
		head = &rtcp.SenderReport{
			SSRC: s.out.ssrc, NTPTime: ntpTime(s.pool.start.Add(now)), RTPTime: s.out.ts + uint32((now-s.out.at)/sampleTime),
			PacketCount: uint32(s.out.packets - s.out.earlier.packets), OctetCount: uint32(s.out.octets - s.out.earlier.octets), Reports: reports,
		}
	}
	return rtcp.CompoundPacket{head, rtcp.NewCNAMESourceDescription(s.out.ssrc, s.pool.cname)}
}

// report is the reception report block about the far end's stream.
func (r *reception) report(now time.Duration, g *reporting, ssrc uint32) []rtcp.ReceptionReport {
	if !r.started {
		return nil
	}
	lost, _ := r.lost()
	b := rtcp.ReceptionReport{
		SSRC: ssrc, FractionLost: r.fraction(), TotalLost: uint32(min(lost, 1<<23-1)),
		LastSequenceNumber: r.extended(), Jitter: uint32(r.jitter),
	}
	if g.lastSR != 0 {
		b.LastSenderReport = g.lastSR
		b.Delay = uint32((now - g.lastSRAt) << 16 / time.Second)
	}
	return []rtcp.ReceptionReport{b}
}
