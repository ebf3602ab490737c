package b2bua

import (
	"errors"
	"strconv"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Causes why legs and calls end. They choose the Reason header or the status the far end gets, and
// stand in events, metrics and call detail. A script may use its own words: they count as normal.
const (
	CauseNormal       = "normal"              // hung up after a conversation or by plan
	CauseElsewhere    = "completed_elsewhere" // somebody else took the call
	CauseCallerGone   = "caller_gone"
	CauseNoAnswer     = "no_answer"
	CauseBusy         = "busy"
	CauseDeclined     = "declined"
	CauseUnavailable  = "unavailable"  // nobody or nothing could take the call
	CauseMediaLost    = "media_lost"   // no RTP for the time allowed
	CauseNoAck        = "no_ack"       // the 200 was never confirmed
	CauseMaxDuration  = "max_duration" // the longest call allowed
	CauseAbandoned    = "abandoned"    // the script forgot the call
	CauseInternal     = "internal_error"
	CauseShutdown     = "shutdown"
	CauseNoMedia      = "no_common_media" // offers and answers do not meet
	CauseTrunkLimit   = "trunk_limit"     // channels or calls per second are used up
	CausePorts        = "ports_exhausted"
	CauseDialogFailed = "dialog_failed"
	CauseRejected     = "rejected"        // the script refused the caller with a status of its own
	CauseAnnouncement = "announcement"    // the network played something until the ring time was over, and nobody answered
	CauseNotSecure    = "not_secure"      // SRTP was required and the far end has none
	CauseExpired      = "session_expired" // the far end did not refresh the session, RFC 4028
	CauseToll         = "toll_refused"    // the rules against toll fraud did not let it leave, or ended it
)

// Q.850 causes that decide outcomes, ITU-T Q.850 §2.2.7.
const (
	q850Unallocated     = 1
	q850NoRoute         = 3
	q850Normal          = 16
	q850Busy            = 17
	q850NoUser          = 18
	q850NoAnswer        = 19
	q850Absent          = 20
	q850Rejected        = 21
	q850OutOfOrder      = 27
	q850InvalidNumber   = 28
	q850Unspecified     = 31
	q850NoCircuit       = 34
	q850NetworkFailure  = 38
	q850TempFailure     = 41
	q850TimerExpiry     = 102
	statusOwnCancelled  = 487
	statusBusyElsewhere = 600
	statusDeclineGlobal = 603
)

// outcomeOf maps how an attempt ended to what it says about the person. A Q.850 cause is the
// network's own word and beats the SIP status of gateways that know only 480 and 503; without
// either, the error decides.
func outcomeOf(status, q850 int, err error) Outcome {
	if status == 0 {
		return outcomeOfError(err)
	}
	if status >= 300 {
		if o := outcomeOfQ850(q850); o != OutcomeNone {
			return o
		}
	}
	switch status {
	case 486, statusBusyElsewhere:
		return OutcomeBusy
	case 403, statusDeclineGlobal, 607, 608:
		return OutcomeDeclined
	case 404, 410, 480, 484, 485, 502, 503, 504, 604:
		return OutcomeUnreachable
	case 408:
		return OutcomeNoAnswer
	case statusOwnCancelled:
		return OutcomeCancelled
	}
	switch {
	case status >= 200 && status < 300:
		return OutcomeAnswered
	case status >= 300 && status < 400: // we follow no redirection: toll fraud
		return OutcomeDeclined
	}
	return OutcomeFailed
}

func outcomeOfQ850(cause int) Outcome {
	switch cause {
	case q850Busy:
		return OutcomeBusy
	case q850NoUser, q850NoAnswer:
		return OutcomeNoAnswer
	case q850Rejected:
		return OutcomeDeclined
	case q850Unallocated, q850NoRoute, q850Absent, q850OutOfOrder, q850InvalidNumber:
		return OutcomeUnreachable
	case q850NoCircuit, q850NetworkFailure, q850TempFailure, q850TimerExpiry:
		return OutcomeFailed
	}
	return OutcomeNone // 16, 31 and the rest say nothing about the person
}

func outcomeOfError(err error) Outcome {
	switch {
	case err == nil:
		return OutcomeFailed
	case errors.Is(err, dialog.ErrSilent), errors.Is(err, wire.ErrTimeout), errors.Is(err, trunk.ErrStuck):
		return OutcomeSilent
	case errors.Is(err, wire.ErrUnreachable):
		return OutcomeUnreachable
	}
	return OutcomeFailed
}

// reasonOf is the Reason header (RFC 3326) that tells a far end why we hang up.
func reasonOf(cause string) wire.Header {
	var value string
	switch cause {
	case CauseElsewhere:
		value = `SIP ;cause=200 ;text="Call completed elsewhere"`
	case CauseMediaLost, CauseNoAck, CauseMaxDuration, CauseExpired:
		value = q850Reason(q850TimerExpiry, "Recovery on timer expiry")
	case CauseNoAnswer, CauseAnnouncement:
		value = q850Reason(q850NoAnswer, "No answer from user")
	case CauseBusy:
		value = q850Reason(q850Busy, "User busy")
	case CauseDeclined:
		value = q850Reason(q850Rejected, "Call rejected")
	case CauseInternal, CauseShutdown, CausePorts, CauseDialogFailed, CauseTrunkLimit, CauseUnavailable:
		value = q850Reason(q850TempFailure, "Temporary failure")
	case CauseNoMedia, CauseNotSecure:
		value = `SIP ;cause=488 ;text="Not Acceptable Here"`
	default:
		value = q850Reason(q850Normal, "Normal call clearing")
	}
	return wire.Header{Name: "Reason", Value: value}
}

func q850Reason(cause int, text string) string {
	return "Q.850 ;cause=" + strconv.Itoa(cause) + ` ;text="` + text + `"`
}

// refusalOf is the status an unanswered caller gets when the call ends for this cause.
func refusalOf(cause string) int {
	switch cause {
	case CauseBusy:
		return 486
	case CauseDeclined:
		return 603
	case CauseInternal, CauseDialogFailed, CauseAbandoned:
		return 500
	case CauseUnavailable, CauseShutdown, CausePorts, CauseTrunkLimit:
		return 503
	case CauseNoMedia, CauseNotSecure:
		return 488
	}
	return 480
}
