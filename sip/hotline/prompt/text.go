package prompt

import "slices"

// Language is the language of a line.
type Language string

// The languages that are complete.
const (
	Russian Language = "ru"
	English Language = "en"
)

// Languages returns the languages that every key is written in.
func Languages() []Language { return []Language{Russian, English} }

// ParseLanguage returns the language named s, Russian when it is empty or unknown.
func ParseLanguage(s string) Language {
	if Language(s) == English {
		return English
	}
	return Russian
}

// Key names a sentence.
type Key string

// What the caller hears.
const (
	Greeting      Key = "greeting"
	TicketOpened  Key = "ticket_opened"
	TicketJoined  Key = "ticket_joined"
	CallingFirst  Key = "calling_first"
	CallingNext   Key = "calling_next"
	EngineerAsked Key = "engineer_asked"
	AllBusy       Key = "all_busy"
	FirstInQueue  Key = "first_in_queue"
	Position      Key = "position"
	ExpectedWait  Key = "expected_wait"
	ThanksWaiting Key = "thanks_waiting"
	Closing       Key = "closing"
	ClosingTicket Key = "closing_ticket"
	Goodbye       Key = "goodbye"

	RecallGreeting Key = "recall_greeting" // a client who is called back because his call was cut
)

// What an engineer hears who is asked to take a call.
const (
	WhisperIntro     Key = "whisper_intro"
	WhisperClient    Key = "whisper_client"
	WhisperNumber    Key = "whisper_number"
	WhisperHidden    Key = "whisper_hidden"
	ShortTicket      Key = "short_ticket"
	WhisperJoined    Key = "whisper_joined"
	WhisperWait      Key = "whisper_wait"
	WhisperRecall    Key = "whisper_recall"
	AcceptMenu       Key = "accept_menu"
	AcceptAgain      Key = "accept_again"
	TakenByColleague Key = "taken_by_colleague"
	CallerLeft       Key = "caller_left"
	LeftMenu         Key = "left_menu"
	LeftMenuNoCall   Key = "left_menu_no_call"
	CallingBack      Key = "calling_back"
	CallBackFailed   Key = "call_back_failed"
	TicketYours      Key = "ticket_yours"
	CallBackIntro    Key = "call_back_intro"
)

// What an engineer hears who is paged.
const (
	PageIntro        Key = "page_intro"
	PageAbandoned    Key = "page_abandoned"
	PageExhausted    Key = "page_exhausted"
	PageBroken       Key = "page_broken"
	PageOpen         Key = "page_open"
	PageSkill        Key = "page_skill"
	PageSpecialist   Key = "page_specialist"
	PageHeld         Key = "page_held"
	PageRemind       Key = "page_remind" // what alarms begin with: they are about our own promises
	PageUnsent       Key = "page_unsent"
	PagePlan         Key = "page_plan"
	PagePlanLate     Key = "page_plan_late"
	PageRepair       Key = "page_repair"
	PageRepairLate   Key = "page_repair_late"
	PageWord         Key = "page_word"
	PageWordLate     Key = "page_word_late"
	PageCause        Key = "page_cause"
	PageCauseLate    Key = "page_cause_late"
	PageReport       Key = "page_report"
	PageReportLate   Key = "page_report_late"
	PageOther        Key = "page_other"
	PageNotedMenu    Key = "page_noted_menu"
	PageClient       Key = "page_client"
	PageNumber       Key = "page_number"
	PageMenu         Key = "page_menu"
	PageAcknowledged Key = "page_acknowledged"
	PageNoted        Key = "page_noted"
	PageEscalated    Key = "page_escalated"
	PageMoot         Key = "page_moot"
	PageFailed       Key = "page_failed"
)

