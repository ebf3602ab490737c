package selftest

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/trunk"
)

// Config says how often lines are tested.
type Config struct {
	// Every is the interval between two tests of an operator; 0 = only by command.
	Every time.Duration `yaml:"every"`
	// FailAfter is how many tests in a row must fail before somebody is paged.
	FailAfter int `yaml:"fail_after"`
}

// Default tests nothing by itself: each test is a call that the operator may charge for.
func Default() Config { return Config{FailAfter: 2} }

// minEvery keeps a slip of the unit from calling all day.
const minEvery = time.Minute

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	if c.Every != 0 && c.Every < minEvery {
		faults = append(faults, fmt.Errorf("every: %s is less than %s; 15m is usual, 0s tests only by command", c.Every, minEvery))
	}
	if c.FailAfter < 1 {
		faults = append(faults, fmt.Errorf("fail_after: %d; at least one failed test must come before a page", c.FailAfter))
	}
	return errors.Join(faults...)
}

// Line is one operator and the number by which a test comes back.
type Line struct {
	Trunk  string
	Number string // dialled; one of our own
	Caller string // what the operator shows as the caller of such a call, or [Anonymous]
	Off    bool   // tested only by command
}

// Anonymous stands for a caller whom the operator withholds.
const Anonymous = "anonymous"

// shows reports whether a call looks like a test of the line.
func shows(caller string, in trunk.Inbound) bool {
	switch {
	case in.Trunk == "" || in.Account != "": // not by an operator
		return false
	case caller == Anonymous:
		return in.Anonymous || in.Caller == ""
	}
	return in.Caller != "" && in.Caller == trunk.Normalize(caller)
}

// Test is a test that is under way, or has just ended.
type Test struct {
	ID     string    `json:"id"`
	Node   string    `json:"node"`
	Trunk  string    `json:"trunk"`
	Number string    `json:"number"`
	Caller string    `json:"caller"`
	Code   string    `json:"code"`
	Reply  string    `json:"reply"`
	Until  time.Time `json:"until"`
	// Left says that the dialling side has hung up; else the far end did.
	Left bool `json:"left,omitempty"`
	// Over says that the test needs no call any more.
	Over bool `json:"over,omitempty"`
}

// Sighting is what the answering side saw of a test.
type Sighting struct {
	Test   string    `json:"test"`
	Node   string    `json:"node"`
	Trunk  string    `json:"trunk"`
	DID    string    `json:"did"`
	Caller string    `json:"caller,omitempty"`
	At     time.Time `json:"at"`    // of the INVITE
	Heard  bool      `json:"heard"` // the code
	MOS    float64   `json:"mos,omitempty"`
	Steps  []Step    `json:"steps,omitempty"`
}

// Step is one message or event of a test's calls.
type Step struct {
	At   time.Time `json:"at"`
	Side string    `json:"side"` // "out" is the call that left, "in" the one that came back
	Text string    `json:"text"`
}

// Result is what became of a test.
type Result string

// The results. The last two are no verdict on the line.
const (
	OK           Result = "ok"
	NoWayOut     Result = "no_way_out"   // the operator did not take the call
	NotBack      Result = "not_back"     // it took the call, and no call came to us
	Elsewhere    Result = "elsewhere"    // the call came to another number of ours, or by another operator
	Unanswered   Result = "no_answer"    // the call came, and our answer did not get back
	OneWay       Result = "one_way"      // the calls stood, and sound is missing in a direction
	Unrecognised Result = "unrecognised" // the call came with a caller that we do not expect
	Skipped      Result = "skipped"      // it was not made, or disturbed by a caller
	Cut          Result = "cut"          // the server stopped meanwhile
)

// Results lists all results, for metrics.
func Results() []Result {
	return []Result{OK, NoWayOut, NotBack, Elsewhere, Unanswered, OneWay, Unrecognised, Skipped, Cut}
}

// Verdict reports whether the result says something of the line.
func (r Result) Verdict() bool { return r != Skipped && r != Cut && r != "" }

// Report is a test that has ended.
type Report struct {
	ID     string    `json:"id,omitempty"`
	Trunk  string    `json:"trunk"`
	Number string    `json:"number"`
	At     time.Time `json:"at"`
	Result Result    `json:"result"`
	Text   string    `json:"text,omitempty"` // what was seen, and what to do
	// Times since the INVITE left; 0 = never.
	Ringing  time.Duration `json:"ringing_ns,omitempty"`
	Answered time.Duration `json:"answered_ns,omitempty"`
	Back     time.Duration `json:"back_ns,omitempty"` // until the call came in again
	Took     time.Duration `json:"took_ns,omitempty"`
	MOS      float64       `json:"mos,omitempty"` // the worse direction; 0 = not known
	Node     string        `json:"node,omitempty"`
	Steps    []Step        `json:"steps,omitempty"`

	refused bool // by the rules against toll fraud
}
