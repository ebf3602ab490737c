package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ticketPages are the pages of one ticket, with what was done on them.
type ticketPages struct {
	page reports.Page
	fail error
	acts []string
}

func (p *ticketPages) known(token string) error {
	if p.fail != nil {
		return p.fail
	}
	if token != "secret" {
		return reports.ErrNoPage
	}
	return nil
}

func (p *ticketPages) Page(_ context.Context, token, language string) (reports.Page, error) {
	page := p.page
	if language != "" {
		page.Language = language
	}
	return page, p.known(token)
}

func (p *ticketPages) Released(_ context.Context, token string, version int, form reports.Form, links ...report.Link) (reports.Paper, error) {
	if version != 2 {
		return reports.Paper{}, reports.ErrNoPage
	}
	return reports.Paper{Name: "VH-26-004087-v2." + string(form), Type: map[reports.Form]string{reports.PDF: "application/pdf", reports.HTML: "text/html; charset=utf-8"}[form], Body: []byte(links[1].URL)}, p.known(token)
}

func (p *ticketPages) Opened(_ context.Context, token string, version int, form reports.Form) error {
	if err := p.known(token); err != nil {
		return err
	}
	p.acts = append(p.acts, fmt.Sprintf("opened %d %s", version, form))
	return nil
}

func (p *ticketPages) Rate(_ context.Context, token string, rated ticket.Rated, key string) error {
	if err := p.known(token); err != nil {
		return err
	}
	p.acts = append(p.acts, fmt.Sprintf("rated %d %q %d", rated.Score, rated.Comment, len(key)))
	return nil
}

// hot is the page of a ticket that is being worked on.
func hot() reports.Page {
	at := func(clock string) time.Time {
		t, err := time.Parse(time.RFC3339, "2026-11-16T"+clock+":00+03:00")
		if err != nil {
			panic(err)
		}
		return t.UTC()
	}
	return reports.Page{
		Language: "ru", Zone: "Europe/Moscow", Company: report.Provider{Name: "ButlerSPB", Phone: "+7 812 309-40-01"}, Number: "VH-26-004087",
		Title: "Не отвечает сервер: не работают 1С, телефония и сайт", Client: "ООО «Ромашка»", Stage: ticket.Hot, Priority: ticket.Critical, Engineer: "Иван Петров",
		OpenedAt: at("09:01"), At: at("10:05"), Next: at("10:30"),
		Stages: map[ticket.Stage]time.Time{ticket.New: at("09:01"), ticket.Triage: at("09:01"), ticket.Diagnosis: at("09:06"), ticket.PlanSent: at("09:42"), ticket.Hot: at("09:43")},
		Plan:   &reports.PagePlan{Hypothesis: "Не отвечает дисковый массив сервера", Actions: []string{"перезапустить контроллер", "проверить массив"}, Fallback: "восстановление из копии на резервный сервер", ETA: at("11:10")},
		Lines: []report.Line{
			{At: at("10:00"), Source: "инженер", Who: "Иван Петров", Text: "Контроллер не помог, восстанавливаем из копии на резервный сервер"},
			{At: at("09:42"), Source: "инженер", Who: "Иван Петров", Text: "План действий сообщён по телефону", Key: true},
			{At: at("09:06"), Source: "инженер", Who: "Иван Петров", Text: "Начата диагностика"},
			{At: at("09:01"), Source: "звонок", Text: "Звонок на горячую линию <script>alert(1)</script>", Key: true},
		},
	}
}

// reported is the same ticket when its report is there.
func reported() reports.Page {
	p := hot()
	p.Stage, p.At, p.Next = ticket.Report, p.At.Add(30*time.Hour), time.Time{}
	p.Stages[ticket.Stabilised], p.Stages[ticket.RootCause], p.Stages[ticket.Report] = p.OpenedAt.Add(107*time.Minute), p.OpenedAt.Add(2*time.Hour), p.OpenedAt.Add(5*time.Hour)
	p.Reports = []reports.PageReport{{Version: 2, At: p.OpenedAt.Add(28 * time.Hour), Language: "ru"}, {Version: 1, At: p.OpenedAt.Add(5 * time.Hour), Language: "ru"}}
	p.MayRate = true
	return p
}

func pageServer(t *testing.T, p *ticketPages) http.Handler {
	t.Helper()
	return newRig(t, func(_ *Config, d *Deps) { d.Pages = p }).Handler()
}

func do(h http.Handler, method, path string, form url.Values) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	h.ServeHTTP(w, r)
	return w
}

// TestLookingChangesNothing: scanners of mails and previews of messengers look
// at every address; only an act of a person counts.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	p := &ticketPages{page: reported()}
	h := pageServer(t, p)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range []string{"/t/secret", "/t/secret?lang=en", "/t/secret/report/2.html", "/t/secret/report/2.pdf"} {
			if w := do(h, method, path, nil); w.Code != http.StatusOK {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
		if w := do(h, method, "/t/secret/rating?score=1", nil); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s of a rating: %d", method, w.Code)
		}
	}
	if len(p.acts) != 0 {
		t.Errorf("looking has done %v", p.acts)
	}
	if w := do(h, http.MethodPost, "/t/secret/report/2.pdf", url.Values{}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/t/secret/report/2.pdf" {
		t.Errorf("open: %d to %s", w.Code, w.Header().Get("Location"))
	}
	form := url.Values{"score": {"5"}, "comment": {" быстро "}, "form": {uuid.NewString()}}
	if w := do(h, http.MethodPost, "/t/secret/rating", form); w.Code != http.StatusSeeOther {
		t.Errorf("rate: %d", w.Code)
	}
	if got := strings.Join(p.acts, "; "); got != `opened 2 pdf; rated 5 "быстро" 43` {
		t.Errorf("acts: %s", got)
	}
}

