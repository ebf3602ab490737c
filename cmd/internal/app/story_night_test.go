package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestStoryNight: Wednesday, 2:00. Monitoring sees a file server write as it never does: ransomware. At 9:00 the company works.
func TestStoryNight(t *testing.T) {
	t.Parallel()
	s := storyRig(t, "2026-11-18", "02:00:00")
	s.alarmNight()
	s.isolateNight()
	s.restoreNight()
	s.explainNight()
	s.readNight(t)
	if got, want := s.clocks(), []string{
		"first_contact met 6m40s", "plan met 27m0s", "stabilisation met 6h59m0s", "next_update met 11m0s", "root_cause met 1h0m0s", "report met 1h30m0s",
	}; !slices.Equal(got, want) {
		t.Errorf("the clocks are %q, want %q", got, want)
	}
	s.verified()
	s.sample(t, "night.ru")
}

// alarmNight: the signal of the monitoring opens a Critical, and the engineer on duty is rung until he presses 1.
func (s *incident) alarmNight() {
	s.Helper()
	raw, err := json.Marshal(dispatch.MessageSignal{
		Machine: true, Source: "Zabbix", Org: "sever", Category: ticket.Security, Priority: ticket.Critical, DedupKey: "fs-01/disk",
		Subject: "Аномальная дисковая активность: fs-01.sever.local", Text: "Запись на диск D: 1850 операций в секунду, обычно до 90", Occurred: s.at("01:58:30"),
	})
	s.must(err)
	signals, done, err := desk.OpenSignals(s.Context(), s.cfg.Data, s.cfg.Database(), nil)
	s.must(err)
	defer func() { s.must(done()) }()
	id, err := signals.Receive(s.Context(), dispatch.Signal{Channel: dispatch.ChannelAPI, Key: "zabbix-771204", At: s.clock.now(), Raw: raw})
	s.must(err)
	opened, err := signals.Intake(s.Context(), id)
	s.must(err)
	s.number = opened.Number
	if got := s.look().Ticket; got.Priority != ticket.Critical || got.Client.Org != "sever" || !got.Acknowledged.IsZero() || got.Category != ticket.Security {
		s.Errorf("the ticket is %+v", got)
	}
	page := incoming(s.TB, s.ivan, 1)
	wait(s.TB, page, phone.Heard)
	s.clock.set(s.at("02:00:40"))
	page.Press("1", phone.RFC4733)
	wait(s.TB, page, phone.Ended)
	until(s.TB, "the ticket is taken", func() bool { return s.look().Ticket.Assignee == "ivan" && s.count(ticket.KindAttempted) == 1 })
}

