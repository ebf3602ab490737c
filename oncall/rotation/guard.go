package rotation

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// guarded does one piece of work whose panic must not end the process: calls go on. Whole says that it came to its end.
func guarded(log *slog.Logger, what string, do func()) (whole bool) {
	defer func() {
		if fault := recover(); fault != nil && log != nil {
			log.Error("work of the rotation broke off, it goes on with the next", "what", what, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	do()
	return true
}
