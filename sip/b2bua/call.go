package b2bua

import (
	"sync/atomic"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Info is what is known of a call before anybody has spoken.
type Info struct {
	ID      string // names this call and no other: two callers may use one Call-ID, their tags differ
	CallID  string // of the caller's INVITE; empty for calls without a caller
	Inbound trunk.Inbound
	At      time.Time // when the first INVITE came in, or NewCall was called
	Flow    wire.Flow // where the INVITE came from
}

// Call is one call: a caller (or none) and the people rung for him.
type Call struct {
	// Set at New.
	engine *Engine
	info   Info
	loop   *loop
	hops   int         // Max-Forwards of what is dialled, 0 = the usual; set before the goroutine runs
	own    bool        // it counts among the calls of its account; until it ends
	over   atomic.Bool // set at End: Post refuses
	done   chan struct{}

	// Owned by the loop.
	on        func(Event)
	pending   []Event // to be delivered when the current task returns
	told      int     // of pending, how many were
	a         *Leg
	legs      []*Leg // in order of creation, the A leg first
	bridged   [2]*Leg
	early     [2]*Leg // the unanswered caller, and the ringing leg that he hears
	cause     string  // why the call ended, "" while it lives
	note      string
	bridgedAt time.Time
	endedAt   time.Time
	guard     *time.Timer // max duration, then linger
	idle      *time.Timer // no legs left
	settling  int         // dialogs that have not reported their end, and a recording that is being opened
	opening   bool        // the recorder's file is being made
	closing   string      // path of the recording that is being finished, "" when none is
	unwanted  bool        // StopRecording was called: nothing more is recorded
	recorder  *media.Recorder
	recording media.RecordingInfo
	recorded  bool
	crashed   bool
	ending    bool        // End was called
	concluded bool        // CallEnded is on its way
	patience  *time.Timer // how long CallEnded waits for the recording
	trace     trace
}

func newCall(e *Engine, info Info) *Call {
	return &Call{
		engine: e, info: info, loop: newLoop(), done: make(chan struct{}),
		trace: trace{start: info.At, limit: e.cfg.LadderSize},
	}
}

// run is the call's goroutine.
func (c *Call) run(first func()) {
	defer c.engine.forget(c)
	defer c.leave()
	c.guard = time.AfterFunc(c.engine.cfg.MaxDuration, func() {
		c.loop.Post(func() { c.expire() })
	})
	c.do(first)
	c.loop.run(c.do)
}

// leave is the end of the call's goroutine, be it that the loop was closed or that a script called
// runtime.Goexit: nothing more is taken, what was taken still runs, and CallEnded is delivered.
func (c *Call) leave() {
	left := false
	defer func() {
		if !left { // a script in the rest of the queue called Goexit as well
			c.leave()
		}
	}()
	c.over.Store(true)
	c.loop.close()
	c.do(func() {
		c.End(CauseInternal)
		c.conclude()
	})
	c.loop.run(c.do)
	c.guard.Stop()
	c.engine.metrics.queue(c.loop.longest())
	left = true
}

// do runs one task and then delivers the events it caused. A panic ends this call only.
func (c *Call) do(task func()) {
	c.safely(task)
	for c.told < len(c.pending) { // again after an event that the script did not survive
		c.safely(c.deliver)
	}
}

// safely runs f; a panic in it ends the call.
func (c *Call) safely(f func()) {
	defer func() {
		if fault := recover(); fault != nil {
			c.crash(fault)
		}
	}()
	f()
}

// deliver hands pending events to the script, including those that the script causes meanwhile,
// each of them once.
func (c *Call) deliver() {
	for c.told < len(c.pending) {
		ev := c.pending[c.told]
		c.pending[c.told] = Event{}
		c.told++
		if c.on != nil {
			c.on(ev)
		}
	}
	c.pending, c.told = c.pending[:0], 0
}

// emit notes an event and queues it for the script.
func (c *Call) emit(ev Event) {
	if c.cause != "" && ev.Kind != CallEnded {
		return
	}
	c.trace.event(c.engine.now(), ev)
	c.pending = append(c.pending, ev)
}

// crash ends the call after a panic: the caller gets 500 or BYE, everybody else CANCEL or BYE. Events
// that are pending stay: the script may hold what only CallEnded gives back.
func (c *Call) crash(fault any) {
	c.engine.metrics.panicked()
	if !c.crashed {
		c.crashed = true
		c.engine.logPanic(c, fault)
	}
	c.End(CauseInternal)
}

// Post runs f in the call's goroutine. It reports false, and f never runs, once the call has ended;
// true means that f will run, exactly once.
func (c *Call) Post(f func()) bool {
	return !c.over.Load() && c.loop.Post(f)
}

// Done is closed when the call has ended (its last dialogs may still be settling).
func (c *Call) Done() <-chan struct{} { return c.done }

// Info returns what was known at the first INVITE.
func (c *Call) Info() Info { return c.info }

// A returns the caller's leg, nil for calls without a caller.
func (c *Call) A() *Leg { return c.a }

// On sets who hears the call's events.
func (c *Call) On(on func(Event)) { c.on = on }

// Ended reports whether End was called, by whom and why ever.
func (c *Call) Ended() bool { return c.cause != "" }

// Note adds a sentence to the call's detail, for example why a recording is missing.
func (c *Call) Note(text string) {
	if c.note != "" {
		c.note += "; "
	}
	c.note += text
}

// End ends the call and all its legs: an unanswered caller is refused with the status that fits the
// cause, answered legs get BYE, ringing ones CANCEL. CallEnded follows, when the recording is closed
// or does not want to be. Further calls do nothing.
func (c *Call) End(cause string) {
	if c.ending {
		return
	}
	c.ending = true
	c.releasePhone()
	for _, leg := range c.legs {
		c.safely(func() { leg.end(cause) })
		if leg.state != StateEnded { // it could not even be hung up
			c.safely(func() { leg.finish(OutcomeFailed, cause) })
		}
	}
	c.over.Store(true)
	c.cause, c.endedAt = cause, c.engine.now()
	c.engine.metrics.ended(cause)
	c.guard.Reset(c.engine.cfg.Linger)
	if c.idle != nil {
		c.idle.Stop()
	}
	if !c.closeRecorder() {
		c.conclude()
	}
}

// conclude sends CallEnded, once.
func (c *Call) conclude() {
	if c.concluded {
		return
	}
	c.concluded = true
	if c.patience != nil {
		c.patience.Stop()
	}
	c.emit(Event{Kind: CallEnded, Cause: c.cause})
	close(c.done)
	c.settle()
}

// expire is the guard timer: the call is too long, or its dialogs do not settle.
func (c *Call) expire() {
	if c.cause != "" {
		c.loop.close()
		return
	}
	c.Note("ended after the longest duration allowed")
	c.End(CauseMaxDuration)
}

// settle lets the goroutine go when the call has ended and every dialog has reported its end.
func (c *Call) settle() {
	if c.concluded && c.settling == 0 {
		c.loop.close()
	}
}

// checkIdle arms or disarms the guard against scripts that forget a call without legs.
func (c *Call) checkIdle() {
	if c.cause != "" {
		return
	}
	for _, leg := range c.legs {
		if leg.state != StateEnded {
			if c.idle != nil {
				c.idle.Stop()
				c.idle = nil
			}
			return
		}
	}
	if c.idle == nil {
		c.idle = time.AfterFunc(c.engine.cfg.IdleLimit, func() { c.loop.Post(c.abandon) })
	}
}

// abandon ends a call whose script has forgotten it.
func (c *Call) abandon() {
	for _, leg := range c.legs {
		if leg.state != StateEnded {
			return
		}
	}
	if c.cause == "" {
		c.engine.log.Warn("call without legs was not ended by its script", "call_id", c.info.ID)
		c.End(CauseAbandoned)
	}
}
