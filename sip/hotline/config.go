package hotline

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// Config is the behaviour of all hotlines; what differs by line stands in its plan.
type Config struct {
	// TicketBudget is how long whisper, accept key and answer wait for the ticket's commit.
	TicketBudget time.Duration `yaml:"ticket_budget"`
	// ClaimBudget is how long the rotation may take to answer before the call goes on without it.
	ClaimBudget time.Duration `yaml:"claim_budget"`
	// ArbiterBudget is how long the arbiter between nodes may take before the call goes on with the claim alone.
	ArbiterBudget time.Duration `yaml:"arbiter_budget"`
	// AnswerAfter is how long the caller hears true ringing when the plan does not say.
	AnswerAfter time.Duration `yaml:"answer_after"`
	// ProgressEvery is how often the caller is told how it goes when the plan does not say.
	ProgressEvery time.Duration `yaml:"progress_every"`
	// KeyPause is the time to press a key after the first whisper.
	KeyPause time.Duration `yaml:"key_pause"`
	// LastPause is the time to press a key after the last one.
	LastPause time.Duration `yaml:"last_pause"`
	// MinRound keeps rounds apart when everybody refuses at once.
	MinRound time.Duration `yaml:"min_round"`
	// PersonBackoff is how long nobody is rung again whose phones were busy or
	// could not be reached, by any call of this node; twice as long after a refusal.
	PersonBackoff time.Duration `yaml:"person_backoff"`
	// RetryBusy is how often a waiting call looks for a free engineer when nobody tells it.
	RetryBusy time.Duration `yaml:"retry_busy"`
	// MaxWait is the longest wait for engineers who all talk; then the static numbers are rung.
	MaxWait time.Duration `yaml:"max_wait"`
	// Recordings is the folder of recordings; empty records nothing.
	Recordings string `yaml:"recordings"`
	// RecordingsMinFree is the space in MiB that recordings leave on their file system: with less of it nothing is
	// recorded. 0 = recordings go on until the disk is full.
	RecordingsMinFree int `yaml:"recordings_min_free"`
	// Prompts says where prompts come from besides the shipped voices.
	Prompts prompt.Config `yaml:"prompts"`
}

// Default has the values of the specification.
func Default() Config {
	return Config{
		TicketBudget:      200 * time.Millisecond,
		ClaimBudget:       100 * time.Millisecond,
		ArbiterBudget:     200 * time.Millisecond,
		AnswerAfter:       15 * time.Second,
		ProgressEvery:     20 * time.Second,
		KeyPause:          2 * time.Second,
		LastPause:         2 * time.Second,
		MinRound:          2 * time.Second,
		PersonBackoff:     5 * time.Second,
		RetryBusy:         5 * time.Second,
		MaxWait:           15 * time.Minute, // the first-contact limit: then somebody else must be rung
		RecordingsMinFree: 512,              // what calls, database and journal may still need
		Prompts:           prompt.Default(),
	}
}

// Validate reports every fault of the configuration.
func (c Config) Validate() error {
	var faults []error
	for _, d := range [...]struct {
		field string
		value time.Duration
		most  time.Duration
	}{
		{"ticket_budget", c.TicketBudget, 5 * time.Second},
		{"claim_budget", c.ClaimBudget, 5 * time.Second},
		{"arbiter_budget", c.ArbiterBudget, 5 * time.Second},
		{"answer_after", c.AnswerAfter, 3 * time.Minute},
		{"progress_every", c.ProgressEvery, 10 * time.Minute},
		{"key_pause", c.KeyPause, 30 * time.Second},
		{"last_pause", c.LastPause, 30 * time.Second},
		{"min_round", c.MinRound, time.Minute},
		{"person_backoff", c.PersonBackoff, time.Minute},
		{"retry_busy", c.RetryBusy, time.Minute},
		{"max_wait", c.MaxWait, 4 * time.Hour},
	} {
		if d.value <= 0 || d.value > d.most {
			faults = append(faults, fmt.Errorf("%s: %s is not between 1ms and %s", d.field, d.value, d.most))
		}
	}
	if c.RecordingsMinFree < 0 || c.RecordingsMinFree > maxMinFree {
		faults = append(faults, fmt.Errorf("recordings_min_free: %d MiB is not between 0 and %d", c.RecordingsMinFree, maxMinFree))
	}
	if err := c.Prompts.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("prompts: %w", err))
	}
	return errors.Join(faults...)
}

// maxMinFree is a file system of 16 TiB kept free, in MiB: more is a slip of the unit.
const maxMinFree = 16 << 20
