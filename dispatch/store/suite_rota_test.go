package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// rec is a record whose body nobody but the test understands.
func rec(kind edit.Kind, id string, revision int64, body string) edit.Record {
	r := edit.Record{Key: edit.Key{Kind: kind, ID: id}, Revision: revision}
	if body != "" {
		r.Body = json.RawMessage(body)
	}
	return r
}

func person(id string, revision int64, name string) edit.Record {
	return rec(edit.Person, id, revision, fmt.Sprintf(`{"id":%q,"name":%q}`, id, name))
}

// editBy is a change by Olga after t0.
func editBy(after time.Duration, put ...edit.Record) dispatch.RotaChange {
	return dispatch.RotaChange{
		Put: put, By: edit.Author{Person: "olga", Channel: "cli"}, Node: "a", At: t0.Add(after), Edit: []byte(`{"reason":"because"}`), Reason: "because",
	}
}

func commitRota(t *testing.T, s dispatch.Rotas, c dispatch.RotaChange) dispatch.RotaVersion {
	t.Helper()
	v, err := s.CommitRota(t.Context(), c)
	must(t, err)
	return v
}

func rotaOf(t *testing.T, s dispatch.Rotas) (dispatch.RotaVersion, []edit.Record) {
	t.Helper()
	v, list, err := s.Rota(t.Context())
	must(t, err)
	short, err := s.RotaVersion(t.Context())
	must(t, err)
	if v != short {
		t.Errorf("rota of %+v, version %+v", v, short)
	}
	if hash := dispatch.HashRota(list); v.Revision > 0 && hash != v.Hash {
		t.Errorf("the records' hash is %s, the version says %s", hash, v.Hash)
	}
	return v, list
}

// conflict commits what must not fit and returns what is there.
func conflict(t *testing.T, s dispatch.Rotas, c dispatch.RotaChange) *dispatch.RotaConflict {
	t.Helper()
	_, err := s.CommitRota(t.Context(), c)
	want(t, err, dispatch.ErrConflict)
	they, ok := errors.AsType[*dispatch.RotaConflict](err)
	if !ok {
		t.Fatalf("no conflict of records: %v", err)
	}
	if Away(err) || err.Error() == "" {
		t.Errorf("a conflict is an answer of the store: %v", err)
	}
	return they
}

func suiteRota(t *testing.T, s record) {
	t.Helper()
	if v, list := rotaOf(t, s); v != (dispatch.RotaVersion{}) || len(list) != 0 {
		t.Fatalf("before the first edit: %+v %+v", v, list)
	}
	v1 := commitRota(t, s, editBy(0, person("boris", 0, "Boris"), rec(edit.Schedule, "main", 0, `{ "id": "main" }`), person("anna", 0, "Anna <&> \u2028")))
	if v1.Revision != 1 || !v1.EditedAt.Equal(t0) {
		t.Errorf("first: %+v", v1)
	}
	v2 := commitRota(t, s, editBy(time.Minute, person("anna", 1, "Anna"), rec(edit.Person, "boris", 1, "")))
	v, list := rotaOf(t, s)
	if d := cmp.Diff([]edit.Record{person("anna", 2, "Anna"), rec(edit.Schedule, "main", 1, `{"id":"main"}`)}, list); d != "" || v != v2 {
		t.Errorf("%+v, want %+v: %s", v, v2, d)
	}
	if v2.Revision != 2 || !v2.EditedAt.Equal(t0.Add(time.Minute)) || v2.Hash == v1.Hash {
		t.Errorf("second: %+v", v2)
	}
	v3 := commitRota(t, s, editBy(2*time.Minute, person("boris", 0, "Boris"), person("anna", 2, "Anna <&> \u2028")))
	if v3.Hash != v1.Hash || v3.Revision != 3 {
		t.Errorf("the content is that of the first edit: %+v %+v", v1, v3)
	}
	must(t, s.VerifyRota(t.Context()))
}

