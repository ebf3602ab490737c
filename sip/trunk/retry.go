package trunk

import (
	"errors"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

// Retry reports whether a failed attempt was the trunk's failure, so that the next trunk may try
// the same person: any 5xx, 408, silence, an unreachable or broken transport. Every other answer
// (480, 486, 603 …) is the person's or his operator's word and is not asked for twice: ringing
// somebody again who pressed "decline" is worse than not ringing.
//
// status is the final SIP status, 0 when there was none; err is why there was none.
func Retry(status int, err error) bool {
	if status == 0 {
		return errors.Is(err, wire.ErrTimeout) || errors.Is(err, wire.ErrUnreachable) ||
			errors.Is(err, wire.ErrTransport) || errors.Is(err, dialog.ErrSilent)
	}
	return status == 408 || (status >= 500 && status < 600)
}
