package hotline

import (
	"testing"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/b2bua"
)

// TestWhatAnEngineerDials: a colleague is all his devices, a number is a number, a name that nobody has is nothing.
func TestWhatAnEngineerDials(t *testing.T) {
	t.Parallel()
	boris := oncall.Person{ID: "boris", Devices: []oncall.Device{
		{Kind: oncall.Softphone, Account: "boris"}, {Kind: oncall.Mobile, Number: "+79210000002"},
	}}
	for text, want := range map[string]int{
		"+79161234567": 1, "112": 1, "*21#": 1, "boris": 0, "": 0, "+7916;x": 0, "anonymous": 0, "+7916 1": 0,
	} {
		if got := dialled(text, oncall.Person{}, false); len(got) != want || want == 1 && (got[0].Number != text || got[0].Kind != oncall.Mobile) {
			t.Errorf("%q rings %v", text, got)
		}
		if got := dialled(text, boris, true); len(got) != 2 || got[0] != boris.Devices[0] {
			t.Errorf("a colleague dialled as %q rings %v", text, got)
		}
	}
}

// TestWhatAnEngineerIsTold: each failure of a device as the answer to his phone, and whether the next one rings.
func TestWhatAnEngineerIsTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		outcome b2bua.Outcome
		cause   string
		status  int
		final   bool
	}{
		{b2bua.OutcomeFailed, b2bua.CauseToll, 403, false},
		{b2bua.OutcomeBusy, b2bua.CauseBusy, 486, true},
		{b2bua.OutcomeDeclined, b2bua.CauseDeclined, 603, true},
		{b2bua.OutcomeUnreachable, "", 480, false},
		{b2bua.OutcomeNoAnswer, b2bua.CauseNoAnswer, 480, false},
		{b2bua.OutcomeNoAnswer, b2bua.CauseAnnouncement, 480, false},
		{b2bua.OutcomeSilent, "", 480, false},
		{b2bua.OutcomeFailed, b2bua.CauseTrunkLimit, 503, false},
		{b2bua.OutcomeFailed, "", 503, false},
	} {
		if status, final := ownRefusal(tt.outcome, tt.cause); status != tt.status || final != tt.final {
			t.Errorf("%s (%s): %d %v, want %d %v", tt.outcome, tt.cause, status, final, tt.status, tt.final)
		}
	}
}
