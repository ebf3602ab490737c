package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// monday is the log of the article's first story: Monday 9:01, the server does
// not answer.
func monday() []ticket.Event {
	const day = "2026-11-16 "
	at := func(clock string) time.Time {
		t, err := time.ParseInLocation("2006-01-02 15:04:05", day+clock, time.FixedZone("MSK", 3*3600))
		if err != nil {
			panic(err)
		}
		return t.UTC()
	}
	policy := sla.Default()
	number := ticket.Number{Year: 26, Seq: 408}
	hide := true
	plan := ticket.Planned{
		Version: 1, Hypothesis: "не отвечает дисковый массив сервера", Actions: []string{"попытка перезапуска контроллера"},
		Fallback: "восстановление из бэкапа на резервный сервер", ETA: at("11:10:00"), Engineer: "ivan",
	}
	lines := []struct {
		clock, by, channel string
		body               ticket.Body
	}{
		{"09:01:00", "vahta", "call", ticket.Opened{
			ID: "t1", Number: number, Priority: ticket.Critical, Line: "main", Language: "ru", Call: "c1", Caller: "+79215550118", Name: "Мария", Limit: 15 * time.Minute,
			Client: client.Match{Level: client.Known, Org: "romashka", OrgName: "ООО «Ромашка»", Contact: "maria", ContactName: "Мария Орлова"}, Policy: &policy,
		}},
		{"09:01:04", "vahta", "call", ticket.Attempted{Attempt: "a1", Call: "c1", Person: "ivan", Outcome: "accepted"}},
		{"09:01:19", "ivan", "call", ticket.Accepted{Call: "c1", Person: "ivan"}},
		{"09:03:00", "ivan", "cli", ticket.Triaged{Category: ticket.ServiceDown, Impact: ticket.HighLvl, Urgency: ticket.HighLvl, Services: []string{"1С", "телефония", "сайт"}, Assets: []string{"srv1"}, Summary: "Не отвечает сервер: не работают 1С, телефония и сайт"}},
		{"09:03:30", "ivan", "cli", ticket.Answered{List: "service", Question: "ping", Asked: "Сервер отвечает на ping?", Type: "yes_no", Answer: "no"}},
		{"09:05:00", "vahta", "call", ticket.CallEnded{Call: "c1", Result: "served", Person: "ivan", Talk: 221 * time.Second, Recording: "/var/rec/c1.wav"}},
		{"09:06:00", "ivan", "cli", ticket.Moved{To: ticket.Diagnosis}},
		{"09:07:00", "ivan", "cli", ticket.Connected{Session: "s1", Asset: "srv1", Way: "vpn", Purpose: "осмотр консоли управления; пароль: Zima2026"}},
		{"09:20:00", "ivan", "cli", ticket.Noted{Text: "контроллер не видит массив, у ООО «Василёк» было то же"}},
		{"09:41:00", "ivan", "cli", plan},
		{"09:42:00", "ivan", "call", ticket.PlanTold{Version: 1, Ref: "c2", With: "Мария Орлова"}},
		{"09:43:00", "ivan", "cli", ticket.Moved{To: ticket.Hot}},
		{"09:50:00", "ivan", "cli", ticket.Stepped{Runbook: "raid", Step: "restart", Did: "Перезапустить контроллер RAID", Result: "failed", Note: "массив не собрался", Public: true}},
		{"10:00:00", "ivan", "cli", ticket.Updated{Text: "Контроллер не помог, восстанавливаем из копии на резервный сервер", Next: at("10:30:00")}},
		{"10:40:00", "ivan", "cli", ticket.Stepped{Runbook: "raid", Step: "restore", Did: "Восстановить виртуальные машины из копии", Result: "done", Public: true}},
		{"10:48:00", "ivan", "cli", ticket.Restored{Statement: "1С, телефония и сайт работают с резервного сервера", Check: "вход в 1С, звонок в город, сайт открывается", Loss: "документы 1С, введённые в 8:50–9:01"}},
		{"10:55:00", "ivan", "call", ticket.ClientConfirmed{With: "Мария Орлова"}},
		{"11:00:00", "ivan", "cli", ticket.Disconnected{Session: "s1", Note: "сервисы перенесены"}},
		{"11:05:00", "ivan", "cli", ticket.Timed{Entry: "e1", Person: "ivan", Source: "manual", From: at("09:01:00"), To: at("11:05:00")}},
		{"11:06:00", "ivan", "cli", ticket.Noted{Text: "Заказан контроллер на замену", Public: true}},
		{"14:00:00", "oleg", "cli", ticket.RootCaused{Cause: "вышел из строя контроллер RAID", Class: "hardware", Fixed: "контроллер заменён", Complete: true}},
		{"14:10:00", "oleg", "cli", ticket.Tasked{Task: "r1", Sort: "recommendation", Text: "внедрить мониторинг SMART для дисков", Priority: ticket.High, Owner: "oleg", Due: at("12:00:00").AddDate(0, 0, 14), Effort: 4 * time.Hour}},
		{"14:11:00", "oleg", "cli", ticket.Tasked{Task: "r2", Sort: "recommendation", Text: "настроить ежечасное резервное копирование базы 1С", Owner: "client"}},
		{"14:12:00", "oleg", "cli", ticket.Tasked{Task: "x1", Sort: "follow_up", Text: "забрать старый контроллер", Owner: "ivan"}},
		{"14:20:00", "oleg", "cli", ticket.Curated{Seq: 20, Hidden: &hide}},
		{"14:21:00", "oleg", "cli", ticket.Curated{Seq: 15, Text: "Виртуальные машины восстановлены из ночной копии", At: at("10:38:00")}},
		{"14:22:00", "oleg", "cli", ticket.Explained{Clock: sla.UpdateClock, Text: "инженер восстанавливал данные"}},
	}
	var log []ticket.Event
	for i, l := range lines {
		log = append(log, ticket.Event{Ticket: "t1", Seq: i + 1, At: at(l.clock), By: l.by, Channel: l.channel, Body: l.body, Hash: strings.Repeat("0", 30) + "ff"})
	}
	return log
}

