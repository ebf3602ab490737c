package pdu

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

var errShort = errors.New("the body ends too early")

// reader takes fields off a body. After the first fault it returns zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) octet() uint8 {
	if len(r.b) == 0 {
		r.fail(errShort)
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// cstring reads up to a NUL. It takes any length: the PDU is bounded.
func (r *reader) cstring(field string) string {
	i := bytes.IndexByte(r.b, 0)
	if i < 0 {
		r.fail(fmt.Errorf("%s has no end: %w", field, errShort))
		return ""
	}
	v := string(r.b[:i])
	r.b = r.b[i+1:]
	return v
}

// last reads a field that may end with the body instead of a NUL.
func (r *reader) last() string {
	i := bytes.IndexByte(r.b, 0)
	if i < 0 {
		v := string(r.b)
		r.b = nil
		return v
	}
	v := string(r.b[:i])
	r.b = r.b[i+1:]
	return v
}

func (r *reader) octets(n int) []byte {
	if n > len(r.b) {
		r.fail(fmt.Errorf("%d octets of text, %d are there: %w", n, len(r.b), errShort))
		return nil
	}
	v := append([]byte(nil), r.b[:n]...)
	r.b = r.b[n:]
	return v
}

// writer appends fields. After the first fault it appends nothing.
type writer struct {
	b   []byte
	err error
}

func (w *writer) octet(v uint8) {
	if w.err == nil {
		w.b = append(w.b, v)
	}
}

// cstring writes v and a NUL, size octets at most together (§3.1).
func (w *writer) cstring(field, v string, size int) {
	switch {
	case w.err != nil:
	case len(v) >= size:
		w.err = fmt.Errorf("%s has %d octets, at most %d", field, len(v), size-1)
	case strings.IndexByte(v, 0) >= 0:
		w.err = fmt.Errorf("%s has a NUL in it", field)
	default:
		w.b = append(append(w.b, v...), 0)
	}
}
