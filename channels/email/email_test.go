package email_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/channels/email"
	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// desk notes what it is told.
type desk struct {
	received []dispatch.Signal
	bounces  []string
	unknown  bool // it knows none of our mails
	away     error
}

func (d *desk) Receive(_ context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	if d.away != nil {
		return dispatch.SignalID{}, d.away
	}
	d.received = append(d.received, sig)
	return sig.ID(), nil
}

func (d *desk) Bounced(_ context.Context, ref dispatch.Ref, message string, hard bool, cause string) error {
	switch {
	case d.away != nil:
		return d.away
	case d.unknown:
		return dispatch.ErrNotFound
	}
	d.bounces = append(d.bounces, fmt.Sprint(ref.ID, " ", message, " ", hard, " ", cause))
	return nil
}

// drawer has one secret.
type drawer struct{ away error }

func (d drawer) Secret(context.Context, string, []byte) ([]byte, error) {
	return []byte("0123456789abcdef0123456789abcdef"), d.away
}

// house is an intake with two mailboxes.
func house(t *testing.T, d *desk) (*email.Intake, *email.Reader) {
	t.Helper()
	c := email.Default()
	c.Out.From = "Desk <help@desk.example>"
	c.In.Mailboxes = []accept.Mailbox{{Address: "help@desk.example", Line: "second"}, {Address: "fire@desk.example", Emergency: true}}
	c.In.Trusted = []string{"MX.desk.example"}
	m := ids.New("desk.example")
	r := email.NewReader(c, m)
	return &email.Intake{Reader: r, Desk: d, IDs: m, Secrets: drawer{}, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}, r
}

// mailTo is a mail as a mail server hands it to us.
func mailTo(box, from string, lines ...string) accept.Mail {
	return accept.Mail{Mailbox: box, To: box, From: from, Raw: []byte(strings.Join(lines, "\r\n") + "\r\n")}
}

