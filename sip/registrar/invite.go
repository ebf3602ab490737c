package registrar

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Caller is an INVITE that waits for its answer; [*dialog.Incoming] is one.
type Caller interface {
	Request() *wire.Request
	Reject(status int, reason string, h ...wire.Header)
}

// Authenticate tells which account sent an INVITE. False means that it has been
// answered: with a challenge, or because the account may not.
func (r *Registrar) Authenticate(in Caller) (account string, ok bool) {
	now, req := r.now(), in.Request()
	user := req.From().URI.User
	var refused *refusal
	if !r.connected(user, req.Flow(), now) {
		user, refused = r.authenticate(req, now)
	}
	if refused == nil && req.From().URI.User != user {
		refused = &refusal{status: wire.StatusForbidden, why: WhyFrom}
	}
	if refused == nil {
		return user, true
	}
	r.refuseCall(in, user, refused, now)
	return "", false
}

// Take counts a call of an account's own; calls to a hotline are not counted.
// False means that it has been answered, since the account has as many as it may
// have. Each true needs one Release.
func (r *Registrar) Take(in Caller, account string) bool {
	if r.take(account) {
		return true
	}
	r.refuseCall(in, account, &refusal{status: wire.StatusTemporarilyUnavailable, why: WhyLimit}, r.now())
	return false
}

func (r *Registrar) refuseCall(in Caller, user string, refused *refusal, now time.Time) {
	req := in.Request()
	r.metrics.invited(refused.why)
	if refused.told() && r.deps.Refused != nil {
		r.deps.Refused(Refused{Source: req.Flow().Remote, Method: req.Method(), User: clipped(user), Why: refused.why, Proven: refused.proven, CallID: clipped(req.CallID())})
	}
	in.Reject(refused.status, "", r.challenge(req, refused, now)...)
}

// connected tells whether a flow is the connection of an account: TCP and TLS sources cannot be forged. Several accounts may share one.
func (r *Registrar) connected(user string, f wire.Flow, now time.Time) bool {
	if f.Transport == wire.UDP {
		return false
	}
	f = unmapped(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.own[user], func(b Binding) bool {
		return b.live(now) && b.Transport == f.Transport && b.Remote == f.Remote
	})
}

func (r *Registrar) take(account string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.placed[account] >= r.cfg.MaxCalls {
		return false
	}
	r.placed[account]++
	return true
}

// Release notes that a call is over which was taken.
func (r *Registrar) Release(account string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.placed[account]--; r.placed[account] <= 0 {
		delete(r.placed, account)
	}
}

// Media tells how the sound of an account goes over a flow: "required", "offered" or "off" SRTP.
func (r *Registrar) Media(_ string, f wire.Flow) string {
	if f.Transport != wire.TLS && r.cfg.SRTP == "required" {
		return "offered" // keys that cross the network in clear text protect nobody
	}
	return r.cfg.SRTP
}
