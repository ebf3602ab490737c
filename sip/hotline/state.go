package hotline

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Phase is where the script of a call stands.
type Phase uint8

// The phases. A call-back by command begins in PhaseLeft: the client is away. A
// recall begins in PhaseRecalling and hunts once the client has heard why.
const (
	PhaseHunting     Phase = iota // people are rung
	PhaseWaiting                  // everybody is talking; the caller queues
	PhaseLeft                     // the caller has left while an engineer is being asked
	PhaseCallingBack              // the client is rung, the engineer listens
	PhaseTalking                  // two people are joined
	PhaseClosing                  // nobody accepted; the caller hears so
	PhaseOver
	PhaseRecalling // the client whose call was cut is rung
	PhaseGreeting  // he has answered and hears why
)

// String returns the name of the phase.
func (p Phase) String() string {
	switch p {
	case PhaseHunting:
		return "hunting"
	case PhaseWaiting:
		return "waiting"
	case PhaseLeft:
		return "left"
	case PhaseCallingBack:
		return "calling_back"
	case PhaseTalking:
		return "talking"
	case PhaseClosing:
		return "closing"
	case PhaseOver:
		return "over"
	case PhaseRecalling:
		return "recalling"
	case PhaseGreeting:
		return "greeting"
	}
	return "invalid"
}

// Commit is what is known of the ticket's commit.
type Commit uint8

// The states of the commit. After CommitLate the call goes on without waiting;
// a ticket that opens later is used from then on.
const (
	CommitPending Commit = iota
	CommitDone
	CommitLate
)

// String returns the name of the state.
func (c Commit) String() string {
	switch c {
	case CommitPending:
		return "pending"
	case CommitDone:
		return "done"
	case CommitLate:
		return "late"
	}
	return "invalid"
}

// Ticket is what the script says of the ticket.
type Ticket struct {
	Number   string // VH-26-004217
	Client   string // name to speak; empty = nobody known
	Org      string // the same client's name to show
	Joined   bool   // the caller's open ticket was joined
	CallBack bool   // the caller's number may be dialled
}

// AttemptPhase is where one try to reach one person stands.
type AttemptPhase uint8

// The phases of an attempt.
const (
	AttemptClaiming   AttemptPhase = iota // asking for the right to ring
	AttemptDropped                        // no longer wanted while claiming
	AttemptDialling                       // INVITE sent
	AttemptRinging                        // it rings
	AttemptAsked                          // answered: the whisper plays
	AttemptConfirming                     // the key was pressed, the claim decides
	AttemptTalking                        // joined with the caller or the client
	AttemptTold                           // hears a last sentence, then BYE
)

// String returns the name of the phase.
func (p AttemptPhase) String() string {
	switch p {
	case AttemptClaiming:
		return "claiming"
	case AttemptDropped:
		return "dropped"
	case AttemptDialling:
		return "dialling"
	case AttemptRinging:
		return "ringing"
	case AttemptAsked:
		return "asked"
	case AttemptConfirming:
		return "confirming"
	case AttemptTalking:
		return "talking"
	case AttemptTold:
		return "told"
	}
	return "invalid"
}

// Attempt is one try to reach one person on one device. Its ID is also the
// number of its leg.
type Attempt struct {
	ID      int
	Claim   int // the attempt whose claim this stands on; 0 = none is needed (static numbers, shared people, the client)
	Phase   AttemptPhase
	People  []string // who is asked for while claiming
	Person  string   // id; "" for a static number and for the client
	Name    string
	Devices []oncall.Device
	Device  int           // index of the one that is dialled
	Tier    time.Duration // ring time of the rung
	Client  bool          // the leg to the client of a call-back
	Since   time.Time     // when it was dialled
	Wants   bool          // the accept key was pressed before it could count
	Asking  bool          // the whisper has begun
	Said    int           // how often it was played through
	Repeats int           // how often the engineer asked to hear it again
}

// answered reports whether somebody listens on the leg.
func (a *Attempt) answered() bool {
	return a.Phase == AttemptAsked || a.Phase == AttemptConfirming
}

// device returns the device that is dialled.
func (a *Attempt) device() oncall.Device { return a.Devices[a.Device] }

// State is the whole script of one call. The zero value is a call that has not
// begun. Copies are independent after Step.
type State struct {
	times *Config // set by NewState, never changed

	Phase   Phase
	Begun   time.Time
	Caller  string // number as received, for the whisper
	Recall  bool   // we have called him: his call was cut
	Remote  bool   // claims may take their time: the caller hears ringing before
	Plan    dispatch.Plan
	Planned bool
	Commit  Commit
	Ticket  Ticket

	// The hunt.
	Round     int // from 1
	RoundAt   time.Time
	Rung      int
	Tried     []string  // people tried in this round
	Busy      bool      // somebody of this round talks to another caller
	Dialled   int       // people dialled in this round
	Failed    int       // of them, those who rest now because it failed
	RestUntil time.Time // when the first of those may be rung who rest in this round; zero = nobody rests
	Spared    bool      // the first round found nobody who could be rung
	Static    int       // static numbers tried
	LastRound bool      // waited too long: this is the last round
	Attempts  []Attempt
	LastID    int
	Accepting int // the attempt whose key is being confirmed

	// The caller.
	RingingSent bool
	Answered    bool // our 200 has been sent
	Gone        bool
	Held        bool // the caller has put us on hold
	Queued      bool // in the queue: others who came later must wait
	Position    int
	Expected    time.Duration // wait of those served before; 0 = unknown
	LeftAt      time.Time
	AskUntil    time.Time // when the engineer who is told that the caller has left is let go; zero = not so
	EverDialled int
	Waited      bool // MaxWait is running

	Result       dispatch.CallResult // set once, at the end
	Acknowledged string              // who took the ticket of a caller who left
}

// NewState returns a call that has not begun.
func NewState(cfg *Config) State { return State{times: cfg} }

// clone makes the slices that Step writes independent of s.
func (s State) clone() State {
	s.Attempts = slices.Clone(s.Attempts)
	s.Tried = slices.Clone(s.Tried)
	return s
}
