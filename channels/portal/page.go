package portal

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Pages is what clients see of their tickets; a *reports.Reports is one.
type Pages interface {
	Page(ctx context.Context, token, language string) (reports.Page, error)
	Released(ctx context.Context, token string, version int, form reports.Form, links ...report.Link) (reports.Paper, error)
	Opened(ctx context.Context, token string, version int, form reports.Form) error
	Rate(ctx context.Context, token string, rated ticket.Rated, key string) error
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// clientPages are the pages of tickets. Whoever looks changes nothing: programs look at addresses in messages before people do. What
// counts comes by forms.
func (s *Server) clientPages() {
	if s.deps.Pages == nil {
		return
	}
	s.echo.GET("/t/:token", s.clientPage)
	s.echo.POST("/t/:token/report/:file", s.openReport)
	s.echo.GET("/t/:token/report/:file", s.showReport)
	s.echo.POST("/t/:token/rating", s.rate)
}

// pageLanguage is the language that the reader has chosen; empty: the client's own.
func pageLanguage(c echo.Context) string {
	if own := c.QueryParam("lang"); own == "ru" || own == "en" {
		return own
	}
	return ""
}

// pageFault is what the reader of a page is told of an error.
func (s *Server) pageFault(c echo.Context, err error) error {
	language := pageLanguage(c)
	if language == "" {
		language = languageOf(c.Request().Header.Get("Accept-Language"))
	}
	status, key := http.StatusInternalServerError, "fault"
	switch {
	case errors.Is(err, reports.ErrNoPage) || errors.Is(err, dispatch.ErrNotFound):
		status, key = http.StatusNotFound, "none"
	case errors.Is(err, reports.ErrRated):
		status, key = http.StatusConflict, "rated"
	case errors.Is(err, dispatch.ErrAway) || errors.Is(err, context.DeadlineExceeded):
		status, key = http.StatusServiceUnavailable, "away"
		c.Response().Header().Set("Retry-After", "5")
	default:
		s.deps.Log.Error("a client's page could not be shown", "route", c.Path(), "err", err.Error())
	}
	return s.showPage(c, status, pageView{Fault: pageWords(language)[key], words: pageWords(language), Page: reports.Page{Language: language}})
}

// clientPage shows a ticket to its client.
func (s *Server) clientPage(c echo.Context) error {
	p, err := s.deps.Pages.Page(c.Request().Context(), c.Param("token"), pageLanguage(c))
	if err != nil {
		return s.pageFault(c, err)
	}
	v := pageView{Page: p, words: pageWords(p.Language), tell: report.NewTeller(p.Language, p.Zone), Base: "/t/" + c.Param("token"), Form: uuid.NewString()}
	if own := pageLanguage(c); own != "" {
		v.Query = "?lang=" + own
	}
	return s.showPage(c, http.StatusOK, v)
}

func (s *Server) showPage(c echo.Context, status int, v pageView) error {
	var b bytes.Buffer
	v.Style = template.CSS(pageCSS) //nolint:gosec // our own sheet
	if err := clientPage.Execute(&b, v); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageCSS))
	guardPage(c, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	return c.Blob(status, "text/html; charset=utf-8", b.Bytes())
}

// guardPage allows a page its style and its own forms, and nothing else.
func guardPage(c echo.Context, style string) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+style+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// pageReport reads "2.pdf": which version, in which form.
func pageReport(name string) (version int, form reports.Form, err error) {
	number, ext, _ := strings.Cut(name, ".")
	version, err = strconv.Atoi(number)
	form = reports.Form(ext)
	if err != nil || version < 1 || form != reports.HTML && form != reports.PDF {
		return 0, "", reports.ErrNoPage
	}
	return version, form, nil
}

// openReport notes that a person has opened a report and leads to it.
func (s *Server) openReport(c echo.Context) error {
	version, form, err := pageReport(c.Param("file"))
	if err == nil {
		err = s.deps.Pages.Opened(c.Request().Context(), c.Param("token"), version, form)
	}
	if err != nil && !errors.Is(err, dispatch.ErrAway) { // to read is more than to be counted
		return s.pageFault(c, err)
	}
	return c.Redirect(http.StatusSeeOther, fmt.Sprintf("/t/%s/report/%d.%s", c.Param("token"), version, form))
}

