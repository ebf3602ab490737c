package app_test

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/sip/registrar"
)

// TestDoctorTellsWhatAPhoneNeeds: the command that it names works in that state.
func TestDoctorTellsWhatAPhoneNeeds(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"":               "`vahta phone add`",
		"revoked":        "`vahta phone add anna-person --user anna`",
		"not set up":     "`vahta phone qr anna`",
		"link out":       "`vahta phone qr anna`",
		"other realm":    "`vahta phone qr anna`",
		"off the roster": "disabled",
	} {
		a := registrar.Status{User: "anna", Person: "anna-person", State: state}
		if state == "" {
			a = registrar.Status{}
		}
		if f := app.FindPhone("anna", a, true); f.OK || !strings.Contains(f.Text, want) {
			t.Errorf("%q: %+v, want %s", state, f, want)
		}
	}
}
