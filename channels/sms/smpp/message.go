package smpp

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
)

// Message is a text to send.
type Message struct {
	Ref      string // the caller's name of it; a repeat with the same one has the same references on the air
	From     string // empty = Config.Source
	To       string // +79001234567, or a short code
	Text     string
	Validity time.Duration // how long the operator shall try; 0 = as he likes
	// Only names the parts to send, from 1: those of an earlier try that were
	// not accepted. Empty = all.
	Only []int
}

// Outcome says what became of a message, or of a part of it.
type Outcome uint8

// The outcomes.
const (
	NotSent  Outcome = iota // for certain
	Accepted                // the centre has it, under ID
	Refused                 // the centre has said no: Status
	Unsure                  // it was written, and no response came: it may have been sent
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not_sent"
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	case Unsure:
		return "unsure"
	}
	return "outcome?"
}

// Result is what became of one part.
type Result struct {
	Part    int // from 1
	Outcome Outcome
	ID      string     // the centre's name, when accepted; receipts name it
	Status  pdu.Status // when refused
}

// Sent is what became of a text.
type Sent struct {
	Reference uint16 // on the air: of the parts, and user_message_reference
	Coding    text.Coding
	Parts     []Result // of all parts; those that Only left out are NotSent
}

// The errors of Send that a caller branches on.
var (
	ErrUnsure  = errors.New("the message centre has not answered: the message may have been sent")
	ErrNotSent = errors.New("not sent: no link to the message centre in time")
)

// RefusedError is a refusal of the message centre.
type RefusedError struct{ Status pdu.Status }

func (e *RefusedError) Error() string { return "the message centre refuses: " + e.Status.String() }

// Temporary reports whether the same message may pass later.
func (e *RefusedError) Temporary() bool { return e.Status.Temporary() }

// ParseAddress reads a number (+7… is international), a short code of up to
// eight digits, or a name of up to eleven letters.
func ParseAddress(s string) (pdu.Address, error) {
	const tonInternational, tonNational, tonShort, tonName, npiISDN = 1, 2, 3, 5, 1
	digits, plus := strings.CutPrefix(s, "+")
	switch {
	case s == "":
		return pdu.Address{}, errors.New("the address is empty")
	case allDigits(digits) && digits != "":
		switch {
		case len(digits) > 20:
			return pdu.Address{}, fmt.Errorf("a number of %d digits, at most 20", len(digits))
		case plus, len(digits) > 10:
			return pdu.Address{TON: tonInternational, NPI: npiISDN, Number: digits}, nil
		case len(digits) > 8:
			return pdu.Address{TON: tonNational, NPI: npiISDN, Number: digits}, nil
		}
		return pdu.Address{TON: tonShort, Number: digits}, nil
	case len(s) > 11:
		return pdu.Address{}, fmt.Errorf("a name of %d octets, at most 11", len(s))
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return pdu.Address{}, fmt.Errorf("the character %q is in no name; use Latin letters, digits and blanks", r)
		}
	}
	return pdu.Address{TON: tonName, Number: s}, nil
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// reference is what the parts of a text have in common on the air. A repeat has
// the same one, so that a phone that has the parts already takes them for what
// they are.
func (m Message) reference() uint16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(m.To + "\x00" + m.Ref))
	sum := h.Sum32()
	return uint16(sum>>16 ^ sum)
}

// pdus cuts a message into what is submitted.
func (c Config) pdus(m Message) ([]pdu.PDU, text.Coding, error) {
	source := m.From
	if source == "" {
		source = c.Source
	}
	from, err := ParseAddress(source)
	if err != nil {
		return nil, 0, fmt.Errorf("read the sender of message %s: %w", m.Ref, err)
	}
	to, err := ParseAddress(m.To)
	if err != nil {
		return nil, 0, fmt.Errorf("read the recipient of message %s: %w", m.Ref, err)
	}
	from, to = c.SourceKind.of(from), c.RecipientKind.of(to)
	coding := c.choose(m.Text)
	parts, err := text.Split(m.Text, coding, c.Way, m.reference(), c.MaxParts)
	if err != nil {
		return nil, 0, fmt.Errorf("cut message %s: %w", m.Ref, err)
	}
	out := make([]pdu.PDU, len(parts))
	for i, part := range parts {
		body := &pdu.Message{Service: c.ServiceType, From: from, To: to, Coding: c.dataCoding(coding), Validity: validity(m.Validity)}
		if c.Receipts {
			body.Registered = 1
		}
		out[i] = pdu.PDU{Command: pdu.SubmitSM, Body: body, TLVs: c.parameters(m, part)}
		if part.Header {
			body.ESM |= pdu.ESMHeader
		}
		if part.Long { // §4.4.1: sm_length is zero then
			out[i].TLVs = append(out[i].TLVs, pdu.TLV{Tag: pdu.TagPayload, Value: part.Data})
		} else {
			body.Text = part.Data
		}
		if _, err := out[i].Append(nil); err != nil {
			return nil, 0, fmt.Errorf("write message %s: %w", m.Ref, err)
		}
	}
	return out, coding, nil
}

