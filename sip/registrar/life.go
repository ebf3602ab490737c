package registrar

import "time"

// How a phone is asked whether it lives, while nothing rings.
const (
	askWait    = 4 * time.Second  // for the answer to an OPTIONS: its fourth transmission leaves after 3.5 s
	askAgain   = 2 * time.Second  // after a miss
	askSilent  = 10 * time.Second // while it is silent
	missesGone = 3                // in a row: a phone that used to answer is silent
	missesMute = 2                // in a row: a phone that never answered is not expected to
)

// life is what OPTIONS show of one phone. The zero life is asked at once.
type life struct {
	next   time.Time // of the next OPTIONS
	asked  bool      // one is under way
	missed int       // in a row
}

// registered is the life of a phone that was just heard of.
func (c Config) registered(now time.Time) life { return life{next: now.Add(firstAsk)} }

// firstAsk is how soon after a REGISTER a phone is asked: then we know whether it answers before it is first rung.
const firstAsk = time.Second

// due reports whether an OPTIONS is to be sent now.
func (l life) due(now time.Time) bool { return !l.asked && !now.Before(l.next) }

// ask notes that an OPTIONS has been sent.
func (l life) ask() life {
	l.asked = true
	return l
}

// answered notes an answer, whatever its status: the phone lives.
func (l life) answered(now time.Time, every time.Duration) life {
	return life{next: now.Add(every)}
}

// unanswered notes a miss of a phone that is (or is not) known to answer.
func (l life) unanswered(now time.Time, answers bool, every time.Duration) life {
	l.asked = false
	l.missed++
	wait := askAgain
	switch {
	case answers && l.missed >= missesGone:
		wait = min(askSilent, every)
	case !answers && l.missed >= missesMute:
		wait = every
	}
	l.next = now.Add(wait)
	return l
}

// silent reports a phone that used to answer and does not any more.
func (b *Binding) silent() bool { return b.Answers && b.life.missed >= missesGone }

// How a ringing phone is watched.
const (
	// WatchEvery is how often Destination.Alive is to be asked while the phone rings.
	WatchEvery = 500 * time.Millisecond
	// watchLimit is counted from the sending of the last OPTIONS that was answered: three have gone unanswered then.
	watchLimit = 1400 * time.Millisecond
)

// watch is what OPTIONS show of a phone while it rings. The zero watch begins with its first ask.
type watch struct{ heard time.Time }

// ask begins the watch and reports whether the phone is gone.
func (w watch) ask(now time.Time, answers bool) (_ watch, gone bool) {
	if w.heard.IsZero() {
		w.heard = now.Add(-WatchEvery) // its INVITE left then
	}
	return w, answers && now.Sub(w.heard) >= watchLimit
}

// answered notes the answer to an OPTIONS that was sent at that time.
func (w watch) answered(sent time.Time) watch {
	if sent.After(w.heard) {
		w.heard = sent
	}
	return w
}
