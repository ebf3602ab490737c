package report

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// msk is a moment of the night of the sample, by Moscow's clock.
func msk(clock string) time.Time {
	zone := time.FixedZone("MSK", 3*3600)
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-11-18 "+clock, zone)
	if err != nil {
		panic(err)
	}
	return at.UTC()
}

// night is a report on the night when a file server was being encrypted. It has
// something in every part.
func night() Model {
	m := Model{
		Schema: Schema, Language: "ru", Zone: "Europe/Moscow", Version: 2, MadeAt: msk("17:30:00"), MadeBy: "Анна Соколова",
		LogSeq: 64, LogHead: "9f2c4a17be03d58816c7e0fa2b94d371",
		Provider: Provider{Name: "ButlerSPB", Phone: "+7 812 309-40-01", Mail: "help@butlerspb.example", Site: "butlerspb.example"},
		Head: Head{
			Number: ticket.Number{Year: 26, Seq: 421}, Client: "ООО «Мебельная фабрика „Север“»", Contract: "№ 17/2025, круглосуточная поддержка", Category: ticket.Security, Priority: ticket.Critical,
			Title: "Вирус-шифровальщик на файловом сервере", Services: []string{"файловый сервер", "общие папки отделов", "1С: вложения документов"}, Assets: []string{"FS-01", "облачное хранилище копий"},
			Began: msk("01:54:00"), Known: msk("02:00:00"), Ended: msk("08:52:00"), Engineer: "Иван Петров", Team: []string{"Анна Соколова", "Олег Ким"},
		},
		Summary: []string{
			"В ночь на 18 ноября вирус-шифровальщик начал шифровать файлы на файловом сервере FS-01", "Мониторинг заметил аномальную нагрузку на диски в 02:00, дежурный инженер подключился через 2 минуты, сервер изолирован от сети в 02:03",
			"К 08:52, до начала рабочего дня, 98 % данных восстановлено на чистый сервер из холодной облачной копии", "Потеряны несколько документов, изменённых между 22:00 и 02:00",
			"Точка входа — фишинговое письмо; учётная запись закрыта, правила почты и антивируса изменены",
		},
		Timeline: []Line{
			{Seq: 1, At: msk("02:00:00"), Kind: ticket.KindOpened, Source: "мониторинг", Text: "Аномальная дисковая активность на FS-01: 1 850 операций записи в секунду (обычно до 90)", Key: true},
			{Seq: 4, At: msk("02:01:12"), Kind: ticket.KindAcknowledged, Source: "инженер", Who: "Иван Петров", Text: "дежурный инженер взял заявку"},
			{Seq: 6, At: msk("02:02:05"), Kind: ticket.KindConnected, Source: "инженер", Who: "Иван Петров", Text: "Подключение к FS-01 по VPN; в папке отдела продаж файлы с расширением .locked"},
			{Seq: 8, At: msk("02:03:00"), Kind: ticket.KindStepped, Source: "инженер", Who: "Иван Петров", Text: "Сервер изолирован от сети: порт коммутатора выключен", Key: true},
			{Seq: 11, At: msk("02:06:40"), Kind: ticket.KindContacted, Source: "звонок", Who: "Иван Петров", Text: "Дежурному директору клиента Н. Белову сообщено о происшествии; разговор 3 мин 10 с", Key: true},
			{Seq: 15, At: msk("02:42:00"), Kind: ticket.KindSent, Source: "почта", Text: "План действий направлен: проблема предположительно в запуске шифровальщика с рабочего места отдела продаж; восстановить данные из холодной копии на резервный сервер; в случае неудачи — из локальной копии недельной давности. Ожидаемое время стабилизации: 09:00", Key: true},
			{Seq: 22, At: msk("03:10:00"), Own: msk("03:31:00"), Kind: ticket.KindNoted, Source: "инженер", Who: "Олег Ким", Text: "Найдена точка входа: письмо «Счёт на оплату» открыто в 01:51 на рабочем месте WS-114", Edited: true},
			{Seq: 30, At: msk("04:00:00"), Kind: ticket.KindUpdated, Source: "почта", Text: "Восстановление идёт, готово 41 % данных"},
			{Seq: 38, At: msk("06:30:00"), Kind: ticket.KindUpdated, Source: "почта", Text: "Готово 83 % данных, сервер проверяется антивирусом"},
			{Seq: 44, At: msk("08:52:00"), Kind: ticket.KindStabilised, Source: "инженер", Who: "Иван Петров", Text: "Работа восстановлена: общие папки доступны всем отделам", Key: true},
			{Seq: 46, At: msk("09:05:00"), Kind: ticket.KindConfirmed, Source: "клиент", Who: "Н. Белов", Text: "Клиент подтвердил: отделы работают"},
			{Seq: 58, At: msk("15:20:00").AddDate(0, 0, 1), Kind: ticket.KindRootCaused, Source: "инженер", Who: "Олег Ким", Text: "Первопричина установлена", Key: true},
		},
		Actions: []Action{
			{At: msk("02:02:05"), Until: msk("08:58:00"), Who: "Иван Петров", Way: "vpn", Asset: "FS-01", What: "диагностика и изоляция сервера, запуск восстановления", Result: "распространение остановлено за 3 минуты"},
			{At: msk("02:03:00"), Who: "Иван Петров", What: "Изолировать сервер от сети", Result: "сделано"},
			{At: msk("02:20:00"), Until: msk("03:05:00"), Who: "Олег Ким", Way: "rdp", Asset: "WS-114", What: "поиск точки входа по журналам почты и антивируса", Result: "найдено письмо и вложение"},
			{At: msk("03:12:00"), Who: "Олег Ким", What: "Закрыть скомпрометированную учётную запись и сменить пароли администраторов", Result: "сделано"},
			{At: msk("02:55:00"), Until: msk("08:40:00"), Who: "Иван Петров", Way: "console", Asset: "FS-02", What: "Восстановление из холодной облачной копии от 22:00 на чистый сервер", Result: "98 % данных"},
		},
		Effort: []Effort{{"Иван Петров", 7*time.Hour + 4*time.Minute}, {"Олег Ким", 2*time.Hour + 30*time.Minute}, {"Анна Соколова", 45 * time.Minute}},
		Result: Result{
			Restored: true, At: msk("08:52:00"), Statement: "общие папки всех отделов и вложения 1С доступны с сервера FS-02", Check: "открыты и изменены по три файла из каждой папки; сверены контрольные суммы 212 480 файлов",
			Loss: "2 % данных: 14 документов отдела продаж, изменённых между 22:00 и 02:00. Точка восстановления — 17 ноября, 22:00", Risks: "рабочее место WS-114 до переустановки отключено от сети", Confirmed: msk("09:05:00"), By: "Н. Белов",
		},
		Cause: Cause{
			Complete: true, Cause: "сотрудник открыл вложение фишингового письма; его учётная запись имела право записи во все общие папки", Class: "attack",
			Whys:    []string{"Файлы шифровались, потому что на WS-114 запустилась вредоносная программа.", "Она запустилась, потому что почта пропустила вложение .iso.", "Она дошла до всех папок, потому что права записи выданы группе «Все сотрудники»."},
			Factors: []string{"нет фильтра вложений .iso и .img", "антивирусные базы на WS-114 не обновлялись 9 дней"}, NotCaught: "за возрастом антивирусных баз никто не следил",
			Evidence: []string{"журнал почтового сервера, 01:49", "образ диска WS-114"}, Fixed: "фильтр вложений включён, права на папки розданы по отделам, за возрастом баз следит мониторинг",
		},
		Advice: []Advice{
			{Text: "внедрить ежечасное резервное копирование папки отдела продаж и базы 1С", Priority: ticket.High, Owner: "ButlerSPB", Due: msk("12:00:00").AddDate(0, 0, 13), Effort: 6 * time.Hour},
			{Text: "включить двухфакторный вход для всех, у кого есть право записи в общие папки", Priority: ticket.High, Owner: "клиент", Due: msk("12:00:00").AddDate(0, 1, 0), Effort: 16 * time.Hour},
			{Text: "провести для сотрудников инструктаж о фишинговых письмах и повторять его раз в полгода", Priority: ticket.Normal, Owner: "клиент", Done: true},
		},
		Earlier: []Advice{{Ticket: "VH-26-002178", Text: "заменить диски RAID-массива FS-01, выработавшие ресурс", Priority: ticket.Normal, Owner: "клиент", Due: msk("12:00:00").AddDate(0, -1, 0)}},
		Clocks: []Clock{
			{Name: sla.FirstContactClock, Start: msk("02:00:00"), Stop: msk("02:06:40"), Limit: 15 * time.Minute, Elapsed: 400 * time.Second, Verdict: "met"},
			{Name: sla.PlanClock, Start: msk("02:00:00"), Stop: msk("02:42:00"), Limit: time.Hour, Elapsed: 42 * time.Minute, Verdict: "met"},
			{Name: sla.StabiliseClock, Start: msk("02:00:00"), Stop: msk("08:52:00"), Limit: 7 * time.Hour, Elapsed: 6*time.Hour + 52*time.Minute, Verdict: "met"},
			{Name: sla.UpdateClock, Start: msk("02:42:00"), Limit: 30 * time.Minute, Elapsed: 150 * time.Minute, Verdict: "breached", Periods: 3, Missed: 2, Why: "между 04:00 и 06:30 инженер был занят проверкой контрольных сумм; с этой недели обновления готовит второй дежурный"},
			{Name: sla.RootCauseClock, Start: msk("08:52:00"), Stop: msk("15:20:00").AddDate(0, 0, 1), Days: 5, Elapsed: 30*time.Hour + 28*time.Minute, Verdict: "met"},
			{Name: sla.ReportClock, Days: 3, Verdict: "running"},
		},
		Pauses:   []Pause{{From: msk("05:10:00"), To: msk("05:40:00"), Reason: ticket.WaitsForClient, Note: "доступ в облако копий подтверждал директор"}},
		Promise:  Promise{First: msk("07:00:00"), FirstVerdict: "breached", Last: msk("09:00:00"), LastVerdict: "met", Times: 2},
		Calls:    []Call{{At: msk("02:06:40"), Way: "back", Number: "+7 921 ***-**-18", Who: "Иван Петров", Talk: 190 * time.Second}, {At: msk("09:05:00"), Way: "in", Number: "+7 921 ***-**-18", Who: "Иван Петров", Talk: 95 * time.Second}},
		Messages: []Message{{At: msk("02:42:00"), Purpose: ticket.ForPlan, Channel: "email", To: "b***@sever-mebel.example", State: "sent"}, {At: msk("04:00:00"), Purpose: ticket.ForUpdate, Channel: "email", To: "b***@sever-mebel.example", State: "sent"}},
		Answers:  []Answer{{"Какие файлы не открываются?", "документы в папке «Продажи», расширение .locked"}, {"Сервер отключён от сети?", "да"}, {"Есть ли сообщение с требованием выкупа?", "да, README_DECRYPT.txt"}},
		Files:    []File{{Name: "README_DECRYPT.txt", Bytes: 1874, Hash: strings.Repeat("5d41402abc4b2a76", 4)}, {Name: "нагрузка-дисков.png", Bytes: 248_300, Hash: strings.Repeat("b9719d911017c592", 4)}},
		Redacted: 2,
	}
	return m
}

// sealed is the seal of an approved version that has been sent and opened.
func sealed(t *testing.T, m Model) Seal {
	t.Helper()
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return Seal{Hash: Hash(b), ApprovedBy: "Анна Соколова", ApprovedAt: msk("17:45:00"), SentAt: msk("17:46:00"), SentBy: []string{"email", "portal"}, OpenedAt: msk("18:20:00")}
}
