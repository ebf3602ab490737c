package pdu

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// State is where the operator says that a message is (§5.2.28, appendix B).
type State uint8

// The states of a message. Their numbers are those of message_state.
const (
	StateNone          State = iota // nothing is said
	StateEnroute                    // on its way
	StateDelivered                  // the phone has it
	StateExpired                    // its validity has run out
	StateDeleted                    // taken out by the operator
	StateUndeliverable              // it can not be delivered
	StateAccepted                   // somebody reads it on behalf of the subscriber
	StateUnknown                    // the operator does not know
	StateRejected                   // refused
)

// Final reports whether no other state follows.
func (s State) Final() bool {
	switch s {
	case StateDelivered, StateExpired, StateDeleted, StateUndeliverable, StateAccepted, StateRejected:
		return true
	case StateNone, StateEnroute, StateUnknown:
	}
	return false
}

// String returns the short form that receipts use.
func (s State) String() string {
	switch s {
	case StateNone:
		return "NONE"
	case StateEnroute:
		return "ENROUTE"
	case StateDelivered:
		return "DELIVRD"
	case StateExpired:
		return "EXPIRED"
	case StateDeleted:
		return "DELETED"
	case StateUndeliverable:
		return "UNDELIV"
	case StateAccepted:
		return "ACCEPTD"
	case StateUnknown:
		return "UNKNOWN"
	case StateRejected:
		return "REJECTD"
	}
	return "state(" + strconv.Itoa(int(s)) + ")"
}

// parseState reads the word behind stat: as it is written in the field, cut to
// seven letters or not.
func parseState(word string) State {
	switch w := strings.ToUpper(word); {
	case w == "":
		return StateNone
	case strings.HasPrefix(w, "DELIV"):
		return StateDelivered
	case strings.HasPrefix(w, "EXPIR"):
		return StateExpired
	case strings.HasPrefix(w, "DELET"):
		return StateDeleted
	case strings.HasPrefix(w, "UNDEL"), strings.HasPrefix(w, "FAIL"):
		return StateUndeliverable
	case strings.HasPrefix(w, "ACCEP"), w == "ACKED":
		return StateAccepted
	case strings.HasPrefix(w, "REJ"):
		return StateRejected
	case strings.HasPrefix(w, "ENROU"), strings.HasPrefix(w, "BUFFER"), strings.HasPrefix(w, "SCHED"):
		return StateEnroute
	}
	return StateUnknown
}

// Receipt is what the operator tells of a message that we sent.
type Receipt struct {
	ID    string // as the receipt has it; SameID and Candidates find ours
	State State
	Err   string // the operator's code, without leading zeros; empty = none
	// Reference is our user_message_reference, when the operator returns it.
	Reference    uint16
	HasReference bool
	Submitted    string // yyMMddhhmm[ss], by the operator's clock and zone
	Done         string
	Text         string // the beginning of the message; may be empty
}

// ReadReceipt reads the receipt that a deliver_sm or data_sm is. TLVs count for
// more than the text, which has no fixed form (appendix B is "vendor specific").
// ok is false when the PDU is no receipt, or says of no message.
func ReadReceipt(p PDU) (rec Receipt, ok bool) {
	var esm ESM
	var text []byte
	switch b := p.Body.(type) {
	case *Message:
		esm, text = b.ESM, b.Text
	case *Data:
		esm = b.ESM
	default:
		return Receipt{}, false
	}
	id, tagged := p.TLVs.Text(TagReceiptedID)
	if !esm.IsReceipt() && !tagged { // words alone prove nothing: a client may write them
		return Receipt{}, false
	}
	if payload, has := p.TLVs.Get(TagPayload); has && len(text) == 0 {
		text = payload
	}
	if esm.Header() && len(text) > 0 && int(text[0]) < len(text) {
		text = text[int(text[0])+1:]
	}
	rec = parseReceipt(string(bytes.ToValidUTF8(text, []byte("?"))))
	if id = strings.TrimSpace(id); id != "" {
		rec.ID = id
	}
	if s, has := p.TLVs.Uint(TagMessageState); has && s > 0 && s <= uint32(StateRejected) {
		rec.State = State(s)
	}
	if v, has := p.TLVs.Get(TagNetworkError); has && len(v) == 3 && rec.Err == "" { // §5.3.2.31: network, then the code
		rec.Err = trimCode(strconv.Itoa(int(v[1])<<8 | int(v[2])))
	}
	if v, has := p.TLVs.Uint(TagUserReference); has && v <= 0xFFFF {
		rec.Reference, rec.HasReference = uint16(v), true
	}
	return rec, rec.ID != "" || rec.HasReference
}

