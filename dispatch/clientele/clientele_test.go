package clientele_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/escalation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func source() dispatch.Source {
	return dispatch.Source{
		Roster: oncall.Roster{People: []oncall.Person{{ID: "anna", Name: "Анна"}}},
		Lines:  []dispatch.Line{{ID: "main", Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
		Policy: escalation.Default(), Numbering: client.Default(),
		Clients: []client.Organisation{
			{ID: "romashka", Name: "Ромашка", Numbers: []string{"+7 812 111-11-11"}, Contacts: []client.Contact{
				{ID: "ivan", Name: "Иван", Numbers: []string{"+7 921 111-11-11"}},
			}},
			{ID: "romashka-2", Name: "Ромашка ООО", Numbers: []string{"+7 812 111-11-11"}},
		},
	}
}

// office is the clients on one node.
type office struct {
	*clientele.Clientele

	dir    *dispatch.Directory
	keeper *dispatch.Keeper
}

func open(t *testing.T, s *store.Memory, rotas dispatch.Rotas, node string) *office {
	t.Helper()
	o := &office{}
	var err error
	o.keeper, err = dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: s, Rotas: s, Node: node,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	must(t, err)
	o.dir, err = o.keeper.Load(t.Context(), source())
	must(t, err)
	o.Clientele, err = clientele.New(clientele.Deps{Store: rotas, Directory: o.dir, Tickets: s, Audit: s, Refresh: o.keeper.Follow, Node: node})
	must(t, err)
	return o
}

func author() edit.Author { return edit.Author{Person: "boris", Channel: "cli"} }

func card(id, name string, numbers ...string) client.Change {
	return client.Change{Put: []client.Organisation{{ID: id, Name: name, Numbers: numbers}}, Reason: "по звонку"}
}

func TestEditIsInForceWhenItReturns(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a, b := open(t, s, s, "a"), open(t, s, s, "b")
	view, err := a.View(t.Context())
	must(t, err)
	if len(view.Organisations) != 2 || view.Revisions["romashka"] != 1 || len(view.Twins) != 1 {
		t.Fatalf("at the start %+v", view)
	}
	done, err := a.Commit(t.Context(), card("vasilek", "Василёк", "+7 812 222-22-22"), author(), map[string]int64{"vasilek": 0})
	must(t, err)
	if done.Version.Revision != 2 || !slices.Equal(done.Touched, []string{"vasilek"}) || len(done.Cards) != 1 || a.Book().Match("+78122222222").Org != "vasilek" {
		t.Errorf("committed %+v", done)
	}
	must(t, b.keeper.Refresh(t.Context()))
	if b.Book().Match("+78122222222").Org != "vasilek" {
		t.Error("the other node does not know")
	}
	if _, ok := b.dir.Load().Roster.Person("anna"); !ok {
		t.Error("people are gone")
	}
	done, err = b.Commit(t.Context(), client.Change{Merge: &client.Merge{From: "romashka-2", Into: "romashka"}}, author(), view.Revisions)
	must(t, err)
	if o, _ := b.Book().Resolve("romashka-2"); o.ID != "romashka" || done.Version.Revision != 3 {
		t.Errorf("merged: %+v, %+v", o, done)
	}
	_, err = b.Commit(t.Context(), client.Change{Remove: []string{"vasilek"}}, author(), nil)
	must(t, err)
	if b.Book().Match("+78122222222").Level != client.Unknown {
		t.Error("a removed client is known")
	}
	log, err := a.History(t.Context(), "vasilek", 0)
	must(t, err)
	if len(log) != 2 || log[1].By.Person != "boris" || log[1].Reason != "по звонку" || !strings.Contains(string(log[1].Edit), `"clients"`) || len(log[0].Before) != 1 {
		t.Errorf("log %+v", log)
	}
	must(t, s.VerifyRota(t.Context()))
}

func TestEditMeetsAnother(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := open(t, s, s, "a")
	view, err := a.View(t.Context())
	must(t, err)
	_, err = a.Commit(t.Context(), card("romashka", "Ромашка плюс"), author(), view.Revisions)
	must(t, err)
	var clash *dispatch.RotaConflict
	if _, err = a.Commit(t.Context(), card("romashka", "Ромашка минус"), author(), map[string]int64{"romashka": 1}); !errors.As(err, &clash) ||
		len(clash.Theirs) != 1 || clash.Theirs[0].Revision != 2 {
		t.Errorf("a card that has changed: %v", err)
	}
	if _, err = a.Commit(t.Context(), card("romashka", "Новая"), author(), map[string]int64{"romashka": 0}); !errors.As(err, &clash) {
		t.Errorf("a new card that is there: %v", err)
	}
	var refused *client.ChangeError
	if _, err = a.Commit(t.Context(), card("x", "X", "hello"), author(), nil); !errors.As(err, &refused) || !strings.Contains(refused.Why, "numbers[0]") {
		t.Errorf("a faulty card: %v", err)
	}
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 2 {
		t.Errorf("a refusal has written: %+v, %v", v, err)
	}
	s.Fail(dispatch.ErrAway)
	if _, err = a.Commit(t.Context(), card("x", "X"), author(), nil); !errors.Is(err, dispatch.ErrAway) {
		t.Errorf("without the record: %v", err)
	}
}

// Many edit at once: each edit counts, and none undoes another.
func TestEditorsTogether(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a, b := open(t, s, s, "a"), open(t, s, s, "b")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			o := []*office{a, b}[i%2]
			if _, err := o.Commit(t.Context(), card(fmt.Sprintf("c%d", i), "C", fmt.Sprintf("+7812333000%d", i)), author(), nil); err != nil {
				t.Errorf("edit %d: %v", i, err)
			}
		})
	}
	group.Wait()
	must(t, a.keeper.Refresh(t.Context()))
	for i := range 8 {
		if org := a.Book().Match(client.Number(fmt.Sprintf("+7812333000%d", i))).Org; org != fmt.Sprintf("c%d", i) {
			t.Errorf("edit %d is lost: %q", i, org)
		}
	}
}

