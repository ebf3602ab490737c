package privacy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// UnknownError says that nobody is meant by what was written for a person.
type UnknownError struct{ Why string }

// Error implements error.
func (e *UnknownError) Error() string { return e.Why }

func unknown(format string, args ...any) error { return &UnknownError{fmt.Sprintf(format, args...)} }

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
			return nil, unknown("there is no client %q; `vahta client list` shows who there is", org)
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
			return nil, unknown("%q is no person: write CLIENT/CONTACT, a telephone number, or CHANNEL:ADDRESS such as email:ivan@romashka.example", who)
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
		return nil, unknown("%q is no single person's: it is shared at %s; write CLIENT/CONTACT", who, m.Org)
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
		s.known[way(channel)+":"+address] = true
	}
}

// name notes a name that is worth looking for: a single short word stands in other words, too.
func (s *subject) name(name string) {
	const shortest = 4 // runes
	if name = strings.TrimSpace(name); len([]rune(name)) >= shortest {
		s.names[name] = true
	}
}

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
	if s.known[way(c.Channel)+":"+c.Address] {
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
	return s.Contact == "" || t.Client.Org == "" || s.Org != "" && s.ours(t.Client.Org)
}

// learn notes under which addresses and names a log has the person.
func (s *subject) learn(d ticket.Dossier) {
	for _, story := range d.Stories {
		contacts := []ticket.Contact{story.From}
		for _, signal := range story.Signals {
			contacts = append(contacts, signal.From)
		}
		for _, c := range contacts {
			if s.is(c) {
				s.know(c.Channel, c.Address)
				s.name(c.Name)
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

// needles are what stands for the person in a text: names, numbers in any spelling, addresses.
func (s *subject) needles() *regexp.Regexp {
	var list []string
	for name := range s.names {
		list = append(list, spelling(name))
	}
	ways := map[string]bool{}
	for key := range s.known {
		ways[key] = true
	}
	if s.card != nil {
		for _, raw := range s.card.Numbers {
			if n, err := s.book.Numbering().Parse(raw); err == nil {
				ways[client.ChannelCall+":"+string(n)] = true
			}
		}
		for _, a := range s.card.Addresses {
			ways[a.String()] = true
		}
	}
	for key := range ways {
		channel, address, _ := strings.Cut(key, ":")
		switch {
		case channel == client.ChannelCall:
			list = append(list, numberSpelling(address))
		case len(address) >= 4: //nolint:mnd // a shorter one stands in other words
			list = append(list, regexp.QuoteMeta(address))
		}
	}
	if s.Contact != "" {
		list = append(list, regexp.QuoteMeta("contact:"+s.Org+"/"+s.Contact))
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) }) // the longest first
	return regexp.MustCompile(`(?i)(?:` + strings.Join(list, "|") + `)`)
}

// spelling finds a name with any space between its words, and ё as е.
func spelling(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		words[i] = strings.NewReplacer("ё", "[её]", "Ё", "[её]", "е", "[её]", "Е", "[её]").Replace(regexp.QuoteMeta(w))
	}
	return strings.Join(words, `\s+`)
}

// numberSpelling finds a number with or without what people put between its digits, a Russian one with 8 too.
func numberSpelling(number string) string {
	digits := strings.TrimPrefix(number, "+")
	const between = `[\s().\-]{0,3}`
	head := `\+?` + between
	if rest, ok := strings.CutPrefix(digits, "7"); ok && strings.HasPrefix(number, "+") && len(digits) == 11 { //nolint:mnd // 7 and ten digits
		head, digits = `(?:\+?7|8)`+between, rest
	}
	return head + strings.Join(strings.Split(digits, ""), between)
}
