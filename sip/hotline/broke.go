package hotline

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errBroke is a panic of work beside a call, as an error.
var errBroke = errors.New("work beside the call broke")

// beside runs work beside the calls. It ends by its own time limit; Run waits for it. A panic costs this work only.
func (h *Hotline) beside(work func()) { h.besideOr(work, nil) }

// besideOr is beside for work whose answer a call waits for: broke tells the call when the work has panicked.
func (h *Hotline) besideOr(work, broke func()) {
	h.work.Go(func() {
		if h.safely(work) != nil && broke != nil {
			_ = h.safely(broke) // logged
		}
	})
}

// safely runs f and turns a panic into an error, logged with its stack.
func (h *Hotline) safely(f func()) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			h.metrics.panicked()
			h.log.Error("work beside a call broke", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", errBroke, fault)
		}
	}()
	f()
	return nil
}
