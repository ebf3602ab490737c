package triage

import (
	"slices"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

func shipped(tb testing.TB) *Catalogue {
	tb.Helper()
	c, err := Shipped()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Each red button has its topics, and all that a topic names is there, in both languages.
func TestWhatShips(t *testing.T) {
	t.Parallel()
	c := shipped(t)
	used := map[string]bool{}
	for _, category := range []ticket.Category{ticket.ServiceDown, ticket.Security, ticket.DataLoss, ticket.NetworkDown} {
		if len(c.Of(category)) < 3 || len(c.ListsFor(category)) == 0 || len(c.RunbooksFor(category)) == 0 {
			t.Errorf("%s: %d topics, %d lists, %d runbooks", category, len(c.Of(category)), len(c.ListsFor(category)), len(c.RunbooksFor(category)))
		}
	}
	for _, topic := range c.Topics {
		if len(topic.Lists) == 0 || len(topic.Runbooks) == 0 || len(topic.Phrases) == 0 {
			t.Errorf("topic %s: a list, a runbook and phrases are wanted", topic.ID)
		}
		for _, id := range slices.Concat(topic.Lists, topic.Runbooks) {
			used[id] = true
		}
		both(t, "topic "+topic.ID, topic.Title)
	}
	for _, l := range c.Lists {
		if !used[l.ID] {
			t.Errorf("list %s: no topic names it", l.ID)
		}
		if len(l.Owed(nil)) == 0 {
			t.Errorf("list %s: nothing must be answered", l.ID)
		}
		for _, q := range l.Questions {
			both(t, "question "+l.ID+"/"+q.ID, q.Ask)
			if !q.Hint.IsZero() {
				both(t, "hint "+l.ID+"/"+q.ID, q.Hint)
			}
		}
	}
	for _, r := range c.Runbooks {
		if !used[r.ID] {
			t.Errorf("runbook %s: no topic names it", r.ID)
		}
		if !slices.ContainsFunc(r.Steps, Step.Public) {
			if r.ID != "keep_evidence" {
				t.Errorf("runbook %s: the report would tell of nothing", r.ID)
			}
		}
		for _, s := range r.Steps {
			for _, w := range []Words{s.Do, s.Check, s.Careful, s.Done} {
				if !w.IsZero() {
					both(t, "step "+r.ID+"/"+s.ID, w)
				}
			}
		}
	}
}

// both holds a text to be written in each language, in its letters.
func both(t *testing.T, where string, w Words) {
	t.Helper()
	cyrillic := func(r rune) bool { return r >= 'А' && r <= 'я' || r == 'ё' || r == 'Ё' }
	if !strings.ContainsFunc(w.RU, cyrillic) || w.EN == "" || strings.ContainsFunc(w.EN, cyrillic) {
		t.Errorf("%s: ru %q, en %q", where, w.RU, w.EN)
	}
}

// What clients say at night, and what it is taken for; "" = nothing.
func TestSuggest(t *testing.T) {
	t.Parallel()
	c := shipped(t)
	for said, want := range map[string]string{
		"1С не запускается": "one_c",
		"Ничего не работает, 1C вообще не открывается!!":              "one_c",
		"не можем зайти в 1с с утра":                                  "one_c",
		"1С:Предприятие вылетает при входе":                           "one_c",
		"шифровальщик":                                                "ransomware",
		"все файлы зашифрованы, 1С не открывается":                    "ransomware",
		"На сервере у файлов поменялось расширение и просят биткоины": "ransomware",
		"аномально высокая дисковая активность на файловом сервере":   "ransomware",
		"пропал интернет":                                             "internet",
		"сидим без интернета второй час":                              "internet",
		"провайдер говорит авария":                                    "internet",
		"СХД": "storage",
		"У нас схд моргает красным":                             "storage",
		"RAID развалился, два диска вылетели":                   "storage",
		"сервер не отвечает":                                    "server_down",
		"упал сервер":                                           "server_down",
		"Сервер не отвечает, сайт «лежит», телефония молчит":    "server_down",
		"телефония молчит":                                      "telephony",
		"клиенты не могут до нас дозвониться":                   "telephony",
		"почта не ходит с обеда":                                "mail",
		"письма не доходят":                                     "mail",
		"пропали сетевые диски":                                 "file_server",
		"общая папка не открывается ни у кого":                  "file_server",
		"на нас DDoS-атака":                                     "ddos",
		"сайт ддосят":                                           "ddos",
		"нас взломали":                                          "intrusion",
		"кто-то посторонний вошёл в учётную запись":             "intrusion",
		"утечка данных клиентов":                                "data_leak",
		"бухгалтер открыла вложение из письма":                  "phishing",
		"база повреждена, CHECKDB ругается":                     "database",
		"бэкап не восстанавливается":                            "backup",
		"удалили папку с договорами":                            "deleted",
		"сеть легла во всём офисе":                              "lan",
		"сгорел коммутатор":                                     "network_device",
		"VPN с филиалом упал":                                   "vpn",
		"не пускает на терминальный сервер":                     "terminal_server",
		"никто не может: пользователи не могут войти в систему": "domain",
		"сайт не открывается, 502":                              "website",
		"отключили электричество, ИБП пищит":                    "power",
		"закончилось место на диске сервера":                    "disk_full",
		"our server is down":                                    "server_down",
		"1C does not start":                                     "one_c",
		"All files are encrypted, there is a ransom note":       "ransomware",
		"there is no internet in the office":                    "internet",
		"we can't send mail":                                    "mail",
		"the phones are dead":                                   "telephony",
		"RAID degraded":                                         "storage",
		"we are under attack":                                   "ddos",
		"somebody has deleted the folder":                       "deleted",
		"the site is down with 502":                             "website",
		"":                                                      "",
		"Здравствуйте! Подскажите, сколько стоит ваш IT-аудит?": "",
		"Добрый день, резервная копия завершена успешно":        "",
		"Hello, please send us the invoice": "",
		"спасибо, всё работает":             "",
		"Нужно завести почту новому сотруднику и выдать доступ к папке": "",
	} {
		got, why := "", ""
		if s := c.Suggest(said); len(s) > 0 {
			got, why = s[0].Topic.ID, s[0].Why
		}
		if got != want {
			t.Errorf("%q is taken for %q (%s), want %q", said, got, why, want)
		}
	}
}

// The red buttons of the article: what it names suggests the category it names it under.
func TestTheArticlesRedButtons(t *testing.T) {
	t.Parallel()
	c := shipped(t)
	for said, want := range map[string]ticket.Category{
		"Недоступен физический или виртуальный сервер, сервер недоступен": ticket.ServiceDown,
		"не работает CRM": ticket.ServiceDown,
		"не работает почтовый сервер, почта не ходит":                      ticket.ServiceDown,
		"не работает вся IP-телефония":                                     ticket.ServiceDown,
		"Активная атака вируса-шифровальщика":                              ticket.Security,
		"DDoS-атака на сайт":                                               ticket.Security,
		"подтвержденный факт взлома инфраструктуры":                        ticket.Security,
		"утечки данных":                                                    ticket.Security,
		"Критический сбой в работе СХД":                                    ticket.DataLoss,
		"повреждение: база повреждена":                                     ticket.DataLoss,
		"невозможность восстановить: резервная копия не восстанавливается": ticket.DataLoss,
		"Полностью не работает локальная сеть в офисе":                     ticket.NetworkDown,
		"нет доступа в интернет, пропал интернет по всем каналам":          ticket.NetworkDown,
		"маршрутизатор вышел из строя":                                     ticket.NetworkDown,
	} {
		var got ticket.Category
		if s := c.Suggest(said); len(s) > 0 {
			got = s[0].Topic.Category
		}
		if got != want {
			t.Errorf("%q is taken for %q, want %q", said, got, want)
		}
	}
}
