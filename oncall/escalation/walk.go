package escalation

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// firstStep is the step, and the stretch, of the person who is paged before the steps.
const firstStep = -1

// rung returns a step by its index, also those outside the policy's steps: the person who comes before them, and the last
// resort that follows them.
func (r *run) rung(step int) Rung {
	rungs := r.m.Policy.rungs()
	switch {
	case step == firstStep:
		return Rung{Targets: []string{personPrefix + r.s.First}}
	case step >= len(rungs):
		return Rung{Targets: []string{Chain, oncall.Everyone, oncall.Static}}
	}
	return rungs[step]
}

// stretchEnd returns the index after the last step of a walk.
func (r *run) stretchEnd(from int) int {
	if from >= len(r.m.Policy.rungs()) {
		return from + 1
	}
	return r.m.Policy.stretch(from)
}

// advance does one thing that is due while nobody has acknowledged; it reports whether to look again.
func (r *run) advance() bool {
	if !r.s.Rest.IsZero() {
		if r.now.Before(r.s.Rest) || len(r.s.Pages) > 0 {
			return false
		}
		r.round(r.s.Round + 1)
		return true
	}
	r.timedSteps()
	refused, ended := r.walks()
	if len(r.s.Walks) > 0 || len(r.s.Pages) > 0 {
		return ended
	}
	if refused && r.early() || r.again() {
		return true
	}
	if !r.timedAhead() {
		return r.endRound()
	}
	if refused {
		r.s.Again = r.now.Add(r.m.Policy.pause()) // all have refused
	}
	return false
}

// timedSteps begins the stretches whose time has come.
func (r *run) timedSteps() {
	rungs := r.m.Policy.rungs()
	for {
		step, ok := r.m.Policy.timed(r.s.Next)
		if !ok || r.now.Before(r.s.Origin.Add(rungs[step].At)) {
			return
		}
		r.s.Next = step + 1
		r.stretch(step)
	}
}

// stretch begins with a timed step; where it was early, it begins anew. Who is being paged is left out.
func (r *run) stretch(step int) {
	r.s.Walks = slices.DeleteFunc(r.s.Walks, func(w Walk) bool { return w.From == step })
	w := Walk{From: step, Step: step}
	for _, p := range r.s.Pages {
		w.Paged = append(w.Paged, p.Key())
	}
	r.s.Walks = append(r.s.Walks, w)
}

// walks carries all stretches on. It reports whether one has ended, and whether the last to end ended in a refusal.
func (r *run) walks() (refused, ended bool) {
	for i := 0; i < len(r.s.Walks); {
		if !r.walk(&r.s.Walks[i]) {
			i++
			continue
		}
		w := r.s.Walks[i]
		r.s.Walks = slices.Delete(r.s.Walks, i, i+1)
		refused, ended = w.Had && !w.Silent, true
		if step, ok := r.ahead(w.From + 1); !w.Had && ok && r.s.Phase == Paging {
			r.stretch(step) // it had nobody and makes way
		}
	}
	return refused, ended
}

// walk carries a stretch on as far as it goes now; it reports whether it is through.
func (r *run) walk(w *Walk) bool {
	for w.Step < r.stretchEnd(w.From) {
		if w.Due.After(r.now) {
			return false
		}
		if !w.Due.IsZero() {
			w.Due, w.Waited = time.Time{}, true
		}
		rung := r.rung(w.Step)
		if r.s.Phase == Holding && !rung.AfterAck {
			r.over(w)
			continue
		}
		next, busy := r.next(w, rung)
		switch {
		case len(next) > 0 && rung.Delay > 0 && !w.Waited && (!w.Ended || w.Silent):
			w.Due = r.now.Add(rung.Delay)
			return false
		case len(next) > 0:
			w.Waited = true
			r.pageAll(w, next)
			return false
		case busy:
			return false
		case w.Again < rung.Repeat && len(w.Paged) > w.Before:
			w.Again, w.Paged, w.Due = w.Again+1, w.Paged[:w.Before], r.now.Add(r.m.Policy.pause())
		default:
			r.over(w)
		}
	}
	return true
}

// over goes on to the next step of the stretch.
func (r *run) over(w *Walk) {
	w.Step, w.Due, w.Waited, w.Again, w.Before = w.Step+1, time.Time{}, false, 0, len(w.Paged)
	if w.Step == 0 {
		w.Waited = r.s.Round > 1 // the person before the steps is through
	}
}

// next returns whom the step pages now: of each target, or of all together, the next one who has not been paged. busy says
// that a page of the step is under way. Who is being paged by another step is passed over.
func (r *run) next(w *Walk, rung Rung) (pages []Page, busy bool) {
	taken := map[string]bool{}
	for lane, list := range r.lanes(rung) {
		w.Had = w.Had || len(list) > 0
		if slices.ContainsFunc(r.s.Pages, func(p Page) bool { return p.Walk == w.From && p.Step == w.Step && p.Lane == lane }) {
			busy = true
			continue
		}
		for _, group := range list {
			found := false
			for _, p := range group {
				if taken[p.Key()] || r.passedOver(w, p.Key()) {
					continue
				}
				taken[p.Key()], found = true, true
				p.Walk, p.Step, p.Lane, p.AfterAck = w.From, w.Step, lane, rung.AfterAck
				if w.Step == firstStep {
					p.Tier = Assignee
				}
				pages = append(pages, p)
			}
			if found {
				break
			}
		}
	}
	return pages, busy
}

