package dialog

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/wire"
)

// Executor runs functions one after another: the call's loop. Post returns
// false when the loop has ended and will not run f.
type Executor interface{ Post(f func()) bool }

// Deps are what a stack needs besides the edge; all may be nil.
type Deps struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Outgoing is an INVITE to send.
type Outgoing struct {
	URI      wire.URI      // Request-URI
	Flow     wire.Flow     // where it goes
	From, To wire.NameAddr // a tag is added to From
	Contact  string        // user part of our Contact
	Headers  []wire.Header // further headers
	SDP      []byte        // nil: the far end offers in its 2xx
	NoAnswer time.Duration // no 1xx within: give up with ErrSilent; 0 means Config.NoAnswer
	CallID   string        // "" means a new one
}