// showReport shows an approved report.
func (s *Server) showReport(c echo.Context) error {
	version, form, err := pageReport(c.Param("file"))
	var paper reports.Paper
	if err == nil {
		words := pageWords(pageLanguage(c))
		base := "/t/" + c.Param("token")
		paper, err = s.deps.Pages.Released(c.Request().Context(), c.Param("token"), version, form,
			report.Link{Text: words["pdf"], URL: fmt.Sprintf("%s/report/%d.pdf", base, version)}, report.Link{Text: words["back"], URL: base})
	}
	if err != nil {
		return s.pageFault(c, err)
	}
	if form == reports.PDF {
		c.Response().Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": paper.Name}))
	}
	_, style := report.Style()
	guardPage(c, style)
	return c.Blob(http.StatusOK, paper.Type, paper.Body)
}

// rate takes the client's word on how we did.
func (s *Server) rate(c echo.Context) error {
	const most = 16 << 10
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most)
	score, err := strconv.Atoi(c.FormValue("score"))
	if err != nil {
		return s.pageFault(c, reports.ErrRated)
	}
	key := c.FormValue("form")
	if _, err := uuid.Parse(key); err != nil {
		key = uuid.NewString()
	}
	if err := s.deps.Pages.Rate(c.Request().Context(), c.Param("token"), ticket.Rated{Score: score, Comment: strings.TrimSpace(c.FormValue("comment"))}, "rating:"+key); err != nil {
		return s.pageFault(c, err)
	}
	return c.Redirect(http.StatusSeeOther, "/t/"+c.Param("token")+"#rating")
}

// pageView is what the page is made of.
type pageView struct {
	reports.Page

	tell  report.Teller
	Fault string // there is no page: why
	Base  string // its address
	Query string
	Form  string // names the form, so that it counts once
	Style template.CSS
	words map[string]string
}

// Clock is the time of the day.
func (v pageView) Clock(t time.Time) string { return v.tell.Clock(t) }

// Day is a date.
func (v pageView) Day(t time.Time) string { return v.tell.Day(t) }

// Near is a moment as it is told when the page is looked at.
func (v pageView) Near(t time.Time) string { return v.tell.Near(t, v.At) }

// AsOf says by which clock times are told.
func (v pageView) AsOf() string { return v.tell.Zone(v.OpenedAt) }

// Say returns a word of the page.
func (v pageView) Say(key string) string { return v.words[key] }

// Live reports whether the page is worth loading again by itself.
func (v pageView) Live() bool { return v.Fault == "" && v.Stage < ticket.RootCause && !v.MayRate }

// Status says in a few words how it stands.
func (v pageView) Status() string {
	if v.Stage == ticket.Report && len(v.Reports) > 0 {
		return v.words["stage.reported"]
	}
	return v.words["stage."+v.Stage.String()]
}

// Tone is that of the status: calm when it works again.
func (v pageView) Tone() string {
	switch {
	case v.Stage == ticket.Cancelled:
		return "off"
	case v.Stage >= ticket.Stabilised:
		return "good"
	}
	return "busy"
}

// pageStep is one step of the protocol.
type pageStep struct {
	Name  string
	At    time.Time
	State string // done, now, later
}

// Steps are the steps of the protocol and how far the ticket is.
func (v pageView) Steps() []pageStep {
	if v.Class != ticket.Incident || v.Stage == ticket.Cancelled {
		return nil
	}
	marks := []ticket.Stage{ticket.New, ticket.Diagnosis, ticket.PlanSent, ticket.Stabilised, ticket.RootCause, ticket.Report}
	at := 0
	for i, stage := range marks {
		if v.Stage >= stage {
			at = i
		}
	}
	if v.Stage == ticket.Merged {
		at = 0
	}
	var steps []pageStep
	for i, stage := range marks {
		step := pageStep{Name: v.words["step."+stage.String()], At: v.Stages[stage], State: "later"}
		switch {
		case i < at || v.Stage == ticket.Closed:
			step.State = "done"
		case i == at:
			step.State = "now"
		}
		if step.State == "later" {
			step.At = time.Time{}
		}
		steps = append(steps, step)
	}
	return steps
}

// Awaited reports whether it does not work yet and a time was named.
func (v pageView) Awaited() bool {
	return v.Plan != nil && !v.Plan.ETA.IsZero() && v.Stage < ticket.Stabilised
}

// Late reports whether that time has passed.
func (v pageView) Late() bool { return v.Awaited() && v.At.After(v.Plan.ETA) }

// Scores are the marks that may be given.
func (v pageView) Scores() []int { return []int{1, 2, 3, 4, 5} }

