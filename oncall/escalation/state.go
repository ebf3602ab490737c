package escalation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Phase is where paging stands.
type Phase string

// The phases. The zero value is Idle.
const (
	// Idle: not started.
	Idle Phase = ""
	// Paging: nobody has acknowledged.
	Paging Phase = "paging"
	// Holding: somebody has; there are steps that go out all the same, or the incident is watched.
	Holding Phase = "holding"
	// Finished: nothing is left to do.
	Finished Phase = "finished"
)

// String returns the phase's name.
func (p Phase) String() string {
	if p == Idle {
		return "idle"
	}
	return string(p)
}

// State is all the machine remembers. It is a plain value that survives being written to JSON and read back.
type State struct {
	Phase Phase `json:"phase,omitempty"`
	// Policy is the one that was in force when paging began; nil: the machine's.
	Policy *Policy `json:"policy,omitempty"`
	// Number is that of the last page.
	Number int `json:"number,omitempty"`
	// Round counts from 1; Origin is when it began, Rest when the pause after it ends.
	Round  int       `json:"round,omitempty"`
	Origin time.Time `json:"origin,omitzero"`
	Rest   time.Time `json:"rest,omitzero"`
	// Again is when the next timed step begins although its time has not come, because all have refused.
	Again time.Time `json:"again,omitzero"`
	// Next is where the search for the next timed step begins that has not had its time, Early the same for those not paged
	// early.
	Next  int `json:"next,omitempty"`
	Early int `json:"early,omitempty"`
	// Walks are the stretches under way, Pages the pages under way.
	Walks []Walk `json:"walks,omitempty"`
	Pages []Page `json:"pages,omitempty"`
	// Paged are all who were paged in this round. Found says that a step has paged somebody, Reached that one of them was of
	// everyone or an emergency number, Resorted that the last resort which follows the steps has had its turn.
	Paged    []string `json:"paged,omitempty"`
	Found    bool     `json:"found,omitempty"`
	Reached  bool     `json:"reached,omitempty"`
	Resorted bool     `json:"resorted,omitempty"`
	// First is the person who is paged before the steps.
	First string `json:"first,omitempty"`
	// Acked are those who have acknowledged, Since is when somebody last did or acted.
	Acked []string  `json:"acked,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Turns say when each person was last paged about this incident.
	Turns map[string]time.Time `json:"turns,omitempty"`
	// Due is when Wake is wanted; zero for never.
	Due time.Time `json:"due,omitzero"`
}

// Walk is where a stretch stands.
type Walk struct {
	// From is the step it began with, Step the one it has come to; see Page.Step for those outside the policy's steps.
	From int `json:"from"`
	Step int `json:"step"`
	// Due ends a wait before Step; zero: none. Waited says that the Delay before it is over.
	Due    time.Time `json:"due,omitzero"`
	Waited bool      `json:"waited,omitempty"`
	// Paged are those it has paged or passed over, the first Before of them in steps before this one. Again counts the
	// repeats of Step.
	Paged  []string `json:"paged,omitempty"`
	Before int      `json:"before,omitempty"`
	Again  int      `json:"again,omitempty"`
	// Early leaves out whom the round has paged.
	Early bool `json:"early,omitempty"`
	// Had says that a step of it had people. Silent says that its last page rang out; else it was refused, or there was none.
	// Ended says that one has ended.
	Had    bool `json:"had,omitempty"`
	Silent bool `json:"silent,omitempty"`
	Ended  bool `json:"ended,omitempty"`
}

// clone returns a state that shares nothing with s that is ever written.
func (s State) clone() State {
	s.Walks, s.Pages = slices.Clone(s.Walks), slices.Clone(s.Pages)
	for i := range s.Walks {
		s.Walks[i].Paged = slices.Clone(s.Walks[i].Paged)
	}
	s.Paged, s.Acked, s.Turns = slices.Clone(s.Paged), slices.Clone(s.Acked), maps.Clone(s.Turns)
	return s
}

// UnderWay returns the page of a number, if it is under way.
func (s State) UnderWay(number int) (Page, bool) {
	i := slices.IndexFunc(s.Pages, func(p Page) bool { return p.Number == number })
	if i < 0 {
		return Page{}, false
	}
	return s.Pages[i], true
}

// Touch notes that somebody has acted on an incident that was acknowledged. Due stays: the Wake at it finds the new time.
func (s State) Touch(at time.Time) State {
	if s.Phase == Holding && at.After(s.Since) {
		s.Since = at
	}
	return s
}

// Watched reports whether the policy has something left to do after an acknowledgement.
func (s State) Watched() bool {
	return s.Policy != nil && (s.Policy.RepageAfter > 0 || slices.ContainsFunc(s.Policy.Steps, func(r Rung) bool { return r.AfterAck }))
}

// Anew returns the state with which paging begins once more: pages count on, and whose turn it is stays.
func (s State) Anew() State { return State{Number: s.Number, Turns: s.Turns} }

// former is the state as it was written before there were several pages at once.
type former struct {
	Phase   string
	Round   int
	Current struct {
		Number, Round int
		Tier, Person  string
		Static        struct{ Name, Number string }
		RingTime      time.Duration
	}
	Due time.Time
}

// ReadFormer reads a state that was written before there were several pages at once; ok is false when text is none. Its page
// under way stays so, and its number counts on. The ladder begins anew when that page has ended, or the wait is over: somebody
// may be paged once too often, and nobody is forgotten.
func ReadFormer(text []byte) (s State, ok bool, err error) {
	var f former
	if err := json.Unmarshal(text, &f); err != nil {
		return s, false, fmt.Errorf("read a former paging state: %w", err)
	}
	long := time.Unix(0, 0).UTC() // ago
	if f.Due.IsZero() {
		f.Due = long
	}
	switch f.Phase {
	case "waiting":
	case "ringing", "asking":
		s.Pages = []Page{{
			Number: f.Current.Number, Round: f.Current.Round, Step: firstStep, Tier: f.Current.Tier, Person: f.Current.Person,
			Static: oncall.StaticNumber{Name: f.Current.Static.Name, Number: f.Current.Static.Number}, RingTime: f.Current.RingTime, Due: f.Due,
		}}
	case "finished":
		return State{Phase: Finished, Number: f.Current.Number}, true, nil
	default:
		return s, false, nil
	}
	s.Phase, s.Number, s.Round = Paging, f.Current.Number, max(0, f.Round-1)
	s.Rest, s.Due = f.Due, f.Due
	if len(s.Pages) > 0 {
		s.Rest = long // as soon as the page under way has ended
	}
	return s, true, nil
}
