package b2bua

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// arrival is an INVITE that is being decided on: who calls, by which policy.
type arrival struct {
	who      trunk.Inbound
	media    trunk.Media
	reliable dialog.Reliability
	timer    dialog.SessionTimer
	profile  string     // TLS: how his operator is reached when his connection is gone
	local    netip.Addr // our address that the operator's sound goes by; zero = any
	hops     int        // Max-Forwards of what he dials on, see hopsOf
	offer    *sdp.Session
	script   func(*Call)
	own      bool // it is no call to a hotline, and a phone's account answers for it
}

// policyOf reads how calls of an operator are taken; nil is a configured phone, whose sound is secured if it wants it so.
func policyOf(one *trunk.Trunk, who trunk.Inbound) arrival {
	if one == nil {
		return arrival{who: who, media: trunk.Media{SRTP: trunk.SRTPOffered}}
	}
	p := one.Policy()
	a := arrival{who: who, media: p.Media, reliable: p.Reliable, timer: p.Timer, profile: one.Operator().Name}
	a.local, _ = netip.ParseAddr(one.Operator().Local) // "" is any
	return a
}

// placeOf is where the caller's media is received: as his offer says, else as his signalling came.
func (a *arrival) placeOf(flow wire.Flow) place {
	if a.offer != nil {
		return placeOf(a.offer.IPv6(), a.local)
	}
	return placeOf(ipv6(flow.Remote.Addr()), a.local)
}

// invited decides on an INVITE before anything is allocated for it: load, peer, number, media. Whatever breaks in here
// costs this INVITE only: the dialog is refused with 500, and what was counted for it is given back.
func (e *Engine) invited(in *dialog.Incoming) {
	req := in.Request()
	a, ok, answered := e.arrive(in)
	if answered {
		return
	}
	held := deposit{engine: e}
	defer held.giveBack()
	from := caller{who: a.who, peer: ok}
	if why := e.admit(e.received(req), &from); why != "" {
		held.giveBack()
		e.shed(in, &from, why)
		return
	}
	held.counted = true
	refuse := func(status int, why string, more ...wire.Header) {
		held.giveBack() // before he can try again
		e.refuse(in, status, why, more...)
	}
	if !ok {
		e.tell(guard.Event{Kind: guard.FailedACL, CallID: req.CallID(), Detail: "an INVITE from a source that may not call"}, req.Flow())
		refuse(wire.StatusForbidden, refusedPeer)
		return
	}
	if a.script, a.own = e.scriptFor(in, a.who); a.script == nil {
		refuse(wire.StatusNotFound, refusedNumber)
		return
	}
	if a.hops = hopsOf(req); a.hops < 1 { // it has been round and round, and what we dial would go there again
		refuse(wire.StatusTooManyHops, refusedLoop)
		return
	}
	if status := e.readOffer(req, &a); status != 0 {
		refuse(status, refusedMedia)
		return
	}
	if least, brief := in.TooBrief(a.timer); brief {
		refuse(wire.StatusSessionIntervalTooSmall, refusedBrief, least)
		return
	}
	if a.own {
		if !e.phones.Take(in, a.who.Account) {
			held.giveBack()
			return
		}
		held.account = a.who.Account
	}
	if !e.trunks.Reserve(a.who.Trunk) {
		refuse(wire.StatusServiceUnavailable, refusedLimit, e.retryAfter)
		return
	}
	held.gone = true // the call's goroutine gives it back
	e.begin(in, &a)
}

// deposit is what is held for an INVITE until it is a call: a place among the calls, and one among those of an account.
type deposit struct {
	engine        *Engine
	account       string
	counted, gone bool
}

// giveBack gives it back, once.
func (d *deposit) giveBack() {
	if d.gone {
		return
	}
	d.gone = true
	if d.account != "" {
		d.engine.phones.Release(d.account)
	}
	if d.counted {
		d.engine.active.Add(-1)
	}
}

