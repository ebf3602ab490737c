package triage

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func zone(tb testing.TB) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

// night is when the answers are given: 02:30 in Moscow.
func night() time.Time { return time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC) }

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of           Type
		typed        string
		want         string // canonical; "" = refused
		shown, inEng string
	}{
		{YesNo, "Да", "yes", "да", "yes"},
		{YesNo, " y ", "yes", "да", "yes"},
		{YesNo, "нет", "no", "нет", "no"},
		{YesNo, "-", "no", "нет", "no"},
		{YesNo, "наверное", "", "", ""},
		{Text, "  Ошибка СУБД: 12345 ", "Ошибка СУБД: 12345", "Ошибка СУБД: 12345", "Ошибка СУБД: 12345"},
		{Text, "   ", "", "", ""},
		{Text, strings.Repeat("ж", 2001), "", "", ""},
		{Host, "SRV-1C", "srv-1c", "srv-1c", "srv-1c"},
		{Host, `\\FileServer`, "fileserver", "fileserver", "fileserver"},
		{Host, "srv-1c.corp.local:1541", "srv-1c.corp.local:1541", "srv-1c.corp.local:1541", "srv-1c.corp.local:1541"},
		{Host, "192.168.1.10", "192.168.1.10", "192.168.1.10", "192.168.1.10"},
		{Host, "192.168.1.10:3389", "192.168.1.10:3389", "192.168.1.10:3389", "192.168.1.10:3389"},
		{Host, "FE80::1", "fe80::1", "fe80::1", "fe80::1"},
		{Host, "сервер-бухгалтерии", "сервер-бухгалтерии", "сервер-бухгалтерии", "сервер-бухгалтерии"},
		{Host, "192.168.1.300", "", "", ""},
		{Host, "тот, который в углу", "", "", ""},
		{Time, "02:10", "2026-11-22T23:10:00Z", "23.11.2026 02:10", "2026-11-23 02:10"},
		{Time, "23:50", "2026-11-22T20:50:00Z", "22.11.2026 23:50", "2026-11-22 23:50"}, // yesterday: it is not yet 23:50
		{Time, "22.11.2026 18:00", "2026-11-22T15:00:00Z", "22.11.2026 18:00", "2026-11-22 18:00"},
		{Time, "2026-11-22 18:00", "2026-11-22T15:00:00Z", "22.11.2026 18:00", "2026-11-22 18:00"},
		{Time, "2026-11-22T18:00:00+03:00", "2026-11-22T15:00:00Z", "22.11.2026 18:00", "2026-11-22 18:00"},
		{Time, "сейчас", "2026-11-22T23:30:00Z", "23.11.2026 02:30", "2026-11-23 02:30"},
		{Time, "вчера вечером", "", "", ""},
		{Time, "25:10", "", "", ""},
	} {
		got, err := Question{ID: "q", Type: c.of}.Read(c.typed, zone(t), night())
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %q: %q, %v; want %q", c.of, c.typed, got, err, c.want)
			continue
		}
		var refusal *AnswerError
		if err != nil && (!errors.As(err, &refusal) || refusal.Words.RU == "" || refusal.Words.EN == "") {
			t.Errorf("%s %q: the refusal %v is not in both languages", c.of, c.typed, err)
		}
		if err == nil {
			if ru, en := c.of.Show(got, "ru", zone(t)), c.of.Show(got, "en", zone(t)); ru != c.shown || en != c.inEng {
				t.Errorf("%s %q is shown as %q and %q", c.of, c.typed, ru, en)
			}
		}
	}
}

// A canonical answer, and an answer as it is shown, are read as what they are.
func TestAnswersAreStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := Question{ID: "q", Type: rapid.SampledFrom([]Type{YesNo, Text, Host, Time}).Draw(t, "type")}
		typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9.:-]{1,20}`), rapid.StringMatching(`[0-2]\d:[0-5]\d`),
			rapid.SampledFrom([]string{"да", "no"})).Draw(t, "typed")
		first, err := q.Read(typed, time.UTC, night())
		if err != nil {
			return
		}
		for _, again := range []string{first, q.Type.Show(first, "ru", time.UTC), q.Type.Show(first, "en", time.UTC)} {
			got, err := q.Read(again, time.UTC, night().Add(time.Hour))
			same := got == first || q.Type == Time && strings.HasPrefix(got, strings.TrimSuffix(first, "Z")[:16]) // shown to the minute
			if err != nil || !same {
				t.Fatalf("%s %q is %q, and that again %q, %v", q.Type, typed, first, got, err)
			}
		}
	})
}

func TestWhatIsAskedAndOwed(t *testing.T) {
	t.Parallel()
	l, _ := shipped(t).List("general")
	ids := func(list []Question) []string { return idsOf(list, func(q Question) string { return q.ID }) }
	if got := ids(l.Asked(map[string]string{"everyone": Yes})); slices.Contains(got, "who") {
		t.Errorf("who is asked though it is down for everybody: %v", got)
	}
	if got := ids(l.Asked(map[string]string{"everyone": No})); !slices.Contains(got, "who") {
		t.Errorf("who is not asked: %v", got)
	}
	got := ids(l.Owed(map[string]string{"caller": "Ольга", "what": "1С", "everyone": Yes}))
	if want := []string{"since", "stopped"}; !slices.Equal(got, want) {
		t.Errorf("owed are %v, want %v", got, want)
	}
}

const own = `
lists:
  - id: general
    version: 7
    title: {ru: Свои вопросы}
    questions:
      - {id: code, type: text, must: true, ask: {ru: Кодовое слово?, en: The code word?}}
runbooks:
  - id: cash_desk
    version: 1
    title: {en: Cash desk}
    steps: [{id: restart, do: {en: Restart it}}]