// source is what the report of a log is made from.
func source(tb testing.TB, log []ticket.Event) Source {
	tb.Helper()
	d, err := ticket.Compile(log)
	if err != nil {
		tb.Fatal(err)
	}
	now := log[len(log)-1].At.Add(time.Hour)
	return Source{
		Dossier: d, Clocks: d.Clocks(now), Language: "ru", Zone: "Europe/Moscow", Version: 1, By: "Олег Ким", Now: now,
		Client:   client.Organisation{ID: "romashka", Name: "ООО «Ромашка»", Contract: client.Contract{ID: "Д-12"}, Assets: []client.Asset{{ID: "srv1", Name: "Сервер виртуальных машин"}}},
		Provider: Provider{Name: "ButlerSPB", Phone: "+7 812 309-40-01"},
		Person: func(id string) string {
			return map[string]string{"ivan": "Иван Петров", "oleg": "Олег Ким"}[id]
		},
		Rules: Rules{Others: []string{"ООО «Василёк»"}},
	}
}

// TestMonday holds the report that a log gives, in both languages.
func TestMonday(t *testing.T) {
	t.Parallel()
	src := source(t, monday())
	golden(t, "monday.ru.md", Markdown(Layout(Build(src), Seal{})))
	src.Language = "en"
	golden(t, "monday.en.md", Markdown(Layout(Build(src), Seal{})))
}

func TestBuild(t *testing.T) {
	t.Parallel()
	m := Build(source(t, monday()))
	md := Markdown(Layout(m, Seal{}))
	for what, bad := range map[string]string{
		"a secret":               "Zima2026",
		"another client's name":  "Василёк",
		"an internal note":       "контроллер не видит массив",
		"a line that was hidden": "Заказан контроллер",
		"the path of a file":     "/var/rec",
		"a task that is no word": "забрать старый контроллер",
		"a caller's number":      "+79215550118",
		"an id of a person":      "ivan",
	} {
		if strings.Contains(md, bad) {
			t.Errorf("%s is in the report: %q", what, bad)
		}
	}
	i := strings.Index(md, "из ночной копии (по журналу 10:40)")
	if i < 0 || strings.Index(md, "10:38") > i {
		t.Error("a line that is shown at another time does not say its own")
	}
	if len(m.Advice) != 2 || m.Advice[0].Task != "r1" || m.Advice[1].Owner != "клиент" {
		t.Errorf("advice %+v", m.Advice)
	}
	if m.Redacted == 0 || m.LogSeq != len(monday()) || len(m.Summary) < 3 || len(m.Summary) > 6 {
		t.Errorf("redacted %d, log to %d, summary %q", m.Redacted, m.LogSeq, m.Summary)
	}
	if again := Build(source(t, monday())); cmp.Diff(m, again) != "" {
		t.Error("the same log gives another report")
	}
}

