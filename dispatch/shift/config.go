package shift

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Config are the settings of shift care.
type Config struct {
	// Evening is when people are told of the turns that begin on the next day, by their clock.
	Evening oncall.Clock `yaml:"evening"`
	// Latest is when nobody is called about the next day any more.
	Latest oncall.Clock `yaml:"latest"`
	// Before is how long before its start a turn is told of again.
	Before time.Duration `yaml:"before"`
	// Voice lets the line ring people about shifts; without it only events tell of them.
	Voice bool `yaml:"voice"`
	// Retry is the pause between calls about the same turn, Tries is how many there are at most.
	Retry time.Duration `yaml:"retry"`
	Tries int           `yaml:"tries"`
	// Stale is how old a proof of a device may be.
	Stale time.Duration `yaml:"stale"`
	// Language is that of people who have none.
	Language string `yaml:"language"`
	// Subscribers get the events; wired by the app from the webhooks.
	Subscribers []dispatch.Subscriber `yaml:"-"`
}

const (
	defaultEvening = oncall.Clock(19 * 3600)
	defaultLatest  = oncall.Clock(22 * 3600)
	defaultBefore  = 15 * time.Minute
	defaultRetry   = 5 * time.Minute // three calls fit before the start
	defaultTries   = 3
	defaultStale   = 30 * 24 * time.Hour
	maxBefore      = 12 * time.Hour
	maxTries       = 20
)

// late is how long an unconfirmed start and a hand-over are still worth telling:
// longer than the record is away when it is restarted, moved or brought back.
const late = 2 * time.Hour

// Default returns the settings of spec and peers: the evening before and 15 minutes before.
func Default() Config {
	return Config{
		Evening: defaultEvening, Latest: defaultLatest, Before: defaultBefore, Voice: true, Retry: defaultRetry, Tries: defaultTries,
		Stale: defaultStale, Language: "ru",
	}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if c.Latest <= c.Evening {
		faults = append(faults, fmt.Errorf("latest: %s is not after evening, %s", c.Latest, c.Evening))
	}
	if c.Before < time.Minute || c.Before > maxBefore {
		faults = append(faults, fmt.Errorf("before: %v, want 1m to %v", c.Before, maxBefore))
	}
	if c.Retry < time.Minute {
		faults = append(faults, fmt.Errorf("retry: %v, want at least 1m", c.Retry))
	}
	if c.Tries < 1 || c.Tries > maxTries {
		faults = append(faults, fmt.Errorf("tries: %d, want 1 to %d", c.Tries, maxTries))
	}
	if c.Stale < 24*time.Hour {
		faults = append(faults, fmt.Errorf("stale: %v, want at least 24h", c.Stale))
	}
	if c.Language != "ru" && c.Language != "en" {
		faults = append(faults, fmt.Errorf("language: %q, want ru or en", c.Language))
	}
	return errors.Join(faults...)
}