func suiteRotaConflict(t *testing.T, s record) {
	t.Helper()
	commitRota(t, s, editBy(0, person("anna", 0, "Anna"), person("boris", 0, "Boris"), person("vera", 0, "Vera")))
	commitRota(t, s, editBy(1, person("anna", 1, "Anya"), rec(edit.Person, "vera", 1, "")))
	before, _ := rotaOf(t, s)
	for name, c := range map[string]struct {
		change dispatch.RotaChange
		theirs []edit.Record
	}{
		"a changed one is written":      {editBy(2, person("anna", 1, "Ann"), person("boris", 1, "Bob")), []edit.Record{person("anna", 2, "Anya")}},
		"a removed one is written":      {editBy(2, person("vera", 1, "V")), []edit.Record{rec(edit.Person, "vera", 2, "")}},
		"one is added that is there":    {editBy(2, person("boris", 0, "B")), []edit.Record{person("boris", 1, "Boris")}},
		"one is changed that never was": {editBy(2, person("gleb", 1, "G")), []edit.Record{rec(edit.Person, "gleb", 0, "")}},
		"one is removed that changed":   {editBy(2, rec(edit.Person, "anna", 1, "")), []edit.Record{person("anna", 2, "Anya")}},
		"both are told, in order": {
			editBy(2, person("vera", 1, "V"), person("anna", 1, "A")), []edit.Record{person("anna", 2, "Anya"), rec(edit.Person, "vera", 2, "")},
		},
		"what it rests on has changed": {
			dispatch.RotaChange{Put: []edit.Record{person("boris", 1, "B")}, Seen: []edit.Record{person("anna", 1, ""), rec(edit.Person, "vera", 1, "")}, At: t0},
			[]edit.Record{person("anna", 2, "Anya"), rec(edit.Person, "vera", 2, "")},
		},
	} {
		if they := conflict(t, s, c.change); cmp.Diff(c.theirs, they.Theirs) != "" || they.Version != before {
			t.Errorf("%s: %+v %s", name, they.Version, cmp.Diff(c.theirs, they.Theirs))
		}
	}
	if after, _ := rotaOf(t, s); after != before {
		t.Errorf("a refused edit left %+v", after)
	}
	c := editBy(3, person("boris", 1, "B"), person("vera", 0, "Vera again"))
	c.Seen = []edit.Record{{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: 2}, rec(edit.Absence, "none", 0, "")}
	if v := commitRota(t, s, c); v.Revision != 3 {
		t.Errorf("all of it fits: %+v", v)
	}
}

func suiteRotaRefused(t *testing.T, s record) {
	t.Helper()
	for name, c := range map[string]dispatch.RotaChange{
		"nothing":    editBy(0),
		"no JSON":    editBy(0, rec(edit.Person, "anna", 0, "{")),
		"no object":  editBy(0, rec(edit.Person, "anna", 0, `null`)),
		"no ID":      editBy(0, rec(edit.Person, "", 0, "{}")),
		"no kind":    editBy(0, rec("", "anna", 0, "{}")),
		"twice":      editBy(0, person("anna", 0, "A"), person("anna", 0, "B")),
		"no edit":    {Put: []edit.Record{person("anna", 0, "A")}, Edit: []byte("{")},
		"one of two": editBy(0, person("anna", 0, "A"), rec(edit.Person, "boris", 0, "{")),
	} {
		_, err := s.CommitRota(t.Context(), c)
		if err == nil || Away(err) || strings.Contains(err.Error(), "ticket") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if v, list := rotaOf(t, s); v.Revision != 0 || len(list) != 0 {
		t.Errorf("left: %+v %+v", v, list)
	}
}

// What a newer program wrote is kept as it is, whoever edits beside it.
func suiteRotaNewer(t *testing.T, s record) {
	t.Helper()
	strange := rec("pigeon", "p1", 0, `{"zoo":[1,2.50,1e3],"name":"<b>&\u2028","nested":{"b":1,"a":2,"a":3}}`)
	newer := rec(edit.Person, "anna", 0, `{"id":"anna","telepathy":{"range":"20km"},"huge":123456789012345678901234567890}`)
	commitRota(t, s, editBy(0, strange, newer))
	commitRota(t, s, editBy(1, person("boris", 0, "Boris")))
	_, list := rotaOf(t, s)
	strange.Revision, newer.Revision = 1, 1
	if d := cmp.Diff([]edit.Record{newer, person("boris", 2, "Boris"), strange}, list); d != "" {
		t.Error(d)
	}
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{Key: strange.Key})
	must(t, err)
	if len(log) != 1 || cmp.Diff([]edit.Record{newer, strange}, log[0].After) != "" {
		t.Errorf("log: %+v", log)
	}
	must(t, s.VerifyRota(t.Context()))
}

