package phrase

func ofClients() []phrase {
	return []phrase{
		{`a change puts, removes, merges or forgets; this one does %d of them`, `правка записывает, удаляет, объединяет или убирает; в этой их $1`},
		{`there is no client %q; ` + "`vahta client list` shows who there is", `клиента $1 нет; список: ` + "`vahta client list`"},
		{`client %s is to be written twice`, `карточка $1 стоит дважды`},
		{`client %s was merged into %s; edit that one`, `клиент $1 объединён с $2; правьте $2`},
		{`%q is no id of a client; take small Latin letters, digits, hyphens and dots, such as %s`, `$1 не годится в ID клиента; возьмите строчные латинские буквы, цифры, дефисы и точки, например $2`},
		{`client %s was merged into %s; remove it too, or leave both`, `клиент $1 объединён с $2; удалите и его или оставьте обоих`},
		{`client %s has no contact %q; ` + "`vahta client show %s` lists them", `у клиента $1 нет контакта $2; список: ` + "`vahta client show $3`"},
		{`the table has more than %d MiB; cut it into several`, `в таблице больше $1 МиБ; разрежьте её`},
		{`the table is not in UTF-8; save it as "CSV UTF-8"`, `таблица не в UTF-8; сохраните её как «CSV UTF-8»`},
		{`the table is not CSV: %v`, `таблица — не CSV: $1`},
		{`the table has no lines; its first line must name the columns: %s`, `в таблице нет строк; первая должна называть столбцы: $1`},
		{`column %d is called %q, which is unknown or there already; there are: %s`, `столбец $1 называется $2: такого нет, или он уже был; есть: $3`},
		{`id and name are empty`, `id и name пусты`},
		{`%q; write yes or no`, `$1; напишите да или нет`},
		{`line %d: %v`, `строка $1: $2`},
		{`nothing is written: %w`, `ничего не записано: $1`},
		{`client %s can not be merged into itself`, `клиента $1 не объединить с ним самим`},
		{`client %s was merged into %s already`, `клиент $1 уже объединён с $2`},
		{`client %s was merged into %s; merge into that one`, `клиент $1 объединён с $2; объединяйте с ним`},

		{`check clients: %w`, `$1`},
		{`clients[%s]: id is used twice`, `clients[$1]: этот id уже занят`},
		{`%s: id and name are required`, `$1: нужны id и name`},
		{`%q is not an IANA zone such as Europe/Moscow`, `часового пояса $1 нет; пишут так: Europe/Moscow`},
		{`required, and may be used once`, `нужен, и только один раз`},
		{`%q, want ru or en`, `$1, а нужно ru или en`},
		{`%s.assets[%d]: id and name are required, and an id may be used once`, `$1.assets[$2]: нужны id и name, и id — только один раз`},
		{`%s: id and way are required, and an id may be used once`, `$1: нужны id и way, и id — только один раз`},
		{`%s.secret: this must not be the secret itself; write where it is kept, such as vault:romashka/rdp`, `$1.secret: здесь не место самому секрету; напишите, где он хранится, например vault:romashka/rdp`},
		{`%s.numbers[%d]: the number stands here already, in this or another spelling; remove one`, `$1.numbers[$2]: этот номер здесь уже есть, так или иначе записанный; уберите один`},
		{`%s: %q is a telephone number; list it under numbers`, `$1: $2 — номер телефона; запишите его в numbers`},
		{`%s: %q is %w`, `$1: $2 — $3`},
		{`no address; write channel:value, such as email:info@romashka.example or telegram:123456789`, `не адрес; пишут канал:значение, например email:info@romashka.example или telegram:123456789`},
		{`%s: the address stands here already, in this or another spelling; remove one`, `$1: этот адрес здесь уже есть, так или иначе записанный; уберите один`},
		{`read address %q: %w`, `$1 — $2`},
		{`%q is no domain; write one such as romashka.example`, `$1 — не домен; пишут так: romashka.example`},
		{`%s is a free-mail service, where everybody has an address; list the people's addresses instead`, `$1 — почта, где адрес есть у каждого; запишите адреса людей`},
		{`%q is no length of time; write one such as 15m or 1h30m`, `$1 — не длительность; пишут так: 15m или 1h30m`},
		{`%q is not understood; write days and hours, such as %q`, `$1 непонятно; напишите дни и часы, например $2`},
		{`two windows of %s overlap`, `два окна одного дня ($1) пересекаются`},
		{`write down organisation %s: %w`, `карточка $1: $2`},
		{`read an organisation (was it edited by a newer version?): %w`, `карточка не читается (её правила более новая версия?): $1`},
		{`something follows the body`, `после карточки стоит лишнее`},
		{`read number %q: %w`, `$1 — $2`},
		{`read number %s with %d digits: %w`, `$1, цифр $2, — $3`},
		{`read number %s: no country has such a number: %w`, `$1: таких номеров нет ни в одной стране; $2`},
		{`not a telephone number`, `не номер телефона`},
		{`the caller withholds the number`, `номер скрыт`},
		{`%q is no number of a client: it has %d digits; write it whole, such as +7 812 555-01-00, or an extension of %d digits and more`, `$1 — не номер клиента: цифр в нём $2; напишите целиком, например +7 812 555-01-00, или внутренний от $3 цифр`},
		{`edit clients: there is no record: %w`, `править клиентов нельзя: базы нет; $1`},
		{`edit clients: %w`, `$1`},
		{`export clients: the audit can not be written, so nothing is given out: %w`, `аудит не записать, поэтому ничего не выдано: $1`},
	}
}

func ofReports() []phrase {
	return []phrase{
		{`make report of ticket %s: %w`, `$2`},
		{`read lines of ticket %s: %w`, `$2`},
		{`draft report of ticket %s: %w`, `$2`},
		{`curate the report of ticket %s: %w`, `$2`},
		{`curate the report of ticket %s: its log has no line %d; ` + "`vahta report lines` shows them", `в журнале заявки $1 нет строки $2; список: ` + "`vahta report lines`"},
		{`approve report of ticket %s: %w`, `$2`},
		{`read report of ticket %s: %w`, `$2`},
		{`ticket %s has no report yet; make one with ` + "`vahta report draft`: %w", `у заявки $1 ещё нет отчёта; сделайте его: ` + "`vahta report draft`"},
		{`ticket %s has no version %d of its report: %w`, `у отчёта заявки $1 нет версии $2`},
		{`write report: %q is no form; want md, html, pdf or json`, `вида $1 нет; есть md, html, pdf и json`},
		{`%q is not draft, curate, approve or send`, `действия $1 нет; есть draft, curate, approve и send`},
		{`there is no such page`, `такой страницы нет`},
	}
}

func ofLibrary() []phrase {
	return []phrase{
		{`save article %s: %w`, `статья $1: $2`},
		{`id: %q; take small Latin letters, digits and hyphens, such as 1c-does-not-start`, `id: $1; возьмите строчные латинские буквы, цифры и дефисы, например 1c-does-not-start`},
		{`title: one line of 1 to %d letters is required`, `title: нужна одна строка, не больше $1 букв`},
		{`body: 1 byte to %d KiB of Markdown are required`, `body: нужен Markdown, не больше $1 КиБ`},
		{`language: %q, want ru or en`, `language: $1, а нужно ru или en`},
		{`author: required`, `author: нужен автор`},
		{`there is nothing to look for in the question; write a word of some length, a name, a number or a host`, `в вопросе нечего искать; напишите слово подлиннее, имя, номер или хост`},
		{`search: %w`, `$1`},
	}
}
