package kb

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// answers reports whether a text has all that a question asks for.
func answers(text, question string) bool {
	terms, want := Terms(text), Question(question)
	return len(want) > 0 && !slices.ContainsFunc(want, func(t string) bool { return !slices.Contains(terms, t) })
}

func TestWordForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, question string }{
		{"Упал сервер баз данных", "серверы"},
		{"Не работают серверы", "сервера не работает"},
		{"зашифрованы файлы на шаре", "зашифрованный файл"},
		{"шифровальщик на бухгалтерии", "шифровальщики бухгалтерия"},
		{"Ёлка, счёт и учёт", "елка счет учета"},
		{"почтовые ящики переполнены", "почтовый ящик переполнен"},
		{"The backups were failing", "failed backup"},
		{"1С не запускается", "1C"},              // Latin C
		{"не открывается 1C:Предприятие", "1с"},  // Cyrillic с
		{"1С:Предприятие 8.3", "предприятия 1с"}, // in another order
		{"Пропал интернет в офисе", "ИНТЕРНЕТА офис"},
		{"рабо\u0301тает", "работает"},         // with a stress mark
		{"случаи\u0306", "случай"},             // й of two runes
		{"обору\u00adдование", "оборудование"}, // soft hyphen
		{"СХД отвалилась", "схд"},
		{"роутеры MikroTik", "роутер mikrotik"},
	} {
		if !answers(c.text, c.question) {
			t.Errorf("%q does not find %q: %v, %v", c.question, c.text, Question(c.question), Terms(c.text))
		}
	}
	for _, c := range []struct{ text, question string }{
		{"сервер", "сервис"},
		{"печать", "почта"},
		{"1С", "1К"},
		{"резервная копия", "оригинал"},
		{"что угодно", "не и в на"},
		{"что угодно", ""},
	} {
		if answers(c.text, c.question) {
			t.Errorf("%q finds %q: %v, %v", c.question, c.text, Question(c.question), Terms(c.text))
		}
	}
}

func TestExactThings(t *testing.T) {
	t.Parallel()
	const text = "Звонил Иван +7 (921) 123-45-67, srv-1c.romashka.local (10.0.0.15) недоступен с 2026-11-23 05:40, см. VH-26-004217; писать ivan@mail.romashka.example."
	for _, q := range []string{
		"+79211234567", "8 921 123 45 67", "8(921)1234567", "921 123-45-67", "123-45-67", "1234567", "srv-1c.romashka.local", "SRV-1C",
		"romashka.local", "romashka", "10.0.0.15", "VH-26-004217", "vh-26-004217", "ivan@mail.romashka.example", "mail.romashka.example",
		"romashka.example", "2026-11-23", "Иван 8-921-123-45-67 недоступен",
	} {
		if !answers(text, q) {
			t.Errorf("%q does not find it: %v, %v", q, Question(q), Terms(text))
		}
	}
	for _, q := range []string{"+79211234568", "10.0.0.1", "srv-2c.romashka.local", "VH-26-004218", "10.0.0.150", "oman", "2026-11-24"} {
		if answers(text, q) {
			t.Errorf("%q finds it: %v", q, Question(q))
		}
	}
}

func phonesOf(text string) (list []string) {
	for _, p := range phones([]rune(fold(text))) {
		list = append(list, p.digits)
	}
	return list
}

