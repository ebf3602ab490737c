package wire

// fault is why a message was refused before sipgo's parser saw it. Its text is
// a metric label; its status is the answer a request gets (0: none).
type fault uint8

const (
	faultNone fault = iota
	faultUnparsable
	faultOversize
	faultKeepAlive
	faultTruncated
	faultBareLF
	faultNUL
	faultStartLine
	faultVersion
	faultURITooLong
	faultScheme
	faultManyHeaders
	faultHeaderSyntax
	faultDuplicate
	faultMissing
	faultLength
	faultCSeq
	faultMaxForwards
	faultAddress
	faultParser
	faultUnknownSource
	faultGuest
	faultRate
	faultOverload
)

//nolint:gochecknoglobals // a table that is never written to
var faultTexts = [...]string{
	"none", "unparsable", "oversize", "keep_alive", "truncated", "bare_lf", "nul", "start_line", "version",
	"uri_too_long", "uri_scheme", "many_headers", "header_syntax", "duplicate_header", "missing_header", "content_length", "cseq",
	"max_forwards", "address", "parser", "unknown_source", "guest", "rate", "overload",
}

// String returns the metric label.
func (f fault) String() string { return faultTexts[f] }

// status is the answer that a request with this fault gets; 0 is silence.
func (f fault) status() int {
	switch f {
	case faultVersion:
		return StatusVersionNotSupported
	case faultURITooLong:
		return StatusURITooLong
	case faultScheme:
		return StatusUnsupportedURIScheme
	case faultOversize:
		return StatusMessageTooLarge
	case faultNone, faultUnparsable, faultKeepAlive, faultUnknownSource, faultGuest, faultRate, faultOverload:
		return 0
	case faultTruncated, faultBareLF, faultNUL, faultStartLine, faultManyHeaders, faultHeaderSyntax,
		faultDuplicate, faultMissing, faultLength, faultCSeq, faultMaxForwards, faultAddress, faultParser:
		return StatusBadRequest
	}
	return StatusBadRequest
}
