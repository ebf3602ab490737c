package wire

import (
	"bytes"
	"strconv"
)

// statelessReply builds the answer to a request that no parser can be trusted
// with, from the parts that scan found. Header values are copied unfolded; tag
// is our To tag, used when To has none.
func statelessReply(data []byte, s *scanned, status int, tag string) []byte {
	b := make([]byte, 0, 512)
	b = append(b, "SIP/2.0 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, StatusText(status)...)
	b = appendVias(b, data[:s.body])
	b = appendField(b, "From", s.from)
	b = appendField(b, "To", s.to)
	if len(s.to) > 0 && !bytes.Contains(bytes.ToLower(s.to), []byte("tag=")) {
		b = append(b, ";tag="...)
		b = append(b, tag...)
	}
	b = appendField(b, "Call-ID", s.callID)
	b = appendField(b, "CSeq", s.cseq)
	return append(b, "\r\nContent-Length: 0\r\n\r\n"...)
}

// appendField appends a header, with line ends and control characters of the
// original value turned into blanks.
func appendField(b []byte, name string, value []byte) []byte {
	if len(value) == 0 {
		return b // the request had none
	}
	b = append(b, "\r\n"...)
	b = append(b, name...)
	b = append(b, ": "...)
	for _, c := range value {
		if isControl(rune(c)) {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}

// appendVias copies all Via headers in order.
func appendVias(b, head []byte) []byte {
	var name field
	var value []byte
	flush := func() {
		if name == fieldVia {
			b = appendField(b, "Via", bytes.Trim(value, " \t\r\n"))
		}
	}
	for first := true; len(head) > 0; first = false {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if first {
			continue
		}
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			value = append(append([]byte(nil), value...), line...)
			continue
		}
		flush()
		name, value = fieldOther, nil
		if colon := bytes.IndexByte(line, ':'); colon > 0 {
			name, value = fieldOf(bytes.TrimRight(line[:colon], " \t")), line[colon+1:]
		}
	}
	flush()
	return b
}

// viaPort reads from a Via value where its sender expects answers: the port of
// sent-by, or true when it asked for the source port (RFC 3581).
func viaPort(via []byte) (port uint16, rport bool) {
	via, _, _ = bytes.Cut(via, []byte(","))
	sentBy, params, _ := bytes.Cut(via, []byte(";"))
	for params != nil {
		var one []byte
		one, params, _ = bytes.Cut(params, []byte(";"))
		if name := bytes.TrimSpace(one); len(name) >= 5 && bytes.EqualFold(name[:5], []byte("rport")) {
			return 0, true
		}
		if len(params) == 0 {
			break
		}
	}
	sentBy = bytes.TrimSpace(sentBy)
	if i := bytes.LastIndexAny(sentBy, " \t"); i >= 0 {
		sentBy = sentBy[i+1:]
	}
	colon := bytes.LastIndexByte(sentBy, ':')
	if colon < 0 || bytes.IndexByte(sentBy[colon:], ']') >= 0 {
		return defaultPort, false
	}
	n, ok := number(bytes.TrimSpace(sentBy[colon+1:]), 65535)
	if !ok || n == 0 {
		return defaultPort, false
	}
	return uint16(n), false
}
