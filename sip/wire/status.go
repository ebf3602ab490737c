package wire

import (
	"strconv"
	"time"
)

// Method is a SIP request method in capital letters.
type Method = string

// Methods of RFC 3261, 3262, 3311, 3428, 3515, 3903, 6086 and 6665.
const (
	INVITE    Method = "INVITE"
	ACK       Method = "ACK"
	CANCEL    Method = "CANCEL"
	BYE       Method = "BYE"
	REGISTER  Method = "REGISTER"
	OPTIONS   Method = "OPTIONS"
	SUBSCRIBE Method = "SUBSCRIBE"
	NOTIFY    Method = "NOTIFY"
	REFER     Method = "REFER"
	INFO      Method = "INFO"
	MESSAGE   Method = "MESSAGE"
	PRACK     Method = "PRACK"
	UPDATE    Method = "UPDATE"
	PUBLISH   Method = "PUBLISH"
)

// Status codes of RFC 3261 section 21 and its extensions that Vahta uses.
const (
	StatusTrying                  = 100
	StatusRinging                 = 180
	StatusForwarded               = 181
	StatusQueued                  = 182
	StatusSessionProgress         = 183
	StatusOK                      = 200
	StatusAccepted                = 202
	StatusMovedTemporarily        = 302
	StatusBadRequest              = 400
	StatusUnauthorized            = 401
	StatusForbidden               = 403
	StatusNotFound                = 404
	StatusMethodNotAllowed        = 405
	StatusNotAcceptable           = 406
	StatusProxyAuthRequired       = 407
	StatusRequestTimeout          = 408
	StatusURITooLong              = 414
	StatusUnsupportedMediaType    = 415
	StatusUnsupportedURIScheme    = 416
	StatusBadExtension            = 420
	StatusExtensionRequired       = 421
	StatusSessionIntervalTooSmall = 422
	StatusIntervalTooBrief        = 423
	StatusTemporarilyUnavailable  = 480
	StatusNoTransaction           = 481
	StatusLoopDetected            = 482
	StatusTooManyHops             = 483
	StatusAddressIncomplete       = 484
	StatusBusyHere                = 486
	StatusRequestTerminated       = 487
	StatusNotAcceptableHere       = 488
	StatusBadEvent                = 489
	StatusRequestPending          = 491
	StatusServerError             = 500
	StatusNotImplemented          = 501
	StatusServiceUnavailable      = 503
	StatusServerTimeout           = 504
	StatusVersionNotSupported     = 505
	StatusMessageTooLarge         = 513
	StatusBusyEverywhere          = 600
	StatusDecline                 = 603
	StatusDoesNotExistAnywhere    = 604
)

// reasonText holds the standard reason phrases.
//
//nolint:gochecknoglobals // a table that is never written to
var reasonText = map[int]string{
	StatusTrying:                  "Trying",
	StatusRinging:                 "Ringing",
	StatusForwarded:               "Call Is Being Forwarded",
	StatusQueued:                  "Queued",
	StatusSessionProgress:         "Session Progress",
	StatusOK:                      "OK",
	StatusAccepted:                "Accepted",
	StatusMovedTemporarily:        "Moved Temporarily",
	StatusBadRequest:              "Bad Request",
	StatusUnauthorized:            "Unauthorized",
	StatusForbidden:               "Forbidden",
	StatusNotFound:                "Not Found",
	StatusMethodNotAllowed:        "Method Not Allowed",
	StatusNotAcceptable:           "Not Acceptable",
	StatusProxyAuthRequired:       "Proxy Authentication Required",
	StatusRequestTimeout:          "Request Timeout",
	StatusURITooLong:              "Request-URI Too Long",
	StatusUnsupportedMediaType:    "Unsupported Media Type",
	StatusUnsupportedURIScheme:    "Unsupported URI Scheme",
	StatusBadExtension:            "Bad Extension",
	StatusExtensionRequired:       "Extension Required",
	StatusSessionIntervalTooSmall: "Session Interval Too Small",
	StatusIntervalTooBrief:        "Interval Too Brief",
	StatusTemporarilyUnavailable:  "Temporarily Unavailable",
	StatusNoTransaction:           "Call/Transaction Does Not Exist",
	StatusLoopDetected:            "Loop Detected",
	StatusTooManyHops:             "Too Many Hops",
	StatusAddressIncomplete:       "Address Incomplete",
	StatusBusyHere:                "Busy Here",
	StatusRequestTerminated:       "Request Terminated",
	StatusNotAcceptableHere:       "Not Acceptable Here",
	StatusBadEvent:                "Bad Event",
	StatusRequestPending:          "Request Pending",
	StatusServerError:             "Server Internal Error",
	StatusNotImplemented:          "Not Implemented",
	StatusServiceUnavailable:      "Service Unavailable",
	StatusServerTimeout:           "Server Time-out",
	StatusVersionNotSupported:     "Version Not Supported",
	StatusMessageTooLarge:         "Message Too Large",
	StatusBusyEverywhere:          "Busy Everywhere",
	StatusDecline:                 "Decline",
	StatusDoesNotExistAnywhere:    "Does Not Exist Anywhere",
}

// StatusText returns the standard reason phrase of a status code, or a phrase
// of its class when the code is not known here.
func StatusText(status int) string {
	if s, ok := reasonText[status]; ok {
		return s
	}
	switch status / 100 {
	case 1:
		return "Progress"
	case 2:
		return "OK"
	case 3:
		return "Redirection"
	case 4:
		return "Client Error"
	case 5:
		return "Server Error"
	default:
		return "Global Failure"
	}
}

// StatusError is an error that is the protocol's answer: whoever handles it
// may send it as it is.
type StatusError struct {
	// Status is the SIP status code.
	Status int
	// Reason is the reason phrase; empty means the standard one.
	Reason string
	// RetryAfter, when not zero, is sent as Retry-After in whole seconds.
	RetryAfter time.Duration
	// Headers are further headers that the answer needs, such as Unsupported.
	Headers []Header
}

// Error returns status and reason, as on a status line.
func (e *StatusError) Error() string {
	reason := e.Reason
	if reason == "" {
		reason = StatusText(e.Status)
	}
	return "answer " + strconv.Itoa(e.Status) + " " + reason
}

// Response builds the answer to req.
func (e *StatusError) Response(req *Request) *Response {
	res := NewResponse(req, e.Status, e.Reason)
	if e.RetryAfter > 0 {
		secs := int((e.RetryAfter + time.Second - 1) / time.Second)
		_ = res.Set("Retry-After", strconv.Itoa(secs)) // digits only: cannot be refused
	}
	for _, h := range e.Headers {
		if err := res.Add(h.Name, h.Value); err != nil {
			continue // a header that must not be sent is left out, the status stands
		}
	}
	return res
}
