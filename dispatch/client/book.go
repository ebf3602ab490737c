package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Contract is what an organisation was promised.
type Contract struct {
	ID           string        `yaml:"id" json:"id,omitempty"`
	FirstContact time.Duration `yaml:"first_contact" json:"first_contact_ns,omitempty"` // limit of the first-contact clock; 0 = the dispatcher's default
}

// Contact is one person of an organisation.
type Contact struct {
	ID      string   `yaml:"id" json:"id"`
	Name    string   `yaml:"name" json:"name"`
	Numbers []string `yaml:"numbers" json:"numbers,omitempty"` // in any written form
}

// Organisation is one client with its people and shared trunk numbers.
type Organisation struct {
	ID       string    `yaml:"id" json:"id"`
	Name     string    `yaml:"name" json:"name"`
	Spoken   string    `yaml:"spoken" json:"spoken,omitempty"`     // name as a prompt or TTS should say it; empty = Name
	Language string    `yaml:"language" json:"language,omitempty"` // "ru" or "en"; empty = the line's
	Zone     string    `yaml:"zone" json:"zone,omitempty"`         // IANA name; empty = the company's
	Numbers  []string  `yaml:"numbers" json:"numbers,omitempty"`   // trunk numbers that belong to no single person
	Contacts []Contact `yaml:"contacts" json:"contacts,omitempty"`
	Contract Contract  `yaml:"contract" json:"contract"`
}

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
}

// Book answers who a number belongs to.
type Book struct {
	numbering Numbering
	orgs      []Organisation
	owners    map[Number][]owner
}

type owner struct{ org, contact int } // contact -1: the organisation itself

// NewBook checks the organisations and indexes their numbers. All faults are
// joined, each with the path of its field.
func NewBook(orgs []Organisation, numbering Numbering) (*Book, error) {
	b := &Book{numbering: numbering, orgs: slices.Clone(orgs), owners: map[Number][]owner{}}
	slices.SortFunc(b.orgs, func(a, c Organisation) int { return strings.Compare(a.ID, c.ID) })
	var faults []error
	for i, o := range b.orgs {
		path := fmt.Sprintf("clients[%s]", o.ID)
		if o.ID == "" || o.Name == "" {
			faults = append(faults, fmt.Errorf("%s: id and name are required", path))
		}
		if i > 0 && b.orgs[i-1].ID == o.ID {
			faults = append(faults, fmt.Errorf("%s: id is used twice", path))
		}
		faults = append(faults, b.index(path, o.Numbers, owner{i, -1})...)
		for j, c := range o.Contacts {
			if c.ID == "" {
				faults = append(faults, fmt.Errorf("%s.contacts[%d].id: required", path, j))
			}
			faults = append(faults, b.index(fmt.Sprintf("%s.contacts[%s]", path, c.ID), c.Numbers, owner{i, j})...)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("check clients: %w", err)
	}
	return b, nil
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

// Match tells whom the number belongs to; the zero Match means nobody.
func (b *Book) Match(n Number) Match {
	owners := b.owners[n]
	if len(owners) == 0 {
		return Match{}
	}
	first := b.orgs[owners[0].org]
	m := Match{
		Level: Known, Org: first.ID, OrgName: first.Name, Spoken: first.Spoken,
		Language: first.Language, FirstContact: first.Contract.FirstContact,
	}
	if m.Spoken == "" {
		m.Spoken = first.Name
	}
	if c := owners[0].contact; c >= 0 && len(owners) == 1 {
		m.Contact, m.ContactName = first.Contacts[c].ID, first.Contacts[c].Name
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
