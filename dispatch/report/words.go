package report

import "maps"

// wordsRU are the words of a report in Russian.
func wordsRU() map[string]string {
	words := linesRU()
	maps.Copy(words, map[string]string{
		"decimal": ",", "unit.s": "с", "unit.min": "мин", "unit.h": "ч", "unit.d": "дн.", "unit.bytes": "байт", "unit.kib": "КБ", "unit.mib": "МБ",
		"month.1": "января", "month.2": "февраля", "month.3": "марта", "month.4": "апреля", "month.5": "мая", "month.6": "июня",
		"month.7": "июля", "month.8": "августа", "month.9": "сентября", "month.10": "октября", "month.11": "ноября", "month.12": "декабря",
		"weekday.0": "воскресенье", "weekday.1": "понедельник", "weekday.2": "вторник", "weekday.3": "среда", "weekday.4": "четверг",
		"weekday.5": "пятница", "weekday.6": "суббота", "zone.Europe/Moscow": "московское время", "zone.UTC": "всемирное время",
		"zone.Europe/Kaliningrad": "калининградское время", "zone.Asia/Yekaterinburg": "екатеринбургское время", "zone.Europe/Samara": "самарское время",
		"span.open":       "с {from}, ещё длится",
		"count.times.one": "раз", "count.times.few": "раза", "count.times.many": "раз",
		"count.fewer.one": "рабочего дня", "count.fewer.few": "рабочих дней", "count.fewer.many": "рабочих дней",
		"count.places.one": "место", "count.places.few": "места", "count.places.many": "мест",

		"title": "Отчёт об инциденте", "title.request": "Отчёт о работе", "title.warning": "Отчёт о предупреждении",
		"draft": "Черновик", "edition": "Версия {n} от {date}", "page": "{n} из {all}", "private": "Конфиденциально. Клиент: {client}",
		"private.nobody": "Конфиденциально", "running": "{title} {number}", "zone": "Время в отчёте: {zone}",

		"tile.contact": "Первый контакт", "tile.plan": "План действий", "tile.restore": "Восстановлено", "tile.outage": "Простой",
		"tile.promised": "обещано {limit}", "tile.at": "в {time}", "tile.late": "обещано {limit}", "tile.after": "с первого сигнала",
		"tile.running": "ещё длится", "tile.none": "нет", "tile.since": "с {from}",

		"head.client": "Клиент", "head.contract": "Договор", "head.category": "Категория", "head.priority": "Приоритет", "head.services": "Затронутые сервисы",
		"head.assets": "Оборудование и системы", "head.outage": "Период простоя", "head.known": "Первый сигнал", "head.engineer": "Ответственный инженер",
		"head.team": "Участвовали", "head.repeats": "Повторялся после восстановления",

		"section.summary": "Краткое резюме", "section.timeline": "Хронология", "section.actions": "Предпринятые действия", "section.result": "Итоговый результат",
		"section.cause": "Первопричина", "section.advice": "Рекомендации", "section.promises": "Соблюдение SLA", "section.annex": "Приложения", "section.seal": "Подлинность документа",

		"col.time": "Время", "col.source": "Источник", "col.event": "Событие", "col.who": "Кто", "col.action": "Действие", "col.way": "Доступ", "col.result": "Результат",
		"col.clock": "Обещание", "col.limit": "Норма", "col.actual": "Факт", "col.verdict": "Итог", "col.from": "С", "col.to": "До", "col.reason": "Причина",
		"col.number": "Номер", "col.talk": "Разговор", "col.message": "Сообщение", "col.to_whom": "Кому", "col.state": "Доставка", "col.question": "Вопрос",
		"col.answer": "Ответ", "col.file": "Файл", "col.size": "Размер", "col.hash": "SHA-256", "col.effort": "Трудозатраты", "col.person": "Специалист",
		"line.own": "по журналу {time}",
		"total":    "Всего",

		"result.restored": "Работа восстановлена {at}.", "result.not_restored": "На дату отчёта работа восстановлена не полностью.", "result.statement": "Что восстановлено",
		"result.check": "Как проверено", "result.loss": "Потери данных", "result.loss.none": "не выявлены", "result.risks": "Остаточные риски",
		"result.confirmed": "Подтверждение клиента", "result.confirmed.yes": "{at}", "result.confirmed.by": "{at}, {who}", "result.confirmed.no": "не получено",

		"cause.none": "Анализ первопричины не завершён. Результат будет в следующей версии отчёта.", "cause.pending": "Анализ продолжается; ниже то, что известно на дату отчёта.",
		"cause.cause": "Причина", "cause.class": "Вид причины", "cause.whys": "Цепочка «почему»", "cause.factors": "Что способствовало", "cause.caught": "Почему не заметили раньше",
		"cause.evidence": "На чём основан вывод", "cause.fixed": "Что устранено",
		"class.hardware": "отказ оборудования", "class.software": "ошибка программы", "class.capacity": "нехватка ресурсов", "class.change": "изменение в системе",
		"class.human": "действия людей", "class.attack": "атака", "class.supplier": "сбой поставщика", "class.unknown": "не установлена",

		"advice.intro": "Что нужно сделать, чтобы это не повторилось. За каждой рекомендацией мы следим, пока она не выполнена.", "advice.none": "Рекомендаций нет.",
		"advice.priority": "приоритет: {value}", "advice.owner": "ответственный: {value}", "advice.due": "срок: {value}", "advice.effort": "оценка: {value}", "advice.done": "выполнено",
		"advice.from": "из отчёта {value}", "advice.earlier": "Из прежних отчётов ещё не выполнено", "owner.client": "клиент",

		"clock.first_contact": "Первый контакт с инженером", "clock.plan": "План действий сообщён", "clock.stabilisation": "Работа восстановлена",
		"clock.next_update": "Обновления статуса", "clock.root_cause": "Первопричина найдена", "clock.report": "Отчёт направлен", "clock.of": "{clock}: {who}",
		"clock.itself": "этот отчёт", "verdict.met": "выполнено", "verdict.breached": "нарушено", "verdict.running": "идёт", "verdict.idle": "не начато",
		"verdict.met_by_policy": "выполнено по договору", "verdict.met_by_attempts": "выполнено: связаться пытались", "limit.none": "не обещано", "limit.less": "менее {limit}", "limit.by": "до {at}",
		"clock.why": "Пояснение: {text}", "clock.unexplained": "Пояснение к нарушению не дано.",
		"pauses": "Время, когда часы стояли", "pause.client": "ждали ответа клиента", "pause.third_party": "ждали поставщика клиента",
		"pause.no_access": "не было доступа по вине клиента", "pause.agreed_window": "согласованное окно работ", "pause.open": "ещё длится",
		"promise": "Срок восстановления", "promise.first": "Первый названный срок", "promise.last": "Последний названный срок", "promise.kept": "{at}: выдержан",
		"promise.missed": "{at}: не выдержан", "promise.open": "{at}",

		"annex.calls": "Журнал звонков", "annex.messages": "Сообщения клиенту", "annex.answers": "Ответы первичного разбора", "annex.files": "Файлы",
		"call.in": "входящий", "call.back": "обратный", "state.waits": "отправляется", "state.sent": "доставлено", "state.failed": "не доставлено",
		"purpose.receipt": "подтверждение приёма", "purpose.reply": "ответ", "purpose.plan": "план действий", "purpose.update": "обновление", "purpose.status": "смена статуса",
		"purpose.report": "отчёт", "purpose.question": "вопрос",

		"seal.hash": "Контрольная сумма отчёта (SHA-256)", "seal.log": "Журнал заявки", "seal.log.value": "строка {seq}, {hash}", "seal.approved": "Утверждён", "seal.approved.no": "не утверждён: черновик",
		"seal.sent": "Направлен", "seal.opened": "Открыт клиентом", "seal.by": "{at}, {who}", "seal.redacted": "Скрыто по правилам безопасности", "seal.made": "Составлен",

		"yes": "да", "no": "нет",
		"redacted":          "[скрыто]",
		"priority.critical": "критический", "priority.high": "высокий", "priority.normal": "обычный", "priority.low": "низкий",
		"category.service_down": "отказ ключевого сервиса", "category.security": "угроза безопасности", "category.data_loss": "потеря данных", "category.network_down": "отказ сети",
		"channel.call": "звонок", "channel.voice": "звонок", "channel.email": "почта", "channel.telegram": "Telegram", "channel.sms": "SMS", "channel.portal": "портал", "channel.api": "API",
		"channel.monitor": "мониторинг", "channel.zabbix": "мониторинг", "channel.webhook": "webhook", "channel.cli": "инженер", "channel.desk": "инженер",
		"source.vahta": "система", "source.engineer": "инженер", "source.client": "клиент", "source.machine": "мониторинг",
		"way.vpn": "VPN", "way.rdp": "RDP", "way.anydesk": "AnyDesk", "way.ssh": "SSH", "way.console": "консоль", "way.onsite": "на месте",
		"step.done": "сделано", "step.skipped": "пропущено", "step.failed": "не получилось",
	})
	return words
}

