package casework

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
	"github.com/butlerspb/vahta/oncall"
)

func night() time.Time { return time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC) }

// away is an audit that can not be written.
type away struct{ dispatch.Audit }

func (away) WriteAudit(context.Context, dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	return dispatch.AuditEntry{}, fmt.Errorf("test: %w", dispatch.ErrAway)
}

// desk is a worker over a dispatcher and a store in memory, with one ticket of a client.
func desk(t *testing.T) (*Worker, *store.Memory, string) {
	t.Helper()
	person := func(id string, disabled bool) oncall.Person {
		return oncall.Person{ID: id, Name: id, Disabled: disabled, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000001"}}}
	}
	snapshot, err := dispatch.NewSnapshot(dispatch.Source{
		Roster:    oncall.Roster{People: []oncall.Person{person("anna", false), person("gone", true)}},
		Numbering: client.Default(), Lines: []dispatch.Line{{ID: "main", Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
		Clients: []client.Organisation{{ID: "mebel", Name: "Мебель", Assets: []client.Asset{
			{ID: "fs1", Name: "Файлы", Accesses: []client.Access{{ID: "rdp", Way: "rdp", Login: "admin", Secret: "vault:fs1"}}},
			{ID: "two", Name: "Два пути", Accesses: []client.Access{{ID: "a", Way: "ssh"}, {ID: "b", Way: "vpn"}}},
		}}},
	})
	must(t, err)
	db := store.NewMemory()
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: db, Archive: db, Directory: dispatch.NewDirectory(snapshot), Now: night})
	must(t, err)
	c, err := triage.Shipped()
	must(t, err)
	w, err := New(Deps{Dispatcher: d, Catalogue: c, Audit: db, Now: night})
	must(t, err)
	done, err := w.Carry(t.Context(), Order{By: by("anna"), Open: &Opening{Text: "1С не запускается", Org: "mebel", Language: "ru"}})
	must(t, err)
	return w, db, done.Ticket.Number
}

func by(person string) Author { return Author{Person: person, Channel: "cli", Language: "ru"} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What is wrong with an order is told in the author's language, and nothing is logged.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w, _, number := desk(t)
	before, err := w.Look(t.Context(), number)
	must(t, err)
	doing := func(b ticket.Body) *Doing {
		d, err := NewDoing(b)
		must(t, err)
		return d
	}
	for _, c := range []struct {
		order    Order
		person   string
		ru, en   string
		notFound bool
	}{
		{order: Order{}, ru: "ровно одно действие", en: "exactly one act"},
		{order: Order{Answer: &Answering{}, Step: &Stepping{}}, ru: "ровно одно действие", en: "exactly one act"},
		{order: Order{Page: &Paging{Skill: "1c"}}, person: "nobody", ru: `нет такого человека: "nobody"`, en: `no such person: "nobody"`},
		{order: Order{Page: &Paging{Skill: "1c"}}, person: "gone", ru: `нет такого человека: "gone"`, en: `no such person`},
		{order: Order{Answer: &Answering{List: "x"}}, ru: `list: нет списка "x"`, en: `no check list "x"`},
		{order: Order{Answer: &Answering{List: "one_c", Question: "x"}}, ru: `question: в списке one_c нет вопроса "x"`, en: `no question "x"`},
		{order: Order{Answer: &Answering{List: "one_c", Question: "service", Typed: "наверное"}}, ru: "answer: «наверное» — не да и не нет", en: "neither yes nor no"},
		{order: Order{Step: &Stepping{Runbook: "x"}}, ru: `runbook: нет порядка действий "x"`, en: `no runbook "x"`},
		{order: Order{Step: &Stepping{Runbook: "one_c_restart", Step: "x"}}, ru: `нет шага "x"`, en: `no step "x"`},
		{order: Order{Step: &Stepping{Runbook: "one_c_restart", Step: "dbms", Result: "half"}}, ru: `"half": выберите`, en: `"half": choose`},
		{order: Order{Step: &Stepping{Runbook: "one_c_restart", Step: "dbms", Result: "failed"}}, ru: "напишите, почему", en: "say why"},
		{order: Order{Reveal: &Revealing{Asset: "fs1"}}, ru: "напишите, зачем", en: "what the access is needed for"},
		{order: Order{Reveal: &Revealing{Asset: "x", Reason: "вход"}}, ru: `нет актива "x"`, en: `no asset "x"`},
		{order: Order{Reveal: &Revealing{Asset: "fs1", Access: "x", Reason: "вход"}}, ru: `нет доступа "x"`, en: `no access "x"`},
		{order: Order{Reveal: &Revealing{Asset: "two", Reason: "вход"}}, ru: `нет доступа ""`, en: `no access ""`},
		{order: Order{Do: doing(ticket.Revealed{Asset: "fs1"})}, ru: "показывает reveal", en: "shown by reveal"},
		{order: Order{Do: &Doing{Kind: "x", Body: []byte("{}")}}, ru: "не понять", en: "can not be read"},
		{order: Order{Merge: &Merging{Into: "VH-26-000011"}}, notFound: true},
	} {
		for language, want := range map[string]string{"ru": c.ru, "en": c.en} {
			o := c.order
			o.Ticket, o.By = number, by("anna")
			if o.By.Language = language; c.person != "" {
				o.By.Person = c.person
			}
			_, err := w.Carry(t.Context(), o)
			if c.notFound {
				if err == nil {
					t.Errorf("%+v is carried out", c.order)
				}
				continue
			}
			var refusal *RefusedError
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", c.order, err, want)
			}
		}
	}
	after, err := w.Look(t.Context(), number)
	must(t, err)
	if after.Seq != before.Seq {
		t.Errorf("the log has grown from %d to %d", before.Seq, after.Seq)
	}
}

