package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// foundBy lists what has all words of a question.
func foundBy(t *testing.T, s record, q dispatch.TextQuestion, words string) string {
	t.Helper()
	q.Terms = kb.Question(words)
	list, err := s.FindTexts(t.Context(), q)
	must(t, err)
	refs := make([]string, len(list))
	for i, f := range list {
		refs[i] = f.Ref
	}
	return strings.Join(refs, " ")
}

// indexed is a text that has words.
func indexed(kind dispatch.TextKind, ref, org string, upto int, title, text string) dispatch.Indexed {
	return dispatch.Indexed{
		TextKey: dispatch.TextKey{Kind: kind, Ref: ref}, Org: org, At: t0.Add(time.Duration(upto) * time.Minute), Upto: upto,
		Title: kb.Terms(title), Terms: kb.Terms(text),
	}
}

func suiteTexts(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	tk, art := dispatch.TextTicket, dispatch.TextArticle
	must(t, s.Index(ctx, []dispatch.Indexed{
		indexed(tk, "a", "romashka", 3, "Не запускается 1С", "Иван +7 921 123-45-67 srv-1c.romashka.local"),
		indexed(tk, "b", "acme", 1, "Упал сервер", "серверы баз данных: O'Brien \\ \"x\" C:\\temp, диск 100%"),
		indexed(tk, "c", "", 1, "Неизвестный", "хранилище"),
		indexed(art, "kb-1", "", 1, "1С не запускается", "проверить службу сервера"),
		indexed(art, "kb-2", "acme", 1, "Сеть ACME", "пароли в хранилище"),
	}))
	for _, c := range []struct {
		words, want string
		q           dispatch.TextQuestion
	}{
		{"1C запускается", "kb-1 a", dispatch.TextQuestion{}},
		{"сервера", "kb-1 b", dispatch.TextQuestion{}},
		{"сервер данных", "b", dispatch.TextQuestion{}},
		{"8 (921) 123-45-67", "a", dispatch.TextQuestion{}},
		{"SRV-1C.romashka.local", "a", dispatch.TextQuestion{}},
		{"romashka", "a", dispatch.TextQuestion{}},
		{"o'brien temp 100", "b", dispatch.TextQuestion{}},
		{"запускается", "a", dispatch.TextQuestion{Kinds: []dispatch.TextKind{tk}}},
		{"запускается", "kb-1 a", dispatch.TextQuestion{Kinds: []dispatch.TextKind{tk, art}}},
		{"запускается", "kb-1", dispatch.TextQuestion{Limit: 1}},
		{"запускается", "kb-1 a", dispatch.TextQuestion{Orgs: []string{"romashka"}}}, // its own, and nobody's articles
		{"запускается", "kb-1", dispatch.TextQuestion{Orgs: []string{"acme"}}},
		{"запускается", "kb-1 a", dispatch.TextQuestion{Orgs: []string{"acme", "romashka"}}},
		{"хранилища", "", dispatch.TextQuestion{Orgs: []string{"romashka"}}},
		{"хранилища", "kb-2 c", dispatch.TextQuestion{}},
		{"нигде", "", dispatch.TextQuestion{}},
		{"и", "", dispatch.TextQuestion{}}, // no terms find nothing
	} {
		if got := foundBy(t, s, c.q, c.words); got != c.want {
			t.Errorf("%q %+v: %q, want %q", c.words, c.q, got, c.want)
		}
	}
	must(t, s.Index(ctx, []dispatch.Indexed{
		indexed(tk, "a", "romashka", 5, "", "сгорел блок питания"),       // a ticket keeps what it had
		indexed(tk, "b", "acme", 1, "", "повторено"),                     // and a repeat changes nothing
		indexed(art, "kb-1", "", 2, "Служба 1С", "перезапустить службу"), // an article does not
		{TextKey: dispatch.TextKey{Kind: art, Ref: "kb-2"}, Gone: true},
		{TextKey: dispatch.TextKey{Kind: art, Ref: "kb-3"}, Gone: true}, // was never there
	}))
	for words, want := range map[string]string{
		"блоки питания": "a", "1С запускается": "a", "повторено": "", "служба 1с": "kb-1", "сервер": "b", "пароль": "",
	} {
		if got := foundBy(t, s, dispatch.TextQuestion{}, words); got != want {
			t.Errorf("then %q: %q, want %q", words, got, want)
		}
	}
	list, err := s.FindTexts(ctx, dispatch.TextQuestion{Terms: kb.Question("питание")})
	must(t, err)
	want := []dispatch.FoundText{{TextKey: dispatch.TextKey{Kind: tk, Ref: "a"}, Org: "romashka", At: t0.Add(5 * time.Minute), Title: kb.Terms("Не запускается 1С")}}
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
}

