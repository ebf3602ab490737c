package dispatch

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// SavePlan adds a version of the plan and returns its number. One that is not
// complete is a draft. A revision of a plan that the client knows needs a
// reason, and comes before its ETA has lapsed to count as kept.
func (d *Dispatcher) SavePlan(ctx context.Context, ref Ref, by Author, plan ticket.Planned) (version int, err error) {
	return 0, nil
}

// PlanWord says how a plan is told.
type PlanWord struct {
	Version int              // 0 = the last one
	Spoken  bool             // it was read out to the client; nothing is sent
	Call    string           // spoken: the call, if there is a record of it
	With    string           // spoken: to whom
	Report  int              // written: whose requester; 0 = all
	To      []ticket.Contact // written: instead of the ways on record
	Text    string           // written: instead of the words of PlanText
	Link    string
}

// TellPlan tells the client a complete plan, in the words of PlanText or by
// voice, and moves the ticket to PlanSent.
func (d *Dispatcher) TellPlan(ctx context.Context, ref Ref, by Author, w PlanWord) ([]Told, error) {
	return nil, nil
}

// PlanText is the plan in the words in which clients are told, in "ru" or "en";
// zone is the client's.
func PlanText(p ticket.Planned, language string, zone *time.Location, now time.Time) string {
	return ""
}

// UpdateWord is a public word on how it goes.
type UpdateWord struct {
	Text   string
	Next   time.Time // when the next one is promised; zero = by the contract
	Silent bool      // it stands on the client's page only; else it is sent as well
	Link   string
}

// Update tells the client how it goes: on the ticket's page, and in writing. It
// restarts the clock of the next word. On a parent it is told to the clients of
// all its children; their tickets are returned.
func (d *Dispatcher) Update(ctx context.Context, ref Ref, by Author, u UpdateWord) (told []Told, children []Ref, err error) {
	return nil, nil, nil
}
