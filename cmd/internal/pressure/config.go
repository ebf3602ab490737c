package pressure

import (
	"errors"
	"fmt"
	"time"
)

// Config holds the limits that the machine does not tell.
type Config struct {
	// Memory is how many bytes the process may use; 0 = what the control group or GOMEMLIMIT allows, whichever is
	// less; without either memory is not a limit.
	Memory int64 `yaml:"memory"`
	// Descriptors is how many descriptors the process may open; 0 = what the system allows (RLIMIT_NOFILE). More than
	// that is never assumed.
	Descriptors int `yaml:"descriptors"`
	// Every is how often the gauge is read.
	Every time.Duration `yaml:"every"`
}

// Least limits that make sense: below them nothing would ever be taken.
const (
	minMemory      = 64 << 20
	minDescriptors = 64
)

// Default reads four times a second: 300 new calls a second then use about 300 descriptors between two looks.
func Default() Config { return Config{Every: 250 * time.Millisecond} }

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	if c.Memory != 0 && c.Memory < minMemory {
		faults = append(faults, fmt.Errorf("memory: %d bytes; write 0 for the machine's own limit, or at least %d", c.Memory, int64(minMemory)))
	}
	if c.Descriptors != 0 && c.Descriptors < minDescriptors {
		faults = append(faults, fmt.Errorf("descriptors: %d; write 0 for the system's own limit, or at least %d", c.Descriptors, minDescriptors))
	}
	if c.Every < 10*time.Millisecond || c.Every > 10*time.Second {
		faults = append(faults, fmt.Errorf("every: %s is outside 10ms to 10s", c.Every))
	}
	return errors.Join(faults...)
}
