package client

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// applyMerge moves all of a duplicate's card to the other organisation. What
// both say, the other one says; the duplicate stays as a pointer, so that
// tickets which name it find the card.
func applyMerge(orgs []Organisation, m Merge, numbering Numbering) ([]Organisation, []string, error) {
	from, err := find(orgs, m.From)
	if err != nil {
		return nil, nil, err
	}
	into, err := find(orgs, m.Into)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case m.From == m.Into:
		return nil, nil, refuse("client %s can not be merged into itself", m.From)
	case orgs[from].MergedInto != "":
		return nil, nil, refuse("client %s was merged into %s already", m.From, orgs[from].MergedInto)
	case orgs[into].MergedInto != "":
		return nil, nil, refuse("client %s was merged into %s; merge into that one", m.Into, orgs[into].MergedInto)
	}
	a, b := orgs[from], &orgs[into]
	b.Spoken, b.Language, b.Zone = cmp.Or(b.Spoken, a.Spoken), cmp.Or(b.Language, a.Language), cmp.Or(b.Zone, a.Zone)
	b.Numbers = numbering.union(b.Numbers, a.Numbers)
	b.Addresses = unionAddresses(b.Addresses, a.Addresses)
	b.Domains = union(b.Domains, a.Domains)
	b.VIP, b.LegalHold, b.Note = b.VIP || a.VIP, b.LegalHold || a.LegalHold, joined(b.Note, a.Note)
	if b.Contract.isZero() {
		b.Contract = a.Contract
	}
	for _, c := range a.Contacts {
		b.Contacts = numbering.addContact(b.Contacts, c)
	}
	for _, asset := range a.Assets {
		id := asset.ID
		for n := 2; slices.ContainsFunc(b.Assets, func(o Asset) bool { return o.ID == asset.ID }); n++ {
			asset.ID = id + "-" + strconv.Itoa(n)
		}
		b.Assets = append(b.Assets, asset)
	}
	orgs[from] = Organisation{ID: a.ID, Name: a.Name, MergedInto: b.ID}
	return orgs, []string{a.ID, b.ID}, nil
}

// isZero reports whether a contract says nothing.
func (c Contract) isZero() bool { return c.version() == Contract{}.version() }

// addContact adds a person to a card, to the entry that has a number or an
// address of the person if there is one.
func (p Numbering) addContact(list []Contact, c Contact) []Contact {
	for i := range list {
		if is := &list[i]; p.samePerson(*is, c) {
			is.Name, is.Role, is.Language = cmp.Or(is.Name, c.Name), cmp.Or(is.Role, c.Role), cmp.Or(is.Language, c.Language)
			is.Numbers, is.Addresses = p.union(is.Numbers, c.Numbers), unionAddresses(is.Addresses, c.Addresses)
			is.VIP, is.Duty, is.Note = is.VIP || c.VIP, is.Duty || c.Duty, joined(is.Note, c.Note)
			return list
		}
	}
	id := c.ID
	for n := 2; slices.ContainsFunc(list, func(o Contact) bool { return o.ID == c.ID }); n++ {
		c.ID = id + "-" + strconv.Itoa(n)
	}
	return append(list, c)
}

// samePerson reports whether two entries share a number or an address.
func (p Numbering) samePerson(a, b Contact) bool {
	return len(p.union(a.Numbers, b.Numbers)) < len(a.Numbers)+len(b.Numbers) ||
		len(unionAddresses(a.Addresses, b.Addresses)) < len(a.Addresses)+len(b.Addresses)
}

// union adds numbers that are not there yet in any spelling.
func (p Numbering) union(a, b []string) []string {
	return unionBy(a, b, func(raw string) string {
		n, err := p.Parse(raw)
		if err != nil {
			return raw
		}
		return string(n)
	})
}

func unionAddresses(a, b []Address) []Address {
	return unionBy(a, b, func(x Address) string {
		if key, ok := x.key(); ok {
			return key.String()
		}
		return x.String()
	})
}

func union(a, b []string) []string { return unionBy(a, b, strings.ToLower) }

func unionBy[T any](a, b []T, key func(T) string) []T {
	seen := map[string]bool{}
	list := slices.Clone(a)
	for _, x := range a {
		seen[key(x)] = true
	}
	for _, x := range b {
		if k := key(x); !seen[k] {
			seen[k], list = true, append(list, x)
		}
	}
	return list
}

// joined puts two notes one after the other.
func joined(a, b string) string {
	if a == "" || b == "" || a == b {
		return cmp.Or(a, b)
	}
	return a + "\n" + b
}

// Twin is a pair of organisations that may be one.
type Twin struct {
	A   string   `json:"a"`
	B   string   `json:"b"`
	Why []string `json:"why"` // what both list: numbers, addresses, domains, a name
}

// Twins returns the pairs that share a number, an address, a domain or a name,
// ordered by id.
func (b *Book) Twins() []Twin {
	pairs := map[[2]string][]string{}
	note := func(owners []owner, what string) {
		for i, x := range owners {
			for _, y := range owners[:i] {
				pair := [2]string{b.orgs[x.org].ID, b.orgs[y.org].ID}
				slices.Sort(pair[:])
				if pair[0] != pair[1] && !slices.Contains(pairs[pair], what) {
					pairs[pair] = append(pairs[pair], what)
				}
			}
		}
	}
	for n, owners := range b.owners {
		note(owners, string(n))
	}
	for a, owners := range b.addresses {
		note(owners, a.String())
	}
	for d, owners := range b.domains {
		note(owners, "@"+d)
	}
	names := map[string][]owner{}
	for i, o := range b.orgs {
		if slug := Slug(o.Name); slug != "" && o.MergedInto == "" {
			names[slug] = append(names[slug], owner{i, -1})
		}
	}
	for slug, owners := range names {
		note(owners, slug)
	}
	list := make([]Twin, 0, len(pairs))
	for pair, why := range pairs {
		slices.Sort(why)
		list = append(list, Twin{pair[0], pair[1], why})
	}
	slices.SortFunc(list, func(x, y Twin) int { return cmp.Or(strings.Compare(x.A, y.A), strings.Compare(x.B, y.B)) })
	return list
}
