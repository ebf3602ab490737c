package smpp

import (
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// Metrics takes figures. Binds are named "account/address#n"; all labels are of
// closed sets but the status, which is the centre's.
type Metrics interface {
	// State says where a bind stands since now.
	State(bind string, s State)
	// Submitted says what became of one part; status counts when it was answered.
	Submitted(bind string, o Outcome, status pdu.Status, took time.Duration)
	// Received says whether what came in was stored.
	Received(bind string, stored bool)
	// Strange counts what should not happen, by its name.
	Strange(bind, what string)
	// Rate is how many messages a second a bind sends at most now.
	Rate(bind string, perSecond float64)
}

// noMetrics takes nothing.
type noMetrics struct{}

func (noMetrics) State(string, State)                                  {}
func (noMetrics) Submitted(string, Outcome, pdu.Status, time.Duration) {}
func (noMetrics) Received(string, bool)                                {}
func (noMetrics) Strange(string, string)                               {}
func (noMetrics) Rate(string, float64)                                 {}
