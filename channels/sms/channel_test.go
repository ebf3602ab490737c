package sms

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// trouble is a text of three parts.
const trouble = "Сервер 1С не отвечает с семи утра, склад стоит, машины ждут под погрузкой. Позвоните Марине на проходную: она откроет серверную. Ключ от стойки № 4 лежит в сейфе, код знает охрана."

// desk keeps signals as a store does.
type desk struct {
	mu   sync.Mutex
	away error
	kept map[string]dispatch.Signal
}

func (d *desk) Receive(_ context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away != nil {
		return dispatch.SignalID{}, d.away
	}
	if err := sig.Validate(); err != nil {
		return dispatch.SignalID{}, err
	}
	if d.kept == nil {
		d.kept = map[string]dispatch.Signal{}
	}
	d.kept[sig.Key] = sig
	return sig.ID(), nil
}

func (d *desk) set(away error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

// texts are what the stored signals say.
func (d *desk) texts(t *testing.T) (list []string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sig := range d.kept {
		m, err := Decode(sig)
		if err != nil {
			t.Error(err)
		}
		list = append(list, m.From.Address+": "+m.Text)
	}
	slices.Sort(list)
	return list
}

func channel(t *testing.T, d *desk, dir string) *Channel {
	t.Helper()
	cfg := Default()
	cfg.Accounts = []Account{{Name: "main", Addresses: []string{"127.0.0.1:1"}, SystemID: "vahta", Source: "4217"}}
	c, err := New(cfg, Deps{Receiver: d, Sends: store.NewMemory(), Spool: dir})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// parts are the messages of a text as a centre delivers them.
func parts(t *testing.T, from, s string, ref uint16) (list [][]byte) {
	t.Helper()
	split, err := text.Split(s, text.UCS2, text.Header8, ref, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range split {
		m := &pdu.Message{From: pdu.Address{TON: 1, NPI: 1, Number: from}, To: pdu.Address{Number: "4217"}, Coding: 8, Text: p.Data}
		if p.Header {
			m.ESM |= pdu.ESMHeader
		}
		raw, err := (pdu.PDU{Command: pdu.DeliverSM, Sequence: uint32(i + 1), Body: m}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, raw)
	}
	return list
}

func deliver(t *testing.T, c *Channel, raws ...[]byte) {
	t.Helper()
	for _, raw := range raws {
		if err := c.received(t.Context(), c.accounts[0], raw); err != nil {
			t.Fatal(err)
		}
	}
}

func wantTexts(t *testing.T, d *desk, want ...string) {
	t.Helper()
	if got := d.texts(t); !slices.Equal(got, want) {
		t.Errorf("stored %q, want %q", got, want)
	}
}

// A text is one signal, in whatever order its parts come and however often.
func TestPartsBecomeOneText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := channel(t, d, t.TempDir())
		p := parts(t, "79001234567", trouble, 7)
		if len(p) != 3 {
			t.Fatalf("%d parts", len(p))
		}
		deliver(t, c, p[2], p[0], p[2])
		c.hand(t.Context())
		wantTexts(t, d)
		deliver(t, c, p[1], p[1], p[0]) // the last two are repeats
		c.hand(t.Context())
		wantTexts(t, d, "+79001234567: "+trouble)
		deliver(t, c, parts(t, "79001234567", "Спасибо", 0)...)
		wantTexts(t, d, "+79001234567: "+trouble, "+79001234567: Спасибо")

		time.Sleep(time.Hour)
		c.hand(t.Context())
		wantTexts(t, d, "+79001234567: "+trouble, "+79001234567: Спасибо")
		left, err := filepath.Glob(filepath.Join(c.deps.Spool, "*"))
		if err != nil || len(left) != 0 {
			t.Errorf("the spool holds %q (%v)", left, err)
		}
	})
}

// What was acknowledged is not lost when the process dies between the parts, or before the text could be stored.
func TestSpoolOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, dir := &desk{}, t.TempDir()
		p := parts(t, "79001234567", trouble, 7)
		deliver(t, channel(t, d, dir), p[0], p[1])

		d.set(errors.New("the record is away"))
		second := channel(t, d, dir)
		if err := second.restore(); err != nil {
			t.Fatal(err)
		}
		deliver(t, second, p[2])
		if wait := second.hand(t.Context()); wait != again {
			t.Errorf("it tries again after %s", wait)
		}
		d.set(nil)
		third := channel(t, d, dir)
		if err := third.restore(); err != nil {
			t.Fatal(err)
		}
		third.hand(t.Context())
		wantTexts(t, d, "+79001234567: "+trouble)

		// A crash between storing and forgetting says the same once more.
		again := channel(t, d, filepath.Join(dir, "again"))
		deliver(t, again, p...)
		again.hand(t.Context())
		wantTexts(t, d, "+79001234567: "+trouble)
	})
}

