package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestStoryMonday: Monday, 9:01. The server does not answer, 1C does not start. The whole protocol, from the call to the mark that
// the client gives.
func TestStoryMonday(t *testing.T) {
	t.Parallel()
	s := storyRig(t, "2026-11-16", "09:01:00")
	s.callMonday()
	s.diagnoseMonday()
	s.restoreMonday()
	s.explainMonday()
	s.readMonday(t)
	if got, want := s.clocks(), []string{
		"first_contact met 19s", "plan met 27m0s", "stabilisation met 1h39m0s", "next_update met 26m0s", "root_cause met 3h20m0s", "report met 1h25m0s",
	}; !slices.Equal(got, want) {
		t.Errorf("the clocks are %q, want %q", got, want)
	}
	s.verified()
	s.sample(t, "monday.ru")
}

// callMonday: step 1. The client calls, the engineer on duty picks up and presses 1, they talk.
func (s *incident) callMonday() {
	s.Helper()
	caller := startPhone(s.TB, "caller", "udp", phone.Answer{})
	call, err := caller.Dial(s.Context(), fmt.Sprintf("sip:hotline@%s", s.addr("udp")), phone.Options{From: "+79215550118", Talk: phone.Talk{Tone: 400}})
	s.must(err)
	rung := incoming(s.TB, s.ivan, 1)
	wait(s.TB, rung, phone.Heard)
	s.clock.set(s.at("09:01:19"))
	rung.Press("1", phone.RFC4733)
	s.must(call.WaitHeard(within(s.TB), 700, 200*time.Millisecond))
	s.must(rung.WaitHeard(within(s.TB), 400, 200*time.Millisecond))
	open, err := s.app.Dispatcher().ListTickets(s.Context(), dispatch.TicketFilter{OpenOnly: true, Limit: 10})
	s.must(err)
	if len(open) != 1 || open[0].Priority != ticket.Critical || open[0].Assignee != "ivan" || open[0].Client.Org != "romashka" {
		s.Fatalf("open tickets: %+v", open)
	}
	s.number = open[0].Number.String()

	s.clock.set(s.at("09:03:00")) // still on the phone
	s.askMonday()
	s.clock.set(s.at("09:05:00"))
	call.Hangup()
	wait(s.TB, rung, phone.Ended)
	until(s.TB, "the call is on record", func() bool { return s.count(ticket.KindCallEnded) == 1 })
	until(s.TB, "its time is on record", func() bool { return s.count(ticket.KindTimed) > 0 })
}

// askMonday: what the client says is written down.
func (s *incident) askMonday() {
	s.Helper()
	s.do("ivan", ticket.Noted{Text: "Не отвечает сервер, 1С не запускается ни у кого, телефония молчит"})
	hints := s.look().Suggested
	if i := slices.IndexFunc(hints, func(h casework.Hint) bool { return h.Topic == "one_c" }); i < 0 || hints[i].Category != ticket.ServiceDown {
		s.Errorf("suggested: %+v", hints)
	}
	s.do("ivan", ticket.Triaged{
		Category: ticket.ServiceDown, Impact: ticket.HighLvl, Urgency: ticket.HighLvl, Services: []string{"1С", "телефония"}, Assets: []string{"srv-1c"},
		Summary: "Не отвечает сервер: не работают 1С и телефония",
	})
	s.answer("ivan", "general", "caller", "Мария Орлова, +7 921 555-01-18", "what", "1С не запускается, сервер не отвечает", "since", "08:50", "everyone", "да", "stopped", "да")
	s.answer("ivan", "one_c", "base", "все базы", "error", "Сервер 1С:Предприятия не обнаружен", "service", "нет", "dbms", "нет", "backup", "08:00")
	if owed := s.look().Sheets; !slices.ContainsFunc(owed, func(l casework.Sheet) bool { return l.ID == "one_c" && len(l.Owed) == 0 }) {
		s.Errorf("the check list still owes answers: %+v", owed)
	}
}

