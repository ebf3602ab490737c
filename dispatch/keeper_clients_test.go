package dispatch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// caller says whom the node takes a number for.
func (n *node) caller(number client.Number) string { return n.dir.Load().Book.Match(number).OrgName }

// carded is the company with its client under another name.
func carded(name string) dispatch.Source {
	src := source()
	src.Clients[0].Name = name
	return src
}

// writeCard edits a client's card straight in the record; an empty name removes it.
func writeCard(t *testing.T, s dispatch.Rotas, name string) {
	t.Helper()
	_, records, err := s.Rota(t.Context())
	must(t, err)
	card := source().Clients[0]
	card.Name = name
	body, err := client.Encode(card)
	must(t, err)
	put := edit.Record{Key: dispatch.OrganisationKey("romashka"), Body: body}
	if name == "" {
		put.Body = nil
	}
	for _, r := range records {
		if r.Key == put.Key {
			put.Revision = r.Revision
		}
	}
	_, err = s.CommitRota(t.Context(), dispatch.RotaChange{
		Put: []edit.Record{put}, By: edit.Author{Person: "boris", Channel: "cli"}, At: time.Now(), Edit: []byte(`{}`),
	})
	must(t, err)
}

const ivan client.Number = "+79211234567"

func TestFileSeedsClientsOnce(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	a, b := keep(t, s, folder, "a"), keep(t, s, t.TempDir(), "b")
	if a.load(t, carded("one")); a.caller(ivan) != "one" || a.dir.Load().Revisions["organisation romashka"] != 1 {
		t.Errorf("seeded: %q, %v", a.caller(ivan), a.dir.Load().Revisions)
	}
	if b.load(t, carded("two")); b.caller(ivan) != "one" || !strings.Contains(b.log.String(), "vahta client import") {
		t.Errorf("another file: %q, log %s", b.caller(ivan), b.log)
	}
	writeCard(t, s, "edited")
	must(t, a.Refresh(t.Context()))
	must(t, b.Force(t.Context(), carded("three")))
	if a.caller(ivan) != "edited" || b.caller(ivan) != "edited" {
		t.Errorf("an edit, and a reload: %q, %q", a.caller(ivan), b.caller(ivan))
	}
	_, body, err := s.Definition(t.Context())
	must(t, err)
	if strings.Contains(string(body), "79217654321") {
		t.Errorf("clients are in the definition: %s", body)
	}
	writeCard(t, s, "")
	for range 2 { // it was taken away on purpose: no start brings it back
		a = keep(t, s, folder, "a")
		if a.load(t, carded("one")); a.caller(ivan) != "" {
			t.Errorf("a client that was removed is back: %q", a.caller(ivan))
		}
	}
}

// A record that an earlier version has written has people, and the clients are in
// the definition: they become records, and nobody's edit is older for it.
func TestUpgradeFromARecordWithClientsInTheDefinition(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	old := carded("in force")
	people, err := edit.Records(oncall.Roster{People: old.Roster.People})
	must(t, err)
	_, err = s.CommitRota(t.Context(), dispatch.RotaChange{Put: people, Whole: &dispatch.RotaVersion{}, At: time.Now()})
	must(t, err)
	edited := rename(t, s, "Anna", time.Now())
	old.Roster = oncall.Roster{Static: old.Roster.Static}
	previous(t, s, old)
	a := keep(t, s, folder, "a")
	if a.load(t, carded("the file's")); a.caller(ivan) != "in force" || a.anna() != "Anna" {
		t.Errorf("client %q, %s; log %s", a.caller(ivan), a.anna(), a.log)
	}
	v, err := s.RotaVersion(t.Context())
	must(t, err)
	if !v.EditedAt.Equal(edited.EditedAt) || v.Revision != edited.Revision+1 {
		t.Errorf("version %+v after %+v", v, edited)
	}
	b := keep(t, s, t.TempDir(), "b")
	if b.load(t, carded("another file's")); b.caller(ivan) != "in force" {
		t.Errorf("a second node: %q", b.caller(ivan))
	}
	must(t, s.VerifyRota(t.Context()))
	s.Fail(errors.New("locked"))
	if a = keep(t, s, folder, "a"); a.load(t, carded("the file's")) == "" || a.caller(ivan) != "in force" {
		t.Errorf("from the local copy: %q", a.caller(ivan))
	}
}

