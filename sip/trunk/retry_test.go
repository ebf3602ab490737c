package trunk

import (
	"errors"
	"fmt"
	"testing"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestWayFailed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		got  Result
		want bool
	}{
		{"500", Result{Status: 500}, true},
		{"502", Result{Status: 502}, true},
		{"503", Result{Status: 503}, true},
		{"503 after it rang", Result{Status: 503, Rang: true}, true},
		{"504", Result{Status: 504}, true},
		{"599", Result{Status: 599}, true},
		{"408 of a gateway", Result{Status: 408}, true},
		{"silent", Result{Err: dialog.ErrSilent}, true},
		{"timer B", Result{Err: wire.ErrTimeout}, true},
		{"unreachable", Result{Err: fmt.Errorf("send: %w", wire.ErrUnreachable)}, true},
		{"transport", Result{Err: wire.ErrTransport}, true},
		{"100 and nothing more", Result{Err: ErrStuck}, true},
		{"wrong password", Result{Status: 401}, true},
		{"wrong password of a proxy", Result{Status: 407}, true},
		{"the operator does not let us call", Result{Status: 403}, true},
		{"an extension we lack", Result{Status: 420}, true},
		{"no codec in common", Result{Status: 488}, true},
		{"480 for want of circuits", Result{Status: 480, Q850: 34}, true},
		{"480 of a broken network", Result{Status: 480, Q850: 38}, true},
		{"480 is the person", Result{Status: 480}, false},
		{"480 of no answer", Result{Status: 480, Q850: 19}, false},
		{"486 is the person", Result{Status: 486}, false},
		{"486 whatever it says of the network", Result{Status: 486, Q850: 34}, false},
		{"487 is us", Result{Status: 487}, false},
		{"600 is the person", Result{Status: 600}, false},
		{"603 is the person", Result{Status: 603}, false},
		{"603 whatever it says of the network", Result{Status: 603, Q850: 41}, false},
		{"404", Result{Status: 404}, false},
		{"403 of one who declined", Result{Status: 403, Rang: true}, false},
		{"403 with call rejected", Result{Status: 403, Q850: 21}, false},
		{"488 of a phone that rang", Result{Status: 488, Rang: true}, false},
		{"a redirection is not followed, nor tried elsewhere", Result{Status: 302}, false},
		{"use this proxy", Result{Status: 305}, false},
		{"200", Result{Status: 200}, false},
		{"183", Result{Status: 183}, false},
		{"a status beats an error", Result{Status: 486, Err: wire.ErrTimeout}, false},
		{"cancelled", Result{Err: dialog.ErrCancelled}, false},
		{"other", Result{Err: errors.New("other")}, false},
		{"nothing", Result{}, false},
	} {
		if got := tt.got.WayFailed(); got != tt.want {
			t.Errorf("%s: %+v failed = %v", tt.name, tt.got, got)
		}
	}
}
