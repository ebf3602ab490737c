package privacy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// UnknownError says that nobody is meant by what was written for a person.
type UnknownError struct {
	Why string
	ru  string
}

// Error implements error.
func (e *UnknownError) Error() string { return e.Why }

// unknown says the same in English and in Russian, with the same arguments.
func unknown(en, ru string, args ...any) error {
	return &UnknownError{fmt.Sprintf(en, args...), fmt.Sprintf(ru, args...)}
}

// subject is whom a demand is about.
type subject struct {
	client.Person // empty = on no card

	book  *client.Book
	card  *client.Contact // nil = on no card any more
	known map[string]bool // addresses that are theirs, by channel:address: of the demand, or a log has them under their name
	names map[string]bool // as cards and logs write them
}

// find says whom a demand means: ORG/CONTACT, a number, or CHANNEL:ADDRESS.
func find(book *client.Book, who string) (*subject, error) {
	s := &subject{book: book, known: map[string]bool{}, names: map[string]bool{}}
	who = strings.TrimSpace(who)
	if org, contact, ok := strings.Cut(who, "/"); ok && !strings.ContainsAny(org, ":+@") {
		o, known := book.Resolve(org)
		if !known {
			return nil, unknown("there is no client %q; `vahta client list` shows who there is", "клиента %q нет; `vahta client list` показывает, кто есть", org)
		}
		s.Person = client.Person{Org: o.ID, Contact: contact}
		return s.withCard(), nil
	}
	channel, address, ok := strings.Cut(who, ":")
	if !ok {
		channel, address = client.ChannelCall, who
	}
	if channel == client.ChannelCall || channel == client.ChannelSMS {
		n, err := book.Numbering().Parse(address)
		if err != nil {
			return nil, unknown("%q is no person: write CLIENT/CONTACT, a telephone number, or CHANNEL:ADDRESS such as email:ivan@romashka.example",
				"%q не человек: напишите КЛИЕНТ/КОНТАКТ, номер телефона или КАНАЛ:АДРЕС, например email:ivan@romashka.example", who)
		}
		address = string(n)
	}
	switch m := book.MatchAddress(channel, address); {
	case m.Contact != "" && len(m.Others) == 0:
		s.Person = client.Person{Org: m.Org, Contact: m.Contact}
		return s.withCard(), nil
	case m.Level == client.Known && !listed(book, channel, address): // by its domain: the address is theirs, and the client is known
		s.Org = m.Org
	case m.Level != client.Unknown:
		return nil, unknown("%q is no single person's: it is shared at %s; write CLIENT/CONTACT",
			"%q не одного человека: это общий адрес у %s; напишите КЛИЕНТ/КОНТАКТ", who, m.Org)
	}
	s.know(channel, address)
	return s, nil
}

// listed reports whether a card has an address, or it is a number: then it may be several people's.
func listed(book *client.Book, channel, address string) bool {
	if way(channel) == client.ChannelCall {
		return true
	}
	for _, o := range book.Organisations() {
		lists := [][]client.Address{o.Addresses}
		for _, c := range o.Contacts {
			lists = append(lists, c.Addresses)
		}
		for _, a := range slices.Concat(lists...) {
			if strings.EqualFold(a.Channel, channel) && strings.EqualFold(strings.TrimSpace(a.Value), address) {
				return true
			}
		}
	}
	return false
}

// withCard adds what the card says.
func (s *subject) withCard() *subject {
	o, _ := s.book.Organisation(s.Org)
	if c, ok := o.Contact(s.Contact); ok {
		s.card = &c
		s.name(c.Name)
	}
	return s
}

// String names the person without a name: the card's ids, or the way they came, masked.
func (s *subject) String() string {
	if s.Contact != "" {
		return s.Org + "/" + s.Contact
	}
	for _, key := range slices.Sorted(maps.Keys(s.known)) {
		channel, address, _ := strings.Cut(key, ":")
		return channel + ":" + client.Mask(address)
	}
	return "nobody"
}

func (s *subject) know(channel, address string) {
	if address != "" {
		s.known[known(channel, address)] = true
	}
}