// linesRU are those of the chronology and the summary.
func linesRU() map[string]string {
	return map[string]string{
		"line.call": "Звонок на горячую линию с номера {number}", "line.call.name": "Звонок на горячую линию: {name}", "line.signal": "Обращение: {text}", "line.signal.empty": "Обращение без текста",
		"line.report": "Ещё одно обращение: {text}", "line.report.empty": "Ещё одно обращение", "line.joined": "Повторный звонок клиента",
		"line.message": "Сообщение клиента: {text}", "line.message.empty": "Сообщение клиента", "line.alarm": "Сигнал мониторинга: {text}", "line.alarm.empty": "Сигнал мониторинга",
		"line.recovery": "Мониторинг сообщает о восстановлении: {text}", "line.recovery.empty": "Мониторинг сообщает о восстановлении",
		"line.attempted": "Вызов: {person}, {outcome}", "line.accepted": "Дежурный инженер ответил на звонок", "line.ended": "Разговор окончен, {talk}",
		"line.ended.abandoned": "Клиент положил трубку, не дождавшись ответа", "line.ended.exhausted": "Никто из дежурных не ответил на звонок", "line.ended.failed": "Звонок прервался",
		"line.ended.broken": "Звонок прервался", "line.ended.refused": "Звонок не был принят",
		"line.contacted": "Инженер связался с клиентом", "line.contacted.with": "Инженер связался с клиентом ({with})", "line.talk": ", разговор {talk}",
		"line.tried": "Попытка связаться с клиентом ({channel}): {result}", "tried.no_answer": "не ответил", "tried.busy": "занято", "tried.voicemail": "автоответчик", "tried.bounced": "письмо вернулось",
		"tried.failed": "не удалось", "line.recalled": "Клиенту перезвонили, он ответил", "line.recall_tried": "Перезвонили клиенту ({n}), ответа нет", "line.page": "Вызов дежурных: {reason}",
		"line.acknowledged": "Дежурный инженер взял заявку", "line.plan": "План действий направлен клиенту: {text}", "line.plan.empty": "План действий направлен клиенту",
		"line.plan_told": "План действий сообщён по телефону. Предположительно {hypothesis}. План действий: {actions}; в случае неудачи: {fallback}. Ожидаемое время стабилизации: {eta}",
		"line.reply":     "Ответ клиенту: {text}", "line.reply.empty": "Ответ клиенту", "line.question": "Вопрос клиенту: {text}", "line.question.empty": "Вопрос клиенту",
		"line.report_sent": "Отчёт направлен клиенту", "line.receipt": "Автоматическое подтверждение приёма", "line.message_sent": "Сообщение доставлено: {text}", "line.message_sent.empty": "Сообщение доставлено",
		"line.unsent": "Сообщение не доставлено ({channel})", "line.confirmed": "Клиент подтвердил, что всё работает", "line.triaged": "Первичная оценка: {text}",
		"line.connected": "Подключение ({way}): {asset}", "line.client_side": "инфраструктура клиента", "line.remote": "удалённая работа", "line.specialist_asked": "Вызван специалист: {skill}",
		"line.specialist": "Подключился специалист: {skill}", "line.handed_over": "Заявку принял {person}", "line.assigned": "Заявка назначена: {person}", "line.revealed": "Показан доступ: {asset}",
		"line.stage.diagnosis": "Начата диагностика", "line.stage.hot": "Начаты восстановительные работы", "line.stage.root_cause": "Начат поиск первопричины", "line.stage.closed": "Заявка закрыта", "line.unreported": "; без отчёта, потому что: {why}",
		"line.stage.cancelled": "Заявка отменена", "line.priority": "Приоритет изменён: {priority}", "line.update": "Статус для клиента: {text}", "line.update.empty": "Статус для клиента", "line.update_untold": "Статус для клиента (сообщение не доставлено): {text}", "line.update_untold.empty": "Статус для клиента (сообщение не доставлено)",
		"line.restored": "Работа восстановлена: {text}", "line.restored.empty": "Работа восстановлена", "line.paused": "Работа приостановлена: {reason}", "line.resumed": "Работа продолжена",
		"line.reopened": "Проблема повторилась", "line.cause": "Первопричина установлена: {text}", "line.cause.empty": "Первопричина установлена", "line.cause_corrected": "исправлено {at}", "line.cause_draft": "Запись о первопричине дополнена",
		"line.t0": "Время первого сигнала уточнено: {at}", "line.warned": "Предупреждение о сроке: {clock}, {level}", "line.absorbed": "Присоединена заявка {number}",
		"summary.signal": "{at} получен сигнал: {title}", "summary.contact": "Дежурный инженер связался с клиентом через {after}", "summary.plan": "План действий сообщён через {after}",
		"summary.restored": "Работа восстановлена {at}, простой составил {outage}", "summary.open": "Работа ещё не восстановлена", "summary.cause": "Первопричина: {cause}",
		"summary.advice": "Чтобы это не повторилось, даём {n}", "count.advice.one": "рекомендацию", "count.advice.few": "рекомендации", "count.advice.many": "рекомендаций",
		"result.abandoned": "не дождался", "result.exhausted": "никто не ответил", "result.failed": "сбой", "result.broken": "прервался", "result.refused": "не принят",
		"clock.lag": "Из них {lag} сигнал ждал приёма у нас.", "clock.tried": "Первая попытка связаться: {at}.", "clock.periods": "Самый долгий перерыв; периодов между сообщениями: {n}, дольше обещанного: {missed}.",
		"promise.late": "Переносы срока, о которых сообщили после его истечения", "verdict.void": "снято",
	}
}
