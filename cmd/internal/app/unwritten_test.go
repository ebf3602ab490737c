package app_test

import (
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestWordToClient: what is said to a client goes where he can read it, or the engineer who has the ticket is called.
func TestWordToClient(t *testing.T) {
	t.Parallel()
	const page = "https://desk.example.net"
	mail, portal := []string{"email"}, []string{client.ChannelPortal}
	for name, c := range map[string]struct {
		channels []string // of the contract
		url      string
		sent     string // the channel by which it has arrived; empty = by none, the holder is called
	}{
		"an address, nothing sends mail":  {mail, page, ""},
		"a page":                          {portal, page, client.ChannelPortal},
		"a page without a public address": {portal, "", ""},
		"mail fails, the page remains":    {[]string{"email", client.ChannelPortal}, page, client.ChannelPortal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			anna := startPhone(t, "anna", "udp", phone.Accepting(20*time.Millisecond, "1", 300*time.Millisecond))
			r := newRig(t, func(cfg *config.Config) {
				cfg.Portal.PublicURL = c.url
				cfg.People = append(cfg.People, oncall.Person{ID: "anna", Name: "Anna", Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:anna@" + anna.Addr("udp").String()}}})
				cfg.Lines[0].Ladder = []dispatch.LadderRung{{People: []string{"anna"}}}
				cfg.Clients = []client.Organisation{{
					ID: "romashka", Name: "Romashka", Contract: client.Contract{Channels: c.channels},
					Contacts: []client.Contact{{ID: "olga", Name: "Olga", Addresses: []client.Address{{Channel: client.ChannelEmail, Value: "olga@romashka.example"}}}},
				}}
			})
			d, by := r.app.Dispatcher(), dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI}
			ref, err := d.Open(t.Context(), by, dispatch.NewTicket{
				Line: "first", Org: "romashka", From: ticket.Contact{Channel: client.ChannelEmail, Address: "olga@romashka.example"},
				Text: "nothing works", Priority: ticket.Critical, Assignee: "anna",
			})
			r.must(err)
			r.must(d.Acknowledge(t.Context(), ref, "anna", "cli", time.Now()))
			told, err := d.Tell(t.Context(), ref, by, dispatch.Word{Purpose: ticket.ForReply, Text: "I am on it."})
			r.must(err)
			if len(told) != 1 {
				t.Fatalf("told %+v", told)
			}
			until(t, "the word has arrived, or the holder has pressed the key", func() bool {
				log, err := d.Events(t.Context(), ref)
				r.must(err)
				return slices.ContainsFunc(log, func(e ticket.Event) bool {
					switch b := e.Body.(type) {
					case ticket.Sent:
						return b.Message == told[0].Message && b.Channel == c.sent
					case ticket.Attempted:
						return c.sent == "" && b.Person == "anna" && b.Outcome == string(dispatch.AttemptAcknowledged)
					}
					return false
				})
			})
		})
	}
}
