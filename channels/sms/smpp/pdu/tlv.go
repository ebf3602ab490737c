package pdu

import (
	"encoding/binary"
	"fmt"
)

// Tag names an optional parameter (§5.3.2).
type Tag uint16

// The optional parameters that are looked at here.
const (
	TagReceiptedID      Tag = 0x001E // receipted_message_id, C-octet string
	TagUserReference    Tag = 0x0204 // user_message_reference, 16 bits: our reference
	TagSourcePort       Tag = 0x020A // source_port, 16 bits
	TagSarReference     Tag = 0x020C // sar_msg_ref_num, 16 bits
	TagSarTotal         Tag = 0x020E // sar_total_segments, 8 bits
	TagSarSequence      Tag = 0x020F // sar_segment_seqnum, 8 bits, from 1
	TagInterfaceVersion Tag = 0x0210 // sc_interface_version, 8 bits
	TagNetworkError     Tag = 0x0423 // network_error_code, network type and 16 bits
	TagPayload          Tag = 0x0424 // message_payload, up to 64 KiB
	TagMessageState     Tag = 0x0427 // message_state, 8 bits
)

// maxTLVs bounds the optional parameters of one PDU; the document knows 41.
const maxTLVs = 256

// TLV is one optional parameter (§3.2.4.1).
type TLV struct {
	Tag   Tag
	Value []byte
}

// TLVs are the optional parameters of a PDU in the order of the wire. Those of
// unknown tags are kept and ignored, as §3.2.4.1 wants.
type TLVs []TLV

// Get returns the first value of tag.
func (ts TLVs) Get(tag Tag) ([]byte, bool) {
	for _, t := range ts {
		if t.Tag == tag {
			return t.Value, true
		}
	}
	return nil, false
}

// Uint returns the first value of tag as a number of up to 32 bits. Message
// centres do not agree on the width of some of them.
func (ts TLVs) Uint(tag Tag) (uint32, bool) {
	v, ok := ts.Get(tag)
	if !ok || len(v) == 0 || len(v) > 4 {
		return 0, false
	}
	var n uint32
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n, true
}

// Text returns the first value of tag as a C-octet string, whose NUL may be
// missing.
func (ts TLVs) Text(tag Tag) (string, bool) {
	v, ok := ts.Get(tag)
	if !ok {
		return "", false
	}
	for i, b := range v {
		if b == 0 {
			return string(v[:i]), true
		}
	}
	return string(v), true
}

// Uint8 is an optional parameter of one octet.
func Uint8(tag Tag, v uint8) TLV { return TLV{tag, []byte{v}} }

// Uint16 is an optional parameter of two octets.
func Uint16(tag Tag, v uint16) TLV { return TLV{tag, binary.BigEndian.AppendUint16(nil, v)} }

// CString is an optional parameter that ends in a NUL.
func CString(tag Tag, v string) TLV { return TLV{tag, append([]byte(v), 0)} }

func readTLVs(b []byte) (TLVs, error) {
	var ts TLVs
	for len(b) > 0 {
		if len(b) < 4 {
			for _, c := range b {
				if c != 0 {
					return ts, fmt.Errorf("%d octets after the last parameter are no parameter", len(b))
				}
			}
			return ts, nil
		}
		tag, n := Tag(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			return ts, fmt.Errorf("parameter %#04x of %d octets, %d are there", uint16(tag), n, len(b))
		}
		if len(ts) == maxTLVs {
			return ts, fmt.Errorf("more than %d parameters", maxTLVs)
		}
		ts = append(ts, TLV{tag, append([]byte(nil), b[:n]...)})
		b = b[n:]
	}
	return ts, nil
}

func (ts TLVs) append(dst []byte) ([]byte, error) {
	if len(ts) > maxTLVs {
		return dst, fmt.Errorf("%d optional parameters, at most %d", len(ts), maxTLVs)
	}
	for _, t := range ts {
		if len(t.Value) > 0xFFFF {
			return dst, fmt.Errorf("parameter %#04x has %d octets, at most 65535", uint16(t.Tag), len(t.Value))
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(t.Tag))
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(t.Value)))
		dst = append(dst, t.Value...)
	}
	return dst, nil
}
