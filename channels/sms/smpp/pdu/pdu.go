package pdu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// HeaderSize is the length of a header in octets (§3.2.1).
	HeaderSize = 16
	// MaxSize is the longest PDU that is read or written, in octets: a
	// message_payload of 64 KiB, the longest mandatory fields and some more.
	MaxSize = 72 << 10
	// MaxSequence is the highest sequence number (§5.1.4); the lowest is 1.
	MaxSequence = 0x7FFFFFFF
)

// ErrFrame is a length that no PDU can have: the stream is out of step.
var ErrFrame = errors.New("no PDU has such a length")

// PDU is one unit of the protocol. Body is nil for those that have none and
// for responses that came without theirs.
type PDU struct {
	Command  Command
	Status   Status
	Sequence uint32
	Body     Body
	TLVs     TLVs
}

// BodyError says that the body of a PDU can not be read. Header is all of the
// PDU that is known, Raw the whole of it.
type BodyError struct {
	Header PDU
	Raw    []byte
	Err    error
}

func (e *BodyError) Error() string {
	return fmt.Sprintf("read %s of %d octets: %v", e.Header.Command, len(e.Raw), e.Err)
}

func (e *BodyError) Unwrap() error { return e.Err }

// Read takes one PDU off r and returns it with its octets. It reserves no more
// memory than what has come, whatever the length says.
func Read(r io.Reader) (PDU, []byte, error) {
	var head [HeaderSize]byte
	if _, err := io.ReadFull(r, head[:4]); err != nil {
		return PDU{}, nil, fmt.Errorf("read the length of a PDU: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < HeaderSize || n > MaxSize {
		return PDU{}, nil, fmt.Errorf("%d octets: %w (%d to %d)", n, ErrFrame, HeaderSize, MaxSize)
	}
	raw := make([]byte, n)
	copy(raw, head[:4])
	if _, err := io.ReadFull(r, raw[4:]); err != nil {
		return PDU{}, nil, fmt.Errorf("read a PDU of %d octets: %w", n, noEOF(err))
	}
	p, err := Decode(raw)
	return p, raw, err
}

// noEOF keeps an end amid a PDU apart from one between two.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Decode reads the PDU that b is.
func Decode(b []byte) (PDU, error) {
	if len(b) < HeaderSize || len(b) > MaxSize || uint64(binary.BigEndian.Uint32(b)) != uint64(len(b)) {
		return PDU{}, fmt.Errorf("%d octets: %w", len(b), ErrFrame)
	}
	p := PDU{
		Command:  Command(binary.BigEndian.Uint32(b[4:])),
		Status:   Status(binary.BigEndian.Uint32(b[8:])),
		Sequence: binary.BigEndian.Uint32(b[12:]),
	}
	if err := p.readBody(b[HeaderSize:]); err != nil {
		header := PDU{Command: p.Command, Status: p.Status, Sequence: p.Sequence}
		return header, &BodyError{Header: header, Raw: b, Err: err}
	}
	return p, nil
}

func (p *PDU) readBody(b []byte) error {
	p.Body = newBody(p.Command)
	if op, ok := p.Body.(*Opaque); ok {
		op.Data = append([]byte(nil), b...)
		return nil
	}
	r := &reader{b: b}
	switch {
	case p.Body == nil:
	case len(b) == 0 && p.Command.IsResponse(): // §4.4.2: not returned with a status; some never return it
		p.Body = nil
	default:
		p.Body.read(r)
	}
	if r.err != nil {
		return r.err
	}
	var err error
	p.TLVs, err = readTLVs(r.b)
	return err
}

// Append writes p at the end of dst.
func (p PDU) Append(dst []byte) ([]byte, error) {
	start := len(dst)
	w := &writer{b: append(dst, make([]byte, HeaderSize)...)}
	if p.Body != nil {
		p.Body.write(w)
	}
	if w.err == nil {
		w.b, w.err = p.TLVs.append(w.b)
	}
	n := len(w.b) - start
	if w.err == nil && n > MaxSize {
		w.err = fmt.Errorf("%d octets, at most %d", n, MaxSize)
	}
	if w.err != nil {
		return dst, fmt.Errorf("write %s: %w", p.Command, w.err)
	}
	h := w.b[start:]
	binary.BigEndian.PutUint32(h, uint32(n))
	binary.BigEndian.PutUint32(h[4:], uint32(p.Command))
	binary.BigEndian.PutUint32(h[8:], uint32(p.Status))
	binary.BigEndian.PutUint32(h[12:], p.Sequence)
	return w.b, nil
}

// Answer is the response to p with a status, its body empty but present where
// the document asks for one.
func (p PDU) Answer(s Status) PDU {
	r := PDU{Command: p.Command.Response(), Status: s, Sequence: p.Sequence}
	switch newBody(r.Command).(type) {
	case *MessageResp: // §4.6.2: the message_id of a deliver_sm_resp is unused and NUL
		r.Body = &MessageResp{}
	case *BindResp:
		r.Body = &BindResp{}
	}
	return r
}

// Nack is the generic_nack for a PDU of that sequence number (§4.3).
func Nack(sequence uint32, s Status) PDU {
	return PDU{Command: GenericNack, Status: s, Sequence: sequence}
}
