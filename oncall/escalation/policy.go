package escalation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// The defaults of a policy.
const (
	// DefaultPause between rounds: one voice page per person and minute is what people bear.
	DefaultPause = time.Minute
	// DefaultAckTimeout covers two devices of 20 s and a message spoken three times.
	DefaultAckTimeout = 2 * time.Minute
)

// The ladder of the default policy: when whom, counted from the start of paging.
const (
	secondAfter = 3 * time.Minute
	leadAfter   = 7*time.Minute + 30*time.Second
	headAfter   = 12 * time.Minute
	resortAfter = 13*time.Minute + 30*time.Second
)

// Policy says whom to page in which order.
type Policy struct {
	// Steps are walked in order; none means those of Default.
	Steps []Rung `yaml:"steps" json:"Steps,omitempty"`
	// Pause is the time between two rounds, and between two repeats of a step.
	Pause time.Duration `yaml:"pause" json:"Pause,omitempty"`
	// AckTimeout is how long one page may take: then it is given up, and again as long after it was answered.
	AckTimeout time.Duration `yaml:"ack_timeout" json:"AckTimeout,omitempty"`
	// RepageAfter pages again for an incident that was acknowledged and on which nobody has acted since; zero: never.
	RepageAfter time.Duration `yaml:"repage_after" json:"RepageAfter,omitempty"`
	// Rounds ends paging after so many rounds in vain; zero: only an acknowledgement ends it.
	Rounds int `yaml:"-" json:"Rounds,omitempty"`
	// Only keeps to the steps: there is no last resort.
	Only bool `yaml:"-" json:"Only,omitempty"`
}

// Rung is one step of a policy.
type Rung struct {
	// At is when the step begins, counted from the start of the round. Zero: it follows the step before it.
	At time.Duration `yaml:"at" json:"At,omitempty"`
	// Delay is waited before a step without At, counted from the end of the step before it. It is not waited for a step that
	// finds nobody, nor after a refusal, nor by the first step of later rounds, which the pause precedes.
	Delay time.Duration `yaml:"delay" json:"Delay,omitempty"`
	// Targets name whom to page; see Target.
	Targets []string `yaml:"targets" json:"Targets,omitempty"`
	// Together pages all targets at the same time instead of one after another.
	Together bool `yaml:"together" json:"Together,omitempty"`
	// Repeat walks the step so many times more, with the policy's pause between.
	Repeat int `yaml:"repeat" json:"Repeat,omitempty"`
	// RoundRobin pages first who was paged least recently, instead of keeping the order of the rota.
	RoundRobin bool `yaml:"round_robin" json:"RoundRobin,omitempty"`
	// AfterAck lets the step go out although somebody has acknowledged.
	AfterAck bool `yaml:"after_ack" json:"AfterAck,omitempty"`
}

// Default returns the ladder of first contact: duty at once, again and with the second engineer after 3 minutes, the shift
// lead after 7:30, the head after 12, everyone and the emergency numbers before the 15 minutes of the promise are over, and
// the director when they are. A team that has no such people loses no time: an empty step makes way for the next one.
func Default() Policy {
	return Policy{
		Steps: []Rung{
			{Targets: []string{tierPrefix + "1"}},
			{At: secondAfter, Targets: []string{tierPrefix + "1", tierPrefix + "2"}, Together: true},
			{At: leadAfter, Targets: []string{tierPrefix + "3", rolePrefix + string(oncall.Lead)}},
			{At: headAfter, Targets: []string{rolePrefix + string(oncall.Head)}},
			{At: resortAfter, Targets: []string{oncall.Everyone, oncall.Static}, Together: true, RoundRobin: true},
			{At: ReactionTime, Targets: []string{rolePrefix + string(oncall.Director)}},
		},
		Pause:      DefaultPause,
		AckTimeout: DefaultAckTimeout,
	}
}

// Specialist returns the policy that pages the holders of a skill, one after another, in so many rounds.
func Specialist(skill string, rounds int) Policy {
	return Policy{Steps: []Rung{{Targets: []string{skillPrefix + skill}}}, Rounds: rounds, Only: true}
}

// Bounds of a policy's numbers. A longer time is a typing error: nobody waits a day for the next step.
const (
	maxTime   = 24 * time.Hour
	maxRepeat = 100
)

// Validate reports every fault of the policy, joined. Whether names stand for somebody is told by Lint.
func (p Policy) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	span := func(path string, d time.Duration, instead string) {
		if d < 0 {
			fault("%s: %s is negative; %s", path, d, instead)
		} else if d > maxTime {
			fault("%s: %s is more than %s; write for example 5m", path, d, maxTime)
		}
	}
	span("pause", p.Pause, "use for example "+DefaultPause.String())
	span("ack_timeout", p.AckTimeout, "use for example "+DefaultAckTimeout.String())
	span("repage_after", p.RepageAfter, "leave it out for never")
	last := time.Duration(0)
	for i, step := range p.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		span(path+".at", step.At, "leave it out for a step that follows the one before it")
		span(path+".delay", step.Delay, "leave it out for none")
		switch {
		case step.At > 0 && step.Delay > 0:
			fault("%s.delay: the step has a time, at: %s; remove one of the two", path, step.At)
		case step.At > 0 && step.At <= last:
			fault("%s.at: %s is not after the step before it, at %s", path, step.At, last)
		}
		last = max(last, step.At)
		if step.Repeat < 0 || step.Repeat > maxRepeat {
			fault("%s.repeat: %d, want 0 to %d", path, step.Repeat, maxRepeat)
		}
		if len(step.Targets) == 0 {
			fault("%s.targets: is empty; name %s", path, targetForms)
		}
		for k, name := range step.Targets {
			at := fmt.Sprintf("%s.targets[%d]", path, k)
			if _, err := parseTarget(name); err != nil {
				fault("%s: %w", at, err)
			} else if slices.Contains(step.Targets[:k], name) {
				fault("%s: %q is named twice; remove one", at, name)
			}
		}
	}
	return errors.Join(errs...)
}

// rungs returns the steps, or the default ones.
func (p Policy) rungs() []Rung {
	if len(p.Steps) == 0 {
		return Default().Steps
	}
	return p.Steps
}

// stretch returns the index after the last step of the stretch that begins with step from.
func (p Policy) stretch(from int) (end int) {
	rungs := p.rungs()
	for end = from + 1; end < len(rungs) && rungs[end].At == 0; end++ {
	}
	return end
}

// timed returns the first timed step at or after i; ok is false when there is none.
func (p Policy) timed(i int) (step int, ok bool) {
	rungs := p.rungs()
	for ; i < len(rungs); i++ {
		if rungs[i].At > 0 {
			return i, true
		}
	}
	return 0, false
}

// hasResort reports whether a step names a last resort.
func (p Policy) hasResort() bool { return p.lastResort() >= 0 }

// lastResort returns the last step that names a last resort, or -1.
func (p Policy) lastResort() int {
	for i, r := range slices.Backward(p.rungs()) {
		if slices.ContainsFunc(r.Targets, func(t string) bool { return t == oncall.Everyone || t == oncall.Static || t == Chain }) {
			return i
		}
	}
	return -1
}

func (p Policy) pause() time.Duration { return orDefault(p.Pause, DefaultPause) }

// Patience is how long one page may take.
func (p Policy) Patience() time.Duration { return orDefault(p.AckTimeout, DefaultAckTimeout) }

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
