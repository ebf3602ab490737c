package dialog

import (
	"net/netip"
	"slices"

	"github.com/butlerspb/vahta/sip/wire"
)

// request takes a request within the dialog, in the order of arrival.
func (d *Dialog) request(tx serverTx) {
	req := tx.Request()
	over := d.closed && req.Method() != wire.BYE // both hung up: their BYE is as good as ours
	if over || !d.knows(req.FromTag()) || !d.admits(req) {
		d.reply(tx, wire.StatusNoTransaction)
		return
	}
	d.s.follow(req.Flow())
	if !d.s.takeCSeq(req.CSeq()) {
		d.reply(tx, wire.StatusServerError)
		return
	}
	in := input{tx: tx, req: req}
	switch req.Method() {
	case wire.BYE:
		d.peerBye(in)
	case wire.INVITE:
		d.reinvited(in)
	case wire.UPDATE:
		d.updated(in)
	case wire.PRACK:
		d.pracked(in)
	case wire.INFO:
		d.reply(tx, wire.StatusOK)
		d.tell(Event{Kind: Info, Req: req, Tag: d.s.RemoteTag}, &in)
	case wire.OPTIONS:
		d.reply(tx, wire.StatusOK, wire.Header{Name: "Allow", Value: allow})
	case wire.MESSAGE:
		d.message(tx)
	case wire.REFER: // a transfer could dial anything: refused unless somebody allows it
		d.st.report(req, Transfer)
		d.reply(tx, wire.StatusDecline)
	default:
		d.reply(tx, wire.StatusMethodNotAllowed, wire.Header{Name: "Allow", Value: allow})
	}
}

// message hands a MESSAGE within the dialog to whoever takes those outside of one:
// the text is the same (RFC 3428 §8).
func (d *Dialog) message(tx serverTx) {
	f := d.st.outside[wire.MESSAGE]
	real, ok := tx.(*wire.ServerTx)
	if f == nil || !ok {
		d.reply(tx, wire.StatusMethodNotAllowed, wire.Header{Name: "Allow", Value: allow})
		return
	}
	f(real)
}

// admits says whether a request comes from an address of this dialog: the one it
// came from or was sent to, or the one that requests of ours go to now. Ports may
// change behind NAT. Anybody else, another peer of ours too, does not get to hang
// up or redirect a call by knowing its tags.
func (d *Dialog) admits(req *wire.Request) bool {
	from := req.Flow().Remote.Addr().Unmap()
	if from == d.s.Flow.Remote.Addr().Unmap() {
		return true
	}
	if hop := d.s.hop(); from == hop.Remote.Addr().Unmap() || from == hop.Instead.Addr().Unmap() {
		return true
	}
	if target, err := netip.ParseAddr(d.s.Target.Host); err == nil && from == target.Unmap() {
		return true
	}
	d.st.metrics.foreigner()
	d.st.report(req, Elsewhere)
	return false
}

// knows says whether a tag is the far end's, before there is a winner also that
// of any fork.
func (d *Dialog) knows(tag string) bool {
	return tag == d.s.RemoteTag || !d.won && d.s.Role == UAC && slices.ContainsFunc(d.forks, func(f fork) bool { return f.tag == tag })
}

func (d *Dialog) reply(tx serverTx, status int, headers ...wire.Header) {
	d.final(tx, d.s.respond(tx.Request(), status, "", headers))
}

func (d *Dialog) reinvited(in input) {
	d.learn(in.req)
	if d.refusedBrief(in.tx) {
		return
	}
	if d.s.Role == UAS && d.s.UAS == UASAccepted {
		if d.wantLate { // our offer is still unanswered (RFC 5407 §3.1.4)
			d.reply(in.tx, wire.StatusRequestPending)
			return
		}
		d.stepUAS(UASAck, input{req: in.req}) // whoever re-INVITEs has seen our 200
	}
	if d.s.Role == UAC && d.s.UAC == UACAccepted { // its offer in the 2xx is still unanswered
		d.reply(in.tx, wire.StatusRequestPending)
		return
	}
	d.stepOffer(OfferPeerInvite, in)
}

// updated takes an UPDATE; without a description it only refreshes the target and
// the session.
func (d *Dialog) updated(in input) {
	d.s.PeerUpdates = true
	if d.refusedBrief(in.tx) {
		return
	}
	if description(in.req) == nil {
		d.s.refresh(in.req.Contact())
		d.sendOK(in.tx, &in)
		return
	}
	d.stepOffer(OfferPeerUpdate, in)
}

// send starts a request within the dialog; done runs inside the executor with
// its final outcome.
func (d *Dialog) send(m wire.Method, cseq uint32, headers []wire.Header, ct string, body []byte, done func(wire.ClientEvent)) {
	req, err := d.s.request(m, cseq, headers)
	if err == nil {
		if len(body) > 0 {
			req.SetBody(ct, body)
		}
		_, err = d.st.edge.Send(req, d.s.hop(), func(ev wire.ClientEvent) {
			if ev.Response == nil || ev.Response.Status() >= 200 {
				d.box.post(func() { done(ev) })
			}
		})
	}
	if err != nil {
		d.box.post(func() { done(wire.ClientEvent{Err: err}) })
	}
}

func (d *Dialog) bye(headers []wire.Header) {
	d.stepOffer(OfferClose, input{})
	d.send(wire.BYE, d.s.nextCSeq(), headers, "", nil, func(ev wire.ClientEvent) {
		in := input{resp: ev.Response, err: ev.Err}
		if ev.Response != nil {
			in.status = ev.Response.Status()
		}
		d.byeDone(in)
	})
}

