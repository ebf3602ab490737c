package report

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHide(t *testing.T) {
	t.Parallel()
	r := Rules{Remote: []string{"481 220 117", "rdp.romashka.example"}, Others: []string{"ООО «Василёк»", "Лютик"}}
	for in, want := range map[string]string{
		"пароль: Qwerty!23 от сервера":                   "пароль: # от сервера",
		"Пароль администратора сменён":                   "Пароль администратора сменён",
		"сменить пароли администраторов":                 "сменить пароли администраторов",
		"пароль Winter2026 больше не подходит":           "пароль # больше не подходит",
		"password=\"two words\" ok":                      "password=# ok",
		"API_KEY=sk-12345;":                              "API_KEY=#;",
		"postgres://vahta:s3cret@db/vahta":               "postgres://vahta:#@db/vahta",
		"Authorization: Bearer abcdef0123456789":         "Authorization: Bearer #",
		"AnyDesk 481 220 117 и AnyDesk: 1234567890":      "AnyDesk # и AnyDesk: #",
		"доступ vault:romashka/rdp":                      "доступ vault:#",
		"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END": "#",
		"подключились к rdp.romashka.example, порт 3389": "подключились к #, порт 3389",
		"то же было у ООО «Василёк» и у лютик":           "то же было у # и у #",
		"Лютиков Пётр":                                   "Лютиков Пётр", // a name that only begins alike
		"Лютик Лютик":                                    "# #",
		"обычный текст без тайн":                         "обычный текст без тайн",
	} {
		if got, _ := r.brush("#").hide(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestNothingEscapes expects rules to reach every text of a model, wherever it
// stands, and to leave who writes and who reads alone.
func TestNothingEscapes(t *testing.T) {
	t.Parallel()
	const secret = "Лютик"
	b, err := json.Marshal(night())
	if err != nil {
		t.Fatal(err)
	}
	m := night()
	mark := func(list []string) {
		for i := range list {
			list[i] += " " + secret
		}
	}
	for _, list := range [][]string{m.Head.Services, m.Head.Assets, m.Head.Team, m.Summary, m.Cause.Whys, m.Cause.Factors, m.Cause.Evidence} {
		mark(list)
	}
	m.Head.Title, m.Head.Engineer, m.Result.By, m.Cause.Fixed = secret, secret, secret, secret
	for i := range m.Timeline {
		m.Timeline[i].Text, m.Timeline[i].Who, m.Timeline[i].Source = secret, secret, secret
	}
	m.Actions[0].Result, m.Advice[0].Text, m.Clocks[0].Why, m.Messages[0].Subject, m.Answers[0].Answer, m.Files[0].Name, m.Calls[0].Result = secret, secret, secret, secret, secret, secret, secret
	kept := m.Summary[0]
	out := Rules{Others: []string{secret}}.apply(m)
	got, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), secret) {
		t.Errorf("it is still there:\n%s", got)
	}
	if m.Summary[0] != kept {
		t.Error("what the model was made of has changed")
	}
	if out.Redacted < 30 {
		t.Errorf("only %d places", out.Redacted)
	}
	clean := Rules{Others: []string{night().Head.Client, night().Provider.Name}}.apply(night())
	if clean.Head.Client != night().Head.Client || clean.Provider != night().Provider {
		t.Error("writer and reader were hidden")
	}
	if again, err := json.Marshal(night()); err != nil || string(again) != string(b) {
		t.Error("the sample has changed")
	}
}

// What was hidden once is not hidden again, and hiding never leaves a secret.
func TestHideTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9]{6,12}[0-9]`).Draw(t, "secret")
		text := rapid.StringMatching(`[а-я ]{0,20}`).Draw(t, "before") + " пароль: " + secret + " " + rapid.StringMatching(`[а-я ,.]{0,20}`).Draw(t, "after")
		once, n := Rules{}.brush("[скрыто]").hide(text)
		if strings.Contains(once, secret) || n == 0 {
			t.Fatalf("%q became %q", text, once)
		}
		if twice, more := (Rules{}).brush("[скрыто]").hide(once); twice != once || more != 0 {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}
