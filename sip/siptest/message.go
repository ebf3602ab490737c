package siptest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Message is a SIP message as text, read just far enough to tell what it is.
type Message struct {
	At     time.Time // when it was received
	Raw    []byte    // as received
	Method string    // of a request; empty for a response
	URI    string    // of a request
	Status int       // of a response; 0 for a request
	Reason string    // of a response
	Header []Field   // in order, names as written
	Body   []byte

	reply func([]byte) error // sends on the path the message came by
}

// Field is one header line.
type Field struct{ Name, Value string }

// ParseMessage reads raw. It accepts whatever has a start line; it is no judge.
func ParseMessage(raw []byte) (Message, error) {
	m := Message{Raw: raw}
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	m.Body = body
	lines := strings.Split(string(head), "\r\n")
	parts := strings.SplitN(lines[0], " ", 3)
	if len(parts) < 2 {
		return m, fmt.Errorf("parse SIP start line %.40q: want three words", lines[0])
	}
	if strings.HasPrefix(parts[0], "SIP/") {
		status, err := strconv.Atoi(parts[1])
		if err != nil {
			return m, fmt.Errorf("parse SIP status line %.40q: %w", lines[0], err)
		}
		m.Status, m.Reason = status, strings.Join(parts[2:], " ")
	} else {
		m.Method, m.URI = parts[0], parts[1]
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		m.Header = append(m.Header, Field{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, nil
}

// Get is the first header of that name, in long or compact form; "" if absent.
func (m *Message) Get(name string) string {
	if all := m.Values(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Values are all headers of that name, in long or compact form, in order.
func (m *Message) Values(name string) []string {
	var out []string
	want := longName(name)
	for _, f := range m.Header {
		if longName(f.Name) == want {
			out = append(out, f.Value)
		}
	}
	return out
}

// longName is the lower-case long form of a header name, RFC 3261 §7.3.3.
func longName(name string) string {
	name = strings.ToLower(name)
	if len(name) != 1 {
		return name
	}
	letters := []string{
		"v", "via", "f", "from", "t", "to", "i", "call-id", "m", "contact", "l", "content-length", "c", "content-type",
		"s", "subject", "k", "supported", "e", "content-encoding", "x", "session-expires", "r", "refer-to",
	}
	for i := 0; i < len(letters); i += 2 {
		if letters[i] == name {
			return letters[i+1]
		}
	}
	return name
}

// CallID is the Call-ID header.
func (m *Message) CallID() string { return m.Get("Call-ID") }

// CSeq is the number and the method of the CSeq header.
func (m *Message) CSeq() (uint32, string) {
	number, method, _ := strings.Cut(m.Get("CSeq"), " ")
	n, _ := strconv.ParseUint(number, 10, 32)
	return uint32(n), strings.TrimSpace(method)
}

// Branch is the branch parameter of the topmost Via.
func (m *Message) Branch() string { return param(m.Get("Via"), "branch") }

// ToTag and FromTag are the dialog tags; "" if absent.
func (m *Message) ToTag() string { return param(m.Get("To"), "tag") }

// FromTag is the tag of the From header; "" if absent.
func (m *Message) FromTag() string { return param(m.Get("From"), "tag") }

// Is tells whether the message is a request of that method.
func (m *Message) Is(method string) bool { return m.Method == method }

// Answers tells whether the message is a response with that status to a
// request of that method.
func (m *Message) Answers(status int, method string) bool {
	_, of := m.CSeq()
	return m.Status == status && of == method
}

// Summary is the message in a few words: "INVITE", "200 (BYE)".
func (m *Message) Summary() string {
	if m.Method != "" {
		return m.Method
	}
	_, method := m.CSeq()
	return strconv.Itoa(m.Status) + " (" + method + ")"
}

// param is a ;name=value parameter behind an address or a Via; "" if absent.
func param(value, name string) string {
	if i := strings.LastIndexByte(value, '>'); i >= 0 {
		value = value[i:]
	}
	for part := range strings.SplitSeq(value, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}