// The log tells by itself what was asked and done, in the client's language, whatever becomes of the lists.
func TestAnswersAndSteps(t *testing.T) {
	t.Parallel()
	w, _, number := desk(t)
	hidden := false
	for _, o := range []Order{
		{Answer: &Answering{List: "one_c", Question: "service", Typed: "Нет"}},
		{Answer: &Answering{List: "one_c", Question: "service", Typed: "да"}}, // the later one counts
		{Answer: &Answering{List: "one_c", Question: "backup", Typed: "22:15"}},
		{Step: &Stepping{Runbook: "one_c_restart", Step: "restart", Note: "со второго раза"}},
		{Step: &Stepping{Runbook: "one_c_restart", Step: "user", Public: &hidden}},
		{Step: &Stepping{Runbook: "one_c_restart", Step: "copy", Result: "failed", Note: "нет места"}},
	} {
		o.Ticket, o.By = number, by("anna")
		o.By.Language = "en" // the engineer's; the ticket is told in Russian
		_, err := w.Carry(t.Context(), o)
		must(t, err)
	}
	s, err := w.Look(t.Context(), number)
	must(t, err)
	sheet, ok := s.Sheet(w.Catalogue, "one_c")
	if !ok {
		t.Fatal("no such sheet")
	}
	if a := sheet.Answers["service"].Body; a.Answer != "yes" || a.Type != "yes_no" || a.Asked != "Запущена ли служба агента сервера (ragent, rphost)?" || a.Version != 1 {
		t.Errorf("%+v", a)
	}
	if a := sheet.Answers["backup"].Body; a.Answer != "2026-11-22T22:15:00Z" || a.Type != "time" {
		t.Errorf("%+v", a)
	}
	route, _ := s.Route(w.Catalogue, "one_c_restart")
	for step, want := range map[string]ticket.Stepped{
		"restart": {Did: "Выполнен перезапуск сервера 1С", Result: "done", Note: "со второго раза", Public: true},
		"user":    {Did: "Работа 1С проверена вместе с пользователем", Result: "done"},
		"copy":    {Did: "Снять копию базы", Result: "failed", Note: "нет места"},
	} {
		want.Runbook, want.Version, want.Step = "one_c_restart", 1, step
		if got := route.Taken[step].Body; got != want {
			t.Errorf("%s: %+v, want %+v", step, got, want)
		}
	}
	if len(s.Suggested) == 0 || s.Suggested[0].Topic != "one_c" || s.Suggested[0].Skill != "1c" {
		t.Errorf("suggested is %+v", s.Suggested)
	}
}

// The audit hears of a reveal before anybody sees the access, and while it can not, nobody does.
func TestReveal(t *testing.T) {
	t.Parallel()
	w, db, number := desk(t)
	order := Order{Ticket: number, By: by("anna"), Reveal: &Revealing{Asset: "fs1", Reason: "вход на сервер"}}
	sound := w.Audit
	w.Audit = away{}
	if done, err := w.Carry(t.Context(), order); !errors.Is(err, dispatch.ErrAway) || done.Access != nil {
		t.Fatalf("%+v %v", done, err)
	}
	w.Audit = sound
	done, err := w.Carry(t.Context(), order)
	must(t, err)
	if done.Access == nil || done.Access.Secret != "vault:fs1" || done.Access.Login != "admin" {
		t.Errorf("%+v", done.Access)
	}
	trail, err := db.AuditTrail(t.Context(), dispatch.AuditFilter{})
	must(t, err)
	if len(trail) != 1 || trail[0].By != "anna" || trail[0].Act != dispatch.ActReveal || trail[0].Ticket != number || trail[0].Object != "access mebel/fs1/rdp" {
		t.Errorf("%+v", trail)
	}
	s, err := w.Look(t.Context(), number)
	must(t, err)
	if len(s.Reveals) != 1 || s.Reveals[0].Body.Access != "rdp" {
		t.Errorf("the log tells %+v", s.Reveals)
	}
}

// A repeat with the same key is the same act.
func TestOrderTwice(t *testing.T) {
	t.Parallel()
	w, _, number := desk(t)
	for range 2 {
		o := Order{Ticket: number, By: by("anna"), Step: &Stepping{Runbook: "one_c_restart", Step: "dbms"}}
		o.By.Key = "form 1"
		_, err := w.Carry(t.Context(), o)
		must(t, err)
	}
	log, err := w.Dispatcher.Dossier(t.Context(), mustRef(t, w, number))
	must(t, err)
	n := 0
	for _, e := range log.Log {
		if _, ok := e.Body.(ticket.Stepped); ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the step is there %d times", n)
	}
}

func mustRef(t *testing.T, w *Worker, number string) dispatch.Ref {
	t.Helper()
	ref, err := w.ref(t.Context(), number)
	must(t, err)
	return ref
}