// TestPageIsSafe: text is text, nothing is loaded from anywhere, the address is
// told to nobody, and the style sheet is the one that the policy allows.
func TestPageIsSafe(t *testing.T) {
	t.Parallel()
	h := pageServer(t, &ticketPages{page: hot()})
	w := do(h, http.MethodGet, "/t/secret", nil)
	body := w.Body.String()
	if strings.Contains(body, "<script") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error("what a client has written is markup")
	}
	if found := regexp.MustCompile(`(?i)(src|href)="(https?:)?//`).FindString(body); found != "" {
		t.Errorf("something is loaded from elsewhere: %s", found)
	}
	head := w.Header()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff",
	} {
		if !strings.HasPrefix(head.Get(name), want) {
			t.Errorf("%s: %q", name, head.Get(name))
		}
	}
	if strings.Contains(head.Get("Content-Security-Policy"), "unsafe") {
		t.Error("the policy allows what is unsafe")
	}
}

// TestPageSays what a client wants to know, in the language of choice.
func TestPageSays(t *testing.T) {
	t.Parallel()
	p := &ticketPages{page: hot()}
	h := pageServer(t, p)
	for path, wants := range map[string][]string{
		"/t/secret":         {"Восстанавливаем работу", "11:10", "10:30", "Иван Петров", "перезапустить контроллер", `href="tel:&#43;78123094001"`, `http-equiv="refresh"`, `aria-current="step"`},
		"/t/secret?lang=en": {"We are restoring service", "Expected to work again", "11:10", `lang="en"`},
	} {
		body := do(h, http.MethodGet, path, nil).Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s has no %q", path, want)
			}
		}
	}
	p.page.At = p.page.Plan.ETA.Add(time.Minute)
	if body := do(h, http.MethodGet, "/t/secret", nil).Body.String(); !strings.Contains(body, "Срок прошёл") {
		t.Error("a time that has passed is shown as if it had not")
	}
	p.page = reported()
	body := do(h, http.MethodGet, "/t/secret", nil).Body.String()
	for _, want := range []string{`action="/t/secret/report/2.html"`, `action="/t/secret/report/2.pdf"`, `name="score" value="5"`, "Как мы справились?", "отчёт готов"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(body, `http-equiv="refresh"`) {
		t.Error("the page loads itself anew while somebody writes")
	}
	p.page = reports.Page{Language: "ru", Number: "VH-26-004087", Stage: ticket.Hot, With: true}
	if body := do(h, http.MethodGet, "/t/secret", nil).Body.String(); !strings.Contains(body, "решается вместе с другим") {
		t.Error("a merged ticket does not say so")
	}
}

func TestPageRefusals(t *testing.T) {
	t.Parallel()
	p := &ticketPages{page: hot()}
	h := pageServer(t, p)
	for path, want := range map[string]int{
		"/t/guess": http.StatusNotFound, "/t/guess/report/2.pdf": http.StatusNotFound, "/t/secret/report/9.pdf": http.StatusNotFound,
		"/t/secret/report/2.json": http.StatusNotFound, "/t/secret/report/..%2f": http.StatusNotFound, "/t/secret/report/-2.pdf": http.StatusNotFound,
	} {
		w := do(h, http.MethodGet, path, nil)
		if w.Code != want || !strings.Contains(w.Body.String(), "страницы нет") && !strings.Contains(w.Body.String(), "no page") {
			t.Errorf("%s: %d, %s", path, w.Code, w.Body)
		}
	}
	for err, want := range map[error]int{dispatch.ErrAway: http.StatusServiceUnavailable, fmt.Errorf("boom"): http.StatusInternalServerError} {
		p.fail = err
		if w := do(h, http.MethodGet, "/t/secret", nil); w.Code != want || strings.Contains(w.Body.String(), "boom") {
			t.Errorf("%v: %d, %s", err, w.Code, w.Body)
		}
	}
	p.fail = nil
	if w := do(h, http.MethodPost, "/t/secret/rating", url.Values{"score": {"many"}}); w.Code != http.StatusConflict || len(p.acts) != 0 {
		t.Errorf("%d, %v", w.Code, p.acts)
	}
}

// TestPageWords expects both languages to have the same words, and those of every stage.
func TestPageWords(t *testing.T) {
	t.Parallel()
	ru, en := pageWords("ru"), pageWords("en")
	for key := range ru {
		if en[key] == "" {
			t.Errorf("no English for %q", key)
		}
	}
	if len(ru) != len(en) {
		t.Errorf("%d and %d words", len(ru), len(en))
	}
	for stage := ticket.New; stage <= ticket.Merged; stage++ {
		if ru["stage."+stage.String()] == "" {
			t.Errorf("no words for %s", stage)
		}
	}
	for _, key := range regexp.MustCompile(`Say "(\w+)"`).FindAllStringSubmatch(pageHTML, -1) {
		if ru[key[1]] == "" {
			t.Errorf("the page asks for %q", key[1])
		}
	}
}

// TestSamplePages writes the pages for a look at them, when a folder is named.
func TestSamplePages(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("VAHTA_SAMPLES")
	if folder == "" {
		t.Skip("VAHTA_SAMPLES names no folder")
	}
	for name, page := range map[string]reports.Page{"hot": hot(), "reported": reported()} {
		w := do(pageServer(t, &ticketPages{page: page}), http.MethodGet, "/t/secret", nil)
		if err := os.WriteFile(filepath.Join(folder, name+".html"), w.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
