package dispatch

// clientTexts are the words for clients in a language; any but "en" is Russian.
func clientTexts(language string) map[string]string {
	if language == "en" {
		return clientTextsEN()
	}
	return clientTextsRU()
}

func clientTextsRU() map[string]string {
	return map[string]string{
		"subject.receipt": "Обращение получено", "subject.reply": "Ответ инженера", "subject.plan": "План действий",
		"subject.update": "Как идёт работа", "subject.status": "Состояние заявки", "subject.report": "Отчёт по инциденту",
		"subject.question": "Вопрос инженера",

		"receipt":         "Мы получили ваше обращение. Его номер {number}. Дежурный инженер свяжется с вами в течение {limit}.",
		"receipt.request": "Мы получили ваше обращение. Его номер {number}. Инженер ответит вам.",
		"receipt.link":    "Следить за ходом работы: {link}",

		"plan":          "Предполагаемая причина: {hypothesis}. План действий: {actions}. Ожидаемое время стабилизации: {eta}.",
		"plan.in":       "Проблема предположительно {hypothesis}. План действий: {actions}. Ожидаемое время стабилизации: {eta}.",
		"plan.fallback": ", в случае неудачи — {fallback}",
		"plan.engineer": "Работу ведёт {engineer}.",
		"plan.revised":  "План изменён: {reason}.",
		"eta.on":        "{clock} {date}", "eta.in": "{span} (к {clock})",

		"merge.raised": "присоединена заявка {number}", "merge.eased": "заявка {number} снова отдельная",

		"update.next": "Следующее сообщение: до {clock}.",

		"status.diagnosis":  "Инженер подключился и выясняет причину.",
		"status.hot":        "Приступили к восстановлению.",
		"status.stabilised": "Работа восстановлена. {statement}",
		"status.root_cause": "Ищем первопричину, чтобы это не повторилось.",
		"status.report":     "Первопричина разобрана, готовим отчёт с рекомендациями.",
		"status.closed":     "Заявка закрыта. {reason}",
		"status.cancelled":  "Заявка отменена: {reason}",
		"status.reopened":   "Работа по заявке возобновлена.",

		"unit.h": "ч", "unit.min": "мин",
	}
}

func clientTextsEN() map[string]string {
	return map[string]string{
		"subject.receipt": "We have your message", "subject.reply": "An engineer's answer", "subject.plan": "Plan of action",
		"subject.update": "How it goes", "subject.status": "State of the ticket", "subject.report": "Incident report",
		"subject.question": "A question from the engineer",

		"receipt":         "We have received your message. Its number is {number}. The engineer on duty will contact you within {limit}.",
		"receipt.request": "We have received your message. Its number is {number}. An engineer will answer you.",
		"receipt.link":    "Follow the work: {link}",

		"plan":          "Presumed cause: {hypothesis}. Plan of action: {actions}. Expected time of stabilisation: {eta}.",
		"plan.in":       "The problem is presumably {hypothesis}. Plan of action: {actions}. Expected time of stabilisation: {eta}.",
		"plan.fallback": "; should that fail: {fallback}",
		"plan.engineer": "The engineer in charge is {engineer}.",
		"plan.revised":  "The plan has changed: {reason}.",
		"eta.on":        "{clock} on {date}", "eta.in": "{span} (by {clock})",

		"merge.raised": "ticket {number} was merged into it", "merge.eased": "ticket {number} is one of its own again",

		"update.next": "Next word: by {clock}.",

		"status.diagnosis":  "An engineer is connected and looks for the cause.",
		"status.hot":        "The repair has begun.",
		"status.stabilised": "It works again. {statement}",
		"status.root_cause": "We look for the root cause, so that it does not come back.",
		"status.report":     "The root cause is known; the report with recommendations is being written.",
		"status.closed":     "The ticket is closed. {reason}",
		"status.cancelled":  "The ticket is cancelled: {reason}",
		"status.reopened":   "Work on the ticket has been taken up again.",

		"unit.h": "h", "unit.min": "min",
	}
}