// arrive names who calls: an operator, a configured phone, or an engineer's phone that proves its account; the latter may
// have been answered already.
func (e *Engine) arrive(in *dialog.Incoming) (a arrival, ok, answered bool) {
	req := in.Request()
	one, who, ok := e.trunks.Identify(req)
	if ok {
		return policyOf(one, who), true, false
	}
	if e.phones == nil || !e.phones.Live(req.Flow().Remote) {
		return arrival{}, false, false
	}
	account, ok := e.phones.Authenticate(in)
	if !ok {
		return arrival{}, false, true
	}
	who = e.trunks.IdentifyPhone(req, account)
	return arrival{who: who, media: trunk.Media{SRTP: e.phones.Media(account, req.Flow())}}, true, false
}

// maxForwards is what requests begin with, RFC 3261 §8.1.1.6.
const maxForwards = 70

// hopsOf is the Max-Forwards of what is dialled because of an INVITE: one less than its own, so that a call which comes
// back to us through an operator again and again dies.
func hopsOf(invite *wire.Request) int {
	n, err := strconv.ParseUint(strings.TrimSpace(invite.Header("Max-Forwards")), 10, 8)
	if err != nil { // none, which is as many as may be
		return maxForwards
	}
	return min(int(n), maxForwards+1) - 1
}

// releasePhone tells the phones that their own call is over, once: as soon as it ends, since its dialogs may settle for
// half a minute more, and he may dial again at once.
func (c *Call) releasePhone() {
	if c.own {
		c.own = false
		c.engine.phones.Release(c.info.Inbound.Account)
	}
}

func (e *Engine) refuse(in *dialog.Incoming, status int, why string, more ...wire.Header) {
	e.metrics.refused(why)
	in.Reject(status, "", more...)
}

// readOffer reads the caller's offer and tells the refusal it deserves, 0 when it is good. No offer is good: we shall
// make one. The media port is not open yet, so any address stands for it.
func (e *Engine) readOffer(req *wire.Request, a *arrival) int {
	body := req.SDP()
	if len(body) == 0 {
		return 0
	}
	offer, err := sdp.Parse(body)
	if err != nil {
		return wire.StatusBadRequest
	}
	t := e.terms(a.media)
	anywhere := sdp.Local{Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), 1), Codecs: t.codecs, Security: t.security, Crypto: t.keys()}
	if _, _, err := sdp.Answer(offer, anywhere); err != nil {
		return wire.StatusNotAcceptableHere
	}
	if offer.IPv6() && !e.pool.Serves(media.IPv6) {
		return wire.StatusNotAcceptableHere
	}
	a.offer = offer
	return 0
}

// begin makes the call and starts its goroutine.
func (e *Engine) begin(in *dialog.Incoming, a *arrival) {
	req := in.Request()
	c := newCall(e, Info{ID: nameOf(req), CallID: req.CallID(), Inbound: a.who, At: e.received(req), Flow: req.Flow()})
	c.hops, c.own = a.hops, a.own
	leg := c.newLeg(callerName)
	leg.caller, leg.offer, leg.trunk = true, a.offer, a.who.Trunk
	leg.agree(e.terms(a.media), a.placeOf(req.Flow()))
	c.a = leg
	s := &session{leg: leg, trunk: a.who.Trunk}
	c.trace.request(c.info.At, leg, Inward, wire.INVITE)
	e.remember(c)
	begun := false
	defer func() {
		if !begun { // a panic: the goroutine still gives back what the call holds
			go c.run(func() { c.End(CauseInternal) })
		}
	}()
	in.Policy(a.reliable, a.timer)
	in.Profile(a.profile)
	s.Dialog = in.Accept(c.loop, func(ev dialog.Event) { leg.callerEvent(s, ev) })
	leg.track(s)
	begun = true
	go c.run(func() {
		a.script(c)
		c.loop.Post(leg.prepare)
	})
}

// callerName is the name of every A leg.
const callerName = "caller"