// What people hear who are called about a shift.
const (
	ShiftIntro         Key = "shift_intro"
	ShiftToday         Key = "shift_today"
	ShiftTomorrow      Key = "shift_tomorrow"
	ShiftMenu          Key = "shift_menu"
	ShiftConfirmed     Key = "shift_confirmed"
	ShiftDeclined      Key = "shift_declined"
	ShiftFailed        Key = "shift_failed"
	ShiftMoot          Key = "shift_moot"
	ShiftUnconfirmed   Key = "shift_unconfirmed"
	ShiftNobody        Key = "shift_nobody"
	ShiftRefused       Key = "shift_refused"
	ShiftRefusedNobody Key = "shift_refused_nobody"
	ShiftStart         Key = "shift_start"
	ShiftStartTomorrow Key = "shift_start_tomorrow"
	ShiftAlarmMenu     Key = "shift_alarm_menu"
	ShiftTest          Key = "shift_test"
	ShiftTested        Key = "shift_tested"
)

// entry is one row of the table: the sentence in both languages, and what is
// said instead when a name in it cannot be spoken ("" = nothing).
//
// Values in braces: {ticket} a ticket number character by character, {serial}
// its running number only, {n} a number, {minutes} {wait} a time with its
// unit, {clock} a time of day, {digits} digits one by one, {name} free text.
type entry struct {
	key      Key
	ru, en   string
	fallback Key
}

func (e entry) text(l Language) string {
	if l == English {
		return e.en
	}
	return e.ru
}

// table returns all sentences in the order of a call.
func table() []entry {
	return slices.Concat(callerTable(), engineerTable(), pageTable(), shiftTable())
}

func callerTable() []entry {
	return []entry{
		{key: Greeting, ru: "Здравствуйте. Это круглосуточная аварийная линия.", en: "Hello. This is the twenty four hour emergency line."},
		{key: TicketOpened, ru: "Ваша заявка зарегистрирована. Номер заявки: {ticket}.", en: "Your ticket is registered. The ticket number is {ticket}."},
		{key: TicketJoined, ru: "Ваша заявка уже открыта, этот звонок добавлен к ней. Номер заявки: {ticket}.", en: "Your ticket is already open, and this call has been added to it. The ticket number is {ticket}."},
		{key: CallingFirst, ru: "Вызываем дежурного инженера. Оставайтесь на линии.", en: "We are calling the engineer on duty. Please stay on the line."},
		{key: CallingNext, ru: "Вызываем следующего инженера. Оставайтесь на линии.", en: "We are calling the next engineer. Please stay on the line."},
		{key: EngineerAsked, ru: "Инженер ответил и слушает данные вашей заявки.", en: "An engineer has answered and is listening to the details of your ticket."},
		{key: AllBusy, ru: "Сейчас все инженеры разговаривают с другими клиентами. Оставайтесь на линии, ваш вызов будет принят в порядке очереди.", en: "All engineers are talking to other clients. Please stay on the line, calls are taken in turn."},
		{key: FirstInQueue, ru: "Ваш вызов первый в очереди. Ответит первый свободный инженер.", en: "Your call is first in line. The next free engineer will answer."},
		{key: Position, ru: "Ваша позиция в очереди: {n}.", en: "Your position in the queue is {n}."},
		{key: ExpectedWait, ru: "Примерное время ожидания: {minutes}.", en: "The expected waiting time is about {minutes}."},
		{key: ThanksWaiting, ru: "Благодарим за терпение.", en: "Thank you for your patience."},
		{key: Closing, ru: "К сожалению, инженеры пока не ответили. Заявка открыта, мы продолжаем их вызывать.", en: "We are sorry, no engineer has answered yet. Your ticket is open, and we keep calling them."},
		{key: ClosingTicket, ru: "Номер заявки: {ticket}.", en: "The ticket number is {ticket}."},
		{key: Goodbye, ru: "До свидания.", en: "Goodbye."},
		{key: RecallGreeting, ru: "Это аварийная линия. Ваш звонок прервался. Оставайтесь на линии, соединяем с инженером.", en: "This is the emergency line. Your call was cut. Please hold, we are connecting you to an engineer."},
	}
}

