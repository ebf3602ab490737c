package dispatch

import "maps"

// texts returns the words of timelines in a language; any but "en" is Russian.
func texts(language string) map[string]string {
	if language == "en" {
		return textsEN()
	}
	return textsRU()
}

func textsRU() map[string]string {
	list := map[string]string{
		"decimal": ",", "unit.h": "ч", "unit.min": "мин", "unit.s": "с",
		"head.client": "Клиент: {client}", "head.caller": "; звонил: {caller}", "head.asker": "; обратился: {from}",
		"head.opened":    "Открыта {at}, линия {line}",
		"clock.running":  "Первый контакт: ждёт {elapsed} из {limit}",
		"clock.met":      "Первый контакт: {elapsed}, в срок (обещано меньше {limit})",
		"clock.breached": "Первый контакт: {elapsed}, срок нарушен (обещано меньше {limit})",
		"client.unknown": "неизвестен", "client.maybe": "возможно, {client}", "contact.unproven": "{who}, отправитель не подтверждён", "caller.hidden": "номер скрыт",

		"log.partial": "(начало журнала сейчас не прочитать: база недоступна; ниже то, что было с тех пор)",

		"event.opened":       "заявка открыта: звонок с {caller} на линию {line}",
		"event.joined":       "повторный звонок с {caller} на линию {line}: присоединён к заявке",
		"event.attempt":      "звоним: {person}{device}: {outcome}, {took}",
		"event.page":         "голосовой вызов: {person}{device}: {outcome}, {took}",
		"event.accepted":     "звонок принял инженер: {person}{device}",
		"event.call_ended":   "звонок окончен: {result}",
		"event.talk":         ", разговор {talk}",
		"event.recording":    ", запись {path}",
		"event.page_raised":  "поднята тревога: {reason}",
		"event.late":         ", с опозданием на {late}",
		"event.acknowledged": "заявку взял: {person} ({how})",
		"event.noted":        "заметка, {person}: {text}",
		"event.moved":        "стадия «{stage}», {person}",
		"event.categorised":  "категория: {category}",
		"event.prioritised":  "приоритет: {priority}",
		"event.merged":       "объединена с {target}",

		"event.repeats.one": ", и ещё {n} раз", "event.repeats.few": ", и ещё {n} раза", "event.repeats.many": ", и ещё {n} раз",
		"event.recall_asked":      "звонок клиента прерван, перезваниваем: {caller}",
		"event.recall_refused":    "звонок клиента прерван, сами не перезваниваем: {reason}",
		"event.recall_tried":      "перезваниваем клиенту, попытка {try}: {outcome}, {took}",
		"event.recall_given_up":   "клиент не ответил на обратные звонки (попыток: {tries}); перезвоните сами",
		"event.recall_not_needed": "перезванивать больше не нужно",
		"event.specialist_asked":  "нужен специалист «{skill}» (просит {person}); вызываем по очереди: {people}",
		"event.specialist_took":   "специалист «{skill}» подтвердил: {person}",
		"event.specialist_missed": "специалист «{skill}» не найден, вызовов: {tries}",
		"event.nobody_reached":    "НИКТО НЕ ОТОЗВАЛСЯ за {took}, вызовов: {pages}; вызовы продолжаются",
		"certificate.expired":     "сертификат истёк",
		"refusal.number_unknown":  "номер скрыт", "refusal.premium": "номер платный",
		"refusal.not_allowed": "номера нет ни в карточках, ни среди разрешённых; перезвоните сами",
		"recall.delivered":    "клиент ответил, ищем инженера", "recall.no_answer": "не ответил", "recall.busy": "занят",
		"recall.declined": "отклонил", "recall.unreachable": "недоступен", "recall.failed": "сбой", "recall.no_ack": "не ответил",
		"recall.acknowledged": "клиент ответил", "recall.escalate": "сбой",

		"note.answered_by_vahta": "трубку сняла Вахта: приветствие, музыка", "note.queued": "все инженеры заняты, клиент ждёт в очереди",
		"note.caller_left": "клиент положил трубку, инженер ещё слушает", "note.calling_back": "перезваниваем клиенту: {value}",
		"note.client_answered": "клиент ответил на обратный звонок", "note.client_silent": "клиент не ответил на обратный звонок",
		"note.goes_on":        "узел замер ненадолго, но разговор не прервался: перезванивать не нужно",
		"note.client_unheard": "клиента не слышно: просим его сторону начать звук заново", "note.person_unheard": "не слышно инженера ({value}): просим его телефон начать звук заново",

		"person.nobody": "никто", "person.vahta": "Вахта", "person.caller": "звонивший", "person.static": "аварийный номер",
		"device.softphone": "софтфон", "device.mobile": "мобильный",

		"outcome.accepted": "принял", "outcome.acknowledged": "подтвердил", "outcome.escalated": "передал дальше",
		"outcome.escalate": "передал дальше", "outcome.declined": "отказался", "outcome.no_key": "ответил, но ничего не нажал",
		"outcome.no_ack": "ответил, но ничего не нажал", "outcome.busy": "занят", "outcome.no_answer": "не ответил",
		"outcome.silent": "телефон молчит", "outcome.unreachable": "недоступен", "outcome.limited": "не вызван: вызывали слишком часто", "outcome.bundled": "не вызван: уже вызван к этому клиенту", "outcome.failed": "сбой",
		"outcome.cancelled": "отменён", "outcome.delivered": "доставлено",
		"outcome.withdrawn": "отозван",

		"result.served": "клиент поговорил с инженером", "result.abandoned": "клиент не дождался",
		"result.exhausted": "никто не ответил", "result.failed": "сбой", "result.broken": "прерван остановкой Вахты",
		"result.refused": "не принят", "result.paged": "вызов окончен",
		"reason.abandoned": "клиент не дождался ответа", "reason.exhausted": "никто из дежурных не ответил",
		"reason.failed": "звонок сорвался", "reason.broken": "звонок прерван остановкой Вахты", "reason.refused": "звонок не принят",
		"reason.forgotten": "заявку взяли и забыли", "reason.unattended": "заявку никто не взял", "reason.nobody_to_page": "вызывать некого",
		"how.accept_key": "клавиша на звонке", "how.voice_page": "клавиша на голосовом вызове", "how.cli": "команда",

		"priority.critical": "критический", "priority.high": "высокий", "priority.normal": "обычный", "priority.low": "низкий",
		"stage.new": "новая", "stage.triage": "первичный разбор", "stage.diagnosis": "диагностика", "stage.plan_sent": "план сообщён",
		"stage.hot": "горячая фаза", "stage.stabilised": "стабилизировано", "stage.root_cause": "поиск первопричины",
		"stage.report": "отчёт", "stage.closed": "закрыта", "stage.cancelled": "отменена", "stage.merged": "объединена",
		"category.service_down": "отказ сервиса", "category.security": "угроза безопасности",
		"category.data_loss": "потеря данных", "category.network_down": "отказ сети",
	}
	maps.Copy(list, deskTextsRU())
	return list
}

