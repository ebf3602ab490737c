package selftest

import "time"

// History is what is known of one line. It outlives a restart.
type History struct {
	Trunk  string    `json:"trunk"`
	OK     time.Time `json:"ok,omitzero"`   // of the last proof
	Last   time.Time `json:"last,omitzero"` // of the last verdict
	Result Result    `json:"result,omitempty"`
	Text   string    `json:"text,omitempty"`
	Fails  int       `json:"fails,omitempty"` // verdicts in a row that were no proof
	Alarm  string    `json:"alarm,omitempty"` // the open alarm's name; "" = none
	// Passed is why the last test was not made; "" = it was.
	Passed    string    `json:"passed,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"` // of the next try then
	// Suspended says that tests by themselves have stopped: each would ring an engineer.
	Suspended bool          `json:"suspended,omitempty"`
	ByCalls   bool          `json:"by_calls,omitempty"` // the last proof was calls of people, not a test
	Ringing   time.Duration `json:"ringing_ns,omitempty"`
	Answered  time.Duration `json:"answered_ns,omitempty"`
	MOS       float64       `json:"mos,omitempty"`

	// When a call of people was last served through the operator, by direction; not kept.
	In, Out time.Time `json:"-"`
}

// Times of the plan.
const (
	startAfter = 30 * time.Second // a server that starts has other things to do
	again      = time.Minute      // after a failure, or a test that was passed over
)

// dueAt is when a line that is tested every so often is to be tested next.
func (h *History) dueAt(every time.Duration, started time.Time) time.Time {
	at := started.Add(min(startAfter, every))
	after := func(t time.Time, d time.Duration) {
		if next := t.Add(d); !t.IsZero() && next.After(at) {
			at = next
		}
	}
	if h.Fails > 0 && h.Alarm == "" {
		after(h.Last, min(again, every))
	} else {
		after(h.Last, every)
	}
	after(h.NotBefore, 0)
	return at
}

// due returns the line that is next and when; -1 when none is tested by itself.
func due(cfg Config, lines []Line, past map[string]*History, started time.Time) (next int, at time.Time) {
	next = -1
	if cfg.Every <= 0 {
		return next, at
	}
	for i, l := range lines {
		h := past[l.Trunk]
		if l.Off || h.Suspended {
			continue
		}
		if t := h.dueAt(cfg.Every, started); next < 0 || t.Before(at) {
			next, at = i, t
		}
	}
	return next, at
}

// Surroundings are what a test depends on and does not test.
type Surroundings struct {
	Draining bool
	Loaded   bool // nobody but known clients is taken
	NoRoom   bool // the operator has no channels for two more calls
	Apart    bool // other nodes could not be told of the test
}

// passOver says why no test is made now; "" = it is.
func passOver(s Surroundings) string {
	switch {
	case s.Draining:
		return "the server drains"
	case s.Loaded:
		return "the server is loaded"
	case s.NoRoom:
		return "the operator's channels are needed for calls"
	case s.Apart:
		return "the other nodes cannot be told of a test"
	}
	return ""
}

// provedByCalls returns the proof that calls of people have given within the interval; zero = none.
func (h *History) provedByCalls(every time.Duration, now time.Time) time.Time {
	at := h.In
	if h.Out.Before(at) {
		at = h.Out
	}
	if at.IsZero() || now.Sub(at) >= every || !at.After(h.Last) {
		return time.Time{}
	}
	return at
}

// Todo is what follows from a verdict.
type Todo uint8

// What follows from a verdict.
const (
	DoNothing Todo = iota
	DoRaise        // page somebody
	DoClear        // take the alarm back
)

// after notes a report and says what follows.
func (h *History) after(cfg Config, r *Report) Todo {
	if !r.Result.Verdict() {
		h.Passed, h.NotBefore = r.Text, r.At.Add(min(again, cfg.Every))
		if r.refused {
			h.NotBefore = r.At.Add(cfg.Every) // asking again would only fill the log of security events
		}
		return DoNothing
	}
	h.Passed, h.NotBefore = "", time.Time{}
	h.Last, h.Result, h.Text, h.ByCalls = r.At, r.Result, r.Text, false
	h.Ringing, h.Answered, h.MOS = r.Ringing, r.Answered, r.MOS
	if r.Result == OK {
		h.OK, h.Fails, h.Suspended = r.At, 0, false
		return h.clear()
	}
	h.Fails++
	if r.Result == Unrecognised { // the call itself has become a ticket
		h.Suspended = true
		return DoNothing
	}
	if h.Alarm == "" && h.Fails >= cfg.FailAfter {
		return DoRaise
	}
	return DoNothing
}

// proved notes a proof by calls of people.
func (h *History) proved(at time.Time) Todo {
	h.OK, h.Last, h.Result, h.Text, h.ByCalls, h.Fails = at, at, OK, "", true, 0
	h.Passed, h.NotBefore = "", time.Time{}
	return h.clear()
}

// Doubted reports whether calls should prefer other operators.
func (h *History) Doubted() bool { return h.Fails > 0 && h.Result != Unrecognised }

func (h *History) clear() Todo {
	if h.Alarm != "" {
		return DoClear
	}
	return DoNothing
}