// isolateNight: he connects at once, cuts the server off within three minutes and rings the client.
func (s *incident) isolateNight() {
	s.Helper()
	s.move("02:01:30")
	s.do("ivan", ticket.Moved{To: ticket.Diagnosis})
	s.posted(0)
	s.do("ivan", ticket.Connected{Asset: "fs-01", Way: "vpn", Purpose: "Осмотр файлового сервера"})
	s.do("ivan", ticket.Noted{Text: "Файлы в общих папках получают расширение .locked, в папках записка о выкупе: шифровальщик"})
	if hints := s.look().Suggested; len(hints) == 0 || hints[0].Topic != "ransomware" {
		s.Errorf("suggested: %+v", hints)
	}
	s.move("02:03:00")
	s.step("ivan", "isolate_host", "cut", "", "порт коммутатора отключён, сервер не отвечает на ping")
	steps := s.look().Steps
	if took := steps[0].At.Sub(s.at("02:00:00")); len(steps) != 1 || took > 3*time.Minute {
		s.Errorf("isolated after %s: %+v", took, steps)
	}
	s.do("ivan", ticket.Triaged{
		Category: ticket.Security, Impact: ticket.HighLvl, Urgency: ticket.HighLvl, Services: []string{"файловый сервер", "общие папки"}, Assets: []string{"fs-01"},
		Summary: "Вирус-шифровальщик на файловом сервере",
	})
	s.step("ivan", "isolate_host", "backups", "", "облачная копия от 22:00 цела")
	s.move("02:06:40")
	s.do("ivan", ticket.Contacted{Channel: "call", With: "Николай Белов", Talk: 3*time.Minute + 10*time.Second, Note: "директор извещён, согласие на изоляцию и восстановление получено"})
	s.answer("ivan", "ransomware", "isolated", "да", "host", "fs-01.sever.local", "since", "01:58", "extension", ".locked, README_DECRYPT.txt", "spreading", "нет",
		"others", "других поражённых машин нет", "backup_offline", "да", "backup", "22:00")
	s.move("02:15:00")
	s.step("ivan", "isolate_host", "account", "", "")
	s.move("02:20:00")
	s.step("oleg", "ransomware_recovery", "entry", "", "фишинговое письмо «Счёт на оплату», открыто на рабочем месте отдела продаж")
	s.move("02:27:00")
	s.do("ivan", ticket.Planned{
		Hypothesis: "запуск вируса-шифровальщика с рабочего места отдела продаж", Actions: []string{"восстановление данных из «холодного» облачного бэкапа на чистый сервер"},
		Fallback: "восстановление из локальной копии недельной давности", ETA: s.at("09:00:00"),
	})
	s.carry("ivan", casework.Order{TellPlan: &dispatch.PlanWord{}})
	last := s.lastLetter()
	if last.To != "belov@sever-mebel.example" || !strings.HasSuffix(last.Message.Text, "Ожидаемое время стабилизации: 6 ч 33 мин (к 09:00). Работу ведёт Иван Петров.") {
		s.Errorf("the plan was told to %s as %q", last.To, last.Message.Text)
	}
}

// restoreNight: the data comes back through the night; the client finds a word every half hour.
func (s *incident) restoreNight() {
	s.Helper()
	s.move("02:30:00")
	s.do("ivan", ticket.Moved{To: ticket.Hot})
	s.posted(0)
	s.step("ivan", "ransomware_recovery", "clean_copy", "", "копия от 22:00 проверена антивирусом")
	s.move("02:45:00")
	s.do("ivan", ticket.Connected{Asset: "fs-02", Way: "console", Purpose: "Восстановление из облачной копии на чистый сервер"})
	s.step("ivan", "ransomware_recovery", "new_host", "", "")
	s.move("02:50:00")
	s.carry("ivan", casework.Order{Update: &dispatch.UpdateWord{Text: "Сервер изолирован, чистый сервер готов, восстановление из копии от 22:00 начато."}})
	for clock, done := range s.restored() {
		s.move(clock)
		s.carry("ivan", casework.Order{Update: &dispatch.UpdateWord{Text: "Восстановлено " + done + " данных."}})
	}
	s.move("08:48:00")
	s.carry("ivan", casework.Order{Update: &dispatch.UpdateWord{Text: "Восстановлено 98 % данных, идёт проверка."}})
	s.move("08:50:00")
	s.step("ivan", "ransomware_recovery", "restore", "", "сверено число файлов, из каждой папки открыто по три файла")
	s.step("oleg", "ransomware_recovery", "patch", "", "фильтр вложений включён")
	s.move("08:59:00")
	s.carry("ivan", casework.Order{Restored: &ticket.Restored{
		Statement: "Общие папки всех отделов доступны на чистом сервере", Check: "Из каждой папки открыто и изменено по три файла, число файлов сверено с копией",
		Loss: "2 % — несколько документов, изменённых между 22:00 и 02:00", Risks: "Рабочее место отдела продаж отключено от сети до переустановки",
	}})
	s.do("ivan", ticket.Disconnected{Session: "s2", Note: "восстановлено 98 % данных"})
	s.do("ivan", ticket.Disconnected{Session: "s1", Note: "распространение остановлено за 3 минуты"})
	s.move("09:05:00")
	s.do("ivan", ticket.ClientConfirmed{With: "Николай Белов"})
}

