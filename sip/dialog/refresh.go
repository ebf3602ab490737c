package dialog

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Waits before a refresh is tried again.
const (
	busyWait  = time.Second     // another offer is open; its end may refresh as well
	faultWait = 5 * time.Second // it could not leave, or the far end asked for patience
)

func (d *Dialog) stepSession(ev SessionEvent, span time.Duration) {
	next, actions := d.s.Session.Step(ev, time.Now(), span)
	d.s.Session = next
	d.do(actions, &input{}, ev)
}

func (d *Dialog) doSession(a Action) {
	switch a { //nolint:exhaustive // the group is chosen by do
	case ArmSession:
		if at, armed := d.s.Session.next(); armed {
			d.session.start(&d.box, time.Until(at), func() { d.stepSession(SessionWake, 0) })
		}
	case StopSession:
		d.session.stop()
	case SendRefresh:
		d.sendRefresh()
	case SendExpired:
		d.st.metrics.expired()
		d.parting = []wire.Header{ReasonQ850(causeAck, "session expired")}
		d.dialogLost(ErrSessionExpired)
	}
}

// established says whether the dialog is past its 2xx and its ACK.
func (d *Dialog) established() bool {
	return d.s.Role == UAC && d.s.UAC == UACConfirmed || d.s.Role == UAS && d.s.UAS == UASConfirmed
}

// answered says whether the INVITE had its 2xx.
func (d *Dialog) answered() bool { return d.won || d.s.Role == UAS && d.s.UAS != UASProceeding }

// sendRefresh refreshes the session by an UPDATE without a description where the
// far end takes one, else by a re-INVITE that repeats ours to the letter.
func (d *Dialog) sendRefresh() {
	switch {
	case d.box.deaf: // nobody owns this call any more
		d.stepSession(SessionClose, 0)
		d.dialogLost(ErrSessionExpired)
	case !d.established() || d.s.Offer != OfferStable:
		d.stepSession(SessionPut, busyWait)
	case d.s.PeerUpdates || len(d.s.LocalSDP) == 0:
		d.send(wire.UPDATE, d.s.nextCSeq(), d.sessionHeaders(), "", nil, d.updateDone)
	default:
		d.refreshing = true
		d.stepOffer(OfferOwn, input{sdp: d.s.LocalSDP})
	}
}

// sessionHeaders are what a re-INVITE or UPDATE of ours says of the timer (§7.4).
func (d *Dialog) sessionHeaders() []wire.Header {
	if d.policy.Off && d.s.Session.State == SessionOff {
		return nil
	}
	h := []wire.Header{{Name: "Supported", Value: tagTimer}}
	s := d.s.Session
	if s.State == SessionOff {
		return h
	}
	e := SessionExpires{Interval: s.Interval, Refresher: refresherUAC}
	if s.State == SessionTheirs {
		e.Refresher = refresherUAS
	}
	h = append(h, wire.Header{Name: "Session-Expires", Value: e.String()})
	if d.s.MinSE > 0 {
		h = append(h, wire.Header{Name: "Min-SE", Value: seconds(d.s.MinSE)})
	}
	return h
}

// updateDone takes the outcome of an UPDATE that refreshes.
func (d *Dialog) updateDone(ev wire.ClientEvent) {
	if d.closed {
		return
	}
	if r := ev.Response; r != nil {
		switch r.Status() {
		case wire.StatusUnauthorized, wire.StatusProxyAuthRequired, wire.StatusNoTransaction, wire.StatusRequestTimeout,
			wire.StatusSessionIntervalTooSmall, wire.StatusRequestPending, wire.StatusServerError:
		default:
			if r.Status() >= 300 { // it does not want UPDATE after all
				d.s.PeerUpdates = false
				d.stepSession(SessionPut, 0)
				return
			}
			d.s.refresh(r.Contact())
		}
	}
	d.refreshed(ev)
}

