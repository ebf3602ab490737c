package app

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/wire"
)

// Rooms below the guard tell what looks like an attack in plain values; here it becomes security events.

// suspect takes what a dialog refused.
func (a *App) suspect(s dialog.Suspicion) {
	e := guard.Event{Kind: guard.UnexpectedAddr, Source: s.Source.Addr().Unmap(), CallID: s.CallID}
	switch s.Why {
	case dialog.Elsewhere:
		e.Detail = s.Method + " of a call from an address that is not of it"
	case dialog.Transfer:
		e.Kind, e.Detail = guard.TransferRefused, s.Method+" would place or take another call"
	}
	a.guard.Tell(e)
}

// challenged takes a challenge of somebody who has no business with an operator's password.
func (a *App) challenged(operator string, from netip.AddrPort, what string) {
	a.guard.Tell(guard.Event{Kind: guard.UnexpectedAddr, Source: from.Addr().Unmap(), Detail: "operator " + operator + ": somebody " + what})
}

// phoneRefused takes a failure of a phone: it is an event, and if its address is not forged it counts towards a ban. An address
// with a phone of ours is not banned: others behind the same NAT would lose the line for it.
func (a *App) phoneRefused(r registrar.Refused) {
	e := guard.Event{Source: r.Source.Addr().Unmap(), Account: r.User, CallID: r.CallID, Detail: r.Method + ": " + r.Why}
	switch r.Why {
	case registrar.WhyFrom, registrar.WhyForeign:
		e.Kind = guard.BadIdentity
	case registrar.WhyLink: // no ban: the source may be a reverse proxy
		e.Kind = guard.ChallengeFailed
	case registrar.WhyURI: // no ban: the phone may be the victim of what is on the way
		e.Kind = guard.ChallengeFailed
	case registrar.WhyLimit:
		e.Kind = guard.SessionLimit
	case string(digest.UnknownUser), string(digest.WrongResponse), string(digest.OtherRealm), string(digest.OtherAlgorithm),
		string(digest.NoQOP), string(digest.Malformed):
		e.Kind = guard.ChallengeFailed
		a.guard.Bans.Fail(time.Now(), r.Source.Addr(), r.Proven && !a.registrar.Live(r.Source))
	default: // of a phone that is ours and asks for too much
		return
	}
	a.guard.Tell(e)
}

// phoneRevoked takes the end of an account.
func (a *App) phoneRevoked(user string) {
	a.guard.Tell(guard.Event{Kind: guard.Revoked, Account: user})
}

// strangersEvery is how often strangers are an event: a flood of them must not fill the list.
const strangersEvery = time.Minute

// strangers counts messages of sources that hear nothing.
type strangers struct {
	seen atomic.Int64
	told atomic.Int64 // when, in nanoseconds of the Unix epoch
}

// saw counts a message; tell says that an event is due, for so many messages.
func (s *strangers) saw(now time.Time) (n int64, tell bool) {
	s.seen.Add(1)
	told := s.told.Load()
	if now.UnixNano()-told < int64(strangersEvery) || !s.told.CompareAndSwap(told, now.UnixNano()) {
		return 0, false
	}
	return s.seen.Swap(0), true
}

// stranger takes a message that was dropped for its source.
func (a *App) stranger(from netip.AddrPort) {
	if n, tell := a.strangers.saw(time.Now()); tell {
		a.guard.Tell(guard.Event{
			Kind: guard.FailedACL, Source: from.Addr().Unmap(),
			Detail: fmt.Sprintf("%d message(s) of unknown sources since the last such event, dropped without an answer; this is the last of them", n),
		})
	}
}

// admitSource classifies a source for the edge: operators and configured phones first, then phones that register. A ban
// touches neither of the former.
func (a *App) admitSource(from netip.AddrPort) wire.Class {
	class := a.trunks.Admit(from)
	switch {
	case class != wire.Unknown:
		return class
	case a.registrar == nil, a.guard.Bans.Banned(time.Now(), from.Addr()) && !a.registrar.Live(from):
		return wire.Unknown
	}
	return a.registrar.Admit(from)
}
