package triage

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

//go:embed data/*.yaml
var files embed.FS

// Shipped returns the catalogue that ships with the program.
func Shipped() (*Catalogue, error) {
	entries, err := files.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("read check lists: %w", err)
	}
	all := &Catalogue{}
	for _, entry := range entries { // sorted by name
		text, err := files.ReadFile("data/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read check lists: %w", err)
		}
		part, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		all = all.over(part)
	}
	return all.ready()
}

// Sample returns what ships as one file, to start an own one from.
func Sample() (string, error) {
	var b strings.Builder
	for _, name := range []string{"topics", "lists", "runbooks"} {
		text, err := files.ReadFile("data/" + name + ".yaml")
		if err != nil {
			return "", fmt.Errorf("read check lists: %w", err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// Parse reads topics, check lists and runbooks as they are written in a file. It refuses what is unknown; what refers to something in
// another file is checked when they are put together.
func Parse(text []byte) (*Catalogue, error) {
	c := &Catalogue{}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(c); err != nil {
		return nil, fmt.Errorf("read check lists: %w", err)
	}
	return c, nil
}

// With lays a file of an administrator over the catalogue: what has the same id is replaced, the rest is added. The error has every
// fault of the whole.
func (c *Catalogue) With(own *Catalogue) (*Catalogue, error) {
	return c.over(own).ready()
}

// ready checks the whole and takes its phrases apart.
func (c *Catalogue) ready() (*Catalogue, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.patterns = make([][]pattern, len(c.Topics))
	for i, t := range c.Topics {
		for _, p := range t.Phrases {
			c.patterns[i] = append(c.patterns[i], p.pattern())
		}
	}
	return c, nil
}

func (c *Catalogue) over(own *Catalogue) *Catalogue {
	return &Catalogue{
		Topics:   over(c.Topics, own.Topics, func(t Topic) string { return t.ID }),
		Lists:    over(c.Lists, own.Lists, func(l List) string { return l.ID }),
		Runbooks: over(c.Runbooks, own.Runbooks, func(r Runbook) string { return r.ID }),
	}
}

// over replaces what has the same id; what is new comes first, for an administrator's own is the likelier.
func over[T any](base, own []T, id func(T) string) []T {
	all := slices.Clone(base)
	var added []T
	for i, v := range own {
		again := slices.ContainsFunc(own[:i], func(o T) bool { return id(o) == id(v) })
		at := slices.IndexFunc(all, func(o T) bool { return id(o) == id(v) })
		if at >= 0 && !again {
			all[at] = v
		} else {
			added = append(added, v) // a second one in the same file is a fault, and stays to be found
		}
	}
	return append(added, all...)
}

// faults collects what is wrong.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// ident is an id: it is typed in commands and stands in addresses.
var ident = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,39}$`)

func (f *faults) ids(what string, ids []string) {
	for i, id := range ids {
		if !ident.MatchString(id) {
			f.add("%s %q: an id is made of a–z, 0–9 and _, at most 40 of them", what, id)
		}
		if slices.Contains(ids[:i], id) {
			f.add("%s %s: there are two of this id", what, id)
		}
	}
}

func (f *faults) text(where string, w Words) {
	if w.IsZero() {
		f.add("%s: missing; write it in ru, in en, or both", where)
	}
}

// check returns every fault, joined.
func (c *Catalogue) check() error {
	var f faults
	f.ids("topic", idsOf(c.Topics, func(t Topic) string { return t.ID }))
	f.ids("list", idsOf(c.Lists, func(l List) string { return l.ID }))
	f.ids("runbook", idsOf(c.Runbooks, func(r Runbook) string { return r.ID }))
	for _, t := range c.Topics {
		c.checkTopic(&f, t)
	}
	for _, l := range c.Lists {
		l.check(&f)
	}
	for _, r := range c.Runbooks {
		r.check(&f)
	}
	return errors.Join(f...)
}

func idsOf[T any](list []T, id func(T) string) []string {
	ids := make([]string, len(list))
	for i, v := range list {
		ids[i] = id(v)
	}
	return ids
}

func (c *Catalogue) checkTopic(f *faults, t Topic) {
	where := "topic " + t.ID
	f.text(where+": title", t.Title)
	if t.Category == ticket.Uncategorised || !t.Category.Valid() {
		f.add("%s: category %q: choose service_down, security, data_loss or network_down", where, t.Category)
	}
	for _, id := range t.Lists {
		if _, ok := c.List(id); !ok {
			f.add("%s: there is no list %q", where, id)
		}
	}
	for _, id := range t.Runbooks {
		if _, ok := c.Runbook(id); !ok {
			f.add("%s: there is no runbook %q", where, id)
		}
	}
	for _, p := range t.Phrases {
		p.check(f, where)
	}
}

// check finds a phrase that could never match, or would always.
func (p Phrase) check(f *faults, where string) {
	parts := p.pattern()
	if len(parts) == 0 {
		f.add("%s: a phrase is empty", where)
	}
	for _, alternatives := range parts {
		for _, a := range alternatives {
			stem := strings.TrimSuffix(a, "*")
			if got := words(stem); len(got) != 1 || got[0] != stem {
				f.add("%s: phrase %q: %q is not one word; separate words by blanks", where, p, a)
			}
		}
	}
}

func (l List) check(f *faults) {
	where := "list " + l.ID
	f.text(where+": title", l.Title)
	if l.Version < 1 {
		f.add("%s: version: count from 1, and raise it whenever a question changes", where)
	}
	if len(l.Questions) == 0 {
		f.add("%s: it has no questions", where)
	}
	f.ids(where+": question", idsOf(l.Questions, func(q Question) string { return q.ID }))
	for i, q := range l.Questions {
		at := where + ": question " + q.ID
		f.text(at+": ask", q.Ask)
		switch q.Type {
		case YesNo, Text, Host, Time:
		default:
			f.add("%s: type %q: choose yes_no, text, host or time", at, q.Type)
		}
		if q.If == nil {
			continue
		}
		of, ok := List{Questions: l.Questions[:i]}.Question(q.If.Question)
		switch {
		case !ok:
			f.add("%s: if: no question %q stands before it", at, q.If.Question)
		case of.Type == YesNo && q.If.Is != Yes && q.If.Is != No:
			f.add("%s: if: write is: yes or is: no (in quotes), not %q", at, q.If.Is)
		}
	}
}

func (r Runbook) check(f *faults) {
	where := "runbook " + r.ID
	f.text(where+": title", r.Title)
	if r.Version < 1 {
		f.add("%s: version: count from 1, and raise it whenever a step changes", where)
	}
	if len(r.Steps) == 0 {
		f.add("%s: it has no steps", where)
	}
	f.ids(where+": step", idsOf(r.Steps, func(s Step) string { return s.ID }))
	for _, s := range r.Steps {
		f.text(where+": step "+s.ID+": do", s.Do)
	}
}
