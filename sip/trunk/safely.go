package trunk

import (
	"fmt"
	"runtime/debug"
)

// safely runs one round of work in a goroutine of ours; a panic costs this round only.
func (t *Trunks) safely(f func()) {
	defer func() {
		if fault := recover(); fault != nil {
			t.deps.Log.Error("watching the trunks broke, it goes on with the next round", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	f()
}
