package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Change is one edit of cards; one of its fields besides the reason is set.
type Change struct {
	Put    []Organisation `json:"put,omitempty"`    // whole cards: new ones, and those that replace
	Remove []string       `json:"remove,omitempty"` // ids
	Merge  *Merge         `json:"merge,omitempty"`
	Forget *Person        `json:"forget,omitempty"`
	Reason string         `json:"reason,omitempty"`
}

// Merge makes one organisation of two that are the same.
type Merge struct {
	From string `json:"from"` // the duplicate; whatever names it means Into afterwards
	Into string `json:"into"`
}

// Person names a contact.
type Person struct {
	Org     string `json:"org"`
	Contact string `json:"contact"`
}

// ChangeError says why a change is not made, and what to do.
type ChangeError struct{ Why string }

// Error implements error.
func (e *ChangeError) Error() string { return e.Why }

func refuse(format string, args ...any) error { return &ChangeError{fmt.Sprintf(format, args...)} }

// Apply makes a change of cards and names those that it touches. Faults that
// the cards had before do not stand in its way; new ones do. The error is a
// *ChangeError. The organisations that are given stay as they are.
func Apply(orgs []Organisation, c Change, numbering Numbering) (after []Organisation, touched []string, err error) {
	after = make([]Organisation, len(orgs))
	for i, o := range orgs {
		after[i] = o.Clone()
	}
	set := 0
	for _, is := range []bool{len(c.Put) > 0, len(c.Remove) > 0, c.Merge != nil, c.Forget != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return nil, nil, refuse("a change puts, removes, merges or forgets; this one does %d of them", set)
	}
	switch {
	case c.Merge != nil:
		after, touched, err = applyMerge(after, *c.Merge, numbering)
	case c.Forget != nil:
		after, touched, err = forget(after, *c.Forget)
	case len(c.Remove) > 0:
		after, touched, err = remove(after, c.Remove)
	default:
		after, touched, err = put(after, c.Put)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := newFaults(orgs, after, numbering); err != nil {
		return nil, nil, refuse("%s", err.Error())
	}
	return after, touched, nil
}

// find returns the place of a card.
func find(orgs []Organisation, id string) (int, error) {
	i := slices.IndexFunc(orgs, func(o Organisation) bool { return o.ID == id })
	if i < 0 {
		return -1, refuse("there is no client %q; `vahta client list` shows who there is", id)
	}
	return i, nil
}

func put(orgs, cards []Organisation) ([]Organisation, []string, error) {
	var touched []string
	for _, card := range cards {
		if err := checkID(card.ID); err != nil {
			return nil, nil, err
		}
		if slices.Contains(touched, card.ID) {
			return nil, nil, refuse("client %s is to be written twice", card.ID)
		}
		touched = append(touched, card.ID)
		i, err := find(orgs, card.ID)
		switch {
		case err != nil:
			orgs = append(orgs, card.unveil(Organisation{}))
		case orgs[i].MergedInto != "" && card.MergedInto == orgs[i].MergedInto:
		case orgs[i].MergedInto != "":
			return nil, nil, refuse("client %s was merged into %s; edit that one", card.ID, orgs[i].MergedInto)
		default:
			orgs[i] = card.unveil(orgs[i])
		}
	}
	return orgs, touched, nil
}

// maxID is the longest id, in bytes.
const maxID = 64

// checkID refuses ids that can not be written into commands and addresses.
func checkID(id string) error {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return !ok(r) }) {
		return refuse("%q is no id of a client; take small Latin letters, digits, hyphens and dots, such as %s", id, Slug(id))
	}
	return nil
}

func remove(orgs []Organisation, ids []string) ([]Organisation, []string, error) {
	for _, id := range ids {
		i, err := find(orgs, id)
		if err != nil {
			return nil, nil, err
		}
		if j := slices.IndexFunc(orgs, func(o Organisation) bool { return o.MergedInto == id }); j >= 0 && !slices.Contains(ids, orgs[j].ID) {
			return nil, nil, refuse("client %s was merged into %s; remove it too, or leave both", orgs[j].ID, id)
		}
		orgs = slices.Delete(orgs, i, i+1)
	}
	return orgs, slices.Clone(ids), nil
}

// forget takes a person off a card.
func forget(orgs []Organisation, p Person) ([]Organisation, []string, error) {
	i, err := find(orgs, p.Org)
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(orgs[i].Contacts, func(c Contact) bool { return c.ID == p.Contact })
	if at < 0 {
		return nil, nil, refuse("client %s has no contact %q; `vahta client show %s` lists them", p.Org, p.Contact, p.Org)
	}
	orgs[i].Contacts = slices.Delete(orgs[i].Contacts, at, at+1)
	return orgs, []string{p.Org}, nil
}

// newFaults are those of the cards that they did not have before.
func newFaults(before, after []Organisation, numbering Numbering) error {
	known := map[string]bool{}
	for _, line := range faultLines(before, numbering) {
		known[line] = true
	}
	var fresh []error
	for _, line := range faultLines(after, numbering) {
		if !known[line] {
			fresh = append(fresh, errors.New(line))
		}
	}
	return errors.Join(fresh...)
}

func faultLines(orgs []Organisation, numbering Numbering) []string {
	var lines []string
	for _, o := range orgs {
		path := fmt.Sprintf("clients[%s]", o.ID)
		lines = append(lines, implausible(path, o.Numbers, numbering)...)
		for i, c := range o.Contacts {
			lines = append(lines, implausible(fmt.Sprintf("%s.contacts[%d]", path, i), c.Numbers, numbering)...)
		}
	}
	if _, err := NewBook(orgs, numbering); err != nil {
		lines = append(lines, strings.Split(errors.Unwrap(err).Error(), "\n")...)
	}
	return lines
}

func implausible(path string, numbers []string, numbering Numbering) (lines []string) {
	for i, raw := range numbers {
		if err := numbering.plausible(raw); err != nil {
			lines = append(lines, fmt.Sprintf("%s.numbers[%d]: %v", path, i, err))
		}
	}
	return lines
}

// Slug makes an id of a name: Russian letters become Latin ones, and what is
// neither letter nor digit a hyphen. Legal forms such as ООО are left out.
func Slug(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { _, ok := latin(r); return !ok }) {
		if slices.Contains(legalForms(), word) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		for _, r := range word {
			letters, _ := latin(r)
			b.WriteString(letters)
		}
	}
	slug := b.String()
	return strings.Trim(slug[:min(len(slug), maxID)], "-")
}

func legalForms() []string {
	return []string{"ооо", "ао", "зао", "пао", "оао", "ип", "llc", "ltd"}
}

// latin writes a small letter or a digit in Latin; ok is false for other runes.
// The hard and the soft sign are letters for which nothing is written.
func latin(r rune) (letters string, ok bool) {
	switch {
	case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		return string(r), true
	case r == 'ё':
		return "e", true
	}
	table := [...]string{
		"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh",
		"shch", "", "y", "", "e", "yu", "ya",
	}
	i := int(r - 'а')
	if i < 0 || i >= len(table) {
		return "", false
	}
	return table[i], true
}
