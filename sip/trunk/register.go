package trunk

import (
	"fmt"
	"time"
)

// Times of the registration client.
const (
	// minRefresh keeps a registrar that grants seconds from being asked all the time.
	minRefresh = 5 * time.Second
	// refreshAhead is how long before its end a long registration is renewed: there is room for each target to time out.
	refreshAhead = 5 * time.Minute
	// maxGranted is the longest registration that is believed.
	maxGranted = 24 * time.Hour
	// retryFirst and retryMost bound the pause after all targets have failed; it doubles from one to the other.
	retryFirst = 30 * time.Second
	retryMost  = 5 * time.Minute
	// refusedPause is how long a registrar that refuses our account is left alone: operators lock accounts that go on.
	refusedPause = 5 * time.Minute
	// maxRetryAfter is the longest Retry-After that is obeyed.
	maxRetryAfter = time.Hour
	// nudgeGap is the least time between an attempt and one that a returned network asks for. It doubles up to
	// nudgeDoubles times: some peers break every connection as soon as they have answered.
	nudgeGap     = 5 * time.Second
	nudgeDoubles = 5
	// maxAnswers is how many challenges are answered within one attempt, all but the first said to be stale.
	maxAnswers = 3
	// maxRaises is how often one attempt may be told that its expiry is too brief.
	maxRaises = 2
)

// noAddress is why nothing can be asked when the look-up gives nothing.
const noAddress = "the operator's name has no address"

// Registration is where a trunk stands with its registrar.
type Registration uint8

// Standings of a registration.
const (
	RegistrationOff     Registration = iota // the trunk does not register
	RegistrationTrying                      // no registration yet, none refused
	RegistrationActive                      // the registrar sends us calls
	RegistrationRefused                     // the registrar does not want our account; it is asked again after some minutes
	RegistrationFailed                      // no target of the registrar answers as it should
)

// String names the standing as metrics and commands show it.
func (r Registration) String() string {
	switch r {
	case RegistrationOff:
		return "off"
	case RegistrationTrying:
		return "trying"
	case RegistrationActive:
		return "registered"
	case RegistrationRefused:
		return "refused"
	case RegistrationFailed:
		return "failed"
	}
	return "invalid"
}

// MarshalText writes the standing's name.
func (r Registration) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// phase is what the machine waits for.
type phase uint8

const (
	phaseOff     phase = iota // not begun, or ended
	phaseWaiting              // for its time
	phaseAsking               // for the answer to a REGISTER
	phaseLeaving              // for the answer to the REGISTER that removes our contact
)

// enrolment is the pure machine of one registration (RFC 3261 section 10.2): what happened in, what is to be done
// out. Whoever runs it sends the requests, keeps the time and tells people.
type enrolment struct {
	phase   phase
	bound   time.Time     // until when the registrar sends us calls
	expires time.Duration // what is asked for; a 423 raises it
	sent    time.Time     // of the last REGISTER
	due     time.Time     // of the next attempt, while that is waited for
	refused bool          // the last outcome was a refusal of our account
	why     string        // why the last attempt failed, "" when it did not

	// Of the attempt under way.
	target    int  // which of the operator's targets is asked
	answers   int  // challenges answered
	answering bool // the last REGISTER answered a challenge
	raises    int  // 423s obeyed
	// Over attempts.
	failures int  // attempts without success in a row
	nudges   int  // attempts in a row that a nudge began: each makes the next wait longer
	urgent   bool // a nudge asked for the attempt that is waited for
}

// regInput is what happens to an enrolment.
type regInput interface{ isRegInput() }

type (
	// regStart begins it, asking for so long a registration.
	regStart struct{ expires time.Duration }
	// regWake is the time that a regWait named.
	regWake struct{}
	// regReply is the final answer to the REGISTER that is waited for.
	regReply struct {
		status     int
		reason     string
		granted    time.Duration // of a 2xx; 0 = our contact is not among those kept
		minExpires time.Duration // of a 423
		retryAfter time.Duration
		stale      bool  // of a 401 or 407: only the nonce was old
		unable     error // of a 401 or 407: why it cannot be answered
	}
	// regLost says that no answer will come.
	regLost struct{ err error }
	// regNudge says that the network is back, or that a connection broke.
	regNudge struct{}
	// regStop ends it.
	regStop struct{}
)

