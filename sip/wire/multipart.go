package wire

import (
	"bytes"
	"mime"
	"strings"
)

// Bounds of what is looked at in a multipart body.
const (
	maxParts   = 16 // parts in all, those of a part that is itself multipart included
	maxNesting = 2  // a multipart body, and multipart bodies in it
)

// SDP returns the session description: the body itself, or the part of a multipart body that is one. It is nil without.
func (m *message) SDP() []byte { return m.Part(sdpType) }

// Part returns what the message carries of a media type ("application/sdp", lower case): the body itself, or a part of a
// multipart body (RFC 5621). Of several parts of that type it is the first; in a multipart/alternative the last, which is
// the one its sender likes best (RFC 2046 section 5.1.4). It is nil without one; parts of other types are passed over.
// Line ends may be bare and the closing boundary may be missing.
func (m *message) Part(contentType string) []byte {
	if m.ContentType() == contentType {
		return m.Body()
	}
	left := maxParts
	return findPart(m.Header("Content-Type"), m.Body(), contentType, maxNesting, &left)
}

// findPart looks for a type in a body that may be multipart. left counts the parts that may still be looked at.
func findPart(is string, body []byte, want string, depth int, left *int) (found []byte) {
	kind, boundary := multipartKind(is)
	if boundary == "" || depth == 0 {
		return nil
	}
	delimiter := append([]byte("--"), boundary...)
	_, rest, more := nextDelimiter(body, delimiter) // before the first one there is a preamble
	for more && *left > 0 {
		*left--
		var part []byte
		part, rest, more = nextDelimiter(rest, delimiter)
		ct, content := splitPart(part)
		one := content
		if got, _, _ := strings.Cut(ct, ";"); !strings.EqualFold(strings.TrimSpace(got), want) {
			one = findPart(ct, content, want, depth-1, left)
		}
		if len(one) == 0 {
			continue
		}
		if found = one; kind != "multipart/alternative" {
			return found
		}
	}
	return found
}

// multipartKind returns the type and boundary of a multipart Content-Type, "" of any other.
func multipartKind(contentType string) (kind, boundary string) {
	if len(contentType) < 10 || !strings.EqualFold(contentType[:10], "multipart/") {
		return "", ""
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err == nil {
		return kind, params["boundary"]
	}
	for _, p := range parseParams(contentType) { // such as a repeated parameter, or one without a value
		if strings.EqualFold(p.Name, "boundary") {
			kind, _, _ = strings.Cut(contentType, ";")
			return strings.ToLower(strings.TrimSpace(kind)), strings.Trim(p.Value, `"`)
		}
	}
	return "", ""
}

// nextDelimiter returns what stands before the next delimiter line and what stands after it. more is false when that
// line closes the body or when there is none: then before is all there is.
func nextDelimiter(b, delimiter []byte) (before, after []byte, more bool) {
	for from := 0; ; {
		i := bytes.Index(b[from:], delimiter)
		if i < 0 {
			return b, nil, false
		}
		at := from + i
		from = at + len(delimiter)
		if at > 0 && b[at-1] != '\n' {
			continue // not at the start of a line
		}
		line, rest, whole := bytes.Cut(b[from:], []byte("\n"))
		line = bytes.TrimRight(line, " \t\r")
		before = bytes.TrimSuffix(bytes.TrimSuffix(b[:at], []byte("\n")), []byte("\r")) // the line end belongs to the delimiter
		switch {
		case len(line) == 0:
			return before, rest, whole
		case bytes.Equal(line, []byte("--")):
			return before, nil, false
		}
	}
}

// splitPart returns the Content-Type of a part, text/plain if it has none (RFC 2046 section 5.1), and its content.
func splitPart(part []byte) (contentType string, content []byte) {
	contentType = "text/plain"
	mine := false // the header at hand is Content-Type: a folded line belongs to it
	for len(part) > 0 {
		var line []byte
		line, part, _ = bytes.Cut(part, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			return contentType, part
		}
		if line[0] == ' ' || line[0] == '\t' {
			if mine {
				contentType += " " + strings.TrimSpace(string(line))
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if mine = bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Type")); mine {
			contentType = string(bytes.TrimSpace(value))
		}
	}
	return contentType, nil
}
