package hotline

import (
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// PagePhase is where a voice page stands.
type PagePhase uint8

// The phases of a page.
const (
	PageIdle     PagePhase = iota
	PageDialling           // a device rings
	PageAsked              // answered: who, why, the keys
	PageSaving             // a key was pressed: its record is being made durable
	PageTold               // the confirmation plays
	PageOver
)

// String returns the name of the phase.
func (p PagePhase) String() string {
	if names := [...]string{"idle", "dialling", "asked", "saving", "told", "over"}; int(p) < len(names) {
		return names[p]
	}
	return "invalid"
}

// PageState is one voice page to one person: his devices in turn, until a key
// is pressed. A mailbox, or silence, is no acknowledgement.
type PageState struct {
	times *Config // set by NewPage, never changed

	Phase   PagePhase
	Devices []oncall.Device
	Device  int
	Tier    time.Duration // ring time of devices that have none of their own
	Say     []prompt.Sentence
	Ticket  string    // its number, for the confirmation
	Held    bool      // a colleague has the ticket: the key confirms the page, and takes nothing
	Words   *Words    // what is said of the keys; nil = the words of a page about a ticket
	Since   time.Time // when the device was dialled
	Said    int
	Repeats int
	Yielded bool            // PageSaving: a caller or a page needs his phone, nothing more is said
	Result  dispatch.Result // so far; final when PageOver
}

// NewPage returns a page that has not begun.
func NewPage(cfg *Config) PageState { return PageState{times: cfg} }

func (s PageState) begun() bool { return s.Phase != PageIdle }

// PageEventKind says what happened to a page.
type PageEventKind uint8

// The kinds of events of a page.
const (
	PageBegin     PageEventKind = iota + 1 // Devices, Say, Ticket
	PageAnswered                           // the phone's 200
	PageUnreached                          // unanswered: Outcome, Cause, Status, Q850
	PageHungUp                             // after the answer
	PageDigit                              // Digit
	PagePlayed                             // what was said has ended
	PageTimeout                            // the timer
	PageSaved                              // the key is on record
	PageNotSaved                           // it is not
	PageMooted                             // a colleague has the ticket already
	PageStop                               // no longer wanted: the node drains
	PageOutranked                          // a caller or a page needs his phone: a call about a shift lets it go
)

// PageEvent is one thing that happened to a page.
type PageEvent struct {
	Kind    PageEventKind
	Devices []oncall.Device
	Say     []prompt.Sentence
	Ticket  string
	Held    bool // PageBegin
	Words   *Words
	Outcome dispatch.AttemptOutcome
	Cause   string
	Status  int
	Q850    int
	Digit   byte
}

// PageActionKind says what the shell has to do for a page.
type PageActionKind uint8

// The kinds of actions of a page. There is one timer; starting it restarts it.
const (
	PageDial    PageActionKind = iota + 1 // Device for RingTime
	PageSay                               // Say; PagePlayed when it ends
	PageHangup                            // Cause
	PageTimer                             // After; 0 stops it
	PageSave                              // Result: acknowledged or escalate; PageSaved or PageNotSaved
	PageTry                               // record how a device went
	PageDeliver                           // Result: the page is over
)

// PageAction is one thing to do for a page.
type PageAction struct {
	Kind     PageActionKind
	Device   oncall.Device
	RingTime time.Duration
	Say      []prompt.Sentence
	After    time.Duration
	Result   dispatch.Result
	Outcome  dispatch.AttemptOutcome
	Cause    string
	Status   int
	Q850     int
	Since    time.Time
}

// String returns the action as a line of a transcript.
func (a PageAction) String() string {
	names := [...]string{"invalid", "dial", "say", "hangup", "timer", "save", "try", "deliver"}
	words := []string{names[a.Kind]}
	if addr := a.Device.Address(); addr != "" {
		words = append(words, addr)
	}
	if d := a.RingTime + a.After; d > 0 {
		words = append(words, d.String())
	}
	for _, s := range a.Say {
		words = append(words, string(s.Key))
	}
	for _, s := range []string{string(a.Result), string(a.Outcome), a.Cause} {
		if s != "" {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}

// StepPage is the whole script of a voice page.
func StepPage(s PageState, e PageEvent, now time.Time) (PageState, []PageAction) {
	m := pager{s: &s, now: now}
	m.handle(e)
	return s, m.acts
}

type pager struct {
	s    *PageState
	now  time.Time
	acts []PageAction
}

func (m *pager) do(a PageAction) { m.acts = append(m.acts, a) }

func (m *pager) handle(e PageEvent) {
	switch e.Kind {
	case PageBegin:
		m.begin(e)
	case PageAnswered:
		if m.s.Phase == PageDialling {
			m.s.Phase = PageAsked
			m.ask()
		}
	case PageUnreached:
		if m.s.Phase == PageDialling {
			m.through(e)
		}
	case PageHungUp:
		m.hungUp(e)
	case PageDigit:
		m.digit(e.Digit)
	case PagePlayed:
		m.played()
	case PageTimeout:
		m.timeout()
	case PageSaved, PageNotSaved:
		m.saved(e.Kind == PageSaved)
	case PageMooted:
		m.moot()
	case PageStop:
		m.stop()
	case PageOutranked:
		m.yield()
	}
}

// stop ends a page whose call has ended without it. A key that is on record counts.
func (m *pager) stop() {
	if m.s.Phase == PageTold {
		m.deliver(m.s.Result)
		return
	}
	m.deliver(dispatch.ResultFailed)
}

func (m *pager) begin(e PageEvent) {
	if m.s.Phase != PageIdle {
		return
	}
	m.s.Devices, m.s.Say, m.s.Ticket, m.s.Held, m.s.Words = slices.Clone(e.Devices), e.Say, e.Ticket, e.Held, e.Words
	if len(e.Devices) == 0 {
		m.deliver(dispatch.ResultUnreachable)
		return
	}
	m.dial()
}

func (m *pager) dial() {
	d := m.s.Devices[m.s.Device]
	m.s.Phase, m.s.Since, m.s.Said, m.s.Repeats = PageDialling, m.now, 0, 0
	m.do(PageAction{Kind: PageDial, Device: d, RingTime: d.Rings(m.s.Tier)})
}

func (m *pager) ask() { m.say(m.s.Say) }

func (m *pager) say(say []prompt.Sentence) {
	if m.s.Yielded {
		m.deliver(m.s.Result)
		return
	}
	m.do(PageAction{Kind: PageSay, Say: say})
	m.do(PageAction{Kind: PageTimer, After: askLimit})
}

func (m *pager) played() {
	switch m.s.Phase {
	case PageAsked:
		m.s.Said++
		pause := m.s.times.KeyPause
		if m.s.Said >= plays {
			pause = m.s.times.LastPause
		}
		m.do(PageAction{Kind: PageTimer, After: pause})
	case PageTold:
		m.deliver(m.s.Result)
	case PageIdle, PageDialling, PageSaving, PageOver:
	}
}

func (m *pager) timeout() {
	switch m.s.Phase {
	case PageAsked:
		if m.s.Said > 0 && m.s.Said < plays {
			m.ask()
			return
		}
		m.do(PageAction{Kind: PageHangup, Cause: causeNormal})
		m.through(PageEvent{Outcome: dispatch.AttemptNoKey, Cause: causeNoKey})
	case PageTold:
		m.deliver(m.s.Result)
	case PageSaving:
		m.saved(false)
	case PageIdle, PageDialling, PageOver:
	}
}

// digit is a key: 1 acknowledge, 2 escalate, * repeat.
func (m *pager) digit(digit byte) {
	if m.s.Phase != PageAsked {
		return
	}
	switch {
	case digit == '1':
		m.save(dispatch.ResultAcknowledged, dispatch.AttemptAcknowledged)
	case digit == '2' && m.s.Words.second():
		m.save(dispatch.ResultEscalate, dispatch.AttemptEscalated)
	case digit == '*' && m.s.Repeats < maxRepeats:
		m.s.Repeats++
		m.s.Said = 0
		m.ask()
	}
}

// saveLimit bounds the wait for the record of a key.
const saveLimit = 3 * time.Second

func (m *pager) save(r dispatch.Result, o dispatch.AttemptOutcome) {
	m.s.Phase, m.s.Result = PageSaving, r
	m.try(PageEvent{Outcome: o})
	m.do(PageAction{Kind: PageSave, Result: r})
	m.do(PageAction{Kind: PageTimer, After: saveLimit})
}

// saved confirms the key by voice, or says honestly that it is not on record.
func (m *pager) saved(ok bool) {
	if m.s.Phase != PageSaving {
		return
	}
	m.s.Phase = PageTold
	if !ok {
		m.s.Result = dispatch.ResultFailed
	}
	switch w := m.s.Words; {
	case w != nil:
		m.say([]prompt.Sentence{w.answer(m.s.Result)})
	case !ok:
		m.say([]prompt.Sentence{prompt.Say(prompt.PageFailed)})
	case m.s.Result == dispatch.ResultAcknowledged && m.s.Held:
		m.say([]prompt.Sentence{prompt.Say(prompt.PageNoted), {Key: prompt.ShortTicket, Ticket: m.s.Ticket}})
	case m.s.Result == dispatch.ResultAcknowledged:
		m.say([]prompt.Sentence{prompt.Say(prompt.PageAcknowledged), {Key: prompt.ShortTicket, Ticket: m.s.Ticket}})
	default:
		m.say([]prompt.Sentence{prompt.Say(prompt.PageEscalated)})
	}
}

// moot ends a page whose ticket somebody has taken meanwhile.
func (m *pager) moot() {
	switch m.s.Phase {
	case PageDialling:
		m.do(PageAction{Kind: PageHangup, Cause: causeElsewhere})
		m.try(PageEvent{Outcome: dispatch.AttemptCancelled, Cause: causeElsewhere})
		m.deliver(dispatch.ResultWithdrawn)
	case PageAsked:
		m.try(PageEvent{Outcome: dispatch.AttemptCancelled, Cause: causeElsewhere})
		m.s.Phase, m.s.Result = PageTold, dispatch.ResultWithdrawn
		m.say([]prompt.Sentence{m.s.Words.moot()})
	case PageIdle:
		m.deliver(dispatch.ResultWithdrawn)
	case PageSaving: // the key came second
		m.s.Phase, m.s.Result = PageTold, dispatch.ResultWithdrawn
		m.say([]prompt.Sentence{m.s.Words.moot()})
	case PageTold, PageOver:
	}
}

// yield frees the phone at once. A key that was pressed counts all the same;
// without one the person counts as busy.
func (m *pager) yield() {
	switch m.s.Phase {
	case PageDialling, PageAsked:
		m.do(PageAction{Kind: PageHangup, Cause: causeElsewhere})
		m.try(PageEvent{Outcome: dispatch.AttemptCancelled, Cause: causeElsewhere})
		m.deliver(dispatch.ResultBusy)
	case PageIdle:
		m.deliver(dispatch.ResultBusy)
	case PageSaving:
		m.s.Yielded = true
		m.do(PageAction{Kind: PageHangup, Cause: causeElsewhere})
	case PageTold:
		m.do(PageAction{Kind: PageHangup, Cause: causeElsewhere})
		m.deliver(m.s.Result)
	case PageOver:
	}
}

func (m *pager) hungUp(e PageEvent) {
	switch m.s.Phase {
	case PageAsked:
		m.through(PageEvent{Outcome: dispatch.AttemptNoKey, Cause: e.Cause, Q850: e.Q850})
	case PageTold:
		m.deliver(m.s.Result)
	case PageIdle, PageDialling, PageSaving, PageOver: // a key that is being saved stays pressed
	}
}

func (m *pager) try(e PageEvent) {
	m.do(PageAction{
		Kind: PageTry, Device: m.s.Devices[m.s.Device], Outcome: e.Outcome,
		Cause: e.Cause, Status: e.Status, Q850: e.Q850, Since: m.s.Since,
	})
}

// through records a device and rings the next one, unless the person has refused.
func (m *pager) through(e PageEvent) {
	m.try(e)
	m.s.Result = resultOf(e.Outcome)
	if e.Outcome != dispatch.AttemptDeclined && m.s.Device+1 < len(m.s.Devices) {
		m.s.Device++
		m.dial()
		return
	}
	m.deliver(m.s.Result)
}

func (m *pager) deliver(r dispatch.Result) {
	if m.s.Phase == PageOver {
		return
	}
	m.s.Phase, m.s.Result = PageOver, r
	m.do(PageAction{Kind: PageTimer})
	m.do(PageAction{Kind: PageDeliver, Result: r})
}

// resultOf is what an unanswered device means for the page.
func resultOf(o dispatch.AttemptOutcome) dispatch.Result {
	switch o {
	case dispatch.AttemptBusy:
		return dispatch.ResultBusy
	case dispatch.AttemptDeclined:
		return dispatch.ResultDeclined
	case dispatch.AttemptNoKey:
		return dispatch.ResultNoAck
	case dispatch.AttemptNoAnswer:
		return dispatch.ResultNoAnswer
	case dispatch.AttemptSilent, dispatch.AttemptUnreachable:
		return dispatch.ResultUnreachable
	case dispatch.AttemptAccepted, dispatch.AttemptAcknowledged:
		return dispatch.ResultAcknowledged
	case dispatch.AttemptEscalated:
		return dispatch.ResultEscalate
	case dispatch.AttemptCancelled:
		return dispatch.ResultWithdrawn
	case dispatch.AttemptFailed:
		return dispatch.ResultFailed
	}
	return dispatch.ResultFailed
}

// confirmsOnly reports whether the key of a page takes no ticket.
func confirmsOnly(n dispatch.Notice) bool { return n.Beside() || n.Reason == dispatch.ReasonHeld }

// pageSentences is who, why and the keys, in the words of a page: under eight
// seconds. The ticket is named when its client cannot be, and once a key is pressed.
func pageSentences(n dispatch.Notice) []prompt.Sentence {
	if n.Alarm != "" {
		return alarmSentences(n)
	}
	why := prompt.PageOpen
	switch n.Reason {
	case string(dispatch.CallAbandoned):
		why = prompt.PageAbandoned
	case string(dispatch.CallExhausted):
		why = prompt.PageExhausted
	case string(dispatch.CallBroken), string(dispatch.CallFailed):
		why = prompt.PageBroken
	case dispatch.ReasonHeld:
		why = prompt.PageHeld
	}
	say := prompt.Say(why)
	if n.Skill != "" {
		say = prompt.Sentence{Key: prompt.PageSkill, Name: n.Skill}
	}
	who := prompt.Sentence{Key: prompt.PageClient, Name: n.Client, Number: n.Caller, Ticket: n.Ref.Number}
	return []prompt.Sentence{prompt.Say(prompt.PageIntro), who, say, prompt.Say(prompt.PageMenu)}
}
