package trunk

import (
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/butlerspb/vahta/sip/wire"
)

// maxMessage is the longest text in bytes, in and out; RFC 3428 has pages in mind, and what is longer is no message to
// somebody on duty.
const maxMessage = 16 << 10

// Types of a message's body.
const (
	textPlain = "text/plain"
	cpim      = "message/cpim" // RFC 3862
)

// Message is a text by SIP MESSAGE (RFC 3428).
type Message struct {
	Trunk string // operator's name
	From  string // number, E.164 where the form allows it; a hint like any caller's number
	To    string // likewise
	Text  string // UTF-8
	// ContentType is what the text came as; "" out means plain text.
	ContentType string
	At          time.Time
	// ID names the SIP message, so that whoever stores it can tell two deliveries of one from two messages.
	ID string
}

// MessageError says that a message was not delivered.
type MessageError struct {
	Trunk     string
	Status    int    // SIP status, 0 when there was none
	Reason    string // of the operator, or why there was no answer
	Permanent bool   // the same message will be refused again
}

// Error tells what happened.
func (e *MessageError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("send message by trunk %s: %s", e.Trunk, e.Reason)
	}
	return fmt.Sprintf("send message by trunk %s: refused with %d %s", e.Trunk, e.Status, e.Reason)
}

// readMessage takes the text out of a MESSAGE. An error is the answer to give.
func readMessage(req *wire.Request) (text, contentType string, err error) {
	if encoding := req.Header("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "", "", unsupported("Accept-Encoding", "identity")
	}
	body := req.Body()
	if len(body) > maxMessage {
		return "", "", &wire.StatusError{Status: wire.StatusMessageTooLarge}
	}
	kind, params, err := mime.ParseMediaType(req.Header("Content-Type"))
	if err != nil && kind == "" {
		return "", "", &wire.StatusError{Status: wire.StatusBadRequest, Reason: "Bad Content-Type"}
	}
	contentType = kind
	if kind == cpim {
		kind, params, body, err = unwrap(body)
		if err != nil {
			return "", "", &wire.StatusError{Status: wire.StatusBadRequest, Reason: "Bad CPIM"}
		}
	}
	charset := strings.ToLower(params["charset"])
	if kind != textPlain || charset != "" && charset != "utf-8" && charset != "utf8" && charset != "us-ascii" {
		return "", "", unsupported("Accept", textPlain+";charset=UTF-8, "+cpim)
	}
	if !utf8.Valid(body) {
		return "", "", &wire.StatusError{Status: wire.StatusBadRequest, Reason: "Text is not UTF-8"}
	}
	return string(body), contentType, nil
}

func unsupported(header, value string) error {
	return &wire.StatusError{
		Status:  wire.StatusUnsupportedMediaType,
		Headers: []wire.Header{{Name: header, Value: value}},
	}
}

// unwrap takes the one body out of a CPIM message (RFC 3862 section 2): message headers, an empty line, MIME headers, an
// empty line, the content. What the message headers say of sender and time is the sender's word and not used.
func unwrap(body []byte) (kind string, params map[string]string, content []byte, err error) {
	_, rest, ok := strings.Cut(unixLines(body), "\n\n")
	if !ok {
		return "", nil, nil, errors.New("no empty line follows the message headers")
	}
	headers, text, ok := strings.Cut(rest, "\n\n")
	if !ok {
		return "", nil, nil, errors.New("no empty line follows the MIME headers")
	}
	kind = textPlain
	for line := range strings.SplitSeq(headers, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-type":
			if kind, params, err = mime.ParseMediaType(strings.TrimSpace(value)); err != nil && kind == "" {
				return "", nil, nil, err
			}
		case "content-transfer-encoding":
			switch strings.ToLower(strings.TrimSpace(value)) {
			case "", "7bit", "8bit", "binary":
			default:
				return "application/octet-stream", nil, nil, nil // not simple enough for us
			}
		}
	}
	return kind, params, []byte(text), nil
}

// unixLines makes line ends of one kind.
func unixLines(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "\n") }

// messageRequest builds a MESSAGE.
func (o *Operator) messageRequest(m Message, transport wire.Transport, routes []string, callID, tag string, cseq uint32) (*wire.Request, error) {
	uri := o.uri(o.Plan.Format(m.To), transport)
	req := wire.NewRequest(wire.MESSAGE, uri)
	for _, h := range [...]wire.Header{
		{Name: "From", Value: o.from().WithTag(tag).String()},
		{Name: "To", Value: wire.NameAddr{URI: uri}.String()},
		{Name: "Call-ID", Value: callID},
		{Name: "CSeq", Value: fmt.Sprintf("%d MESSAGE", cseq)},
	} {
		if err := req.Set(h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	req.SetBody(textPlain+";charset=UTF-8", []byte(m.Text))
	return req, addRoutes(req, routes)
}
