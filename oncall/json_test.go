package oncall

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// fill gives every field of v a value, zero or not, so that a new field is tested without being named here.
func fill(t *rapid.T, v reflect.Value, name string) {
	text := func(list ...string) string { return rapid.SampledFrom(list).Draw(t, name) }
	set := func(x any) { v.Set(reflect.ValueOf(x).Convert(v.Type())) }
	if !v.CanSet() || rapid.IntRange(0, 3).Draw(t, name+" is zero") == 0 && v.Type() != reflect.TypeFor[Roster]() {
		return
	}
	reading := func() Civil { return civilOf(rapid.Int64Range(0, 2_000_000_000).Draw(t, name)) }
	moment := func() time.Time { return time.Unix(rapid.Int64Range(1, 2_000_000_000).Draw(t, name), 0).UTC() }
	switch v.Interface().(type) {
	case Zone:
		set(drawZone(t))
	case Civil:
		set(reading())
	case Point:
		if rapid.Bool().Draw(t, name) {
			set(InstantPoint(moment()))
		} else {
			set(CivilPoint(reading()))
		}
	case time.Time:
		set(moment())
	case time.Duration:
		set(time.Duration(rapid.IntRange(1, 7200).Draw(t, name)) * time.Second)
	case Clock:
		set(rapid.IntRange(0, int(day)).Draw(t, name))
	case Weekdays:
		set(rapid.IntRange(0, 127).Draw(t, name))
	case Member:
		set(drawMember(t))
	default:
		switch kind := v.Kind(); { //nolint:staticcheck // a tagged switch would have to name all kinds
		case kind == reflect.Struct:
			for i := range v.NumField() {
				fill(t, v.Field(i), v.Type().Field(i).Name)
			}
		case kind == reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			for i := range v.Len() {
				fill(t, v.Index(i), name)
			}
		case kind == reflect.Map:
			value := reflect.New(v.Type().Elem()).Elem()
			fill(t, value, name)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(text("ru", "01-31")), value)
		case kind == reflect.String:
			set(text("anna", "Анна О.", "a: b", "0123", "true"))
		case kind == reflect.Bool:
			set(true)
		case kind == reflect.Int:
			set(rapid.IntRange(-3, 3000).Draw(t, name))
		default:
			t.Fatalf("%s: no value for %s", name, v.Type())
		}
	}
}

var sameRoster = cmp.Options{
	cmp.AllowUnexported(Civil{}, Zone{}, Point{}), cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

// One form: what is written as JSON or as YAML reads back the same as either.
func TestOneForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want Roster
		fill(t, reflect.ValueOf(&want).Elem(), "roster")
		asJSON, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		asYAML, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON Roster
		if err := json.Unmarshal(asJSON, &fromJSON); err != nil {
			t.Fatalf("%v in %s", err, asJSON)
		}
		if diff := cmp.Diff(want, fromJSON, sameRoster); diff != "" {
			t.Fatalf("JSON read back: %s in\n%s", diff, asJSON)
		}
		for _, text := range []string{string(asYAML), string(asJSON)} {
			got, err := decode(text)
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if diff := cmp.Diff(want, got, sameRoster); diff != "" {
				t.Fatalf("read as YAML: %s in\n%s", diff, text)
			}
		}
		if again, err := json.Marshal(fromJSON); err != nil || string(again) != string(asJSON) {
			t.Fatalf("written again: %s, %v, want %s", again, err, asJSON)
		}
	})
}

func TestJSON(t *testing.T) {
	t.Parallel()
	roster, err := decode(sample)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"zero values are left out", Person{ID: "anna"}, `{"id":"anna"}`},
		{"duration of a device", roster.People[0].Devices[0], `{"kind":"softphone","uri":"sip:anna@192.0.2.7:5060","trusted":true,"ring_time":"15s"}`},
		{"duration of a tier", roster.Schedules[0].Failover[0], `{"track":"primary","ring_time":"25s"}`},
		{"members, hand-off and windows", roster.Schedules[0].Tracks[0].Layers[0], `{"id":"days","priority":1,` +
			`"members":["anna","anna + boris","gap"],"handoff":{"unit":"day","every":2,"anchor":"2026-01-05 09:00","start":1},` +
			`"windows":[{"days":"mon,tue,wed,thu","from":"09:00","to":"18:00"},{"days":"fri,sun","from":"22:00","to":"06:00"}],` +
			`"from":"2026-01-05 00:00","to":"2027-01-05 00:00:30","exclusive":true}`},
		{"a version", Version{From: instant(t, "2026-11-05T06:00:00Z"), Rules: Rules{Zone: zone(t, "Asia/Omsk")}}, `{"from":"2026-11-05T06:00:00Z","zone":"Asia/Omsk"}`},
		{"civil and instant points", Change{From: CivilPoint(civil(t, "2026-11-05 09:00")), To: InstantPoint(instant(t, "2026-11-05T12:00:00Z")), Add: "anna"}, `{"from":"2026-11-05 09:00","to":"2026-11-05T12:00:00Z","add":"anna"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tt.value)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestJSONReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Device{
		`{"kind":"mobile","ring_time":"1m30s"}`:     {Kind: Mobile, RingTime: 90 * time.Second},
		`{"kind":"mobile","ring_time":15000000000}`: {Kind: Mobile, RingTime: 15 * time.Second},
	} {
		var got Device
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	var d Device
	if err := json.Unmarshal([]byte(`{"kind":"mobile","of_a_newer_program":"yes"}`), &d); err == nil {
		t.Error("half of what a newer program wrote passes for the whole")
	}
	if err := json.Unmarshal([]byte(`{"ring_time":"soon"}`), &d); err == nil || !strings.Contains(err.Error(), "20s") {
		t.Errorf("refused with %v", err)
	}
	for text, want := range map[string]string{
		"2026-11-05 09:00": "2026-11-05 09:00", "2026-11-05": "2026-11-05 00:00", "2026-11-05T09:00": "2026-11-05 09:00",
		"2026-11-05T09:00:00Z": "2026-11-05T09:00:00Z", "2026-11-05T09:00:00+03:00": "2026-11-05T06:00:00Z", "2026-11-05T09:00:00-05:00": "2026-11-05T14:00:00Z",
	} {
		if p, err := ParsePoint(text); err != nil || p.String() != want {
			t.Errorf("%s: %s, %v", text, p, err)
		}
	}
}
