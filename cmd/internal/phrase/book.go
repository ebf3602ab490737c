package phrase

import "slices"

// book has the Russian of all formats, by the room that writes them.
func book() []phrase {
	return slices.Concat(ofCommands(), ofTickets(), ofDesk(), ofClients(), ofReports(), ofLibrary())
}

// foreign are formats of the libraries that read the command line.
func foreign() []phrase {
	return []phrase{
		{`required flag(s) %s not set`, `не задан обязательный флаг: $1`},
		{`unknown command %q for %q%s`, `нет команды $1 у $2; список: $2 --help`},
		{`unknown flag: --%s`, `нет флага --$1; список флагов: та же команда с --help`},
		{`unknown shorthand flag: %q in -%s`, `нет флага $1 (в -$2); список флагов: та же команда с --help`},
		{`flag needs an argument: --%s`, `после флага --$1 нужно значение`},
		{`flag needs an argument: %q in -%s`, `после флага -$2 нужно значение`},
		{`invalid argument %q for %q flag: %v`, `флаг $2: значение $1 не подходит: $3`},
		{`bad flag syntax: %s`, `флаг написан неверно: $1`},
		{`requires at least %d arg(s), only received %d`, `нужно аргументов не меньше $1, дано $2`},
		{`accepts at most %d arg(s), received %d`, `аргументов может быть не больше $1, дано $2`},
		{`accepts %d arg(s), received %d`, `нужно аргументов: $1, дано $2`},
		{`accepts between %d and %d arg(s), received %d`, `нужно аргументов от $1 до $2, дано $3`},
		{`time: invalid duration %q`, `$1 — не длительность; напишите, например, 90m или 2h`},
		{`strconv.ParseInt: parsing %q: invalid syntax`, `$1 — не число`},
		{`open %s: no such file or directory`, `файла $1 нет`},
		{`open %s: permission denied`, `нет прав на чтение файла $1`},
	}
}

func ofCommands() []phrase {
	return append(foreign(), []phrase{
		{`read configuration: %w; ` + "`vahta config sample` prints one to start from", `чтение настроек: $1; с чего начать, покажет ` + "`vahta config sample`"},
		{`no server runs on %s and there is no record %s; check the settings data and store.path, or start one with ` + "`vahta serve`", `в папке $1 не работает сервер, и базы $2 нет; проверьте настройки data и store.path или запустите ` + "`vahta serve`"},
		{`no server runs on %s, and only a running one has calls to stop and sources to ban; check the setting data, or start one with ` + "`vahta serve`", `в папке $1 сервер не работает, а звонки и запреты есть только у работающего; проверьте настройку data или запустите ` + "`vahta serve`"},
		{`%w; only a running server can test its line: start it with ` + "`vahta serve`", `$1; проверить линию может только работающий сервер: запустите ` + "`vahta serve`"},
		{`reach the running server: %w`, `сервер не отвечает: $1`},
		{`ask the running server: %w`, `запрос к серверу: $1`},
		{`the running server lets no phone register: set phones.enabled and restart it`, `сервер не принимает регистрацию телефонов: включите phones.enabled и перезапустите его`},
		{`say who does it, with --by`, `скажите, кто это делает, флагом --by`},
		{`toll stop: say who decides, with --by`, `скажите, кто это решил, флагом --by`},
		{`clients' pages have no address: set portal.public_url and leave portal.enabled on`, `у страниц для клиентов нет адреса: задайте portal.public_url и не выключайте portal.enabled`},
		{`nobody listens without a line in the audit: %w`, `без записи в аудит никто не слушает: $1`},
		{`the recording is larger than %d MiB; stop the server and ask again`, `запись больше $1 МиБ; остановите сервер и повторите`},
		{"the file has no people and schedules: they are in the record, and `vahta oncall` and `vahta person` edit them there", "людей и графиков в файле нет: они в базе, и правят их `vahta oncall` и `vahta person`"},
		{`the %d person(s) and %d schedule(s) of the file begin an empty record, once; from then on the record decides, edits of them in the file have no effect, and ` + "`vahta oncall import` brings them in", "люди ($1) и графики ($2) из файла один раз начинают пустую базу; дальше решает база, правки в файле ничего не меняют, внести их: `vahta oncall import`"},
		{`revoke phone %s: %w`, `$2`},
		{`there is no such phone account`, `такой учётной записи телефона нет`},
		{`the first people, schedules and clients, from %s`, `первые люди, графики и клиенты, из: $1`},
		{`the configuration file`, `файл настроек`},
		{`the directory that an earlier version had in force`, `то, что действовало при прежней версии`},
		{`dial unix %s: connect: no such file or directory`, `сокета $1 нет`},
		{`dial unix %s: connect: connection refused`, `сокет $1 никто не слушает`},
	}...)
}