func engineerTable() []entry {
	return []entry{
		{key: WhisperIntro, ru: "Авария.", en: "Emergency."},
		{key: WhisperClient, ru: "Звонит {name}.", en: "{name} is calling.", fallback: WhisperNumber},
		{key: WhisperNumber, ru: "Номер {digits}.", en: "Caller {digits}.", fallback: WhisperHidden},
		{key: WhisperHidden, ru: "Номер скрыт.", en: "Number withheld."},
		{key: ShortTicket, ru: "Заявка {serial}.", en: "Ticket {serial}."},
		{key: WhisperJoined, ru: "Повтор, заявка {serial}.", en: "Again, ticket {serial}."},
		{key: WhisperWait, ru: "Ждёт {wait}.", en: "Waiting {wait}."},
		{key: WhisperRecall, ru: "Перезвонили после обрыва.", en: "Cut off, called back."},
		{key: AcceptMenu, ru: "Один, принять. Два, отказаться.", en: "One, accept. Two, decline."},
		{key: AcceptAgain, ru: "Один, принять. Три, повторить.", en: "One, accept. Three, repeat."},
		{key: TakenByColleague, ru: "Этот вызов принял ваш коллега.", en: "This call has been taken by a colleague."},
		{key: CallerLeft, ru: "Клиент положил трубку.", en: "The caller left."},
		{key: LeftMenu, ru: "Один, перезвонить. Два, отказаться.", en: "One, call back. Two, decline."},
		{key: LeftMenuNoCall, ru: "Перезвонить нельзя. Один, взять заявку. Два, отказаться.", en: "No call back. One, take the ticket. Two, decline."},
		{key: CallingBack, ru: "Перезваниваем клиенту.", en: "Calling the client back."},
		{key: CallBackFailed, ru: "Клиент не ответил. Заявка остаётся за вами.", en: "The client did not answer. The ticket stays with you."},
		{key: TicketYours, ru: "Заявка принята и остаётся за вами.", en: "The ticket is accepted and stays with you."},
		{key: CallBackIntro, ru: "Обратный звонок клиенту.", en: "Call back to a client."},
	}
}

func pageTable() []entry {
	return []entry{
		{key: PageIntro, ru: "Авария.", en: "Emergency."},
		{key: PageAbandoned, ru: "Клиент не дождался.", en: "The caller gave up."},
		{key: PageExhausted, ru: "Никто не принял вызов.", en: "Nobody took the call."},
		{key: PageBroken, ru: "Звонок прервался.", en: "The call was cut."},
		{key: PageOpen, ru: "Заявка ждёт.", en: "A ticket is waiting."},
		{key: PageSkill, ru: "Нужен специалист: {name}.", en: "A specialist is needed: {name}.", fallback: PageSpecialist},
		{key: PageSpecialist, ru: "Нужен специалист.", en: "A specialist is needed."},
		{key: PageHeld, ru: "Заявка у вашего коллеги.", en: "A colleague has the ticket."},
		{key: PageRemind, ru: "Напоминание.", en: "A reminder."},
		{key: PageUnsent, ru: "Письмо клиенту не дошло, позвоните.", en: "Mail failed, please call."},
		{key: PagePlan, ru: "Подходит срок плана.", en: "The plan is due soon."},
		{key: PagePlanLate, ru: "Срок плана прошёл.", en: "The plan is overdue."},
		{key: PageRepair, ru: "Подходит срок восстановления.", en: "The repair is due soon."},
		{key: PageRepairLate, ru: "Срок восстановления прошёл.", en: "The repair is overdue."},
		{key: PageWord, ru: "Клиент скоро ждёт новостей.", en: "News for the client is due."},
		{key: PageWordLate, ru: "Клиент не получил новостей.", en: "News for the client is late."},
		{key: PageCause, ru: "Подходит срок разбора причины.", en: "The root cause is due soon."},
		{key: PageCauseLate, ru: "Срок разбора причины прошёл.", en: "The root cause is overdue."},
		{key: PageReport, ru: "Подходит срок отчёта.", en: "The report is due soon."},
		{key: PageReportLate, ru: "Срок отчёта прошёл.", en: "The report is overdue."},
		{key: PageOther, ru: "Посмотрите заявку.", en: "Please look at the ticket."},
		{key: PageNotedMenu, ru: "Один, понятно. Два, передать.", en: "One, understood. Two, pass it on."},
		{key: PageClient, ru: "Клиент {name}.", en: "Client {name}.", fallback: PageNumber},
		{key: PageNumber, ru: "Номер {digits}.", en: "Caller {digits}.", fallback: ShortTicket},
		{key: PageMenu, ru: "Один, взять. Два, передать.", en: "One, take it. Two, pass it on."},
		{key: PageAcknowledged, ru: "Подтверждено. Заявка за вами.", en: "Acknowledged. The ticket is yours."},
		{key: PageNoted, ru: "Подтверждено.", en: "Acknowledged."},
		{key: PageEscalated, ru: "Передано следующему инженеру.", en: "Escalated to the next engineer."},
		{key: PageMoot, ru: "Заявку уже принял ваш коллега.", en: "A colleague has already taken the ticket."},
		{key: PageFailed, ru: "Не удалось записать ответ. Откройте заявку сами.", en: "The answer could not be recorded. Please open the ticket yourself."},
	}
}

