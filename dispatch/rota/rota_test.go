package rota_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/escalation"
)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// office is the rota of one node on a record in memory.
type office struct {
	*rota.Rota

	record *store.Memory
	dir    *dispatch.Directory
	keeper *dispatch.Keeper
	now    time.Time
}

// began is a Monday, and anna's week.
func began() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func source(tb testing.TB) dispatch.Source {
	tb.Helper()
	zone, err := oncall.LoadZone("Europe/Moscow")
	must(tb, err)
	person := func(id string) oncall.Person {
		return oncall.Person{ID: id, Name: id, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:" + id + "@127.0.0.1"}}}
	}
	return dispatch.Source{
		Roster: oncall.Roster{
			People: []oncall.Person{person("anna"), person("boris"), person("vera")},
			Schedules: []oncall.Schedule{{ID: "duty", Name: "Duty", Zone: zone, Tracks: []oncall.Track{{ID: "primary", Layers: []oncall.Layer{{
				ID: "weeks", Members: []oncall.Member{{"anna"}, {"boris"}},
				Handoff: oncall.Handoff{Unit: oncall.Week, Anchor: oncall.NewCivil(2026, time.November, 2, 9, 0, 0)},
			}}}}}},
			Static: []oncall.StaticNumber{{Name: "chief", Number: "+78120000000"}},
		},
		Lines: []dispatch.Line{
			{ID: "main", DIDs: []string{"+78123330000"}, Schedule: "duty"},
			{ID: "fixed", DIDs: []string{"+78123330001"}, Ladder: []dispatch.LadderRung{{People: []string{"vera"}}}},
		},
		Policy: escalation.Default(), Numbering: client.Default(),
	}
}

// open makes an office; record wraps the one in memory when it is not nil.
func open(t *testing.T, wrap func(*store.Memory) dispatch.Rotas) *office {
	t.Helper()
	o := &office{record: store.NewMemory(), now: began()}
	var rotas dispatch.Rotas = o.record
	if wrap != nil {
		rotas = wrap(o.record)
	}
	clock := func() time.Time { return o.now }
	var err error
	o.keeper, err = dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: o.record, Rotas: o.record, Node: "a", Now: clock,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	must(t, err)
	o.dir, err = o.keeper.Load(t.Context(), source(t))
	must(t, err)
	named := 0
	o.Rota, err = rota.New(rota.Deps{
		Store: rotas, Directory: o.dir, Calls: o.record, Refresh: o.keeper.Follow, Node: "a", Now: clock,
		NewID: func() string { named++; return fmt.Sprintf("id-%d", named) },
	})
	must(t, err)
	return o
}

// duty is who is on duty on the schedule now, by this node.
func (o *office) duty() string {
	var names []string
	for _, d := range o.dir.Load().Duty.Who("duty", o.now) {
		names = append(names, d.Person)
	}
	return strings.Join(names, ", ")
}

func scheduler() edit.Author { return edit.Author{Person: "scheduler", Channel: "cli"} }

// cover puts vera in anna's place from an hour from now, for a day.
func cover() edit.Edit {
	return edit.Edit{Reason: "dentist", Override: &oncall.Override{Schedule: "duty", Track: "primary", Changes: []oncall.Change{{
		From: oncall.InstantPoint(began().Add(time.Hour)), To: oncall.InstantPoint(began().Add(25 * time.Hour)), Add: "vera", Remove: "anna",
	}}}}
}

func TestEditIsInForceWhenItReturns(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	before, err := o.View(t.Context())
	must(t, err)
	if before.Version.Revision != 1 || !before.Confirmed || before.Revisions["schedule duty"] != 1 || o.duty() != "anna" {
		t.Fatalf("at the start: %+v, on duty %s", before, o.duty())
	}
	preview, err := o.Preview(t.Context(), cover(), scheduler())
	must(t, err)
	if len(preview.Schedules) != 1 || preview.Schedules[0].Schedule != "duty" {
		t.Errorf("preview %+v", preview)
	}
	if v, err := o.record.RotaVersion(t.Context()); err != nil || v.Revision != 1 {
		t.Errorf("a preview has written: %+v, %v", v, err)
	}
	done, err := o.Commit(t.Context(), cover(), scheduler(), before.Revisions)
	must(t, err)
	if done.Version.Revision != 2 || !slices.Equal(done.Keys, []edit.Key{{Kind: edit.Override, ID: done.Keys[0].ID}}) || done.Keys[0].ID == "" {
		t.Errorf("committed %+v", done)
	}
	if d := cmp.Diff(preview.Schedules[0].People, done.Preview.Schedules[0].People); d != "" {
		t.Errorf("the preview was another one:\n%s", d)
	}
	o.now = o.now.Add(2 * time.Hour)
	if o.duty() != "vera" || !o.dir.Load().Rota.Same(done.Version) {
		t.Errorf("on duty %s by %+v", o.duty(), o.dir.Load().Rota)
	}
	log, err := o.History(t.Context(), dispatch.RotaFilter{Limit: 1})
	must(t, err)
	if log[0].Reason != "dentist" || log[0].By.Person != "scheduler" || log[0].Node != "a" || len(log[0].Edit) == 0 {
		t.Errorf("log %+v", log[0])
	}
}

func TestEditOfWhatHasChanged(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	looked, err := o.View(t.Context())
	must(t, err)
	rename := func(name string) edit.Edit {
		p, _ := looked.Roster.Person("anna")
		p.Name = name
		return edit.Edit{Person: &p}
	}
	_, err = o.Commit(t.Context(), rename("one"), scheduler(), nil)
	must(t, err)
	_, err = o.Commit(t.Context(), rename("two"), scheduler(), map[string]int64{"person anna": looked.Revisions["person anna"]})
	var clash *dispatch.RotaConflict
	if !errors.As(err, &clash) || len(clash.Theirs) != 1 || !strings.Contains(string(clash.Theirs[0].Body), `"one"`) || clash.Version.Revision != 2 {
		t.Fatalf("got %v, %+v", err, clash)
	}
	_, err = o.Commit(t.Context(), rename("two"), scheduler(), map[string]int64{"person boris": 1, "person anna": 2})
	must(t, err)
	for name, base := range map[string]map[string]int64{
		"it has gone":     {"person anna": 3, "person zoe": 7},
		"it came to be":   {"person anna": 0},
		"not looked well": {"schedule duty": 2},
	} {
		if _, err := o.Commit(t.Context(), rename("three"), scheduler(), base); !errors.As(err, &clash) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// meddled is a record in which somebody else is faster, so many times.
type meddled struct {
	*store.Memory

	times int
	by    func()
}

func (m *meddled) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	if m.times > 0 {
		m.times--
		m.by()
	}
	return m.Memory.CommitRota(ctx, c)
}

// Whoever has not looked at anything in particular is not told of a race: the edit is decided anew on what is there.
func TestEditIsDecidedAnew(t *testing.T) {
	t.Parallel()
	m := &meddled{times: 3}
	o := open(t, func(s *store.Memory) dispatch.Rotas { m.Memory = s; return m })
	meddlings := 0
	m.by = func() {
		meddlings++
		_, records, err := m.Rota(t.Context())
		must(t, err)
		at := slices.IndexFunc(records, func(r edit.Record) bool { return r.String() == "person anna" })
		records[at].Body = fmt.Appendf(nil, `{"id":"anna","name":"meddled %d","devices":[{"kind":"softphone","uri":"sip:anna@127.0.0.1"}]}`, meddlings)
		_, err = m.Memory.CommitRota(t.Context(), dispatch.RotaChange{Put: records[at : at+1], At: o.now, Edit: []byte("{}")})
		must(t, err)
	}
	view, err := o.View(t.Context())
	must(t, err)
	p, _ := view.Roster.Person("anna")
	p.Name = "mine"
	done, err := o.Commit(t.Context(), edit.Edit{Person: &p}, scheduler(), nil)
	must(t, err)
	if done.Version.Revision != 5 || meddlings != 3 {
		t.Errorf("%+v after %d meddlings", done.Version, meddlings)
	}
	m.times = 100
	var clash *dispatch.RotaConflict
	if _, err := o.Commit(t.Context(), edit.Edit{Person: &p}, scheduler(), nil); !errors.As(err, &clash) {
		t.Errorf("for ever: %v", err)
	}
}

// What lines and escalation need stays; the refusal says whose it is.
func TestWhatTheLinesNeedStays(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	for name, c := range map[string]struct {
		remove edit.Key
		text   string
	}{
		"a schedule of a line":   {edit.Key{Kind: edit.Schedule, ID: "duty"}, `schedule "duty" is closed`},
		"somebody of its ladder": {edit.Key{Kind: edit.Person, ID: "vera"}, `no person "vera"`},
	} {
		for how, try := range map[string]func(edit.Edit) error{
			"preview": func(e edit.Edit) error { _, err := o.Preview(t.Context(), e, scheduler()); return err },
			"commit":  func(e edit.Edit) error { _, err := o.Commit(t.Context(), e, scheduler(), nil); return err },
		} {
			var refusal *edit.Refusal
			err := try(edit.Edit{Remove: &c.remove})
			if !errors.As(err, &refusal) || refusal.Code != edit.InUse || !strings.Contains(refusal.Problem, c.text) || refusal.Do == "" {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if refusal != nil {
				if text := refusal.Text("ru"); !strings.Contains(text, "нужно конфигурации") {
					t.Errorf("%s in Russian: %q", name, text)
				}
			}
		}
	}
	if v, err := o.record.RotaVersion(t.Context()); err != nil || v.Revision != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

// While the record is away everything can be looked at, and nothing edited.
func TestRecordIsAway(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	o.record.Fail(dispatch.ErrAway)
	if _, err := o.Preview(t.Context(), cover(), scheduler()); err != nil {
		t.Errorf("preview: %v", err)
	}
	for name, err := range map[string]error{
		"commit":  func() error { _, err := o.Commit(t.Context(), cover(), scheduler(), nil); return err }(),
		"history": func() error { _, err := o.History(t.Context(), dispatch.RotaFilter{}); return err }(),
		"taken":   func() error { _, err := o.Taken(t.Context(), began(), began()); return err }(),
	} {
		if !errors.Is(err, rota.ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for after, confirmed := range map[time.Duration]bool{15 * time.Minute: true, 15*time.Minute + time.Second: false} {
		o.now = began().Add(after)
		if view, err := o.View(t.Context()); err != nil || view.Confirmed != confirmed || len(view.Roster.People) != 3 {
			t.Errorf("after %s: %v, %+v", after, err, view.Confirmed)
		}
	}
}

// deaf is a record whose answers get lost: the change is made all the same.
type deaf struct {
	*store.Memory

	times int
}

func (d *deaf) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	v, err := d.Memory.CommitRota(ctx, c)
	if d.times > 0 && err == nil {
		d.times--
		return dispatch.RotaVersion{}, fmt.Errorf("commit: %w", dispatch.ErrAway)
	}
	return v, err
}

func TestLostAnswerMakesNoSecondEdit(t *testing.T) {
	t.Parallel()
	d := &deaf{times: 1}
	o := open(t, func(s *store.Memory) dispatch.Rotas { d.Memory = s; return d })
	done, err := o.Commit(t.Context(), cover(), scheduler(), nil)
	must(t, err)
	if done.Version.Revision != 2 {
		t.Errorf("%+v", done.Version)
	}
	d.times = 10
	if _, err := o.Commit(t.Context(), edit.Edit{Take: &edit.Take{Schedule: "duty", Person: "boris"}}, scheduler(), nil); !errors.Is(err, rota.ErrAway) {
		t.Errorf("got %v", err)
	}
	if v, err := o.record.RotaVersion(t.Context()); err != nil || v.Revision != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

// The first edit of a record that has no rota yet begins it with the file's.
func TestFirstEditSeeds(t *testing.T) {
	t.Parallel()
	o := open(t, func(s *store.Memory) dispatch.Rotas { s.Fail(dispatch.ErrAway); return s })
	o.record.Fail(nil) // it came after the start
	_, err := o.Commit(t.Context(), cover(), scheduler(), nil)
	must(t, err)
	view, err := o.View(t.Context())
	must(t, err)
	if len(view.Roster.People) != 3 || len(view.Roster.Overrides) != 1 || view.Version.Revision != 2 {
		t.Errorf("%+v", view)
	}
}

func TestTaken(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	at := func(minutes int) time.Time { return began().Add(time.Duration(minutes) * time.Minute) }
	leg := func(person, outcome string, minutes int) dispatch.Leg {
		return dispatch.Leg{Name: person, Person: person, Outcome: outcome, StartedAt: at(minutes)}
	}
	calls := &archive{list: []dispatch.CallRecord{ // newest first
		{ID: "5", Line: "main", StartedAt: at(50), AcceptedBy: "vera", AcceptedAt: at(51)},
		{ID: "4", Line: "main", StartedAt: at(40), AcceptedBy: "boris", AcceptedAt: at(41), Detail: dispatch.CallDetail{Legs: []dispatch.Leg{
			{Name: "A"}, leg("anna", "no_answer", 40), leg("anna", "no_answer", 41), leg("vera", "cancelled", 40), leg("boris", "answered", 41),
		}}},
		{ID: "3", StartedAt: at(30), AcceptedBy: "anna", AcceptedAt: at(30)}, // an engineer's own
		{ID: "2", Line: "fixed", StartedAt: at(20), Detail: dispatch.CallDetail{Legs: []dispatch.Leg{leg("vera", "declined", 20)}}},
		{ID: "1", Line: "main", StartedAt: at(10), AcceptedBy: "anna", AcceptedAt: at(11)},
	}}
	r, err := rota.New(rota.Deps{Directory: o.dir, Calls: calls})
	must(t, err)
	got, err := r.Taken(t.Context(), at(20), at(50))
	must(t, err)
	want := []oncall.Taken{
		{Person: "vera", At: at(20), Missed: true},
		{Schedule: "duty", Person: "anna", At: at(40), Missed: true},
		{Schedule: "duty", Person: "boris", At: at(41)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

type archive struct{ list []dispatch.CallRecord }

func (a *archive) Calls(_ context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	var list []dispatch.CallRecord
	for _, c := range a.list {
		if c.StartedAt.Before(f.Before) && len(list) < f.Limit {
			list = append(list, c)
		}
	}
	return list, nil
}
