package library_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var monday = time.Date(2026, 11, 23, 9, 1, 0, 0, time.UTC)

// shelf is a library on a record in memory.
type shelf struct {
	*library.Library

	store *store.Memory
	n     int
	asks  atomic.Int64 // questions to the index
}

// texts is the index of a shelf, which counts the questions.
type texts struct {
	*store.Memory

	of *shelf
}

func (x texts) FindTexts(ctx context.Context, q dispatch.TextQuestion) ([]dispatch.FoundText, error) {
	x.of.asks.Add(1)
	return x.Memory.FindTexts(ctx, q)
}

// add lengthens the log of a ticket.
func (s *shelf) add(t *testing.T, tk ticket.Ticket, body ticket.Body) {
	t.Helper()
	e := ticket.Event{Ticket: tk.ID, At: monday.AddDate(0, 1, 0), By: "anna", Body: body}
	next, err := tk.Apply(e)
	must(t, err)
	must(t, s.store.Commit(t.Context(), dispatch.Change{Ticket: &next, Events: []ticket.Event{e}, Was: tk.Version}))
}

func open(t *testing.T) *shelf {
	t.Helper()
	snap, err := dispatch.NewSnapshot(dispatch.Source{
		Roster: oncall.Roster{People: []oncall.Person{{ID: "anna", Name: "Анна"}}},
		Lines:  []dispatch.Line{{ID: "main", Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
		Clients: []client.Organisation{
			{ID: "romashka", Name: "Ромашка", Assets: []client.Asset{{ID: "srv", Name: "Сервер 1С", Kind: "1c"}}},
			{ID: "acme", Name: "ACME"},
			{ID: "romashka-2", Name: "Ромашка 2", MergedInto: "romashka"},
		},
		Numbering: client.Default(),
	})
	must(t, err)
	s := &shelf{store: store.NewMemory()}
	s.Library, err = library.New(library.Deps{
		Texts: texts{s.store, s}, Articles: s.store, Tickets: s.store, Directory: dispatch.NewDirectory(snap), Now: func() time.Time { return monday },
	})
	must(t, err)
	return s
}

// ticket opens a ticket with a log.
func (s *shelf) ticket(t *testing.T, org, story string, more ...ticket.Body) ticket.Ticket {
	t.Helper()
	s.n++
	id := fmt.Sprintf("t%02d", s.n)
	match := client.Match{}
	if org != "" {
		match = client.Match{Level: client.Known, Org: org, OrgName: strings.ToUpper(org)}
	}
	bodies := append([]ticket.Body{ticket.Opened{
		ID: id, Number: ticket.Number{Year: 26, Seq: uint32(s.n)}, Priority: ticket.Critical, Client: match, Text: story, Party: "p" + id,
	}}, more...)
	var tk ticket.Ticket
	var events []ticket.Event
	for i, b := range bodies {
		e := ticket.Event{Ticket: id, At: monday.Add(time.Duration(s.n)*time.Hour + time.Duration(i)*time.Minute), By: "anna", Body: b}
		var err error
		tk, err = tk.Apply(e)
		must(t, err)
		events = append(events, e)
	}
	must(t, s.store.Commit(t.Context(), dispatch.Change{Ticket: &tk, Events: events}))
	return tk
}

// asked are the numbers and ids that a question finds, best first.
func (s *shelf) asked(t *testing.T, q library.Question) string {
	t.Helper()
	answer, err := s.Search(t.Context(), q)
	must(t, err)
	ids := make([]string, len(answer.Hits))
	for i, h := range answer.Hits {
		ids[i] = h.ID
	}
	if answer.Partly {
		ids = append(ids, "(partly)")
	}
	return strings.Join(ids, " ")
}

func (s *shelf) refresh(t *testing.T) {
	t.Helper()
	_, err := s.Refresh(t.Context())
	must(t, err)
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.ticket(t, "romashka", "Не запускается 1С на srv-1c.romashka.local", ticket.Noted{Text: "Кончилось место на диске, чистим журналы"})
	s.ticket(t, "acme", "Шифровальщик: зашифрованы файлы", ticket.Triaged{Summary: "Атака на файловый сервер", Services: []string{"Файлы"}},
		ticket.Noted{Text: "Звонил Иван +7 921 123-45-67"})
	s.ticket(t, "", "Пропал интернет")
	s.ticket(t, "romashka-2", "Опять не запускается 1С")
	_, err := s.Save(t.Context(), kb.Article{ID: "1c", Title: "1С не запускается", Body: "Освободить место на дисках.", Author: "anna", Public: true})
	must(t, err)
	_, err = s.Save(t.Context(), kb.Article{ID: "acme-files", Title: "Где копии ACME", Body: "Копии файлов — на полке.", Author: "anna", Org: "acme"})
	must(t, err)
	s.refresh(t)
	for _, c := range []struct {
		name string
		q    library.Question
		want string
	}{
		{"by title first, the newer before the older", library.Question{Text: "1C запускается"}, "t04 t01 1c"},
		{"across the lines of a log", library.Question{Text: "1с диски"}, "t01 1c"},
		{"articles only", library.Question{Text: "1С", Kinds: []dispatch.TextKind{dispatch.TextArticle}}, "1c"},
		{"a number as people write it", library.Question{Text: "8 (921) 123-45-67"}, "t02"},
		{"a number of a ticket", library.Question{Text: ticket.Number{Year: 26, Seq: 3}.String()}, "t03"},
		{"a host", library.Question{Text: "srv-1c.romashka.local"}, "t01"},
		{"a client by name", library.Question{Text: "acme"}, "t02 acme-files"},
		{"what some have and none all", library.Question{Text: "шифровальщик интернет"}, "t03 t02 (partly)"},
		{"what nobody has", library.Question{Text: "телепатия"}, ""},
		{"one organisation, its duplicates too, and everybody's articles", library.Question{Text: "запускается", Org: "romashka"}, "t04 t01 1c"},
		{"another one", library.Question{Text: "файлов", Org: "acme"}, "t02 acme-files"},
		{"as the client sees it", library.Question{Text: "файлов", Org: "acme", Client: true}, "t02"},
		{"a stranger's ticket is no client's", library.Question{Text: "интернет", Org: "acme", Client: true}, ""},
		{"limited", library.Question{Text: "1С", Limit: 1}, "t04"},
	} {
		if got := s.asked(t, c.q); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := s.Search(t.Context(), library.Question{Text: "и не"}); !errors.Is(err, library.ErrNothingAsked) {
		t.Errorf("nothing asked: %v", err)
	}
	if _, err := s.Search(t.Context(), library.Question{Text: "файлы", Client: true}); err == nil {
		t.Error("a client without an organisation sees something")
	}
}

func TestHitsShowWhatWasFound(t *testing.T) {
	t.Parallel()
	s := open(t)
	tk := s.ticket(t, "romashka", "Не открывается база", ticket.Triaged{Summary: "1С стоит"}, ticket.Noted{Text: "Сгорел блок питания дискового шкафа"})
	s.refresh(t)
	answer, err := s.Search(t.Context(), library.Question{Text: "блоки питания"})
	must(t, err)
	if h := answer.Hits[0]; h.Number != tk.Number.String() || h.Title != "1С стоит" || h.Org != "romashka" || h.Stage != tk.Stage.String() ||
		h.Snippet != "Сгорел [блок] [питания] дискового шкафа" {
		t.Errorf("%+v", h)
	}
	answer, err = s.Search(t.Context(), library.Question{Text: "блоки питания", Org: "romashka", Client: true})
	must(t, err)
	if h := answer.Hits[0]; h.Snippet != "" {
		t.Errorf("a client reads an internal line: %+v", h)
	}
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, a := range []kb.Article{
		{ID: "raid", Title: "Развалился RAID", Body: "Не перезагружать контроллер.", Author: "anna"},
		{ID: "attack", Title: "Шифровальщик", Body: "Отключить от сети.", Author: "anna", Categories: []string{"attack"}},
		{ID: "1c", Title: "Служба 1С", Body: "Перезапуск.", Author: "anna", Assets: []string{"1c"}},
		{ID: "foreign", Title: "RAID контроллер ACME", Body: "RAID контроллер.", Author: "anna", Org: "acme"},
		{ID: "old", Title: "RAID контроллер", Body: "RAID контроллер.", Author: "anna", Retired: true},
	} {
		_, err := s.Save(t.Context(), a)
		must(t, err)
	}
	s.ticket(t, "acme", "Контроллер RAID сообщает о сбое массива, сервер не отвечает")
	s.ticket(t, "acme", "Здравствуйте, не работает печать с сервера")
	self := s.ticket(t, "romashka", "Здравствуйте! Сервер не отвечает, массив RAID развалился, контроллер пищит", ticket.Triaged{Assets: []string{"srv"}})
	s.refresh(t)
	like, err := s.SimilarTo(t.Context(), self.Number.String(), 0)
	must(t, err)
	ids := func(hits []library.Hit) string {
		var l []string
		for _, h := range hits {
			l = append(l, h.ID)
		}
		return strings.Join(l, " ")
	}
	if got := ids(like.Tickets); got != "t01" {
		t.Errorf("tickets %q", got)
	}
	if got := ids(like.Articles); got != "1c raid" {
		t.Errorf("articles %q: those for its assets first, none of others, none that are retired", got)
	}
	like, err = s.Similar(t.Context(), library.Story{Text: "Привет", Category: "attack"})
	must(t, err)
	if ids(like.Articles) != "attack" || len(like.Tickets) != 0 {
		t.Errorf("by category alone: %+v", like)
	}
	if _, err := s.SimilarTo(t.Context(), "VH-26-999999-9", 0); err == nil {
		t.Error("no such ticket")
	}
}

// Of two tickets alike, the organisation's own comes first, then that of the same category; an own one may share less. What comes is
// remembered until the ticket's log grows.
func TestSimilarOfTheSameOrganisationFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	own := s.ticket(t, "romashka", "Контроллер пищит с утра, массив в порядке, вентилятор шумит")
	for range 120 { // newer ones of others, more than are looked at for one word
		s.ticket(t, "acme", "Сервер не отвечает, контроллер пищит")
	}
	category := s.ticket(t, "", "Массив RAID, контроллер пищит", ticket.Categorised{Category: ticket.DataLoss})
	newest := s.ticket(t, "acme", "Сервер не отвечает, контроллер пищит, массив RAID развалился")
	self := s.ticket(t, "romashka-2", "Сервер не отвечает, массив RAID развалился, контроллер пищит", ticket.Categorised{Category: ticket.DataLoss})
	s.refresh(t)
	like, err := s.SimilarTo(t.Context(), self.ID, 3)
	must(t, err)
	var got []string
	for _, h := range like.Tickets {
		got = append(got, h.ID)
	}
	if want := []string{own.ID, category.ID, newest.ID}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if line := like.Line("ru"); !strings.Contains(line, own.Number.String()) || !strings.Contains(line, "Контроллер пищит") || strings.Contains(line, "\n") || len([]rune(line)) > 120 {
		t.Errorf("line %q", line)
	}
	if line := (library.Likeness{}).Line("ru"); line != "" {
		t.Errorf("nothing is alike, and the line says %q", line)
	}

	s.asks.Store(0)
	again, err := s.SimilarTo(t.Context(), self.ID, 3)
	must(t, err)
	if n := s.asks.Load(); n != 0 || len(again.Tickets) != 3 {
		t.Errorf("asked again, the index is asked %d times", n)
	}
	s.add(t, self, ticket.Noted{Text: "вентилятор шумит, запах"})
	_, err = s.SimilarTo(t.Context(), self.ID, 3)
	must(t, err)
	if s.asks.Load() == 0 {
		t.Error("the ticket has a new line, and what was remembered is shown")
	}
}

func TestArticleFromATicket(t *testing.T) {
	t.Parallel()
	s := open(t)
	tk := s.ticket(t, "romashka", "Не запускается 1С",
		ticket.Triaged{Category: "service_down", Assets: []string{"srv"}},
		ticket.Planned{Version: 1, Hypothesis: "место", Actions: []string{"Посмотреть"}},
		ticket.Planned{Version: 2, Hypothesis: "место", Actions: []string{"Очистить журналы", "Запустить службу"}},
		ticket.RootCaused{Cause: "Кончилось место", Fixed: "Журналы чистятся сами"},
	)
	a, err := s.Draft(t.Context(), tk.ID, "")
	must(t, err)
	for _, says := range []string{"## Признаки\n\n- Не запускается 1С", "## Причина\n\n- Кончилось место", "1. Очистить журналы\n2. Запустить службу", "- Журналы чистятся сами", tk.Number.String()} {
		if !strings.Contains(a.Body, says) {
			t.Errorf("the draft does not say %q:\n%s", says, a.Body)
		}
	}
	if a.ID != "ne-zapuskaetsya-1s" || a.Title != "Не запускается 1С" || a.Ticket != tk.Number.String() || strings.Contains(a.Body, "Посмотреть") || a.Version != 0 {
		t.Errorf("%+v", a)
	}
	a.Author = "anna"
	saved, err := s.Save(t.Context(), a)
	must(t, err)
	if saved.Version != 1 || !saved.At.Equal(monday) {
		t.Errorf("saved %+v", saved)
	}
	if _, err := s.Save(t.Context(), a); !errors.Is(err, dispatch.ErrConflict) {
		t.Errorf("saved over what its author has not seen: %v", err)
	}
	again, err := s.Draft(t.Context(), tk.ID, "en")
	must(t, err)
	if again.ID != "ne-zapuskaetsya-1s-2" || !strings.Contains(again.Body, "## Symptoms") {
		t.Errorf("a second draft: %+v", again)
	}
	saved.Body = "Короче."
	next, err := s.Save(t.Context(), saved)
	must(t, err)
	versions, err := s.Versions(t.Context(), a.ID)
	must(t, err)
	if next.Version != 2 || len(versions) != 2 {
		t.Errorf("%+v", versions)
	}
	saved.ID = "Плохо"
	if _, err := s.Save(t.Context(), saved); err == nil {
		t.Error("a bad id is saved")
	}
}

// The index follows the record by itself, and catches up after the record was away.
func TestIndexFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		s.ticket(t, "romashka", "Упал сервер")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := s.asked(t, library.Question{Text: "серверы"}); got != "t01" {
			t.Errorf("after three seconds: %q", got)
		}
		s.store.Fail(dispatch.ErrAway)
		time.Sleep(time.Minute)
		s.store.Fail(nil)
		s.ticket(t, "romashka", "Упал второй сервер")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := s.asked(t, library.Question{Text: "серверы"}); got != "t02 t01" {
			t.Errorf("when it is back: %q", got)
		}
		stop()
		must(t, <-done)
	})
}

// The index can be made anew at any time, and of a log in any number of steps.
func TestReindex(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.ticket(t, "romashka", "Упал сервер")
	_, err := s.Save(t.Context(), kb.Article{ID: "x", Title: "Серверы", Body: "Чинить", Author: "anna"})
	must(t, err)
	for i := range dispatch.LinesAtOnce + 10 {
		must(t, s.store.Commit(t.Context(), dispatch.Change{Events: []ticket.Event{{Ticket: "t01", At: monday, By: "anna", Body: ticket.Noted{Text: fmt.Sprintf("слово%d", i)}}}}))
	}
	want := func(when string) {
		t.Helper()
		for question, want := range map[string]string{"сервер": "t01 x", "слово509": "t01", "слово0": "t01"} {
			if got := s.asked(t, library.Question{Text: question}); got != want {
				t.Errorf("%s, %s: %q, want %q", when, question, got, want)
			}
		}
	}
	s.refresh(t)
	want("at first")
	n, err := s.Reindex(t.Context())
	must(t, err)
	if n != dispatch.LinesAtOnce+11 {
		t.Errorf("%d lines", n)
	}
	want("anew")
}
