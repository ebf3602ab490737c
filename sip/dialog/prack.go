package dialog

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// sender is what a UAS remembers of its reliable provisional responses.
type sender struct {
	state    ReliableState
	last     *wire.Response // the one that waits for its PRACK
	sdp      bool           // it has a description
	interval time.Duration
	resend   timer
	timeout  timer
	queue    []input // what waits for its turn
	answer   input   // the owner's 200 that waits
}

// delivery is how a provisional response goes out.
type delivery uint8

const (
	plain    delivery = iota
	reliable          // with RSeq, repeated until its PRACK
	withheld          // not at all
)

// delivery decides for one of the owner's provisional responses. Where there is no
// offer in the INVITE, the first reliable one has to carry ours (RFC 3262 §5).
func (d *Dialog) delivery(sdp bool) delivery {
	req := d.tx.Request()
	required := has(req, "Require", tag100rel)
	wanted := required
	if !required && d.reliable != ReliableOff && has(req, "Supported", tag100rel) {
		wanted = sdp || d.reliable == ReliableRequire
	}
	offerless := d.s.LateOffer && d.s.Offer == OfferTheirs && !sdp
	switch {
	case !wanted:
		return plain
	case !offerless:
		return reliable
	case required:
		return withheld
	}
	return plain
}

func (d *Dialog) stepReliable(ev ReliableEvent, in input) {
	next, actions := d.rel.state.Step(ev)
	d.rel.state = next
	d.do(actions, &in, ev)
}

func (d *Dialog) doReliable(a Action, in *input) {
	r := d.rel
	switch a { //nolint:exhaustive // the group is chosen by do
	case SendReliable:
		d.sendReliable(in)
	case ResendReliable:
		d.final(d.tx, r.last)
	case QueueReliable:
		r.queue = append(r.queue, *in)
	case NextReliable:
		if len(r.queue) > 0 {
			next := r.queue[0]
			r.queue = r.queue[1:]
			d.stepReliable(sendEvent(next.sdp), next)
		}
	case ArmReliable: // T1 and its double each time, without the bound of T2 (RFC 3262 §3)
		r.interval = max(2*r.interval, d.st.cfg.T1)
		r.resend.start(&d.box, r.interval, func() { d.stepReliable(ReliableResend, input{}) })
	case ArmPrack:
		r.timeout.start(&d.box, d.st.cfg.AckTimeout, func() { d.stepReliable(ReliableTimeout, input{}) })
	case StopPrack:
		r.resend.stop()
		r.timeout.stop()
	case AcceptPrack:
		d.acceptPrack(in)
	case HoldAnswer:
		r.answer = *in
	case ReleaseAnswer:
		d.releaseAnswer(in)
	case RefuseUnacked:
		d.stepUAS(UASReject, input{status: wire.StatusServerTimeout, reason: "No PRACK", err: ErrNoPrack})
	}
}

func sendEvent(sdp []byte) ReliableEvent {
	if len(sdp) > 0 {
		return ReliableSendSDP
	}
	return ReliableSend
}

// sendReliable sends a provisional response with the next number; the first one is
// random within the lower half of the range.
func (d *Dialog) sendReliable(in *input) {
	if d.s.RSeq == 0 {
		d.s.RSeq = rand.Uint32N(1<<31 - 1) //nolint:gosec // a number, not a secret
	}
	d.s.RSeq++
	res := d.s.respond(d.tx.Request(), in.status, in.reason, in.headers)
	_ = res.Add("Require", tag100rel)
	_ = res.Add("RSeq", decimal(d.s.RSeq))
	d.rel.last, d.rel.sdp, d.rel.interval = res, len(in.sdp) > 0, 0
	if d.rel.sdp {
		d.describe(res, in.sdp)
		ev := OfferEarlyAnswer
		if d.s.LateOffer {
			ev = OfferEarlyOffer
		}
		d.stepOffer(ev, input{})
	}
	d.final(d.tx, res)
}

// acceptPrack answers the PRACK of our last reliable response; its description is
// the answer to ours or a new offer.
func (d *Dialog) acceptPrack(in *input) {
	if d.rel.sdp {
		d.agreed = true
	}
	sdp := description(in.req)
	switch {
	case d.s.Offer == OfferEarlyOurs:
		d.stepOffer(OfferEarlyAnswer, input{})
		d.reply(in.tx, wire.StatusOK)
		d.tell(Event{Kind: LateAnswer, SDP: sdp, Req: in.req}, in)
	case sdp != nil:
		d.stepOffer(OfferPeerUpdate, *in)
	default:
		d.reply(in.tx, wire.StatusOK)
	}
}

// releaseAnswer lets the owner's 200 go. What still waited for its turn is
// overtaken; a description among it goes with the 200.
func (d *Dialog) releaseAnswer(in *input) {
	answer := *in
	if d.rel.answer.status != 0 {
		answer = d.rel.answer
	}
	for _, q := range d.rel.queue {
		if len(answer.sdp) == 0 {
			answer.sdp = q.sdp
		}
	}
	d.rel.queue = nil
	d.stepUAS(UASAnswer, answer)
}

// pracked takes a PRACK.
func (d *Dialog) pracked(in input) {
	ack, ok := ParseRAck(in.req.Header("RAck"))
	switch {
	case !ok:
		d.reply(in.tx, wire.StatusBadRequest)
	case d.rel == nil:
		d.reply(in.tx, wire.StatusNoTransaction)
	case ack == RAck{RSeq: d.s.RSeq, CSeq: d.rel.last.CSeq(), Method: wire.INVITE}:
		d.stepReliable(ReliablePrack, in)
	default:
		d.stepReliable(ReliableStray, in)
	}
}

// fork is one far end that has answered our INVITE provisionally.
type fork struct {
	tag  string
	rseq RSeq
	cseq uint32 // of our last PRACK to it
}

func (d *Dialog) fork(tag string) *fork {
	for i := range d.forks {
		if d.forks[i].tag == tag {
			return &d.forks[i]
		}
	}
	if len(d.forks) == maxForks {
		return nil
	}
	d.forks = append(d.forks, fork{tag: tag})
	return &d.forks[len(d.forks)-1]
}

// prack acknowledges a reliable provisional response on the early dialog of its own
// tag. What comes of the PRACK changes nothing: the INVITE goes on.
func (d *Dialog) prack(r *wire.Response, sdp []byte) {
	rseq, _ := reliableSeq(r)
	early := d.s.forked(r)
	cseq := d.s.nextCSeq()
	if f := d.fork(r.ToTag()); f != nil {
		f.cseq = cseq
	}
	ack := RAck{RSeq: rseq, CSeq: r.CSeq(), Method: wire.INVITE}
	req, err := early.request(wire.PRACK, cseq, []wire.Header{{Name: "RAck", Value: ack.String()}})
	if err == nil {
		if len(sdp) > 0 {
			req.SetBody(sdpType, sdp)
		}
		_, err = d.st.edge.Send(req, early.hop(), func(ev wire.ClientEvent) {
			if ev.Response != nil && ev.Response.Status() >= 300 {
				d.st.log.Warn("PRACK refused", slog.String("call_id", req.CallID()), slog.Int("status", ev.Response.Status()))
			}
		})
	}
	if err != nil {
		d.unsent("PRACK", err)
	}
}
