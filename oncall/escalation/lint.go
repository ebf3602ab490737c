package escalation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// ReactionTime is the promise a policy is measured against: first contact within 15 minutes.
const ReactionTime = 15 * time.Minute

// CheckTargets reports every target, joined, that names no track of any of the schedules. A schedule that lacks a track of
// another one is sound: its step is skipped.
func (p Policy) CheckTargets(schedules []oncall.Schedule) error {
	return p.check(func(t target, name string) string {
		if t.prefix != "" || name == Chain || name == oncall.Everyone || name == oncall.Static || hasTrack(schedules, name) {
			return ""
		}
		return "no track of any schedule; name " + targetForms
	})
}

// CheckPeople reports every target, joined, that names a skill which nobody has, or a person who is not there. It is no reason
// to refuse anything: people come and go, and a step that finds nobody is skipped.
func (p Policy) CheckPeople(people []oncall.Person) error {
	return p.check(func(t target, _ string) string {
		switch t.prefix {
		case skillPrefix:
			if !slices.ContainsFunc(people, func(q oncall.Person) bool { return hasSkill(q, t.name) }) {
				return "a skill that nobody has; add it to a person's skills, or name another one"
			}
		case personPrefix:
			if !slices.ContainsFunc(people, func(q oncall.Person) bool { return q.ID == t.name }) {
				return "no person; name the id of one"
			}
		}
		return ""
	})
}

// check joins what fault finds wrong with the well-formed targets.
func (p Policy) check(fault func(t target, name string) string) error {
	var errs []error
	for i, step := range p.Steps {
		for k, name := range step.Targets {
			t, err := parseTarget(name)
			if err != nil {
				continue // told by Validate
			}
			if why := fault(t, name); why != "" {
				errs = append(errs, fmt.Errorf("steps[%d].targets[%d]: %q is %s", i, k, name, why))
			}
		}
	}
	return errors.Join(errs...)
}

func hasTrack(schedules []oncall.Schedule, name string) bool {
	is := func(t oncall.Track) bool { return t.ID == name }
	return slices.ContainsFunc(schedules, func(s oncall.Schedule) bool {
		return slices.ContainsFunc(s.Tracks, is) ||
			slices.ContainsFunc(s.Versions, func(v oncall.Version) bool { return slices.ContainsFunc(v.Tracks, is) })
	})
}

// Ring is one page of a rehearsal, both times counted from the start of paging.
type Ring struct {
	Page
	From, To time.Duration
}

// Rehearse plays the first round of paging that starts at now, up to limit, with nobody answering: each page lasts as long as
// the person's rules and devices ring.
func (m Machine) Rehearse(now time.Time, limit time.Duration) []Ring {
	return m.play(now, limit, m.Longest)
}

// held is how long a page may last at most: something answers at the end of its ringing, a mailbox perhaps, and presses no key.
func (m Machine) held(p Page) time.Duration { return m.Longest(p) + m.Policy.Patience() }

// play is Rehearse with pages that last as long as lasts says.
func (m Machine) play(now time.Time, limit time.Duration, lasts func(Page) time.Duration) []Ring {
	var (
		rings []Ring
		ends  = map[int]time.Time{} // of pages under way
		at    = now
	)
	s, actions := m.Step(State{}, Event{Kind: Start}, at)
	for {
		for _, a := range actions {
			switch a.Kind {
			case PageNow:
				ends[a.Page.Number] = at.Add(lasts(a.Page))
				rings = append(rings, Ring{a.Page, at.Sub(now), ends[a.Page.Number].Sub(now)})
				if lasts(a.Page) >= m.Policy.Patience() { // it is answered, or the machine would give it up
					s, _ = m.Step(s, Event{Kind: Answered, Page: a.Page.Number}, at.Add(m.Longest(a.Page)))
				}
			case CancelPage:
				delete(ends, a.Page.Number)
			case FallBack, NobodyToPage, Forgotten, GiveUp, Finish:
			}
		}
		e, next := Event{Kind: Wake}, s.Due
		for _, number := range slices.Sorted(maps.Keys(ends)) {
			if !next.Before(ends[number]) {
				e, next = Event{Kind: Result, Page: number, Outcome: NoAnswer}, ends[number]
			}
		}
		if s.Round > 1 || !s.Rest.IsZero() || next.IsZero() || next.Sub(now) > limit {
			return rings
		}
		delete(ends, e.Page)
		at = next
		s, actions = m.Step(s, e, at)
	}
}

// rehearsed bounds a rehearsal for lint: what does not come within this time comes too late anyway.
const rehearsed = 4 * time.Hour