func shiftTable() []entry {
	return []entry{
		{key: ShiftIntro, ru: "Это Вахта.", en: "This is the duty line."},
		{key: ShiftToday, ru: "Ваше дежурство начинается сегодня в {clock}.", en: "Your shift begins today at {clock}."},
		{key: ShiftTomorrow, ru: "Ваше дежурство начинается завтра в {clock}.", en: "Your shift begins tomorrow at {clock}."},
		{key: ShiftMenu, ru: "Один, подтвердить. Два, не могу выйти.", en: "One, confirm. Two, I can not come."},
		{key: ShiftConfirmed, ru: "Спасибо, смена подтверждена.", en: "Thank you, the shift is confirmed."},
		{key: ShiftDeclined, ru: "Записано. Мы уже сообщаем составителю графика.", en: "Noted. The scheduler is being told now."},
		{key: ShiftFailed, ru: "Не удалось записать ответ. Сообщите составителю графика сами.", en: "The answer could not be recorded. Please tell the scheduler yourself."},
		{key: ShiftMoot, ru: "График изменился, подтверждать больше не нужно.", en: "The rota has changed, there is nothing to confirm any more."},
		{key: ShiftUnconfirmed, ru: "Смена не подтверждена: {name}.", en: "A shift is not confirmed: {name}.", fallback: ShiftNobody},
		{key: ShiftNobody, ru: "Смена не подтверждена.", en: "A shift is not confirmed."},
		{key: ShiftRefused, ru: "Не выйдет на смену: {name}.", en: "Can not come to a shift: {name}.", fallback: ShiftRefusedNobody},
		{key: ShiftRefusedNobody, ru: "Дежурный не выйдет на смену.", en: "The engineer on duty can not come."},
		{key: ShiftStart, ru: "Начало сегодня в {clock}.", en: "It begins today at {clock}."},
		{key: ShiftStartTomorrow, ru: "Начало завтра в {clock}.", en: "It begins tomorrow at {clock}."},
		{key: ShiftAlarmMenu, ru: "Один, понятно.", en: "One, understood."},
		{key: ShiftTest, ru: "Это проверочный звонок. Нажмите один.", en: "This is a test call. Press one."},
		{key: ShiftTested, ru: "Спасибо, телефон проверен.", en: "Thank you, the phone works."},
	}
}
