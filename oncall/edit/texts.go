package edit

// text is a refusal in words: what is wrong and what to do, by language. {0}, {1}, … are its arguments.
type text struct {
	code Code
	en   says
	ru   says
}

type says struct{ problem, do string }

// texts are all refusals by key.
var texts = map[string]text{ //nolint:gochecknoglobals // a constant table
	"author": {
		NotAllowed,
		says{"nobody is named as the author", "say who edits"},
		says{"не указано, кто вносит правку", "назовите автора"},
	},
	"rights": {
		NotAllowed,
		says{"{0} may not change the rota", "ask a scheduler, the shift lead or the head of the service"},
		says{"{0} не может менять график", "обратитесь к составителю графика, старшему смены или руководителю службы"},
	},
	"rights_self": {
		NotAllowed,
		says{"{0} may act for nobody else, and this is for {1}", "let {1} do it, or ask a scheduler"},
		says{"{0} может действовать только за себя, а это – за {1}", "пусть это сделает {1}, или обратитесь к составителю графика"},
	},
	"one_thing": {
		Invalid,
		says{"an edit says one thing, and this says {0}", "set exactly one field besides reason; several edits go into import"},
		says{"правка содержит одно действие, а здесь их {0}", "оставьте одно поле кроме reason; несколько правок кладут в import"},
	},
	"import_nested": {
		Invalid,
		says{"an import lies in an import", "put its edits into the outer one"},
		says{"импорт внутри импорта", "перенесите его правки во внешний импорт"},
	},
	"import_many": {
		Invalid,
		says{"{0} edits are too many for one import", "divide them: at most {1} at once"},
		says{"{0} правок – слишком много для одного импорта", "разделите их: не более {1} за раз"},
	},
	"id": {
		Invalid,
		says{"{0} is not an ID", "use up to 63 letters, digits, dots, dashes or underscores, a letter or digit first"},
		says{"{0} не годится как имя записи", "до 63 букв, цифр, точек, дефисов и подчёркиваний; первой буква или цифра"},
	},
	"faulty": {
		Invalid,
		says{"{0}", "{1}"},
		says{"{0}", "{1}"},
	},
	"not_found": {
		NotFound,
		says{"{0} is not in the rota", "look the name up in the list, it may have been removed"},
		says{"{0}: такой записи в графике нет", "сверьтесь со списком, возможно, запись удалена"},
	},
	"unknown_person": {
		NotFound,
		says{"{0} is nobody in the rota", "name somebody of the list of people"},
		says{"человека {0} нет в графике", "укажите кого-нибудь из списка людей"},
	},
	"disabled_person": {
		Clash,
		says{"{0} is disabled and can not be on duty", "enable the person, or name somebody else"},
		says{"{0} отключён и дежурить не может", "включите человека или назовите другого"},
	},
	"no_device": {
		Clash,
		says{"{0} has no device and can not be called", "add a phone to the person, or name somebody else"},
		says{"у {0} нет ни одного телефона, позвонить некуда", "добавьте телефон или назовите другого"},
	},
	"unknown_schedule": {
		NotFound,
		says{"there is no schedule {0}", "name one of the list of schedules"},
		says{"графика {0} нет", "укажите график из списка"},
	},
	"unknown_track": {
		NotFound,
		says{"schedule {0} has no track {1}", "name one of its tracks: {2}"},
		says{"в графике {0} нет линии {1}", "укажите одну из его линий: {2}"},
	},
	"no_span": {
		Invalid,
		says{"the end is missing", "write when it ends, such as 2026-12-31 09:00"},
		says{"не указано, когда это кончается", "напишите окончание, например 2026-12-31 09:00"},
	},
	"empty_span": {
		Invalid,
		says{"it ends at {1}, not after its start at {0}", "put the end after the start"},
		says{"окончание {1} не позже начала {0}", "поставьте окончание после начала"},
	},
	"long_span": {
		Invalid,
		says{"it lasts longer than {0} days", "divide it"},
		says{"это длится больше {0} дней", "разделите на части"},
	},
	"past": {
		Past,
		says{"it would begin at {0}, and it is already {1}: what has happened stays", "begin now (leave the start out) or later"},
		says{"начало {0} уже в прошлом, сейчас {1}: прошлое не меняется", "начните с этой минуты (не указывайте начало) или позже"},
	},
	"past_end": {
		Past,
		says{"it would end at {0}, and it is already {1}: what has happened stays", "end it now or later"},
		says{"окончание {0} уже в прошлом, сейчас {1}: прошлое не меняется", "завершите сейчас или позже"},
	},
	"over": {
		Past,
		says{"{0} is over: what has happened stays", "write a new one for what is to come"},
		says{"{0} уже в прошлом: прошлое не меняется", "внесите новую запись на будущее"},
	},
	"begun": {
		Past,
		says{"{0} has begun: only its end and its reason can be changed", "end it now and write a new one"},
		says{"{0} уже действует: изменить можно только окончание и причину", "завершите её сейчас и внесите новую"},
	},
	"no_changes": {
		Invalid,
		says{"the override changes nothing", "name who comes on duty (add), who goes (remove), or both"},
		says{"в подмене не указано никаких изменений", "назовите, кто заступает (add), кто сменяется (remove) или обоих"},
	},
	"same_person": {
		Invalid,
		says{"{0} can not take the place of {0}", "name two people"},
		says{"{0} не может заменить сам себя", "назовите двух разных людей"},
	},
	"takeover_kind": {
		Invalid,
		says{"a takeover is not written as an override", "take the line, or leave the kind out"},
		says{"перехват линии не записывают как подмену", "возьмите линию командой или не указывайте kind"},
	},
	"person_in_use": {
		InUse,
		says{"{0} is or was in the rota ({1}), and the past needs the name", "disable the person instead"},
		says{"{0} есть или был в графике ({1}), имя нужно для прошлого", "вместо удаления отключите человека"},
	},
	"configuration_needs": {
		InUse,
		says{"the configuration needs it ({0})", "let the configuration name something else first and reload it, then edit again"},
		says{"это нужно конфигурации ({0})", "сначала укажите в конфигурации другое и перезагрузите её, затем повторите правку"},
	},
	"schedule_begun": {
		Past,
		says{"the version of {0} has begun or there is none", "edit the schedule, or remove one that has not begun"},
		says{"версия {0} уже действует или её нет", "измените график или удалите версию, которая ещё не началась"},
	},
	"closed": {
		Past,
		says{"schedule {0} is closed already", "there is nothing to do"},
		says{"график {0} уже закрыт", "делать ничего не нужно"},
	},
	"absence_twice": {
		Clash,
		says{"this time off of {0} is written down already (absence {1})", "there is nothing to do; to change it, edit {1}"},
		says{"это отсутствие уже записано ({0}, отсутствие {1})", "делать ничего не нужно; чтобы изменить, правьте {1}"},
	},
	"control": {
		Invalid,
		says{"{0} holds a control character", "write it with letters, digits and signs alone"},
		says{"в тексте {0} есть управляющий символ", "оставьте только буквы, цифры и знаки"},
	},
	"remove_request": {
		Invalid,
		says{"a request is not removed", "answer it with withdraw"},
		says{"запрос не удаляют", "отзовите его: ответ withdraw"},
	},
	"remove_kind": {
		Invalid,
		says{"{0} is no kind of record", "use person, schedule, absence, temporary, override or calendar"},
		says{"вида записей {0} нет", "используйте person, schedule, absence, temporary, override или calendar"},
	},
	"ask_idle": {
		Clash,
		says{"{0} is not on duty on {1} between {2} and {3}", "ask for a part of a shift that {0} has"},
		says{"{0} не дежурит на линии {1} с {2} до {3}", "попросите замену на часть смены, которая есть у {0}"},
	},
	"ask_twice": {
		Clash,
		says{"{0} has already asked for this time ({1})", "withdraw that request first"},
		says{"{0} уже просит замену на это время ({1})", "сначала отзовите тот запрос"},
	},
	"ask_self": {
		Invalid,
		says{"{0} asks themself", "take {0} off the list of those asked"},
		says{"{0} просит самого себя", "уберите {0} из списка тех, кого просят"},
	},
	"swap_overlap": {
		Invalid,
		says{"what is offered in return overlaps what is asked for", "offer another time"},
		says{"предложенное взамен время пересекается с тем, на которое просят замену", "предложите другое время"},
	},
	"ask_change": {
		Settled,
		says{"there is a request {0} already", "withdraw it and ask anew"},
		says{"запрос {0} уже есть", "отзовите его и попросите заново"},
	},
	"verdict": {
		Invalid,
		says{"{0} is no answer", "use accept, decline or withdraw"},
		says{"ответа {0} нет", "используйте accept, decline или withdraw"},
	},
	"expired": {
		Expired,
		says{"the time of request {0} came at {1} before anybody accepted: {2} stays on duty", "write an override, or take the line"},
		says{"время запроса {0} наступило в {1}, никто не согласился: дежурит {2}", "внесите подмену или возьмите линию"},
	},
	"settled": {
		Settled,
		says{"request {0} is settled: {1}, by {2}", "there is nothing to answer"},
		says{"запрос {0} уже решён: {1}, {2}", "отвечать не на что"},
	},
	"answer_self": {
		Invalid,
		says{"{0} asked and can not answer", "withdraw the request, or let somebody else accept"},
		says{"{0} сам просил и ответить не может", "отзовите запрос или пусть согласится кто-то другой"},
	},
	"answer_unasked": {
		NotAllowed,
		says{"{0} was not asked", "those asked are {1}; a scheduler can write an override for others"},
		says{"{0} не просили", "просили: {1}; для других составитель графика может внести подмену"},
	},
	"accept_idle": {
		Clash,
		says{"{0} is no longer on duty between {1} and {2}", "withdraw the request"},
		says{"{0} с {1} до {2} больше не дежурит", "отзовите запрос"},
	},
	"swap_idle": {
		Clash,
		says{"{0} has no duty between {1} and {2} to give in return", "decline, or ask for a plain cover"},
		says{"у {0} нет дежурства с {1} до {2}, отдать взамен нечего", "откажитесь или попросите простую замену"},
	},
	"swap_half": {
		Clash,
		says{"{0} has no duty between {1} and {2} to give in the swap", "name another time, or write an override of one half"},
		says{"у {0} нет дежурства с {1} до {2}, менять нечего", "назовите другое время или внесите замену в одну сторону"},
	},
	"take_long": {
		Invalid,
		says{"a takeover lasts from {0} to {1}, not {2}", "take the line for less, or write an override"},
		says{"линию берут на срок от {0} до {1}, не {2}", "возьмите на меньший срок или внесите подмену"},
	},
}

// textOf returns what a refusal says in a language; English for languages that are not known.
func textOf(key, language string) says {
	if language == "ru" {
		return texts[key].ru
	}
	return texts[key].en
}