// Lint reports what is allowed but may break the promise, joined, each with the path of the rule that does it. It proves the
// promise for the people whom the machine has at now: if nobody answers, a last resort has rung within limit.
func (m Machine) Lint(now time.Time, limit time.Duration) error {
	rings, n := m.Rehearse(now, rehearsed), len(m.Policy.rungs())
	var errs []error
	switch {
	case !m.Policy.hasResort():
		errs = append(errs, fmt.Errorf("steps[%d].targets: no step has a last resort, so everyone and the emergency numbers follow the last one; add a step with %s and %s",
			n-1, oncall.Everyone, oncall.Static))
	case slices.ContainsFunc(rings, func(r Ring) bool { return r.Step >= n }):
		errs = append(errs, fmt.Errorf("steps[%d].targets: the last resort of the steps has nobody, so everyone follows; name %s beside it", m.Policy.lastResort(), oncall.Everyone))
	}
	errs = append(errs, m.unreached(now, rings), m.late(now, rings, limit), m.unheard(rings))
	return errors.Join(errs...)
}

// late reports the rule because of which no last resort has rung within limit: when all pages ring out, or else when each of
// them is held as long as it can be.
func (m Machine) late(now time.Time, rings []Ring, limit time.Duration) error {
	if len(rings) == 0 {
		return errors.New("steps: nobody can be paged now; add people with devices, or static numbers")
	}
	if first, end := m.resorted(now, rings); end > limit {
		path, why := m.culprit(rings[:first], rings[min(first, len(rings)-1)], "ring for")
		return fmt.Errorf("%s: %s, so that the last resort has rung only %s after the start, more than %s", path, why, end, limit)
	}
	worst := m.play(now, rehearsed, m.held)
	if first, end := m.resorted(now, worst); end > limit {
		path, why := m.culprit(worst[:first], worst[min(first, len(worst)-1)], "may be held for")
		return fmt.Errorf("%s: %s, if mailboxes answer (see ack_timeout), so that the last resort has rung only %s after the start, more than %s",
			path, why, end, limit)
	}
	return nil
}

// resorted returns when the first page of a last resort has rung out, and its index. Where there is no such page, it is when
// everybody who can be called has been rung: they are a last resort, too.
func (m Machine) resorted(now time.Time, rings []Ring) (first int, end time.Duration) {
	first, end = len(rings), -1
	for i, r := range rings {
		if out := r.From + m.Longest(r.Page); r.isResort() && (end < 0 || out < end) {
			first, end = min(first, i), out
		}
	}
	if end >= 0 {
		return first, end
	}
	rung := map[string]time.Duration{}
	for _, r := range rings {
		if _, before := rung[r.Key()]; !before {
			rung[r.Key()] = r.From + m.Longest(r.Page)
		}
	}
	for _, tier := range m.resort(now) {
		for _, group := range tierGroups(tier) {
			for _, p := range group {
				out, ok := rung[p.Key()]
				if !ok {
					return len(rings), rehearsed
				}
				end = max(end, out)
			}
		}
	}
	return len(rings), max(end, 0)
}

func (m Machine) step(i int) Rung {
	if i < 0 {
		return Rung{}
	}
	return m.Policy.rungs()[i]
}

// share is how much time a rule takes.
type share struct {
	took      time.Duration
	path, why string
}

// stepShares are the shares of a step's pages: its repeats, or else its ringing, and the rules of its people.
func (m Machine) stepShares(step int, rings []Ring, how string) (shares []share) {
	var ring time.Duration
	for _, r := range rings {
		rule, wait := m.slowRule(r.Page)
		ring += r.To - r.From - wait
		if wait > 0 {
			shares = append(shares, share{wait, fmt.Sprintf("people[%s].notify[%d].after", r.Person, rule), fmt.Sprintf("a rule of the person waits %s", wait)})
		}
	}
	if n := m.step(step).Repeat; n > 0 {
		span := rings[len(rings)-1].To - rings[0].From
		return append(shares, share{span, fmt.Sprintf("steps[%d].repeat", step), fmt.Sprintf("the step is walked %d times, which takes %s", n+1, span)})
	}
	why := fmt.Sprintf("%d page(s) one after another %s %s", len(rings), how, ring)
	return append(shares, share{ring, fmt.Sprintf("steps[%d].targets", max(step, 0)), why})
}

// culprit names the rule that takes most of the time before a page.
func (m Machine) culprit(before []Ring, late Ring, how string) (path, why string) {
	if late.Step < len(m.Policy.rungs()) && m.step(late.Walk).At > 0 && m.step(late.Walk).At >= late.From {
		return fmt.Sprintf("steps[%d].at", late.Walk), "the last resort begins at " + m.step(late.Walk).At.String()
	}
	var shares []share
	for step := late.Walk; step <= late.Step && step < len(m.Policy.rungs()); step++ {
		if step < 0 {
			continue
		}
		if d := m.step(step).Delay; d > 0 {
			shares = append(shares, share{d, fmt.Sprintf("steps[%d].delay", step), fmt.Sprintf("the step waits %s", d)})
		}
	}
	byStep := map[int][]Ring{}
	for _, r := range before {
		byStep[r.Step] = append(byStep[r.Step], r)
	}
	for _, step := range slices.Sorted(maps.Keys(byStep)) {
		shares = append(shares, m.stepShares(step, byStep[step], how)...)
	}
	if len(shares) == 0 {
		return fmt.Sprintf("steps[%d]", max(late.Step, 0)), fmt.Sprintf("a page of it lasts %s", late.To-late.From)
	}
	worst := slices.MaxFunc(shares, func(a, b share) int { return cmp.Compare(a.took, b.took) })
	return worst.path, worst.why
}

