package oncall_test

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/oncall"
)

// A calendar that comes another way than by a file is checked as strictly.
func TestValidateRefusesDaysThatCanNotBe(t *testing.T) {
	t.Parallel()
	for date, tt := range map[string]struct {
		class oncall.DayClass
		want  string
	}{
		"05-09": {oncall.Holiday, ""},
		"11-03": {oncall.Short, ""},
		"05-11": {oncall.MovedDayOff, ""},
		"02-29": {oncall.Holiday, "no date of 2026"},
		"05-12": {oncall.MovedWorkday, "a Tuesday is a workday anyway"},
		"05-16": {oncall.MovedDayOff, "a Saturday is off anyway"},
		"05-17": {oncall.Workday, "write moved_workday"},
		"05-18": {oncall.Weekend, "write moved_day_off"},
		"05-19": {"fest", "unknown class"},
	} {
		r := oncall.Roster{Calendars: []oncall.CalendarYear{{Calendar: "ru", Year: 2026, Days: map[string]oncall.DayClass{date: tt.class}}}}
		got := ""
		if err := r.Validate(); err != nil {
			got = err.Error()
		}
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s: %q, want %q", date, tt.class, got, tt.want)
		}
	}
}
