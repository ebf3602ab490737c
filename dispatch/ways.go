package dispatch

import (
	"slices"

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