// While the store is away at the first start of this version, the local copy's
// clients are used: they stand in its definition.
func TestUpgradeOfClientsWithoutTheStore(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	bare := source()
	bare.Clients = nil
	a := keep(t, s, folder, "a")
	a.load(t, bare) // the copy has people and no clients
	s.Fail(errors.New("locked"))
	a = keep(t, s, folder, "a")
	if a.load(t, carded("one")); a.caller(ivan) != "one" {
		t.Errorf("without the record: %q", a.caller(ivan))
	}
	s.Fail(nil)
	must(t, a.Refresh(t.Context()))
	if a.caller(ivan) != "one" || a.dir.Load().Revisions["organisation romashka"] == 0 {
		t.Errorf("with it: %q, %v", a.caller(ivan), a.dir.Load().Revisions)
	}
}

// A file that has clients only begins them only; people come when a file has some.
func TestPartsAreSeededByThemselves(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	src := source()
	src.Roster.People = nil
	a := keep(t, s, t.TempDir(), "a")
	if a.load(t, src); a.caller(ivan) == "" || a.anna() != "" {
		t.Errorf("clients alone: %q, %q", a.caller(ivan), a.anna())
	}
	must(t, a.Force(t.Context(), renamed("one")))
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 2 || a.anna() != "one" || a.caller(ivan) == "" {
		t.Errorf("people came: %+v, %v, %s, %q", v, err, a.anna(), a.caller(ivan))
	}
}

// A card of a newer version is not taken by halves: the node keeps what it has.
func TestCardOfANewerVersion(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, carded("one"))
	_, err := s.CommitRota(t.Context(), dispatch.RotaChange{Put: []edit.Record{{
		Key: dispatch.OrganisationKey("romashka"), Revision: 1, Body: []byte(`{"id":"romashka","name":"two","telepathy":true,"contract":{}}`),
	}}, At: time.Now(), Edit: []byte(`{}`)})
	must(t, err)
	if err := a.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "telepathy") || a.caller(ivan) != "one" {
		t.Errorf("%v, %q", err, a.caller(ivan))
	}
}

// What is wrong with a card that is in force is said, and the rest of the cards
// is used.
func TestFaultyCardInForce(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, carded("one"))
	_, err := s.CommitRota(t.Context(), dispatch.RotaChange{Put: []edit.Record{{
		Key: dispatch.OrganisationKey("acme"), Body: []byte(`{"id":"acme","name":"ACME","numbers":["hello"],"contract":{}}`),
	}}, At: time.Now(), Edit: []byte(`{}`)})
	must(t, err)
	must(t, a.Refresh(t.Context()))
	if st := a.Status(); a.caller(ivan) != "one" || len(st.Misfits) != 1 || !strings.Contains(st.Misfits[0], "clients[acme].numbers[0]") {
		t.Errorf("%q, misfits %v", a.caller(ivan), st.Misfits)
	}
}

// Contracts count business days by the production calendar of the rota, and by
// the company's zone.
func TestPolicyOfAContract(t *testing.T) {
	t.Parallel()
	src := source()
	src.Zone = "Europe/Moscow"
	src.Clients[0].Contract.RootCauseDays = 7
	src.Roster.Calendars = []oncall.CalendarYear{{Calendar: "ru", Year: 2026, Days: map[string]oncall.DayClass{
		"06-12": oncall.Holiday, "06-11": oncall.Short, "12-26": oncall.MovedWorkday,
	}}}
	snap, err := dispatch.NewSnapshot(src)
	must(t, err)
	p := snap.Book.Policy("romashka")
	if p.Limits[sla.FirstContactClock].Time != 10*time.Minute || p.Limits[sla.RootCauseClock].Days != 7 || p.Calendar.Zone != "Europe/Moscow" {
		t.Errorf("%+v", p)
	}
	for date, want := range map[string][]sla.Window{"2026-06-12": {}, "2026-06-11": {{From: 540, To: 1020}}, "2026-12-26": {{From: 540, To: 1080}}} {
		if got, there := p.Calendar.Days[date]; !there || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s: %v, want %v", date, got, want)
		}
	}
}