func (regStart) isRegInput() {}
func (regWake) isRegInput()  {}
func (regReply) isRegInput() {}
func (regLost) isRegInput()  {}
func (regNudge) isRegInput() {}
func (regStop) isRegInput()  {}

// regAction is what is to be done.
type regAction interface{ isRegAction() }

// regAuth says how a REGISTER is authorised.
type regAuth uint8

const (
	authAhead  regAuth = iota // by the last challenge, if there is one
	authAnswer                // by the challenge in the last reply
)

type (
	// regSend asks for a registration of that length; 0 removes our contact.
	regSend struct {
		target  int
		expires time.Duration
		auth    regAuth
	}
	// regWait asks for a regWake at that time.
	regWait struct{ until time.Time }
	// regOutcome tells how an attempt ended: why is "" when it succeeded.
	regOutcome struct {
		refused bool
		why     string
	}
	// regEnd says that nothing is waited for any more.
	regEnd struct{}
)

func (regSend) isRegAction()    {}
func (regWait) isRegAction()    {}
func (regOutcome) isRegAction() {}
func (regEnd) isRegAction()     {}

// standing tells where the registration stands at a time.
func (e enrolment) standing(now time.Time) Registration {
	switch {
	case now.Before(e.bound):
		return RegistrationActive
	case e.phase == phaseOff:
		return RegistrationOff
	case e.refused:
		return RegistrationRefused
	case e.failures > 0:
		return RegistrationFailed
	}
	return RegistrationTrying
}

// step takes what happened. targets is how many targets the operator has now; dice is random in [0, 1).
func (e enrolment) step(now time.Time, targets int, dice float64, in regInput) (enrolment, []regAction) {
	switch in := in.(type) {
	case regStart:
		if e.phase == phaseOff {
			e.expires = in.expires
			return e.attempt(now, targets, dice)
		}
	case regWake:
		if e.phase == phaseWaiting {
			if !e.urgent {
				e.nudges = 0
			}
			return e.attempt(now, targets, dice)
		}
	case regNudge:
		return e.nudged(now, targets, dice)
	case regReply:
		switch e.phase {
		case phaseAsking:
			return e.reply(now, targets, dice, in)
		case phaseLeaving:
			return e.left(now, in)
		case phaseOff, phaseWaiting:
		}
	case regLost:
		switch e.phase {
		case phaseAsking:
			return e.next(now, targets, dice, 0, in.err.Error())
		case phaseLeaving:
			return e.ended()
		case phaseOff, phaseWaiting:
		}
	case regStop:
		return e.leave(now)
	}
	return e, nil
}

// nudged begins an attempt before its time, unless the last one was just now or our account was refused.
func (e enrolment) nudged(now time.Time, targets int, dice float64) (enrolment, []regAction) {
	if e.phase != phaseWaiting || e.refused || e.urgent {
		return e, nil
	}
	gap := nudgeGap << min(e.nudges, nudgeDoubles)
	e.nudges++
	wait := e.sent.Add(gap)
	switch {
	case !now.Before(wait):
		return e.attempt(now, targets, dice)
	case !wait.Before(e.due):
		return e, nil // it is asked soon enough
	}
	e.urgent = true
	return e.wait(wait)
}

// wait asks to be woken for the next attempt.
func (e enrolment) wait(until time.Time, before ...regAction) (enrolment, []regAction) {
	e.phase, e.due = phaseWaiting, until
	return e, append(before, regWait{until})
}

// attempt begins with the best target.
func (e enrolment) attempt(now time.Time, targets int, dice float64) (enrolment, []regAction) {
	e.target, e.answers, e.raises, e.urgent = 0, 0, 0, false
	if targets == 0 {
		return e.pause(now, dice, 0, noAddress)
	}
	return e.ask(now, authAhead)
}

// ask sends a REGISTER.
func (e enrolment) ask(now time.Time, auth regAuth) (enrolment, []regAction) {
	e.phase, e.sent, e.answering = phaseAsking, now, auth == authAnswer
	return e, []regAction{regSend{target: e.target, expires: e.expires, auth: auth}}
}

