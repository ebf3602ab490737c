package wire

import "strings"

// Allow is the value of every Allow header of ours: the methods that Vahta serves (RFC 3261 section 20.5).
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, MESSAGE"

// knownMethod tells whether a method has a meaning here. Whether it is served is
// for the dialog layer, which answers 405.
func knownMethod(m Method) bool {
	switch m {
	case INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE, REGISTER, REFER, NOTIFY, SUBSCRIBE, PRACK, PUBLISH:
		return true
	}
	return false
}

// validate judges a parsed request by RFC 3261 section 8.2. It returns the
// answer to send, or nil. An ACK with a fault is dropped by the caller.
func validate(r *Request, extensions []string) *StatusError {
	if !knownMethod(r.Method()) {
		return &StatusError{Status: StatusNotImplemented, Headers: []Header{{"Allow", Allow}}}
	}
	if err := validateAddresses(r); err != nil {
		return err
	}
	if r.Method() != ACK && r.Method() != CANCEL {
		if err := validateRequire(r, extensions); err != nil {
			return err
		}
	}
	if r.Method() == INVITE {
		return validateInvite(r)
	}
	return nil
}

func bad(reason string) *StatusError { return &StatusError{Status: StatusBadRequest, Reason: reason} }

func validateAddresses(r *Request) *StatusError {
	switch r.uri.Scheme {
	case "sip", "sips":
		if r.uri.Headers != "" { // RFC 3261 section 19.1.1: not allowed in a Request-URI
			return bad("Headers in Request-URI")
		}
	case "tel":
	case "":
		return bad("Bad Request-URI")
	default:
		return &StatusError{Status: StatusUnsupportedURIScheme}
	}
	if r.data.Via() == nil || r.data.CSeq() == nil || r.data.CallID() == nil {
		return bad("Missing Header")
	}
	if _, err := parseNameAddr(r.Header("From")); err != nil {
		return bad("Bad From")
	}
	if _, err := parseNameAddr(r.Header("To")); err != nil {
		return bad("Bad To")
	}
	return nil
}

// validateRequire answers 420 with what is not supported (section 8.2.2.3).
func validateRequire(r *Request, extensions []string) *StatusError {
	var missing []Header
	for _, name := range []string{"Require", "Proxy-Require"} {
		for _, option := range r.list(name) {
			if !supports(extensions, option) {
				missing = append(missing, Header{"Unsupported", cleanReason(option)})
			}
		}
	}
	if missing == nil {
		return nil
	}
	return &StatusError{Status: StatusBadExtension, Headers: missing}
}

func supports(extensions []string, option string) bool {
	for _, e := range extensions {
		if strings.EqualFold(e, option) {
			return true
		}
	}
	return false
}

func validateInvite(r *Request) *StatusError {
	if mf := r.data.MaxForwards(); mf != nil && mf.Val() == 0 {
		return &StatusError{Status: StatusTooManyHops}
	}
	if len(r.Headers("Contact")) > 0 {
		if _, ok := r.Contact(); !ok {
			return bad("Bad Contact")
		}
	}
	if !acceptsSDP(r) {
		return &StatusError{Status: StatusNotAcceptable}
	}
	return validateBody(r)
}

// acceptsSDP tells whether the caller can read the SDP of our answer.
func acceptsSDP(r *Request) bool {
	types := r.list("Accept")
	if len(types) == 0 {
		return true
	}
	for _, t := range types {
		t, _, _ = strings.Cut(t, ";")
		switch strings.ToLower(strings.TrimSpace(t)) {
		case "application/sdp", "application/*", "*/*":
			return true
		}
	}
	return false
}

const sdpType = "application/sdp"

func validateBody(r *Request) *StatusError {
	if len(r.Body()) == 0 || optionalBody(r) {
		return nil
	}
	if enc := r.Header("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return &StatusError{Status: StatusUnsupportedMediaType, Headers: []Header{{"Accept-Encoding", "identity"}}}
	}
	if r.ContentType() == "" {
		return bad("Missing Content-Type")
	}
	if r.SDP() == nil {
		return &StatusError{Status: StatusUnsupportedMediaType, Headers: []Header{{"Accept", sdpType}}}
	}
	return nil
}

// optionalBody tells whether the sender lets us ignore the body (section 20.11).
func optionalBody(r *Request) bool {
	for _, p := range parseParams(r.Header("Content-Disposition")) {
		if strings.EqualFold(p.Name, "handling") && strings.EqualFold(p.Value, "optional") {
			return true
		}
	}
	return false
}
