package pdu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func encode(t *testing.T, p PDU) []byte {
	t.Helper()
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of §3.2.3.1, octet by octet.
func TestBindOfTheDocument(t *testing.T) {
	t.Parallel()
	want := []byte{
		0x00, 0x00, 0x00, 0x2F, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
		0x53, 0x4D, 0x50, 0x50, 0x33, 0x54, 0x45, 0x53, 0x54, 0x00, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x30, 0x38, 0x00,
		0x53, 0x55, 0x42, 0x4D, 0x49, 0x54, 0x31, 0x00, 0x00, 0x01, 0x01, 0x00,
	}
	p := PDU{Command: BindTransmitter, Sequence: 1, Body: &Bind{SystemID: "SMPP3TEST", Password: "secret08", SystemType: "SUBMIT1", TON: 1, NPI: 1}}
	if got := encode(t, p); !bytes.Equal(got, want) {
		t.Errorf("wrote\n% x, want\n% x", got, want)
	}
	got, raw, err := Read(bytes.NewReader(append(want, 9)))
	if err != nil || !bytes.Equal(raw, want) {
		t.Fatalf("Read: %v, raw % x", err, raw)
	}
	if d := cmp.Diff(p, got); d != "" {
		t.Error(d)
	}
}

// frame builds a PDU by hand, with a body that may be broken.
func frame(c Command, s Status, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(HeaderSize+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(c))
	b = binary.BigEndian.AppendUint32(b, uint32(s))
	b = binary.BigEndian.AppendUint32(b, 7)
	return append(b, body...)
}

func TestReadTolerates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   []byte
		want PDU
	}{
		{"a refusal without its body (§4.4.2)", frame(SubmitSMResp, Throttled), PDU{Command: SubmitSMResp, Status: Throttled, Sequence: 7}},
		{"an acceptance without its body", frame(SubmitSMResp, OK), PDU{Command: SubmitSMResp, Sequence: 7}},
		{"a message id without its NUL", frame(SubmitSMResp, OK, 'a', 'b'), PDU{Command: SubmitSMResp, Sequence: 7, Body: &MessageResp{ID: "ab"}}},
		{"stray NULs at the end", frame(EnquireLink, OK, 0, 0, 0), PDU{Command: EnquireLink, Sequence: 7}},
		{"an unknown parameter", frame(EnquireLinkResp, OK, 0x13, 0x37, 0, 1, 5), PDU{Command: EnquireLinkResp, Sequence: 7, TLVs: TLVs{{0x1337, []byte{5}}}}},
		{"an unknown command", frame(0x77, OK, 1, 2, 3), PDU{Command: 0x77, Sequence: 7, Body: &Opaque{Data: []byte{1, 2, 3}}}},
		{"a bind answer with its version", frame(BindTransceiverResp, OK, 'x', 0, 2, 0x10, 0, 1, 0x34), PDU{Command: BindTransceiverResp, Sequence: 7, Body: &BindResp{SystemID: "x"}, TLVs: TLVs{Uint8(TagInterfaceVersion, 0x34)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	long := frame(EnquireLink, OK)
	binary.BigEndian.PutUint32(long, MaxSize+1)
	short := frame(EnquireLink, OK)
	binary.BigEndian.PutUint32(short, 15)
	for name, in := range map[string][]byte{"too long": long, "too short": short} {
		if _, _, err := Read(bytes.NewReader(in)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Read(bytes.NewReader(frame(EnquireLink, OK)[:12])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an end amid a PDU: %v", err)
	}
	if _, _, err := Read(bytes.NewReader(nil)); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an end between two: %v", err)
	}
	for name, in := range map[string][]byte{
		"a name without end":      frame(BindTransceiver, OK, 'x'),
		"a text longer than all":  frame(DeliverSM, OK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 'x'),
		"a parameter that is cut": frame(EnquireLink, OK, 0x02, 0x04, 0, 2, 1),
		"a rest that is nothing":  frame(EnquireLink, OK, 1),
	} {
		var body *BodyError
		p, raw, err := Read(bytes.NewReader(in))
		if !errors.As(err, &body) || body.Header.Sequence != 7 || !bytes.Equal(body.Raw, in) || !bytes.Equal(raw, in) || p.Sequence != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]PDU{
		"system_id of 16":     {Command: BindTransceiver, Body: &Bind{SystemID: strings.Repeat("x", 16)}},
		"a NUL in a number":   {Command: SubmitSM, Body: &Message{To: Address{Number: "7\x009"}}},
		"number of 21":        {Command: SubmitSM, Body: &Message{To: Address{Number: strings.Repeat("7", 21)}}},
		"text of 255":         {Command: SubmitSM, Body: &Message{Text: make([]byte, 255)}},
		"a payload of 64 KiB": {Command: SubmitSM, Body: &Message{}, TLVs: TLVs{{TagPayload, make([]byte, 1<<16)}}},
		"more than MaxSize":   {Command: SubmitSM, Body: &Message{}, TLVs: TLVs{{TagPayload, make([]byte, 60000)}, {TagPayload, make([]byte, 60000)}}},
	} {
		if b, err := p.Append([]byte("before")); err == nil || string(b) != "before" {
			t.Errorf("%s: %v, %d octets", name, err, len(b))
		}
	}
	if _, err := (PDU{Command: SubmitSM, Body: &Message{}, TLVs: TLVs{{TagPayload, make([]byte, 0xFFFF)}}}).Append(nil); err != nil {
		t.Errorf("the longest payload: %v", err)
	}
}

func cstr(maxLen int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		b := rapid.SliceOfN(rapid.Byte().Filter(func(b byte) bool { return b != 0 }), 0, maxLen).Draw(t, "s")
		return string(b)
	})
}

func address(size int) *rapid.Generator[Address] {
	return rapid.Custom(func(t *rapid.T) Address {
		return Address{rapid.Uint8().Draw(t, "ton"), rapid.Uint8().Draw(t, "npi"), cstr(size-1).Draw(t, "number")}
	})
}

func body(t *rapid.T, c Command) Body {
	octet := func(name string) uint8 { return rapid.Uint8().Draw(t, name) }
	switch b := newBody(c).(type) {
	case *Bind:
		*b = Bind{cstr(15).Draw(t, "id"), cstr(64).Draw(t, "pw"), cstr(12).Draw(t, "type"), octet("v"), octet("ton"), octet("npi"), cstr(40).Draw(t, "range")}
		return b
	case *BindResp:
		b.SystemID = cstr(64).Draw(t, "id")
		return b
	case *MessageResp:
		b.ID = cstr(64).Draw(t, "id")
		return b
	case *Message:
		*b = Message{
			cstr(5).Draw(t, "service"), address(21).Draw(t, "from"), address(21).Draw(t, "to"), ESM(octet("esm")), octet("pid"), octet("prio"),
			cstr(16).Draw(t, "sched"), cstr(16).Draw(t, "valid"), octet("reg"), octet("repl"), octet("dcs"), octet("def"),
			rapid.SliceOfN(rapid.Byte(), 0, MaxText).Draw(t, "text"),
		}
		if len(b.Text) == 0 {
			b.Text = nil
		}
		return b
	case *Data:
		*b = Data{cstr(5).Draw(t, "service"), address(65).Draw(t, "from"), address(65).Draw(t, "to"), ESM(octet("esm")), octet("reg"), octet("dcs")}
		return b
	case *Alert:
		*b = Alert{address(65).Draw(t, "from"), address(65).Draw(t, "to")}
		return b
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	commands := []Command{
		BindReceiver, BindTransmitter, BindTransceiver, BindTransceiverResp, SubmitSM, SubmitSMResp, DeliverSM, DeliverSMResp, DataSM, DataSMResp,
		Unbind, UnbindResp, EnquireLink, EnquireLinkResp, GenericNack, AlertNotification,
	}
	rapid.Check(t, func(t *rapid.T) {
		p := PDU{
			Command:  rapid.SampledFrom(commands).Draw(t, "command"),
			Status:   Status(rapid.Uint32().Draw(t, "status")),
			Sequence: rapid.Uint32().Draw(t, "sequence"),
		}
		p.Body = body(t, p.Command)
		for range rapid.IntRange(0, 4).Draw(t, "tlvs") {
			tlv := TLV{Tag(rapid.Uint16().Draw(t, "tag")), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")}
			if len(tlv.Value) == 0 {
				tlv.Value = nil
			}
			p.TLVs = append(p.TLVs, tlv)
		}
		b, err := p.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, raw, err := Read(bytes.NewReader(b))
		if err != nil || !bytes.Equal(raw, b) {
			t.Fatalf("Read: %v", err)
		}
		if d := cmp.Diff(p, got); d != "" {
			t.Fatal(d)
		}
	})
}

// FuzzRead: no input makes the reader fall over, and what it reads it writes to
// the same meaning.
func FuzzRead(f *testing.F) {
	for _, p := range []PDU{
		{Command: BindTransceiver, Sequence: 1, Body: &Bind{SystemID: "vahta", Password: "x", Version: Version34}},
		{Command: DeliverSM, Sequence: 2, Body: &Message{From: Address{1, 1, "79001234567"}, ESM: ESMReceipt, Text: []byte("id:1F sub:001 dlvrd:001 submit date:2611230844 done date:2611230845 stat:DELIVRD err:000 text:x")}, TLVs: TLVs{CString(TagReceiptedID, "1F"), Uint8(TagMessageState, 2)}},
		{Command: DataSM, Sequence: 3, Body: &Data{ESM: ESMHeader}, TLVs: TLVs{{TagPayload, []byte{5, 0, 3, 1, 2, 1, 4, 0x1f}}}},
		{Command: AlertNotification, Sequence: 4, Body: &Alert{}},
		{Command: SubmitSMResp, Sequence: 5, Body: &MessageResp{ID: "abc"}},
		Nack(6, InvalidCommand),
	} {
		b, err := p.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p, raw, err := Read(bytes.NewReader(in))
		if err != nil {
			return
		}
		if len(raw) > len(in) || len(raw) > MaxSize {
			t.Fatalf("read %d octets of %d", len(raw), len(in))
		}
		rec, ok := ReadReceipt(p)
		if ok && !SameID(rec.ID, rec.ID) && rec.ID != "" {
			t.Fatalf("%q is not itself", rec.ID)
		}
		again, err := p.Append(nil)
		if err != nil {
			return // longer than what may be written
		}
		q, err := Decode(again)
		if err != nil {
			t.Fatalf("wrote what can not be read: %v", err)
		}
		if d := cmp.Diff(p, q); d != "" {
			t.Fatal(d)
		}
	})
}
