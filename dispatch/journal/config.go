package journal

import (
	"errors"
	"fmt"
	"time"
)

// Config says where the journal is kept and when it takes over.
type Config struct {
	Path   string        `yaml:"-"`      // the file, in the node's own data folder; the app names it
	Size   int           `yaml:"size"`   // of the file in MiB; taken at the first start
	Budget time.Duration `yaml:"budget"` // longest wait for the store before the journal takes a change
}

// Defaults with their sources.
const (
	defaultSize   = 64                     // some 20,000 changes: ten minutes at 5 calls a second
	defaultBudget = 200 * time.Millisecond // a caller waits no longer for his ticket
	minSize       = 1
	maxSize       = 64 * 1024 // 64 GiB: more is a slip of the unit
	minBudget     = 10 * time.Millisecond
	maxBudget     = 5 * time.Second
	mebibyte      = 1 << 20
)

// Default returns the settings of a node; Path is left to the caller.
func Default() Config { return Config{Path: "journal", Size: defaultSize, Budget: defaultBudget} }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if c.Path == "" {
		faults = append(faults, errors.New("path: required"))
	}
	if c.Size < minSize || c.Size > maxSize {
		faults = append(faults, fmt.Errorf("size: %d MiB is not between %d and %d", c.Size, minSize, maxSize))
	}
	if c.Budget < minBudget || c.Budget > maxBudget {
		faults = append(faults, fmt.Errorf("budget: %v is not between %v and %v", c.Budget, minBudget, maxBudget))
	}
	return errors.Join(faults...)
}
