package registrar

import (
	"net/netip"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// Handle answers a REGISTER.
func (r *Registrar) Handle(tx *wire.ServerTx) {
	res := r.answer(tx.Request())
	if res == nil {
		tx.Drop()
		return
	}
	if err := tx.Respond(res); err != nil {
		r.log.Warn("REGISTER not answered", "call_id", tx.Request().CallID(), "err", err)
	}
}

// answer decides on a REGISTER and carries the decision out; nil is silence.
func (r *Registrar) answer(req *wire.Request) *wire.Response {
	now := r.now()
	user, refused := r.authenticate(req, now)
	if refused != nil && refused.why == whySilent {
		r.metrics.registered(whySilent)
		return nil
	}
	if refused == nil && user != req.To().URI.User {
		refused = &refusal{status: wire.StatusUnauthorized, why: WhyForeign}
	}
	if refused != nil {
		return r.refuse(req, user, refused, now)
	}
	reg, ok := readRegister(req)
	if !ok {
		return r.refuse(req, user, &refusal{status: wire.StatusBadRequest, why: whyMalformed}, now)
	}
	reg.account, reg.node, reg.ref = user, r.deps.Node, r.deps.Sender.NewTag()
	list, refused := r.enter(reg, now)
	if refused != nil {
		return r.refuse(req, user, refused, now)
	}
	r.metrics.registered("ok")
	res := wire.NewResponse(req, wire.StatusOK, "")
	for i := range list {
		if err := res.Add("Contact", list[i].header(now)); err != nil {
			r.log.Warn("contact cannot be told", "account", user, "err", err.Error())
		}
	}
	return res
}

// enter puts a REGISTER's decision into force and returns the account's bindings.
func (r *Registrar) enter(reg register, now time.Time) ([]Binding, *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reg.version = r.accounts[reg.account].Version
	was := r.own[reg.account]
	is, refused := r.cfg.decide(was, reg, now)
	if refused != nil {
		return nil, refused
	}
	if len(reg.contacts) > 0 || reg.all {
		r.put(reg.account, is, true)
	}
	if len(is) != len(was) {
		r.log.Info("phone registered", "account", reg.account, "transport", reg.flow.Transport, "source", reg.flow.Remote.String(), "bindings", len(is))
	}
	return is, nil
}

// readRegister takes a REGISTER apart.
func readRegister(req *wire.Request) (register, bool) {
	contacts, all, ok := readContacts(req.Headers("Contact"))
	if !ok || req.CallID() == "" {
		return register{}, false
	}
	reg := register{
		callID: req.CallID(), cseq: req.CSeq(), contacts: contacts, all: all, expires: -1,
		flow: unmapped(req.Flow()), rport: asksRport(req.Header("Via")), agent: clipped(req.Header("User-Agent")),
	}
	if v := req.Header("Expires"); v != "" {
		reg.expires = readExpires(v)
	}
	return reg, true
}

func unmapped(f wire.Flow) wire.Flow {
	f.Remote = netip.AddrPortFrom(f.Remote.Addr().Unmap(), f.Remote.Port())
	return f
}

// asksRport tells whether the topmost Via wants answers where the request came from (RFC 3581).
func asksRport(via string) bool {
	via, _, _ = strings.Cut(via, ",")
	_, params, _ := strings.Cut(via, ";")
	for p := range strings.SplitSeq(params, ";") {
		name, _, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "rport") {
			return true
		}
	}
	return false
}

// maxAgent bounds what is kept of a User-Agent, in bytes.
const maxAgent = 64

func clipped(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxAgent)], "") }

// authenticate tells who sent a request, or that he is to be challenged. The
// work is the same whether the user exists or not.
func (r *Registrar) authenticate(req *wire.Request, now time.Time) (user string, refused *refusal) {
	credentials := r.digest.Pick(req.Headers("Authorization"))
	v := r.digest.Verify(now, source(req), credentials, req.Method(), req.Body(), r.ha1)
	user = v.User
	if v.Why == digest.Missing {
		user = named(req)
	}
	who, version, silent := r.guessing(req.Flow().Remote.Addr(), user, now)
	switch {
	case silent:
		return user, &refusal{status: wire.StatusForbidden, why: whySilent}
	case v.OK && !covers(v.URI, req):
		return v.User, &refusal{status: wire.StatusBadRequest, why: WhyURI, proven: v.Ours}
	case v.OK:
		r.simple.answered(req.Flow().Remote.Addr().Unmap(), now)
		return v.User, nil
	case v.Stale:
		return v.User, &refusal{status: wire.StatusUnauthorized, why: whyStale}
	case v.Why == digest.Missing:
		return "", &refusal{status: wire.StatusUnauthorized, why: whyChallenged}
	}
	if v.Ours {
		r.guesses.wrong(who, version, now)
	}
	return v.User, &refusal{status: wire.StatusUnauthorized, why: string(v.Why), proven: v.Ours}
}

// named is whom a request without credentials is of.
func named(req *wire.Request) string {
	if req.Method() == wire.REGISTER {
		return req.To().URI.User
	}
	return req.From().URI.User
}

// covers tells whether a digest-uri names what a request asks for (RFC 7616 section 3.4.6): the same user, so that nobody on
// the way turns a call into one to another number. Whatever host is asked, it is us, and things on the way rewrite hosts, ports
// and parameters. The URI of a REGISTER decides nothing; some phones write their user into one of the two only.
func covers(digestURI string, req *wire.Request) bool {
	made, err := wire.ParseURI(digestURI)
	asked := req.URI().User
	return err == nil && (made.User == asked || req.Method() == wire.REGISTER && (made.User == "" || asked == ""))
}

// source is what a nonce is bound to: the port may change with a NAT.
func source(req *wire.Request) string { return req.Flow().Remote.Addr().Unmap().String() }

// ha1 looks an account up. Whoever must not register gets a hash that nobody has the password of.
func (r *Registrar) ha1(user string, a digest.Algorithm) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one, ok := r.accounts[user]; ok && one.usable(r.cfg.Realm) {
		if hash := one.HA1[a]; hash != "" {
			return hash, true
		}
	}
	return r.dummy[a], false
}

// refuse makes the answer to a request that fails.
func (r *Registrar) refuse(req *wire.Request, user string, why *refusal, now time.Time) *wire.Response {
	r.metrics.registered(why.why)
	if why.told() && r.deps.Refused != nil {
		r.deps.Refused(Refused{Source: req.Flow().Remote, Method: req.Method(), User: clipped(user), Why: why.why, Proven: why.proven, CallID: clipped(req.CallID())})
	}
	res := wire.NewResponse(req, why.status, "")
	for _, h := range r.challenge(req, why, now) {
		if err := res.Add(h.Name, h.Value); err != nil {
			r.log.Warn("a refusal lacks a header", "err", err.Error())
		}
	}
	return res
}

// challenge returns the headers of a refusal.
func (r *Registrar) challenge(req *wire.Request, why *refusal, now time.Time) []wire.Header {
	if why.status != wire.StatusUnauthorized {
		return why.headers
	}
	values := r.digest.Challenge(now, source(req), why.why == whyStale)
	if r.simple.ask(req.Flow().Remote.Addr().Unmap(), why.why == whyChallenged, now) {
		values = values[len(values)-1:]
	}
	var list []wire.Header
	for _, v := range values {
		list = append(list, wire.Header{Name: "WWW-Authenticate", Value: v})
	}
	return list
}
