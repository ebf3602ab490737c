package edit

import (
	"slices"

	"github.com/butlerspb/vahta/oncall"
)

// keeps reports whether the author keeps the rota: may change everything, for everybody.
func (a Author) keeps() bool {
	return a.Roles == nil || slices.ContainsFunc(a.Roles, func(r oncall.Role) bool {
		return r == oncall.Scheduler || r == oncall.Lead || r == oncall.Head
	})
}

// takesPart reports whether the author may act for themself.
func (a Author) takesPart() bool { return a.keeps() || slices.Contains(a.Roles, oncall.Engineer) }

// mayKeep refuses authors who do not keep the rota.
func (d *draft) mayKeep(field string) *Refusal {
	if d.by.keeps() {
		return nil
	}
	return refuse("rights", field, d.by.Person)
}

// mayActFor refuses authors who are neither the person nor keep the rota.
func (d *draft) mayActFor(person, field string) *Refusal {
	switch {
	case d.by.keeps():
		return nil
	case !d.by.takesPart():
		return refuse("rights", field, d.by.Person)
	case person != d.by.Person:
		return refuse("rights_self", field, d.by.Person, person)
	default:
		return nil
	}
}
