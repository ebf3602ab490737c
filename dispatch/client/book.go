package client

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Level says how sure a match is.
type Level uint8

// The levels of a match.
const (
	Unknown Level = iota // nobody lists the number
	Maybe                // several organisations list it
	Known                // exactly one organisation lists it
)

// String returns the level's name as stored and shown.
func (l Level) String() string {
	switch l {
	case Unknown:
		return "unknown"
	case Maybe:
		return "maybe"
	case Known:
		return "known"
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(b []byte) error {
	for _, v := range []Level{Unknown, Maybe, Known} {
		if v.String() == string(b) {
			*l = v
			return nil
		}
	}
	return fmt.Errorf("read match level %q: want unknown, maybe or known", b)
}

// Match is what a number tells about the caller. With level Maybe the
// organisation is the first by name of those that list the number and Others
// holds the rest.
type Match struct {
	Level        Level         `json:"level"`
	Org          string        `json:"org,omitempty"`
	OrgName      string        `json:"org_name,omitempty"`
	Spoken       string        `json:"spoken,omitempty"`
	Contact      string        `json:"contact,omitempty"` // empty when the number is the organisation's, or shared by several contacts
	ContactName  string        `json:"contact_name,omitempty"`
	Language     string        `json:"language,omitempty"`
	FirstContact time.Duration `json:"first_contact_ns,omitempty"`
	Others       []string      `json:"others,omitempty"` // names of further organisations that list the number
	VIP          bool          `json:"vip,omitempty"`    // of the organisation, or the contact
}

// Company is what the cards leave to the company.
type Company struct {
	Zone      string    // IANA name; empty = UTC
	Calendars Calendars // of business days
}

// Book answers who a number or an address belongs to, and what was promised.
type Book struct {
	numbering Numbering
	company   Company
	orgs      []Organisation
	owners    map[Number][]owner
	addresses map[Address][]owner
	domains   map[string][]owner
}

type owner struct{ org, contact int } // contact -1: the organisation itself

// NewBook checks the organisations and indexes their numbers and addresses. All
// faults are joined, each with the path of its field. The book can be used all
// the same: what is faulty is not in it.
func NewBook(orgs []Organisation, numbering Numbering) (*Book, error) {
	b := &Book{
		numbering: numbering, orgs: slices.Clone(orgs), owners: map[Number][]owner{}, addresses: map[Address][]owner{}, domains: map[string][]owner{},
	}
	slices.SortStableFunc(b.orgs, func(a, c Organisation) int { return strings.Compare(a.ID, c.ID) })
	var faults []error
	for i := range b.orgs {
		if i > 0 && b.orgs[i-1].ID == b.orgs[i].ID {
			faults = append(faults, fmt.Errorf("clients[%s]: id is used twice", b.orgs[i].ID))
		}
		faults = append(faults, b.add(i)...)
	}
	if err := errors.Join(faults...); err != nil {
		return b, fmt.Errorf("check clients: %w", err)
	}
	return b, nil
}

// In returns the book for a company.
func (b *Book) In(c Company) *Book {
	is := *b
	is.company = c
	return &is
}

// add indexes one organisation.
func (b *Book) add(i int) (faults []error) {
	o := b.orgs[i]
	path := fmt.Sprintf("clients[%s]", o.ID)
	under := func(field string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s.%s: %w", path, field, err))
		}
	}
	if o.ID == "" || o.Name == "" {
		faults = append(faults, fmt.Errorf("%s: id and name are required", path))
	}
	under("language", language(o.Language))
	if !zone(o.Zone) {
		under("zone", fmt.Errorf("%q is not an IANA zone such as Europe/Moscow", o.Zone))
	}
	if err := o.Contract.validate(); err != nil {
		for fault := range strings.SplitSeq(err.Error(), "\n") {
			faults = append(faults, fmt.Errorf("%s.contract.%s", path, fault))
		}
	}
	faults = append(faults, b.index(path, o.Numbers, owner{i, -1})...)
	faults = append(faults, b.indexAddresses(path, o.Addresses, owner{i, -1})...)
	for j, raw := range o.Domains {
		d, err := domain(raw)
		under(fmt.Sprintf("domains[%d]", j), err)
		if err == nil {
			b.domains[d] = append(b.domains[d], owner{i, -1})
		}
	}
	seen := map[string]bool{}
	for j, c := range o.Contacts {
		if c.ID == "" || seen[c.ID] {
			under(fmt.Sprintf("contacts[%d].id", j), errors.New("required, and may be used once"))
		}
		seen[c.ID] = true
		person := fmt.Sprintf("%s.contacts[%s]", path, c.ID)
		under(fmt.Sprintf("contacts[%s].language", c.ID), language(c.Language))
		faults = append(faults, b.index(person, c.Numbers, owner{i, j})...)
		faults = append(faults, b.indexAddresses(person, c.Addresses, owner{i, j})...)
	}
	return append(faults, assetFaults(path, o.Assets)...)
}

// language refuses one that nobody speaks here.
func language(l string) error {
	if l != "" && l != "ru" && l != "en" {
		return fmt.Errorf("%q, want ru or en", l)
	}
	return nil
}

// assetFaults checks the assets of one organisation.
func assetFaults(path string, assets []Asset) (faults []error) {
	seen := map[string]bool{}
	for j, a := range assets {
		if a.ID == "" || a.Name == "" || seen[a.ID] {
			faults = append(faults, fmt.Errorf("%s.assets[%d]: id and name are required, and an id may be used once", path, j))
		}
		seen[a.ID] = true
		ways := map[string]bool{}
		for k, access := range a.Accesses {
			at := fmt.Sprintf("%s.assets[%s].accesses[%d]", path, a.ID, k)
			if access.ID == "" || access.Way == "" || ways[access.ID] {
				faults = append(faults, fmt.Errorf("%s: id and way are required, and an id may be used once", at))
			}
			ways[access.ID] = true
			if scheme, rest, ok := strings.Cut(access.Secret, ":"); access.Secret != "" && (!ok || scheme == "" || rest == "" || strings.ContainsAny(access.Secret, " \t\n")) {
				faults = append(faults, fmt.Errorf("%s.secret: this must not be the secret itself; write where it is kept, such as vault:romashka/rdp", at))
			}
		}
	}
	return faults
}

func (b *Book) index(path string, numbers []string, who owner) (faults []error) {
	for i, raw := range numbers {
		n, err := b.numbering.Parse(raw)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s.numbers[%d]: %w", path, i, err))
			continue
		}
		if slices.Contains(b.owners[n], who) {
			faults = append(faults, fmt.Errorf("%s.numbers[%d]: the number stands here already, in this or another spelling; remove one", path, i))
			continue
		}
		b.owners[n] = append(b.owners[n], who)
	}
	return faults
}