// refreshed takes the outcome of a refresh of either kind.
func (d *Dialog) refreshed(ev wire.ClientEvent) {
	r := ev.Response
	switch {
	case lost(ev):
		d.dialogLost(ErrDialogLost)
	case r == nil: // it did not get there: there is time until the session ends
		d.stepSession(SessionPut, faultWait)
	case r.Status() < 300:
		d.concluded(r)
	case r.Status() == wire.StatusSessionIntervalTooSmall && d.raise(r):
		d.stepSession(SessionRaise, d.s.MinSE)
	case r.Status() == wire.StatusRequestPending:
		d.stepSession(SessionPut, d.s.Role.glareWait())
	case r.Status() == wire.StatusServerError:
		d.stepSession(SessionPut, faultWait)
	default: // also a challenge, which is never answered within a dialog
		d.st.log.Info("session not refreshed, the far end is there",
			slog.String("call_id", d.s.CallID), slog.Int("status", r.Status()))
		d.stepSession(SessionAlive, 0)
	}
}

// reinvitedDone takes the outcome of a re-INVITE that refreshes. The owner hears of
// it only where the far end has moved its media.
func (d *Dialog) reinvitedDone(e Event, in *input) {
	d.refreshing = false
	moved := e.Status/100 == 2 && e.SDP != nil && !bytes.Equal(e.SDP, d.s.RemoteSDP)
	d.refreshed(wire.ClientEvent{Response: in.resp, Err: in.err})
	if d.closed {
		return
	}
	if moved {
		e.Kind = Refreshed
		d.tell(e, in)
	}
	d.offerNext()
}

// maxBriefs bounds how often we ask for a longer session: each proxy on the way
// may want more than the one before (RFC 4028 §7.3).
const maxBriefs = 5

// raise learns from a 422; false: it asks for no more than we have said already.
func (d *Dialog) raise(r *wire.Response) bool {
	least := minSE(r)
	if d.policy.Off || least <= d.asks() || d.briefs == maxBriefs {
		return false
	}
	d.briefs++
	d.s.MinSE = least
	return true
}

// asks is the interval that we ask for now.
func (d *Dialog) asks() time.Duration {
	if d.s.Session.State != SessionOff {
		return d.s.Session.Interval
	}
	return max(d.policy.Expires, d.s.MinSE)
}

// concluded takes what a 2xx to a request of ours says of the timer (§7.2).
func (d *Dialog) concluded(r *wire.Response) {
	d.learn(r)
	d.briefs = 0
	s, ok := ParseSessionExpires(r.Header("Session-Expires"))
	switch {
	case !ok || d.policy.Off && d.s.Session.State == SessionOff:
		d.stepSession(SessionAgreedNone, 0)
	case s.Refresher == refresherUAS:
		d.stepSession(SessionAgreedTheirs, max(s.Interval, leastInterval))
	default:
		d.stepSession(SessionAgreedOurs, max(s.Interval, leastInterval))
	}
}

// granted puts into a 2xx of ours what we agree to, and returns how to put it in
// force once that has left.
func (d *Dialog) granted(req *wire.Request, res *wire.Response, first bool) func() {
	a := askedBy(req)
	g := d.policy.grant(a, d.s.Session, first)
	for _, h := range g.headers(a) {
		_ = res.Add(h.Name, h.Value) // numbers and constants
	}
	return func() {
		d.s.MinSE = max(d.s.MinSE, a.minSE)
		switch {
		case g.Interval == 0:
			d.stepSession(SessionAgreedNone, 0)
		case g.Refresher == refresherUAC:
			d.stepSession(SessionAgreedTheirs, g.Interval)
		default:
			d.stepSession(SessionAgreedOurs, g.Interval)
		}
	}
}

// refusedBrief answers 422 to a request whose session would be too brief.
func (d *Dialog) refusedBrief(tx serverTx) bool {
	req := tx.Request()
	brief := req.Header("Session-Expires") != "" && d.policy.tooBrief(askedBy(req))
	if brief {
		d.reply(tx, wire.StatusSessionIntervalTooSmall, d.policy.minHeader())
	}
	return brief
}

func (t SessionTimer) minHeader() wire.Header {
	return wire.Header{Name: "Min-SE", Value: seconds(max(t.MinSE, shortestMinSE))}
}

// learn remembers whether the far end takes UPDATE.
func (d *Dialog) learn(m header) {
	if m.Header("Allow") != "" {
		d.s.PeerUpdates = has(m, "Allow", wire.UPDATE)
	}
}

// offerNext sends what the owner wanted to offer while a refresh was on its way.
func (d *Dialog) offerNext() {
	if sdp := d.nextOffer; sdp != nil {
		d.nextOffer = nil
		d.stepOffer(OfferOwn, input{sdp: sdp})
	}
}
