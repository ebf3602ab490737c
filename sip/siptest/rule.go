package siptest

import (
	"fmt"
	"slices"
	"time"
)

// Direction tells which way a message travels through a [Relay].
type Direction uint8

// The directions. Both is for rules only.
const (
	Both Direction = iota
	AtoB
	BtoA
)

// String writes the direction as an arrow.
func (d Direction) String() string {
	switch d {
	case Both:
		return "A<>B"
	case AtoB:
		return "A->B"
	case BtoA:
		return "B->A"
	}
	return fmt.Sprintf("direction(%d)", uint8(d))
}

// Action is what the relay does to a message.
type Action uint8

// The actions.
const (
	Pass    Action = iota
	Drop           // it never arrives
	Dup            // it arrives twice
	Delay          // it arrives Rule.Delay later
	Reorder        // it arrives after the next message of its direction, at the latest Rule.Delay later
)

// String names the action.
func (a Action) String() string {
	names := [...]string{"pass", "drop", "dup", "delay", "reorder"}
	if int(a) < len(names) {
		return names[a]
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

// reorderLimit bounds how long a swapped message waits for a successor when
// the rule names no delay: less than T1, so that a swap is no loss.
const reorderLimit = 300 * time.Millisecond

// Rule chooses messages and says what happens to them. Empty fields match all;
// a rule with neither Method nor Status matches requests and responses.
type Rule struct {
	Dir    Direction
	Method string // of a request
	Status int    // of a response
	CSeq   string // method in CSeq, for responses
	// Nth are the transmissions concerned, counted from 1: the first sending
	// is 1, the first retransmission 2. Empty = every one.
	Nth   []int
	Match func(*Message) bool // further condition

	Do    Action
	Delay time.Duration
}

// DropNth loses the nth transmissions of a request or, when status is not 0, of
// responses with that status to that method.
func DropNth(method string, status int, nth ...int) Rule {
	if status != 0 {
		return Rule{Status: status, CSeq: method, Nth: nth, Do: Drop}
	}
	return Rule{Method: method, Nth: nth, Do: Drop}
}

// applies tells whether the rule concerns the nth transmission of m.
func (r *Rule) applies(dir Direction, m *Message, nth int) bool {
	_, cseq := m.CSeq()
	switch {
	case r.Dir != Both && r.Dir != dir,
		r.Method != "" && r.Method != m.Method,
		r.Status != 0 && r.Status != m.Status,
		r.CSeq != "" && r.CSeq != cseq,
		len(r.Nth) > 0 && !slices.Contains(r.Nth, nth):
		return false
	}
	return r.Match == nil || r.Match(m)
}

// Impairment is what a bad line does to packets at random. Rates are between
// 0 and 1.
type Impairment struct {
	Loss, Dup, Reorder float64
	Delay              time.Duration // of every packet
	Jitter             time.Duration // added to Delay, evenly distributed from 0 to this
}
