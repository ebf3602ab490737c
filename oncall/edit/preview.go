package edit

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Preview is what an edit would do.
type Preview struct {
	// EffectiveFrom is the first moment at which other people are on duty or a new version of a schedule begins; zero: there is
	// none in sight.
	EffectiveFrom time.Time `json:"effective_from,omitzero"`
	// Schedules are those that were edited, and those where something differs.
	Schedules []ScheduleDiff `json:"schedules,omitempty"`
	// Hidden are earlier corrections that no longer have an effect somewhere.
	Hidden []Hidden `json:"hidden,omitempty"`
	// Requests are the IDs of pending requests in whose spans other people are on duty now.
	Requests []string `json:"requests,omitempty"`
	// Warnings are those there were not before.
	Warnings []oncall.Warning `json:"warnings,omitempty"`
}

// ScheduleDiff is what an edit does to one schedule.
type ScheduleDiff struct {
	oncall.Difference
	// Rest are limits of rest that are kept worse than before, of people whose duty changes.
	Rest []oncall.RestWarning `json:"rest,omitempty"`
	// Clashes are those of people who come on duty by the edit.
	Clashes []Overlap `json:"clashes,omitempty"`
	// StaysOnDuty are those on duty when the edit takes effect who were so before as well.
	StaysOnDuty []string `json:"stays_on_duty,omitempty"`
	// NowBefore and NowAfter are who is on duty at the moment of the look.
	NowBefore []oncall.Duty `json:"now_before,omitempty"`
	NowAfter  []oncall.Duty `json:"now_after,omitempty"`
}

// Hidden is an earlier correction and the spans in which it no longer has an effect.
type Hidden struct {
	Key
	Schedule string `json:"schedule"`
	// Wholly says that it has no effect on the schedule at all any more, as far as the preview looks.
	Wholly bool         `json:"wholly"`
	Spans  []HiddenSpan `json:"spans"`
}

// HiddenSpan is a span on one track.
type HiddenSpan struct {
	Track string    `json:"track"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Overlap is a span for which a person is needed in two places, or is away.
type Overlap struct {
	Person string `json:"person"`
	Track  string `json:"track"`
	// Absence is the ID of the person's time off, Schedule that of the other schedule; one of them is set.
	Absence  string    `json:"absence,omitempty"`
	Schedule string    `json:"schedule,omitempty"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}
