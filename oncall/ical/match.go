package ical

import (
	"slices"
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/oncall"
)

// index finds people by what others call them.
type index struct {
	ids    map[string]bool
	exact  map[string][]string // folded full names, words sorted → IDs
	single map[string][]string // single words of names → IDs
}

func peopleIndex(r *oncall.Roster) *index {
	x := &index{ids: map[string]bool{}, exact: map[string][]string{}, single: map[string][]string{}}
	for i := range r.People {
		p := &r.People[i]
		x.ids[p.ID] = true
		names := []string{p.ID, p.Name}
		for _, n := range p.Names {
			names = append(names, n)
		}
		for _, n := range names {
			words := wordsOf(n)
			if len(words) == 0 {
				continue
			}
			x.exact[strings.Join(words, " ")] = appendNew(x.exact[strings.Join(words, " ")], p.ID)
			for _, w := range words {
				x.single[w] = appendNew(x.single[w], p.ID)
			}
		}
	}
	return x
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// find returns the people that a name may mean: one, none or several.
func (x *index) find(name string) []string {
	if name = strings.TrimSpace(name); x.ids[name] {
		return []string{name}
	}
	words := wordsOf(name)
	if found := x.exact[strings.Join(words, " ")]; len(found) > 0 {
		return found
	}
	if len(words) == 1 {
		return x.single[words[0]]
	}
	return nil
}

// members reads those on duty together: people joined by "+", ",", "&", "/" or "и"; "gap", "никого" and "-" are nobody. It
// reports false after a fault.
func (b *book) members(line int, s string) ([]string, bool) {
	switch fold(s) {
	case "":
		b.fault(line, NobodyNamed)
		return nil, false
	case gap, "-", "–", "—", "никого", "никто", "nobody":
		return nil, true
	}
	if found := b.people.find(s); len(found) == 1 {
		return found, true
	}
	var ids []string
	ok := true
	for _, name := range splitNames(s) {
		id, found := b.person(line, name)
		ok = ok && found
		if found && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, ok
}

// person reads one person. It reports false after a fault.
func (b *book) person(line int, name string) (string, bool) {
	switch found := b.people.find(name); len(found) {
	case 0:
		b.fault(line, NoPerson, strings.TrimSpace(name))
		return "", false
	case 1:
		return found[0], true
	default:
		b.fault(line, WhichPerson, strings.TrimSpace(name), strings.Join(found, ", "))
		return "", false
	}
}

func splitNames(s string) []string {
	s = strings.NewReplacer(" и ", "+", " and ", "+").Replace(s)
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("+,;&/\n", r) })
}

// wordsOf returns the folded words of a name, sorted.
func wordsOf(s string) []string {
	words := strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' })
	slices.Sort(words)
	return words
}

// fold makes spellings alike that people take for one: case, ё, several blanks.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(s), "ё", "е")), " ")
}
