package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
)

// Config are the dispatcher's own settings; people, lines and clients live in
// the Directory.
type Config struct {
	Zone          string          `yaml:"zone"`          // IANA zone whose calendar year numbers the tickets
	CommitBudget  time.Duration   `yaml:"commit_budget"` // longest wait for the store on the call path
	FirstContact  time.Duration   `yaml:"first_contact"` // limit of the clock without a contract
	HuntGuard     time.Duration   `yaml:"hunt_guard"`    // paging starts this long after the opening when nobody accepted and no call hunts
	CallBack      client.CallBack `yaml:"call_back"`     // which callers' numbers we may dial
	EventChannels []Subscriber    `yaml:"-"`             // who gets event notices; wired by the app from the webhooks
	// Recurring are the tasks that come again and again; each time becomes a ticket.
	Recurring []Recurring `yaml:"recurring"`
	// Written are the channels on which clients can be written to; the portal is
	// one when clients can open its pages. What nobody has asked for (receipts, the
	// word that a stage was reached) goes out by no other.
	Written []Channel `yaml:"-"`
	// PageURL is the address of a ticket's page for its client; nil = there is none.
	PageURL   func(ticketID string) string `yaml:"-"`
	Numbering client.Numbering             `yaml:"numbering"`
	Intake    IntakeConfig                 `yaml:"intake"` // of signals that are no calls
}

// Subscriber is one receiver of event notices.
type Subscriber struct {
	Channel Channel
	To      string   // the endpoint's name
	Kinds   []string // event types such as ticket.opened; empty = all
	Form    EventForm
}

// Defaults with their sources.
const (
	commitBudget = 200 * time.Millisecond // the caller's 200 and the whisper wait for the commit
	huntGuard    = 90 * time.Second       // a caller's ladder without an answer is over by then
)

// Default returns the settings of a St Petersburg company.
func Default() Config {
	return Config{
		Zone: "Europe/Moscow", CommitBudget: commitBudget, FirstContact: sla.DefaultFirstContact,
		HuntGuard: huntGuard, Numbering: client.Default(), Intake: defaultIntake(),
	}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		faults = append(faults, fmt.Errorf("zone: %q is not an IANA zone such as Europe/Moscow", c.Zone))
	}
	positive := func(field string, d time.Duration) {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s: %v, want more than zero", field, d))
		}
	}
	positive("commit_budget", c.CommitBudget)
	positive("first_contact", c.FirstContact)
	positive("hunt_guard", c.HuntGuard)
	if err := c.Numbering.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("numbering: %w", err))
	}
	if err := c.Intake.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("intake: %w", err))
	}
	faults = append(faults, recurringFaults(c.Recurring)...)
	for i, p := range c.CallBack.Prefixes {
		if len(p) < 2 || p[0] != '+' {
			faults = append(faults, fmt.Errorf("call_back.prefixes[%d]: %q must be + and at least a country code", i, p))
		}
	}
	return errors.Join(faults...)
}
