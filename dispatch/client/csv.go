package client

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// columns are those of a table of clients: one line per contact, or per
// organisation without any. What is about the organisation may be repeated or
// stand in its first line only.
func columns() []string {
	return []string{
		"id", "name", "language", "zone", "numbers", "addresses", "domains", "vip", "note", "contract", "first_contact", "stabilisation",
		"contact_id", "contact_name", "contact_role", "contact_language", "contact_numbers", "contact_addresses", "contact_vip",
		"contact_duty", "contact_note",
	}
}

// maxTable is the largest table that is read, in bytes.
const maxTable = 16 << 20

// WriteCSV writes cards as a table. Assets, accesses and most of the contract are not in it: JSON
// has all of a card.
func WriteCSV(w io.Writer, orgs []Organisation) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns()); err != nil {
		return fmt.Errorf("write a table of clients: %w", err)
	}
	for _, o := range orgs {
		if o.MergedInto != "" {
			continue
		}
		people := o.Contacts
		if len(people) == 0 {
			people = []Contact{{}}
		}
		for _, c := range people {
			if err := out.Write(lineOf(o, c)); err != nil {
				return fmt.Errorf("write a table of clients: %w", err)
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write a table of clients: %w", err)
	}
	return nil
}

func lineOf(o Organisation, c Contact) []string {
	line := []string{
		o.ID, o.Name, o.Language, o.Zone, list(o.Numbers), list(texts(o.Addresses)), list(o.Domains), mark(o.VIP), o.Note, o.Contract.ID,
		spanText(o.Contract.FirstContact), spanText(o.Contract.Stabilisation), c.ID, c.Name, c.Role, c.Language, list(c.Numbers),
		list(texts(c.Addresses)), mark(c.VIP), mark(c.Duty), c.Note,
	}
	for i := range line {
		line[i] = guard(line[i])
	}
	return line
}

// guard keeps a spreadsheet from taking a text for a formula; ReadCSV takes the
// mark off again.
func guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@'", rune(s[0])) {
		return "'" + s
	}
	return s
}

func list(l []string) string { return strings.Join(l, "; ") }

func texts(addresses []Address) []string {
	l := make([]string, len(addresses))
	for i, a := range addresses {
		l[i] = a.String()
	}
	return l
}

func mark(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func spanText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	text, _ := span(d).MarshalText() // it never fails
	return string(text)
}

