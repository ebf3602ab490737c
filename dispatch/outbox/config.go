package outbox

import (
	"errors"
	"fmt"
	"time"
)

// Config are the worker's settings.
type Config struct {
	Pages        int              `yaml:"pages"`         // pages under way at once
	Events       int              `yaml:"events"`        // events under way at once
	Recalls      int              `yaml:"recalls"`       // clients called back at once; each has the place until he answers
	Shifts       int              `yaml:"shifts"`        // people called about their shifts at once
	Clients      int              `yaml:"clients"`       // messages to clients under way at once
	PageBudget   time.Duration    `yaml:"page_budget"`   // longest a page may take
	RecallBudget time.Duration    `yaml:"recall_budget"` // longest one try to reach a client may take
	RecallPause  time.Duration    `yaml:"recall_pause"`  // from the end of one try to reach a client to the next
	EventBudget  time.Duration    `yaml:"event_budget"`  // longest one try of an event may take
	ClientBudget time.Duration    `yaml:"client_budget"` // longest one try of a message to a client may take
	ClientAge    time.Duration    `yaml:"client_age"`    // a message to a client this old is given up: another channel must carry it
	FirstRetry   time.Duration    `yaml:"first_retry"`   // pause after the first failure; doubles
	MaxRetry     time.Duration    `yaml:"max_retry"`     // longest pause
	MaxAge       time.Duration    `yaml:"max_age"`       // an event this old is given up
	Poll         time.Duration    `yaml:"poll"`          // longest time without a look into the store
	Limits       Limits           `yaml:"limits"`        // of the pages to one person
	Now          func() time.Time `yaml:"-"`             // nil = time.Now
	Jitter       func() float64   `yaml:"-"`             // in [0, 1); nil = random
}

// Defaults.
const (
	defaultPages        = 32
	defaultEvents       = 16
	defaultRecalls      = 16
	defaultShifts       = 4 // nobody waits for these
	defaultClients      = 16
	defaultClientBudget = 30 * time.Second // a mail server may think twice
	defaultClientAge    = 5 * time.Minute  // a third of the promise of first contact: the other channels need their time
	defaultRecallBudget = time.Minute      // he is rung for 25 s, on two operators if need be
	defaultRecallPause  = 15 * time.Second
	defaultPageBudget   = 3 * time.Minute // two devices of 20 s, three readings, and the escalation's own limit of 2 min
	defaultEventBudget  = 15 * time.Second
	defaultFirstRetry   = 5 * time.Second // the first step of Standard Webhooks' schedule
	defaultMaxRetry     = time.Hour
	defaultMaxAge       = 72 * time.Hour
	defaultPoll         = time.Second
)

// Default returns settings for any size of company.
func Default() Config {
	return Config{
		Pages: defaultPages, Events: defaultEvents, PageBudget: defaultPageBudget, EventBudget: defaultEventBudget,
		Recalls: defaultRecalls, Shifts: defaultShifts, RecallBudget: defaultRecallBudget, RecallPause: defaultRecallPause,
		Clients: defaultClients, ClientBudget: defaultClientBudget, ClientAge: defaultClientAge,
		FirstRetry: defaultFirstRetry, MaxRetry: defaultMaxRetry, MaxAge: defaultMaxAge, Poll: defaultPoll,
		Limits: DefaultLimits(),
	}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	for field, n := range map[string]int{
		"pages": c.Pages, "events": c.Events, "recalls": c.Recalls, "shifts": c.Shifts, "clients": c.Clients,
	} {
		if n < 1 {
			faults = append(faults, fmt.Errorf("%s: %d, want at least 1", field, n))
		}
	}
	for field, d := range map[string]time.Duration{
		"page_budget": c.PageBudget, "event_budget": c.EventBudget, "first_retry": c.FirstRetry,
		"recall_budget": c.RecallBudget, "recall_pause": c.RecallPause,
		"client_budget": c.ClientBudget, "client_age": c.ClientAge,
		"max_retry": c.MaxRetry, "max_age": c.MaxAge, "poll": c.Poll,
	} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s: %v, want more than zero", field, d))
		}
	}
	if c.MaxRetry < c.FirstRetry {
		faults = append(faults, fmt.Errorf("max_retry: %v is shorter than first_retry", c.MaxRetry))
	}
	if err := c.Limits.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("limits: %w", err))
	}
	return errors.Join(faults...)
}
