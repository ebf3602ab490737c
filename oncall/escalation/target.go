package escalation

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/butlerspb/vahta/oncall"
)

// Chain is the target that stands for all tiers of the line's chain, in order.
const Chain = "chain"

// Assignee is the tier of the person who is paged before the steps.
const Assignee = "assignee"

// How targets begin that choose people by something else than a track.
const (
	tierPrefix   = "tier:"
	skillPrefix  = "skill:"
	rolePrefix   = "role:"
	personPrefix = "person:"
)

// targetForms are all forms of a target, for messages.
const targetForms = "a track, tier:1, everyone, static, chain, skill:<name>, role:<name> or person:<id>"

// roles are the roles that people can have.
var roles = [...]oncall.Role{oncall.Engineer, oncall.Scheduler, oncall.Lead, oncall.Head, oncall.Director} //nolint:gochecknoglobals // a closed set

// target is a parsed name. A name without a known prefix is that of a track, also when it is Everyone, Static or Chain.
type target struct {
	prefix, name string
	tier         int // of tierPrefix, from 1
}

// parseTarget reads a target:
//
//	primary       the people of a track of the line's schedule
//	tier:2        the second tier of the line's chain, whatever its name; everyone and static are no such tiers
//	chain         all tiers of the line's chain in order
//	everyone      everybody who can be called
//	static        the emergency numbers: the line's own, or else those of all lines
//	skill:1c      who has the skill: valid certificates first, then who is on duty, then who was paged least recently
//	role:lead     who has the role, those on duty first
//	person:anna   one person
//
// Only people who can be called and are not absent are ever paged.
func parseTarget(s string) (target, error) {
	prefix, name, found := strings.Cut(s, ":")
	if !found {
		if s == "" {
			return target{}, fmt.Errorf("is empty; name %s", targetForms)
		}
		return target{name: s}, nil
	}
	t := target{prefix: prefix + ":", name: name}
	switch t.prefix {
	case tierPrefix:
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 {
			return target{}, fmt.Errorf("%q is no tier; write tier:1 for the first one", s)
		}
		t.tier = n
	case rolePrefix:
		if !slices.Contains(roles[:], oncall.Role(name)) {
			return target{}, fmt.Errorf("%q is no role; use one of role:%s", s, joinRoles(", role:"))
		}
	case skillPrefix, personPrefix:
		if name == "" {
			return target{}, fmt.Errorf("%q names nobody; write %s", s, targetForms)
		}
	default:
		return target{}, fmt.Errorf("%q is no target; name %s", s, targetForms)
	}
	return t, nil
}

func joinRoles(sep string) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, sep)
}

// People answers whom the machine may page. Each function must be pure; any may be nil.
type People struct {
	// Chain returns the tiers of the incident's line at an instant.
	Chain func(now time.Time) []oncall.Tier
	// Resort returns everybody who can be called, as the tier Everyone, and the emergency numbers, as the tier Static.
	Resort func(now time.Time) []oncall.Tier
	// Track returns who is on a track of the line's schedule that the chain does not name.
	Track func(track string, now time.Time) []oncall.Duty
	// OnDuty returns who is on duty on any schedule.
	OnDuty func(now time.Time) []oncall.Duty
	// Person finds a person by ID.
	Person func(id string) (oncall.Person, bool)
	// Paged returns when a person was last paged about any incident; zero: never, as far as is known.
	Paged func(id string) time.Time
	// Zone is that of people who set none, for the ends of certificates.
	Zone oncall.Zone
}

func (p People) chain(now time.Time) []oncall.Tier {
	if p.Chain == nil {
		return nil
	}
	return p.Chain(now)
}

func (p People) resort(now time.Time) []oncall.Tier {
	if p.Resort == nil {
		return nil
	}
	return p.Resort(now)
}

// group are pages that go out at once.
type group []Page

// groups returns whom a target stands for now, in order. last says when a person was paged last.
func (p People) groups(name string, now time.Time, last func(string) time.Time) []group {
	t, err := parseTarget(name)
	if err != nil {
		return nil
	}
	switch t.prefix {
	case tierPrefix:
		return p.nth(t.tier, now)
	case rolePrefix:
		return singles(p.byRole(oncall.Role(t.name), name, now))
	case skillPrefix:
		return singles(p.bySkill(t.name, now, last))
	case personPrefix:
		return singles(p.available(now, name, func(q oncall.Person) bool { return q.ID == t.name }))
	}
	switch t.name {
	case Chain:
		var all []group
		for _, tier := range p.chain(now) {
			all = append(all, tierGroups(tier)...)
		}
		return all
	case oncall.Everyone:
		return tierGroups(named(p.resort(now), oncall.Everyone))
	case oncall.Static:
		if tier := named(p.chain(now), oncall.Static); len(tier.Numbers) > 0 {
			return tierGroups(tier)
		}
		return tierGroups(named(p.resort(now), oncall.Static))
	}
	return p.track(t.name, now)
}