// passedOver reports whether the walk does not page somebody.
func (r *run) passedOver(w *Walk, key string) bool {
	switch {
	case slices.Contains(w.Paged, key), w.Early && slices.Contains(r.s.Paged, key):
		return true
	case r.s.Phase == Holding && slices.Contains(r.s.Acked, key):
		return true
	}
	if slices.ContainsFunc(r.s.Pages, func(p Page) bool { return p.Key() == key }) {
		w.Paged = append(w.Paged, key)
		return true
	}
	return false
}

// lanes returns the step's targets as lists that are walked side by side.
func (r *run) lanes(rung Rung) [][]group {
	var lanes [][]group
	for i, name := range rung.Targets {
		list := r.m.groups(name, r.now, r.last)
		if i == 0 || rung.Together {
			lanes = append(lanes, list)
		} else {
			lanes[0] = append(lanes[0], list...)
		}
	}
	if rung.RoundRobin {
		for _, list := range lanes {
			byTurn(list, r.last)
		}
	}
	return lanes
}

// pageAll starts pages of a walk.
func (r *run) pageAll(w *Walk, pages []Page) {
	for _, p := range pages {
		w.Paged = append(w.Paged, p.Key())
		r.s.Reached = r.s.Reached || p.isResort()
		r.page(p)
	}
	r.s.Found = r.s.Found || w.Step != firstStep
	w.Silent, w.Ended = false, false
}

// somebody reports whether a stretch would page anybody now who is not left out.
func (r *run) somebody(from int, early bool) bool {
	for step := from; step < r.stretchEnd(from); step++ {
		w := Walk{From: from, Step: step, Early: early}
		if pages, _ := r.next(&w, r.rung(step)); len(pages) > 0 {
			return true
		}
	}
	return false
}

// early pages, ahead of its time, whom the next stretch has that nobody has paged in this round.
func (r *run) early() bool {
	for i := max(r.s.Early, r.s.Next); ; {
		step, ok := r.m.Policy.timed(i)
		if !ok {
			return false
		}
		i = step + 1
		r.s.Early = i
		if r.somebody(step, true) {
			r.s.Walks = append(r.s.Walks, Walk{From: step, Step: step, Early: true})
			return true
		}
	}
}

// again begins the next stretch ahead of its time when all have refused, and the pause after that is over.
func (r *run) again() bool {
	if r.s.Again.IsZero() || r.now.Before(r.s.Again) {
		return false
	}
	r.s.Again = time.Time{}
	step, ok := r.ahead(r.s.Next)
	if ok {
		r.stretch(step)
	}
	return ok
}

// timedAhead reports whether a timed step is ahead that has somebody now. One that has nobody is not waited for.
func (r *run) timedAhead() bool {
	_, ok := r.ahead(r.s.Next)
	return ok
}

// ahead returns the first timed step at or after i whose stretch has somebody now.
func (r *run) ahead(i int) (step int, ok bool) {
	for {
		if step, ok = r.m.Policy.timed(i); !ok || r.somebody(step, false) {
			return step, ok
		}
		i = step + 1
	}
}

// endRound pages the last resort that follows the steps where they have reached none, or ends the round.
func (r *run) endRound() bool {
	resort := len(r.m.Policy.rungs())
	due := !r.m.Policy.Only && !r.s.Resorted && !r.s.Reached
	if due && r.somebody(resort, true) {
		if !r.s.Found {
			r.do(FallBack, Page{})
		}
		r.s.Resorted = true
		r.s.Walks = append(r.s.Walks, Walk{From: resort, Step: resort, Early: true})
		return true
	}
	if len(r.s.Paged) == 0 {
		r.do(NobodyToPage, Page{})
	}
	if r.m.Policy.Rounds > 0 && r.s.Round >= r.m.Policy.Rounds {
		r.do(GiveUp, Page{})
		r.finish(0)
		return false
	}
	r.s.Rest = r.now.Add(r.m.Policy.pause())
	return false
}

// hold does one thing that is due after the acknowledgement; it reports whether to look again.
func (r *run) hold() bool {
	if every := r.m.Policy.RepageAfter; every > 0 && !r.now.Before(r.s.Since.Add(every)) {
		r.do(Forgotten, Page{})
		r.begin(r.s.First, r.s.Round+1)
		return true
	}
	r.skipQuiet()
	r.timedSteps()
	if _, ended := r.walks(); ended {
		return true
	}
	if len(r.s.Walks)+len(r.s.Pages) > 0 || r.m.Policy.RepageAfter > 0 || !r.timedDue().IsZero() {
		return false
	}
	r.finish(0)
	return false
}

// skipQuiet passes over the timed stretches that have no step which goes out after the acknowledgement.
func (r *run) skipQuiet() {
	rungs := r.m.Policy.rungs()
	for {
		step, ok := r.m.Policy.timed(r.s.Next)
		if !ok || slices.ContainsFunc(rungs[step:r.m.Policy.stretch(step)], func(g Rung) bool { return g.AfterAck }) {
			return
		}
		r.s.Next = step + 1
	}
}