func (b *Book) indexAddresses(path string, addresses []Address, who owner) (faults []error) {
	for i, a := range addresses {
		at := fmt.Sprintf("%s.addresses[%d]", path, i)
		if phone(a.Channel) {
			faults = append(faults, fmt.Errorf("%s: %q is a telephone number; list it under numbers", at, a.Channel))
			continue
		}
		key, ok := a.key()
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("%s: %q is %w", at, a.String(), errNotAddress))
		case slices.Contains(b.addresses[key], who):
			faults = append(faults, fmt.Errorf("%s: the address stands here already, in this or another spelling; remove one", at))
		default:
			b.addresses[key] = append(b.addresses[key], who)
		}
	}
	return faults
}

// Numbering returns the numbering plan the book reads numbers with.
func (b *Book) Numbering() Numbering { return b.numbering }

// Organisation returns the client with this id.
func (b *Book) Organisation(id string) (Organisation, bool) {
	i, ok := slices.BinarySearchFunc(b.orgs, id, func(o Organisation, id string) int { return strings.Compare(o.ID, id) })
	if !ok {
		return Organisation{}, false
	}
	return b.orgs[i], true
}

// Resolve returns the organisation that an id means: that with the id, or the
// one it was merged into.
func (b *Book) Resolve(id string) (Organisation, bool) {
	for range len(b.orgs) + 1 { // merges in a circle end somewhere
		o, ok := b.Organisation(id)
		if !ok || o.MergedInto == "" {
			return o, ok
		}
		id = o.MergedInto
	}
	return Organisation{}, false
}

// Organisations returns all clients by id, those that were merged into others
// too.
func (b *Book) Organisations() []Organisation { return slices.Clone(b.orgs) }

// Policy returns the rules of clocks that an organisation's contract says; of
// an organisation that is not known, those of a contract that says nothing.
func (b *Book) Policy(org string) sla.Policy {
	o, _ := b.Resolve(org)
	return o.Contract.policy(cmp.Or(o.Zone, b.company.Zone), b.company.Calendars)
}

// Match tells whom the number belongs to; the zero Match means nobody.
func (b *Book) Match(n Number) Match { return b.match(b.owners[n]) }

// MatchAddress tells whom an address of a channel belongs to. Mail is that of
// the person who lists its address, else of the organisation that lists its
// domain or one above it; a number is read as such on call and sms.
func (b *Book) MatchAddress(channel, address string) Match {
	a := Address{strings.ToLower(channel), address}
	if phone(a.Channel) {
		n, err := b.numbering.Parse(address)
		if err != nil {
			return Match{}
		}
		return b.Match(n)
	}
	key, ok := a.key()
	if !ok {
		return Match{}
	}
	if m := b.match(b.addresses[key]); m.Level != Unknown || key.Channel != ChannelEmail {
		return m
	}
	for d := domainOf(key.Value); strings.Contains(d, "."); _, d, _ = strings.Cut(d, ".") {
		if owners := b.domains[d]; len(owners) > 0 {
			return b.match(owners)
		}
	}
	return Match{}
}

// phone reports whether a channel's addresses are telephone numbers.
func phone(channel string) bool {
	return channel == ChannelCall || channel == ChannelSMS || channel == "phone"
}

func (b *Book) match(owners []owner) Match {
	if len(owners) == 0 {
		return Match{}
	}
	first := b.orgs[owners[0].org]
	m := Match{
		Level: Known, Org: first.ID, OrgName: first.Name, Spoken: first.Spoken,
		Language: first.Language, FirstContact: first.Contract.FirstContact, VIP: first.VIP,
	}
	if m.Spoken == "" {
		m.Spoken = first.Name
	}
	if c := owners[0].contact; c >= 0 && len(owners) == 1 {
		person := first.Contacts[c]
		m.Contact, m.ContactName, m.VIP = person.ID, person.Name, m.VIP || person.VIP
		m.Language = cmp.Or(person.Language, m.Language)
	}
	for _, o := range owners[1:] {
		if o.org != owners[0].org && !slices.Contains(m.Others, b.orgs[o.org].Name) {
			m.Level = Maybe
			m.Others = append(m.Others, b.orgs[o.org].Name)
		}
	}
	return m
}

// Lists reports whether the number stands on any client's card.
func (b *Book) Lists(n Number) bool { return len(b.owners[n]) > 0 }