// of puts a kind, if there is one, on an address.
func (k *Kind) of(a pdu.Address) pdu.Address {
	if k != nil {
		a.TON, a.NPI = k.TON, k.NPI
	}
	return a
}

// choose takes the shortest alphabet that holds the text and that the centre
// reads as we mean it.
func (c Config) choose(s string) text.Coding {
	switch {
	case c.Alphabet == text.ASCII && text.Fits(s, text.ASCII):
		return text.ASCII
	case c.Alphabet == text.GSM && text.Fits(s, text.GSM):
		return text.GSM
	case (c.Alphabet == text.Latin1 || c.Latin1) && text.Fits(s, text.Latin1):
		return text.Latin1
	}
	return text.UCS2
}

func (c Config) dataCoding(k text.Coding) uint8 {
	if k == c.Alphabet {
		return 0
	}
	return k.DataCoding()
}

func (c Config) parameters(m Message, part text.Part) pdu.TLVs {
	var ts pdu.TLVs
	if c.Tag {
		ts = append(ts, pdu.Uint16(pdu.TagUserReference, m.reference()))
	}
	if part.Way == text.SAR && part.Concat.Valid() { // §5.3.2.22-24
		ts = append(ts, pdu.Uint16(pdu.TagSarReference, part.Concat.Ref), pdu.Uint8(pdu.TagSarTotal, part.Concat.Total), pdu.Uint8(pdu.TagSarSequence, part.Concat.Seq))
	}
	return ts
}

// validity is a relative time (§7.1.1.2): YYMMDDhhmmss000R, rounded up to
// seconds. Months and years are not used: nobody agrees how long they are.
func validity(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	s := int64((d + time.Second - 1) / time.Second)
	days := min(s/86400, 30)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", days, s/3600%24, s/60%60, s%60)
}

// Inbound is what a message that came in says.
type Inbound struct {
	From, To pdu.Address
	Coding   text.Coding
	Concat   text.Concat
	Data     []byte // without header; text.Decode reads it
	Receipt  *pdu.Receipt
}

// ReadInbound reads what Deps.Receive was given. usual is Config.Alphabet.
func ReadInbound(raw []byte, usual text.Coding) (Inbound, error) {
	p, err := pdu.Decode(raw)
	if err != nil {
		return Inbound{}, fmt.Errorf("read a message that came in: %w", err)
	}
	var in Inbound
	var esm pdu.ESM
	switch b := p.Body.(type) {
	case *pdu.Message:
		in = Inbound{From: b.From, To: b.To, Coding: text.CodingOf(b.Coding, usual), Data: b.Text}
		esm = b.ESM
	case *pdu.Data:
		in = Inbound{From: b.From, To: b.To, Coding: text.CodingOf(b.Coding, usual)}
		esm = b.ESM
	default:
		return Inbound{}, fmt.Errorf("read a message that came in: %s is none", p.Command)
	}
	if payload, ok := p.TLVs.Get(pdu.TagPayload); ok && len(in.Data) == 0 {
		in.Data = payload
	}
	if rec, ok := pdu.ReadReceipt(p); ok {
		in.Receipt = &rec
		return in, nil
	}
	if esm.Header() {
		in.Concat, in.Data = text.CutHeader(in.Data)
	}
	if k, ok := sar(p.TLVs); ok && !in.Concat.Valid() {
		in.Concat = k
	}
	return in, nil
}

func sar(ts pdu.TLVs) (text.Concat, bool) {
	ref, ok := ts.Uint(pdu.TagSarReference)
	total, ok2 := ts.Uint(pdu.TagSarTotal)
	seq, ok3 := ts.Uint(pdu.TagSarSequence)
	if !ok || !ok2 || !ok3 || total > 255 || seq > 255 {
		return text.Concat{}, false
	}
	k := text.Concat{Ref: uint16(ref), Wide: true, Total: uint8(total), Seq: uint8(seq)}
	return k, k.Valid()
}