// NewDay reports whether a line begins another day than the one before.
func (v pageView) NewDay(i int) bool {
	return i == 0 || v.Day(v.Lines[i].At) != v.Day(v.Lines[i-1].At)
}

// Tel is a number as a telephone dials it.
func (v pageView) Tel() template.URL {
	var b strings.Builder
	for _, r := range v.Company.Phone {
		if r >= '0' && r <= '9' || r == '+' {
			b.WriteRune(r)
		}
	}
	return template.URL("tel:" + b.String()) //nolint:gosec // digits only
}

var clientPage = template.Must(template.New("page").Parse(pageHTML)) //nolint:gochecknoglobals // a constant

// pageWords are the words of clients' pages; any language but "en" is Russian.
func pageWords(language string) map[string]string {
	if language == "en" {
		return map[string]string{
			"title": "Ticket", "engineer": "Engineer", "opened": "Opened", "eta": "Expected to work again", "next": "Next message by", "plan": "Plan", "actions": "What we do", "fallback": "Should that fail",
			"lines": "How it goes", "reports": "Report", "open": "Open the report", "pdf": "Download PDF", "version": "version", "back": "Back to the ticket", "rating": "How did we do?", "comment": "A few words, if you like",
			"thanks": "Thank you. Your mark:", "again": "You may change it.", "of5": "of 5", "asof": "As of", "reload": "The page reloads itself every minute.", "with": "Your request is worked on together with another one. We will tell you when it is solved.",
			"call": "Call", "urgent": "Has it become worse, or does it happen again? Call:", "late": "The time has passed; the engineer will name a new one.",
			"none": "There is no page at this address. Please look for it in the latest message from us.", "rated": "This can not be rated now.", "away": "The page can not be shown at the moment. Please try again in a minute, or call.", "fault": "Something has failed on our side. Please try again, or call.",
			"stage.new": "Received, an engineer is being called", "stage.triage": "An engineer is on it", "stage.diagnosis": "We are looking for the cause", "stage.plan_sent": "The plan is agreed", "stage.hot": "We are restoring service",
			"stage.stabilised": "It works again", "stage.root_cause": "It works again; we look for the root cause", "stage.report": "It works again; the report is being made", "stage.reported": "It works again; the report is ready", "stage.closed": "Closed", "stage.cancelled": "Cancelled", "stage.merged": "Worked on with another request",
			"step.new": "Received", "step.diagnosis": "Diagnosis", "step.plan_sent": "Plan", "step.stabilised": "Restored", "step.root_cause": "Root cause", "step.report": "Report",
		}
	}
	return map[string]string{
		"title": "Заявка", "engineer": "Инженер", "opened": "Принята", "eta": "Заработает к", "next": "Следующее сообщение до", "plan": "План", "actions": "Что делаем", "fallback": "Если не поможет",
		"lines": "Ход работ", "reports": "Отчёт", "open": "Открыть отчёт", "pdf": "Скачать PDF", "version": "версия", "back": "К заявке", "rating": "Как мы справились?", "comment": "Несколько слов, если хотите",
		"thanks": "Спасибо. Ваша оценка:", "again": "Её можно изменить.", "of5": "из 5", "asof": "Данные на", "reload": "Страница обновляется сама раз в минуту.", "with": "Ваше обращение решается вместе с другим. Мы сообщим, когда всё заработает.",
		"call": "Позвонить", "urgent": "Стало хуже или повторилось? Звоните:", "late": "Срок прошёл; инженер назовёт новый.",
		"none": "По этому адресу страницы нет. Посмотрите ссылку в нашем последнем сообщении.", "rated": "Сейчас оценить нельзя.", "away": "Сейчас страницу показать не получается. Попробуйте через минуту или позвоните.", "fault": "У нас что-то сломалось. Попробуйте ещё раз или позвоните.",
		"stage.new": "Приняли, вызываем инженера", "stage.triage": "Инженер занимается", "stage.diagnosis": "Выясняем причину", "stage.plan_sent": "План согласован", "stage.hot": "Восстанавливаем работу",
		"stage.stabilised": "Работает", "stage.root_cause": "Работает; ищем первопричину", "stage.report": "Работает; готовим отчёт", "stage.reported": "Работает; отчёт готов", "stage.closed": "Закрыта", "stage.cancelled": "Отменена", "stage.merged": "Решается с другим обращением",
		"step.new": "Приняли", "step.diagnosis": "Диагностика", "step.plan_sent": "План", "step.stabilised": "Работает", "step.root_cause": "Причина", "step.report": "Отчёт",
	}
}