func (d *Dialog) sendInfo() {
	i := d.infos[0]
	d.send(wire.INFO, d.s.nextCSeq(), nil, i.contentType, i.body, d.infoDone)
}

func (d *Dialog) infoDone(ev wire.ClientEvent) {
	if d.closed {
		return
	}
	e := Event{Kind: InfoDone, Resp: ev.Response, Err: ev.Err}
	if ev.Response != nil {
		e.Status, e.Reason = ev.Response.Status(), ev.Response.Reason()
	}
	d.tell(e, &input{})
	if lost(ev) {
		d.dialogLost(ErrDialogLost)
		return
	}
	if d.infos = d.infos[1:]; len(d.infos) > 0 {
		d.sendInfo()
	}
}

func (d *Dialog) doOffer(a Action, in *input) {
	switch a { //nolint:exhaustive // the group is chosen by do
	case SendOffer:
		d.sendOffer(in)
	case ArmGlare:
		d.glare.start(&d.box, d.s.Role.glareWait(), func() { d.stepOffer(OfferRetry, input{sdp: d.offerSDP}) })
	case StopGlare:
		d.glare.stop()
	case TellOffer:
		d.offered(in)
	case TellOfferDone:
		d.offerDone(in)
	case TellOfferBusy:
		d.offerBusy(in)
	case TellOfferGone:
		d.tell(Event{Kind: OfferGone, Req: in.req}, in)
	case TellEarlyOffer:
		d.tell(Event{Kind: Offer, Resp: in.resp, SDP: description(in.resp), Tag: in.resp.ToTag()}, in)
	case SendPrackAnswer:
		d.s.LocalSDP = in.sdp
		d.prack(d.earlyOffer, in.sdp)
	case SendAnswer:
		if d.offerTx.Request().Method() != wire.PRACK { // no target refresh (RFC 3262 §6)
			d.s.refresh(d.offerTx.Request().Contact())
		}
		d.sendOK(d.offerTx, in)
		d.dropOffer()
	case RefuseOffer:
		d.reply(d.offerTx, in.status)
		d.dropOffer()
	case CancelOffer:
		d.reply(d.offerTx, wire.StatusRequestTerminated)
		d.dropOffer()
	case Reply491:
		d.reply(in.tx, wire.StatusRequestPending)
	case Reply500:
		d.reply(in.tx, wire.StatusServerError, retryAfter())
	case Reply481:
		d.reply(in.tx, wire.StatusNoTransaction)
	}
}

// offerDone tells the outcome of our re-INVITE, unless it was only a refresh.
func (d *Dialog) offerDone(in *input) {
	e := Event{Kind: OfferDone, Status: in.status, Reason: in.reason, Resp: in.resp, Err: in.err}
	if in.resp != nil {
		e.fromResponse()
	}
	if e.Status/100 == 2 {
		d.s.LocalSDP = d.offerSDP
	}
	d.offerSDP = nil
	if d.refreshing {
		d.reinvitedDone(e, in)
		return
	}
	d.tell(e, in)
}

// offerBusy tells that another offer was first. If it came before a refresh of
// ours, it has refreshed the session as well.
func (d *Dialog) offerBusy(in *input) {
	if d.refreshing {
		d.refreshing = false
		d.stepSession(SessionPut, busyWait)
		if d.nextOffer == nil {
			return
		}
		d.nextOffer = nil
	}
	d.tell(Event{Kind: OfferDone, Err: ErrOfferPending}, in)
}

// offered keeps the far end's request until the owner has answered.
func (d *Dialog) offered(in *input) {
	d.offerTx = in.tx
	if in.req.Method() == wire.INVITE {
		d.s.PeerInvite = in.req.CSeq()
		d.st.cancellable(in.tx, d)
	}
	d.tell(Event{Kind: Offer, Req: in.req, SDP: description(in.req), Tag: d.s.RemoteTag}, in)
}

func (d *Dialog) dropOffer() {
	if d.offerTx != nil && d.offerTx.Request().Method() == wire.INVITE {
		d.st.uncancellable(d.offerTx)
	}
	d.offerTx = nil
}

func (d *Dialog) sendOffer(in *input) {
	d.offerSDP = in.sdp
	cseq := d.s.nextCSeq()
	d.s.OfferCSeq = cseq
	d.send(wire.INVITE, cseq, d.sessionHeaders(), sdpType, in.sdp, func(ev wire.ClientEvent) { d.offerEvent(cseq, ev) })
}

func (d *Dialog) offerEvent(cseq uint32, ev wire.ClientEvent) {
	r := ev.Response
	if r != nil && r.Status() < 300 {
		if cseq == d.s.OfferCSeq {
			d.s.refresh(r.Contact())
		}
		d.ack(&d.s, cseq, nil) // also for a repetition, also after BYE
	}
	if d.closed || cseq != d.s.OfferCSeq || d.s.Offer != OfferLocal {
		return
	}
	in := input{resp: r, err: ev.Err}
	if r != nil {
		in.status, in.reason = r.Status(), r.Reason()
	}
	switch {
	case in.status == wire.StatusRequestPending:
		d.stepOffer(OfferOwnGlare, in)
	case in.status == wire.StatusSessionIntervalTooSmall && d.raise(r):
		if d.s.Session.State != SessionOff {
			d.s.Session.Interval = d.s.MinSE // what is asked for from now on
		}
		in.sdp = d.offerSDP
		d.stepOffer(OfferOwnBrief, in)
	case d.refreshing:
		d.stepOffer(OfferOwnDone, in)
	default:
		if in.status/100 == 2 {
			d.concluded(r)
		}
		d.stepOffer(OfferOwnDone, in)
		if lost(ev) {
			d.dialogLost(ErrDialogLost)
		}
	}
}
