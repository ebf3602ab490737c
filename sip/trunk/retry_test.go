package trunk

import (
	"errors"
	"fmt"
	"testing"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		err    error
		want   bool
	}{
		{"500", 500, nil, true},
		{"502", 502, nil, true},
		{"503", 503, nil, true},
		{"504", 504, nil, true},
		{"599", 599, nil, true},
		{"408 of a gateway", 408, nil, true},
		{"silent", 0, dialog.ErrSilent, true},
		{"timer B", 0, wire.ErrTimeout, true},
		{"unreachable", 0, fmt.Errorf("send: %w", wire.ErrUnreachable), true},
		{"transport", 0, wire.ErrTransport, true},
		{"480 is the person", 480, nil, false},
		{"486 is the person", 486, nil, false},
		{"487 is us", 487, nil, false},
		{"600 is the person", 600, nil, false},
		{"603 is the person", 603, nil, false},
		{"404", 404, nil, false},
		{"403", 403, nil, false},
		{"302", 302, nil, false},
		{"488", 488, nil, false},
		{"200", 200, nil, false},
		{"a status beats an error", 486, wire.ErrTimeout, false},
		{"cancelled", 0, dialog.ErrCancelled, false},
		{"other", 0, errors.New("other"), false},
		{"nothing", 0, nil, false},
	} {
		if got := Retry(tt.status, tt.err); got != tt.want {
			t.Errorf("%s: Retry(%d, %v) = %v", tt.name, tt.status, tt.err, got)
		}
	}
}
