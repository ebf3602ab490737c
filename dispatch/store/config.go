package store

import (
	"errors"
	"fmt"
	"time"
)

// Config says where the record is kept.
type Config struct {
	Path      string        `yaml:"path"`      // database file; its folder is made when missing
	Batch     int           `yaml:"batch"`     // most changes that share one transaction
	Queue     int           `yaml:"queue"`     // most changes that wait for the writer
	Readers   int           `yaml:"readers"`   // connections of the read pool
	BusyWait  time.Duration `yaml:"busy_wait"` // how long the writer waits for another process's write
	Exclusive bool          `yaml:"-"`         // the serving process: refuses to start beside another one, and takes over its leases
}

// Defaults.
const (
	defaultBatch    = 128
	defaultQueue    = 4096
	defaultReaders  = 4
	defaultBusyWait = 5 * time.Second
)

// Default returns the settings of a single node; Path is left to the caller.
func Default() Config {
	return Config{Path: "vahta.db", Batch: defaultBatch, Queue: defaultQueue, Readers: defaultReaders, BusyWait: defaultBusyWait}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if c.Path == "" {
		faults = append(faults, errors.New("path: required"))
	}
	for field, n := range map[string]int{"batch": c.Batch, "queue": c.Queue, "readers": c.Readers} {
		if n < 1 {
			faults = append(faults, fmt.Errorf("%s: %d, want at least 1", field, n))
		}
	}
	if c.BusyWait <= 0 {
		faults = append(faults, fmt.Errorf("busy_wait: %v, want more than zero", c.BusyWait))
	}
	return errors.Join(faults...)
}