func suiteRotaHistory(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	seed := editBy(0, person("anna", 0, "Anna"), rec(edit.Schedule, "main", 0, `{"id":"main"}`))
	seed.Edit, seed.By = nil, edit.Author{Person: "vahta", Channel: "file"}
	commitRota(t, s, seed)
	v2 := commitRota(t, s, editBy(time.Minute, person("anna", 1, "Anya"), rec(edit.Absence, "x", 0, `{"person":"anna"}`)))
	commitRota(t, s, editBy(2*time.Minute, rec(edit.Absence, "x", 2, "")))
	log, err := s.RotaHistory(ctx, dispatch.RotaFilter{})
	must(t, err)
	if len(log) != 3 || log[0].Revision != 3 || log[2].Prev != "" || log[1].Prev != log[2].Hash || log[0].Prev != log[1].Hash {
		t.Fatalf("chain: %+v", log)
	}
	wantEntry := dispatch.RotaEntry{
		Revision: 2, EditedAt: t0.Add(time.Minute), Content: v2.Hash, At: t0.Add(time.Minute), By: edit.Author{Person: "olga", Channel: "cli"}, Node: "a",
		Reason: "because", Edit: json.RawMessage(`{"reason":"because"}`),
		Before: []edit.Record{rec(edit.Absence, "x", 0, ""), person("anna", 1, "Anna")},
		After:  []edit.Record{rec(edit.Absence, "x", 2, `{"person":"anna"}`), person("anna", 2, "Anya")},
		Prev:   log[2].Hash, Hash: log[1].Hash,
	}
	if d := cmp.Diff(wantEntry, log[1]); d != "" {
		t.Error(d)
	}
	if log[2].Edit != nil || len(log[2].Hash) != 64 || log[0].After[0].Body != nil {
		t.Errorf("first and last: %+v %+v", log[2], log[0])
	}
	for name, c := range map[string]struct {
		filter dispatch.RotaFilter
		want   []int64
	}{
		"all":                  {dispatch.RotaFilter{}, []int64{3, 2, 1}},
		"one":                  {dispatch.RotaFilter{Limit: 1}, []int64{3}},
		"before":               {dispatch.RotaFilter{Before: 3, Limit: 1}, []int64{2}},
		"of a record":          {dispatch.RotaFilter{Key: edit.Key{Kind: edit.Person, ID: "anna"}}, []int64{2, 1}},
		"of a removed record":  {dispatch.RotaFilter{Key: edit.Key{Kind: edit.Absence, ID: "x"}}, []int64{3, 2}},
		"of a record, before":  {dispatch.RotaFilter{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Before: 2}, []int64{1}},
		"of a kind":            {dispatch.RotaFilter{Key: edit.Key{Kind: edit.Schedule}}, []int64{1}},
		"of an unknown record": {dispatch.RotaFilter{Key: edit.Key{Kind: edit.Person, ID: "zoe"}}, nil},
	} {
		log, err := s.RotaHistory(ctx, c.filter)
		must(t, err)
		var got []int64
		for _, e := range log {
			got = append(got, e.Revision)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Whoever got no answer commits again and learns what became of it.
func suiteRotaOnce(t *testing.T, s record) {
	t.Helper()
	c := editBy(0, person("anna", 0, "Anna"))
	c.ID = "edit-1"
	v1 := commitRota(t, s, c)
	commitRota(t, s, editBy(1, person("anna", 1, "Anya")))
	if again := commitRota(t, s, c); again != v1 {
		t.Errorf("again: %+v, want %+v", again, v1)
	}
	if v, _ := rotaOf(t, s); v.Revision != 2 {
		t.Errorf("it counted twice: %+v", v)
	}
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{})
	must(t, err)
	if len(log) != 2 || log[1].ID != "edit-1" {
		t.Errorf("log: %+v", log)
	}
}

// A rota is seeded once, and a node writes its own back to a record that was restored older.
func suiteRotaWhole(t *testing.T, s record) {
	t.Helper()
	seed := editBy(0, person("anna", 0, "Anna"), person("boris", 0, "Boris"), rec(edit.Schedule, "main", 0, `{"id":"main"}`))
	seed.Whole = &dispatch.RotaVersion{}
	seed.Edit = nil
	v1 := commitRota(t, s, seed)
	if !v1.EditedAt.IsZero() {
		t.Errorf("a seed is nobody's edit: %+v", v1)
	}
	if they := conflict(t, s, seed); len(they.Theirs) != 0 || they.Version != v1 {
		t.Errorf("seeded twice: %+v", they)
	}
	// This node has seen six edits more, the last an hour after the seed.
	kept := []edit.Record{person("vera", 6, "Vera"), rec(edit.Schedule, "main", 1, `{"id":"main"}`), person("anna", 7, "Anya")}
	back := dispatch.RotaChange{
		Put: kept, Whole: &v1, Kept: dispatch.RotaVersion{Revision: 7, EditedAt: t0.Add(time.Hour), Hash: dispatch.HashRota(kept)},
		By: edit.Author{Person: "a", Channel: "node"}, Node: "a", At: t0.Add(9 * time.Hour), Reason: "the record was restored older",
	}
	stale := back
	stale.Whole = &dispatch.RotaVersion{Revision: 1, EditedAt: v1.EditedAt, Hash: "of something else"}
	conflict(t, s, stale)
	v := commitRota(t, s, back)
	if v.Revision != 8 || !v.EditedAt.Equal(t0.Add(time.Hour)) || v.Hash != back.Kept.Hash {
		t.Errorf("written back: %+v, kept %+v", v, back.Kept)
	}
	_, list := rotaOf(t, s)
	if d := cmp.Diff([]edit.Record{person("anna", 8, "Anya"), person("vera", 8, "Vera"), rec(edit.Schedule, "main", 1, `{"id":"main"}`)}, list); d != "" {
		t.Error(d)
	}
	log, err := s.RotaHistory(t.Context(), dispatch.RotaFilter{Limit: 1})
	must(t, err)
	e := log[0]
	if !e.At.Equal(t0.Add(9*time.Hour)) || !e.EditedAt.Equal(t0.Add(time.Hour)) || len(e.Edit) != 0 || len(e.After) != 3 || e.After[1].Body != nil {
		t.Errorf("entry: %+v", e)
	}
	conflict(t, s, back)                                       // the rota is no longer of that version
	v = commitRota(t, s, editBy(0, person("gleb", 0, "Gleb"))) // by a node whose clock is behind
	if want := t0.Add(time.Hour + time.Microsecond); !v.EditedAt.Equal(want) {
		t.Errorf("an edit is later than the one before it: %v, want %v", v.EditedAt, want)
	}
	empty := dispatch.RotaChange{Whole: &v, At: t0}
	if v := commitRota(t, s, empty); v.Revision != 10 {
		t.Errorf("emptied: %+v", v)
	}
	if _, list := rotaOf(t, s); len(list) != 0 {
		t.Errorf("emptied: %+v", list)
	}
	must(t, s.VerifyRota(t.Context()))
}

// Of many who edit one record, one wins, and each other one gets what is there.
func suiteRotaRace(t *testing.T, s record) {
	t.Helper()
	commitRota(t, s, editBy(0, person("anna", 0, "Anna"), person("boris", 0, "Boris")))
	request := rec(edit.Request, "r1", 0, `{"state":"asked"}`)
	commitRota(t, s, editBy(1, request))
	var mu sync.Mutex
	won, theirs := "", map[string]int{}
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() {
			who := fmt.Sprintf("p%02d", n)
			c := editBy(2, rec(edit.Request, "r1", 2, fmt.Sprintf(`{"state":"accepted","by":%q}`, who)), rec(edit.Override, "o-"+who, 0, `{}`))
			c.Seen = []edit.Record{{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: 1}}
			_, err := s.CommitRota(t.Context(), c)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				if won != "" {
					t.Errorf("%s and %s have won", won, who)
				}
				won = who
				return
			}
			they, ok := errors.AsType[*dispatch.RotaConflict](err)
			if !ok || len(they.Theirs) != 1 || they.Theirs[0].Revision != 3 || they.Version.Revision != 3 {
				t.Errorf("%s: %v %+v", who, err, they)
				return
			}
			theirs[string(they.Theirs[0].Body)]++
		})
	}
	wg.Wait()
	if accepted := fmt.Sprintf(`{"state":"accepted","by":%q}`, won); won == "" || len(theirs) != 1 || theirs[accepted] != 49 {
		t.Errorf("%q has won, the others were told %v", won, theirs)
	}
	_, list := rotaOf(t, s)
	var overrides []string
	for _, r := range list {
		if r.Kind == edit.Override {
			overrides = append(overrides, r.ID)
		}
	}
	if !slices.Equal(overrides, []string{"o-" + won}) {
		t.Errorf("overrides %v, %s has won", overrides, won)
	}
	must(t, s.VerifyRota(t.Context()))
}

// Edits of different records at once all count, one after the other.
func suiteRotaManyEdits(t *testing.T, s record) {
	t.Helper()
	const people, edits = 8, 6
	revisions := make([][]int64, people)
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			var at int64
			for n := range edits {
				v, err := s.CommitRota(t.Context(), editBy(0, person(fmt.Sprint("p", p), at, fmt.Sprint(n))))
				if err != nil {
					t.Error(err)
					return
				}
				at = v.Revision
				revisions[p] = append(revisions[p], at)
			}
		})
	}
	wg.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(revisions...)))
	for i, r := range all {
		if r != int64(i+1) {
			t.Fatalf("revisions %v", all)
		}
	}
	if v, list := rotaOf(t, s); v.Revision != people*edits || len(list) != people {
		t.Errorf("%+v %+v", v, list)
	}
	must(t, s.VerifyRota(t.Context()))
}
