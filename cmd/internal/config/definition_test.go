package config

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/butlerspb/vahta/deploy"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
)

// sameSource compares sources as the directory reads them: no list and an empty list are one.
func sameSource(t *testing.T, want, got dispatch.Source) {
	t.Helper()
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b oncall.Zone) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b oncall.Civil) bool { return a == b }))
	if diff != "" {
		t.Errorf("the source changed on its way (-sent +came):\n%s", diff)
	}
}

func TestSourceComesBack(t *testing.T) {
	t.Parallel()
	for name, source := range map[string][]byte{"sample": deploy.Sample, "demo": withListen(deploy.Demo)} {
		l, err := Parse(name, source, nil)
		if err != nil {
			t.Fatal(err)
		}
		src := l.Config.Source()
		src.Roster, src.Clients = oncall.Roster{Static: src.Roster.Static}, nil
		roundTrip(t, src)
	}
}

func roundTrip(t *testing.T, src dispatch.Source) []byte {
	t.Helper()
	body, err := EncodeSource(src)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSource(body)
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	sameSource(t, src, got)
	again, err := EncodeSource(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, again) {
		t.Errorf("the same source has two forms:\n%s\n%s", body, again)
	}
	return body
}

// TestEverySettingOfASourceComesBack fills every field that there is, also those that are added one day.
func TestEverySettingOfASourceComesBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		var src dispatch.Source
		r := rand.New(rand.NewPCG(seed, 1))
		for _, part := range []any{&src.Roster.Static, &src.Lines, &src.Policy, &src.Numbering, &src.Zone} {
			fill(t, reflect.ValueOf(part).Elem(), r, "")
		}
		roundTrip(t, src)
	}
}

// fill gives every exported field a value that is not its zero.
func fill(t *testing.T, v reflect.Value, r *rand.Rand, path string) {
	t.Helper()
	switch target := v.Addr().Interface().(type) {
	case *oncall.Zone:
		z, err := oncall.LoadZone([]string{"Europe/Moscow", "Asia/Yekaterinburg"}[r.IntN(2)])
		if err != nil {
			t.Fatal(err)
		}
		*target = z
		return
	case *oncall.Civil:
		*target = oncall.NewCivil(2020+r.IntN(20), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
		return
	case *oncall.Member:
		*target = [][]string{nil, {"anna"}, {"anna", "boris"}}[r.IntN(3)]
		return
	case *oncall.Weekdays:
		*target = oncall.WeekdaysOf(time.Weekday(r.IntN(7)), time.Weekday(r.IntN(7)))
		return
	case *oncall.Clock:
		*target = oncall.Clock(r.IntN(24 * 3600))
		return
	}
	k := v.Kind()
	switch { //nolint:staticcheck // a tagged switch would have to name all kinds
	case k == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), r, path+"."+v.Type().Field(i).Name)
		}
	case k == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(2), 2))
		for i := range v.Len() {
			fill(t, v.Index(i), r, path)
		}
	case k == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range []string{"ru", "en"} {
			v.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(fmt.Sprint("n", r.IntN(9))))
		}
	case k == reflect.String:
		v.SetString([]string{"x\ny: \"z\" \\", "имя — с тире", "<&>\u2028", "0123"}[r.IntN(4)])
	case k == reflect.Bool:
		v.SetBool(true)
	case k == reflect.Int || k == reflect.Int64:
		v.SetInt(1 + r.Int64N(1<<62))
	case k == reflect.Int32:
		v.SetInt(1 + r.Int64N(1<<30))
	default:
		t.Fatalf("%s: a setting of kind %s: teach the test to fill it, and see that it comes back", path, v.Kind())
	}
}

func TestUnusedSettingsAreNotInTheVersion(t *testing.T) {
	t.Parallel()
	body, err := EncodeSource(dispatch.Source{Lines: []dispatch.Line{{ID: "main"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"lines":[{"ID":"main"}]}`; string(body) != want {
		t.Errorf("got %s, want %s: an unused setting of a later version would change the version of every directory", body, want)
	}
}

func TestDirectoryOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	_, err := DecodeSource([]byte(`{"lines":[{"ID":"main","Video":true}]}`))
	if err == nil || !strings.Contains(err.Error(), "newer version") || !strings.Contains(err.Error(), "Video") {
		t.Errorf("got %v", err)
	}
}

// A definition of the time when it had people and schedules is read whole, so that an upgrade changes nothing of what is in
// force. The file is what that version has written of its sample.
func TestDefinitionWithPeopleIsRead(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/definition-with-people.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSource(body)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parse("sample", deploy.Sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := l.Config.Source()
	want.Lines[0].Static = want.Roster.Static
	layer := &want.Roster.Schedules[0].Tracks[0].Layers[0]
	layer.Windows = []oncall.Window{{Days: oncall.WeekdaysOf(time.Monday, time.Tuesday), From: 9 * 3600, To: 18 * 3600}}
	want.Roster.People[0].Roles, want.Roster.People[0].Zone = nil, oncall.Zone{} // there were none
	card := &want.Clients[0]                                                     // cards had no more than this
	card.Addresses, card.Domains, card.Assets, card.Contacts[0].Addresses = nil, nil, nil, nil
	card.Contract = client.Contract{FirstContact: 15 * time.Minute}
	want.Zone = ""           // nor was it
	want.Policy = got.Policy // the steps of today's sample are others
	sameSource(t, want, got)
}

// People, schedules and clients are records: the definition must not depend on them.
func TestDefinitionHasNoPeople(t *testing.T) {
	t.Parallel()
	src := dispatch.Source{Lines: []dispatch.Line{{ID: "main"}}}
	bare, err := EncodeSource(src)
	if err != nil {
		t.Fatal(err)
	}
	src.Roster.People = []oncall.Person{{ID: "anna"}}
	src.Roster.Schedules = []oncall.Schedule{{ID: "duty"}}
	src.Clients = []client.Organisation{{ID: "romashka", Name: "Romashka"}}
	if body, err := EncodeSource(src); err != nil || !bytes.Equal(body, bare) {
		t.Errorf("%s, %v", body, err)
	}
}