func textsEN() map[string]string {
	list := map[string]string{
		"decimal": ".", "unit.h": "h", "unit.min": "min", "unit.s": "s",
		"head.client": "Client: {client}", "head.caller": "; caller: {caller}", "head.asker": "; from: {from}",
		"head.opened":    "Opened {at}, line {line}",
		"clock.running":  "First contact: waiting {elapsed} of {limit}",
		"clock.met":      "First contact: {elapsed}, in time (promised under {limit})",
		"clock.breached": "First contact: {elapsed}, too late (promised under {limit})",
		"client.unknown": "unknown", "client.maybe": "perhaps {client}", "contact.unproven": "{who}, sender not verified", "caller.hidden": "number withheld",

		"log.partial": "(the beginning of the log can not be read now: the database is away; what happened since is below)",

		"event.opened":       "ticket opened: call from {caller} to line {line}",
		"event.joined":       "further call from {caller} to line {line}: joined the ticket",
		"event.attempt":      "ringing {person}{device}: {outcome}, {took}",
		"event.page":         "voice page to {person}{device}: {outcome}, {took}",
		"event.accepted":     "call accepted by engineer: {person}{device}",
		"event.call_ended":   "call ended: {result}",
		"event.talk":         ", talked {talk}",
		"event.recording":    ", recording {path}",
		"event.page_raised":  "alarm raised: {reason}",
		"event.late":         ", {late} late",
		"event.acknowledged": "ticket taken by {person} ({how})",
		"event.noted":        "note by {person}: {text}",
		"event.moved":        "stage {stage}, by {person}",
		"event.categorised":  "category: {category}",
		"event.prioritised":  "priority: {priority}",
		"event.merged":       "merged into {target}",

		"event.repeats.one": ", and {n} more time", "event.repeats.few": ", and {n} more times", "event.repeats.many": ", and {n} more times",
		"event.recall_asked":      "the client was cut off, calling him back: {caller}",
		"event.recall_refused":    "the client was cut off, not called back automatically: {reason}",
		"event.recall_tried":      "calling the client back, try {try}: {outcome}, {took}",
		"event.recall_given_up":   "the client did not answer the call-backs (tries: {tries}); call him yourself",
		"event.recall_not_needed": "no further call-back is needed",
		"event.specialist_asked":  "a specialist for {skill} is needed ({person} asks); paged one after another: {people}",
		"event.specialist_took":   "a specialist for {skill} has acknowledged: {person}",
		"event.specialist_missed": "no specialist for {skill} was found, pages: {tries}",
		"event.nobody_reached":    "NOBODY REACHED within {took}, pages: {pages}; paging goes on",
		"certificate.expired":     "certificate expired",
		"refusal.number_unknown":  "the number is withheld", "refusal.premium": "a premium number",
		"refusal.not_allowed": "the number is neither on a card nor allowed; call him yourself",
		"recall.delivered":    "the client answered, hunting for an engineer", "recall.no_answer": "no answer", "recall.busy": "busy",
		"recall.declined": "declined", "recall.unreachable": "unreachable", "recall.failed": "failed", "recall.no_ack": "no answer",
		"recall.acknowledged": "the client answered", "recall.escalate": "failed",

		"note.answered_by_vahta": "answered by Vahta: greeting, music", "note.queued": "all engineers are busy, the client is in the queue",
		"note.caller_left": "the client hung up, the engineer is still listening", "note.calling_back": "calling the client back: {value}",
		"note.client_answered": "the client answered the call-back", "note.client_silent": "the client did not answer the call-back",
		"note.goes_on":        "the node was frozen for a moment, but the conversation goes on: no call-back is needed",
		"note.client_unheard": "nothing is heard of the client: his side is asked to send anew", "note.person_unheard": "nothing is heard of the engineer ({value}): the phone is asked to send anew",

		"person.nobody": "nobody", "person.vahta": "Vahta", "person.caller": "the caller", "person.static": "emergency number",
		"device.softphone": "softphone", "device.mobile": "mobile",

		"outcome.accepted": "accepted", "outcome.acknowledged": "acknowledged", "outcome.escalated": "passed on",
		"outcome.escalate": "passed on", "outcome.declined": "declined", "outcome.no_key": "answered but pressed nothing",
		"outcome.no_ack": "answered but pressed nothing", "outcome.busy": "busy", "outcome.no_answer": "no answer",
		"outcome.silent": "phone is silent", "outcome.unreachable": "unreachable", "outcome.limited": "not called: called too often", "outcome.bundled": "not called: called about this client already", "outcome.failed": "failed",
		"outcome.cancelled": "cancelled", "outcome.delivered": "delivered",
		"outcome.withdrawn": "withdrawn",

		"result.served": "the client talked to an engineer", "result.abandoned": "the client hung up waiting",
		"result.exhausted": "nobody answered", "result.failed": "failure", "result.broken": "cut by a stop of Vahta",
		"result.refused": "not admitted", "result.paged": "page ended",
		"reason.abandoned": "the client hung up waiting", "reason.exhausted": "nobody on duty answered",
		"reason.failed": "the call failed", "reason.broken": "the call was cut by a stop of Vahta", "reason.refused": "the call was not admitted",
		"reason.forgotten": "the ticket was taken and forgotten", "reason.unattended": "nobody has taken the ticket", "reason.nobody_to_page": "there is nobody to page",
		"how.accept_key": "key on the call", "how.voice_page": "key on the voice page", "how.cli": "command",

		"priority.critical": "critical", "priority.high": "high", "priority.normal": "normal", "priority.low": "low",
		"stage.new": "new", "stage.triage": "triage", "stage.diagnosis": "diagnosis", "stage.plan_sent": "plan communicated",
		"stage.hot": "hot phase", "stage.stabilised": "stabilised", "stage.root_cause": "root cause",
		"stage.report": "report", "stage.closed": "closed", "stage.cancelled": "cancelled", "stage.merged": "merged",
		"category.service_down": "service down", "category.security": "security",
		"category.data_loss": "data loss", "category.network_down": "network down",
	}
	maps.Copy(list, deskTextsEN())
	return list
}
