package edit_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Whatever arrives as an edit is applied or refused, and what is applied can be looked at and kept.
func FuzzApply(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"import":[]}`, `{"import":[{"import":[]},{}]}`,
		`{"person":{"id":"egor","name":"Егор","disabled":true,"devices":[{"kind":"mobile","number":"+79005550009","ring_time":"20s"}]}}`,
		`{"schedule":{"id":"line","zone":"Europe/Moscow","from":"2026-12-01","tracks":[{"id":"primary","layers":[{"id":"daily","members":["anna","gap","boris + vera"],"handoff":{"unit":"month","every":2,"anchor":"2026-01-31 09:00","advance":"worked"},"windows":[{"days":"mon-fri","from":"22:00","to":"06:00","require":["workday"],"shorten":"1h"}]}]}],"failover":[{"track":"primary","ring_time":"20s"}]}}`,
		`{"schedule":{"id":"x"}}`, `{"schedule":{"id":"line","name":"New"}}`, `{"schedule":{"id":"line","tracks":[{"id":"primary","layers":[{"id":"daily"}]}]}}`,
		`{"schedule":{"id":"line","zone":"Africa/Cairo","tracks":[{"id":"primary","layers":[{"id":"daily","members":["anna"],"handoff":{"unit":"hour","every":999999999,"start":-7,"anchor":"0001-01-01"}}]}]}}`,
		`{"absence":{"person":"boris","from":"2026-11-25","to":"2026-12-10","substitute":"olga","zone":"Asia/Almaty"}}`,
		`{"absence":{"id":"leave","person":"vera","to":"9999-12-31"}}`,
		`{"temporary":{"schedule":"line","track":"primary","from":"2026-11-28 09:00","to":"2026-11-29 09:00","shifts":[{"to":"2026-11-28 21:00","member":"olga + gleb"}]}}`,
		`{"temporary":{"id":"fair","schedule":"line","track":"primary","to":"2026-11-29","fall_back":true}}`,
		`{"override":{"id":"today","schedule":"line","track":"secondary","changes":[{"to":"2026-11-25T21:00:00+03:00","add":"olga","remove":"anna"}]}}`,
		`{"calendar":{"calendar":"ru","year":2027,"days":{"01-01":"holiday","02-20":"short"}}}`,
		`{"remove":{"kind":"schedule","id":"line@2026-11-23T09:00:00Z"}}`, `{"remove":{"kind":"override","id":"later"}}`,
		`{"ask":{"schedule":"line","person":"anna","from":"2026-11-25 18:00","to":"2026-11-25 22:00","return_from":"2026-11-29","return_to":"2026-11-30","asked":["olga"]}}`,
		`{"answer":{"request":"please","verdict":"accept","as":"olga"}}`, `{"answer":{"request":"trade","verdict":"decline","as":"olga"}}`,
		`{"take":{"schedule":"line","track":"primary","person":"olga","for":"1h30m","beside":true}}`,
	} {
		f.Add([]byte(seed))
	}
	r := roster(f, fixture)
	f.Fuzz(func(t *testing.T, data []byte) {
		var e edit.Edit
		if json.Unmarshal(data, &e) != nil {
			return
		}
		result, err := edit.Apply(r, e, admin, now, names())
		if err != nil {
			if _, ok := errors.AsType[*edit.Refusal](err); !ok {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		edit.Look(oncall.Compile(r), oncall.Compile(result.Roster), result.Changed, oncall.DefaultRestRules(), now)
		records, err := edit.Records(result.Roster)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := edit.Assemble(records); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever arrives as a record is read or refused.
func FuzzAssemble(f *testing.F) {
	records, err := edit.Records(roster(f, fixture))
	if err != nil {
		f.Fatal(err)
	}
	for _, rec := range records {
		f.Add(string(rec.Kind), rec.ID, []byte(rec.Body))
	}
	f.Fuzz(func(t *testing.T, kind, id string, body []byte) {
		r, err := edit.Assemble([]edit.Record{{Key: edit.Key{Kind: edit.Kind(kind), ID: id}, Body: body}})
		if err != nil {
			return
		}
		again, err := edit.Records(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) == 1 && again[0].Key != (edit.Key{Kind: edit.Kind(kind), ID: id}) {
			t.Fatalf("%s %s became %s", kind, id, again[0].Key)
		}
	})
}