// through takes a mail in and reads what was stored.
func through(t *testing.T, m accept.Mail) dispatch.MessageSignal {
	t.Helper()
	d := &desk{}
	in, r := house(t, d)
	if err := in.Take(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(d.received) != 1 {
		t.Fatalf("%d signals, bounces %q", len(d.received), d.bounces)
	}
	got, err := r.Decode(d.received[0])
	if err = errors.Join(err, got.Validate()); err != nil {
		t.Fatal(err)
	}
	return got
}

// lost is a report of a mail server about one of our mails.
func lost(from, id, action, status string) accept.Mail {
	return mailTo("help@desk.example", from,
		"From: MAILER-DAEMON@mx.client.example", "To: help@desk.example", "Subject: Undelivered Mail", "Auto-Submitted: auto-replied",
		`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`, "", "--b", "Content-Type: text/plain", "", "It did not go.",
		"--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.client.example", "",
		"Final-Recipient: rfc822; olga@client.example", "Action: "+action, "Status: "+status, "Diagnostic-Code: smtp; no such user",
		"--b", "Content-Type: text/rfc822-headers", "", "Message-ID: <"+id+">", "", "--b--")
}

func TestWhatAMailMeans(t *testing.T) {
	t.Parallel()
	in, _ := house(t, &desk{})
	if err := in.IDs.Load(t.Context(), drawer{}); err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	ours := in.IDs.Message(id, "notice")
	from := "From: Ivan <ivan@client.example>"
	for name, c := range map[string]struct {
		mail accept.Mail
		want func(dispatch.MessageSignal) bool
	}{
		"words without what is quoted": {
			mailTo("help@desk.example", "ivan@client.example", from, "Subject: Re: 1C", "Content-Type: text/plain; charset=utf-8", "", "Не работает.", "", "On Mon, 1 Jan 2026 at 10:00, Desk <help@desk.example> wrote:", "> old words"),
			func(m dispatch.MessageSignal) bool {
				return m.Subject == "Re: 1C" && m.Text == "Не работает." && m.From.Channel == "email" && m.From.Address == "ivan@client.example" && m.From.Name == "Ivan" &&
					m.Line == "second" && m.Priority == 0 && !m.Machine && !m.Quiet && !m.Warning
			},
		},
		"the mailbox of emergencies": {
			mailTo("fire@desk.example", "ivan@client.example", from, "Subject: 1C", "", "x"),
			func(m dispatch.MessageSignal) bool { return m.Priority == ticket.Critical },
		},
		"an answer to a mail of ours": {
			mailTo("help@desk.example", "ivan@client.example", from, "Subject: x", "In-Reply-To: <foreign@x.example>", "References: <"+ours+"> <foreign@x.example>", "", "x"),
			func(m dispatch.MessageSignal) bool { return !m.Unproven && slices.Equal(m.InReplyTo, []string{id}) },
		},
		"an id that is forged": {
			mailTo("help@desk.example", "ivan@client.example", from, "Subject: x", "In-Reply-To: <"+strings.Repeat("a", 10)+ours[10:]+">", "", "x"),
			func(m dispatch.MessageSignal) bool { return len(m.InReplyTo) == 0 },
		},
		"a number of one who may be anybody": {
			mailTo("help@desk.example", "ivan@client.example", from, "Subject: [VH-26-004213] x", "", "x"),
			func(m dispatch.MessageSignal) bool {
				return m.Unproven && slices.Equal(m.InReplyTo, []string{"VH-26-004213"})
			},
		},
		"a number of one who is proved": {
			mailTo("help@desk.example", "ivan@client.example", "Authentication-Results: mx.desk.example; dmarc=pass header.from=client.example", from, "Subject: [VH-26-004213] x", "", "x"),
			func(m dispatch.MessageSignal) bool {
				return !m.Unproven && slices.Equal(m.InReplyTo, []string{"VH-26-004213"})
			},
		},
		"an answer of one whose domain denies him": {
			mailTo("help@desk.example", "ivan@client.example", "Authentication-Results: mx.desk.example; dmarc=fail header.from=client.example", from, "Subject: x", "In-Reply-To: <"+ours+">", "", "x"),
			func(m dispatch.MessageSignal) bool { return m.Unproven && slices.Equal(m.InReplyTo, []string{id}) },
		},
		"results that no server of ours has written": {
			mailTo("help@desk.example", "ivan@client.example", "Authentication-Results: mx.evil.example; dmarc=pass header.from=client.example", from, "Subject: x", "", "x"),
			func(m dispatch.MessageSignal) bool { return m.Unproven },
		},
		"out of office": {
			mailTo("fire@desk.example", "ivan@client.example", from, "Subject: away", "Auto-Submitted: auto-replied", "", "x"),
			func(m dispatch.MessageSignal) bool { return m.Machine && m.Warning && m.Quiet && m.Priority == 0 },
		},
		"an alarm of a machine wakes": {
			mailTo("fire@desk.example", "raid@client.example", "From: raid@client.example", "Subject: disk failed", "Auto-Submitted: auto-generated", "", "x"),
			func(m dispatch.MessageSignal) bool {
				return m.Machine && !m.Warning && m.Quiet && m.Priority == ticket.Critical && m.Source == "raid@client.example"
			},
		},
		"a list may be a human": {
			mailTo("help@desk.example", "list@client.example", from, "Subject: x", "List-Id: <all.client.example>", "", "x"),
			func(m dispatch.MessageSignal) bool { return !m.Machine && m.Quiet && !m.Warning },
		},
		"ourselves": {
			mailTo("help@desk.example", "help@desk.example", "From: help@desk.example", "Subject: x", "", "x"),
			func(m dispatch.MessageSignal) bool { return m.Quiet },
		},
		"nobody and nothing": {
			mailTo("help@desk.example", "ghost@client.example"),
			func(m dispatch.MessageSignal) bool {
				return m.From.Address == "ghost@client.example" && m.Subject != ""
			},
		},
		"a mailbox that is there no more": {
			mailTo("gone@desk.example", "ivan@client.example", from, "Subject: x", "", "x"),
			func(m dispatch.MessageSignal) bool { return strings.Contains(m.Text, "gone@desk.example") },
		},
		"a file alone": {
			mailTo("help@desk.example", "ivan@client.example", from, "Content-Type: application/pdf; name=plan.pdf", "Content-Disposition: attachment; filename=plan.pdf", "", "%PDF-1.4"),
			func(m dispatch.MessageSignal) bool { return strings.Contains(m.Text, "plan.pdf") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := through(t, c.mail); !c.want(m) {
				t.Errorf("%+v", m)
			}
		})
	}
}

// TestABounceGoesToItsTicket and makes no other, when it is a mail server's word about a mail of ours.
func TestABounceGoesToItsTicket(t *testing.T) {
	t.Parallel()
	d := &desk{}
	in, r := house(t, d)
	if err := in.IDs.Load(t.Context(), drawer{}); err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	ours := in.IDs.Message(id, "notice")
	take := func(m accept.Mail) {
		t.Helper()
		if err := in.Take(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	take(lost("", ours, "failed", "5.1.1"))
	take(lost("", ours, "delayed", "4.4.1"))
	if len(d.bounces) != 2 || len(d.received) != 0 || !strings.HasPrefix(d.bounces[0], id+" "+ours+" true 5.1.1") || !strings.HasPrefix(d.bounces[1], id+" "+ours+" false 4.4.1") {
		t.Fatalf("bounces %q, %d signals", d.bounces, len(d.received))
	}
	take(lost("ivan@client.example", ours, "failed", "5.1.1"))                 // no mail server has this sender
	take(lost("", "foreign@desk.example", "failed", "5.1.1"))                  // not ours
	take(lost("", ours, "delivered", "2.0.0"))                                 // no trouble
	take(mailTo("help@desk.example", "", "From: x@client.example", "", "Hi.")) // no report
	d.unknown = true
	take(lost("", ours, "failed", "5.1.1")) // its ticket does not know it
	if len(d.bounces) != 2 || len(d.received) != 5 {
		t.Fatalf("bounces %q, %d signals", d.bounces, len(d.received))
	}
	if m, err := r.Decode(d.received[4]); err != nil || !m.Machine || !m.Warning || !m.Quiet || !slices.Equal(m.InReplyTo, []string{id}) {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestNothingIsPromisedWhileTheStoreIsAway for a mail, a bounce, and while the secret of our ids is not read.
func TestNothingIsPromisedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	d := &desk{away: errors.New("away")}
	in, _ := house(t, d)
	if err := in.Take(t.Context(), mailTo("help@desk.example", "ivan@client.example", "Subject: x")); !errors.Is(err, d.away) {
		t.Error(err)
	}
	if err := in.Take(t.Context(), lost("", in.IDs.Message(uuid.NewString(), "n"), "failed", "5.1.1")); !errors.Is(err, d.away) {
		t.Error(err)
	}
	calm := &desk{}
	in, _ = house(t, calm)
	in.Secrets = drawer{away: d.away}
	if err := in.Take(t.Context(), mailTo("help@desk.example", "ivan@client.example", "Subject: x")); !errors.Is(err, d.away) || len(calm.received) > 0 {
		t.Error(err)
	}
}

// TestAnyBytesAreAMessage: whatever comes is stored as it came, has one key for one mailbox, and is read.
func TestAnyBytesAreAMessage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := &desk{}
		in, r := house(t, d)
		raw := []byte(rapid.SampledFrom([]string{"", "From: x@y.example\r\n\r\n", "Return-Path: <a@b>\r\nDelivered-To: c\r\n"}).Draw(rt, "begin"))
		raw = append(raw, rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "raw")...)
		m := accept.Mail{Mailbox: "help@desk.example", To: "help@desk.example", From: rapid.SampledFrom([]string{"ivan@client.example", "a\r\nb: c@d"}).Draw(rt, "from"), Raw: raw}
		other := m
		other.Mailbox = "fire@desk.example"
		for _, one := range []accept.Mail{m, m, other} {
			if err := in.Take(t.Context(), one); err != nil {
				rt.Fatal(err)
			}
		}
		if d.received[0].Key != d.received[1].Key || d.received[0].Key == d.received[2].Key {
			rt.Fatalf("keys %q, %q, %q", d.received[0].Key, d.received[1].Key, d.received[2].Key)
		}
		for _, sig := range d.received {
			if !strings.HasSuffix(string(sig.Raw), string(raw)) {
				rt.Fatal("the bytes were changed")
			}
			got, err := r.Decode(sig)
			if err = errors.Join(err, got.Validate(), sig.Validate()); err != nil {
				rt.Fatal(err)
			}
		}
	})
}