// diagnoseMonday: step 2. He connects, finds out, and tells the plan within the hour.
func (s *incident) diagnoseMonday() {
	s.Helper()
	s.move("09:06:00")
	s.do("ivan", ticket.Moved{To: ticket.Diagnosis})
	s.posted(0)
	s.move("09:07:00")
	access := s.carry("ivan", casework.Order{Reveal: &casework.Revealing{Asset: "srv-1c", Access: "vpn", Reason: "авария: сервер не отвечает"}})
	if access.Access == nil || access.Access.Secret != "vault:romashka/vpn" {
		s.Errorf("the access is %+v", access.Access)
	}
	s.do("ivan", ticket.Connected{Asset: "srv-1c", Way: "vpn", Purpose: "Осмотр консоли управления и журнала контроллера"})
	s.move("09:12:00")
	s.step("ivan", "server_reboot", "look", "", "контроллер RAID не видит дисков")
	s.move("09:28:00")
	plan := s.do("ivan", ticket.Planned{
		Hypothesis: "в дисковом массиве сервера", Actions: []string{"попытка перезапуска контроллера"},
		Fallback: "восстановление из бэкапа на резервный сервер", ETA: s.at("11:28:00"),
	})
	if plan.Version != 1 {
		s.Errorf("the plan is version %d", plan.Version)
	}
	s.carry("ivan", casework.Order{TellPlan: &dispatch.PlanWord{}})
	last := s.lastLetter()
	if last.To != "orlova@romashka.example" || last.Message.Text != "Проблема предположительно в дисковом массиве сервера. План действий: попытка перезапуска контроллера, "+
		"в случае неудачи — восстановление из бэкапа на резервный сервер. Ожидаемое время стабилизации: 2 ч (к 11:28). Работу ведёт Иван Петров." {
		s.Errorf("the plan was told to %s as %q", last.To, last.Message.Text)
	}
	if stage := s.look().Ticket.Stage; stage != ticket.PlanSent {
		s.Errorf("after the plan the ticket is in %s", stage)
	}
}

// lastLetter is what the client was written last.
func (s *incident) lastLetter() dispatch.Notice {
	s.Helper()
	all := s.mail.sent.All()
	if len(all) == 0 {
		s.Fatal("the client was written nothing")
	}
	return all[len(all)-1]
}

// restoreMonday: step 3. The fire is put out, and the client hears of it in time.
func (s *incident) restoreMonday() {
	s.Helper()
	s.move("09:29:00")
	s.do("ivan", ticket.Moved{To: ticket.Hot})
	s.posted(0)
	s.move("09:44:00")
	public := true // that it failed is a part of the story
	s.carry("ivan", casework.Order{Step: &casework.Stepping{
		Runbook: "server_reboot", Step: "hard", Result: "failed", Note: "контроллер перезапущен, массив не собрался", Public: &public,
	}})
	s.move("09:50:00")
	s.carry("ivan", casework.Order{Update: &dispatch.UpdateWord{Text: "Перезапуск контроллера не помог, восстанавливаем из копии на резервный сервер."}})
	if text := s.lastLetter().Message.Text; !strings.Contains(text, "Следующее сообщение: до 10:20") {
		s.Errorf("the update says %q", text)
	}
	s.move("10:14:00")
	s.carry("ivan", casework.Order{Update: &dispatch.UpdateWord{Text: "Копия развёрнута на 80 %, запускаем 1С и телефонию."}})
	s.move("10:36:00")
	s.step("ivan", "failover", "start", "", "")
	s.move("10:39:00")
	s.step("ivan", "one_c_restart", "user", "", "проведён документ")
	s.move("10:40:00")
	s.carry("ivan", casework.Order{Restored: &ticket.Restored{
		Statement: "1С и телефония работают с резервного сервера", Check: "Вход в 1С, проведён документ, звонок в город",
		Loss: "Документы 1С, введённые с 8:00 до 8:50", Risks: "До замены контроллера сервер работает без резерва",
	}})
	s.do("ivan", ticket.Disconnected{Note: "сервисы перенесены на резервный сервер"})
	s.move("10:45:00")
	s.do("ivan", ticket.ClientConfirmed{With: "Мария Орлова"})
}