// A part that never comes leaves a gap, not a silence.
func TestMissingPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := channel(t, d, t.TempDir())
		p := parts(t, "79001234567", trouble, 7)
		deliver(t, c, p[0], p[2])
		if wait := c.hand(t.Context()); wait != 2*time.Minute {
			t.Errorf("it waits for %s", wait)
		}
		time.Sleep(2 * time.Minute)
		c.hand(t.Context())
		got := d.texts(t)
		if len(got) != 1 || !strings.Contains(got[0], text.Gap) || !strings.Contains(got[0], "Сервер 1С") {
			t.Errorf("stored %q", got)
		}
	})
}

// What can not be kept is not acknowledged, and what can not be read is kept.
func TestAcknowledgedIsKept(t *testing.T) {
	d := &desk{}
	c := channel(t, d, filepath.Join(t.TempDir(), "spool"))
	one := parts(t, "79001234567", "Всё стоит", 0)[0]
	d.set(errors.New("the record is away"))
	if err := c.received(t.Context(), c.accounts[0], one); err == nil {
		t.Error("a message was acknowledged that nobody has")
	}
	if err := os.WriteFile(c.deps.Spool, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.received(t.Context(), c.accounts[0], parts(t, "79001234567", trouble, 1)[0]); err == nil {
		t.Error("a part was acknowledged that nobody has")
	}
	d.set(nil)
	deliver(t, c, one, one, []byte("no PDU at all"))
	if len(d.kept) != 2 {
		t.Errorf("%d signals, want the message and what can not be read", len(d.kept))
	}
	for _, sig := range d.kept {
		if m, err := Decode(sig); err == nil && m.Text != "Всё стоит" || err != nil && m.Text != "" {
			t.Errorf("read %q, %v", m.Text, err)
		}
	}
}

// A name is a machine, and wakes nobody.
func TestSenderWithAName(t *testing.T) {
	d := &desk{}
	c := channel(t, d, t.TempDir())
	raw, err := (pdu.PDU{Command: pdu.DeliverSM, Sequence: 1, Body: &pdu.Message{From: pdu.Address{TON: 5, Number: "Bank"}, Text: []byte("Hello")}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, c, raw)
	for _, sig := range d.kept {
		if m, err := Decode(sig); err != nil || !m.Machine || !m.Warning || m.Source != "Bank" || m.Text != "Hello" {
			t.Errorf("read %+v, %v", m, err)
		}
	}
}

// A composed text fits, and keeps number and link.
func TestCompose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := dispatch.Notice{Ref: dispatch.Ref{Number: "VH-2026-00042"}, Message: dispatch.ClientMessage{
			Text: rapid.StringOf(rapid.RuneFrom([]rune("абвгд abc €{}🔥\n—"))).Draw(t, "text") + "!",
			Link: rapid.SampledFrom([]string{"", "https://help.butlerspb.example/t/0123456789abcdef0123456789abcdef"}).Draw(t, "link"),
		}}
		most := rapid.IntRange(2, 4).Draw(t, "parts")
		s := Compose(n, most)
		p, err := text.Split(s, text.Choose(s), text.Header16, 1, most)
		if err != nil || len(p) > most {
			t.Fatalf("%q has %d parts: %v", s, len(p), err)
		}
		if !strings.HasPrefix(s, n.Ref.Number) || !strings.HasSuffix(s, n.Message.Link) {
			t.Fatalf("composed %q", s)
		}
	})
}

// The day's texts are counted, and people have some left when Vahta has none.
func TestDayHasAnEnd(t *testing.T) {
	c := channel(t, &desk{}, t.TempDir())
	c.cfg.PerDay = 5
	word := func(id, to string, human bool) dispatch.Notice {
		return dispatch.Notice{ID: id, Kind: dispatch.NoticeClient, To: to, Message: dispatch.ClientMessage{Text: "x", Human: human}}
	}
	for _, tt := range []struct {
		n     dispatch.Notice
		taken bool
	}{
		{word("1", "+71", false), true},
		{word("1", "+71", false), true}, // a retry counts once
		{word("2", "+71", false), false},
		{word("3", "+72", false), true},
		{word("4", "+73", false), true},
		{word("5", "+74", false), true},
		{word("6", "+75", false), false},
		{word("7", "+75", true), true},
		{word("8", "+75", true), false},
	} {
		_, err := c.admit(t.Context(), tt.n)
		if taken := err == nil; taken != tt.taken || err != nil && !errors.Is(err, dispatch.ErrPermanent) {
			t.Errorf("text %s to %s: %v", tt.n.ID, tt.n.To, err)
		}
	}
}

// Only what no try mends is given up.
func TestFinal(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{smpp.ErrNotSent, false},
		{smpp.ErrUnsure, false},
		{&smpp.RefusedError{Status: pdu.Throttled}, false},
		{&smpp.RefusedError{Status: pdu.InvalidDest}, true},
		{errors.New("a number of 40 digits"), true},
	} {
		if got := final(tt.err); got != tt.want {
			t.Errorf("%v: final %t", tt.err, got)
		}
	}
}
