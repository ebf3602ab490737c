package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Each kind of work on a ticket is told in words of both languages: no key of
// ours and no blank reaches a reader.
func TestTimelineOfTheDesk(t *testing.T) {
	t.Parallel()
	ivan, noon := ticket.Contact{Channel: "email", Address: "i@x", Name: "Иван"}, time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	want := map[string]ticket.Body{
		"заявка открыта: Иван (почта i@x): «1С»":                                  ticket.Opened{From: ivan, Signal: "email/1", Text: "1С"},
		"заявка открыта, anna: «аудит»":                                           ticket.Opened{Signal: "cli/1", Text: "аудит"},
		"обращение 2: Иван (почта i@x): «тоже»":                                   ticket.Reported{Report: 2, From: ivan, Text: "тоже"},
		"сообщение: Иван (почта i@x)":                                             ticket.Signalled{From: ivan},
		"мониторинг сообщает, что прошло: мониторинг zbx":                         ticket.Signalled{From: ticket.Contact{Channel: "monitor", Address: "zbx"}, Recovery: true},
		"первичный разбор, anna: отказ сервиса; влияние высокое; 1С":              ticket.Triaged{Category: ticket.ServiceDown, Impact: ticket.HighLvl, Services: []string{"1С"}},
		"это запрос, anna: не авария":                                             ticket.Classified{Class: ticket.Request, Reason: "не авария"},
		"Пингуется? — yes (anna)":                                                 ticket.Answered{Question: "ping", Asked: "Пингуется?", Answer: "yes"},
		"Изолировать: сделано (anna)":                                             ticket.Stepped{Step: "isolate", Did: "Изолировать", Result: "done"},
		"назначен: boris (назначил anna): 1С":                                     ticket.Assigned{To: "boris", Reason: "1С"},
		"передана: anna → boris; диск":                                            ticket.HandedOver{From: "anna", To: "boris", Note: "диск"},
		"подключился: vera: сеть":                                                 ticket.TookPart{Person: "vera", Role: "сеть"},
		"отключился: vera":                                                        ticket.TookPart{Person: "vera", Left: true},
		"начало отсчёта перенесено с 09:00 на 08:00":                              ticket.T0Moved{From: noon, To: noon.Add(-time.Hour)},
		"сроки пересчитаны по правилам gold, anna: договор":                       ticket.Recomputed{Policy: sla.Policy{Version: "gold"}, Reason: "договор"},
		"пауза p1: ждём клиента, до 09:00 (anna)":                                 ticket.Paused{Pause: "p1", Reason: ticket.WaitsForClient, Until: noon},
		"пауза (все) окончена: клиент ответил":                                    ticket.Resumed{Reason: "signal"},
		"снова открыта, anna: опять":                                              ticket.Reopened{Reason: "опять"},
		"срок подходит: план, отметка 45m; извещены: anna, с опозданием на 5 мин": ticket.Warned{Clock: sla.PlanClock, Level: "45m", To: []string{"anna"}, Late: 5 * time.Minute},
		"срок нарушен: стабилизация":                                              ticket.Warned{Clock: sla.StabiliseClock, Level: sla.Breach},
		"задача 3: срок завтра; извещены: клиент":                                 ticket.Warned{Clock: TaskClock("3"), Level: "due-1d", To: []string{"client"}},
		"клиенту, план: Иван (почта i@x), пишет anna: «Проблема»":                 ticket.Messaged{Purpose: ticket.ForPlan, To: ivan, Text: "Проблема"},
		"сообщение доставлено: Telegram":                                          ticket.Sent{Channel: "telegram"},
		"сообщение не доставлено: SMS: нет денег":                                 ticket.Unsent{Channel: "sms", Cause: "нет денег"},
		"разговор с клиентом: Иван, телефон (anna)":                               ticket.Contacted{Channel: "call", With: "Иван"},
		"клиент не ответил: телефон, занят (anna)":                                ticket.ContactTried{Channel: "call", Result: "busy"},
		"черновик плана 1: — (anna)":                                              ticket.Planned{Version: 1, Engineer: "anna"},
		"план 2: предположительно в СХД (anna), стабилизация к 09:00":             ticket.Planned{Version: 2, Hypothesis: "в СХД", Actions: []string{"x"}, Fallback: "y", ETA: noon, Engineer: "anna"},
		"план 2 доложен устно: Иван (anna)":                                       ticket.PlanTold{Version: 2, With: "Иван"},
		"клиенту о ходе работ, anna: меняем диск; следующее сообщение до 09:00":   ticket.Updated{Text: "меняем диск", Next: noon},
		"стабилизировано, anna: 1С работает; проверка: вход":                      ticket.Restored{Statement: "1С работает", Check: "вход"},
		"клиент подтвердил, что работает: Иван":                                   ticket.ClientConfirmed{With: "Иван"},
		"оценка клиента: 5: «спасибо»":                                            ticket.Rated{Score: 5, Comment: "спасибо"},
		"присоединена заявка VH-26-000078, anna":                                  ticket.Absorbed{Number: ticket.Number{Year: 26, Seq: 7}},
		"присоединённая заявка отделена, anna":                                    ticket.Released{},
		"снова отдельная заявка, anna":                                            ticket.Unmerged{},
		"сигнал email/1 стал заявкой VH-26-000078, anna":                          ticket.Split{Signal: "email/1", Number: ticket.Number{Year: 26, Seq: 7}},
		"часть массового инцидента: VH-26-000078":                                 ticket.Linked{Relation: ticket.ChildOf, Number: ticket.Number{Year: 26, Seq: 7}},
		"связь снята: повтор":                                                     ticket.Unlinked{Relation: ticket.RepeatOf},
		"задача 1: SMART (клиент), срок 2026-03-01 09:00":                         ticket.Tasked{Task: "1", Text: "SMART", Owner: "client", Due: noon},
		"задача 1: сделано (anna)":                                                ticket.TaskDone{Task: "1", Result: "done"},
		"подключение s1: rdp (anna): srv":                                         ticket.Connected{Session: "s1", Way: "rdp", Asset: "srv"},
		"подключение s1 закрыто (anna)":                                           ticket.Disconnected{Session: "s1"},
		"показано, где хранится доступ: srv, rdp (anna): авария":                  ticket.Revealed{Asset: "srv", Access: "rdp", Reason: "авария"},
		"время: anna, подключение, 5 мин":                                         ticket.Timed{Person: "anna", Source: "session", From: noon, To: noon.Add(5 * time.Minute)},
		"время t1 учтено: 15 мин (anna)":                                          ticket.TimeSettled{Entry: "t1", Time: 15 * time.Minute},
		"первопричина: износ диска (anna)":                                        ticket.RootCaused{Cause: "износ диска"},
		"почему нарушен срок «план»: один инженер (anna)":                         ticket.Explained{Clock: sla.PlanClock, Text: "один инженер"},
		"строка 7 отчёта изменена, anna":                                          ticket.Curated{Seq: 7},
		"отчёт, версия 1, anna":                                                   ticket.Drafted{Version: 1},
		"отчёт утверждён, версия 1, anna":                                         ticket.Approved{Version: 1},
		"клиент открыл отчёт, версия 1":                                           ticket.ReportRead{Version: 1},
	}
	for text, body := range want {
		for _, language := range []string{"ru", "en"} {
			w := writer{opt: TimelineOptions{Zone: time.UTC, Name: func(id string) string { return id }}, texts: texts(language)}
			got := w.event(ticket.Event{At: noon, By: "anna", Body: body})
			if language == "ru" && got != text {
				t.Errorf("%s: %q, want %q", body.Kind(), got, text)
			}
			if got == string(body.Kind()) || strings.ContainsAny(got, "{}") || strings.Contains(got, "event.") {
				t.Errorf("%s in %s: %q", body.Kind(), language, got)
			}
		}
	}
}