// ReadCSV reads a table as WriteCSV makes it, also with semicolons or tabs and
// a byte order mark, as spreadsheets write it. It returns the cards that the
// table is about: those there are, with what the table says in place of what
// they said, and new ones. A column that is missing changes nothing; an empty
// cell of the organisation's columns empties nothing. Without an id, one is made
// of the name. A number that can be no client's is a fault, too. All faults are
// joined, each with its line; with any of them there are no cards.
func ReadCSV(r io.Reader, present []Organisation, numbering Numbering) ([]Organisation, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	if err != nil {
		return nil, fmt.Errorf("read a table of clients: %w", err)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	switch {
	case len(raw) > maxTable:
		return nil, refuse("the table has more than %d MiB; cut it into several", maxTable>>20)
	case !utf8.Valid(raw):
		return nil, refuse("the table is not in UTF-8; save it as \"CSV UTF-8\"")
	}
	in := csv.NewReader(bytes.NewReader(raw))
	in.Comma, in.FieldsPerRecord, in.TrimLeadingSpace = separator(raw), -1, true
	lines, err := in.ReadAll()
	if err != nil {
		return nil, refuse("the table is not CSV: %v", err)
	}
	t, err := newTable(lines, present, numbering)
	if err != nil {
		return nil, err
	}
	var faults []string
	for i, cells := range lines[1:] {
		if err := t.line(cells); err != nil {
			faults = append(faults, fmt.Sprintf("line %d: %v", i+2, err))
		}
	}
	if len(faults) > 0 {
		return nil, refuse("%s", strings.Join(faults, "\n"))
	}
	return t.cards, nil
}

// separator is what the first line of a table separates its cells by.
func separator(raw []byte) rune {
	head, _, _ := bytes.Cut(raw, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(head, []byte(string(c))) > bytes.Count(head, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// table is a table that is being read.
type table struct {
	at      map[string]int // column by name
	present []Organisation
	cards   []Organisation

	numbering Numbering
}

func newTable(lines [][]string, present []Organisation, numbering Numbering) (*table, error) {
	if len(lines) < 2 {
		return nil, refuse("the table has no lines; its first line must name the columns: %s", strings.Join(columns(), ","))
	}
	t := &table{at: map[string]int{}, present: present, numbering: numbering}
	for i, name := range lines[0] {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := t.at[name]; twice || !slices.Contains(columns(), name) {
			return nil, refuse("column %d is called %q, which is unknown or there already; there are: %s", i+1, name, strings.Join(columns(), ","))
		}
		t.at[name] = i
	}
	return t, nil
}

// cell returns what a line has in a column; there is false where it has no such.
func (t *table) cell(cells []string, column string) (text string, there bool) {
	i, ok := t.at[column]
	if !ok || i >= len(cells) {
		return "", false
	}
	return strings.TrimPrefix(strings.TrimSpace(cells[i]), "'"), true
}

// line reads one line into its card.
func (t *table) line(cells []string) error {
	id, _ := t.cell(cells, "id")
	name, _ := t.cell(cells, "name")
	if id = cmp.Or(id, Slug(name)); id == "" {
		return refuse("id and name are empty")
	}
	i := slices.IndexFunc(t.cards, func(o Organisation) bool { return o.ID == id })
	if i < 0 {
		card := Organisation{ID: id}
		if j, err := find(t.present, id); err == nil {
			card = t.present[j].Clone()
		}
		t.cards, i = append(t.cards, card), len(t.cards)
	}
	o := &t.cards[i]
	for column, to := range map[string]any{
		"name": &o.Name, "language": &o.Language, "zone": &o.Zone, "numbers": &o.Numbers, "addresses": &o.Addresses, "domains": &o.Domains,
		"vip": &o.VIP, "note": &o.Note, "contract": &o.Contract.ID, "first_contact": &o.Contract.FirstContact, "stabilisation": &o.Contract.Stabilisation,
	} {
		if text, _ := t.cell(cells, column); text != "" {
			if err := t.read(column, text, to); err != nil {
				return err
			}
		}
	}
	return t.contact(o, cells)
}

// contact reads the person of a line.
func (t *table) contact(o *Organisation, cells []string) error {
	id, _ := t.cell(cells, "contact_id")
	name, _ := t.cell(cells, "contact_name")
	if id = cmp.Or(id, Slug(name)); id == "" {
		return nil
	}
	i := slices.IndexFunc(o.Contacts, func(c Contact) bool { return c.ID == id })
	if i < 0 {
		o.Contacts, i = append(o.Contacts, Contact{ID: id}), len(o.Contacts)
	}
	c := &o.Contacts[i]
	for column, to := range map[string]any{
		"contact_name": &c.Name, "contact_role": &c.Role, "contact_language": &c.Language, "contact_numbers": &c.Numbers,
		"contact_addresses": &c.Addresses, "contact_vip": &c.VIP, "contact_duty": &c.Duty, "contact_note": &c.Note,
	} {
		if text, there := t.cell(cells, column); there {
			if err := t.read(column, text, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads a cell of a column; a number in it must be one that can stand on a card.
func (t *table) read(column, text string, to any) error {
	err := read(text, to)
	if numbers, ok := to.(*[]string); ok && err == nil && strings.HasSuffix(column, "numbers") {
		for _, raw := range *numbers {
			if err = t.numbering.Own(raw); err != nil {
				break
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", column, err)
	}
	return nil
}

// read puts a cell into a field.
func read(text string, to any) error {
	switch to := to.(type) {
	case *string:
		*to = text
	case *bool:
		switch strings.ToLower(text) {
		case "", "no", "нет", "0", "false":
			*to = false
		case "yes", "да", "1", "true", "x", "х", "+":
			*to = true
		default:
			return refuse("%q; write yes or no", text)
		}
	case *time.Duration:
		if minutes, err := strconv.Atoi(text); err == nil { // spreadsheets have numbers
			text = strconv.Itoa(minutes) + "m"
		}
		return (*span)(to).UnmarshalText([]byte(text))
	case *[]string:
		*to = items(text)
	case *[]Address:
		*to = nil
		for _, item := range items(text) {
			var a Address
			if err := a.UnmarshalText([]byte(item)); err != nil {
				return err
			}
			*to = append(*to, a)
		}
	}
	return nil
}

// items takes a cell apart.
func items(text string) (l []string) {
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '|' || r == '\n' }) {
		if item = strings.TrimSpace(item); item != "" {
			l = append(l, item)
		}
	}
	return l
}
