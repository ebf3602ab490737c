package b2bua

import (
	"errors"
	"fmt"
	"time"
)

// Config bounds the engine.
type Config struct {
	// MaxCalls is the number of calls at once; more get 503 with Retry-After.
	MaxCalls int `yaml:"max_calls"`
	// CallsPerSecond is how many new calls are taken a second, after CallsBurst at once; more get 503 with
	// Retry-After, so that those who are in are served as ever. 0 = no limit.
	CallsPerSecond int `yaml:"calls_per_second"`
	CallsBurst     int `yaml:"calls_burst"`
	// KeepForKnown is the part of MaxCalls and of CallsBurst, in percent, that only known clients and calls of our own may
	// have: a flood of unknown callers never takes it.
	KeepForKnown int `yaml:"keep_for_known"`
	// SoftMark is the part of the machine's memory or descriptors, in percent, from which only known clients are taken.
	SoftMark int `yaml:"soft_mark"`
	// HardMark is the part from which nobody new is taken; calls in progress and pages go on.
	HardMark int `yaml:"hard_mark"`
	// MaxAge is how long an INVITE may have waited for us to look at it; an older one gets 503.
	MaxAge time.Duration `yaml:"max_age"`
	// RetryAfter is what a shed caller is told to wait.
	RetryAfter time.Duration `yaml:"retry_after"`
	// MaxDuration ends a call that is longer.
	MaxDuration time.Duration `yaml:"max_duration"`
	// IdleLimit ends a call that has no leg left and no script that ends it.
	IdleLimit time.Duration `yaml:"idle_limit"`
	// RingTime is how long a way rings when a Dial does not say.
	RingTime time.Duration `yaml:"ring_time"`
	// FirstRTP is how long an answered leg may stay without any RTP.
	FirstRTP time.Duration `yaml:"first_rtp"`
	// SteadyRTP is how long RTP may pause once it flowed; held legs are exempt.
	SteadyRTP time.Duration `yaml:"steady_rtp"`
	// OneWay is how long an answered leg may be silent until it is asked to send anew, once, by a re-INVITE. 0 = never.
	OneWay time.Duration `yaml:"one_way"`
	// LadderSize is the number of messages and events kept per call.
	LadderSize int `yaml:"ladder_size"`
	// Linger bounds how long an ended call waits for its dialogs to settle.
	Linger time.Duration `yaml:"linger"`
	// User is the user part of our Contact and of From where no number is shown.
	User string `yaml:"user"`
}

// Default has the limits of the field: 4 h calls, 30 s and 15 s without RTP.
func Default() Config {
	return Config{
		MaxCalls: 2000,

		CallsPerSecond: 300, // a new one costs about 2 ms of a core
		CallsBurst:     300,
		KeepForKnown:   30,
		SoftMark:       80,
		HardMark:       95,
		MaxAge:         time.Second,

		RetryAfter:  5 * time.Second,
		MaxDuration: 4 * time.Hour,
		IdleLimit:   2 * time.Minute,
		RingTime:    20 * time.Second,
		FirstRTP:    30 * time.Second,
		SteadyRTP:   15 * time.Second,
		OneWay:      5 * time.Second,
		LadderSize:  200,
		Linger:      35 * time.Second, // 64·T1 and a little, RFC 3261 §13.3.1.4
		User:        "vahta",
	}
}

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	for _, d := range [...]struct {
		field string
		value time.Duration
	}{
		{"max_age", c.MaxAge},
		{"retry_after", c.RetryAfter},
		{"max_duration", c.MaxDuration},
		{"idle_limit", c.IdleLimit},
		{"ring_time", c.RingTime},
		{"first_rtp", c.FirstRTP},
		{"steady_rtp", c.SteadyRTP},
		{"linger", c.Linger},
	} {
		if d.value <= 0 {
			faults = append(faults, fmt.Errorf("%s: %s is not a positive duration", d.field, d.value))
		}
	}
	if c.OneWay < 0 {
		faults = append(faults, fmt.Errorf("one_way: %s is negative; 0 means never", c.OneWay))
	}
	if c.MaxCalls <= 0 {
		faults = append(faults, fmt.Errorf("max_calls: %d; at least one call must be allowed", c.MaxCalls))
	}
	if c.CallsPerSecond < 0 {
		faults = append(faults, fmt.Errorf("calls_per_second: %d is negative; 0 means no limit", c.CallsPerSecond))
	}
	if c.CallsPerSecond > 0 && c.CallsBurst < 1 {
		faults = append(faults, fmt.Errorf("calls_burst: %d; at least one call at once must be allowed", c.CallsBurst))
	}
	if c.KeepForKnown < 0 || c.KeepForKnown > 90 {
		faults = append(faults, fmt.Errorf("keep_for_known: %d is outside 0 to 90 percent", c.KeepForKnown))
	}
	if c.SoftMark < 1 || c.SoftMark > c.HardMark {
		faults = append(faults, fmt.Errorf("soft_mark: %d is outside 1 percent to hard_mark, %d", c.SoftMark, c.HardMark))
	}
	if c.HardMark < 1 || c.HardMark > 100 {
		faults = append(faults, fmt.Errorf("hard_mark: %d is outside 1 to 100 percent", c.HardMark))
	}
	if c.LadderSize < 0 {
		faults = append(faults, fmt.Errorf("ladder_size: %d is negative", c.LadderSize))
	}
	if c.User == "" {
		faults = append(faults, errors.New("user: is empty; the Contact needs a user part"))
	}
	return errors.Join(faults...)
}