// The head of a ticket that no call has opened says who has asked, and speaks of no withheld number.
func TestHeadOfWhatCameWithoutACall(t *testing.T) {
	t.Parallel()
	olga := ticket.Contact{Channel: "call", Address: "+79215550123", Name: "Ольга"}
	for want, opened := range map[string]ticket.Opened{
		"Клиент: неизвестен; обратился: Ольга (телефон +79215550123)\n": {From: olga, Signal: "cli/1"},
		"Клиент: неизвестен; обратился: почта i@x\n":                    {From: ticket.Contact{Channel: "email", Address: "i@x"}, Signal: "email/1"},
		"Клиент: неизвестен\n":                                          {Signal: "cli/1"},
		"Клиент: неизвестен; обратился: Ольга\n":                        {From: ticket.Contact{Name: "Ольга"}, Signal: "cli/1"},
		"Клиент: неизвестен; звонил: номер скрыт\n":                     {Call: "a"},
	} {
		for _, partial := range []bool{false, true} {
			log := []ticket.Event{{By: "anna", Body: opened}}
			if partial {
				log = nil // the record is away: who has asked is not known, and nothing is claimed
			}
			tk := ticket.Ticket{Party: "p"}
			got := Timeline(tk, log, TimelineOptions{Language: "ru", Partial: partial})
			if !partial && !strings.Contains(got, want) {
				t.Errorf("want %q in\n%s", want, got)
			}
			if partial && strings.Contains(got, "скрыт") {
				t.Errorf("a part of a log says\n%s", got)
			}
		}
	}
}