// reply judges an answer.
func (e enrolment) reply(now time.Time, targets int, dice float64, in regReply) (enrolment, []regAction) {
	said := fmt.Sprintf("%d %s", in.status, in.reason)
	switch {
	case in.status >= 200 && in.status < 300:
		if in.granted <= 0 {
			return e.next(now, targets, dice, 0, said+", but it does not keep our contact")
		}
		return e.registered(now, dice, min(in.granted, maxGranted))
	case in.status == 401 || in.status == 407:
		return e.challenged(now, dice, in)
	case in.status == 423:
		if in.minExpires <= e.expires || in.minExpires > maxGranted || e.raises == maxRaises {
			return e.next(now, targets, dice, in.retryAfter, said+", without a Min-Expires that helps")
		}
		e.expires = in.minExpires
		e.raises++
		return e.ask(now, authAhead)
	case in.status >= 300 && in.status < 400:
		return e.next(now, targets, dice, 0, said+"; redirects are not followed, write the new address into the configuration")
	case in.status == 408 || in.status == 429 || in.status == 480 || in.status == 491 || in.status >= 500 && in.status < 600:
		return e.next(now, targets, dice, in.retryAfter, said)
	}
	return e.refuse(now, dice, in.retryAfter, said)
}

// registered notes success and when to renew it.
func (e enrolment) registered(now time.Time, dice float64, granted time.Duration) (enrolment, []regAction) {
	e.failures, e.refused, e.why = 0, false, ""
	e.bound = now.Add(granted)
	renew := granted - min(granted/2, refreshAhead)
	renew -= time.Duration(dice * float64(renew) / 20) // up to 5 % earlier: many lines need not come at once
	return e.wait(now.Add(max(renew, minRefresh)), regOutcome{})
}

// challenged answers, unless the answer before was already refused.
func (e enrolment) challenged(now time.Time, dice float64, in regReply) (enrolment, []regAction) {
	switch {
	case in.unable != nil:
		return e.refuse(now, dice, in.retryAfter, in.unable.Error())
	case e.answering && !in.stale:
		return e.refuse(now, dice, in.retryAfter, "user or password is wrong")
	case e.answers == maxAnswers:
		return e.refuse(now, dice, in.retryAfter, "the registrar does not stop asking for the password")
	}
	e.answers++
	return e.ask(now, authAnswer)
}

// next tries the next target at once, and after the last one pauses.
func (e enrolment) next(now time.Time, targets int, dice float64, retryAfter time.Duration, why string) (enrolment, []regAction) {
	if e.target+1 < targets {
		e.target++
		e.answers = 0
		e.why = why
		return e.ask(now, authAhead)
	}
	return e.pause(now, dice, retryAfter, why)
}

// pause waits longer after each failure.
func (e enrolment) pause(now time.Time, dice float64, retryAfter time.Duration, why string) (enrolment, []regAction) {
	wait := min(retryFirst<<min(e.failures, 4), retryMost)
	until := now.Add(stretched(wait, dice, retryAfter))
	if now.Before(e.bound) && e.bound.Before(until) { // the last moment to keep what there is
		until = e.bound
	}
	e.refused, e.why = false, why
	e.failures++
	return e.wait(until, regOutcome{why: why})
}

// refuse leaves the registrar alone for minutes.
func (e enrolment) refuse(now time.Time, dice float64, retryAfter time.Duration, why string) (enrolment, []regAction) {
	e.refused, e.why = true, why
	e.failures++
	return e.wait(now.Add(stretched(refusedPause, dice, retryAfter)), regOutcome{refused: true, why: why})
}

// stretched makes a pause up to a tenth longer, and no shorter than a Retry-After.
func stretched(pause time.Duration, dice float64, retryAfter time.Duration) time.Duration {
	pause += time.Duration(dice * float64(pause) / 10)
	return max(pause, min(retryAfter, maxRetryAfter))
}

// leave removes our contact if the registrar has it.
func (e enrolment) leave(now time.Time) (enrolment, []regAction) {
	if e.phase == phaseLeaving {
		return e, nil
	}
	if !now.Before(e.bound) || e.phase == phaseOff {
		return e.ended()
	}
	e.phase, e.answers, e.sent = phaseLeaving, 0, now
	return e, []regAction{regSend{target: e.target, auth: authAhead}}
}

// left takes the answer to a removal: a first challenge is answered, everything else is the end.
func (e enrolment) left(now time.Time, in regReply) (enrolment, []regAction) {
	if (in.status == 401 || in.status == 407) && in.unable == nil && e.answers == 0 {
		e.answers, e.sent = 1, now
		return e, []regAction{regSend{target: e.target, auth: authAnswer}}
	}
	return e.ended()
}

func (e enrolment) ended() (enrolment, []regAction) {
	return enrolment{}, []regAction{regEnd{}}
}
