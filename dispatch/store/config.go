package store

import (
	"errors"
	"fmt"
	"time"
)

// Config says where the record is kept.
type Config struct {
	URL       string        `yaml:"url"`       // of a PostgreSQL database; "" = the file at Path. It may hold a password: never shown
	Path      string        `yaml:"path"`      // database file; its folder is made when missing
	Batch     int           `yaml:"batch"`     // most changes that share one transaction
	Queue     int           `yaml:"queue"`     // most changes that wait for the writer
	Readers   int           `yaml:"readers"`   // connections of the read pool
	Gather    time.Duration `yaml:"gather"`    // how long a change waits for others that share its transaction; 0 = not at all
	BusyWait  time.Duration `yaml:"busy_wait"` // how long the writer waits for another process's write
	OpenWait  time.Duration `yaml:"-"`         // how long opening waits for another process that opens or changes the file; 0 = BusyWait
	Exclusive bool          `yaml:"-"`         // the serving process: refuses to start beside another one, and takes over its leases
	Node      string        `yaml:"-"`         // the serving process's name among those that share a server: refuses to start beside another one of that name
}

// Defaults.
const (
	defaultBatch    = 128
	defaultQueue    = 4096
	defaultReaders  = 4
	defaultGather   = 3 * time.Millisecond // a refused first engineer and the next INVITE fit in; a caller waits 200 ms for a ticket
	defaultBusyWait = 5 * time.Second
)

// Default returns the settings of a single node; Path is left to the caller.
func Default() Config {
	return Config{
		Path: "vahta.db", Batch: defaultBatch, Queue: defaultQueue, Readers: defaultReaders, Gather: defaultGather, BusyWait: defaultBusyWait,
	}
}

// maxGather leaves most of the 200 ms in which a caller's ticket is awaited.
const maxGather = 50 * time.Millisecond

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if c.URL != "" {
		if _, err := parseURL(c.URL); err != nil {
			faults = append(faults, err)
		}
	} else if c.Path == "" {
		faults = append(faults, errors.New("path: required"))
	}
	for field, n := range map[string]int{"batch": c.Batch, "queue": c.Queue, "readers": c.Readers} {
		if n < 1 {
			faults = append(faults, fmt.Errorf("%s: %d, want at least 1", field, n))
		}
	}
	if c.Gather < 0 || c.Gather > maxGather {
		faults = append(faults, fmt.Errorf("gather: %v, want 0 to %v", c.Gather, maxGather))
	}
	if c.BusyWait <= 0 {
		faults = append(faults, fmt.Errorf("busy_wait: %v, want more than zero", c.BusyWait))
	}
	if c.OpenWait < 0 {
		faults = append(faults, fmt.Errorf("open_wait: %v, want zero or more", c.OpenWait))
	}
	return errors.Join(faults...)
}

// openWait is how long opening waits.
func (c Config) openWait() time.Duration {
	if c.OpenWait == 0 {
		return c.BusyWait
	}
	return c.OpenWait
}
