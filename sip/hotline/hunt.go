package hotline

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Causes of ends that the script itself gives; they are those of the b2bua.
const (
	causeNormal     = "normal"
	causeElsewhere  = "completed_elsewhere"
	causeCallerGone = "caller_gone"
	causeNoKey      = "no_key"
	causeDeclined   = "declined"
)

// plan begins a round with the people on duty now.
func (m *machine) plan(e Event) {
	p := e.Plan
	if m.s.Phase != PhaseHunting || m.hunting() {
		return
	}
	if p == nil { // the plan could not be read: nobody can be rung, the caller hears so
		p = &dispatch.Plan{}
	}
	first := !m.s.Planned
	m.s.Plan, m.s.Planned = *p, true
	m.s.Rung, m.s.Tried, m.s.Busy, m.s.Dialled = 0, nil, false, 0
	m.s.RoundAt, m.s.Failed, m.s.RestUntil = m.now, 0, time.Time{}
	m.rest(e.Rest)
	m.next()
	if first && !m.s.Answered && m.s.Phase != PhaseClosing && m.s.Phase != PhaseOver {
		m.start(TimerAnswer, 0, orElse(p.AnswerAfter, m.s.times.AnswerAfter))
	}
}

func orElse(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
}

// hunting reports whether an attempt to reach somebody is under way.
func (m *machine) hunting() bool {
	return slices.ContainsFunc(m.s.Attempts, func(a Attempt) bool {
		return a.Phase != AttemptDropped && a.Phase != AttemptTold
	})
}

// next goes on with the hunt: the next person, rung, round, static number.
func (m *machine) next() {
	if m.s.Phase != PhaseHunting || m.hunting() {
		return
	}
	for ; m.s.Rung < len(m.s.Plan.Rungs); m.s.Rung++ {
		if m.climb(m.s.Plan.Rungs[m.s.Rung]) {
			return
		}
	}
	m.roundOver()
}

// climb rings those of a rung who were not tried in this round: one of them, or
// each when they ring together. Shared people are rung at once; for the others
// the right to ring one is asked for first.
func (m *machine) climb(r dispatch.Rung) bool {
	var people []string
	climbed := false
	for i := range r.Duties {
		c := r.Duties[i]
		if slices.Contains(m.s.Tried, c.Person.ID) || len(devicesOf(c)) == 0 {
			continue
		}
		switch {
		case c.Person.Shared && (r.Parallel || len(people) == 0):
			climbed = true
			m.reach(m.add(Attempt{Tier: r.RingTime}), c)
		case c.Person.Shared: // after those who are claimed in its front
		case r.Parallel:
			climbed = true
			m.claim([]string{c.Person.ID}, r)
		default:
			people = append(people, c.Person.ID)
			continue
		}
		if !r.Parallel {
			break
		}
	}
	if climbed || len(people) == 0 {
		return climbed
	}
	m.claim(people, r)
	return true
}

// reach begins to ring a candidate on his devices.
func (m *machine) reach(a *Attempt, c dispatch.Candidate) {
	m.s.Tried = append(m.s.Tried, c.Person.ID)
	m.s.Dialled++
	a.Person, a.Name, a.Devices = c.Person.ID, c.Person.Name, devicesOf(c)
	m.dial(a)
}

func (m *machine) claim(people []string, r dispatch.Rung) {
	a := m.add(Attempt{Phase: AttemptClaiming, Tier: r.RingTime, People: people})
	m.do(Action{Kind: ActClaim, Attempt: a.ID, People: people, Track: r.Name})
	if m.s.Remote {
		m.ring()
	}
}

func (m *machine) granted(a *Attempt, person string) {
	if a.Phase == AttemptDropped {
		m.do(Action{Kind: ActRelease, Claim: a.ID})
		m.remove(a.ID)
		return
	}
	if a.Phase != AttemptClaiming {
		return
	}
	a.Claim = a.ID
	c, ok := m.candidate(person)
	if !ok {
		m.s.Tried = append(m.s.Tried, person)
		m.unclaim(a)
		m.remove(a.ID)
		m.next()
		return
	}
	m.reach(a, c)
}

// denied means that all who were asked for talk to somebody else, or rest.
func (m *machine) denied(a *Attempt, e Event) {
	switch a.Phase {
	case AttemptDropped:
		m.remove(a.ID)
	case AttemptClaiming:
		m.s.Busy = m.s.Busy || !e.Resting
		m.rest(e.Rest)
		m.s.Tried = append(m.s.Tried, a.People...)
		m.remove(a.ID)
		m.next()
	case AttemptDialling, AttemptRinging, AttemptAsked, AttemptConfirming, AttemptTalking, AttemptTold:
	}
}

// rest notes that somebody of this round may not be rung before a time.
func (m *machine) rest(d time.Duration) {
	if until := m.now.Add(d); d > 0 && (m.s.RestUntil.IsZero() || until.Before(m.s.RestUntil)) {
		m.s.RestUntil = until
	}
}