// name notes a name that is worth looking for: a single short word stands in other words, too.
func (s *subject) name(name string) {
	const shortest = 4 // runes
	if name = strings.TrimSpace(name); len([]rune(name)) >= shortest {
		s.names[name] = true
	}
}

// known is an address as it is compared: whoever writes to it minds no case.
func known(channel, address string) string { return way(channel) + ":" + strings.ToLower(address) }

// way is the channel by which an address is known: calls and short messages share their numbers.
func way(channel string) string {
	if channel == client.ChannelSMS {
		return client.ChannelCall
	}
	return channel
}

// is reports whether a party of a ticket is the person. An address that others share is nobody's.
func (s *subject) is(c ticket.Contact) bool {
	if c.Client.Contact != "" {
		return s.Contact != "" && c.Client.Contact == s.Contact && s.ours(c.Client.Org)
	}
	if c.Address == "" {
		return false
	}
	if s.known[known(c.Channel, c.Address)] {
		return true
	}
	m := s.book.MatchAddress(c.Channel, c.Address)
	return s.Contact != "" && m.Org == s.Org && m.Contact == s.Contact && len(m.Others) == 0
}

// isNumber reports whether a caller is the person.
func (s *subject) isNumber(n client.Number) bool {
	return s.is(ticket.Contact{Channel: client.ChannelCall, Address: string(n)})
}

// ours reports whether an id is that of the client, or of one that was merged into it.
func (s *subject) ours(org string) bool {
	o, ok := s.book.Resolve(org)
	return ok && o.ID == s.Org
}

// concerns reports whether a ticket may be about the person: those of the client, and those of people whom nobody knew; of one who
// is on no card, any.
func (s *subject) concerns(t ticket.Ticket) bool {
	return s.Contact == "" || t.Client.Org == "" || s.ours(t.Client.Org)
}

// searched reports whether a ticket is searched for the person: those in which they have a part, and of a contact all those of the
// client, where colleagues name them. What others write elsewhere is about somebody else of that name.
func (s *subject) searched(d ticket.Dossier) bool {
	if s.Contact != "" && d.Ticket.Client.Org != "" && s.ours(d.Ticket.Client.Org) {
		return true
	}
	if s.party(d.Ticket.Party) || d.Ticket.Caller != "" && s.isNumber(d.Ticket.Caller) {
		return true
	}
	has := false
	for _, c := range parties(d) {
		has = has || s.is(c)
	}
	for _, c := range d.Calls {
		has = has || c.Caller != "" && s.isNumber(c.Caller)
	}
	return has
}

// parties are whom a ticket is with.
func parties(d ticket.Dossier) (list []ticket.Contact) {
	for _, story := range d.Stories {
		list = append(list, story.From)
		for _, signal := range story.Signals {
			list = append(list, signal.From)
		}
	}
	for _, m := range d.Messages {
		list = append(list, m.To)
	}
	return list
}

// party reports whether what joins signals to a ticket names the person.
func (s *subject) party(party string) bool {
	if _, id, ok := strings.Cut(party, "contact:"); ok {
		org, contact, _ := strings.Cut(id, "/")
		return s.Contact != "" && contact == s.Contact && s.ours(org)
	}
	if _, number, ok := strings.Cut(party, "number:"); ok {
		return s.isNumber(client.Number(number))
	}
	channel, address, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(party, "quiet:"), "unproven:"), ":")
	return s.is(ticket.Contact{Channel: channel, Address: address})
}

// learn notes under which addresses a log has the person, and as whom a card had them then. How a sender calls himself is no name:
// it may be any word.
func (s *subject) learn(d ticket.Dossier) {
	for _, c := range parties(d) {
		if s.is(c) {
			s.know(c.Channel, c.Address)
			if s.Contact != "" && c.Client.Contact == s.Contact {
				s.name(c.Client.ContactName)
			}
		}
	}
	for _, c := range d.Calls {
		if c.Caller != "" && s.isNumber(c.Caller) {
			s.know(client.ChannelCall, string(c.Caller))
		}
	}
}
