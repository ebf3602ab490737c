package smpp

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]pdu.Address{
		"+79001234567": {TON: 1, NPI: 1, Number: "79001234567"},
		"79001234567":  {TON: 1, NPI: 1, Number: "79001234567"},
		"9001234567":   {TON: 2, NPI: 1, Number: "9001234567"},
		"4217":         {TON: 3, Number: "4217"},
		"Vahta 24":     {TON: 5, Number: "Vahta 24"},
	} {
		if got, err := ParseAddress(s); err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "+", "Вахта", "TwelveLetter", "a\nb", "+" + strings.Repeat("7", 21)} {
		if got, err := ParseAddress(s); err == nil && got.TON != 5 {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

// What an operator wants of the kinds of addresses counts for more than their
// form.
func TestKinds(t *testing.T) {
	t.Parallel()
	conf := testConfig()
	conf.Source, conf.ServiceType, conf.SourceKind, conf.RecipientKind = "4217", "CMT", &Kind{TON: 6, NPI: 0}, &Kind{TON: 1, NPI: 0}
	pdus, _, err := conf.pdus(Message{To: "+79001234567", Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	m := pdus[0].Body.(*pdu.Message)
	if m.Service != "CMT" || m.From != (pdu.Address{TON: 6, Number: "4217"}) || m.To != (pdu.Address{TON: 1, Number: "79001234567"}) {
		t.Errorf("%+v", m)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "", -time.Second: "", time.Millisecond: "000000000001000R", 26*time.Hour + 3*time.Minute: "000001020300000R", 29 * 24 * time.Hour: "000029000000000R",
		90 * 24 * time.Hour: "000030000000000R", // no operator tries for longer
	} {
		if got := validity(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// A repeat has the references of the first try; another message, and the same
// to somebody else, have others.
func TestReferences(t *testing.T) {
	t.Parallel()
	seen := map[uint16]int{}
	for i := range 1000 {
		m := Message{Ref: fmt.Sprint("notice-", i), To: "+79001234567", Text: "x"}
		if again := (Message{Ref: m.Ref, To: m.To, Text: "x", Only: []int{2}}); again.reference() != m.reference() {
			t.Fatal("a repeat has another reference")
		}
		seen[m.reference()]++
	}
	if len(seen) < 980 {
		t.Errorf("1000 messages have %d references", len(seen))
	}
	if (Message{Ref: "a", To: "1"}).reference() == (Message{Ref: "a", To: "2"}).reference() {
		t.Error("two recipients have one reference")
	}
}

func TestCodingOnTheWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		usual  text.Coding
		latin1 bool
		s      string
		want   text.Coding
		coding uint8
	}{
		{text.GSM, false, "hello @", text.GSM, 0},
		{text.GSM, false, "naïve", text.UCS2, 8},
		{text.GSM, true, "naïve", text.Latin1, 3},
		{text.GSM, false, "Пожар", text.UCS2, 8},
		{text.Latin1, false, "naïve", text.Latin1, 0},
		{text.ASCII, false, "hello @", text.ASCII, 0},
		{text.ASCII, false, "10 €", text.UCS2, 8},
	} {
		conf := testConfig()
		conf.Alphabet, conf.Latin1 = tt.usual, tt.latin1
		pdus, coding, err := conf.pdus(Message{Ref: "a", To: "+79001234567", Text: tt.s})
		if err != nil {
			t.Fatal(err)
		}
		m := pdus[0].Body.(*pdu.Message)
		if coding != tt.want || m.Coding != tt.coding {
			t.Errorf("%q with %s: %s, data_coding %d", tt.s, tt.usual, coding, m.Coding)
		}
		raw, err := pdu.PDU{Command: pdu.DeliverSM, Body: m}.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		in, err := ReadInbound(raw, tt.usual)
		if err != nil || text.Decode(in.Data, in.Coding) != tt.s {
			t.Errorf("%q comes back as %+v, %v", tt.s, in, err)
		}
	}
}

func TestReadInbound(t *testing.T) {
	t.Parallel()
	number := pdu.Address{Number: "1"}
	sarTLVs := pdu.TLVs{pdu.Uint16(pdu.TagSarReference, 300), pdu.Uint8(pdu.TagSarTotal, 2), pdu.Uint8(pdu.TagSarSequence, 2)}
	for _, tt := range []struct {
		name string
		in   pdu.PDU
		want Inbound
	}{
		{"a header", pdu.PDU{Body: &pdu.Message{From: number, ESM: pdu.ESMHeader, Text: []byte("\x05\x00\x03\x07\x02\x01ab")}}, Inbound{From: number, Concat: text.Concat{Ref: 7, Total: 2, Seq: 1}, Data: []byte("ab")}},
		{"parameters", pdu.PDU{Body: &pdu.Message{From: number, Text: []byte("ab")}, TLVs: sarTLVs}, Inbound{From: number, Concat: text.Concat{Ref: 300, Wide: true, Total: 2, Seq: 2}, Data: []byte("ab")}},
		{"a payload", pdu.PDU{Body: &pdu.Message{From: number}, TLVs: pdu.TLVs{{Tag: pdu.TagPayload, Value: []byte("ab")}}}, Inbound{From: number, Data: []byte("ab")}},
		{"data_sm", pdu.PDU{Body: &pdu.Data{From: number, Coding: 8}, TLVs: pdu.TLVs{{Tag: pdu.TagPayload, Value: []byte("\x04\x1f")}}}, Inbound{From: number, Coding: text.UCS2, Data: []byte("\x04\x1f")}},
		{"a receipt", pdu.PDU{Body: &pdu.Message{From: number, ESM: pdu.ESMReceipt, Text: []byte("id:1 stat:DELIVRD")}}, Inbound{From: number, Data: []byte("id:1 stat:DELIVRD"), Receipt: &pdu.Receipt{ID: "1", State: pdu.StateDelivered}}},
	} {
		tt.in.Command = pdu.DeliverSM
		if _, ok := tt.in.Body.(*pdu.Data); ok {
			tt.in.Command = pdu.DataSM
		}
		raw, err := tt.in.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadInbound(raw, text.GSM)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	other, err := pdu.PDU{Command: pdu.EnquireLink}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadInbound(other, text.GSM); err == nil {
		t.Error("enquire_link is a message")
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := testConfig().Validate(); err != nil {
		t.Error(err)
	}
	bad := Config{SystemID: strings.Repeat("x", 20), Addresses: []string{"smsc"}, Source: "Вахта", ServiceType: "longer", Alphabet: text.UCS2, BackoffMin: 2, BackoffMax: 1, Password: "hidden-word"}
	err := bad.Validate()
	for _, field := range []string{"name", "addresses[0]", "system_id", "source", "service_type", "binds", "window", "rate", "alphabet", "dial_timeout", "stable", "backoff_max"} {
		if err == nil || !strings.Contains(err.Error(), field+":") && !strings.Contains(err.Error(), field+",") {
			t.Errorf("nothing is said of %s: %v", field, err)
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", bad.Password)
	for _, shown := range []string{err.Error(), fmt.Sprintf("%v %+v %#v", bad, bad, bad.Password), log.String()} {
		if strings.Contains(shown, "hidden-word") {
			t.Errorf("the password shows in %s", shown)
		}
	}
	if _, err := New(testConfig(), Deps{}); err == nil {
		t.Error("a client without Receive")
	}
}

// The rate falls once for those that were on their way, is never nothing, and
// recovers in a minute.
func TestPace(t *testing.T) {
	t.Parallel()
	p := newPace(10, epoch)
	for range 100 {
		p.fall(epoch.Add(time.Second), epoch)
	}
	if p.rate != 5 {
		t.Errorf("one storm of refusals makes it %g, want 5", p.rate)
	}
	now := epoch.Add(time.Second)
	for range 100 {
		now = now.Add(time.Millisecond)
		p.fall(now, now)
	}
	if p.rate < 0.5 || p.rate > 0.6 {
		t.Errorf("a hundred storms make it %g, want the floor of 0.5", p.rate)
	}
	if at := p.next(now); !at.Equal(now.Add(paceHold)) {
		t.Errorf("the next one leaves at %s after a refusal", at.Sub(now))
	}
	p.advance(now.Add(paceRecover))
	if p.rate != 10 {
		t.Errorf("after a minute it is %g", p.rate)
	}
}