topics:
  - id: cash_desk
    category: service_down
    title: {ru: Касса}
    lists: [general]
    runbooks: [cash_desk]
    phrases: ["касс* не пробивает"]
`

func TestOwnFile(t *testing.T) {
	t.Parallel()
	base := shipped(t)
	lists := len(base.Lists)
	mine, err := Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	all, err := base.With(mine)
	if err != nil {
		t.Fatal(err)
	}
	if l, _ := all.List("general"); l.Version != 7 || len(l.Questions) != 1 {
		t.Errorf("the own list does not stand: %+v", l)
	}
	if l, _ := base.List("general"); l.Version != 1 || len(base.Lists) != lists {
		t.Error("the shipped catalogue was changed")
	}
	if s := all.Suggest("Касса не пробивает чек"); len(s) == 0 || s[0].Topic.ID != "cash_desk" {
		t.Errorf("the own topic is not suggested: %v", s)
	}
	if r, _ := all.Runbook("cash_desk"); r.Title.In("ru") != "Cash desk" || r.Steps[0].Public() {
		t.Errorf("what is in one language only is shown in it: %+v", r)
	}
	if _, ok := all.Topic("ransomware"); !ok {
		t.Error("what ships is gone")
	}
}

// The sample is what ships, in one file.
func TestSample(t *testing.T) {
	t.Parallel()
	text, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	mine, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := (&Catalogue{}).With(mine)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(shipped(t), all, cmpopts.IgnoreUnexported(Catalogue{})); d != "" {
		t.Error(d)
	}
}

// Each fault of a file is told with its place.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, want string }{
		{"lists: [{id: Общий, version: 1, title: {ru: а}, questions: [{id: a, type: text, ask: {ru: а}}]}]", "an id is made of"},
		{"lists: [{id: a, title: {ru: а}, questions: [{id: a, type: text, ask: {ru: а}}]}]", "list a: version"},
		{"lists: [{id: a, version: 1, title: {ru: а}, questions: [{id: a, type: number, ask: {ru: а}}]}]", "list a: question a: type"},
		{"lists: [{id: a, version: 1, title: {ru: а}, questions: [{id: a, type: text}]}]", "list a: question a: ask: missing"},
		{"lists: [{id: a, version: 1, title: {ru: а}}]", "list a: it has no questions"},
		{"lists: [{id: a, version: 1, title: {ru: а}, questions: [{id: a, type: text, ask: {ru: а}, if: {question: b, is: 'yes'}}]}]", `no question "b" stands before it`},
		{"lists: [{id: a, version: 1, title: {ru: а}, questions: [{id: b, type: yes_no, ask: {ru: а}}, {id: a, type: text, ask: {ru: а}, if: {question: b, is: да}}]}]", "write is: yes or is: no"},
		{"lists: [{id: a, version: 1, title: {ru: а}, questions: [{id: a, type: text, ask: {ru: а}}, {id: a, type: text, ask: {ru: а}}]}]", "there are two of this id"},
		{"runbooks: [{id: a, version: 1, title: {ru: а}}]", "runbook a: it has no steps"},
		{"runbooks: [{id: a, version: 1, title: {ru: а}, steps: [{id: b}]}]", "runbook a: step b: do: missing"},
		{"topics: [{id: a, category: fire, title: {ru: а}}]", `topic a: category "fire"`},
		{"topics: [{id: a, category: security, title: {ru: а}, lists: [nothing]}]", `there is no list "nothing"`},
		{"topics: [{id: a, category: security, title: {ru: а}, phrases: ['wi-fi нет']}]", `"wi-fi" is not one word`},
		{"topics: [{id: a, category: security, title: {ru: а}, phrases: ['']}]", "a phrase is empty"},
		{"subjects: []", "unknown field"},
	} {
		mine, err := Parse([]byte(c.file))
		if err == nil {
			_, err = shipped(t).With(mine)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nsays %v, want %q", c.file, err, c.want)
		}
	}
}

// Case, ё, the Latin C and punctuation make no difference to what is suggested.
func TestSuggestFolds(t *testing.T) {
	t.Parallel()
	c := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SampledFrom([]string{"1с не запускается", "все зашифровано шифровальщик", "пропал интернет", "удалённый рабочий стол"}).Draw(t, "said")
		want := c.Suggest(plain)
		said := strings.Map(func(r rune) rune {
			switch {
			case r == 'е' && rapid.Bool().Draw(t, "yo"):
				return 'ё'
			case r == 'с' && strings.HasPrefix(plain, "1с") && rapid.Bool().Draw(t, "latin"):
				return 'с'
			case rapid.Bool().Draw(t, "upper"):
				return []rune(strings.ToUpper(string(r)))[0]
			}
			return r
		}, plain)
		said = strings.Replace(said, "1с", rapid.SampledFrom([]string{"1с", "1C", "1c", "1С"}).Draw(t, "1c"), 1)
		said = strings.ReplaceAll(said, " ", rapid.SampledFrom([]string{" ", ", ", " — ", "\n"}).Draw(t, "gap")) + "!"
		if diff := cmp.Diff(want, c.Suggest(said), cmp.Comparer(func(a, b Topic) bool { return a.ID == b.ID })); diff != "" {
			t.Fatalf("%q: %s", said, diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(own))
	f.Add([]byte("lists: [{id: a, version: 1}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		mine, err := Parse(text)
		if err != nil {
			return
		}
		all, err := shipped(t).With(mine)
		if err == nil {
			all.Suggest("1с не запускается")
		}
	})
}

func BenchmarkSuggest(b *testing.B) {
	c := shipped(b)
	for b.Loop() {
		c.Suggest("Добрый день! С утра у нас в бухгалтерии 1С:Предприятие не запускается, пишет «сервер не обнаружен», остальное работает")
	}
}