// deaf does not answer the first commit, which it has carried out.
type deaf struct {
	dispatch.Rotas

	said bool
}

func (d *deaf) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	v, err := d.Rotas.CommitRota(ctx, c)
	if !d.said {
		d.said = true
		return dispatch.RotaVersion{}, errors.New("the connection broke")
	}
	return v, err
}

func TestEditWithoutAnAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := open(t, s, &deaf{Rotas: s}, "a")
	done, err := a.Commit(t.Context(), card("x", "X"), author(), nil)
	must(t, err)
	if v, err := s.RotaVersion(t.Context()); err != nil || done.Version.Revision != 2 || v.Revision != 2 {
		t.Errorf("%+v, the record has %+v, %v", done.Version, v, err)
	}
}

func TestExportIsAudited(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := open(t, s, s, "a")
	list, err := a.Export(t.Context(), []string{"romashka"}, author())
	must(t, err)
	trail, err := s.AuditTrail(t.Context(), dispatch.AuditFilter{})
	must(t, err)
	if len(list) != 1 || len(trail) != 1 || trail[0].Act != dispatch.ActExport || trail[0].By != "boris" || trail[0].Detail != "1 cards" {
		t.Errorf("%+v, audit %+v", list, trail)
	}
	if _, err := a.Export(t.Context(), []string{"nobody"}, author()); err == nil {
		t.Error("nobody was exported")
	}
	s.Fail(dispatch.ErrAway)
	if list, err := a.Export(t.Context(), nil, author()); err == nil {
		t.Errorf("without the audit %d cards go out", len(list))
	}
}

// ticketOf opens a ticket in the record.
func ticketOf(t *testing.T, s *store.Memory, n int, number client.Number, party, name string, match client.Match) {
	t.Helper()
	e := ticket.Event{Ticket: fmt.Sprintf("t%d", n), At: time.Date(2026, 11, 23, 9, n, 0, 0, time.UTC), By: "caller", Body: ticket.Opened{
		ID: fmt.Sprintf("t%d", n), Number: ticket.Number{Year: 26, Seq: uint32(n)}, Priority: ticket.Critical, Caller: number, Name: name, Party: party, Client: match,
	}}
	tk, err := ticket.Ticket{}.Apply(e)
	must(t, err)
	tk.Stage = ticket.Closed // two open ones have no party in common
	must(t, s.Commit(t.Context(), dispatch.Change{Ticket: &tk, Events: []ticket.Event{e}}))
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := open(t, s, s, "a")
	known := a.Book().Match("+79211111111")
	ticketOf(t, s, 1, "+79990000001", "number:+79990000001", "", client.Match{})
	ticketOf(t, s, 2, "+79211111111", "contact:romashka/ivan", "", known)
	ticketOf(t, s, 3, "", "quiet:email:new@somewhere.example", "", client.Match{})
	ticketOf(t, s, 4, "+79990000001", "number:+79990000001", "Пётр", client.Match{})
	ticketOf(t, s, 5, "", "", "", client.Match{}) // withheld
	ticketOf(t, s, 6, "", "alarm:zabbix:x/disk", "", client.Match{})
	ticketOf(t, s, 7, "", "quiet:unproven:email:new@somewhere.example", "", client.Match{})
	list, err := a.Strangers(t.Context())
	must(t, err)
	if len(list) != 2 || list[1].Address != "+79990000001" || list[1].Name != "Пётр" || len(list[1].Tickets) != 2 ||
		list[0].Channel != "email" || list[0].Address != "new@somewhere.example" || len(list[0].Tickets) != 2 {
		t.Fatalf("strangers %+v", list)
	}
	_, err = a.Adopt(t.Context(), "call", "+79990000001", client.Person{Org: "romashka"}, "Пётр Сидоров", author(), "представился")
	must(t, err)
	_, err = a.Adopt(t.Context(), "email", "new@somewhere.example", client.Person{Org: "romashka", Contact: "ivan"}, "", author(), "")
	must(t, err)
	if m := a.Book().Match("+79990000001"); m.Contact != "petr-sidorov" || m.ContactName != "Пётр Сидоров" {
		t.Errorf("adopted %+v", m)
	}
	if m := a.Book().MatchAddress("email", "new@somewhere.example"); m.Contact != "ivan" {
		t.Errorf("adopted %+v", m)
	}
	if list, err = a.Strangers(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("still strangers: %+v, %v", list, err)
	}
	if _, err := a.Adopt(t.Context(), "call", "+79990000002", client.Person{Org: "nobody"}, "", author(), ""); err == nil {
		t.Error("adopted by nobody")
	}
}