func (m *machine) candidate(person string) (dispatch.Candidate, bool) {
	for _, r := range m.s.Plan.Rungs {
		for _, c := range r.Duties {
			if c.Person.ID == person {
				return c, true
			}
		}
	}
	return dispatch.Candidate{}, false
}

// dial rings the attempt's current device.
func (m *machine) dial(a *Attempt) {
	a.Phase, a.Since = AttemptDialling, m.now
	m.s.EverDialled++
	d := a.device()
	m.do(Action{Kind: ActDial, Attempt: a.ID, Person: a.Person, Device: d, RingTime: d.Rings(a.Tier)})
	m.leaveQueue()
	m.ring()
}

// ring lets the caller hear true ringing, once.
func (m *machine) ring() {
	if !m.s.RingingSent && !m.s.Begun.IsZero() {
		m.s.RingingSent = true
		m.do(Action{Kind: ActRing})
	}
}

// failed is an attempt that was not answered.
func (m *machine) failed(a *Attempt, e Event) {
	if a.Client {
		m.clientFailed(a, e)
		return
	}
	switch a.Phase {
	case AttemptDialling, AttemptRinging, AttemptAsked, AttemptConfirming:
		m.gaveUp(a, e)
	case AttemptTalking, AttemptTold:
		m.ended(a, e)
	case AttemptClaiming, AttemptDropped: // no leg yet
	}
}

// gaveUp records a failed try and goes on: his next device, or the next one.
func (m *machine) gaveUp(a *Attempt, e Event) {
	m.stopAsking(a)
	m.record(a, e.Outcome, e)
	if !personAnswered(e.Outcome) && a.Device+1 < len(a.Devices) && (m.s.Phase == PhaseHunting || m.s.Begun.IsZero()) {
		next := *a
		next.Device++
		next.Wants, next.Asking, next.Said, next.Repeats = false, false, 0, 0
		m.remove(a.ID)
		m.dial(m.add(next))
		return
	}
	if rest := restAfter(e.Outcome, m.s.times.PersonBackoff); rest > 0 {
		m.s.Failed++
		m.rest(rest)
	}
	m.unclaim(a)
	m.remove(a.ID)
	m.afterAttempt()
}

// afterAttempt decides what follows when an attempt is through.
func (m *machine) afterAttempt() {
	switch m.s.Phase {
	case PhaseHunting:
		m.anotherKey()
		m.next()
	case PhaseLeft, PhaseCallingBack:
		m.finishLeft()
	case PhaseWaiting, PhaseTalking, PhaseClosing, PhaseOver, PhaseRecalling, PhaseGreeting:
	}
}

// roundOver follows a walk over all rungs. A round in which everybody rests is
// a round: their phones have failed a moment ago, for another caller.
func (m *machine) roundOver() {
	resting := !m.s.RestUntil.IsZero()
	m.s.Spared = m.s.Spared || resting && m.s.EverDialled == 0
	last := m.s.LastRound || m.s.Round >= m.rounds()
	switch {
	case m.s.Static > 0 && m.s.Static < len(m.s.Plan.Static):
		m.dialStatic()
	case m.s.Busy && !m.s.LastRound && (m.s.Dialled == 0 || last):
		m.wait()
	case !last && (m.s.Dialled > 0 || resting):
		m.pause(m.pauseLeft())
	case m.s.Static < len(m.s.Plan.Static):
		m.dialStatic()
	default:
		m.exhausted()
	}
}

// rounds is how many times the rungs are walked; once more when the first walk
// found nobody who could be rung.
func (m *machine) rounds() int {
	n := max(m.s.Plan.Rounds, 1)
	if m.s.Spared {
		n++
	}
	return n
}

// pauseLeft is how long the next round waits: when all whom this one reached
// have failed, until one of them may be tried again.
func (m *machine) pauseLeft() time.Duration {
	left := m.minRoundLeft()
	if m.s.Failed == m.s.Dialled && !m.s.RestUntil.IsZero() {
		left = max(left, m.s.RestUntil.Sub(m.now))
	}
	return left
}

// minRoundLeft keeps apart the rounds of one call in which somebody was rung.
func (m *machine) minRoundLeft() time.Duration {
	if m.s.Dialled == 0 {
		return 0
	}
	return max(m.s.times.MinRound-m.now.Sub(m.s.RoundAt), 0)
}

// pause keeps rounds apart. The caller keeps his turn meanwhile.
func (m *machine) pause(rest time.Duration) {
	if rest == 0 {
		m.nextRound()
		return
	}
	m.ring()
	m.queue()
	m.start(TimerRound, 0, rest)
}

func (m *machine) nextRound() {
	if m.s.Phase == PhaseHunting && !m.hunting() {
		m.s.Round++
		m.do(Action{Kind: ActAskPlan})
	}
}

// dialStatic rings the next emergency number of last resort. It belongs to
// nobody, so no claim is needed; the accept key is.
func (m *machine) dialStatic() {
	n := m.s.Plan.Static[m.s.Static]
	m.s.Static++
	m.dial(m.add(Attempt{Name: n.Name, Devices: []oncall.Device{n.Device()}}))
}