// slowRule returns the index and the wait of the person's rule that a page waits for longest.
func (m Machine) slowRule(p Page) (rule int, wait time.Duration) {
	if m.Person == nil {
		return 0, 0
	}
	person, _ := m.Person(p.Person)
	for i, r := range person.Notify {
		if r.After > wait && r.After < m.Policy.Patience() {
			rule, wait = i, r.After
		}
	}
	return rule, wait
}

// unreached reports steps that page nobody in a whole round although they have people: those before them have paged them.
func (m Machine) unreached(now time.Time, rings []Ring) error {
	var errs []error
	for i, rung := range m.Policy.rungs() {
		if slices.ContainsFunc(rings, func(r Ring) bool { return r.Step == i }) || len(rings) == 0 {
			continue
		}
		never := func(string) time.Time { return time.Time{} }
		if slices.ContainsFunc(rung.Targets, func(t string) bool { return len(m.groups(t, now, never)) > 0 }) {
			errs = append(errs, fmt.Errorf("steps[%d]: pages nobody: the steps before it have paged all of its people; give it a time (at), or remove it", i))
		}
	}
	return errors.Join(errs...)
}

// unheard reports rules of people that never ring, because their page is given up before.
func (m Machine) unheard(rings []Ring) error {
	if m.Person == nil {
		return nil
	}
	var errs []error
	seen, patience := map[string]bool{"": true}, m.Policy.Patience()
	for _, r := range rings {
		if seen[r.Person] {
			continue
		}
		seen[r.Person] = true
		person, _ := m.Person(r.Person)
		parts := Parts(person, r.RingTime, patience)
		for i, rule := range person.Notify {
			path := fmt.Sprintf("people[%s].notify[%d]", r.Person, i)
			k := slices.IndexFunc(parts, func(p Part) bool { return p.Rule == i })
			switch devices := ruleDevices(person, rule); {
			case rule.Channel != "" && rule.Channel != Voice:
			case len(devices) == 0:
				errs = append(errs, fmt.Errorf("%s.devices: the person has no such device", path))
			case k < 0 && rule.After < patience:
				errs = append(errs, fmt.Errorf("%s.after: %s never comes: the rules before it ring until the page is given up after %s (ack_timeout)", path, rule.After, patience))
			case k < 0:
				errs = append(errs, fmt.Errorf("%s.after: %s never comes: a page is given up after %s (ack_timeout)", path, rule.After, patience))
			case parts[k].After+ringing(devices, r.RingTime) > patience:
				errs = append(errs, fmt.Errorf("%s.after: the page is given up after %s (ack_timeout) while this rule still rings; shorten it", path, patience))
			}
		}
	}
	return errors.Join(errs...)
}

// Empty reports, joined, the targets that stand for nobody at any of the moments. A policy that is the default is not blamed:
// it names people whom not every team has.
func (m Machine) Empty(moments []time.Time) error {
	if len(moments) == 0 || reflect.DeepEqual(m.Policy.rungs(), Default().rungs()) {
		return nil
	}
	never := func(string) time.Time { return time.Time{} }
	var errs []error
	for i, rung := range m.Policy.rungs() {
		for k, name := range rung.Targets {
			if !slices.ContainsFunc(moments, func(t time.Time) bool { return len(m.groups(name, t, never)) > 0 }) {
				errs = append(errs, fmt.Errorf("steps[%d].targets[%d]: %q has nobody from %s to %s", i, k, name,
					moments[0].Format(time.DateOnly), moments[len(moments)-1].Format(time.DateOnly)))
			}
		}
	}
	return errors.Join(errs...)
}

// Reach is what paging that starts at some moment comes to.
type Reach struct {
	Found  bool          // somebody is paged in the first round
	After  time.Duration // when
	Fallen bool          // only because of the last resort: the steps find nobody
}

// Reach plays the first round of paging that starts at now, with nobody answering, up to its first page.
func (m Machine) Reach(now time.Time) Reach {
	start := now
	s, actions := m.Step(State{}, Event{Kind: Start}, now)
	for s.Round == 1 && s.Rest.IsZero() && len(s.Pages) == 0 && !s.Due.IsZero() {
		now = s.Due
		s, actions = m.Step(s, Event{Kind: Wake}, now)
	}
	return Reach{
		Found: len(s.Pages) > 0, After: now.Sub(start),
		Fallen: slices.ContainsFunc(actions, func(a Action) bool { return a.Kind == FallBack }),
	}
}