func TestPhones(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"+7 (812) 456-78-90 и 8 921 123 45 67":  {"78124567890", "89211234567"},
		"звоните 456-78-90":                     {"4567890"},
		"(812) 456-78-90":                       {"8124567890"},
		"+44 20 7946 0958":                      {"442079460958"},
		"2026-11-23 05:40, 10.0.0.15, 12345678": nil,
		"ошибка 0x80070005, код 1234567":        nil,
		"89211234567a":                          nil,
		"счёт 40702810900000012345":             nil,
		"+7":                                    nil,
	} {
		if d := cmp.Diff(want, phonesOf(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestRank(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	list := map[string]Candidate{
		"old":    {Has: []string{"сервер", "raid"}, At: now.Add(-time.Hour)},
		"new":    {Has: []string{"сервер", "raid"}, At: now},
		"title":  {Has: []string{"сервер", "raid"}, Title: []string{"raid"}, At: now.Add(-time.Hour)},
		"common": {Has: []string{"сервер"}, Title: []string{"сервер"}, At: now},
		"rare":   {Has: []string{"raid"}, At: now.Add(-time.Hour)},
	}
	names := []string{"common", "new", "old", "rare", "title"}
	got := Rank(names, func(n string) Candidate { return list[n] }, Weights(map[string]int{"сервер": 5000, "raid": 2}))
	if d := cmp.Diff([]string{"title", "new", "old", "rare", "common"}, got); d != "" {
		t.Error(d)
	}
}

func TestSimilarTakesWhatTells(t *testing.T) {
	t.Parallel()
	got := Similar("Здравствуйте, у нас опять не открывается 1С на srv-1c.romashka.local, бухгалтерия стоит", 3)
	if len(got) != 3 || !slices.Contains(got, "srv-1c.romashka.local") {
		t.Errorf("%v", got)
	}
	if got := Similar("и не на", 3); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Утром всё работало. ", 20) + "Потом отказал\nRAID сервера баз данных, и всё встало. " + strings.Repeat("Звонили много раз. ", 20)
	got := Snippet(text, Question("raid серверы"), 80, "[", "]")
	if !strings.Contains(got, "отказал [RAID] [сервера] баз") || !strings.HasPrefix(got, "…") || !strings.HasSuffix(got, "…") || len([]rune(got)) > 90 {
		t.Errorf("%q", got)
	}
	if got := Snippet("Коротко", Question("нет такого"), 80, "[", "]"); got != "Коротко" {
		t.Errorf("%q", got)
	}
	if got := Snippet("", nil, 80, "[", "]"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestArticle(t *testing.T) {
	t.Parallel()
	good := Article{ID: "1c-does-not-start", Version: 1, Title: "1С не запускается", Body: "Проверить службу", Author: "anna", Categories: []string{"service_down"}, Assets: []string{"1c"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for says, spoil := range map[string]func(*Article){
		"id:":       func(a *Article) { a.ID = "1С" },
		"title:":    func(a *Article) { a.Title = "a\nb" },
		"body:":     func(a *Article) { a.Body = " " },
		"language:": func(a *Article) { a.Language = "de" },
		"author:":   func(a *Article) { a.Author = "" },
	} {
		a := good
		spoil(&a)
		if err := a.Validate(); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	for name, c := range map[string]struct {
		change        func(*Article)
		category, org string
		assets        []string
		want          bool
	}{
		"its category":     {func(*Article) {}, "service_down", "", nil, true},
		"another one":      {func(*Article) {}, "attack", "", nil, false},
		"its asset":        {func(*Article) {}, "", "", []string{"mail", "1c"}, true},
		"nothing":          {func(*Article) {}, "", "", nil, false},
		"a retired one":    {func(a *Article) { a.Retired = true }, "service_down", "", nil, false},
		"another's":        {func(a *Article) { a.Org = "acme" }, "service_down", "romashka", nil, false},
		"its organisation": {func(a *Article) { a.Org = "romashka" }, "service_down", "romashka", nil, true},
	} {
		a := good
		c.change(&a)
		if got := a.Offered(c.category, c.org, c.assets); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Every text is found by each of its own words.
func TestTextIsFoundByItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"Серверы", "не", "1С", "srv-01.x.local", "+7 921 123-45-67", "Ёжик", "a@b.example", "VH-26-004217", "(812) 456-78-90", "failed", "—", "x/y:z", ".", "к-9",
		}), 1, 12).Draw(t, "words"), rapid.SampledFrom([]string{" ", ", ", "\n"}).Draw(t, "sep"))
		terms := Terms(text)
		for _, q := range Question(text) {
			if !slices.Contains(terms, q) {
				t.Fatalf("%q: %q is not among %v", text, q, terms)
			}
		}
	})
}

// Terms are what an index can hold: without blanks, quotes and control
// characters, small, and not too long.
func FuzzTerms(f *testing.F) {
	f.Add("1С не запускается +7 921 123-45-67 srv.x.local")
	f.Add("И\u0306и\u0306\x00'\"\\ \U0001F600")
	f.Fuzz(func(t *testing.T, text string) {
		terms := Terms(text)
		for _, term := range terms {
			if term == "" || len([]rune(term)) > maxTerm || strings.ContainsFunc(term, func(r rune) bool { return !inName(r) }) || strings.ToLower(term) != term {
				t.Fatalf("%q of %q", term, text)
			}
		}
		for _, q := range Question(text) {
			if len(terms) < maxTerms && !slices.Contains(terms, q) {
				t.Fatalf("%q: %q is not among %v", text, q, terms)
			}
		}
		Snippet(text, terms, 60, "[", "]")
	})
}
