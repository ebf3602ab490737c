package locate

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// reply is what came of one question.
type reply struct {
	q   Question
	got Answer
	err error
}

// Run keeps the plans fresh until ctx ends.
func (l *Locator) Run(ctx context.Context) error {
	l.restore()
	var asking sync.WaitGroup
	defer asking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	replies := make(chan reply, maxAsking)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for inFlight := 0; ; {
		due, next := l.due(maxAsking - inFlight)
		for _, q := range due {
			inFlight++
			asking.Go(func() { replies <- l.ask(ctx, q) })
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return nil // the channel has room for all that is still to come
		case r := <-replies:
			inFlight--
			l.take(r)
		case <-timer.C:
		case <-l.wake:
		}
	}
}

// Refresh asks once for all that is watched and not known, and returns when all of it is answered or has failed.
func (l *Locator) Refresh(ctx context.Context) {
	l.restore()
	for {
		due, _ := l.due(maxAsking)
		if len(due) == 0 {
			return
		}
		replies := make(chan reply, len(due))
		for _, q := range due {
			go func() { replies <- l.ask(ctx, q) }()
		}
		for range due {
			l.take(<-replies)
		}
	}
}

// ask asks one question; a panic costs this one only.
func (l *Locator) ask(ctx context.Context, q Question) (r reply) {
	r.q = q
	defer func() {
		if fault := recover(); fault != nil {
			r.err = fmt.Errorf("asking broke: %v", fault)
			l.deps.Log.Error("asking DNS broke, it is asked again later", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	r.got, r.err = l.deps.Asker.Ask(ctx, q)
	return r
}

// due returns up to n questions whose time has come, and how long nothing else is to do. Answers that nobody needs any
// more are forgotten.
func (l *Locator) due(n int) ([]Question, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.deps.Now()
	var due []Question
	next, missing := l.cfg.MaxTTL, false
	needed := make(map[Question]bool)
	for q := range l.entries {
		w := l.walk()
		w.follow(q)
		missing = missing || w.missing
		for _, question := range w.asked {
			if needed[question] {
				continue
			}
			needed[question] = true
			a := l.answers[question]
			if a == nil {
				a = new(answer)
				l.answers[question] = a
			}
			switch wait := a.next.Sub(now); {
			case a.asking:
			case wait > 0:
				next = min(next, wait)
			case len(due) < n:
				a.asking = true
				due = append(due, question)
			}
		}
	}
	if !missing && !l.isReady {
		l.isReady = true
		close(l.ready)
	}
	for question, a := range l.answers {
		if !needed[question] && !a.asking {
			delete(l.answers, question)
		}
	}
	return due, next
}

// take notes what came of a question and makes the plans anew.
func (l *Locator) take(r reply) {
	changed, sure := l.note(r)
	if changed {
		l.deps.Changed()
	}
	if sure {
		l.save()
	}
}

// note reports whether a plan has changed, and whether one that is worth keeping has.
func (l *Locator) note(r reply) (changed, sure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.deps.Now()
	a := l.answers[r.q]
	if a == nil {
		return false, false
	}
	a.asking = false
	l.metrics.asked(r.err)
	if r.err != nil {
		a.fails++
		a.problem = r.err.Error()
		a.next = now.Add(min(lastRetry, firstRetry<<min(a.fails-1, 5)))
	} else {
		longest := l.cfg.MaxTTL
		if len(r.got.Records) == 0 {
			longest = min(longest, max(maxNegative, l.cfg.MinTTL))
		}
		ttl := min(max(r.got.TTL, l.cfg.MinTTL), longest)
		*a = answer{Answer: r.got, known: true, until: now.Add(ttl), next: now.Add(ttl * 3 / 4)}
	}
	stale := 0
	for q, e := range l.entries {
		wasSure := !e.weak
		if l.replan(q, e, now) {
			changed, sure = true, sure || !e.weak
		}
		sure = sure || !wasSure && !e.weak // all that was missing has come
		s := l.state(q, e)
		if s.Stale || len(e.plan) == 0 {
			stale++
		}
		l.tell(e, s)
	}
	l.metrics.stale(stale)
	return changed, sure
}

// replan makes one plan anew and reports whether it has changed. What DNS said before stays in force until it says
// something else of which servers can be made.
func (l *Locator) replan(q Query, e *entry, now time.Time) bool {
	w := l.walk()
	plan := w.follow(q)
	weak := w.missing || w.guessed
	if len(plan) == 0 || weak && len(e.plan) > 0 && !e.weak && now.Sub(e.at) < distrust {
		return false
	}
	changed := !plan.equal(e.plan)
	e.plan, e.weak, e.at = plan, weak, now
	return changed
}

// tell logs a change for the better or worse once.
func (l *Locator) tell(e *entry, s State) {
	note := ""
	switch {
	case len(e.plan) == 0 && s.Problem != "":
		note = "no address is known"
	case s.Stale:
		note = "old addresses stay in use"
	}
	if note == e.note {
		return
	}
	e.note = note
	if note == "" {
		l.deps.Log.Info("DNS answers again for a peer's name", "host", s.Query.Host)
		return
	}
	l.deps.Log.Warn("a peer's name is not resolved: "+note, "host", s.Query.Host, "err", s.Problem) //nolint:sloglint // one of two texts
}
