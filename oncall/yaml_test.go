package oncall

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const sample = `
people:
  - id: anna
    name: Анна Орлова
    names: {ru: Анна Орлова, en: Anna Orlova}
    devices:
      - {kind: softphone, uri: "sip:anna@192.0.2.7:5060", ring_time: 15s, trusted: true}
      - {kind: mobile, number: "+79005550001"}
  - id: boris
    name: Boris
    devices: [{kind: mobile, number: "+79005550002"}]
    disabled: true
schedules:
  - id: line
    name: Hotline
    zone: Europe/Moscow
    failover:
      - {track: primary, ring_time: 25s}
      - {track: everyone, parallel: true}
    tracks:
      - id: primary
        layers:
          - id: days
            priority: 1
            members: [anna, anna + boris, gap]
            handoff: {unit: day, every: 2, anchor: 2026-01-05 09:00, start: 1}
            windows:
              - {days: mon-thu, from: "09:00", to: "18:00"}
              - {days: "fri,sun", from: "22:00", to: "06:00"}
            from: 2026-01-05
            to: 2027-01-05T00:00:30
            exclusive: true
static:
  - {name: Office, number: "+78005550100", ring_time: 40s}
`

func decode(s string) (Roster, error) {
	var r Roster
	err := yaml.NewDecoder(strings.NewReader(s), yaml.Strict()).Decode(&r)
	return r, err
}

func TestDecodeYAML(t *testing.T) {
	t.Parallel()
	got, err := decode(sample)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Validate(); err != nil {
		t.Fatal(err)
	}
	want := Layer{
		ID: "days", Priority: 1, Members: []Member{{"anna"}, {"anna", "boris"}, nil},
		Handoff: Handoff{Unit: Day, Every: 2, Anchor: NewCivil(2026, 1, 5, 9, 0, 0), Start: 1},
		Windows: []Window{
			{Days: WeekdaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday), From: 9 * 3600, To: 18 * 3600},
			{Days: WeekdaysOf(time.Friday, time.Sunday), From: 22 * 3600, To: 6 * 3600},
		},
		From: NewCivil(2026, 1, 5, 0, 0, 0), To: NewCivil(2027, 1, 5, 0, 0, 30), Exclusive: true,
	}
	if diff := cmp.Diff(want, got.Schedules[0].Tracks[0].Layers[0], cmp.AllowUnexported(Civil{})); diff != "" {
		t.Error(diff)
	}
	if got.Schedules[0].Zone.String() != "Europe/Moscow" || got.People[0].Devices[0].RingTime != 15*time.Second {
		t.Errorf("decoded %+v", got)
	}

	written, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode(string(written))
	if err != nil {
		t.Fatalf("%v in\n%s", err, written)
	}
	if diff := cmp.Diff(got, again, cmp.AllowUnexported(Civil{}, Zone{}), cmpopts.EquateEmpty(), cmp.Comparer(func(a, b *time.Location) bool {
		return a.String() == b.String()
	})); diff != "" {
		t.Errorf("written and read back: %s", diff)
	}
}

func TestDecodeYAMLRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{"unknown key", "exclusive:", "exclusiv:", "exclusiv"},
		{"zone", "Europe/Moscow", "Europe/Moskow", "IANA zone"},
		{"weekday", "mon-thu", "mon-thr", "mon-fri,sun"},
		{"clock", `to: "18:00"`, `to: "25:00"`, "time of day"},
		{"anchor", "2026-01-05 09:00,", "05.01.2026,", "2026-01-05 09:00"},
		{"member", "anna + boris", "anna +", "joined by +"},
		{"duration", "ring_time: 25s", "ring_time: soon", "soon"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(strings.Replace(sample, tt.from, tt.to, 1))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{"person twice", "id: boris", "id: anna", "people[1].id"},
		{"reserved id", "id: boris", "id: everyone", "people[1].id"},
		{"id shape", "id: boris", "id: bo ris", "people[1].id"},
		{"no name", "name: Boris", "name: ''", "people[1].name"},
		{"device kind", "kind: softphone", "kind: pager", "people[0].devices[0].kind"},
		{"uri", "sip:anna@192.0.2.7:5060", "anna", "people[0].devices[0].uri"},
		{"uri with a line break", "sip:anna@192.0.2.7:5060", `sip:anna@192.0.2.7\r\nX: y`, "people[0].devices[0].uri"},
		{"account beside a uri", `"sip:anna@192.0.2.7:5060"`, `"sip:anna@192.0.2.7:5060", account: anna`, "people[0].devices[0].account"},
		{"account", `uri: "sip:anna@192.0.2.7:5060"`, `account: "анна"`, "people[0].devices[0].account"},
		{"mobile with an account", `"+79005550002"`, `"+79005550002", account: anna`, "people[1].devices[0].account"},
		{"number", "+79005550002", "call me", "people[1].devices[0].number"},
		{"trusted mobile", `"+79005550002"`, `"+79005550002", trusted: true`, "people[1].devices[0].trusted"},
		{"both", `"+79005550001"`, `"+79005550001", uri: "sip:a@b"`, "people[0].devices[1].uri"},
		{"ring time", "ring_time: 15s", "ring_time: 1h", "people[0].devices[0].ring_time"},
		{"no zone", "zone: Europe/Moscow", "", "schedules[0].zone"},
		{"unknown failover", "track: primary", "track: tertiary", "schedules[0].failover[0].track"},
		{"failover twice", "track: primary", "track: everyone", "schedules[0].failover[1].track"},
		{"track id", "- id: primary", "- id: static", "schedules[0].tracks[0].id"},
		{"nobody", "[anna, anna + boris", "[anna, ghost", "schedules[0].tracks[0].layers[0].members[1]"},
		{"twice in a turn", "anna + boris", "anna + anna", "members[1]"},
		{"no members", "[anna, anna + boris, gap]", "[]", "layers[0].members"},
		{"unit", "unit: day", "unit: year", "layers[0].handoff.unit"},
		{"no unit", "unit: day, ", "", "layers[0].handoff.unit"},
		{"no anchor", "anchor: 2026-01-05 09:00, ", "", "layers[0].handoff.anchor"},
		{"every", "every: 2", "every: -2", "layers[0].handoff.every"},
		{"start", "start: 1", "start: 3", "layers[0].handoff.start"},
		{"window from", `from: "22:00"`, `from: "24:00"`, "layers[0].windows[1].from"},
		{"life", "to: 2027-01-05T00:00:30", "to: 2026-01-05", "layers[0].to"},
		{"static", "+78005550100", "office", "static[0].number"},
		{"every too long", "every: 2", "every: 2000000", "layers[0].handoff.every"},
		{"advance", "every: 2", "every: 2, advance: hourly", "layers[0].handoff.advance"},
		{"day class", "days: mon-thu,", "days: mon-thu, require: [work],", "layers[0].windows[0].require[0]"},
		{"required and excluded", "days: mon-thu,", "require: [short], exclude: [short],", "layers[0].windows[0].require[0]"},
		{"shorten", "days: mon-thu,", "shorten: 24h,", "layers[0].windows[0].shorten"},
		{"role", "id: boris", "id: boris\n    roles: [boss]", "people[1].roles[0]"},
		{"skill", "id: boris", "id: boris\n    skills: [1C]", "people[1].skills[0]"},
		{"language", "id: boris", "id: boris\n    language: de", "people[1].language"},
		{"notify", "id: boris", "id: boris\n    notify: [{channel: pigeon}]", "people[1].notify[0].channel"},
		{"versions out of order", "static:\n", "    versions: [{from: 2026-02-01T00:00:00Z, zone: UTC}, {from: 2026-01-01T00:00:00Z, zone: UTC}]\nstatic:\n", "schedules[0].versions[1].from"},
		{"version without zone", "static:\n", "    versions: [{from: 2026-02-01T00:00:00Z}]\nstatic:\n", "schedules[0].versions[0].zone"},
		{"version's members", "static:\n", "    versions: [{from: 2026-02-01T00:00:00Z, zone: UTC, tracks: [{id: p, layers: [{id: a, members: [ghost]}]}]}]\nstatic:\n", "schedules[0].versions[0].tracks[0].layers[0].members[0]"},
		{"calendar's year", "static:\n", "calendars: [{calendar: ru, year: 26}]\nstatic:\n", "calendars[0].year"},
		{"calendar's year twice", "static:\n", "calendars: [{calendar: ru, year: 2026}, {calendar: ru, year: 2026}]\nstatic:\n", "calendars[1].year"},
		{"calendar's date", "static:\n", "calendars: [{calendar: ru, year: 2026, days: {02-29: holiday}}]\nstatic:\n", "calendars[0].days[02-29]"},
		{"calendar's class", "static:\n", "calendars: [{calendar: ru, year: 2026, days: {02-23: fest}}]\nstatic:\n", "calendars[0].days[02-23]"},
		{"absence of nobody", "static:\n", "absences: [{id: a, person: ghost, from: 2026-01-01, to: 2026-01-02}]\nstatic:\n", "absences[0].person"},
		{"absence backwards", "static:\n", "absences: [{id: a, person: anna, from: 2026-01-02, to: 2026-01-01}]\nstatic:\n", "absences[0].to"},
		{"own substitute", "static:\n", "absences: [{id: a, person: anna, from: 2026-01-01, to: 2026-01-02, substitute: anna}]\nstatic:\n", "absences[0].substitute"},
		{"temporary's track", "static:\n", "temporaries: [{id: t, schedule: line, track: tertiary, from: 2026-01-01, to: 2026-01-02}]\nstatic:\n", "temporaries[0].track"},
		{"temporary's member", "static:\n", "temporaries: [{id: t, schedule: line, track: primary, from: 2026-01-01, to: 2026-01-02, shifts: [{from: 2026-01-01, to: 2026-01-02, member: ghost}]}]\nstatic:\n", "temporaries[0].shifts[0].member"},
		{"override's schedule", "static:\n", "overrides: [{id: o, schedule: lime, track: primary, changes: [{from: 2026-01-01, to: 2026-01-02, add: anna}]}]\nstatic:\n", "overrides[0].schedule"},
		{"override that ends at a mixed end", "static:\n", "overrides: [{id: o, schedule: line, track: primary, changes: [{from: 2026-01-01 03:00, to: '2026-01-01T00:00:00Z', add: anna}]}]\nstatic:\n", "overrides[0].changes[0].to"},
		{"override of nothing", "static:\n", "overrides: [{id: o, schedule: line, track: primary, changes: [{from: 2026-01-01, to: 2026-01-02}]}]\nstatic:\n", "overrides[0].changes[0].add"},
		{"override's kind", "static:\n", "overrides: [{id: o, schedule: line, track: primary, kind: coup}]\nstatic:\n", "overrides[0].kind"},
		{"request's return", "static:\n", "requests: [{id: r, schedule: line, track: primary, person: anna, from: 2026-01-01, to: 2026-01-02, return_from: 2026-01-03}]\nstatic:\n", "requests[0].return_to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(sample, tt.from, tt.to, 1)
			if changed == sample {
				t.Fatal("the row changes nothing")
			}
			r, err := decode(changed)
			if err != nil {
				t.Fatal(err)
			}
			err = r.Validate()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it at %q", err, tt.want)
			}
		})
	}
}

