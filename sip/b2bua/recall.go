package b2bua

import "fmt"

// Adopt makes an answered leg that we dialled the call's caller, for a client who is called back: his
// hang-up is CallerGone from then on, silence ends his leg, and A returns it. A call has one caller.
func (c *Call) Adopt(l *Leg) error {
	switch {
	case c.a != nil:
		return fmt.Errorf("adopt leg %q: the call has a caller", l.Name)
	case l.state == StateEnded:
		return fmt.Errorf("adopt leg %q: %w", l.Name, ErrLegEnded)
	case l.state != StateAnswered:
		return fmt.Errorf("adopt leg %q: %w", l.Name, ErrNotAnswered)
	}
	c.engine.metrics.attempt(l) // as a dialled leg it is done
	c.a, l.caller = l, true
	return nil
}

// Draining reports whether new callers are refused.
func (e *Engine) Draining() bool { return e.draining.Load() }
