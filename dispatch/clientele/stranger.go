package clientele

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Stranger is a provisional contact: somebody whom no card lists.
type Stranger struct {
	Channel string    `json:"channel"` // call, or that of the address
	Address string    `json:"address"` // number or address
	Name    string    `json:"name,omitempty"`
	Tickets []string  `json:"tickets"` // numbers, newest first
	Last    time.Time `json:"last"`
}

// strangersAtOnce is how many tickets are looked through.
const strangersAtOnce = 1000

// Strangers gathers who is on no card from the latest tickets, the last one
// first.
func (c *Clientele) Strangers(ctx context.Context) ([]Stranger, error) {
	if c.deps.Tickets == nil {
		return nil, nil
	}
	list, err := c.deps.Tickets.Tickets(ctx, dispatch.TicketFilter{Limit: strangersAtOnce})
	if err != nil {
		return nil, fmt.Errorf("look for unknown callers: %w", err)
	}
	book, byAddress := c.Book(), map[string]*Stranger{}
	var order []string
	for _, t := range list {
		s := Stranger{Channel: client.ChannelCall, Address: string(t.Caller), Name: t.Name}
		if s.Address == "" {
			channel, address, ok := partyAddress(t.Party)
			if !ok {
				continue
			}
			s.Channel, s.Address = channel, address
		}
		if t.Client.Level != client.Unknown || book.MatchAddress(s.Channel, s.Address).Level != client.Unknown {
			continue
		}
		key := s.Channel + ":" + s.Address
		if byAddress[key] == nil {
			byAddress[key] = &s
			order = append(order, key)
		}
		known := byAddress[key]
		known.Name = cmp.Or(known.Name, s.Name)
		known.Tickets = append(known.Tickets, t.Number.String())
		if t.OpenedAt.After(known.Last) {
			known.Last = t.OpenedAt
		}
	}
	strangers := make([]Stranger, len(order))
	for i, key := range order {
		strangers[i] = *byAddress[key]
	}
	slices.SortStableFunc(strangers, func(a, b Stranger) int { return b.Last.Compare(a.Last) })
	return strangers, nil
}

// partyAddress reads the party of a ticket that no call opened: a number, or
// channel:address. One of a known contact or of a machine is nobody's address.
func partyAddress(party string) (channel, address string, ok bool) {
	channel, address, ok = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(party, "quiet:"), "unproven:"), ":")
	switch channel {
	case "number":
		channel = client.ChannelCall
	case "contact", "alarm", "":
		return "", "", false
	}
	return channel, address, ok && address != ""
}

// Adopt puts a number or an address on a card: on that of the contact, who is made if there is
// none of that id, or, without one, on the organisation's own.
func (c *Clientele) Adopt(ctx context.Context, channel, address string, to client.Person, name string, by edit.Author, reason string) (Committed, error) {
	o, ok := c.Book().Resolve(to.Org)
	if !ok {
		return Committed{}, &client.ChangeError{Why: fmt.Sprintf("there is no client %q; `vahta client add` makes one", to.Org)}
	}
	o = o.Clone()
	numbers, addresses := &o.Numbers, &o.Addresses
	if contact := cmp.Or(to.Contact, client.Slug(name)); contact != "" {
		i := slices.IndexFunc(o.Contacts, func(p client.Contact) bool { return p.ID == contact })
		if i < 0 {
			o.Contacts, i = append(o.Contacts, client.Contact{ID: contact, Name: cmp.Or(name, contact)}), len(o.Contacts)
		}
		numbers, addresses = &o.Contacts[i].Numbers, &o.Contacts[i].Addresses
	}
	if channel == client.ChannelCall || channel == client.ChannelSMS {
		*numbers = append(*numbers, address)
	} else {
		*addresses = append(*addresses, client.Address{Channel: channel, Value: address})
	}
	base := map[string]int64{o.ID: c.deps.Directory.Load().Revisions[dispatch.OrganisationKey(o.ID).String()]}
	return c.Commit(ctx, client.Change{Put: []client.Organisation{o}, Reason: reason}, by, base)
}