// Whatever is read and accepted is written and read back the same.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"2026-01-05 09:00", "2026-01-05T09:00:01", "2026-01-05T09:00:01+03:00", "24:00", "09:00:30", "mon-fri,sun", "daily", "anna + boris", "gap", "", "-", "+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseCivil(s); err == nil {
			var again Civil
			if err := again.UnmarshalText([]byte(c.String())); err != nil || again != c {
				t.Errorf("civil %q reads back as %s, %v", s, again, err)
			}
		}
		if p, err := ParsePoint(s); err == nil {
			if again, err := ParsePoint(p.String()); !p.IsZero() && (err != nil || again != p) {
				t.Errorf("point %q reads back as %s, %v", s, again, err)
			}
		}
		if c, err := ParseClock(s); err == nil {
			if again, err := ParseClock(c.String()); err != nil || again != c {
				t.Errorf("clock %q reads back as %s, %v", s, again, err)
			}
		}
		var w, again Weekdays
		if w.UnmarshalText([]byte(s)) == nil && (again.UnmarshalText([]byte(w.String())) != nil || again != w) {
			t.Errorf("weekdays %q read back as %s", s, again)
		}
		var m Member
		if m.UnmarshalText([]byte(s)) == nil {
			var back Member
			if err := back.UnmarshalText([]byte(m.String())); err != nil || back.String() != m.String() {
				t.Errorf("member %q reads back as %q, %v", s, back, err)
			}
		}
	})
}
