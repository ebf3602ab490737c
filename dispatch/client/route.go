package client

import (
	"slices"
	"strings"
)

// Route is a way to write to somebody.
type Route struct {
	Channel string `json:"channel"`
	Address string `json:"address,omitempty"` // empty on portal, which is the ticket's page
	Name    string `json:"name,omitempty"`    // of the person; empty = the organisation
	Contact string `json:"contact,omitempty"` // id
}

// ChannelPortal is the page of the ticket: what is written there needs no
// address.
const ChannelPortal = "portal"

// routeOrder are the channels that are tried of a contract that names none.
func routeOrder() []string { return []string{ChannelEmail, "telegram", ChannelSMS} }

// Routes returns the ways to write to a contact, in the order of the contract's
// channels and, on one channel, of the card. Without a contact they are those to
// the people on duty, then those of the organisation itself; if there are none,
// those to everybody on the card.
func (b *Book) Routes(org, contact string) []Route {
	o, ok := b.Resolve(org)
	if !ok {
		return nil
	}
	people := slices.DeleteFunc(slices.Clone(o.Contacts), func(c Contact) bool {
		return contact != "" && c.ID != contact || contact == "" && !c.Duty
	})
	routes := b.routes(o, people, contact == "")
	if len(routes) == 0 && contact == "" {
		routes = b.routes(o, o.Contacts, false)
	}
	return routes
}

func (b *Book) routes(o Organisation, people []Contact, itself bool) []Route {
	order := o.Contract.Channels
	if len(order) == 0 {
		order = routeOrder()
	}
	var list []Route
	add := func(r Route) {
		if r.Channel == ChannelPortal || r.Address != "" {
			list = append(list, r)
		}
	}
	for _, channel := range order {
		channel = strings.ToLower(channel)
		if channel == ChannelPortal {
			add(Route{Channel: channel})
			continue
		}
		for _, c := range people {
			for _, address := range b.reached(channel, c.Numbers, c.Addresses) {
				add(Route{Channel: channel, Address: address, Name: c.Name, Contact: c.ID})
			}
		}
		if !itself {
			continue
		}
		for _, address := range b.reached(channel, nil, o.Addresses) {
			add(Route{Channel: channel, Address: address})
		}
	}
	return list
}

// reached returns what a card has of a channel. Numbers take messages where they
// are no extension.
func (b *Book) reached(channel string, numbers []string, addresses []Address) (list []string) {
	if channel == ChannelSMS {
		for _, raw := range numbers {
			if n, err := b.numbering.Parse(raw); err == nil && !n.Short() {
				list = append(list, string(n))
			}
		}
		return list
	}
	for _, a := range addresses {
		if a.Channel == channel {
			list = append(list, a.Value)
		}
	}
	return list
}
