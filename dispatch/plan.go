package dispatch

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Plan is all the hotline needs to serve one call: what to say, whom to ring,
// what if nobody accepts.
type Plan struct {
	Line          LineInfo
	Ref           Ref
	At            time.Time // the moment the rota was read
	AnswerAfter   time.Duration
	ProgressEvery time.Duration
	Rounds        int // how often the rungs are walked before the call counts as exhausted
	Rungs         []Rung
	Static        []oncall.StaticNumber // rung last, one after another, in every round's end
	Exhausted     Exhausted
}

// LineInfo is what a call needs to know of its hotline.
type LineInfo struct {
	ID       string
	Name     string
	Language string // "ru" or "en"
	Greeting string // prompt name or file; empty = the pack's greeting
	Schedule string
	DIDs     []string
	Record   bool
}

// Rung is a group of people asked together or one after another.
type Rung struct {
	Name     string
	Duties   []Candidate
	Parallel bool
	RingTime time.Duration
}

// Candidate is one person of a rung with the reason why he stands there.
type Candidate struct {
	Person     oncall.Person
	Provenance string
	Devices    []oncall.Device // in the order to try
	Until      time.Time       // end of the duty; zero = open
}

// Exhausted says what the caller gets when all rounds are through.
type Exhausted string

// The policies of exhaustion.
const (
	ExhaustedClose Exhausted = "close" // honest closing prompt, hang up; paging goes on
	ExhaustedHold  Exhausted = "hold"  // the caller may stay on the line while paging goes on
)

// Candidates returns the ids of all people of the plan in order, without
// repeats.
func (p Plan) Candidates() []string {
	var ids []string
	seen := map[string]bool{}
	for _, r := range p.Rungs {
		for _, c := range r.Duties {
			if !seen[c.Person.ID] {
				seen[c.Person.ID] = true
				ids = append(ids, c.Person.ID)
			}
		}
	}
	return ids
}