// restored are how far the work is, by the clock.
func (s *incident) restored() func(yield func(clock, done string) bool) {
	return func(yield func(clock, done string) bool) {
		list := []string{"03:14:00", "5 %"}
		for at, done := s.at("03:38:00"), 12; at.Before(s.at("08:50:00")); at, done = at.Add(24*time.Minute), done+7 {
			list = append(list, at.In(s.zone).Format(time.TimeOnly), strings.TrimSpace(percent(min(done, 98))))
		}
		for i := 0; i < len(list); i += 2 {
			if !yield(list[i], list[i+1]) {
				return
			}
		}
	}
}

func percent(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) + " %" }

// explainNight: the root cause, what was done about it, and what remains to be done.
func (s *incident) explainNight() {
	s.Helper()
	s.move("09:30:00")
	s.do("ivan", ticket.HandedOver{To: "oleg", Note: "Всё восстановлено; образы памяти и диска сняты, рабочее место отдела продаж отключено"})
	s.do("oleg", ticket.Moved{To: ticket.RootCause})
	s.posted(0)
	s.move("10:00:00")
	s.do("oleg", ticket.RootCaused{
		Cause: "Сотрудник открыл вложение фишингового письма; его учётная запись могла писать во все общие папки", Class: "attack",
		Whys:     []string{"Файлы шифровались, потому что на рабочем месте запустилась вредоносная программа", "Она запустилась, потому что почта пропустила вложение .iso"},
		Evidence: []string{"журнал почтового сервера, 01:49"}, Fixed: "Антивирусные политики обновлены, вложения в почте фильтруются", Complete: true,
	})
	s.do("oleg", ticket.Moved{To: ticket.Report})
	s.posted(0)
	for _, advice := range []ticket.Tasked{
		{Text: "Провести для сотрудников краткий инструктаж по кибербезопасности", Owner: "oleg", Priority: ticket.High, Due: s.at("18:00:00").AddDate(0, 0, 7)},
		{Text: "Делать резервную копию общих папок каждый час", Owner: "client", Priority: ticket.Normal, Due: s.at("18:00:00").AddDate(0, 0, 14)},
	} {
		advice.Sort = dispatch.TaskRecommendation
		s.do("oleg", advice)
	}
	tasks, err := s.app.Dispatcher().Tasks(s.Context(), dispatch.TaskFilter{})
	s.must(err)
	if len(tasks) != 2 {
		s.Errorf("the recommendations are the tasks %+v", tasks)
	}
	s.move("11:00:00")
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperDraft})
	s.move("11:30:00")
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperApprove})
	s.paper("oleg", desk.PaperOrder{Act: desk.PaperSend})
}

// readNight: the director takes the PDF.
func (s *incident) readNight(t *testing.T) {
	t.Helper()
	link := s.lastLetter().Message.Link
	status, pdf := s.page(http.MethodGet, link+"/report/1.pdf")
	if status != http.StatusOK {
		t.Fatalf("the PDF: %d", status)
	}
	if text, pages := pdfText(t, []byte(pdf)); pages > 0 {
		says(t, "the PDF", text, "Мебельная фабрика «Север»", "Аномальная дисковая активность", "изолирована от сети", "2 %", "фишингового письма", "инструктаж по кибербезопасности")
		if strings.Contains(text, "Ромашка") {
			t.Errorf("the PDF names another client:\n%s", text)
		}
	}
	for _, c := range s.look().Clocks {
		if c.Name == sla.StabiliseClock && (c.ETA == nil || !c.ETA.First.Equal(s.at("09:00:00"))) {
			t.Errorf("the promise was %+v", c.ETA)
		}
	}
}
