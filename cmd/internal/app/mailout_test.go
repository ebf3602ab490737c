package app_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/mailtest"
	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestWordToClientByMail: Postfix carries what is said to a client, as one thread; what it is told while it is down arrives once it is
// back; and an address that does not exist is left for the client's next one, or whoever has the ticket is called.
func TestWordToClientByMail(t *testing.T) {
	t.Parallel()
	p := mailtest.StartPostfix(t, "olga")
	anna := startPhone(t, "anna", "udp", phone.Accepting(20*time.Millisecond, "1", 300*time.Millisecond))
	r := newRig(t, func(cfg *config.Config) {
		cfg.Mail.Out.From = "ButlerSPB <help@desk.example>"
		cfg.Mail.Out.Accounts = []send.Account{{Name: "main", Host: "127.0.0.1", Port: p.Port, CA: p.CA}}
		cfg.People = append(cfg.People, oncall.Person{ID: "anna", Name: "Anna", Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:anna@" + anna.Addr("udp").String()}}})
		cfg.Lines[0].Ladder = []dispatch.LadderRung{{People: []string{"anna"}}}
		cfg.Clients = []client.Organisation{{
			ID: "romashka", Name: "Romashka", Contacts: []client.Contact{{ID: "olga", Name: "Olga", Addresses: []client.Address{{Channel: client.ChannelEmail, Value: "olga@" + mailtest.Domain}}}},
		}, {ID: "vasilek", Name: "Vasilek"}}
	})
	d, by := r.app.Dispatcher(), dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI}
	open := func(org, address string) dispatch.Ref {
		var ref dispatch.Ref
		until(t, "the ticket is open", func() (done bool) { // the record may be away for a moment
			var err error
			ref, err = d.Open(t.Context(), by, dispatch.NewTicket{
				Line: "first", Org: org, From: ticket.Contact{Channel: client.ChannelEmail, Address: address, Name: "Olga"},
				Text: "nothing works", Priority: ticket.Critical, Assignee: "anna",
			})
			if !errors.Is(err, dispatch.ErrAway) {
				r.must(err)
			}
			return err == nil
		})
		r.must(d.Acknowledge(t.Context(), ref, "anna", "cli", time.Now()))
		return ref
	}
	tell := func(ref dispatch.Ref, text string) string {
		told, err := d.Tell(t.Context(), ref, by, dispatch.Word{Purpose: ticket.ForReply, Text: text})
		r.must(err)
		if len(told) != 1 {
			t.Fatalf("told %+v", told)
		}
		return told[0].Message
	}
	logged := func(what string, ref dispatch.Ref, is func(ticket.Event) bool) {
		until(t, what, func() bool {
			log, err := d.Events(t.Context(), ref)
			r.must(err)
			return slices.ContainsFunc(log, is)
		})
	}
	sent := func(message string) func(ticket.Event) bool {
		return func(e ticket.Event) bool {
			b, ok := e.Body.(ticket.Sent)
			return ok && b.Message == message && b.Channel == client.ChannelEmail && b.Ref != ""
		}
	}
	ref := open("romashka", "olga@"+mailtest.Domain)
	first := tell(ref, "Я занимаюсь этим.")
	logged("the first mail is taken", ref, sent(first))
	p.Stop()
	second := tell(ref, "Сервер перезапущен.")
	p.Start()
	logged("the second mail is taken", ref, sent(second))

	mails := p.Await("olga", 2)
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	letters := make([]letter.Letter, 0, len(mails))
	for _, raw := range mails {
		letters = append(letters, letter.NewReader(letter.Config{}).Read([]byte(raw), letter.Envelope{}))
	}
	slices.SortFunc(letters, func(a, b letter.Letter) int { return len(a.References) - len(b.References) })
	root := letters[0].InReplyTo
	if len(root) != 1 || !slices.Equal(letters[1].References, []string{root[0], letters[0].ID}) || !slices.Equal(letters[1].InReplyTo, root) {
		t.Errorf("no thread: %q answers %q; %q answers %q and refers to %q", letters[0].ID, root, letters[1].ID, letters[1].InReplyTo, letters[1].References)
	}
	for _, l := range letters {
		if l.Automatic.Quiet || l.To[0] != (letter.Address{Name: "Olga", Mail: "olga@" + mailtest.Domain}) || !slices.ContainsFunc(l.Markers, func(m letter.Marker) bool {
			return m.Place == letter.PlaceSubject && m.Number.String() == ref.Number
		}) {
			t.Errorf("to %v, subject %q, automatic %v", l.To, l.Subject, l.Automatic)
		}
	}

	moved := open("romashka", "nobody@"+mailtest.Domain)
	logged("another address of the client takes what the first one does not", moved, sent(tell(moved, "Проверьте, пожалуйста.")))
	p.Await("olga", 3)

	gone := open("vasilek", "nobody@"+mailtest.Domain)
	lost := tell(gone, "Проверьте, пожалуйста.")
	logged("the address does not exist", gone, func(e ticket.Event) bool {
		b, ok := e.Body.(ticket.Unsent)
		return ok && b.Message == lost && b.Hard
	})
	logged("whoever has the ticket is called about it", gone, func(e ticket.Event) bool {
		b, ok := e.Body.(ticket.Attempted)
		return ok && b.Person == "anna" && b.Outcome == string(dispatch.AttemptAcknowledged)
	})
}
