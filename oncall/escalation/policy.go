package escalation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Chain is the target that stands for all tiers of the chain, in order.
const Chain = "chain"

// The defaults of a policy.
const (
	// DefaultPause between rounds: one voice page per person and minute is what people bear.
	DefaultPause = time.Minute
	// DefaultAckTimeout covers two devices of 20 s and a message spoken three times.
	DefaultAckTimeout = 2 * time.Minute
)

// Policy says whom to page in which order.
type Policy struct {
	// Steps are walked in order; none means one step with the whole chain.
	Steps []Rung `yaml:"steps"`
	// Pause is the time between two rounds.
	Pause time.Duration `yaml:"pause"`
	// AckTimeout ends a page of which nothing is heard, and again one that was answered without a result.
	AckTimeout time.Duration `yaml:"ack_timeout"`
}

// Rung is one step of a policy.
type Rung struct {
	// Delay is waited before the step, counted from the end of the step before it. A step that finds nobody is skipped
	// without waiting, and so is the wait after somebody has asked for the next one. It does not apply to the first step of
	// later rounds, which the pause precedes.
	Delay time.Duration `yaml:"delay"`
	// Targets are names of tiers: tracks, oncall.Everyone, oncall.Static, or Chain.
	Targets []string `yaml:"targets"`
}

// Default returns the policy that walks the whole chain, pauses a minute, and walks it again.
func Default() Policy {
	return Policy{
		Steps:      []Rung{{Targets: []string{Chain}}},
		Pause:      DefaultPause,
		AckTimeout: DefaultAckTimeout,
	}
}

// Validate reports every fault of the policy, joined. Names of tiers are checked by CheckTargets, which knows the schedules.
func (p Policy) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.Pause < 0 {
		fault("pause: %s is negative; use for example %s", p.Pause, DefaultPause)
	}
	if p.AckTimeout < 0 {
		fault("ack_timeout: %s is negative; use for example %s", p.AckTimeout, DefaultAckTimeout)
	}
	for i, step := range p.Steps {
		if step.Delay < 0 {
			fault("steps[%d].delay: %s is negative; leave it out for none", i, step.Delay)
		}
		if len(step.Targets) == 0 {
			fault("steps[%d].targets: is empty; name tracks, %s, %s or %s", i, oncall.Everyone, oncall.Static, Chain)
		}
	}
	return errors.Join(errs...)
}

// rungs returns the steps, or the default one.
func (p Policy) rungs() []Rung {
	if len(p.Steps) == 0 {
		return Default().Steps
	}
	return p.Steps
}

func (p Policy) pause() time.Duration { return orDefault(p.Pause, DefaultPause) }

func (p Policy) ackTimeout() time.Duration { return orDefault(p.AckTimeout, DefaultAckTimeout) }

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// has reports whether the step targets a tier.
func (r Rung) has(tier string) bool {
	return slices.Contains(r.Targets, tier) || slices.Contains(r.Targets, Chain)
}