// parseReceipt reads "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:…
// text:…" with any fields missing, in any order and case. What follows text: is
// the message's and no field.
func parseReceipt(s string) Receipt {
	lower := strings.ToLower(s)
	if len(lower) != len(s) { // letters whose lower form is longer: positions would differ
		lower = s
	}
	rec := Receipt{}
	if i := fieldAt(lower, "text:"); i >= 0 {
		rec.Text = strings.TrimSpace(s[i+len("text:"):])
		s, lower = s[:i], lower[:i]
	}
	field := func(name string) string {
		i := fieldAt(lower, name)
		if i < 0 {
			return ""
		}
		v := strings.TrimLeft(s[i+len(name):], " ")
		if end := strings.IndexAny(v, " \t\r\n"); end >= 0 {
			v = v[:end]
		}
		return v
	}
	rec.ID = field("id:")
	rec.State = parseState(field("stat:"))
	rec.Err = trimCode(field("err:"))
	rec.Submitted = digits(field("submit date:"))
	rec.Done = digits(field("done date:"))
	return rec
}

// fieldAt finds a field's name at the beginning of s or behind a blank: "id:"
// is not the end of "msgid:".
func fieldAt(s, name string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], name)
		if i < 0 {
			return -1
		}
		if i += from; i == 0 || strings.ContainsRune(" \t\r\n", rune(s[i-1])) {
			return i
		}
		from = i + 1
	}
}

// trimCode takes the zeros off a code, so that 000 is no error.
func trimCode(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" || s == "" {
		return t
	}
	return ""
}

func digits(s string) string {
	for _, c := range s {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return s
}

// SameID reports whether a receipt's id may name the message that a
// submit_sm_resp called submitted. Message centres are known to write one of
// them in decimal and the other in hexadecimal, with zeros in front or not.
func SameID(submitted, receipt string) bool {
	for _, c := range Candidates(receipt) {
		if strings.EqualFold(trimID(submitted), trimID(c)) {
			return true
		}
	}
	return false
}

// Candidates returns the forms under which the id of a receipt may have been
// given before, the likeliest first: as it is, without zeros, from decimal to
// hexadecimal and back, both cases, padded to eight and ten digits. A caller
// that keeps ids in an index asks for all of them, and takes the first hit.
func Candidates(id string) []string {
	out := []string{id}
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if id == "" {
		return nil
	}
	add(strings.ToLower(id))
	add(strings.ToUpper(id))
	add(trimID(id))
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		hex := strconv.FormatUint(n, 16)
		for _, form := range padded(hex) {
			add(form)
			add(strings.ToUpper(form))
		}
		for _, form := range padded(strconv.FormatUint(n, 10)) {
			add(form)
		}
	}
	if n, err := strconv.ParseUint(id, 16, 64); err == nil {
		for _, form := range padded(strconv.FormatUint(n, 10)) {
			add(form)
		}
		for _, form := range padded(strconv.FormatUint(n, 16)) {
			add(form)
			add(strings.ToUpper(form))
		}
	}
	return out
}

func padded(s string) []string {
	out := []string{s}
	for _, n := range []int{8, 10} {
		if len(s) < n {
			out = append(out, strings.Repeat("0", n-len(s))+s)
		}
	}
	return out
}

func trimID(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return s
}
