package hotline

import "github.com/butlerspb/vahta/sip/b2bua"

// Serve begins the script of a call that another script has had before, inside the call's goroutine. What became of it
// meanwhile counts: a caller who has left is one who left before anybody accepted.
func (h *Hotline) Serve(c *b2bua.Call) {
	h.answer(c)
	a := c.A()
	if !c.Ended() && a.State() != b2bua.StateEnded {
		return
	}
	k := h.scriptOf(c)
	switch {
	case k == nil:
	case c.Ended():
		k.heard(b2bua.Event{Kind: b2bua.CallEnded, Cause: c.Detail().Cause})
	default:
		k.heard(b2bua.Event{Kind: b2bua.CallerGone, Leg: a, Cause: b2bua.CauseCallerGone})
	}
}

// scriptOf returns the script of a call, nil when it has none.
func (h *Hotline) scriptOf(c *b2bua.Call) *call {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k := range h.live {
		if k.c == c {
			return k
		}
	}
	return nil
}
