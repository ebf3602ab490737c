package pdu

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func receiptPDU(text string, tlvs ...TLV) PDU {
	return PDU{Command: DeliverSM, Body: &Message{ESM: ESMReceipt, Text: []byte(text)}, TLVs: tlvs}
}

// The forms are those that message centres are known to send.
func TestReadReceipt(t *testing.T) {
	t.Parallel()
	header := receiptPDU("\x05\x00\x03\x07\x01\x01id:7 stat:EXPIRED err:004")
	header.Body.(*Message).ESM |= ESMHeader
	for _, tt := range []struct {
		name string
		in   PDU
		want Receipt
	}{
		{"appendix B", receiptPDU("id:0123456789 sub:001 dlvrd:001 submit date:2611230844 done date:2611230845 stat:DELIVRD err:000 text:Привет"), Receipt{ID: "0123456789", State: StateDelivered, Submitted: "2611230844", Done: "2611230845", Text: "Привет"}},
		{"the text looks like fields", receiptPDU("id:1 stat:UNDELIV err:012 text:id:2 stat:DELIVRD"), Receipt{ID: "1", State: StateUndeliverable, Err: "12", Text: "id:2 stat:DELIVRD"}},
		{"Text with a capital", receiptPDU("id:1 stat:REJECTD err:0A1 Text:"), Receipt{ID: "1", State: StateRejected, Err: "A1"}},
		{"another order and case", receiptPDU("STAT:delivrd ID:ab-12"), Receipt{ID: "ab-12", State: StateDelivered}},
		{"a whole word", receiptPDU("id:5 stat:DELIVERED"), Receipt{ID: "5", State: StateDelivered}},
		{"on its way", receiptPDU("id:5 stat:ENROUTE"), Receipt{ID: "5", State: StateEnroute}},
		{"a word of its own", receiptPDU("id:5 stat:FOO"), Receipt{ID: "5", State: StateUnknown}},
		{"seconds", receiptPDU("id:5 submit date:261123084455 done date:261123084456 stat:DELETED"), Receipt{ID: "5", State: StateDeleted, Submitted: "261123084455", Done: "261123084456"}},
		{"another id at the end of a word", receiptPDU("msgid:6 id:5 stat:ACCEPTD"), Receipt{ID: "5", State: StateAccepted}},
		{"behind a header", header, Receipt{ID: "7", State: StateExpired, Err: "4"}},
		{"parameters alone", receiptPDU("", CString(TagReceiptedID, "9f"), Uint8(TagMessageState, 5), TLV{TagNetworkError, []byte{3, 1, 4}}, Uint16(TagUserReference, 77)), Receipt{ID: "9f", State: StateUndeliverable, Err: "260", Reference: 77, HasReference: true}},
		{"parameters count for more", receiptPDU("id:1 stat:ENROUTE err:007", CString(TagReceiptedID, "2"), Uint8(TagMessageState, 2)), Receipt{ID: "2", State: StateDelivered, Err: "7"}},
		{"a parameter without its NUL", receiptPDU("", TLV{TagReceiptedID, []byte("2")}), Receipt{ID: "2"}},
		{"in a payload", receiptPDU("", TLV{TagPayload, []byte("id:3 stat:DELIVRD")}), Receipt{ID: "3", State: StateDelivered}},
		{"data_sm", PDU{Command: DataSM, Body: &Data{ESM: ESMIntermediate}, TLVs: TLVs{{TagPayload, []byte("id:3 stat:BUFFERED")}}}, Receipt{ID: "3", State: StateEnroute}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ReadReceipt(tt.in)
			if !ok {
				t.Fatal("no receipt")
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNoReceipt(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]PDU{
		"a client writes one": {Command: DeliverSM, Body: &Message{Text: []byte("id:1 stat:DELIVRD")}},
		"it names no message": receiptPDU("stat:DELIVRD"),
		"another PDU":         {Command: SubmitSMResp, Body: &MessageResp{ID: "1"}},
		"without its body":    {Command: DeliverSM},
	} {
		if rec, ok := ReadReceipt(p); ok {
			t.Errorf("%s: read %+v", name, rec)
		}
	}
}

func TestSameID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		submitted, receipt string
		want               bool
	}{
		{"abc-1", "abc-1", true},
		{"1F", "31", true},         // hexadecimal in the answer, decimal in the receipt
		{"31", "1F", true},         // the other way round
		{"0000001f", "31", true},   // padded
		{"1f", "0000000031", true}, // the receipt is padded
		{"1F", "1f", true},
		{"9A3BC0D1", "2587607249", true},
		{"31", "32", false},
		{"", "0", false},
		{"x", "", false},
		{"ffffffffffffffffffff", "1", false},
	} {
		if got := SameID(tt.submitted, tt.receipt); got != tt.want {
			t.Errorf("SameID(%q, %q) = %t", tt.submitted, tt.receipt, got)
		}
		if tt.want && !slices.ContainsFunc(Candidates(tt.receipt), func(c string) bool { return strings.EqualFold(c, tt.submitted) }) {
			t.Errorf("an index asked for %q by %v misses %q", tt.receipt, Candidates(tt.receipt), tt.submitted)
		}
	}
	if c := Candidates("0000000031"); c[0] != "0000000031" {
		t.Errorf("the likeliest comes first: %v", c)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for s, want := range map[Status]bool{Throttled: true, QueueFull: true, SystemError: true, InvalidDest: false, PermanentHere: false, 0x433: true, 0x33: false} {
		if s.Temporary() != want {
			t.Errorf("%v temporary = %t", s, !want)
		}
	}
	if Status(0x433).String() != "status(0x433)" || Command(0x80000004).String() != "submit_sm_resp" || Command(0x99).String() != "command(0x00000099)" {
		t.Error("names")
	}
}
