package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// What the trouble is, or where, stands in the plan as it was typed: no word of it
// must be inflected.
func TestPlanTextTakesAnyHypothesis(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	for hypothesis, want := range map[string][2]string{
		"шифровальщик на файловом сервере": {"ru", "Предполагаемая причина: шифровальщик на файловом сервере. План действий:"},
		"в дисковом массиве сервера":       {"ru", "Проблема предположительно в дисковом массиве сервера. План действий:"},
		"ransomware":         {"en", "Presumed cause: ransomware. Plan of action:"},
		"in the disk array.": {"en", "The problem is presumably in the disk array. Plan of action:"},
	} {
		p := ticket.Planned{Version: 1, Hypothesis: hypothesis, Actions: []string{"x"}, ETA: now.Add(time.Hour)}
		if got := dispatch.PlanText(p, want[0], time.UTC, now); !strings.HasPrefix(got, want[1]) {
			t.Errorf("%s: %s", hypothesis, got)
		}
	}
}