// TestCurationSeesEverything: whoever curates sees internal lines too, but no secret.
func TestCurationSeesEverything(t *testing.T) {
	t.Parallel()
	lines := Lines(source(t, monday()))
	internal, edited := 0, 0
	for _, l := range lines {
		if l.Internal {
			internal++
		}
		if l.Edited {
			edited++
		}
		if strings.Contains(l.Text, "Zima2026") {
			t.Errorf("line %d: %s", l.Seq, l.Text)
		}
	}
	if internal < 3 || edited != 1 {
		t.Errorf("%d internal, %d edited of %d", internal, edited, len(lines))
	}
}

// TestOutageThatCameBack counts the spans of the trouble, not the time between.
func TestOutageThatCameBack(t *testing.T) {
	t.Parallel()
	log := monday()[:17]
	add := func(after time.Duration, body ticket.Body) {
		last := log[len(log)-1]
		log = append(log, ticket.Event{Ticket: "t1", Seq: last.Seq + 1, At: last.At.Add(after), By: "ivan", Channel: "cli", Body: body})
	}
	add(2*time.Hour, ticket.Reopened{Report: 1, Reason: "1С снова не запускается"})
	src := source(t, log)
	m := Build(src)
	if m.Result.Restored || len(m.Head.Outages) != 2 || !m.Head.Ended.IsZero() || m.Head.Repeats != 1 {
		t.Errorf("while it is back: %+v, %+v", m.Result, m.Head.Outages)
	}
	add(30*time.Minute, ticket.Acknowledged{How: "cli"})
	add(10*time.Minute, ticket.Restored{Statement: "1С работает", Check: "вход"})
	m = Build(source(t, log))
	want := []Outage{{log[0].At, log[15].At}, {log[17].At, log[19].At}}
	if diff := cmp.Diff(want, m.Head.Outages); diff != "" {
		t.Errorf("outages (-want +got):\n%s", diff)
	}
	if got := m.Head.outage(); got != 107*time.Minute+40*time.Minute {
		t.Errorf("outage of %v", got)
	}
}

// TestShortLogs: wherever a ticket stands, it has a report.
func TestShortLogs(t *testing.T) {
	t.Parallel()
	for n := range monday() {
		src := source(t, monday()[:n+1])
		m := Build(src)
		if _, err := PDF(Layout(m, Seal{}), m.MadeAt); err != nil {
			t.Errorf("after %d lines: %v", n+1, err)
		}
	}
}

// TestTwoClientsOneTicket: what another client has told, and when he was
// reached, is in nobody's report but his own.
func TestTwoClientsOneTicket(t *testing.T) {
	t.Parallel()
	log := monday()[:8]
	theirs := ticket.Contact{Channel: "email", Address: "boss@vasilek.example", Name: "Пётр Чужой", Party: "email:boss@vasilek.example", Client: client.Match{Level: client.Known, Org: "vasilek", OrgName: "ООО «Василёк»"}}
	add := func(by string, body ticket.Body) {
		last := log[len(log)-1]
		log = append(log, ticket.Event{Ticket: "t1", Seq: last.Seq + 1, At: last.At.Add(time.Minute), By: by, Channel: "email", Body: body})
	}
	add("vahta", ticket.Reported{Report: 2, From: theirs, Signal: "email/1", Text: "у нас тоже не работает бухгалтерия"})
	add("ivan", ticket.Contacted{Report: 2, Channel: "call", With: "Пётр Чужой", Talk: 4 * time.Minute})
	add("ivan", ticket.Messaged{Message: "m1", Report: 2, Purpose: ticket.ForReply, To: theirs, Text: "письмо чужому клиенту", Human: true})
	add("vahta", ticket.Sent{Message: "m1", Channel: "email"})
	add("vahta", ticket.Signalled{Report: 2, Signal: "email/2", From: theirs, Text: "чужое второе письмо", Files: []string{"aa"}})
	m := Build(source(t, log))
	all := Markdown(Layout(m, Seal{}))
	for _, bad := range []string{"бухгалтерия", "Чужой", "vasilek", "чужому клиенту", "второе письмо", "Василёк"} {
		if strings.Contains(all, bad) {
			t.Errorf("%q is in the report of another client", bad)
		}
	}
	if len(m.Files) != 0 || len(m.Clocks) == 0 {
		t.Errorf("files %+v, clocks %+v", m.Files, m.Clocks)
	}
	for _, c := range m.Clocks {
		if c.Of != "" {
			t.Errorf("a first contact of %s", c.Of)
		}
	}
}
