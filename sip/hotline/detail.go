package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/b2bua"
)

// outcome records how the call ended, with its whole detail. It is called once.
func (k *call) outcome() {
	now := k.h.now()
	d := k.c.Detail()
	k.h.metrics.ended(k.s.Result, now.Sub(d.Started))
	k.records.outcome(dispatch.Outcome{
		Call: k.id, Result: k.s.Result, Cause: k.cause, At: now, Detail: k.detail(d),
	})
}

// detail translates the record of the engine into the desk's words.
func (k *call) detail(d b2bua.Detail) dispatch.CallDetail {
	out := dispatch.CallDetail{
		AcceptedBy: k.acceptor, AcceptedAt: k.accepted, AcknowledgedBy: k.s.Acknowledged, Rounds: k.s.Round,
		Note: d.Note, Degraded: k.degraded.words(), Out: k.out(),
		Legs: make([]dispatch.Leg, 0, len(d.Legs)), Ladder: make([]dispatch.Step, 0, len(d.Trace)),
	}
	if k.accepted.IsZero() {
		out.AcceptedBy = "" // acknowledged is not accepted
	}
	if d.Bridged > 0 && d.Ended > d.Bridged {
		out.Talk = d.Ended - d.Bridged
	}
	if r := d.Recording; r != nil {
		out.Recording = dispatch.Recording{Path: r.Path, Duration: r.Duration, Bytes: r.Bytes}
	}
	names := make([]string, len(d.Legs))
	for i := range d.Legs {
		leg := k.leg(d.Started, &d.Legs[i])
		if leg.Name == callerLeg {
			out.AnsweredAt = leg.AnsweredAt
		}
		names[i] = leg.Name
		out.Legs = append(out.Legs, leg)
	}
	for _, e := range d.Trace {
		s := dispatch.Step{At: d.Started.Add(e.After), Out: e.Direction == b2bua.Outward, Text: e.Text}
		if e.Leg >= 0 && e.Leg < len(names) {
			s.Leg = names[e.Leg]
		}
		out.Ladder = append(out.Ladder, s)
	}
	return out
}

// parties are the legs as they stand.
func (k *call) parties() []dispatch.Leg {
	d := k.c.Detail()
	out := make([]dispatch.Leg, len(d.Legs))
	for i := range d.Legs {
		out[i] = k.leg(d.Started, &d.Legs[i])
	}
	return out
}

// callerLeg is the caller's name in a call detail.
const callerLeg = "A"

func (k *call) leg(started time.Time, l *b2bua.LegDetail) dispatch.Leg {
	at := func(after time.Duration) time.Time {
		if after == 0 {
			return time.Time{}
		}
		return started.Add(after)
	}
	out := dispatch.Leg{
		Name: l.Name, Trunk: l.Trunk, CallID: l.CallID, StartedAt: started.Add(l.Dialled),
		AnsweredAt: at(l.Answered), EndedAt: at(l.Ended), Outcome: l.Outcome.String(),
		Cause: l.Cause, Status: l.Status, Q850: l.Q850, Quality: quality(l),
	}
	if l.ID == 0 && k.c.A() != nil {
		out.Name, out.StartedAt = callerLeg, started
	}
	for i := range k.legs {
		if p := &k.legs[i]; p.id != 0 && p.leg.ID == l.ID {
			out.Person, out.Device = p.person, p.device
		}
	}
	return out
}

func quality(l *b2bua.LegDetail) dispatch.Quality {
	s := l.Quality
	return dispatch.Quality{
		Codec: l.Codec, SRTP: s.Suite, Packets: s.In.Packets, Sent: s.Out.Packets, Lost: s.In.Lost,
		JitterMs: s.In.JitterMs, RTTMs: float64(s.RTT) / float64(time.Millisecond), MOS: s.In.MOS,
	}
}