// explainMonday: steps 4 and 5. The root cause, what to do about it, and the report.
func (s *incident) explainMonday() {
	s.Helper()
	s.move("11:00:00")
	s.do("ivan", ticket.HandedOver{To: "oleg", Note: "Всё работает с резервного сервера; контроллер на столе, журнал снят"})
	s.do("oleg", ticket.Moved{To: ticket.RootCause})
	s.posted(0)
	s.move("14:00:00")
	s.do("oleg", ticket.RootCaused{
		Cause: "Вышел из строя контроллер RAID: исчерпан ресурс батареи кэша", Class: "hardware",
		Whys:      []string{"Сервер не отвечал, потому что контроллер перестал видеть диски", "Контроллер отключился, потому что батарея кэша отработала шесть лет при сроке три года"},
		NotCaught: "За состоянием контроллера и дисков никто не следил", Evidence: []string{"журнал контроллера, 08:47"},
		Fixed: "Контроллер и батарея заменены, массив собран заново", Complete: true,
	})
	s.do("oleg", ticket.Moved{To: ticket.Report})
	s.posted(0)
	s.do("oleg", ticket.Tasked{
		Sort: dispatch.TaskRecommendation, Text: "Внедрить систему проактивного мониторинга SMART для дисков", Priority: ticket.High, Owner: "oleg",
		Due: s.at("18:00:00").AddDate(0, 0, 14), Effort: 4 * time.Hour,
	})
	s.do("oleg", ticket.Tasked{
		Sort: dispatch.TaskRecommendation, Text: "Настроить ежечасное резервное копирование базы 1С", Priority: ticket.High, Owner: "client", Due: s.at("18:00:00").AddDate(0, 0, 14),
	})
	s.move("15:20:00")
	s.paper("ivan", desk.PaperOrder{Act: desk.PaperDraft})
	lines, err := s.papers.Lines(s.Context(), s.number, "ru")
	s.must(err)
	at := slices.IndexFunc(lines, func(l report.Line) bool { return strings.Contains(l.Text, "Копия развёрнута") })
	if at < 0 {
		s.Fatalf("no line about the copy: %+v", lines)
	}
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperCurate, Line: ticket.Curated{Seq: lines[at].Seq, Text: "Копия развёрнута, запуск 1С и телефонии"}})
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperDraft})
	s.move("15:25:00")
	if _, err := s.papers.Order(s.Context(), s.number, desk.PaperOrder{Act: desk.PaperSend, By: "ivan"}); err == nil {
		s.Error("a draft was sent")
	}
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperApprove})
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperSend})
}

// readMonday: the client opens the page, reads the report, takes the PDF and gives a mark.
func (s *incident) readMonday(t *testing.T) {
	t.Helper()
	s.move("16:10:00")
	letter := s.lastLetter().Message
	if letter.Link == "" || !strings.HasPrefix(letter.Link, s.url+"/t/") {
		t.Fatalf("the letter about the report links to %q", letter.Link)
	}
	status, page := s.page(http.MethodGet, letter.Link)
	if status != http.StatusOK {
		t.Fatalf("the page: %d %s", status, page)
	}
	says(t, "the page", page, s.number, "Ромашка", "Иван Петров", "Отчёт", "Копия развёрнута")
	status, html := s.page(http.MethodPost, letter.Link+"/report/2.html")
	if status != http.StatusOK {
		t.Errorf("the report: %d", status)
	}
	says(t, "the report", html, "ООО «Ромашка»", "Хронология", "контроллер RAID", "мониторинга SMART")
	if status, _ := s.page(http.MethodGet, letter.Link+"/report/1.pdf"); status != http.StatusNotFound {
		t.Errorf("a draft is shown: %d", status)
	}
	status, pdf := s.page(http.MethodGet, letter.Link+"/report/2.pdf")
	if status != http.StatusOK {
		t.Fatalf("the PDF: %d", status)
	}
	if text, pages := pdfText(t, []byte(pdf)); pages > 0 {
		says(t, "the PDF", text, "ООО «Ромашка»", "Хронология", "09:01", "Рекомендации", "проактивного мониторинга SMART", "ежечасное резервное копирование базы 1С")
		if strings.Contains(text, "butler-support") || strings.Contains(text, "vault:") || strings.Contains(text, "Снять экран консоли") || strings.Contains(text, "Север") {
			t.Errorf("the PDF tells what it must not:\n%s", text)
		}
	}
	if stage := s.look().Ratings; len(stage) != 0 {
		t.Errorf("rated before: %+v", stage)
	}
	resp, err := http.PostForm(letter.Link+"/rating", url.Values{"score": {"5"}, "comment": {"Спасибо, очень быстро"}})
	s.must(err)
	s.must(resp.Body.Close())
	sight := s.look()
	if len(sight.Ratings) != 1 || sight.Ratings[0].Body.Score != 5 || sight.Versions[1].OpenedAt.IsZero() {
		t.Errorf("rated %+v, opened %+v", sight.Ratings, sight.Versions)
	}
}
