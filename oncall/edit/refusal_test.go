package edit_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// What is not done, why, and where in the edit.
func TestRefusals(t *testing.T) {
	t.Parallel()
	director := edit.Author{Person: "pavel", Roles: []oncall.Role{oncall.Director}}
	tests := []struct {
		what  string
		by    edit.Author
		edit  string
		code  edit.Code
		key   string
		field string
	}{
		{"nobody edits", edit.Author{}, `{"remove":{"kind":"override","id":"later"}}`, edit.NotAllowed, "author", ""},
		{"nothing is said", admin, `{"reason":"so"}`, edit.Invalid, "one_thing", ""},
		{"two things are said", admin, `{"remove":{"kind":"override","id":"later"},"take":{"schedule":"line"}}`, edit.Invalid, "one_thing", ""},
		{"an import in an import", admin, `{"import":[{"import":[]}]}`, edit.Invalid, "import_nested", "import[0]."},
		{"one of several is refused, with its place", admin, `{"import":[{"remove":{"kind":"override","id":"later"}},{"remove":{"kind":"override","id":"later"}}]}`, edit.NotFound, "not_found", "import[1].remove.id"},

		{"an engineer edits a schedule", engineer("anna"), `{"schedule":{"id":"line","name":"Mine"}}`, edit.NotAllowed, "rights", "schedule"},
		{"an engineer writes an override", engineer("anna"), `{"override":{"schedule":"line","changes":[{"to":"2026-12-01","add":"anna"}]}}`, edit.NotAllowed, "rights", "override"},
		{"an engineer takes time off", engineer("anna"), `{"absence":{"person":"anna","to":"2026-12-01"}}`, edit.NotAllowed, "rights", "absence"},
		{"an engineer removes an override", engineer("olga"), `{"remove":{"kind":"override","id":"later"}}`, edit.NotAllowed, "rights", "remove.id"},
		{"an engineer takes the line for another", engineer("anna"), `{"take":{"schedule":"line","person":"olga"}}`, edit.NotAllowed, "rights_self", "take.person"},
		{"an engineer asks for another", engineer("anna"), `{"ask":{"schedule":"line","person":"boris","from":"2026-11-26 09:00","to":"2026-11-26 12:00"}}`, edit.NotAllowed, "rights_self", "ask.person"},
		{"an engineer answers for another", engineer("anna"), `{"answer":{"request":"please","verdict":"accept","as":"olga"}}`, edit.NotAllowed, "rights_self", "answer.as"},
		{"an engineer withdraws another's request", engineer("anna"), `{"answer":{"request":"please","verdict":"withdraw"}}`, edit.NotAllowed, "rights_self", "answer.verdict"},
		{"a director does not take calls", director, `{"take":{"schedule":"line"}}`, edit.NotAllowed, "rights", "take.person"},
		{"an empty list of roles is nothing", edit.Author{Person: "anna", Roles: []oncall.Role{}}, `{"take":{"schedule":"line"}}`, edit.NotAllowed, "rights", "take.person"},

		{"a person without a name", admin, `{"person":{"id":"egor"}}`, edit.Invalid, "faulty", "person.name"},
		{"a malformed ID", admin, `{"person":{"id":"a b","name":"A"}}`, edit.Invalid, "id", "person.id"},
		{"a reserved ID", admin, `{"person":{"id":"everyone","name":"A"}}`, edit.Invalid, "faulty", "person.id"},
		{"a person of the rota goes", admin, `{"remove":{"kind":"person","id":"boris"}}`, edit.InUse, "person_in_use", "remove.id"},
		{"a stranger goes", admin, `{"remove":{"kind":"person","id":"ivan"}}`, edit.NotFound, "unknown_person", "remove.id"},

		{"an override in the past", scheduler, `{"override":{"schedule":"line","changes":[{"from":"2026-11-23 11:59","to":"2026-12-01","add":"anna"}]}}`, edit.Past, "past", "override.changes[0].from"},
		{"an override without an end", scheduler, `{"override":{"schedule":"line","changes":[{"add":"anna"}]}}`, edit.Invalid, "no_span", "override.changes[0].to"},
		{"an override that ends before it begins", scheduler, `{"override":{"schedule":"line","changes":[{"from":"2026-12-02","to":"2026-12-01","add":"anna"}]}}`, edit.Invalid, "empty_span", "override.changes[0].to"},
		{"an override of ten years", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2036-12-01","add":"anna"}]}}`, edit.Invalid, "long_span", "override.changes[0].to"},
		{"an override that changes nothing", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2026-12-01"}]}}`, edit.Invalid, "no_changes", "override.changes[0]"},
		{"an empty override", scheduler, `{"override":{"schedule":"line"}}`, edit.Invalid, "no_changes", "override.changes"},
		{"somebody in their own place", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2026-12-01","add":"anna","remove":"anna"}]}}`, edit.Invalid, "same_person", "override.changes[0].add"},
		{"a stranger comes", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2026-12-01","add":"ivan"}]}}`, edit.NotFound, "unknown_person", "override.changes[0].add"},
		{"somebody disabled comes", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2026-12-01","add":"zoya"}]}}`, edit.Clash, "disabled_person", "override.changes[0].add"},
		{"somebody without a phone comes", scheduler, `{"override":{"schedule":"line","changes":[{"to":"2026-12-01","add":"nina"}]}}`, edit.Clash, "no_device", "override.changes[0].add"},
		{"no such schedule", scheduler, `{"override":{"schedule":"lime","changes":[{"to":"2026-12-01","add":"anna"}]}}`, edit.NotFound, "unknown_schedule", "override.schedule"},
		{"no such track", scheduler, `{"override":{"schedule":"line","track":"third","changes":[{"to":"2026-12-01","add":"anna"}]}}`, edit.NotFound, "unknown_track", "override.track"},
		{"a takeover as an override", scheduler, `{"override":{"schedule":"line","kind":"takeover","changes":[{"to":"2026-12-01","add":"anna"}]}}`, edit.Invalid, "takeover_kind", "override.kind"},
		{"an override in progress gets another person", scheduler, `{"override":{"id":"today","schedule":"line","track":"secondary","changes":[{"from":"2026-11-23 10:00","to":"2026-11-23 20:00","add":"anna","remove":"gleb"}]}}`, edit.Past, "begun", "override.changes[0]"},
		{"an override in progress ends in the past", scheduler, `{"override":{"id":"today","schedule":"line","track":"secondary","changes":[{"from":"2026-11-23 10:00","to":"2026-11-23 11:00","add":"olga","remove":"gleb"}]}}`, edit.Past, "past_end", "override.changes[0].to"},
		{"an override in progress loses what has begun", scheduler, `{"override":{"id":"today","schedule":"line","track":"secondary","changes":[{"to":"2026-11-23 20:00","add":"olga"}]}}`, edit.Past, "begun", "override.changes"},

		{"time off that is over changes", scheduler, `{"absence":{"id":"past","person":"vera","to":"2026-12-01"}}`, edit.Past, "over", "absence"},
		{"time off that is over goes", scheduler, `{"remove":{"kind":"absence","id":"past"}}`, edit.Past, "over", "remove.id"},
		{"time off in progress gets another person", scheduler, `{"absence":{"id":"leave","person":"boris","to":"2026-12-01"}}`, edit.Past, "begun", "absence"},
		{"time off in progress ends in the past", scheduler, `{"absence":{"id":"leave","person":"vera","to":"2026-11-22"}}`, edit.Past, "past_end", "absence.to"},
		{"somebody is their own substitute", scheduler, `{"absence":{"person":"boris","to":"2026-12-01","substitute":"boris"}}`, edit.Invalid, "same_person", "absence.substitute"},
		{"a temporary schedule in progress: a begun shift changes", scheduler, `{"temporary":{"id":"fair","schedule":"line","to":"2026-11-23 22:00","fall_back":true,"shifts":[{"from":"2026-11-22 09:00","to":"2026-11-23 09:00","member":"olga"}]}}`, edit.Past, "begun", "temporary.shifts[0]"},
		{"a shift of nobody known", scheduler, `{"temporary":{"schedule":"line","to":"2026-12-01","shifts":[{"member":"ivan"}]}}`, edit.NotFound, "unknown_person", "temporary.shifts[0].member"},

		{"a version in the past", scheduler, `{"schedule":{"id":"line","zone":"Europe/Moscow","from":"2026-11-01","tracks":[{"id":"primary","layers":[{"id":"a","members":["anna"]}]}]}}`, edit.Past, "past", "schedule.from"},
		{"a version with a stranger", scheduler, `{"schedule":{"id":"fresh","zone":"Europe/Moscow","tracks":[{"id":"primary","layers":[{"id":"a","members":["ivan"]}]}]}}`, edit.Invalid, "faulty", "schedule.versions[0].tracks[0].layers[0].members[0]"},
		{"a version that is in force is cancelled", scheduler, `{"remove":{"kind":"schedule","id":"line@2026-11-23T09:00:00Z"}}`, edit.Past, "schedule_begun", "remove.id"},
		{"a request goes", scheduler, `{"remove":{"kind":"request","id":"please"}}`, edit.Invalid, "remove_request", "remove.kind"},
		{"a thing of no kind goes", scheduler, `{"remove":{"kind":"shift","id":"please"}}`, edit.Invalid, "remove_kind", "remove.kind"},
		{"a year that is not there goes", scheduler, `{"remove":{"kind":"calendar","id":"ru-2031"}}`, edit.NotFound, "not_found", "remove.id"},
		{"a year without such a day", scheduler, `{"calendar":{"calendar":"ru","year":2027,"days":{"02-29":"holiday"}}}`, edit.Invalid, "faulty", "calendar.days[02-29]"},

		{"asked for what somebody else has", engineer("anna"), `{"ask":{"schedule":"line","from":"2026-11-26 09:00","to":"2026-11-26 12:00"}}`, edit.Clash, "ask_idle", "ask.from"},
		{"asked from now on", engineer("boris"), `{"ask":{"schedule":"line","to":"2026-11-23 15:00"}}`, edit.Past, "past", "ask.from"},
		{"asked twice", engineer("boris"), `{"ask":{"schedule":"line","from":"2026-11-26 20:00","to":"2026-11-27 09:00"}}`, edit.Clash, "ask_twice", "ask.from"},
		{"asked oneself", engineer("anna"), `{"ask":{"schedule":"line","from":"2026-11-25 09:00","to":"2026-11-25 12:00","asked":["anna"]}}`, edit.Invalid, "ask_self", "ask.asked[0]"},
		{"offered in return what is asked for", engineer("anna"), `{"ask":{"schedule":"line","from":"2026-11-25 09:00","to":"2026-11-25 12:00","return_from":"2026-11-25 11:00","return_to":"2026-11-25 13:00"}}`, edit.Invalid, "swap_overlap", "ask.return_from"},
		{"a request is asked again", scheduler, `{"ask":{"id":"please","schedule":"line","person":"boris","from":"2026-12-05 09:00","to":"2026-12-05 12:00"}}`, edit.Settled, "ask_change", "ask.id"},
		{"no such request", engineer("olga"), `{"answer":{"request":"pleas","verdict":"accept"}}`, edit.NotFound, "not_found", "answer.request"},
		{"no such answer", engineer("olga"), `{"answer":{"request":"please","verdict":"maybe"}}`, edit.Invalid, "verdict", "answer.verdict"},
		{"accepted when its time has come", engineer("olga"), `{"answer":{"request":"missed","verdict":"accept"}}`, edit.Expired, "expired", "answer.request"},
		{"accepted when it is settled", engineer("olga"), `{"answer":{"request":"done","verdict":"accept"}}`, edit.Settled, "settled", "answer.request"},
		{"accepted by who asked", engineer("boris"), `{"answer":{"request":"please","verdict":"accept"}}`, edit.Invalid, "answer_self", "answer.as"},
		{"accepted by who was not asked", engineer("gleb"), `{"answer":{"request":"please","verdict":"accept"}}`, edit.NotAllowed, "answer_unasked", "answer.as"},
		{"a swap with somebody who has nothing to give", engineer("gleb"), `{"answer":{"request":"trade","verdict":"accept"}}`, edit.Clash, "swap_idle", "answer.as"},
		{"the line for a week", engineer("olga"), `{"take":{"schedule":"line","for":"168h"}}`, edit.Invalid, "take_long", "take.for"},
		{"the line by somebody without a phone", engineer("nina"), `{"take":{"schedule":"line"}}`, edit.Clash, "no_device", "take.person"},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			_, err := edit.Apply(roster(t, fixture), parse(t, tt.edit), tt.by, now, names())
			refusal, ok := errors.AsType[*edit.Refusal](err)
			if !ok {
				t.Fatalf("got %v, want a refusal", err)
			}
			if refusal.Code != tt.code || refusal.Key != tt.key || refusal.Field != tt.field {
				t.Errorf("got code %s, key %s, field %s: %v", refusal.Code, refusal.Key, refusal.Field, err)
			}
			for _, language := range []string{"en", "ru"} {
				problem, do := refusal.Parts(language)
				if problem == "" || do == "" || regexp.MustCompile(`\{[0-9]\}`).MatchString(problem+do) {
					t.Errorf("%s: %q; %q", language, problem, do)
				}
			}
			if text := refusal.Text("ru"); tt.key != "faulty" && !regexp.MustCompile(`\p{Cyrillic}`).MatchString(text) {
				t.Errorf("in Russian it is %q", text)
			}
		})
	}
}

// A refusal leaves nothing behind, not even of those edits of an import that were sound.
func TestRefusalChangesNothing(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	result, err := edit.Apply(r, parse(t, `{"import":[{"remove":{"kind":"override","id":"later"}},{"take":{"schedule":"nowhere"}}]}`), scheduler, now, names())
	if err == nil || len(result.Changed) > 0 || len(result.Roster.Overrides) > 0 {
		t.Errorf("got %v and %v", result.Changed, err)
	}
	if len(r.Overrides) != 2 || !strings.Contains(err.Error(), "import[1].take.person") {
		t.Errorf("the rota has %d overrides; %v", len(r.Overrides), err)
	}
}
