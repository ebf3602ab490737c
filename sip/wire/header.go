package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// compactForms are one-letter header names and the long ones (RFC 3261 section
// 7.3.3, RFC 4028, 3515, 3892, 6665).
//
//nolint:gochecknoglobals // a table that is never written to
var compactForms = [...]struct {
	letter byte
	long   string
}{
	{'v', "Via"},
	{'f', "From"},
	{'t', "To"},
	{'i', "Call-ID"},
	{'m', "Contact"},
	{'c', "Content-Type"},
	{'l', "Content-Length"},
	{'k', "Supported"},
	{'s', "Subject"},
	{'x', "Session-Expires"},
	{'r', "Refer-To"},
	{'b', "Referred-By"},
	{'o', "Event"},
	{'u', "Allow-Events"},
	{'e', "Content-Encoding"},
	{'a', "Accept-Contact"},
	{'d', "Request-Disposition"},
	{'j', "Reject-Contact"},
}

// bothForms returns the long name and the compact letter (0: none) of a header.
func bothForms(name string) (long string, short byte) {
	if len(name) == 1 {
		short = name[0] | 0x20
		for i := range compactForms {
			if compactForms[i].letter == short {
				return compactForms[i].long, short
			}
		}
		return name, 0
	}
	for i := range compactForms {
		if full := compactForms[i].long; len(full) == len(name) && strings.EqualFold(full, name) {
			return full, compactForms[i].letter
		}
	}
	return name, 0
}

func named(h sip.Header, long string, short byte) bool {
	name := h.Name()
	if len(name) == 1 && short != 0 {
		return name[0]|0x20 == short
	}
	return len(name) == len(long) && strings.EqualFold(name, long)
}

// headerParsers is sipgo's table cut down to what transactions need; all other
// headers stay text and are read on demand with the tolerant parsers of this
// package, so that one odd Contact does not make a message unreadable.
func headerParsers() sip.HeadersParser {
	all := sip.DefaultHeadersParser()
	few := make(sip.HeadersParser, 14)
	for _, name := range []string{
		"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq",
		"content-length", "l", "content-type", "c", "max-forwards",
	} {
		few[name] = all[name]
	}
	few["cseq"] = parseCSeq
	return few
}

// parsers makes the headers that sipgo's transactions read; reading it from
// several goroutines is safe, and it is never written to.
//
//nolint:gochecknoglobals // a table that is never written to
var parsers = headerParsers()

// parseCSeq allows any white space between number and method, where sipgo would
// take all but the first blank for a part of the method.
func parseCSeq(_ []byte, value string) (sip.Header, error) {
	digits, method, ok := strings.Cut(strings.TrimSpace(value), " ")
	if tab := strings.IndexByte(value, '\t'); !ok && tab >= 0 {
		digits, method = value[:tab], value[tab:]
	}
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 31)
	if method = strings.TrimSpace(method); err != nil || !isToken(method) {
		return nil, errors.New("CSeq is not a number below 2^31 and a method")
	}
	return &sip.CSeqHeader{SeqNo: uint32(n), MethodName: sip.RequestMethod(method)}, nil
}

// makeHeader is the only way from text to a header field.
func makeHeader(name, value string) (sip.Header, error) {
	if !isToken(name) {
		return nil, fmt.Errorf("set header %q: the name is not a token of RFC 3261", printable(name))
	}
	if i := strings.IndexFunc(value, isControl); i >= 0 {
		return nil, fmt.Errorf("set header %s: control character 0x%02x at %d of the value; remove it", name, value[i], i)
	}
	long, _ := bothForms(name)
	switch key := strings.ToLower(long); key {
	case "content-length":
		return nil, fmt.Errorf("set header %s: use SetBody, which keeps length and body together", name)
	case "via", "from", "to", "call-id", "cseq", "max-forwards", "content-type":
		h, err := parsers[key](nil, strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("set header %s: the value cannot be read: %w", name, err)
		}
		return h, nil
	}
	return sip.NewHeader(long, value), nil
}

// isControl reports characters that could end a header or hide in a log. Tab is
// white space of RFC 3261 and allowed.
func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// printable replaces what must not reach a log or an error text.
func printable(s string) string {
	if len(s) > 32 {
		s = s[:32]
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}

func portText(port uint16) string { return strconv.FormatUint(uint64(port), 10) }
