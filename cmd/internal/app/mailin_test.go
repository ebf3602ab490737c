package app_test

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/mailtest"
	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/siptest"
)

// deliver hands a mail over by LMTP, as a mail server does, and returns the answer's code.
func deliver(t *testing.T, addr, from, to, raw string) int {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	defer func() { _ = c.Close() }()
	var refused *smtp.SMTPError
	if err := c.Mail(from, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(to, nil); errors.As(err, &refused) {
		return refused.Code
	} else if err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	_, err = w.CloseWithLMTPResponse()
	var faults smtp.LMTPDataError
	switch {
	case err == nil:
		return 250
	case errors.As(err, &faults):
		return faults[to].Code
	}
	t.Fatal(err)
	return 0
}

// TestAMailOpensATicket: a mail that came by LMTP opens one, and its receipt goes out through the submission server; the same bytes again
// open nothing; an answer to the receipt, from another address, and the report that the receipt has not arrived go to that ticket.
func TestAMailOpensATicket(t *testing.T) {
	t.Parallel()
	const help = "help@desk.example"
	p := mailtest.StartPostfix(t, "olga")
	at := siptest.ClosedPort(t).String()
	r := newRig(t, func(cfg *config.Config) {
		cfg.Mail.In.Listen, cfg.Mail.In.Mailboxes = at, []accept.Mailbox{{Address: help, Line: "second"}}
		cfg.Mail.Out.From = "Vahta <" + help + ">"
		cfg.Mail.Out.Accounts = []send.Account{{Name: "main", Host: "127.0.0.1", Port: p.Port, CA: p.CA}}
	})
	d := r.app.Dispatcher()
	take := func(from, raw string) {
		t.Helper()
		until(t, "the mail is taken", func() bool { // a mail server comes again, should the record be away for a moment
			code := deliver(t, at, from, help, raw)
			if code != 250 && code != 451 {
				t.Fatalf("the mail is answered by %d", code)
			}
			return code == 250
		})
	}
	taken := func(want int) (list []dispatch.SignalRecord) {
		t.Helper()
		until(t, "the mails are taken in", func() bool {
			var err error
			list, err = d.ListSignals(t.Context(), dispatch.SignalFilter{Channel: dispatch.ChannelEmail, State: dispatch.SignalTaken})
			r.must(err)
			return len(list) >= want
		})
		return list
	}
	olga := "olga@" + mailtest.Domain
	first := "From: Olga <" + olga + ">\r\nSubject: 1C\r\nMessage-ID: <1@client.example>\r\n\r\nIt is down.\r\n"
	take(olga, first)
	id := taken(1)[0].Taken.Ticket
	tk, err := d.Ticket(t.Context(), id)
	r.must(err)
	if tk.Line != "second" {
		t.Errorf("the ticket is of line %q", tk.Line)
	}
	receipt := letter.NewReader(letter.Config{}).Read([]byte(p.Await("olga", 1)[0]), letter.Envelope{})
	if !strings.Contains(receipt.Subject, tk.Number.String()) {
		t.Errorf("the receipt says %q, the ticket is %s", receipt.Subject, tk.Number)
	}
	take(olga, first)
	if code := deliver(t, at, olga, "nobody@desk.example", first); code != 550 {
		t.Errorf("an unknown mailbox is answered by %d", code)
	}
	take("pavel@client.example", "From: pavel@client.example\r\nSubject: Re: x\r\nIn-Reply-To: <"+receipt.ID+">\r\n\r\nIt is up again.\r\n")
	list := taken(2) // had the first one been taken in again, there were three
	if len(list) != 2 || list[0].Taken.Ticket != id || list[1].Taken.Ticket != id {
		t.Errorf("%d mails became tickets %s and %s, want two of %s", len(list), list[0].Taken.Ticket, list[1].Taken.Ticket, id)
	}
	take("", strings.ReplaceAll(`From: MAILER-DAEMON@mx.client.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.example

Final-Recipient: rfc822; `+olga+`
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <`+receipt.ID+`>

--b--
`, "\n", "\r\n"))
	log, err := d.Events(t.Context(), dispatch.Ref{ID: id})
	r.must(err)
	lost := 0
	for _, e := range log {
		if b, ok := e.Body.(ticket.Unsent); ok && b.Hard {
			lost++
		}
	}
	if n := r.metric("vahta_mail_in_total", "result", "taken"); n != 4 {
		t.Errorf("%v mails are counted", n)
	}
	if lost != 1 || len(taken(2)) != 2 {
		t.Errorf("%d bounces are in the log, and %d mails became tickets", lost, len(taken(2)))
	}
}

// TestAMailWaitsForTheRecord: while another program holds the database a mail is answered by 451; then it is taken.
func TestAMailWaitsForTheRecord(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	a := servedAndStopped(t)
	at := siptest.ClosedPort(t).String()
	a.company += "\nmail: {in: {listen: \"" + at + "\", mailboxes: [{address: help@desk.example}]}}\n"
	release := locked(t, filepath.Join(a.dir, "data", "vahta.db"))
	a.start()
	const raw = "From: ivan@client.example\r\nSubject: 1C\r\n\r\nIt is down.\r\n"
	send := func() int { return deliver(t, at, "ivan@client.example", "help@desk.example", raw) }
	if code := send(); code != 451 {
		t.Errorf("without the record a mail is answered by %d", code)
	}
	release()
	until(t, "the record is back", func() bool { return send() == 250 })
	if code := send(); code != 250 {
		t.Errorf("the same mail again is answered by %d", code)
	}
	until(t, "it has one ticket", func() bool {
		n := 0
		for _, tk := range a.tickets() {
			if strings.Contains(tk.Party, "ivan@client.example") {
				n++
			}
		}
		return n == 1
	})
}
