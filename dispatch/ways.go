package dispatch

import (
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ways returns how the requester of a report can be written to, best first: the
// way he came by, then those of his card, or of his organisation when he has no
// card of his own, then an SMS to the number he called from when those are up. Where the contract
// names channels, only those are used, in its order. A number or address that
// several clients list says of nobody whose it is.
func ways(b *client.Book, from ticket.Contact, up []Channel) (list []ticket.Contact) {
	var channels []string
	known := from.Client.Level == client.Known
	if org, ok := b.Resolve(from.Client.Org); ok && known {
		channels = org.Contract.Channels
	}
	add := func(channel, address, name string) {
		same := func(o ticket.Contact) bool { return o.Channel == channel && o.Address == address }
		if len(channels) > 0 && !slices.Contains(channels, channel) || !canWrite(channel) || slices.ContainsFunc(list, same) {
			return
		}
		if address != "" || channel == string(ChannelPortal) {
			list = append(list, ticket.Contact{Channel: channel, Address: address, Name: name, Party: from.Party, Client: from.Client})
		}
	}
	add(from.Channel, from.Address, from.Name)
	if known {
		for _, r := range b.Routes(from.Client.Org, from.Client.Contact) {
			add(r.Channel, r.Address, r.Name)
		}
	}
	if from.Channel == string(ChannelCall) && slices.Contains(up, ChannelSMS) {
		add(string(ChannelSMS), from.Address, from.Name)
	}
	if len(channels) > 0 {
		slices.SortStableFunc(list, func(a, b ticket.Contact) int {
			return slices.Index(channels, a.Channel) - slices.Index(channels, b.Channel)
		})
	}
	return list
}

// addressee is whose reports are told by a message to those addresses: of the
// requester to whom all of them belong. Where nobody knows whose they are, the
// only requester there is has named them; of several it is nobody.
func addressee(b *client.Book, list []requester, to []ticket.Contact, up []Channel) (report int, also []int) {
	var reports []int
	for _, r := range list {
		known := ways(b, r.from, up)
		if !slices.ContainsFunc(to, func(c ticket.Contact) bool { return !belongs(b, r.from, known, c) }) {
			reports = append(reports, r.report)
		}
	}
	switch {
	case len(reports) > 0:
		return reports[0], reports[1:]
	case len(list) == 1 && !slices.ContainsFunc(to, func(c ticket.Contact) bool { return another(b, list[0].from, c) }):
		return list[0].report, nil
	}
	return ticket.Nobody, nil
}

// belongs reports whether an address is a requester's: the one he came by, one of
// the ways to him, or one on his card that the contract does not name.
func belongs(b *client.Book, from ticket.Contact, known []ticket.Contact, to ticket.Contact) bool {
	same := func(address string) bool { return to.Address != "" && strings.EqualFold(to.Address, address) }
	if same(from.Address) && (from.Channel == to.Channel || Channel(from.Channel) == ChannelCall && Channel(to.Channel) == ChannelSMS) {
		return true
	}
	if slices.ContainsFunc(known, func(c ticket.Contact) bool {
		return c.Channel == to.Channel && (c.Address == to.Address || same(c.Address))
	}) {
		return true
	}
	m := b.MatchAddress(to.Channel, to.Address)
	return m.Level == client.Known && m.Contact != "" && m.Org == from.Client.Org && m.Contact == from.Client.Contact
}

// another reports whether an address stands on the card of somebody else than the
// requester.
func another(b *client.Book, from, to ticket.Contact) bool {
	m := b.MatchAddress(to.Channel, to.Address)
	return m.Level == client.Known && m.Contact != "" && from.Client.Contact != "" && (m.Org != from.Client.Org || m.Contact != from.Client.Contact)
}

// served leaves out the ways that lead over channels that are not up.
func served(list []ticket.Contact, up []Channel) []ticket.Contact {
	return slices.DeleteFunc(slices.Clone(list), func(c ticket.Contact) bool {
		return !slices.Contains(up, Channel(c.Channel))
	})
}

// canWrite reports whether people are written to on a channel.
func canWrite(channel string) bool {
	switch Channel(channel) {
	case ChannelCall, ChannelVoice, ChannelMonitor, ChannelWebhook, ChannelCLI, ChannelAPI, ChannelCalendar, "":
		return false
	case ChannelPortal, ChannelEmail, ChannelChat, ChannelSMS:
	}
	return true
}

// requester is one report of a ticket with who made it.
type requester struct {
	report int
	from   ticket.Contact
	source string // the ticket that it came with by a merge; empty = its own
}

// requesters reads the reports that a ticket has now from its log.
func requesters(log []ticket.Event) (list []requester) {
	of := map[string][]int{} // reports by the ticket that they came with
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Opened:
			list = append(list, requester{1, opener(b), ""})
		case ticket.Reported:
			list = append(list, requester{b.Report, b.From, b.Source})
			of[b.Source] = append(of[b.Source], b.Report)
		case ticket.Released:
			gone := of[b.Source]
			list = slices.DeleteFunc(list, func(r requester) bool { return slices.Contains(gone, r.report) })
		}
	}
	return list
}

// opener is who a ticket's first report comes from.
func opener(o ticket.Opened) ticket.Contact {
	if o.From.Channel != "" {
		return o.From
	}
	return ticket.Contact{
		Channel: string(ChannelCall), Address: string(o.Caller), Name: o.Name, Party: o.Party, Client: o.Client,
	}
}
