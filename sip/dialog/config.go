package dialog

import (
	"errors"
	"fmt"
	"time"
)

// Config holds timers and policy. The timers of transactions are the edge's.
type Config struct {
	T1         time.Duration `yaml:"t1"`          // round-trip estimate, first interval of a repeated 200
	T2         time.Duration `yaml:"t2"`          // longest interval of a repeated 200
	AckTimeout time.Duration `yaml:"ack_timeout"` // 64·T1: a 200 without ACK, a CANCEL without final, stray 2xx
	NoAnswer   time.Duration `yaml:"no_answer"`   // no 1xx at all to our INVITE; Outgoing may say otherwise
	// KeepWithoutAck lets a call go on whose ACK never came while its media flows.
	KeepWithoutAck bool `yaml:"keep_without_ack"`
	// SessionTimer is for legs that do not say otherwise.
	SessionTimer SessionTimer `yaml:"session_timer"`
}

// Default returns the timers of RFC 3261 §17.1.1.1 and our policy.
func Default() Config {
	const t1 = 500 * time.Millisecond
	return Config{
		T1:         t1,
		T2:         4 * time.Second,
		AckTimeout: 64 * t1,
		NoAnswer:   3 * time.Second, // a live peer sends 100 within 200 ms (§8.2.6.1)
		// 30 minutes are what RFC 4028 §4 recommends; 90 s is the least that it allows.
		SessionTimer: SessionTimer{Expires: 30 * time.Minute, MinSE: shortestMinSE},
	}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	for _, f := range []struct {
		path string
		d    time.Duration
	}{{"t1", c.T1}, {"t2", c.T2}, {"ack_timeout", c.AckTimeout}, {"no_answer", c.NoAnswer}} {
		if f.d <= 0 {
			faults = append(faults, fmt.Errorf("%s is %v, must be above zero", f.path, f.d))
		}
	}
	if c.T2 < c.T1 {
		faults = append(faults, fmt.Errorf("t2 is %v, must not be below t1 (%v)", c.T2, c.T1))
	}
	if err := c.SessionTimer.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("session_timer: %w", err))
	}
	return errors.Join(faults...)
}