// track returns a tier of the chain by name, or a track that the chain leaves out.
func (p People) track(name string, now time.Time) []group {
	if tier := named(p.chain(now), name); len(tier.Duties) > 0 || p.Track == nil {
		return tierGroups(tier)
	}
	return tierGroups(oncall.Tier{Name: name, Duties: p.Track(name, now), RingTime: oncall.DefaultRingTime})
}

// nth returns the nth tier of the chain, counted without everyone and static.
func (p People) nth(n int, now time.Time) []group {
	for _, tier := range p.chain(now) {
		if tier.Name == oncall.Everyone || tier.Name == oncall.Static {
			continue
		}
		if n--; n == 0 {
			return tierGroups(tier)
		}
	}
	return nil
}

// available returns who of everyone is wanted, those on duty first.
func (p People) available(now time.Time, tier string, wanted func(oncall.Person) bool) []Page {
	if p.Person == nil {
		return nil
	}
	var list []Page
	for _, d := range named(p.resort(now), oncall.Everyone).Duties {
		if person, ok := p.Person(d.Person); ok && wanted(person) {
			list = append(list, Page{Tier: tier, Person: d.Person, Provenance: d.Provenance, RingTime: oncall.DefaultRingTime})
		}
	}
	if p.OnDuty == nil || len(list) < 2 {
		return list
	}
	duties := p.OnDuty(now)
	off := func(q Page) int {
		if i := slices.IndexFunc(duties, func(d oncall.Duty) bool { return d.Person == q.Person }); i >= 0 {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b Page) int { return cmp.Compare(off(a), off(b)) })
	return list
}

func (p People) byRole(role oncall.Role, tier string, now time.Time) []Page {
	return p.available(now, tier, func(q oncall.Person) bool { return slices.Contains(q.Roles, role) })
}

// bySkill returns who has a skill. Someone whose certificate of that name has run out comes after all others.
func (p People) bySkill(skill string, now time.Time, last func(string) time.Time) []Page {
	list := p.available(now, skillPrefix+skill, func(q oncall.Person) bool { return hasSkill(q, skill) })
	duty := map[string]int{}
	if p.OnDuty != nil {
		for _, d := range p.OnDuty(now) {
			duty[d.Person] = -1
		}
	}
	for i := range list {
		person, _ := p.Person(list[i].Person)
		list[i].Skill, list[i].Expired = skill, Expired(person, skill, p.Zone, now)
	}
	rank := func(q Page) int {
		if q.Expired {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b Page) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(duty[a.Person], duty[b.Person]), last(a.Person).Compare(last(b.Person)))
	})
	return list
}

func hasSkill(p oncall.Person, skill string) bool {
	return slices.ContainsFunc(p.Skills, func(s string) bool { return strings.EqualFold(s, skill) })
}

// Expired reports whether a person's certificates of a skill have all run out at now: those whose name is the skill's, or
// begins with it as a word ("1C:Specialist" for 1c). A skill without a certificate needs none. zone counts for a person who
// sets none.
func Expired(p oncall.Person, skill string, zone oncall.Zone, now time.Time) bool {
	if !p.Zone.IsZero() {
		zone = p.Zone
	}
	expired := false
	for _, c := range p.Certificates {
		if !proves(c, skill) {
			continue
		}
		if c.Expires.IsZero() || now.Before(zone.Resolve(c.Expires, oncall.First)) {
			return false
		}
		expired = true
	}
	return expired
}

func proves(c oncall.Certificate, skill string) bool {
	name := strings.ToLower(c.Name)
	rest, begins := strings.CutPrefix(name, strings.ToLower(skill))
	next, _ := utf8.DecodeRuneInString(rest)
	return begins && skill != "" && (rest == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next))
}

// named returns the tier of a name, or an empty one.
func named(tiers []oncall.Tier, name string) oncall.Tier {
	for _, t := range tiers {
		if t.Name == name {
			return t
		}
	}
	return oncall.Tier{}
}

// tierGroups returns a tier as pages: one after another, or all people at once where the tier rings so.
func tierGroups(tier oncall.Tier) []group {
	var people []Page
	for _, d := range tier.Duties {
		people = append(people, Page{Tier: tier.Name, Person: d.Person, Provenance: d.Provenance, RingTime: tier.RingTime})
	}
	var list []group
	if tier.Parallel && len(people) > 0 {
		list = []group{people}
	} else {
		list = singles(people)
	}
	for _, n := range tier.Numbers {
		list = append(list, group{{Tier: tier.Name, Static: n, RingTime: tier.RingTime}})
	}
	return list
}

func singles(pages []Page) []group {
	list := make([]group, len(pages))
	for i, p := range pages {
		list[i] = group{p}
	}
	return list
}

// byTurn puts first who was paged least recently. Emergency numbers stay behind people.
func byTurn(list []group, last func(string) time.Time) {
	static := func(g group) int {
		if g[0].Person == "" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(static(a), static(b)), last(a[0].Person).Compare(last(b[0].Person)))
	})
}

// Holders returns the pages of those who have a skill, in the order in which the target skill:<name> pages them.
func (m Machine) Holders(skill string, now time.Time) []Page {
	return m.bySkill(skill, now, func(id string) time.Time {
		if m.Paged == nil {
			return time.Time{}
		}
		return m.Paged(id)
	})
}
