package ticket

import (
	"testing"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// An update of which no message has reached the client is no word to him: K4 runs
// on from the one before, and the dossier says so. A later way brings it back.
func TestUpdateThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	update := func(clock string, messages ...string) (list []Event) {
		list = []Event{on(clock, "anna", Updated{Text: "copying"})}
		for _, id := range messages {
			list = append(list, on(clock, "anna", Messaged{Message: id, Purpose: ForUpdate, Text: "copying", Human: true}))
		}
		return list
	}
	sent := func(clock, id, way string) Event { return on(clock, Itself, Sent{Message: id, Channel: way}) }
	fails := func(clock, id, way string) Event {
		return on(clock, Itself, Unsent{Message: id, Channel: way, Hard: true, Cause: "550"})
	}
	soft := on("02:41", Itself, Unsent{Message: "m1", Channel: "email"})
	for name, c := range map[string]struct {
		log    []Event // after the plan that was told at 02:10
		due    string  // the next word
		untold bool
	}{
		"none was sent":                 {update("02:30"), "03:00", false},
		"on its way":                    {update("02:30", "m1"), "03:00", false},
		"delivered":                     {append(update("02:30", "m1"), sent("02:31", "m1", "email")), "03:00", false},
		"refused at once":               {append(update("02:30", "m1"), fails("02:31", "m1", "email")), "02:40", true},
		"bounced":                       {append(update("02:30", "m1"), sent("02:31", "m1", "email"), fails("02:40", "m1", "email")), "02:40", true},
		"bounced softly":                {append(update("02:30", "m1"), sent("02:31", "m1", "email"), soft), "03:00", false},
		"by the next way":               {append(update("02:30", "m1"), fails("02:31", "m1", "email"), sent("02:33", "m1", "telegram")), "03:03", false},
		"by two ways, one bounced":      {append(update("02:30", "m1"), sent("02:31", "m1", "email"), sent("02:31", "m1", "telegram"), fails("02:40", "m1", "email")), "03:00", false},
		"by two ways, all bounced":      {append(update("02:30", "m1"), sent("02:31", "m1", "email"), sent("02:31", "m1", "telegram"), fails("02:40", "m1", "")), "02:40", true},
		"one of two requesters":         {append(update("02:30", "m1", "m2"), fails("02:31", "m1", "email"), sent("02:31", "m2", "email")), "03:00", false},
		"neither of two requesters":     {append(update("02:30", "m1", "m2"), fails("02:31", "m1", "email"), fails("02:31", "m2", "email")), "02:40", true},
		"the one before it has arrived": {append(update("02:20"), append(update("02:30", "m1"), fails("02:31", "m1", "email"))...), "02:50", true},
		"a reply that bounced": {
			[]Event{on("02:29", "anna", Acknowledged{How: "cli"}), on("02:30", "anna", reply("m1")), sent("02:30", "m1", "email"), fails("02:40", "m1", "email")},
			"02:40", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := append([]Event{start("02:00", byMail), on("02:05", "anna", complete(1, "06:00")), on("02:10", "anna", PlanTold{Version: 1})}, c.log...)
			line := 0
			for i := range log {
				log[i].Seq = i + 1
				if _, ok := log[i].Body.(Updated); ok {
					line = i + 1
				}
			}
			d := compile(t, log)
			if k := clock(t, d.Clocks(clockAt("02:45")), sla.UpdateClock, 0); !k.Due.Equal(clockAt(c.due)) {
				t.Errorf("the next word is due %v, want %s", k.Due, c.due)
			}
			if l, untold := d.Untold[line]; untold != c.untold || untold && l.Body.Cause != "550" {
				t.Errorf("untold %+v, want %v", d.Untold, c.untold)
			}
		})
	}
}