// The index follows the logs: what is written is due until it is indexed.
func suiteUnindexed(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	must(t, s.Commit(ctx, opening(1)))
	must(t, s.Commit(ctx, opening(2)))
	must(t, s.Commit(ctx, note(1, "n1")))
	due := func(n int) string {
		t.Helper()
		list, err := s.Unindexed(ctx, n)
		must(t, err)
		var b strings.Builder
		for _, u := range list {
			fmt.Fprintf(&b, "%s %t", u.Ticket, u.Title != nil)
			for _, l := range u.Lines {
				fmt.Fprintf(&b, " %d:%s", l.Seq, l.Kind)
			}
			b.WriteString("; ")
		}
		return b.String()
	}
	if got := due(10); got != "t2 false 1:opened; t1 false 1:opened 2:noted; " {
		t.Fatalf("due: %s", got)
	}
	if got := due(1); got != "t2 false 1:opened; " {
		t.Errorf("one of them: %s", got)
	}
	list, err := s.Unindexed(ctx, 10)
	must(t, err)
	if l := list[1].Lines[1]; list[1].Number != (ticket.Number{Year: 26, Seq: 1}).String() || !l.At.Equal(t0) || !strings.Contains(string(l.Body), `"text":"x"`) {
		t.Errorf("%+v", list[1])
	}
	must(t, s.Index(ctx, []dispatch.Indexed{indexed(dispatch.TextTicket, "t1", "", 2, "Опять", "сервер"), indexed(dispatch.TextTicket, "t2", "", 1, "", "сеть")}))
	if got := due(10); got != "" {
		t.Errorf("all is indexed: %s", got)
	}
	must(t, s.Commit(ctx, note(1, "n2")))
	must(t, s.Commit(ctx, note(1, "n3")))
	if got := due(10); got != "t1 true 3:noted 4:noted; " {
		t.Errorf("two more lines: %s", got)
	}
	must(t, s.Index(ctx, []dispatch.Indexed{indexed(dispatch.TextTicket, "t1", "", 3, "", "диск")}))
	if got := due(10); got != "t1 true 4:noted; " {
		t.Errorf("a line came meanwhile: %s", got)
	}
	must(t, s.Index(ctx, []dispatch.Indexed{indexed(dispatch.TextTicket, "t1", "", 4, "", "шкаф")}))
	if got := foundBy(t, s, dispatch.TextQuestion{}, "серверы диски шкаф"); got != "t1" {
		t.Errorf("found %q", got)
	}
	must(t, s.Reindex(ctx))
	if got := due(10); got != "t2 false 1:opened; t1 false 1:opened 2:noted 3:noted 4:noted; " || foundBy(t, s, dispatch.TextQuestion{}, "сервер") != "" {
		t.Errorf("anew: %s", got)
	}
}

func suiteArticles(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	article := func(id string, version int, title, body string) kb.Article {
		return kb.Article{
			ID: id, Version: version, Title: title, Body: body, Language: "ru", Categories: []string{"attack"}, Author: "anna",
			At: t0.Add(time.Duration(version) * time.Hour), Reason: "так вернее <&>",
		}
	}
	save := func(a kb.Article) error {
		return s.SaveArticle(ctx, a, indexed(dispatch.TextArticle, a.ID, "", a.Version, a.Title, a.Body))
	}
	if _, err := s.Article(ctx, "vpn", 0); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("no article: %v", err)
	}
	v1, v2, other := article("vpn", 1, "VPN", "Открыть\n\nпорт"), article("vpn", 2, "VPN и порты", "Открыть порты 'a' \\"), article("backup", 1, "Копии", "Проверить")
	must(t, save(v1))
	must(t, save(other))
	for _, wrong := range []kb.Article{v1, article("vpn", 3, "x", "x"), article("new", 2, "x", "x")} {
		if err := save(wrong); !errors.Is(err, dispatch.ErrConflict) {
			t.Errorf("version %d of %s: %v", wrong.Version, wrong.ID, err)
		}
	}
	must(t, save(v2))
	for version, want := range map[int]kb.Article{0: v2, 1: v1, 2: v2} {
		got, err := s.Article(ctx, "vpn", version)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("version %d: %s %v", version, d, err)
		}
	}
	if _, err := s.Article(ctx, "vpn", 3); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("version 3: %v", err)
	}
	bare := func(list ...kb.Article) []kb.Article {
		for i := range list {
			list[i].Body = ""
		}
		return list
	}
	versions, err := s.ArticleVersions(ctx, "vpn")
	if d := cmp.Diff(bare(v2, v1), versions); d != "" || err != nil {
		t.Errorf("versions: %s %v", d, err)
	}
	list, err := s.ListArticles(ctx)
	if d := cmp.Diff(bare(other, v2), list); d != "" || err != nil {
		t.Errorf("list: %s %v", d, err)
	}
	if got := foundBy(t, s, dispatch.TextQuestion{}, "порт открыт"); got != "vpn" {
		t.Errorf("found %q", got)
	}
	must(t, s.Reindex(ctx)) // is of tickets
	if got := foundBy(t, s, dispatch.TextQuestion{}, "порты"); got != "vpn" {
		t.Errorf("after reindexing: %q", got)
	}
}

// Whatever terms kb makes of a text, both engines take them, and find it by each.
func suiteTermsAreTaken(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	texts := []string{
		"1С:Предприятие 8.3 на srv_1c-01.x.local:1541 /var/log C:\\x 'кавычки' \"ещё\" %_% a.b@c-d.example", "日本語 ελληνικά עברית Ⅷ ٣٤ ǅ ß İstanbul",
		"+7 (921) 123-45-67 OR NOT AND NEAR(a b) col:x ^a -b *", "ﬁ ½ ① 𝔘 é e\u0301 \u200fабв", strings.Repeat("длинное-слово-", 40),
	}
	list := make([]dispatch.Indexed, len(texts))
	for i, text := range texts {
		list[i] = indexed(dispatch.TextTicket, fmt.Sprint(i), "", 1, "", text)
	}
	must(t, s.Index(ctx, list))
	for i, text := range texts {
		for _, term := range slices.Concat(kb.Terms(text), kb.Question(text)) {
			got, err := s.FindTexts(ctx, dispatch.TextQuestion{Terms: []string{term}})
			must(t, err)
			if !slices.ContainsFunc(got, func(f dispatch.FoundText) bool { return f.Ref == fmt.Sprint(i) }) {
				t.Errorf("%q of text %d is not found", term, i)
			}
		}
	}
}
